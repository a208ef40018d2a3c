"""Options of the clustering, for the sub-commands that leave all of them to the user."""

from __future__ import annotations

import argparse
from typing import Any

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import named, setting
from clustimage.cli._options import add_clusters, given

__all__ = ["add_clustering", "clustering_request"]

PARAMETERS = (
    *("cluster", "evaluate", "metric", "min_clust", "max_clust", "n_clusters", "min_size"),
    *("sim", "distance_threshold", "time_weight", "micro_clusters", "cluster_space", "level"),
)


def add_clustering(parser: argparse.ArgumentParser) -> None:
    """Add how the clusters are found."""
    parser.add_argument(
        "--cluster",
        default="agglomerative",
        help="agglomerative (default), kmeans, dbscan, hdbscan, leiden, evoc",
    )
    parser.add_argument(
        "--evaluate",
        default="silhouette",
        help="how the best k is chosen: silhouette (default), dbindex, derivative, elbow, "
        "calinski, consensus",
    )
    parser.add_argument(
        "--metric",
        default="euclidean",
        help="distance between features: euclidean (default), cosine …",
    )
    parser.add_argument("--linkage", default=None, help="of agglomerative: ward, average …")
    add_clusters(parser)
    parser.add_argument(
        "--micro-clusters",
        type=int,
        metavar="N",
        help="of agglomerative: build the tree over N small groups (a few thousand beyond 20,000 "
        "images); 0 is the tree of all images",
    )
    parser.add_argument("--min-size", type=int, default=1, help="smaller clusters become -1")
    parser.add_argument(
        "--sim",
        type=float,
        help="cut by similarity, 0 to 1, instead of choosing k; what suits depends on the photos: "
        "of 600 mixed ones 0.2 to 0.35 with --method cnn",
    )
    parser.add_argument(
        "--distance-threshold",
        type=float,
        metavar="D",
        help="cut the tree at this distance instead of choosing k",
    )
    parser.add_argument(
        "--time-weight",
        type=float,
        help="share of time in the distance, 0 to 1",
    )
    parser.add_argument(
        "--timestamps",
        help="times of the photos: auto (default), exif, stat",
    )
    parser.add_argument(
        "--space",
        dest="cluster_space",
        metavar="SPACE",
        help="cluster the features (high), the map (low) or the graph of neighbours (graph); by "
        "default the features, of a network their graph where that is better",
    )
    parser.add_argument(
        "--level",
        type=level_or_name,
        help="coarse, fine or a number: another number of clusters that is locally best",
    )


def level_or_name(text: str) -> int | str:
    """Return the number of a level as int."""
    return int(text) if text.isdigit() else text


def clustering_request(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what `cluster` is asked for, but for the timestamps.

    Raises
    ------
    InvalidParameterError
        If timestamps are given and do not count.
    """
    if "timestamps" in arguments and not getattr(arguments, "time_weight", 0):
        raise InvalidParameterError(f"{named('timestamps')} needs {setting('time_weight', ...)}.")
    linkage = arguments.linkage or (None if arguments.metric == "euclidean" else "average")
    return {"linkage": linkage, **given(arguments, *PARAMETERS)}

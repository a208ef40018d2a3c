"""``clustimage cluster FOLDER --out DIR``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from clustimage.cli._output import (
    add_output,
    check_folder,
    draw_all,
    outputs_of_cluster,
    use_files_only,
)

if TYPE_CHECKING:
    from clustimage import Clustimage

HELP = "Group the images of a folder; write labels.csv, figures and the model."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    parser.add_argument(
        "folders", metavar="FOLDER", nargs="+", help="folders of images, with those below; or files"
    )
    add_output(parser, required=True)
    parser.add_argument(
        "--method", default="pca", help="features: pca (default), hog, phash, none (the pixels) …"
    )
    parser.add_argument("--embedding", default="tsne", help="map: tsne (default), umap, pca, none")
    parser.add_argument("--cluster", default="agglomerative", help="clusterer")
    parser.add_argument("--evaluate", default="silhouette", help="how the best k is chosen")
    parser.add_argument("--metric", default="euclidean", help="distance between features")
    parser.add_argument("--linkage", default=None, help="of agglomerative: ward, average …")
    parser.add_argument("--k", type=int, default=None, help="exactly this number of clusters")
    parser.add_argument("--min-clust", type=int, default=3, help="least k searched (3)")
    parser.add_argument("--max-clust", type=int, default=25, help="k searched stays below (25)")
    parser.add_argument("--min-size", type=int, default=1, help="smaller clusters become -1")
    parser.add_argument("--space", default="high", help="cluster the features (high) or map (low)")
    parser.add_argument("--dim", type=int, nargs=2, default=(128, 128), metavar=("H", "W"))
    parser.add_argument("--grayscale", action="store_true", help="work on one channel")
    parser.add_argument("--seed", type=int, default=0, help="seed of all random numbers (0)")
    parser.add_argument("--jobs", type=int, default=-1, help="workers; -1 is every core")


def run(arguments: argparse.Namespace) -> None:
    """Cluster the folder and write what was found."""
    use_files_only()
    from clustimage import Clustimage

    model = Clustimage(
        method=_name_or_none(arguments.method),
        embedding=_name_or_none(arguments.embedding),
        grayscale=arguments.grayscale,
        dim=tuple(arguments.dim),
        random_state=arguments.seed,
        n_jobs=arguments.jobs,
        verbose=arguments.verbose,
    )
    folder = check_folder(arguments.out, outputs_of_cluster(), overwrite=arguments.overwrite)
    ward = arguments.metric == "euclidean"
    model.fit_transform(
        arguments.folders if len(arguments.folders) > 1 else arguments.folders[0],
        cluster=arguments.cluster,
        evaluate=arguments.evaluate,
        metric=arguments.metric,
        linkage=arguments.linkage or ("ward" if ward else "average"),
        min_clust=arguments.min_clust,
        max_clust=arguments.max_clust,
        n_clusters=arguments.k,
        min_size=arguments.min_size,
        cluster_space=arguments.space,
    )
    write_all(model, folder, overwrite=arguments.overwrite)


def _name_or_none(word: str) -> str | None:
    return None if word.lower() == "none" else word


def write_all(model: Clustimage, folder: Path, *, overwrite: bool) -> None:
    """Write the table, the figures and the model, and say so."""
    from clustimage.export import write_csv

    folder.mkdir(parents=True, exist_ok=True)
    write_csv(model.to_frame(), folder / "labels.csv")
    figures = draw_all(model, folder)
    model.save(folder / "model.clustimage", overwrite=overwrite)
    labels = model.results["labels"]
    n_clusters = len(model.results_unique["labels"])
    print(f"{len(labels)} images in {n_clusters} clusters.")
    print(f"Written to {folder}: labels.csv, model.clustimage, {len(figures)} figures.")

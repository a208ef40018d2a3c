"""``clustimage cluster FOLDER --out DIR``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clustimage._core.errors import InvalidParameterError, MemoryLimitError
from clustimage._core.parameters import named, setting
from clustimage._core.text import pluralize
from clustimage.cli._options import (
    add_clusters,
    add_folders,
    add_output,
    add_resources,
    given,
    name_or_none,
)
from clustimage.cli._output import (
    check_folder,
    outputs_of_cluster,
    use_files_only,
    without_results,
    write_all,
)

if TYPE_CHECKING:
    from clustimage import Clustimage

HELP = "Group the images of a folder; write labels.csv, figures and the model."

# Where the number of components of a method is set.
COMPONENTS = {"pca": "params_pca", "pca-hog": "params_pca", "cnn": "params_cnn"}

MODEL_PARAMETERS = (
    *("method", "embedding", "grayscale", "random_state", "n_jobs", "dirpath", "verbose"),
    *("max_memory", "max_pixels"),
)
REQUEST_PARAMETERS = (
    *("cluster", "evaluate", "metric", "min_clust", "max_clust", "n_clusters", "min_size"),
    *("sim", "time_weight", "micro_clusters", "cluster_space"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    add_folders(parser, of="images")
    add_output(parser, required=False)
    parser.add_argument(
        "--method",
        type=name_or_none,
        default="pca",
        help="features: pca (default), cnn (what a photo shows), hog, phash, none (the pixels) …",
    )
    _add_network(parser)
    parser.add_argument(
        "--embedding",
        type=name_or_none,
        default="tsne",
        help="map: tsne (default), umap, pca, none",
    )
    _add_clustering(parser)
    parser.add_argument(
        "--dim",
        type=int,
        nargs=2,
        default=(128, 128),
        metavar=("H", "W"),
        help="height and width in pixels that images are resized to (128 128)",
    )
    parser.add_argument("--grayscale", action="store_true", help="work on one channel")
    add_resources(parser)
    parser.add_argument(
        "--plan",
        action="store_true",
        default=False,
        help="only say what each step would do, and what it takes",
    )
    parser.add_argument(
        "--cache",
        dest="dirpath",
        metavar="DIR",
        help="keep images and features for the next run",
    )
    _add_links(parser)


def _add_clustering(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cluster",
        default="agglomerative",
        help="agglomerative (default), kmeans, dbscan, hdbscan",
    )
    parser.add_argument(
        "--evaluate",
        default="silhouette",
        help="how the best k is chosen: silhouette (default), dbindex, derivative, elbow, calinski",
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
        default="high",
        help="cluster the features (high) or map (low)",
    )


def _add_links(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--links",
        dest="savedir",
        metavar="DIR",
        help="fill a folder per cluster, see --action",
    )
    parser.add_argument(
        "--action",
        help="of --links: symlink (default), hardlink, copy, move",
    )
    parser.add_argument(
        "--layout",
        help="of --links: label (default), or size for folders by size",
    )


def _add_network(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", help="of cnn: mobilenet_v2 (default), resnet50 …")
    parser.add_argument(
        "--weights",
        type=name_or_none,
        help="of cnn: a file, a name of torchvision, or none",
    )
    parser.add_argument("--layer", help="of cnn: name or number of the layer")
    parser.add_argument(
        "--components",
        dest="n_components",
        metavar="N",
        type=number,
        help="of cnn, pca: number of principal components; of pca also a share of the variance",
    )


def run(arguments: argparse.Namespace) -> None:
    """Cluster the folder and write what was found."""
    use_files_only()
    from clustimage import Clustimage

    if arguments.out is None and not arguments.plan:
        raise InvalidParameterError("'--out' is missing: the folder for the results.")
    if "timestamps" in arguments and not getattr(arguments, "time_weight", 0):
        raise InvalidParameterError(f"{named('timestamps')} needs {setting('time_weight', ...)}.")
    model = Clustimage(
        **_settings(arguments),
        dim=tuple(arguments.dim),
        **given(arguments, *MODEL_PARAMETERS),
    )
    folders = _check_links(arguments)
    if arguments.plan:
        _print_plan(model, arguments)
        return
    names = [*outputs_of_cluster(), *(["links.csv"] if folders else [])]
    folder = check_folder(arguments.out, names, overwrite=arguments.overwrite)
    model.fit_transform(
        without_results(arguments.folders, folder, names),
        **given(arguments, "timestamps"),
        **_request(arguments),
    )
    write_all(model, folder, overwrite=arguments.overwrite)
    if folders:
        _fill_folders(model, folder, folders)


def _print_plan(model: Clustimage, arguments: argparse.Namespace) -> None:
    """Print what each step would do; raise where one of them cannot be done."""
    plan = model.plan(arguments.folders, **_request(arguments))
    print(plan, flush=True)
    n_problems = len(plan.problems)
    if n_problems:
        raise MemoryLimitError(
            f"{n_problems} of {pluralize(len(plan.steps), 'step')} cannot be done, as the plan "
            "says."
        )


def _request(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what `cluster` and `plan` are asked for."""
    linkage = arguments.linkage or (None if arguments.metric == "euclidean" else "average")
    return {"linkage": linkage, **given(arguments, *REQUEST_PARAMETERS)}


def number(text: str) -> int | float:
    """Return a whole number as int: of components 1 is one of them, 1.0 is all variance."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the settings of the method, ``{"params_cnn": {"model": ...}}``."""
    method = arguments.method
    settings: dict[str, Any] = {}
    network = given(arguments, "model", "weights", "layer")
    if network and method != "cnn":
        raise InvalidParameterError(
            f"{named(next(iter(network)))} needs {setting('method', 'cnn')}. Got {method}."
        )
    if network:
        settings["params_cnn"] = network
        if network.get("layer", "").removeprefix("-").isdigit():
            network["layer"] = int(network["layer"])
    if "n_components" in arguments:
        if method not in COMPONENTS:
            raise InvalidParameterError(
                f"{named('n_components')} needs {setting('method', ...)} {', '.join(COMPONENTS)}. "
                f"Got {method}."
            )
        settings.setdefault(COMPONENTS[method], {})["n_components"] = arguments.n_components
    return settings


def _check_links(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what `to_dirs` is to be called with; empty without ``--links``."""
    from clustimage.export import check_savedir

    options = given(arguments, "action", "layout")
    if "savedir" not in arguments:
        if options:
            raise InvalidParameterError(
                f"{named(next(iter(options)))} needs {setting('savedir', ...)}."
            )
        return {}
    return {"savedir": check_savedir(arguments.savedir, **options), **options}


def _fill_folders(model: Clustimage, folder: Path, options: dict[str, Any]) -> None:
    """Fill a folder per cluster, write the table of it, and say so."""
    from clustimage.export import write_csv

    table = model.to_dirs(**options)
    write_csv(table, folder / "links.csv")
    if options.get("action") == "move":  # the photos are elsewhere now
        write_csv(model.to_frame(), folder / "labels.csv")
        model.save(folder / "model.clustimage", overwrite=True)
    done = int(table["status"].isin(["done", "exists"]).sum())
    print(f"{done} of {len(table)} images are in folders below {options['savedir']}: links.csv.")

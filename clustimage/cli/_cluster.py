"""``clustimage cluster FOLDER --out DIR``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clustimage._core.errors import InvalidParameterError, MemoryLimitError
from clustimage._core.text import pluralize
from clustimage.cli._options import in_options, words_of
from clustimage.cli._output import (
    add_max_memory,
    add_output,
    check_folder,
    draw_all,
    outputs_of_cluster,
    use_files_only,
    without_results,
)

if TYPE_CHECKING:
    from clustimage import Clustimage

HELP = "Group the images of a folder; write labels.csv, figures and the model."

# Where the number of components of a method is set.
COMPONENTS = {"pca": "params_pca", "pca-hog": "params_pca", "cnn": "params_cnn"}

# What the library calls what is passed on to it.
OPTIONS = {
    "method": "--method",
    "model": "--model",
    "weights": "--weights",
    "layer": "--layer",
    "n_components": "--components",
    "embedding": "--embedding",
    "cluster": "--cluster",
    "evaluate": "--evaluate",
    "metric": "--metric",
    "linkage": "--linkage",
    "n_clusters": "--k",
    "min_clust": "--min-clust",
    "max_clust": "--max-clust",
    "micro_clusters": "--micro-clusters",
    "min_size": "--min-size",
    "sim": "--sim",
    "time_weight": "--time-weight",
    "timestamps": "--timestamps",
    "cluster_space": "--space",
    "dim": "--dim",
    "grayscale": "--grayscale",
    "random_state": "--seed",
    "n_jobs": "--jobs",
    "max_memory": "--max-memory",
    "dirpath": "--cache",
    "savedir": "--links",
    "action": "--action",
    "layout": "--layout",
    "overwrite": "--overwrite",
    "verbose": "--verbose",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    parser.add_argument(
        "folders", metavar="FOLDER", nargs="+", help="folders of images, with those below; or files"
    )
    add_output(parser, required=False)
    parser.add_argument(
        "--method",
        default="pca",
        help="features: pca (default), cnn (what a photo shows), hog, phash, none (the pixels) …",
    )
    _add_network(parser)
    parser.add_argument("--embedding", default="tsne", help="map: tsne (default), umap, pca, none")
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
    parser.add_argument("--seed", type=int, default=0, help="seed of all random numbers (0)")
    parser.add_argument("--jobs", type=int, default=-1, help="workers; -1 is every core")
    add_max_memory(parser)
    parser.add_argument(
        "--plan", action="store_true", help="only say what each step would do, and what it takes"
    )
    parser.add_argument(
        "--cache", metavar="DIR", default=None, help="keep images and features for the next run"
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
    parser.add_argument("--k", type=int, default=None, help="exactly this number of clusters")
    parser.add_argument("--min-clust", type=int, default=3, help="least k searched (3)")
    parser.add_argument("--max-clust", type=int, default=25, help="k searched stays below (25)")
    parser.add_argument(
        "--micro-clusters",
        type=int,
        default=None,
        metavar="N",
        help="of agglomerative: grow the tree over N small groups (a few thousand beyond 20,000 "
        "images); 0 is the tree of all images",
    )
    parser.add_argument("--min-size", type=int, default=1, help="smaller clusters become -1")
    parser.add_argument(
        "--sim", type=float, default=None, help="cut by similarity, 0 to 1, instead of choosing k"
    )
    parser.add_argument(
        "--time-weight", type=float, default=None, help="share of time in the distance, 0 to 1"
    )
    parser.add_argument(
        "--timestamps", default=None, help="times of the photos: auto (default), exif, stat"
    )
    parser.add_argument("--space", default="high", help="cluster the features (high) or map (low)")


def _add_links(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--links", metavar="DIR", default=None, help="fill a folder per cluster, see --action"
    )
    parser.add_argument(
        "--action", default=None, help="of --links: symlink (default), hardlink, copy, move"
    )
    parser.add_argument(
        "--layout", default=None, help="of --links: label (default), or size for folders by size"
    )


def _add_network(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default=None, help="of cnn: mobilenet_v2 (default), resnet50 …")
    parser.add_argument(
        "--weights", default=None, help="of cnn: a file, a name of torchvision, or none"
    )
    parser.add_argument("--layer", default=None, help="of cnn: name or number of the layer")
    parser.add_argument(
        "--components",
        type=number,
        default=None,
        help="of cnn, pca: number of principal components; of pca also a share of the variance",
    )


def run(arguments: argparse.Namespace) -> None:
    """Cluster the folder and write what was found."""
    use_files_only()
    from clustimage import Clustimage

    if arguments.out is None and not arguments.plan:
        raise InvalidParameterError("'--out' is missing: the folder for the results.")
    if arguments.timestamps is not None and not arguments.time_weight:
        raise InvalidParameterError("'--timestamps' needs --time-weight.")

    model = Clustimage(
        method=_name_or_none(arguments.method),
        **_settings(arguments),
        embedding=_name_or_none(arguments.embedding),
        grayscale=arguments.grayscale,
        dim=tuple(arguments.dim),
        random_state=arguments.seed,
        n_jobs=arguments.jobs,
        dirpath=arguments.cache,
        verbose=arguments.verbose,
        max_memory=arguments.max_memory,
    )
    folders = _check_links(arguments)
    if arguments.plan:
        _tell_plan(model, arguments)
        return
    names = [*outputs_of_cluster(), *(["links.csv"] if folders else [])]
    folder = check_folder(arguments.out, names, overwrite=arguments.overwrite)
    model.fit_transform(
        without_results(arguments.folders, folder, names),
        cluster_space=arguments.space,
        **_given(arguments, "timestamps"),
        **_request(arguments),
    )
    write_all(model, folder, overwrite=arguments.overwrite)
    if folders:
        _fill_folders(model, folder, folders)


def _tell_plan(model: Clustimage, arguments: argparse.Namespace) -> None:
    """Print what each step would do; raise where one of them cannot be done."""
    plan = model.plan(arguments.folders, cluster_space=arguments.space, **_request(arguments))
    print(in_options(str(plan), OPTIONS, words_of(arguments)), flush=True)
    n_problems = len(plan.problems)
    if n_problems:
        raise MemoryLimitError(
            f"{n_problems} of {pluralize(len(plan.steps), 'step')} cannot be done, as the plan "
            "says."
        )


def _request(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what `cluster` and `plan` are asked for."""
    return {
        "cluster": arguments.cluster,
        "evaluate": arguments.evaluate,
        "metric": arguments.metric,
        "linkage": arguments.linkage or (None if arguments.metric == "euclidean" else "average"),
        "min_clust": arguments.min_clust,
        "max_clust": arguments.max_clust,
        "n_clusters": arguments.k,
        "min_size": arguments.min_size,
        **_given(arguments, "sim", "time_weight", "micro_clusters"),
    }


def _name_or_none(word: str) -> str | None:
    return None if word.lower() == "none" else word


def number(text: str) -> int | float:
    """Return a whole number as int: of components 1 is one of them, 1.0 is all variance."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def _given(arguments: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Return the options that were given; of others the library knows the default."""
    values = {name: getattr(arguments, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the settings of the method, ``{"params_cnn": {"model": ...}}``."""
    method = arguments.method
    settings: dict[str, Any] = {}
    network = _given(arguments, "model", "weights", "layer")
    if network and method != "cnn":
        raise InvalidParameterError(f"'--{next(iter(network))}' needs --method cnn. Got {method}.")
    if network:
        settings["params_cnn"] = network
        if "weights" in network:
            network["weights"] = _name_or_none(network["weights"])
        if network.get("layer", "").removeprefix("-").isdigit():
            network["layer"] = int(network["layer"])
    if arguments.components is not None:
        if method not in COMPONENTS:
            raise InvalidParameterError(
                f"'--components' needs --method {', '.join(COMPONENTS)}. Got {method}."
            )
        settings.setdefault(COMPONENTS[method], {})["n_components"] = arguments.components
    return settings


def _check_links(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what `to_dirs` is to be called with; empty without ``--links``."""
    from clustimage.export import check_savedir

    options = _given(arguments, "action", "layout")
    if arguments.links is None:
        if options:
            raise InvalidParameterError(f"'--{next(iter(options))}' needs --links.")
        return {}
    return {"savedir": check_savedir(arguments.links, **options, name="--links"), **options}


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


def write_all(model: Clustimage, folder: Path, *, overwrite: bool) -> None:
    """Write the table, the figures and the model, and say so."""
    from clustimage.export import write_csv

    folder.mkdir(parents=True, exist_ok=True)
    write_csv(model.to_frame(), folder / "labels.csv")
    figures = draw_all(model, folder)
    model.save(folder / "model.clustimage", overwrite=overwrite)
    labels = model.results["labels"]
    n_clusters = int(labels.max()) + 1
    print(f"{pluralize(len(labels), 'image')} in {pluralize(n_clusters, 'cluster')}.")
    print(f"Written to {folder}: labels.csv, model.clustimage, {len(figures)} figures.")

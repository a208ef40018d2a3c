"""``clustimage cluster FOLDER --out DIR``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from clustimage._core.errors import InvalidParameterError, MemoryLimitError
from clustimage._core.parameters import named, setting
from clustimage._core.text import pluralize
from clustimage.cli._cluster_folders import add_links, check_links, fill_folders
from clustimage.cli._clustering import add_clustering, clustering_request
from clustimage.cli._method import METHOD_PARAMETERS, add_network, method_settings
from clustimage.cli._options import (
    add_engine,
    add_exclude,
    add_folders,
    add_output,
    add_resources,
    given,
    name_or_none,
    one_or_all,
)
from clustimage.cli._output import (
    output_folder,
    outputs_of_cluster,
    use_files_only,
    write_all,
    write_report,
)

if TYPE_CHECKING:
    from clustimage import Clustimage

HELP = "Group the images of a folder; write labels.csv, figures and the model."

MODEL_PARAMETERS = (
    *("embedding", "grayscale", "random_state", "n_jobs", "dirpath", "verbose", "max_memory"),
    *("max_pixels", "engine"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    add_folders(parser, of="images")
    add_exclude(parser)
    add_output(parser, required=False)
    parser.add_argument(
        "--method",
        type=name_or_none,
        help="features: auto (default: cnn if torch and weights are here, else color+gist), cnn "
        "(what a photo shows), color, gist, fisher, pca, hog, phash, none (the pixels) …; "
        "several joined by +",
    )
    add_network(parser, "--model")
    parser.add_argument(
        "--features",
        metavar="FILE",
        help="in place of --method: features computed elsewhere, FILE.npy, a row for each image "
        "in the order of their names",
    )
    parser.add_argument(
        "--embedding",
        type=name_or_none,
        default="tsne",
        help="map: tsne (default), umap, pca, none",
    )
    add_clustering(parser)
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
    add_engine(parser, where="parts, and the table of all images as Parquet, go to --out")
    add_links(parser)


def run(arguments: argparse.Namespace) -> None:
    """Cluster the folder and write what was found."""
    use_files_only()
    from clustimage import Clustimage

    if arguments.out is None and not arguments.plan:
        raise InvalidParameterError("'--out' is missing: the folder for the results.")
    if "engine" in arguments:
        arguments.dirpath = getattr(arguments, "dirpath", arguments.out)
    request = clustering_request(arguments)
    model = Clustimage(
        **_settings(arguments), dim=tuple(arguments.dim), **given(arguments, *MODEL_PARAMETERS)
    )
    links = check_links(arguments, arguments.out)
    if arguments.plan:
        _print_plan(model, arguments)
        return
    names = [*outputs_of_cluster(), *(["links.csv"] if links else [])]
    with output_folder(arguments.out, names, overwrite=arguments.overwrite) as folder:
        model.fit_transform(
            one_or_all(arguments.folders),
            **given(arguments, "features", "black_list", "timestamps"),
            **request,
        )
        write_all(model, folder, overwrite=arguments.overwrite)
        if links:
            fill_folders(model, folder, links)
        write_report(model, folder, overwrite=arguments.overwrite)


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the method and its settings; none is asked for where features are given."""
    if "features" not in arguments:
        arguments.method = getattr(arguments, "method", "auto")
        return method_settings(arguments)
    given_too = given(arguments, "method", *METHOD_PARAMETERS)
    if given_too:
        raise InvalidParameterError(
            f"{named(next(iter(given_too)))} cannot be combined with {setting('features', ...)}, "
            "which takes the place of the method."
        )
    return {"method": "precomputed"}


def _print_plan(model: Clustimage, arguments: argparse.Namespace) -> None:
    """Print what each step would do; raise where one of them cannot be done."""
    request = {**clustering_request(arguments), **given(arguments, "black_list")}
    plan = model.plan(one_or_all(arguments.folders), **request)
    print(plan, flush=True)
    n_problems = len(plan.problems)
    if n_problems:
        raise MemoryLimitError(
            f"{n_problems} of {pluralize(len(plan.steps), 'step')} cannot be done, as the plan "
            "says."
        )

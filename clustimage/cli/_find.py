"""``clustimage find IMAGE --model FILE``."""

from __future__ import annotations

import argparse

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import setting
from clustimage._core.text import pluralize
from clustimage.cli._options import add_max_memory, add_output, load_model, one_or_all
from clustimage.cli._output import check_folder, one_line, save_figure, use_files_only

HELP = "Find the images of a saved model that are most like the given ones."

DEFAULT_K = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    parser.add_argument(
        "images", metavar="IMAGE", nargs="*", default=[], help="files, folders or URLs"
    )
    parser.add_argument(
        "--features",
        metavar="FILE",
        help="in place of IMAGE: features of the queries, FILE.npy, for a model of features that "
        "were computed elsewhere",
    )
    parser.add_argument(
        "--model", dest="path", required=True, metavar="FILE", help="what `cluster` saved"
    )
    parser.add_argument("--k", type=int, default=None, help="the k nearest (5 without --alpha)")
    parser.add_argument(
        "--alpha", type=float, default=None, help="all images with a p-value of at most this"
    )
    parser.add_argument(
        "--approximate",
        action="store_true",
        default=False,
        help="look for the k nearest through an index, for more than a few 100,000 images; may "
        "miss one (pip install 'clustimage[index]')",
    )
    parser.add_argument(
        "--exclude-self",
        action="store_true",
        default=False,
        help="images of the model that are asked for do not find themselves",
    )
    add_max_memory(parser)
    add_output(parser, required=False)


def run(arguments: argparse.Namespace) -> None:
    """Print a table per query, and with --out write it with a figure."""
    use_files_only()
    from clustimage._core.outputs import make_folder
    from clustimage.export import write_csv

    features = getattr(arguments, "features", None)
    if bool(arguments.images) == (features is not None):
        raise InvalidParameterError(
            f"Give images to look for, or {setting('features', ...)} FILE.npy in their place. Got "
            f"{'both' if arguments.images else 'neither'}."
        )
    folder = None
    if arguments.out is not None:
        names = ["find.csv", "find.png"]
        folder = check_folder(arguments.out, names, overwrite=arguments.overwrite)
    model = load_model(arguments)
    k = arguments.k
    if k is None and arguments.alpha is None:
        k = min(DEFAULT_K, len(model.results["pathnames"]) - arguments.exclude_self)
    answer = model.find(
        one_or_all(arguments.images) or None,
        k=k,
        alpha=arguments.alpha,
        approximate=arguments.approximate,
        features=features,
        exclude_self=arguments.exclude_self,
    )
    called = {label: f" {one_line(name)}" for label, name in model.names.items()}
    queries = {name: table for name, table in answer.items() if name != "feat"}
    for name, table in queries.items():
        print(f"\n{one_line(name)}: {pluralize(len(table), 'image')}")
        for hit in table.itertuples():
            where = getattr(hit, "y_url", None) or hit.y_pathnames
            print(
                f"  {hit.distance:12.4g}  p={hit.y_proba:<9.3g} "
                f"cluster {hit.labels}{called.get(hit.labels, '')}  {one_line(where)}"
            )
    if folder is not None:
        import pandas as pd

        make_folder(folder)
        write_csv(pd.concat(queries, names=["query", "rank"]).reset_index(), folder / "find.csv")
        save_figure(model.plot_find()[0], folder / "find.png")
        print(f"\nWritten to {folder}: find.csv, find.png")

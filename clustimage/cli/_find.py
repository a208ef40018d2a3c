"""``clustimage find IMAGE --model FILE``."""

from __future__ import annotations

import argparse

from clustimage._core.text import pluralize
from clustimage.cli._options import add_max_memory, add_output, given
from clustimage.cli._output import check_folder, save_figure, use_files_only

HELP = "Find the images of a saved model that are most like the given ones."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="files, folders or URLs")
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
    from clustimage import Clustimage
    from clustimage.export import write_csv

    folder = None
    if arguments.out is not None:
        names = ["find.csv", "find.png"]
        folder = check_folder(arguments.out, names, overwrite=arguments.overwrite)
    model = Clustimage.load(arguments.path, **given(arguments, "max_memory"))
    model.set_params(verbose=arguments.verbose)
    k = 5 if arguments.k is None and arguments.alpha is None else arguments.k
    images = arguments.images if len(arguments.images) > 1 else arguments.images[0]
    answer = model.find(
        images,
        k=k,
        alpha=arguments.alpha,
        approximate=arguments.approximate,
        exclude_self=arguments.exclude_self,
    )
    queries = {name: table for name, table in answer.items() if name != "feat"}
    for name, table in queries.items():
        print(f"\n{name}: {pluralize(len(table), 'image')}")
        for hit in table.itertuples():
            print(
                f"  {hit.distance:12.4g}  p={hit.y_proba:<9.3g} "
                f"cluster {hit.labels}  {hit.y_pathnames}"
            )
    if folder is not None:
        import pandas as pd

        folder.mkdir(parents=True, exist_ok=True)
        write_csv(pd.concat(queries, names=["query", "rank"]).reset_index(), folder / "find.csv")
        save_figure(model.plot_find()[0], folder / "find.png")
        print(f"\nWritten to {folder}: find.csv, find.png")

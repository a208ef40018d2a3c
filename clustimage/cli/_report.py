"""``clustimage report MODEL``."""

from __future__ import annotations

import argparse
from pathlib import Path

from clustimage.cli._options import add_model, given, load_model
from clustimage.cli._output import REPORT, one_line, print_json, use_files_only

HELP = "Write a saved model as one HTML page: map, clusters, search, selection; opens offline."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    add_model(parser)
    parser.add_argument(
        "--out",
        default=None,
        metavar="FILE",
        help="the page; report.html beside the model unless given",
    )
    parser.add_argument(
        "--overwrite", action="store_true", default=False, help="replace a page that is there"
    )
    parser.add_argument(
        "--thumbnail",
        type=int,
        metavar="N",
        help="side of the small pictures in pixels, 16 to 256 (64; 32 of more than 10,000 images)",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        default=False,
        help="print the numbers as JSON; with --out write the page too",
    )


def run(arguments: argparse.Namespace) -> None:
    """Write the page, or print what it says in numbers."""
    use_files_only()
    from clustimage._core.files import new_file
    from clustimage.report import check_thumbnail

    options = given(arguments, "thumbnail")
    check_thumbnail(options.get("thumbnail"))
    target = arguments.out
    if target is None and not arguments.json:
        target = Path(arguments.path).absolute().with_name(REPORT)
    if target is not None:
        target = new_file(target, overwrite=arguments.overwrite, name="out")
    model = load_model(arguments)
    if target is not None:
        model.report(target, overwrite=arguments.overwrite, **options)
    if arguments.json:
        print_json(model.summary())
    else:
        print(f"Written to {one_line(str(target))}.")

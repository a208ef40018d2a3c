"""``clustimage update MODEL FOLDER``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from clustimage.cli._options import (
    add_exclude,
    add_model,
    given,
    load_model,
    one_or_all,
)
from clustimage.cli._output import REPORT, one_line, use_files_only, write_all, write_report

if TYPE_CHECKING:
    import pandas

HELP = "Take photos that are new, changed, gone or renamed into a saved model."

MAX_ROWS = 40  # of the table that are printed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    add_model(parser)
    parser.add_argument(
        "folders",
        metavar="FOLDER",
        nargs="+",
        help="the folders and files to look at, with the folders below; what of the model was in "
        "them and is gone is taken out",
    )
    parser.add_argument(
        "--recluster",
        action="store_true",
        help="make the clusters anew, with their names and numbers (by itself when a tenth of "
        "images has come)",
    )
    parser.add_argument(
        "--features",
        metavar="FILE",
        help="FILE.npy, for a model of features that were computed elsewhere: a row for each file",
    )
    add_exclude(parser)


def run(arguments: argparse.Namespace) -> None:
    """Update the model, and where the results of `cluster` are in its folder, these too."""
    use_files_only()
    from clustimage._core.object_store import is_store_url
    from clustimage.export import write_csv

    model = load_model(arguments)
    table = model.update(
        one_or_all(arguments.folders), **given(arguments, "recluster", "features", "black_list")
    )
    _print(table)
    if not len(table):
        return
    if is_store_url(arguments.path):
        print(f"Written to {model.save(arguments.path, overwrite=True)}.")
        return
    path = Path(arguments.path).absolute()
    folder = path.parent
    write_csv(table, folder / "update.csv")
    if path.name == "model.clustimage" and (folder / "labels.csv").exists():
        write_all(model, folder, overwrite=True)
        if (folder / REPORT).exists():
            write_report(model, folder, overwrite=True)
    else:
        print(f"Written to {model.save(path, overwrite=True)}.")


def _print(table: pandas.DataFrame) -> None:
    """Print what has happened to images, the first of them one by one."""
    import pandas as pd

    counts = table["status"].value_counts()
    words = [f"{counts[status]:,} {status}" for status in counts.index]
    print(f"{', '.join(words) or 'Nothing has changed'}.")
    for row in table.head(MAX_ROWS).itertuples():
        labels = [
            "none" if label < 0 else str(label)
            for label in (row.label_from, row.label_to)
            if not pd.isna(label)
        ]
        where = f"cluster {' -> '.join(dict.fromkeys(labels))}" if labels else ""
        called = f" ({one_line(row.name)})" if isinstance(row.name, str) else ""
        print(f"  {row.status:8} {where}{called}  {one_line(row.pathname)}")
    if len(table) > MAX_ROWS:
        print(f"  and {len(table) - MAX_ROWS:,} more, in update.csv")

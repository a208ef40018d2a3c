"""``clustimage unique MODEL``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from clustimage._core.text import pluralize
from clustimage.cli._options import add_model, add_output, load_model
from clustimage.cli._output import (
    check_folder,
    one_line,
    print_json,
    save_figure,
    use_files_only,
)

if TYPE_CHECKING:
    import pandas as pd

    from clustimage import Clustimage

HELP = "List the unique images of a saved model: one for each cluster, nearest to its centre."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    add_model(parser)
    parser.add_argument(
        "--metric", help="distance between features (that of the clustering): euclidean, cosine …"
    )
    parser.add_argument("--json", action="store_true", default=False, help="print them as JSON")
    parser.add_argument(
        "--paths", action="store_true", default=False, help="print their paths alone, one per line"
    )
    add_output(parser, required=False)


def run(arguments: argparse.Namespace) -> None:
    """Print a line per cluster, and with --out write a table and a figure."""
    use_files_only()
    from clustimage._core.outputs import make_folder
    from clustimage.export import write_csv

    names = ["unique.csv", "unique.png"]
    folder = None
    if arguments.out is not None:
        folder = check_folder(arguments.out, names, overwrite=arguments.overwrite)
    model = load_model(arguments)
    table = _table(model, getattr(arguments, "metric", None))
    if arguments.json:
        print_json(table.to_dict("records"))
    else:
        for row in table.itertuples(index=False):
            words = f"cluster {row.label:<4} {pluralize(row.n_images, 'image'):>14}  "
            called = model.names.get(row.label)
            words += "" if called is None else f"{one_line(called)}  "
            print(f"{'' if arguments.paths else words}{one_line(row.pathname)}")
    if folder is not None:
        make_folder(folder)
        write_csv(table, folder / "unique.csv")
        save_figure(model.plot_unique(img_mean=False)[0], folder / "unique.png")


def _table(model: Clustimage, metric: str | None) -> pd.DataFrame:
    """Return label, number of images, path of the unique image and name of each cluster."""
    import numpy as np
    import pandas as pd

    unique, labels = model.unique(metric), model.labels_
    sizes = np.bincount(labels[labels >= 0])
    table = pd.DataFrame(
        {
            "label": unique["labels"],
            "n_images": sizes[unique["labels"]],
            "pathname": pd.Series(unique["pathnames"], dtype=object),
        }
    )
    if model.names:
        names = [model.names.get(label) for label in table["label"].tolist()]
        table["name"] = pd.Series(names, dtype=object)
    return table

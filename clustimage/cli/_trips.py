"""``clustimage trips FOLDER --out DIR``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from clustimage._core.errors import InvalidDataError
from clustimage._core.text import pluralize
from clustimage.cli._options import add_folders, add_output, add_resources, given
from clustimage.cli._output import check_folder, save_figure, use_files_only, without_results

if TYPE_CHECKING:
    import pandas as pd

    from clustimage import Clustimage

HELP = "Group photos by when and where they were taken; write trips.csv, figures and a map."

# What photos are grouped by: metric, name of the column, of the figure and of the groups.
GROUPINGS = (
    ("datetime", "event", "events.png", "by time"),
    ("latlon", "place", "places.png", "by location"),
)
OUTPUTS = ("trips.csv", "events.png", "places.png", "map.html", "model.clustimage")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    add_folders(parser, of="photos")
    add_output(parser, required=True)
    parser.add_argument(
        "--hours",
        dest="timeframe",
        metavar="HOURS",
        type=float,
        default=5,
        help="photos of one event follow within so many hours (5)",
    )
    parser.add_argument(
        "--metres",
        dest="radius_meters",
        metavar="METRES",
        type=float,
        default=1000,
        help="photos of one location are within so many metres (1000)",
    )
    parser.add_argument("--min-samples", type=int, default=2, help="photos that make a group (2)")
    add_resources(parser)


def run(arguments: argparse.Namespace) -> None:
    """Read the metadata, group by time and by location, and write what was found."""
    use_files_only()
    from clustimage import Clustimage

    model = Clustimage(
        method="exif",
        embedding=None,
        params_exif=given(arguments, "timeframe", "radius_meters", "min_samples"),
        **given(arguments, "n_jobs", "verbose", "max_memory", "max_pixels"),
    )
    folder = check_folder(arguments.out, list(OUTPUTS), overwrite=arguments.overwrite)
    photos = without_results(arguments.folders, folder, list(OUTPUTS))
    model.extract_feat(model.import_data(photos))
    table = _table(model)
    if table[["timestamp", "latitude"]].isna().all(axis=None):
        raise InvalidDataError(
            f"None of {len(table)} photos says when or where it was taken. Group them by what they "
            "show: clustimage cluster."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name in OUTPUTS:
        (folder / name).unlink(missing_ok=True)  # of an earlier run
    written = [name for grouping in GROUPINGS for name in _group(model, folder, table, *grouping)]
    from clustimage.export import write_csv

    write_csv(table, folder / "trips.csv")
    model.save(folder / "model.clustimage")
    print(f"Written to {folder}: {', '.join(['trips.csv', *written, 'model.clustimage'])}.")


def _table(model: Clustimage) -> pd.DataFrame:
    """Return the names of the photos and their metadata."""
    table = model.metadata
    for column, name in enumerate(("pathnames", "filenames")):
        table.insert(column, name[:-1], list(model.results[name]))
    return table


def _group(
    model: Clustimage,
    folder: Path,
    table: pd.DataFrame,
    metric: str,
    column: str,
    figure: str,
    words: str,
) -> list[str]:
    """Group by one of the two, add the labels to the table, draw; return the files written."""
    try:
        labels = model.cluster(metric=metric)
    except InvalidDataError:
        print(f"No groups {words}: no photo has the data.")
        return []
    table.insert(2, column, labels)
    n_groups = int(labels.max()) + 1
    n_without = int((labels == -2).sum())
    alone = pluralize(int((labels == -1).sum()), "photo")
    print(
        f"{pluralize(n_groups, 'group')} {words}; {alone} not assigned to a group, "
        f"{n_without} without the data."
    )
    written = []
    if n_groups:
        drawn, _ = model.plot(layout="columns")
        written.append(save_figure(drawn, folder / figure).name)
    if metric == "latlon":
        dated = bool((table["timestamp"].notna() & table["latitude"].notna()).any())
        model.plot_map(folder / "map.html", lines="day" if dated else None)
        written.append("map.html")
    return written

"""``clustimage trips FOLDER --out DIR``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clustimage._core.errors import InvalidDataError
from clustimage._core.text import pluralize
from clustimage.cli._output import (
    add_max_memory,
    add_output,
    check_folder,
    use_files_only,
    without_results,
)

if TYPE_CHECKING:
    from clustimage import Clustimage

HELP = "Group photos by when and where they were taken; write trips.csv, figures and a map."

# What photos are grouped by: metric, name of the column, of the figure and of the groups.
GROUPINGS = (
    ("datetime", "event", "events.png", "by time"),
    ("latlon", "place", "places.png", "by place"),
)
OUTPUTS = ("trips.csv", "events.png", "places.png", "map.html", "model.clustimage")

# What the library calls what is passed on to it.
OPTIONS = {
    "timeframe": "--hours",
    "radius_meters": "--metres",
    "min_samples": "--min-samples",
    "n_jobs": "--jobs",
    "max_memory": "--max-memory",
    "overwrite": "--overwrite",
    "verbose": "--verbose",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    parser.add_argument(
        "folders", metavar="FOLDER", nargs="+", help="folders of photos, with those below; or files"
    )
    add_output(parser, required=True)
    parser.add_argument(
        "--hours", type=float, default=5, help="photos of one event follow within so many hours (5)"
    )
    parser.add_argument(
        "--metres",
        type=float,
        default=1000,
        help="photos of one place lie within so many metres (1000)",
    )
    parser.add_argument("--min-samples", type=int, default=2, help="photos that make a group (2)")
    parser.add_argument("--jobs", type=int, default=-1, help="workers; -1 is every core")
    add_max_memory(parser)


def run(arguments: argparse.Namespace) -> None:
    """Read the metadata, group by time and by place, and write what was found."""
    use_files_only()
    from clustimage import Clustimage

    settings = {
        "timeframe": arguments.hours,
        "radius_meters": arguments.metres,
        "min_samples": arguments.min_samples,
    }
    model = Clustimage(
        method="exif",
        embedding=None,
        params_exif=settings,
        n_jobs=arguments.jobs,
        verbose=arguments.verbose,
        max_memory=arguments.max_memory,
    )
    folder = check_folder(arguments.out, list(OUTPUTS), overwrite=arguments.overwrite)
    given = without_results(arguments.folders, folder, list(OUTPUTS))
    model.extract_feat(model.import_data(given))
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


def _table(model: Clustimage) -> Any:
    """Return the names of the photos and their metadata."""
    table = model.metadata
    for position, name in enumerate(("pathnames", "filenames")):
        table.insert(position, name[:-1], list(model.results[name]))
    return table


def _group(
    model: Clustimage,
    folder: Path,
    table: Any,
    metric: str,
    column: str,
    figure: str,
    words: str,
) -> list[str]:
    """Group by one of the two, add the labels to the table, draw; return the files written."""
    import matplotlib.pyplot as plt

    try:
        labels = model.cluster(metric=metric)
    except InvalidDataError:
        print(f"No groups {words}: no photo has the data.")
        return []
    table.insert(2, column, labels)
    n_groups = int(labels.max()) + 1
    n_without = int((labels == -2).sum())
    alone = int((labels == -1).sum())
    in_none = pluralize(alone, "photo")
    print(
        f"{pluralize(n_groups, 'group')} {words}; {in_none} in none, {n_without} without the data."
    )
    written = []
    if n_groups:
        drawn, _ = model.plot(layout="columns")
        drawn.savefig(folder / figure, dpi=100, bbox_inches="tight")
        plt.close(drawn)
        written.append(figure)
    if metric == "latlon":
        dated = bool((table["timestamp"].notna() & table["latitude"].notna()).any())
        model.plot_map(folder / "map.html", lines="day" if dated else None)
        written.append("map.html")
    return written

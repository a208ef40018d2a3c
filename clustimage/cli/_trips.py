"""``clustimage trips FOLDER --out DIR``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from clustimage._core.errors import InvalidDataError
from clustimage._core.outputs import TRIP_FIGURES, make_folder
from clustimage._core.text import pluralize
from clustimage.cli._cluster_folders import add_links, check_links
from clustimage.cli._options import (
    add_exclude,
    add_folders,
    add_output,
    add_resources,
    given,
    one_or_all,
)
from clustimage.cli._output import (
    REPORT,
    check_folder,
    save_figure,
    use_files_only,
    write_report,
)

if TYPE_CHECKING:
    import pandas

    from clustimage import Clustimage

HELP = "Group photos by when and where they were taken; write trips.csv, figures, a map and a page."

OUTPUTS = (
    *("trips.csv", *(f"{name}.png" for name in TRIP_FIGURES)),
    *("map.html", REPORT, "model.clustimage"),
)


class Grouping(NamedTuple):
    """What photos are grouped by, and what the groups are called.

    Attributes
    ----------
    metric : str
        That of `cluster`.
    column : str
        Of the table.
    plural : str
        Of the groups: name of the figure and of the folder of links.
    data : str
        What photos are grouped by.
    """

    metric: str
    column: str
    plural: str
    data: str


GROUPINGS = (
    Grouping("datetime", "event", "events", "date"),
    Grouping("latlon", "place", "places", "location"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    add_folders(parser, of="photos")
    add_exclude(parser)
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
    add_links(parser, move=False)


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
    links = check_links(arguments, arguments.out, move=False)
    names = [*OUTPUTS, *(["links.csv"] if links else [])]
    folder = check_folder(arguments.out, names, overwrite=arguments.overwrite)
    photos = one_or_all(arguments.folders)
    model.extract_feat(model.import_data(photos, **given(arguments, "black_list")))
    table = _table(model)
    if table[["timestamp", "latitude"]].isna().all(axis=None):
        raise InvalidDataError(
            f"None of {len(table)} photos says when or where it was taken. Group them by what they "
            "show: clustimage cluster."
        )
    make_folder(folder)
    for name in (*OUTPUTS, "links.csv"):
        (folder / name).unlink(missing_ok=True)  # of an earlier run
    written: list[str] = []
    filed: list[pandas.DataFrame] = []
    for grouping in GROUPINGS:
        if not _group(model, table, grouping):
            continue
        written += _draw(model, folder, table, grouping)
        if links:
            filed.append(_file(model, links, grouping))
    import pandas as pd

    from clustimage.export import write_csv

    write_csv(table, folder / "trips.csv")
    if links:
        write_csv(pd.concat(filed), folder / "links.csv")
        written.append("links.csv")
        print(f"Links to the photos of each event and place: {links['savedir']}.")
    model.save(folder / "model.clustimage")
    print(f"Written to {folder}: {', '.join(['trips.csv', *written, 'model.clustimage'])}.")
    write_report(model, folder, overwrite=arguments.overwrite)


def _table(model: Clustimage) -> pandas.DataFrame:
    """Return the names of the photos and their metadata."""
    from clustimage.images.reading._listing import encodable

    table = model.metadata
    for column, name in enumerate(("pathnames", "filenames")):
        table.insert(column, name[:-1], list(map(encodable, model.results[name])))
    return table


def _group(model: Clustimage, table: pandas.DataFrame, grouping: Grouping) -> bool:
    """Group by one of the two and add labels and names to the table; False where none has data."""
    try:
        labels = model.cluster(metric=grouping.metric)
    except InvalidDataError:
        print(f"No {grouping.plural}: no photo has a {grouping.data} that can be used.")
        return False
    names = model.group_names_
    table.insert(2, grouping.column, labels)
    table.insert(3, f"{grouping.column}_name", [names[label] for label in labels.tolist()])
    n_groups = max(int(labels.max()), -1) + 1
    n_alone, n_without = (int((labels == label).sum()) for label in (-1, -2))
    print(
        f"{pluralize(n_groups, grouping.column)}; {pluralize(n_alone, 'photo')} alone, "
        f"{n_without:,} without a {grouping.data}."
    )
    return True


def _draw(
    model: Clustimage, folder: Path, table: pandas.DataFrame, grouping: Grouping
) -> list[str]:
    """Draw the groups, and of locations the map; return the files written."""
    written = []
    if model.labels_.max() >= 0:
        drawn, _ = model.plot(layout="columns", labels=_all_labels(model))
        written.append(save_figure(drawn, folder / f"{grouping.plural}.png").name)
    if grouping.metric == "latlon":
        dated = bool((table["timestamp"].notna() & table["latitude"].notna()).any())
        model.plot_map(folder / "map.html", lines="day" if dated else None)
        written.append("map.html")
    return written


def _file(model: Clustimage, links: dict[str, Any], grouping: Grouping) -> pandas.DataFrame:
    """Fill a folder per group, also of photos without a group; return the table of it."""
    savedir = links["savedir"] / grouping.plural
    make_folder(links["savedir"])
    table = model.to_dirs(**{**links, "savedir": savedir}, target_labels=_all_labels(model))
    table.insert(1, "group", grouping.column)
    return table


def _all_labels(model: Clustimage) -> list[int]:
    """Return the labels of groups, then those of photos without a group."""
    present = set(model.labels_.tolist())
    return sorted(present, key=lambda label: (label < 0, abs(label)))

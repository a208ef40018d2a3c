"""The table of duplicates: a row per image of a group, one of which is kept."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage.duplicates._duplicate_search import KINDS, DuplicateSearch, Wanted
from clustimage.duplicates._keep import Folders, choose_kept, why_kept
from clustimage.duplicates._linking import components
from clustimage.images import Images, metadata_frame, read_metadata
from clustimage.images.reading._listing import encodable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "Entries", "duplicate_table", "exact_groups"]

COLUMNS = {
    "group": "int64",
    "pathname": "object",
    "kind": "object",
    "distance": "int64",
    "keep": "bool",
    "sure": "float64",
    "scale": "float64",
    "difference": "object",
    "reason": "object",
    "width": "Int64",
    "height": "Int64",
    "bytes": "Int64",
    "format": "object",
    "exif": "bool",
    "date": "datetime64[ns, UTC]",
    "modified": "datetime64[ns, UTC]",
    "sharpness": "float64",
}
BURST = "burst"
ORDER = {kind: rank for rank, kind in enumerate((*KINDS, BURST))}
MIN_SCALED = 0.01  # logarithm of a scale that is told
MIN_COMPRESSED = 0.02  # share of the bytes


@dataclass(frozen=True)
class Entries:
    """What may be in a group, and the image that shows it.

    Attributes
    ----------
    pathnames : list of str
        Files, each once, or names of arrays.
    rows : list of int
        Row of the image of each; files of the same bytes have the same one.
    """

    pathnames: list[str]
    rows: list[int]


def exact_groups(entries: Entries) -> list[list[int]]:
    """Return positions of files of the same bytes, two or more in each list."""
    of_row: defaultdict[int, list[int]] = defaultdict(list)
    for position, row in enumerate(entries.rows):
        of_row[row].append(position)
    return [some for some in of_row.values() if len(some) > 1]


def duplicate_table(
    images: Images | None,
    entries: Entries,
    wanted: Wanted,
    *,
    keep: str = "best",
    prefer: Folders = (),
    protect: Folders = (),
    n_jobs: int | None = -1,
) -> pd.DataFrame:
    """Return the groups of duplicates as a table.

    Parameters
    ----------
    images : Images or None
        What the rows of `entries` count; None compares nothing but bytes.
    entries : Entries
        Files and arrays.
    wanted : Wanted
        What counts as a duplicate.
    keep, prefer, protect
        See `choose_kept`.
    n_jobs : int, default=-1
        Number of threads.

    Returns
    -------
    DataFrame
        With the columns of `COLUMNS`; in each group the image that is kept comes first.
    """
    search = None if images is None else DuplicateSearch(images, wanted, n_jobs)
    groups = exact_groups(entries) if search is None else _groups(search, entries)
    if not groups:
        return _typed({name: [] for name in COLUMNS})
    positions = [position for some in groups for position in some]
    rows = [entries.rows[position] for position in positions]
    table = _facts([entries.pathnames[position] for position in positions], rows, search, n_jobs)
    table["group"] = np.repeat(np.arange(len(groups)), [len(some) for some in groups])
    table["kind"], table["sharpness"] = "exact", np.nan
    if search is not None and wanted.burst is not None:
        _measure_bursts(table, rows, search)
    table["keep"] = choose_kept(table, keep=keep, prefer=prefer, protect=protect)
    table["reason"] = why_kept(table, keep=keep, prefer=prefer, protect=protect)
    _describe(table, rows, search)
    table["pathname"] = [encodable(pathname) for pathname in table["pathname"]]
    order = np.lexsort([~table["keep"].to_numpy(dtype=bool), table["group"].to_numpy()])
    return _typed(table.iloc[order].reset_index(drop=True))


def _groups(search: DuplicateSearch, entries: Entries) -> list[list[int]]:
    """Return positions of entries, in the order of the first of each group."""
    rows = sorted(set(entries.rows))
    links = search.bursts(rows)
    for some in search.groups(rows):
        links += [(some[0], row) for row in some[1:]]
    of_row: defaultdict[int, list[int]] = defaultdict(list)
    for position, row in enumerate(entries.rows):
        of_row[row].append(position)
    found = [[p for row in part for p in of_row.pop(row)] for part in components(links)]
    found += [some for some in of_row.values() if len(some) > 1]
    return sorted(sorted(some) for some in found)


def _measure_bursts(table: pd.DataFrame, rows: list[int], search: DuplicateSearch) -> None:
    """Tell which groups have photos of a burst in them, and how sharp these are."""
    for _, some in table.groupby("group"):
        of_group = sorted({rows[i] for i in some.index})
        if search.bursts(of_group):
            table.loc[some.index, "kind"] = BURST
            sharpness = {row: search.sharpness(row) for row in of_group}
            table.loc[some.index, "sharpness"] = [sharpness[rows[i]] for i in some.index]


def _describe(table: pd.DataFrame, rows: list[int], search: DuplicateSearch | None) -> None:
    """Fill in how each image of a group differs from the one that is kept."""
    kept = {group: i for i, group in table.loc[table["keep"], "group"].items()}
    described: list[tuple[str, int, float, float, str]] = []
    pairs = [(rows[kept[group]], row) for group, row in zip(table["group"], rows, strict=True)]
    others = [pair for pair in pairs if pair[0] != pair[1]]
    matches = {}
    if search is not None:
        found = search.compare_all(others, desc="Describing")
        matches = dict(zip(others, found, strict=True))
    for i, (group, (first, row)) in enumerate(zip(table["group"], pairs, strict=True)):
        if search is None or row == first:
            described.append(("exact", 0, 1.0, 1.0, ""))
            continue
        distance, match = search.distance(first, row), matches[first, row]
        in_burst = table["kind"].iat[i] == BURST
        if match is not None:
            words = [*match.changes, *_file_words(table, kept[group], i, match.scale)]
            described.append((match.kind, distance, match.sure, match.scale, ", ".join(words)))
        elif in_burst:
            described.append((BURST, distance, np.nan, np.nan, "another moment"))
        else:
            kind = search.likely_kind(first, row)
            described.append((kind, distance, np.nan, np.nan, "by way of others of the group"))
    kinds, distances, sure, scales, words_of = zip(*described, strict=True)
    table["kind"], table["distance"], table["sure"] = kinds, distances, sure
    table["scale"], table["difference"] = scales, words_of
    for group, i in kept.items():
        others = table.loc[(table["group"] == group) & (table.index != i), "kind"]
        table.loc[i, "kind"] = min(others, key=ORDER.__getitem__)


def _file_words(table: pd.DataFrame, kept: Any, other: int, scale: float) -> list[str]:
    """Return what is different in the file of an image: its size, its format, its compression."""
    import pandas as pd

    words = []
    if abs(np.log(scale)) > MIN_SCALED:
        words.append(f"{'smaller' if scale < 1 else 'larger'} ({scale:.0%})")
    first, second = table.loc[kept], table.iloc[other]
    if first["format"] != second["format"] and second["format"]:
        words.append(f"as {second['format']}")
    elif not words:
        sizes = [0 if pd.isna(one["bytes"]) else one["bytes"] for one in (first, second)]
        if min(sizes) and abs(sizes[1] / sizes[0] - 1) > MIN_COMPRESSED:
            words.append(f"{sizes[1] / sizes[0]:.0%} of the bytes")
    return words


def _facts(
    pathnames: list[str], rows: list[int], search: DuplicateSearch | None, n_jobs: int | None
) -> pd.DataFrame:
    """Return size, format and dates of some files; of arrays their size alone."""
    import pandas as pd

    frame = metadata_frame(read_metadata(pathnames, n_jobs=n_jobs))
    if search is not None:
        for name in ("width", "height"):
            shown = pd.Series([getattr(search.status[row], name) for row in rows], dtype="Int64")
            frame[name] = frame[name].astype("Int64").fillna(shown)
    located = frame["latitude"].notna() | frame["timestamp"].notna()
    modified = [_modified(pathname) for pathname in pathnames]
    return pd.DataFrame(
        {
            "pathname": pd.Series(pathnames, dtype=object),  # text of pandas must be valid Unicode
            **{name: frame[name] for name in ("width", "height", "bytes", "format")},
            "exif": located | frame["make"].ne("") | frame["model"].ne(""),
            "date": frame["timestamp"],
            "modified": pd.to_datetime(modified, unit="s", utc=True),
        }
    )


def _modified(pathname: str) -> float | None:
    try:
        return os.stat(pathname).st_mtime  # noqa: PTH116 - a thousand paths an instant
    except OSError:
        return None


def _typed(columns: Any) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns, columns=list(COLUMNS)).astype(COLUMNS)

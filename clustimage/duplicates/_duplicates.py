"""From images to the table of groups: candidates by hashes, checks on pixels, average linkage."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from clustimage._core.logs import progress
from clustimage.duplicates._comparison import Match, compare
from clustimage.duplicates._hash_pairs import near_pairs
from clustimage.duplicates._hashes import hash_distance, hash_images
from clustimage.duplicates._keep import choose_kept
from clustimage.duplicates._linking import components, join
from clustimage.duplicates._picture import COMPARED_SIDE, Picture, PictureStore
from clustimage.images import Images, read_metadata, read_upright

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "Entries", "find_duplicates"]

COLUMNS = (
    *("group", "pathname", "kind", "distance", "keep", "sure", "scale", "difference"),
    *("width", "height", "bytes", "format", "exif", "date", "modified", "sharpness"),
)
ORDER = ("exact", "same pixels", "near", "turned", "mirrored", "burst")


@dataclass(frozen=True)
class Entries:
    """What may be in a group: files and arrays, and the image that shows each of them.

    Attributes
    ----------
    pathnames : list of str
        Each file once.
    rows : list of int
        Rows of images; files of the same bytes have the same row.
    """

    pathnames: list[str]
    rows: list[int]


class Search:
    """Finds the groups of some images."""

    def __init__(self, images: Images, max_distance: int, min_share: float, n_jobs: int | None):
        self.images, self.n_jobs = images, n_jobs
        self.max_distance, self.min_share = max_distance, min_share
        self.store = PictureStore(partial(_read_picture, images))
        self.hashes = hash_images(images.pixels)

    def groups(self, rows: Sequence[int]) -> list[list[int]]:
        """Return groups of rows that are versions of one photo."""
        near = near_pairs(self.hashes, np.array(rows), self.max_distance, n_jobs=self.n_jobs)
        candidates = list(zip(near.first.tolist(), near.second.tolist(), strict=True))
        linked = {
            (i, j)
            for i, j in progress(candidates, desc="Comparing candidates", unit="pair")
            if self.compare(i, j) is not None
        }
        found = []
        for part in components(linked):
            for n, i in enumerate(part):
                for j in part[n + 1 :]:
                    if (i, j) not in linked and self.compare(i, j) is not None:
                        linked.add((i, j))
            found += join(part, linked)
        return found

    def compare(self, one: int, other: int) -> Match | None:
        first, second = self.store.get(one), self.store.get(other)
        if first is None or second is None:
            return None
        _, orientation = hash_distance(self.hashes, one, other)
        return compare(first, second, orientation, self.min_share)


def find_duplicates(
    images: Images,
    entries: Entries,
    *,
    max_distance: int,
    min_share: float,
    keep: str,
    n_jobs: int | None = -1,
) -> pd.DataFrame:
    """Return the table of groups of duplicates."""
    import pandas as pd

    of_row: dict[int, list[int]] = {}
    for position, row in enumerate(entries.rows):
        of_row.setdefault(row, []).append(position)
    search = Search(images, max_distance, min_share, n_jobs)
    groups = search.groups(list(of_row))
    grouped = {row for group in groups for row in group}
    groups += [[row] for row, some in of_row.items() if len(some) > 1 and row not in grouped]
    members = sorted(sorted(p for row in group for p in of_row[row]) for group in groups)
    if not members:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})
    positions = [position for some in members for position in some]
    table = _facts([entries.pathnames[p] for p in positions], n_jobs)
    table["group"] = np.repeat(np.arange(len(members)), [len(some) for some in members])
    table["kind"], table["sharpness"] = "near", 0.0
    table["keep"] = choose_kept(table, keep=keep)
    table = _describe(table, [entries.rows[p] for p in positions], search)
    order = np.lexsort([~table["keep"].to_numpy(dtype=bool), table["group"].to_numpy()])
    return table.iloc[order].reset_index(drop=True)[list(COLUMNS)]


def _describe(table: pd.DataFrame, rows: list[int], search: Search) -> pd.DataFrame:
    """Fill in how each image of a group differs from the one that is kept."""
    kinds, distances, sure, scales, words = [], [], [], [], []
    kept_rows = {
        group: row
        for group, row, keep in zip(table["group"], rows, table["keep"], strict=True)
        if keep
    }
    for group, row in zip(table["group"], rows, strict=True):
        kept = kept_rows[group]
        if row == kept:
            kinds.append("exact"), distances.append(0), sure.append(1.0)
            scales.append(1.0), words.append("")
            continue
        match = search.compare(kept, row)
        distances.append(int(hash_distance(search.hashes, kept, row)[0]))
        if match is None:
            match = Match("near", np.nan, 0.0, ())
        kinds.append(match.kind), sure.append(match.sure)
        scales.append(match.scale), words.append(", ".join(match.changes))
    table = table.assign(kind=kinds, distance=distances, sure=sure, scale=scales, difference=words)
    others = table[~table["keep"]].groupby("group")["kind"]
    first = others.agg(lambda some: min(some, key=ORDER.index))
    table.loc[table["keep"], "kind"] = table.loc[table["keep"], "group"].map(first)
    return table


def _facts(pathnames: list[str], n_jobs: int | None) -> pd.DataFrame:
    import pandas as pd

    from clustimage.images import metadata_frame

    frame = metadata_frame(read_metadata(pathnames, n_jobs=n_jobs))
    modified = [_modified(name) for name in pathnames]
    return pd.DataFrame(
        {
            "pathname": pathnames,
            "width": frame["width"],
            "height": frame["height"],
            "bytes": frame["bytes"],
            "format": frame["format"],
            "exif": frame["timestamp"].notna() | frame["make"].ne(""),
            "date": frame["timestamp"],
            "modified": pd.to_datetime(modified, unit="s", utc=True),
        }
    )


def _modified(pathname: str) -> float | None:
    try:
        return os.stat(pathname).st_mtime  # noqa: PTH116
    except OSError:
        return None


def _read_picture(images: Images, row: int) -> Picture | None:
    source = None if images.sources is None else images.sources[row]
    if source is None:
        pixels = images.pixels[row]
        rgb = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
        return Picture(np.ascontiguousarray(rgb), *rgb.shape[:2])
    decoded = read_upright(source, _min_size, images.limits)
    if isinstance(decoded, str):
        return None
    return Picture(decoded.pixels, decoded.height, decoded.width)


def _min_size(height: int, width: int) -> tuple[int, int]:
    factor = min(1.0, COMPARED_SIDE / max(height, width))
    return max(1, round(height * factor)), max(1, round(width * factor))

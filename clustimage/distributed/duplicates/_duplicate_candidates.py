"""The tasks that look for duplicates, from the parts of all images to the rows of the table.

There is no shuffle. What is compared of an image is a hundred bytes long, so that a task which
takes the images with some values of a band can read those of all images and leave out the others:
nothing goes from worker to worker, so a worker that dies takes nothing with it, and there is no
file for each pair of a partition and a range of values. All tasks together read these bytes once
for each band and each million images: for ten million photos of 200 KB a sixth of what the photos
take, for a hundred million half as much again as they do.

An image is known by a number: that of its part, times 2³², and its position in the part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from clustimage.distributed._parts import (
    DamagedPartError,
    content_key,
    matrix_column,
    matrix_of,
    part_summary,
    read_part,
    write_part,
)
from clustimage.distributed._shared import read_shared
from clustimage.duplicates import (
    BandMembers,
    are_flat,
    band_values,
    pairs_in_band,
)

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "BandTask",
    "EqualFilesTask",
    "GatherTask",
    "Ids",
    "MergeTask",
    "find_equal_files",
    "find_pairs",
    "gather_hashes",
    "merge_pairs",
    "part_of",
    "read_pairs",
    "row_of",
]

ROW_BITS = 32
DIGEST_BYTES = 16
FACTS = ("width", "height", "bytes", "format", "exif", "date", "modified")

Ids = npt.NDArray[np.int64]


def part_of(ids: Any) -> Any:
    """Return the numbers of the parts of some images."""
    return ids >> ROW_BITS


def row_of(ids: Any) -> Any:
    """Return the positions of some images in their parts."""
    return ids & (2**ROW_BITS - 1)


@dataclass(frozen=True)
class GatherTask:
    """Parts whose digests and hashes go into one file.

    Attributes
    ----------
    parts : tuple of (int, str)
        Number and URL of each.
    folder : str
        For the file.
    """

    parts: tuple[tuple[int, str], ...]
    folder: str

    @property
    def url(self) -> str:
        """Where the file is."""
        names = [[number, url.rpartition("/")[2]] for number, url in self.parts]
        return f"{self.folder}/hashes-{content_key(names)}.parquet"


def gather_hashes(task: GatherTask) -> dict[str, Any] | DamagedPartError:
    """Write what is compared of the images of some parts into one file, unless it is there."""
    import pyarrow as pa

    known = part_summary(task.url)
    if known is not None:
        return known
    tables = []
    for number, url in task.parts:
        try:
            table = read_part(url)
        except DamagedPartError as exc:
            return exc
        if "digest" in table.column_names:
            tables.append(_compared(number, table))
    empty = pa.table({"id": pa.array([], pa.int64())})
    whole = pa.concat_tables([*tables, empty], promote_options="default")
    n_read = int(np.count_nonzero(whole["read"])) if tables else 0
    summary = {"n": len(whole), "n_read": n_read}
    write_part(task.url, whole, summary)
    return summary


def _compared(number: int, table: pa.Table) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    read = np.asarray(table["status"]) == "ok"
    digest = pc.fill_null(table["digest"], b"")
    known = read | np.asarray(pc.greater(pc.binary_length(digest), 0))
    n = len(table)
    if "whole" in table.column_names:
        hashes = [matrix_of(table[name]) for name in ("whole", "inner")]
    else:
        hashes = [np.zeros((n, 32), np.uint8)] * 2
    columns = {
        "id": pa.array((number << ROW_BITS) + np.arange(n, dtype=np.int64)),
        "read": pa.array(read),
        "digest": digest,
        "file": table["file"],
        "is_link": table["is_link"],
        "whole": matrix_column(hashes[0]),
        "inner": matrix_column(hashes[1]),
    }
    return pa.table(columns).filter(pa.array(known))


@dataclass(frozen=True)
class EqualFilesTask:
    """Files of some digests that are to be compared.

    Attributes
    ----------
    hashes : tuple of str
        URLs of what `gather_hashes` has written.
    number, n_ranges : int
        Which of how many ranges of digests.
    read_only : bool
        Whether files that are no images are left out.
    """

    hashes: tuple[str, ...]
    number: int
    n_ranges: int
    read_only: bool


def find_equal_files(task: EqualFilesTask) -> tuple[list[list[int]], list[int]] | DamagedPartError:
    """Return the images whose files have the same bytes, and those that are there already.

    Returns
    -------
    groups : list of list of int
        Two or more in each, in their order.
    again : list of int
        Images that are reached through a link, or listed twice.
    """
    found = []
    for url in task.hashes:
        try:
            table = read_part(url)
        except DamagedPartError as exc:
            return exc
        if not len(table):
            continue
        lengths = np.array([len(one) for one in table["digest"].to_pylist()])
        wanted = lengths == DIGEST_BYTES
        if task.read_only:
            wanted &= np.asarray(table["read"])
        digests = np.frombuffer(b"".join(table["digest"].to_pylist()), "<u8").reshape(-1, 2)
        table, digests = table.filter(wanted), digests[wanted[lengths > 0]]
        here = digests[:, 0] % np.uint64(task.n_ranges) == task.number
        names = ("id", "file", "is_link")
        found.append((digests[here], *(np.asarray(table[name])[here] for name in names)))
    if not found:
        return [], []
    digests, ids, files, links = map(np.concatenate, zip(*found, strict=True))
    order = np.lexsort((ids, digests[:, 1], digests[:, 0]))
    new = np.r_[True, (np.diff(digests[order], axis=0) != 0).any(axis=1)]
    starts = np.flatnonzero(new)
    ends = np.r_[starts[1:], len(order)]
    groups: list[list[int]] = []
    again: list[int] = []
    for start, end in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True):
        seen: set[int] = set()
        group: list[int] = []
        some = order[start:end]
        for at in some[np.lexsort((ids[some], links[some]))].tolist():
            (again if files[at] in seen else group).append(int(ids[at]))
            seen.add(files[at])
        if len(group) > 1:
            groups.append(sorted(group))
    return groups, again


@dataclass(frozen=True)
class BandTask:
    """Images with some values of a band.

    Attributes
    ----------
    hashes : tuple of str
        URLs of what `gather_hashes` has written.
    left_out : str
        URL of the images that are not compared.
    band, width : int
        Number and bits of the band.
    max_distance : int
        As for `Wanted`.
    orientations : tuple of int
        In which images are compared.
    number, n_ranges : int
        Which of how many ranges of values.
    folder : str
        For the pairs.
    """

    hashes: tuple[str, ...]
    left_out: str
    band: int
    width: int
    max_distance: int
    orientations: tuple[int, ...]
    number: int
    n_ranges: int
    folder: str

    @property
    def url(self) -> str:
        """Where the pairs are."""
        names = [url.rpartition("/")[2] for url in (*self.hashes, self.left_out)]
        settings = [self.band, self.width, self.max_distance, list(self.orientations)]
        key = content_key(names, settings, [self.number, self.n_ranges])
        return f"{self.folder}/pairs-{key}.parquet"


def find_pairs(task: BandTask) -> int | DamagedPartError:
    """Write the pairs of images that have a value in common and are near; return how many."""
    known = part_summary(task.url)
    if known is not None:
        return int(known["n"])
    left_out = read_shared(task.left_out)["ids"]
    found = []
    for url in task.hashes:
        try:
            table = read_part(url, ["id", "read", "whole", "inner"])
        except DamagedPartError as exc:
            return exc
        if len(table):
            found.append(_members(table, left_out, task))
    pairs = np.empty((2, 0), np.int64)
    if found:
        members = BandMembers(*map(np.concatenate, zip(*found, strict=True)))
        pairs = pairs_in_band(members, task.band, task.width, task.max_distance, task.orientations)
    return _write_pairs(task.url, pairs)


def _members(table: pa.Table, left_out: Ids, task: BandTask) -> BandMembers:
    ids = table["id"].to_numpy()
    whole, inner = matrix_of(table["whole"]), matrix_of(table["inner"])
    compared = np.asarray(table["read"]) & ~np.isin(ids, left_out) & ~are_flat(whole)
    ids, whole, inner = ids[compared], whole[compared], inner[compared]
    of_whole, of_inner = (
        band_values(packed, task.band, task.width, task.orientations) for packed in (whole, inner)
    )
    has_whole = of_whole % task.n_ranges == task.number
    has_inner = (of_inner % task.n_ranges == task.number) & (of_inner != of_whole)
    here = has_whole | has_inner
    return BandMembers(ids[here], whole[here], inner[here], has_whole[here], has_inner[here])


def _write_pairs(url: str, pairs: Ids) -> int:
    import pyarrow as pa

    table = pa.table({"first": pa.array(pairs[0]), "second": pa.array(pairs[1])})
    write_part(url, table, {"n": pairs.shape[1]})
    return int(pairs.shape[1])


def read_pairs(url: str) -> Ids:
    table = read_part(url)
    return np.stack([table["first"].to_numpy(), table["second"].to_numpy()])


@dataclass(frozen=True)
class MergeTask:
    """Pairs of all bands whose first image is in some parts.

    Attributes
    ----------
    pairs : tuple of str
        URLs of what `find_pairs` has written.
    start, stop : int
        Numbers of the parts.
    folder : str
        For the pairs.
    """

    pairs: tuple[str, ...]
    start: int
    stop: int
    folder: str

    @property
    def url(self) -> str:
        """Where the pairs are."""
        names = [url.rpartition("/")[2] for url in self.pairs]
        return f"{self.folder}/candidates-{content_key(names, [self.start, self.stop])}.parquet"


def merge_pairs(task: MergeTask) -> int | DamagedPartError:
    """Write each pair once, in their order; return how many."""
    known = part_summary(task.url)
    if known is not None:
        return int(known["n"])
    found = [np.empty((2, 0), np.int64)]
    for url in task.pairs:
        try:
            pairs = read_pairs(url)
        except DamagedPartError as exc:
            return exc
        part = part_of(pairs[0])
        found.append(pairs[:, (part >= task.start) & (part < task.stop)])
    return _write_pairs(task.url, np.unique(np.concatenate(found, axis=1), axis=1))

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

import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from clustimage._core.errors import StoreError
from clustimage._core.logs import at_verbosity
from clustimage._core.object_store import fetch_to, is_store_url
from clustimage.distributed._partitions import SHARD, read_listing
from clustimage.distributed._parts import (
    DamagedPartError,
    content_key,
    matrix_column,
    matrix_of,
    part_summary,
    read_part,
    write_part,
)
from clustimage.distributed._reading import FETCHED_AT_ONCE, _ending, _local_copy
from clustimage.distributed._run_settings import ReadSettings
from clustimage.distributed._shared import read_shared
from clustimage.duplicates import (
    BandMembers,
    DuplicateSearch,
    Entries,
    Match,
    Wanted,
    are_flat,
    band_values,
    duplicate_table,
    pairs_in_band,
)
from clustimage.images import Images, load_images, take_images
from clustimage.images.exif._timestamps import as_datetimes
from clustimage.images.reading._listing import encodable

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = [
    "BandTask",
    "CompareTask",
    "DescribeTask",
    "EqualFilesTask",
    "GatherTask",
    "MergeTask",
    "compare_pairs",
    "describe_groups",
    "find_equal_files",
    "find_pairs",
    "gather_hashes",
    "merge_pairs",
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
        hashes = [_rows_of(table[name], n) for name in ("whole", "inner")]
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


def _rows_of(column: pa.ChunkedArray, n: int) -> npt.NDArray[np.uint8]:
    """Return a column of hashes, zeros where a row has none."""
    out = np.zeros((n, column.type.list_size), np.uint8)
    out[np.asarray(column.is_valid())] = matrix_of(column.drop_null())
    return out


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


def _read_pairs(url: str) -> Ids:
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
            pairs = _read_pairs(url)
        except DamagedPartError as exc:
            return exc
        part = part_of(pairs[0])
        found.append(pairs[:, (part >= task.start) & (part < task.stop)])
    return _write_pairs(task.url, np.unique(np.concatenate(found, axis=1), axis=1))


@dataclass(frozen=True)
class CompareTask:
    """Candidates that are to be compared on their pixels.

    Attributes
    ----------
    pairs : str
        URL of what `merge_pairs` has written.
    start, stop : int
        Which of them.
    parts : str
        URL of the parts and listings.
    settings : ReadSettings
        How images are read.
    wanted : Wanted
        What counts as a duplicate.
    folder : str
        For the result.
    """

    pairs: str
    start: int
    stop: int
    parts: str
    settings: ReadSettings
    wanted: Wanted
    folder: str

    @property
    def url(self) -> str:
        """Where the result is."""
        wanted = [list(self.wanted.kinds), self.wanted.min_share, self.settings.key]
        names = [self.pairs.rpartition("/")[2], self.parts.rpartition("/")[2]]
        return (
            f"{self.folder}/versions-{content_key(names, [self.start, self.stop], wanted)}.parquet"
        )


def compare_pairs(task: CompareTask) -> pa.Table | DamagedPartError:
    """Return those of the candidates that are versions of one photo, each with its `Match`.

    They are kept as a part.
    """
    import pyarrow as pa

    try:
        if part_summary(task.url) is not None:
            return read_part(task.url)
        pairs = _read_pairs(task.pairs)[:, task.start : task.stop]
        with _images_of(np.unique(pairs), task.parts, task.settings) as (images, rows):
            assert images is not None
            search = DuplicateSearch(images, task.wanted, n_jobs=1)
            there = [pair for pair in pairs.T.tolist() if pair[0] in rows and pair[1] in rows]
            matches = search.compare_all([(rows[one], rows[other]) for one, other in there])
    except DamagedPartError as exc:
        return exc
    found = [
        (*pair, *match)
        for pair, match in zip(there, matches, strict=True)
        if match is not None and match.kind in task.wanted.kinds
    ]
    first, second, kind, scale, sure, changes = zip(*found, strict=True) if found else [()] * 6
    table = pa.table(
        {
            "first": pa.array(first, pa.int64()),
            "second": pa.array(second, pa.int64()),
            "kind": pa.array(kind, pa.string()),
            "scale": pa.array(scale, pa.float64()),
            "sure": pa.array(sure, pa.float64()),
            "changes": pa.array(changes, pa.list_(pa.string())),
        }
    )
    write_part(task.url, table, {"n": len(table)})
    return table


@dataclass(frozen=True)
class DescribeTask:
    """Images that are connected as versions of one photo, and become rows of the table.

    Attributes
    ----------
    connected : tuple of tuple of tuple of int
        Sets of images; in a set each image with those whose files have the same bytes.
    links : pyarrow.Table
        Pairs of these as `compare_pairs` returns them.
    parts, settings, wanted, folder
        As for `CompareTask`.
    keep, prefer, protect
        As for `choose_kept`.
    """

    connected: tuple[tuple[tuple[int, ...], ...], ...]
    links: pa.Table
    parts: str
    settings: ReadSettings
    wanted: Wanted
    keep: str
    prefer: tuple[str, ...]
    protect: tuple[str, ...]
    folder: str

    @property
    def url(self) -> str:
        """Where the rows are."""
        wanted = [list(self.wanted.kinds), self.wanted.min_share, self.wanted.max_distance]
        rules = [self.keep, list(self.prefer), list(self.protect)]
        ids = np.array([one for some in self.connected for same in some for one in (*same, -1)])
        name = self.parts.rpartition("/")[2]
        sizes = [len(some) for some in self.connected]
        key = content_key(ids.tobytes(), sizes, name, wanted, rules, self.settings.key)
        return f"{self.folder}/duplicates-{key}.parquet"


def describe_groups(task: DescribeTask) -> pa.Table | DamagedPartError:
    """Return the rows of the table of duplicates, with ``first``, the first image of each group."""
    import pandas as pd
    import pyarrow as pa

    try:
        if part_summary(task.url) is not None:
            return read_part(task.url)
        facts = _facts_of(task)
        known = _known_matches(task)
        reps = [same[0] for some in task.connected if len(some) > 1 for same in some]
        tables = []
        with _images_of(np.array(reps, np.int64), task.parts, task.settings) as (images, rows):
            for some, matches in zip(task.connected, known, strict=True):
                tables.append(_table_of(some, facts, matches, images, rows, task))
    except DamagedPartError as exc:
        return exc
    table = pa.Table.from_pandas(pd.concat(tables), preserve_index=False)
    write_part(task.url, table, {"n": len(table)})
    return table.replace_schema_metadata()


def _known_matches(task: DescribeTask) -> list[dict[tuple[int, int], Match]]:
    """Return, for each set of images, what is known of pairs of them."""
    set_of = {same[0]: number for number, some in enumerate(task.connected) for same in some}
    found: list[dict[tuple[int, int], Match]] = [{} for _ in task.connected]
    rows = zip(*task.links.to_pydict().values(), strict=True)
    for first, second, kind, scale, sure, changes in rows:
        found[set_of[first]][first, second] = Match(kind, scale, sure, tuple(changes))
    return found


def _table_of(
    some: Sequence[Sequence[int]],
    facts: pd.DataFrame,
    matches: Mapping[tuple[int, int], Match],
    images: Images | None,
    rows: dict[int, int],
    task: DescribeTask,
) -> pd.DataFrame:
    """Return the rows of one set of connected images."""
    chosen, known = None, {}
    if len(some) > 1 and images is not None:
        some = [same for same in some if same[0] in rows]
        chosen = take_images(images, np.array([rows[same[0]] for same in some], np.intp))
        at = {same[0]: number for number, same in enumerate(some)}
        known = {
            (at[one], at[other]): match
            for (one, other), match in matches.items()
            if one in at and other in at
        }
    entries = sorted((one, number) for number, same in enumerate(some) for one in same)
    ids = [one for one, _ in entries]
    of_set = facts.loc[ids].reset_index(drop=True)
    names = of_set["pathname"].tolist()
    table = duplicate_table(
        chosen,
        Entries(names, [number for _, number in entries]),
        task.wanted,
        keep=task.keep,
        prefer=task.prefer,
        protect=task.protect,
        n_jobs=1,
        facts=of_set,
        known=known,
    )
    id_of = dict(zip(map(encodable, names), ids, strict=True))
    table["first"] = table["pathname"].map(id_of).astype("int64")
    table["first"] = table.groupby("group")["first"].transform("min")
    return table


def _facts_of(task: DescribeTask) -> pd.DataFrame:
    """Return size, format and dates of all images of a task, by their numbers."""
    import pandas as pd

    ids = np.array([one for some in task.connected for same in some for one in same], np.int64)
    paths = _paths_of(ids, task.parts)
    tables = []
    parts = read_shared(task.parts)["part"]
    for number in np.unique(part_of(ids)).tolist():
        some = ids[part_of(ids) == number]
        table = read_part(str(parts[number]), FACTS).take(row_of(some)).to_pydict()
        names = [paths[one] for one in some.tolist()]
        frame = pd.DataFrame({"pathname": pd.Series(names, index=some, dtype=object)})
        for name in ("width", "height", "bytes"):
            frame[name] = pd.array(table[name], dtype="Int64")
        frame["format"] = [one or "" for one in table["format"]]
        frame["exif"] = np.array([bool(one) for one in table["exif"]], bool)
        frame["date"] = as_datetimes(table["date"])
        frame["modified"] = pd.to_datetime(table["modified"], unit="s", utc=True)
        tables.append(frame)
    return pd.concat(tables)


def _paths_of(ids: Ids, parts: str) -> dict[int, str]:
    """Return the paths or URLs of some images."""
    shared = read_shared(parts)
    found: dict[int, str] = {}
    for number in np.unique(part_of(ids)).tolist():
        some = ids[part_of(ids) == number]
        listed = read_listing(str(shared["listing"][number]))
        names = [one.path for one in listed]
        if listed[0].is_shard:
            names = read_part(str(shared["part"][number]), ["pathname"])["pathname"].to_pylist()
        rows = row_of(some).tolist()
        found |= {one: names[row] for one, row in zip(some.tolist(), rows, strict=True)}
    return found


@contextmanager
def _images_of(
    ids: Ids, parts: str, settings: ReadSettings
) -> Iterator[tuple[Images | None, dict[int, int]]]:
    """Read some images; provide them, and the row of each that can still be read.

    Their files are there as long as they are used.
    """
    if not len(ids):
        yield None, {}
        return
    with tempfile.TemporaryDirectory(prefix="clustimage-") as folder, at_verbosity("silent"):
        paths = _paths_of(ids, parts)
        local = _fetch_all([paths[one] for one in ids.tolist()], Path(folder))
        images = load_images(
            local,
            dim=settings.dim,
            grayscale=settings.grayscale,
            n_jobs=1,
            max_pixels=settings.max_pixels,
            download_dir=folder,
            allow_none=True,
        )
        read = [row.status == "ok" for row in images.status if row.is_input]
        yield images, {one: row for row, one in enumerate(ids[read].tolist())}


def _fetch_all(paths: Sequence[str], folder: Path) -> list[str]:
    """Return where the files of some images are: those of stores are fetched to a folder.

    What cannot be fetched any more is not there.
    """
    local = list(paths)
    fetched: list[tuple[str, Path]] = []
    members: defaultdict[str, list[tuple[str, Path]]] = defaultdict(list)
    for number, path in enumerate(paths):
        target = folder / f"{number:05d}{_ending(path.partition('::')[0])}"
        if path.startswith("tar://") and path.lower().endswith(SHARD):
            name, _, shard = path.removeprefix("tar://").rpartition("::")
            members[shard].append((name, target))
            local[number] = str(target)
        elif is_store_url(path):
            fetched.append((path, target))
            local[number] = str(target)
    with ThreadPoolExecutor(FETCHED_AT_ONCE) as pool:
        list(pool.map(_fetch, fetched))
    for shard, some in members.items():
        with _local_copy(shard) as at, tarfile.open(at) as opened:
            for name, target in some:
                content = opened.extractfile(name)
                assert content is not None
                target.write_bytes(content.read())
    return local


def _fetch(item: tuple[str, Path]) -> None:
    try:
        fetch_to(*item)
    except StoreError as exc:
        if not isinstance(exc, FileNotFoundError | PermissionError):
            raise

"""The tasks that compare candidates on pixels, and describe the groups that they form."""

from __future__ import annotations

import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clustimage._core.errors import StoreError
from clustimage._core.logs import at_verbosity
from clustimage._core.object_store import fetch_to, is_store_url
from clustimage.distributed._partitions import SHARD, read_listing
from clustimage.distributed._parts import (
    DamagedPartError,
    content_key,
    part_summary,
    read_part,
    write_part,
)
from clustimage.distributed._reading import FETCHED_AT_ONCE, ending_of, local_copy
from clustimage.distributed._run_settings import ReadSettings
from clustimage.distributed._shared import read_shared
from clustimage.distributed.duplicates._duplicate_candidates import (
    FACTS,
    Ids,
    part_of,
    read_pairs,
    row_of,
)
from clustimage.duplicates import (
    DuplicateSearch,
    Entries,
    Match,
    Wanted,
    duplicate_table,
)
from clustimage.images import Images, load_images, take_images
from clustimage.images.exif._timestamps import as_datetimes
from clustimage.images.reading._listing import encodable

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["CompareTask", "DescribeTask", "compare_pairs", "describe_groups"]


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
        pairs = read_pairs(task.pairs)[:, task.start : task.stop]
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
        target = folder / f"{number:05d}{ending_of(path.partition('::')[0])}"
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
        with local_copy(shard) as at, tarfile.open(at) as opened:
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

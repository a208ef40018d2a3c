"""The search for duplicates, step by step, on the workers of an engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.logs import get_logger
from clustimage._core.object_store import remove
from clustimage._core.text import pluralize
from clustimage.distributed._engine import Engine
from clustimage.distributed._parts import DamagedPartError, write_part
from clustimage.distributed._reading import ReadTask
from clustimage.distributed._run import ReadParts, alive, one_result, remake
from clustimage.distributed._shared import write_shared
from clustimage.distributed.duplicates._duplicate_candidates import (
    BandTask,
    EqualFilesTask,
    GatherTask,
    MergeTask,
    find_equal_files,
    find_pairs,
    gather_hashes,
    merge_pairs,
)
from clustimage.distributed.duplicates._duplicate_comparison import (
    CompareTask,
    DescribeTask,
    compare_pairs,
    describe_groups,
)
from clustimage.duplicates import COLUMNS, N_BANDS, Wanted, band_width, components, typed_table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["find_duplicates"]

logger = get_logger(__name__)

IMAGES_PER_FILE = 200_000  # whose hashes are read at a time
IMAGES_PER_TASK = 1_000_000  # that are compared in one band at a time
PAIRS_PER_FILE = 1_000_000
PAIRS_PER_TASK = 256  # that are compared on their pixels; each image is read for it
IMAGES_DESCRIBED_PER_TASK = 256
ALL_ORIENTATIONS = tuple(range(8))


def find_duplicates(
    engine: Engine,
    parts: ReadParts,
    wanted: Wanted,
    folder: str,
    *,
    keep: str,
    prefer: Sequence[str],
    protect: Sequence[str],
) -> pd.DataFrame:
    """Return the table of duplicates of all images.

    This process holds what is a duplicate, but neither all images nor all candidates.

    Parameters
    ----------
    engine : Engine
        Does the work.
    parts : ReadParts
        Made for duplicates.
    wanted : Wanted
        What counts as a duplicate.
    folder : str
        Path or URL for what is computed, and for the table, ``duplicates.parquet``.
    keep, prefer, protect
        As for `choose_kept`.
    """
    search = Search(engine, parts, wanted, f"{folder}/work/duplicates")
    same = search.equal_files()
    links = None if wanted.kinds == ("exact",) else search.versions(same)
    table = search.describe(same, links, keep, tuple(prefer), tuple(protect))
    _write_table(table, f"{folder}/duplicates.parquet")
    return table


class Search:
    """What all steps of one search need.

    Parameters
    ----------
    engine, parts, wanted
        As for `find_duplicates`.
    folder : str
        For what is computed.
    """

    def __init__(self, engine: Engine, parts: ReadParts, wanted: Wanted, folder: str) -> None:
        self.engine, self.wanted, self.folder = engine, wanted, folder
        self.settings = parts.tasks[0].settings
        self.tasks: Mapping[str, ReadTask] = {task.url: task for task in parts.tasks}
        self.parts = write_shared(
            folder,
            "parts",
            part=[task.url for task in parts.tasks],
            listing=[task.partition.listing for task in parts.tasks],
        )
        self.n_parts = len(parts.tasks)
        gather = [GatherTask(some, folder) for some in _files_of(parts)]
        found = dict(self.run(gather_hashes, gather, "Gathering hashes"))
        self.hashes = tuple(task.url for task in gather)
        self.n = sum(found[task]["n"] for task in gather)
        self.n_read = sum(found[task]["n_read"] for task in gather)

    def run(
        self, function: Callable[[Any], Any], tasks: Sequence[Any], desc: str
    ) -> Iterator[tuple[Any, Any]]:
        """Yield tasks with their results as they are done; parts that are damaged are remade."""
        for task, result in self.engine.map(function, tasks, desc=desc, total=len(tasks)):
            found = alive(result, function)
            if isinstance(found, DamagedPartError) and found.url in self.tasks:
                remake(self.engine, self.tasks[found.url], found)
                found = one_result(self.engine, function, task)
            if isinstance(found, DamagedPartError):
                remove(found.url)
                raise InvalidDataError(f"{found} It is removed: the same call makes it again.")
            yield task, found

    def equal_files(self) -> dict[int, tuple[int, ...]]:
        """Return the images whose files have the same bytes, by the first of each group."""
        read_only = self.wanted.kinds != ("exact",)
        n_ranges = math.ceil(max(1, self.n) / IMAGES_PER_TASK)
        tasks = [
            EqualFilesTask(self.hashes, number, n_ranges, read_only) for number in range(n_ranges)
        ]
        groups: list[list[int]] = []
        self.again: list[int] = []
        for _, (some, again) in self.run(find_equal_files, tasks, "Comparing files"):
            groups += some
            self.again += again
        return {group[0]: tuple(group) for group in groups}

    def candidates(self, same: Mapping[int, tuple[int, ...]]) -> dict[MergeTask, int]:
        """Return the files of candidates, and how many pairs there are in each.

        Of files with the same bytes only the first is looked at.
        """
        others = [one for group in same.values() for one in group[1:]]
        left_out = write_shared(
            self.folder, "copies", ids=np.array(sorted([*others, *self.again]), np.int64)
        )
        turned = bool({"turned", "mirrored"} & set(self.wanted.kinds))
        n_ranges = math.ceil(max(1, self.n_read) / IMAGES_PER_TASK)
        bands = [
            BandTask(
                self.hashes,
                left_out,
                band,
                band_width(self.n_read),
                self.wanted.max_distance,
                ALL_ORIENTATIONS if turned else (0,),
                number,
                n_ranges,
                self.folder,
            )
            for band in range(N_BANDS)
            for number in range(n_ranges)
        ]
        n_pairs = sum(n for _, n in self.run(find_pairs, bands, "Comparing hashes"))
        # Of most pairs that are found in several bands, one is left.
        n_files = min(self.n_parts, math.ceil(max(1, n_pairs) / PAIRS_PER_FILE))
        edges = np.linspace(0, self.n_parts, n_files + 1).round().astype(int).tolist()
        urls = tuple(task.url for task in bands)
        merge = [
            MergeTask(urls, start, stop, self.folder)
            for start, stop in zip(edges[:-1], edges[1:], strict=True)
        ]
        sizes = dict(self.run(merge_pairs, merge, "Merging candidates"))
        logger.info("Candidates: %s.", pluralize(sum(sizes.values()), "pair"))
        return {task: sizes[task] for task in merge}

    def versions(self, same: Mapping[int, tuple[int, ...]]) -> pa.Table | None:
        """Return the pairs of images that are versions of one photo, as `compare_pairs` does."""
        import pyarrow as pa

        tasks = [
            CompareTask(
                task.url,
                start,
                min(start + PAIRS_PER_TASK, n_pairs),
                self.parts,
                self.settings,
                self.wanted,
                self.folder,
            )
            for task, n_pairs in self.candidates(same).items()
            for start in range(0, n_pairs, PAIRS_PER_TASK)
        ]
        found = [table for _, table in self.run(compare_pairs, tasks, "Comparing candidates")]
        return pa.concat_tables(found) if found else None

    def describe(
        self,
        same: dict[int, tuple[int, ...]],
        links: pa.Table | None,
        keep: str,
        prefer: tuple[str, ...],
        protect: tuple[str, ...],
    ) -> pd.DataFrame:
        """Return the table of all groups."""
        import pyarrow as pa

        pairs: list[tuple[int, int]] = []
        if links is not None:
            links = links.sort_by([("first", "ascending"), ("second", "ascending")])
            pairs = list(zip(links["first"].to_pylist(), links["second"].to_pylist(), strict=True))
        connected = [tuple(same.pop(one, (one,)) for one in some) for some in components(pairs)]
        connected += [(copies,) for copies in same.values()]
        batches = list(_batches(sorted(connected)))
        batch_of = {
            copies[0]: i for i, some in enumerate(batches) for one in some for copies in one
        }
        of_batch = np.array([batch_of[first] for first, _ in pairs], np.intp)
        nothing = pa.table({"first": pa.array([], pa.int64())})
        tasks = [
            DescribeTask(
                some,
                nothing if links is None else links.filter(pa.array(of_batch == number)),
                self.parts,
                self.settings,
                self.wanted,
                keep,
                prefer,
                protect,
                self.folder,
            )
            for number, some in enumerate(batches)
        ]
        tables = [table for _, table in self.run(describe_groups, tasks, "Describing")]
        if not tables:
            return typed_table({name: [] for name in COLUMNS})
        table = pa.concat_tables(tables).to_pandas()
        # Groups in the order of their first images, rows as they come.
        table = table.sort_values("first", kind="stable", ignore_index=True)
        table["group"] = np.unique(table["first"], return_inverse=True)[1]
        return typed_table(table.drop(columns="first"))


def _files_of(parts: ReadParts) -> Iterator[tuple[tuple[int, str], ...]]:
    """Yield the parts whose hashes go into one file."""
    some: list[tuple[int, str]] = []
    n = 0
    for task, summary in zip(parts.tasks, parts.summaries, strict=True):
        some.append((task.partition.number, task.url))
        n += summary["n"]
        if n >= IMAGES_PER_FILE:
            yield tuple(some)
            some, n = [], 0
    if some:
        yield tuple(some)


def _batches(
    connected: Sequence[tuple[tuple[int, ...], ...]],
) -> Iterator[tuple[tuple[tuple[int, ...], ...], ...]]:
    """Yield sets of images that are described by one task."""
    some: list[tuple[tuple[int, ...], ...]] = []
    n = 0
    for one in connected:
        some.append(one)
        n += sum(map(len, one))
        if n >= IMAGES_DESCRIBED_PER_TASK:
            yield tuple(some)
            some, n = [], 0
    if some:
        yield tuple(some)


def _write_table(table: pd.DataFrame, url: str) -> None:
    import pyarrow as pa

    write_part(url, pa.Table.from_pandas(table, preserve_index=False), {"n": len(table)})

"""An approximate index of all rows: lists of each part by workers, merged into a file here."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from clustimage._core.object_store import exists, fetch_to, is_store_url, write_bytes
from clustimage._distances.pairs import distances
from clustimage.distributed._engine import Engine
from clustimage.distributed._finding import Hits, first_rows
from clustimage.distributed._parts import DamagedPartError, content_key, read_part
from clustimage.distributed._rows import RowPart, read_rows
from clustimage.distributed._run import repaired
from clustimage.distributed._shared import read_shared, write_shared
from clustimage.similarity import ApproximateIndex

__all__ = ["build_index", "find_in_index"]

ROWS_OF_SAMPLE_PER_LIST = 64


@dataclass(frozen=True)
class IndexTask:
    """Rows of a part that are to be put into lists.

    Attributes
    ----------
    part : RowPart
        Where the features are.
    trained : str
        URL of the index without rows.
    first : int
        Number of its first row in the data set.
    folder : str
        Where the lists go.
    """

    part: RowPart
    trained: str
    first: int
    folder: str

    @property
    def url(self) -> str:
        """Where the lists are."""
        part = self.part
        made_of = [
            part.url,
            list(part.groups or ()),
            [list(one) for one in part.scales],
            self.first,
        ]
        return f"{self.folder}/lists-{content_key(made_of, self.trained.rpartition('/')[2])}.faiss"


def index_rows(task: IndexTask) -> int | DamagedPartError:
    """Write the lists of the rows of a part, unless they are there."""
    import faiss

    if exists(task.url):
        return 0
    try:
        rows = read_rows(task.part)
    except DamagedPartError as exc:
        return exc
    index = _opened(read_shared(task.trained))
    if len(rows.feat):
        index.add(rows.feat, np.flatnonzero(rows.read) + task.first)
    write_bytes(task.url, faiss.serialize_index(index.lists).tobytes())
    return 0


def _opened(shared: dict[str, Any]) -> ApproximateIndex:
    import faiss

    lists: Any = faiss.deserialize_index(np.array(shared["lists"]))
    lists.nprobe = int(shared["nprobe"])
    return ApproximateIndex(str(shared["metric"]), shared["mean"], shared["scale"], lists)


def build_index(
    engine: Engine,
    row_parts: Sequence[RowPart],
    sample: npt.NDArray[np.float32],
    metric: str,
    folder: str,
) -> ApproximateIndex:
    """Put all rows into lists whose centres come from a sample.

    Parameters
    ----------
    engine : Engine
        Does the work.
    row_parts : sequence of RowPart
        Where the features are.
    sample : ndarray of shape (s, d)
        Some of them.
    metric : str
        As for `ApproximateIndex`.
    folder : str
        For the lists of the parts, which are kept.

    Raises
    ------
    InvalidParameterError, MissingDependencyError
        As `ApproximateIndex.build`.
    """
    trained = ApproximateIndex.train(sample, metric, max(1, len(sample) // ROWS_OF_SAMPLE_PER_LIST))
    import faiss
    from faiss.contrib.ondisk import merge_ondisk

    shared = write_shared(
        folder,
        "index",
        lists=faiss.serialize_index(trained.lists),
        nprobe=trained.lists.nprobe,
        metric=metric,
        mean=trained.mean,
        scale=trained.scale,
    )
    starts = first_rows(row_parts)
    tasks = [
        IndexTask(part, shared, first, folder)
        for part, first in zip(row_parts, starts, strict=True)
    ]
    for task, found in engine.map(index_rows, tasks, desc="Indexing images", total=len(tasks)):
        repaired(engine, index_rows, task, found, task.part.task)
    with tempfile.TemporaryDirectory(prefix="clustimage-") as copies:
        paths = [_local_copy(task.url, Path(copies)) for task in tasks]
        # The file stays open, and is gone with the index.
        merge_ondisk(trained.lists, paths, str(Path(copies) / "merged"))
    trained.log()
    return trained


def _local_copy(url: str, folder: Path) -> str:
    if not is_store_url(url):
        return url
    target = folder / url.rpartition("/")[2]
    fetch_to(url, target)
    return str(target)


@dataclass(frozen=True)
class RowsTask:
    """Some rows of a part that are wanted.

    Attributes
    ----------
    part : RowPart
        Where the features are.
    labels : str
        Part of the data set with the same rows.
    inputs : tuple of int
        Positions in the part.
    """

    part: RowPart
    labels: str
    inputs: tuple[int, ...]


def take_rows(task: RowsTask) -> tuple[Any, ...] | DamagedPartError:
    """Return features, paths, names and labels of some rows."""
    try:
        rows = read_rows(task.part)
        table = read_part(task.labels, ["pathname", "filename", "label"])
    except DamagedPartError as exc:
        return exc
    at = np.cumsum(rows.read)[list(task.inputs)] - 1
    names = table.take(list(task.inputs)).to_pydict()
    return rows.feat[at], names["pathname"], names["filename"], names["label"]


def find_in_index(
    engine: Engine,
    index: ApproximateIndex,
    row_parts: Sequence[RowPart],
    labels: str,
    queries: npt.NDArray[np.float32],
    k: int,
) -> list[Hits]:
    """Return most of the k rows nearest to each query, with their exact distances.

    Parameters
    ----------
    engine : Engine
        Reads the rows that the index names.
    index : ApproximateIndex
        From `build_index`.
    row_parts, labels, queries
        As for `find_in_parts`.
    k : int
        Number of the nearest.
    """
    candidates = index.search(queries, k)
    wanted = np.unique(np.concatenate(candidates)) if candidates else np.zeros(0, np.int64)
    starts = np.array(first_rows(row_parts))
    of_part = np.searchsorted(starts, wanted, side="right") - 1
    tasks = [
        RowsTask(
            row_parts[number],
            f"{labels}/part-{row_parts[number].number:06d}.parquet",
            tuple((wanted[of_part == number] - starts[number]).tolist()),
        )
        for number in np.unique(of_part)
    ]
    rows: dict[int, tuple[Any, ...]] = {}
    for task, result in engine.map(take_rows, tasks, desc="Reading rows", total=len(tasks)):
        feat, *names = repaired(engine, take_rows, task, result, task.part.task)
        first = starts[[part is task.part for part in row_parts].index(True)]
        for position, *row in zip(task.inputs, feat, *names, strict=True):
            rows[int(first) + position] = tuple(row)
    return [
        _nearest(query, at.tolist(), rows, index.metric, k)
        for query, at in zip(queries, candidates, strict=True)
    ]


def _nearest(
    query: npt.NDArray[np.float32],
    numbers: list[int],
    rows: dict[int, tuple[Any, ...]],
    metric: str,
    k: int,
) -> Hits:
    found = [rows[number] for number in numbers]
    feat = np.array([row[0] for row in found], np.float32).reshape(len(found), -1)
    away = distances(query[np.newaxis], feat, metric)[0] if found else np.zeros(0)
    rows_at = np.array(numbers, np.int64)
    order = np.lexsort((rows_at, away))[:k]
    return Hits(
        rows_at[order],
        away[order],
        [found[at][1] for at in order],
        [found[at][2] for at in order],
        np.array([found[at][3] for at in order], np.int64),
    )

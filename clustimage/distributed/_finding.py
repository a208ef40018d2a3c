"""The task that finds the nearest rows of a part, and what all parts have found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clustimage._core.object_store import remove
from clustimage._distances.nearest import k_smallest, rows_near
from clustimage.distributed._engine import Engine
from clustimage.distributed._parts import DamagedPartError, read_part
from clustimage.distributed._rows import RowPart, read_rows
from clustimage.distributed._run import repaired
from clustimage.distributed._shared import read_shared, write_shared

__all__ = ["Hits", "find_in_parts", "first_rows"]


class Hits(NamedTuple):
    """What is near one query.

    Attributes
    ----------
    number : ndarray of int64, shape (h,)
        Rows of the data set.
    distance : ndarray of float64, shape (h,)
        Their distances.
    pathnames, filenames : list of str
        Their names.
    labels : ndarray of int64, shape (h,)
        Their clusters.
    """

    number: npt.NDArray[np.int64]
    distance: npt.NDArray[np.float64]
    pathnames: list[str]
    filenames: list[str]
    labels: npt.NDArray[np.int64]


@dataclass(frozen=True)
class FindTask:
    """A part in which the rows nearest to queries are looked for.

    Attributes
    ----------
    part : RowPart
        Where the features are.
    labels : str
        Part of the data set with the same rows.
    first : int
        Number of its first row in the data set.
    queries : str
        URL of the queries.
    k : int or None
        Take so many of each query.
    radius : float
        Take all up to this distance.
    metric : str
        Of distances.
    """

    part: RowPart
    labels: str
    first: int
    queries: str
    k: int | None
    radius: float
    metric: str


def find_rows(task: FindTask) -> list[Hits] | DamagedPartError:
    """Return what is near each query among the rows of a part."""
    try:
        rows = read_rows(task.part)
        table = read_part(task.labels, ["pathname", "filename", "label"])
    except DamagedPartError as exc:
        return exc
    queries = read_shared(task.queries)["queries"]
    at_input = np.flatnonzero(rows.read)
    k = None if task.k is None else min(task.k, len(rows.feat))
    hits = []
    for at, distance in rows_near(queries, rows.feat, task.metric, None, k, task.radius):
        kept = np.flatnonzero(distance <= task.radius)
        if k is not None:
            kept = np.union1d(kept, k_smallest(distance, k))
        inputs = at_input[at[kept]]
        names = table.take(inputs).to_pydict()
        labels = np.array(names["label"], dtype=np.int64)
        number = inputs + task.first
        hits.append(Hits(number, distance[kept], names["pathname"], names["filename"], labels))
    return hits


def first_rows(row_parts: Sequence[RowPart]) -> list[int]:
    """Return the number of the first row of each part in the data set."""
    ends: list[int] = np.cumsum([0, *(part.n for part in row_parts)]).tolist()
    return ends[:-1]


def find_in_parts(
    engine: Engine,
    row_parts: Sequence[RowPart],
    labels: str,
    queries: npt.NDArray[np.float32],
    *,
    k: int | None,
    radius: float,
    metric: str,
    folder: str,
) -> list[Hits]:
    """Return what is near each query among all rows: the k nearest, and all within the radius.

    Parameters
    ----------
    engine : Engine
        Does the work.
    row_parts : sequence of RowPart
        Where the features are.
    labels : str
        Path or URL of the data set of labels.
    queries : ndarray of shape (m, d)
        Features.
    k, radius, metric
        As for `FindTask`.
    folder : str
        For what all tasks need.
    """
    url = write_shared(folder, "queries", queries=queries)
    first = first_rows(row_parts)
    tasks = [
        FindTask(part, f"{labels}/part-{part.number:06d}.parquet", start, url, k, radius, metric)
        for part, start in zip(row_parts, first, strict=True)
    ]
    best = [Hits(np.zeros(0, np.int64), np.zeros(0), [], [], np.zeros(0, np.int64))] * len(queries)
    for task, found in engine.map(find_rows, tasks, desc="Finding images", total=len(tasks)):
        found = repaired(engine, find_rows, task, found, task.part.task)
        best = [_merged(*pair, k, radius) for pair in zip(best, found, strict=True)]
    remove(url)
    return best


def _merged(one: Hits, other: Hits, k: int | None, radius: float) -> Hits:
    """Return what of two answers belongs to the answer to a query, nearest first."""
    number = np.concatenate([one.number, other.number])
    distance = np.concatenate([one.distance, other.distance])
    order = np.lexsort((number, distance))
    here = distance[order] <= radius
    here[: 0 if k is None else k] = True
    order = order[here]
    pathnames = one.pathnames + other.pathnames
    filenames = one.filenames + other.filenames
    return Hits(
        number[order],
        distance[order],
        [pathnames[at] for at in order],
        [filenames[at] for at in order],
        np.concatenate([one.labels, other.labels])[order],
    )

"""The flow: list, read, describe, gather the sample; and, after it is clustered, assign all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from clustimage._core.errors import ImageReadError
from clustimage._core.logs import get_logger
from clustimage._core.object_store import write_bytes
from clustimage._core.text import pluralize
from clustimage._version import __version__
from clustimage.distributed._assigning import (
    AssignTask,
    Clusters,
    assign_rows,
    read_clusters,
    write_clusters,
)
from clustimage.distributed._engine import Engine, EngineError, WorkerDied
from clustimage.distributed._partitions import Listed, Partition, partitions_of
from clustimage.distributed._parts import content_key, matrix_of, read_part
from clustimage.distributed._reading import (
    ReadTask,
    count_images,
    join_pieces,
    read_partition,
    split_task,
    write_lost,
)
from clustimage.distributed._rows import RowPart
from clustimage.distributed._run_settings import ReadSettings, sample_rate

__all__ = ["ReadParts", "Sample", "assign_all", "gather_sample", "read_all"]

logger = get_logger(__name__)


@dataclass(frozen=True)
class ReadParts:
    """What has been read into parts.

    Attributes
    ----------
    tasks : sequence of ReadTask
        In the order of the partitions.
    summaries : sequence of dict
        Of their parts.
    """

    tasks: Sequence[ReadTask]
    summaries: Sequence[dict[str, Any]]

    def total(self, name: str) -> int:
        """Return a count over all parts."""
        return sum(summary[name] for summary in self.summaries)

    def row_parts(self) -> list[RowPart]:
        """Return where the features are."""
        pairs = zip(self.tasks, self.summaries, strict=True)
        return [RowPart(task.partition.number, task.url, one["n"]) for task, one in pairs]


@dataclass(frozen=True)
class Sample:
    """Images of the sample, in the order of the parts.

    Attributes
    ----------
    table : pyarrow.Table
        Names and sizes.
    pixels : ndarray of uint8, shape (s, ...)
        Flat.
    feat : ndarray of float32, shape (s, d), or None
        Features.
    part, row : ndarray of int64, shape (s,)
        Where each is: number of the part, and of the image in it.
    """

    table: Any
    pixels: npt.NDArray[np.uint8]
    feat: npt.NDArray[np.float32] | None
    part: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]


def read_all(
    engine: Engine,
    listed: Iterable[Listed],
    make_settings: Callable[[int], ReadSettings],
    folder: str,
    *,
    partition_size: int,
    sample_size: int,
) -> ReadParts:
    """Read images into parts.

    Parameters
    ----------
    engine : Engine
        Does the work.
    listed : iterable of Listed
        What is read; taken as a stream.
    make_settings : callable
        Returns the settings for a rate of the sample.
    folder : str
        Path or URL of parts and listings.
    partition_size, sample_size : int
        Images in each.

    Raises
    ------
    ImageReadError
        If there is no image at all.
    EngineError
        If workers cannot do it.
    """
    partitions = list(partitions_of(listed, partition_size, f"{folder}/listings"))
    n = sum(partition.n for partition in partitions)
    if not n:
        raise ImageReadError("No image: nothing was listed.")
    settings = make_settings(sample_rate(n, sample_size))
    tasks = [ReadTask(partition, settings, f"{folder}/images") for partition in partitions]
    logger.info("Images: %s listed, in %s.", f"{n:,}", pluralize(len(tasks), "partition"))
    found: dict[int, dict[str, Any]] = {}
    for task, summary in engine.map(
        read_partition, tasks, desc="Reading images", total=len(tasks)
    ):
        if isinstance(summary, WorkerDied):
            summary = _read_in_pieces(engine, task)
        found[task.partition.number] = summary
    parts = ReadParts(tasks, [found[task.partition.number] for task in tasks])
    _report_skipped(parts)
    return parts


def _read_in_pieces(engine: Engine, task: ReadTask) -> dict[str, Any]:
    """Read a partition whose workers died, piece by piece, until the image is known."""
    n = task.stop if task.stop is not None else _one(engine, count_images, task)
    if n - task.start <= 1:
        return _one(engine, write_lost, task)
    pieces = split_task(task, n)
    logger.warning(
        "Workers died while they read partition %d: its images %d to %d are read in %s.",
        task.partition.number,
        task.start,
        n - 1,
        pluralize(len(pieces), "piece"),
    )
    for piece, summary in engine.map(read_partition, pieces):
        if isinstance(summary, WorkerDied):
            _read_in_pieces(engine, piece)
    return _one(engine, join_pieces, (task, pieces))


def _one(engine: Engine, function: Callable[[Any], Any], item: Any) -> Any:
    """Return the result of one task."""
    [(_, result)] = engine.map(function, [item])
    if isinstance(result, WorkerDied):
        raise EngineError(f"The workers died several times in {function.__name__}.")
    return result


def _report_skipped(parts: ReadParts) -> None:
    n, n_read = parts.total("n"), parts.total("n_read")
    first = [row for summary in parts.summaries for row in summary["skipped"]][:3]
    reasons = "; ".join(f"{name} ({reason})" for name, reason in first)
    if not n_read:
        raise ImageReadError(f"No image: none of {n:,} files can be read. First: {reasons}.")
    if n > n_read:
        logger.warning("Skipped %s of %s images: %s.", f"{n - n_read:,}", f"{n:,}", reasons)


def gather_sample(parts: ReadParts) -> Sample:
    """Return the images of the sample."""
    import pyarrow as pa

    names = ["pathname", "filename", "width", "height", "taken", "row"]
    tables, pixels, feats, numbers = [], [], [], []
    for task, summary in zip(parts.tasks, parts.summaries, strict=True):
        if not summary["n_sampled"]:
            continue
        table = read_part(task.sample_url)
        table = table.filter(pa.compute.equal(table["status"], "ok"))
        tables.append(table.select(names))
        pixels.append(matrix_of(table["pixels"]))
        if "feat" in table.column_names:
            feats.append(matrix_of(table["feat"]))
        numbers.append(np.full(len(table), task.partition.number))
    whole = pa.concat_tables(tables)
    return Sample(
        whole,
        np.concatenate(pixels),
        np.concatenate(feats) if feats else None,
        np.concatenate(numbers).astype(np.int64),
        whole["row"].to_numpy().astype(np.int64),
    )


@dataclass(frozen=True)
class Assigned:
    """The result over all images.

    Attributes
    ----------
    folder : str
        Path or URL of the Parquet data set.
    n, n_read : int
        Inputs, and how many of them are images.
    sizes : dict of int to int
        Images of each label.
    unique : dict of int to (float, str)
        The image nearest to the centre of each cluster, with its distance.
    """

    folder: str
    n: int
    n_read: int
    sizes: dict[int, int]
    unique: dict[int, tuple[float, str]]


def assign_all(
    engine: Engine, row_parts: Sequence[RowPart], clusters: Clusters, folder: str
) -> Assigned:
    """Assign all rows to the clusters of the sample, in one pass over the parts."""
    url = write_clusters(clusters, f"{folder}/work")
    key = content_key(url.rpartition("/")[2], [[part.url, part.n] for part in row_parts])
    target = f"{folder}/labels-{key}"
    tasks = [AssignTask(part, url, target) for part in row_parts]
    sizes: dict[int, int] = {}
    unique: dict[int, tuple[float, str]] = {}
    n = n_read = 0
    for task, summary in engine.map(
        assign_rows, tasks, desc="Assigning images", total=len(tasks)
    ):
        if isinstance(summary, WorkerDied):
            raise EngineError(
                f"The workers died several times while they assigned part {task.part.number}."
            )
        n, n_read = n + summary["n"], n_read + summary["n_read"]
        for label, count in summary["sizes"].items():
            sizes[int(label)] = sizes.get(int(label), 0) + count
        for label, (distance, name) in summary["unique"].items():
            nearest = min(unique.get(int(label), (np.inf, "")), (distance, name))
            unique[int(label)] = nearest
    return Assigned(target, n, n_read, dict(sorted(sizes.items())), dict(sorted(unique.items())))

"""The flow: list, read, describe, gather the sample; and, after it is clustered, assign all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from clustimage._core.errors import EngineError, ImageReadError, InvalidDataError
from clustimage._core.logs import get_logger
from clustimage._core.object_store import remove
from clustimage._core.text import pluralize
from clustimage.distributed._assigning import AssignTask, Clusters, assign_rows
from clustimage.distributed._components import (
    TransformTask,
    block_scales,
    fit_components,
    transform_part,
)
from clustimage.distributed._engine import Engine, WorkerDied
from clustimage.distributed._partitions import Listed, partitions_of
from clustimage.distributed._parts import DamagedPartError, content_key, matrix_of, read_part
from clustimage.distributed._reading import (
    ReadTask,
    count_images,
    join_pieces,
    read_partition,
    split_task,
    write_lost,
)
from clustimage.distributed._rows import RowPart, SampleRows, list_features
from clustimage.distributed._run_settings import ReadSettings, sample_rate
from clustimage.distributed._shared import write_shared

__all__ = [
    "Assigned",
    "ReadParts",
    "Sample",
    "alive",
    "assign_all",
    "components_of",
    "gather_sample",
    "one_result",
    "read_all",
    "repaired",
    "sample_features",
    "scales_of",
]

Result = TypeVar("Result")

logger = get_logger(__name__)

ROWS_PER_IMAGE = 50  # of features in a partition, for each image that there would be


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

    @property
    def is_sample(self) -> bool:
        """Whether some images are not in the sample."""
        return self.tasks[0].settings.rate > 1

    def row_parts(self, scales: Sequence[tuple[int, float]] = ()) -> list[RowPart]:
        """Return where the features are."""
        return [
            RowPart(task.partition.number, task.url, one["n"], scales=tuple(scales), task=task)
            for task, one in zip(self.tasks, self.summaries, strict=True)
        ]


@dataclass(frozen=True)
class Sample:
    """Images of the sample, in the order of the parts.

    Attributes
    ----------
    table : pyarrow.Table
        Names and, of images, sizes.
    pixels : ndarray of uint8, shape (s, ...), or None
        Flat.
    feat : ndarray of float32, shape (s, d), or None
        Features.
    part, row : ndarray of int64, shape (s,)
        Where each is: number of the part, and of the image in it.
    """

    table: Any
    pixels: npt.NDArray[np.uint8] | None
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
    logger.info("Listed: %s, in %s.", pluralize(n, "file"), pluralize(len(tasks), "partition"))
    found: dict[int, Any] = {}
    for task, summary in engine.map(read_partition, tasks, desc="Reading images", total=len(tasks)):
        found[task.partition.number] = summary
    for task in tasks:
        if isinstance(found[task.partition.number], WorkerDied):
            found[task.partition.number] = _read_in_pieces(engine, task)
    parts = ReadParts(tasks, [found[task.partition.number] for task in tasks])
    _report_skipped(parts)
    return parts


def _read_in_pieces(engine: Engine, task: ReadTask) -> dict[str, Any]:
    """Read a partition whose workers died, piece by piece, until the image is known.

    A worker that dies takes along what waits for it. So nothing else is handed out meanwhile, and
    an image is read alone before it is given up.
    """
    n = task.stop if task.stop is not None else one_result(engine, count_images, task)
    if n - task.start <= 1:
        [(_, summary)] = engine.map(read_partition, [task])
        if isinstance(summary, WorkerDied):
            summary = one_result(engine, write_lost, task)
        return summary  # type: ignore[no-any-return]
    pieces = split_task(task, n)
    logger.warning(
        "Workers died while they read images %d to %d of partition %d: they are read in %s.",
        task.start,
        n - 1,
        task.partition.number,
        pluralize(len(pieces), "piece"),
    )
    read = list(engine.map(read_partition, pieces))
    for piece, summary in read:
        if isinstance(summary, WorkerDied):
            _read_in_pieces(engine, piece)
    joined: dict[str, Any] = one_result(engine, join_pieces, (task, pieces))
    return joined


def one_result(engine: Engine, function: Callable[[Any], Any], item: Any) -> Any:
    """Return the result of one task."""
    [(_, result)] = engine.map(function, [item])
    return alive(result, function)


def alive(result: Any, function: Callable[[Any], Any]) -> Any:
    """Return the result of a task, or raise `EngineError` where its workers died."""
    if isinstance(result, WorkerDied):
        what = getattr(function, "__name__", type(function).__name__).replace("_", " ")
        raise EngineError(
            f"The workers died several times while they did the same task ({what}). Give them "
            "more memory, or smaller partitions."
        )
    return result


def repaired(
    engine: Engine,
    function: Callable[[Any], Any],
    item: Any,
    result: Any,
    made_by: ReadTask | TransformTask | None,
) -> Any:
    """Return the result of a task, done again where a part that it reads is damaged."""
    seen = set()
    while isinstance(alive(result, function), DamagedPartError):
        if result.url in seen:
            raise result
        seen.add(result.url)
        remake(engine, made_by, result)
        result = one_result(engine, function, item)
    return result


def _undamaged(
    engine: Engine, ask: Callable[[], Result], made_by: Sequence[ReadTask | TransformTask]
) -> Result:
    """Return what `ask` does, asked again where a part that it reads is damaged."""
    tasks = {task.url: task for task in made_by}
    seen = set()
    while True:
        try:
            return ask()
        except DamagedPartError as damage:
            if damage.url in seen:
                raise
            seen.add(damage.url)
            remake(engine, tasks[damage.url], damage)


def remake(engine: Engine, task: ReadTask | TransformTask | None, damage: DamagedPartError) -> None:
    """Make a part again that is damaged."""
    if task is None:  # it is not ours
        raise InvalidDataError(f"{damage.url} cannot be read ({damage.why}).")
    if isinstance(task, TransformTask):
        if damage.url == task.url:
            logger.warning("%s It is made again.", damage)
            remove(task.url)
            repaired(engine, transform_part, task, one_result(engine, transform_part, task), task)
            return
        task = task.read
    if damage.url not in (task.url, task.sample_url):
        raise damage
    logger.warning("%s It is made again.", damage)
    for url in {task.url, task.sample_url}:
        remove(url)
    [(_, summary)] = engine.map(read_partition, [task])
    if isinstance(summary, WorkerDied):
        _read_in_pieces(engine, task)


def _report_skipped(parts: ReadParts) -> None:
    n, n_read = parts.total("n"), parts.total("n_read")
    first = [row for summary in parts.summaries for row in summary["skipped"]][:3]
    reasons = "; ".join(f"{name} ({reason})" for name, reason in first)
    if not n_read:
        raise ImageReadError(f"No image: none of {n:,} files can be read. First: {reasons}.")
    if n > n_read:
        logger.warning("Skipped %s of %s images: %s.", f"{n - n_read:,}", f"{n:,}", reasons)


def gather_sample(engine: Engine, parts: ReadParts) -> Sample:
    """Return the images of the sample."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = ["pathname", "filename", "width", "height", "taken", "row"]
    tables, pixels, feats, numbers = [], [], [], []
    for task, summary in zip(parts.tasks, parts.summaries, strict=True):
        if not summary["n_sampled"]:
            continue
        try:
            table = read_part(task.sample_url)
        except DamagedPartError as damage:
            remake(engine, task, damage)
            table = read_part(task.sample_url)
        table = table.filter(pc.equal(table["status"], "ok"))
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


def components_of(
    extractor: Any, engine: Engine, parts: ReadParts, folder: str, *, fitted: bool
) -> list[RowPart]:
    """Make features of the pixels of all parts by PCA, which is fitted to all of them first.

    Parameters
    ----------
    extractor : PCAExtractor
        Is fitted, unless it is already.
    engine : Engine
        Does the work.
    parts : ReadParts
        With pixels.
    folder : str
        For parts, and for what all tasks need.
    fitted : bool
        Whether `extractor` is fitted.
    """
    settings = parts.tasks[0].settings
    n_columns = settings.dim[0] * settings.dim[1] * (1 if settings.grayscale else 3)
    with_pixels = [
        task for task, one in zip(parts.tasks, parts.summaries, strict=True) if one["n_read"]
    ]
    if not fitted:
        urls = [task.url for task in with_pixels]

        def fit() -> None:
            fit_components(extractor, engine, urls, n_columns, folder)

        _undamaged(engine, fit, with_pixels)
    state = {name: value for name, value in extractor.get_state().items() if value is not None}
    shared = write_shared(folder, "components", **state)
    tasks = [TransformTask(task, shared, f"{folder}/images") for task in parts.tasks]
    for task, summary in engine.map(transform_part, tasks, desc="Projecting", total=len(tasks)):
        repaired(engine, transform_part, task, summary, task.read)
    return [
        RowPart(task.read.partition.number, task.url, one["n"], task=task)
        for task, one in zip(tasks, parts.summaries, strict=True)
    ]


def scales_of(
    engine: Engine, row_parts: Sequence[RowPart], widths: Sequence[int]
) -> npt.NDArray[np.float64]:
    """Return the root of the variance of each block of combined features, see `block_scales`."""
    made_by = [part.task for part in row_parts]
    return _undamaged(engine, lambda: block_scales(engine, row_parts, widths), made_by)


def sample_features(
    engine: Engine, source: Any, *, unit: bool, partition_size: int, sample_size: int, seed: int
) -> tuple[list[RowPart], Sample]:
    """Return where features of the user's own are, and a sample of them.

    Parameters
    ----------
    engine : Engine
        Does the work.
    source, unit
        As for `list_features`.
    partition_size, sample_size : int
        As for `read_all`.
    seed : int
        Of the sample.
    """
    import pyarrow as pa

    row_parts = list(list_features(source, ROWS_PER_IMAGE * partition_size, unit=unit))
    n = sum(part.n for part in row_parts)
    task = SampleRows(sample_rate(n, sample_size), seed)
    found: dict[int, Any] = {}
    for part, rows in engine.map(task, row_parts, desc="Reading features", total=len(row_parts)):
        found[part.number] = alive(rows, task)
    rows = [found[part.number] for part in row_parts]
    widths = {part[2].shape[1] for part in rows}
    if len(widths) > 1:
        raise InvalidDataError(
            f"All files of features must have the same number of columns. Got {sorted(widths)}."
        )
    names = [name for part in rows for name in part[1]]
    numbers = [np.full(len(part[0]), number) for number, part in enumerate(rows)]
    sample = Sample(
        pa.table({"pathname": names, "filename": names}),
        None,
        np.concatenate([part[2] for part in rows]),
        np.concatenate(numbers).astype(np.int64),
        np.concatenate([part[0] for part in rows]).astype(np.int64),
    )
    return row_parts, sample


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
    url = write_shared(f"{folder}/work", "clusters", **vars(clusters))
    key = content_key(url.rpartition("/")[2], [[part.url, part.n] for part in row_parts])
    target = f"{folder}/labels-{key}"
    tasks = [AssignTask(part, url, target) for part in row_parts]
    sizes: dict[int, int] = {}
    unique: dict[int, tuple[float, str]] = {}
    n = n_read = 0
    for task, summary in engine.map(assign_rows, tasks, desc="Assigning images", total=len(tasks)):
        summary = repaired(engine, assign_rows, task, summary, task.part.task)
        n, n_read = n + summary["n"], n_read + summary["n_read"]
        for label, count in summary["sizes"].items():
            sizes[int(label)] = sizes.get(int(label), 0) + count
        for label, (distance, name) in summary["unique"].items():
            nearest = min(unique.get(int(label), (np.inf, "")), (distance, name))
            unique[int(label)] = nearest
    return Assigned(target, n, n_read, dict(sorted(sizes.items())), dict(sorted(unique.items())))

"""The task that reads the images of a partition, and describes them, into a part."""

from __future__ import annotations

import os
import socket
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.errors import ImageReadError
from clustimage._core.logs import at_verbosity
from clustimage._core.memory import keep_small_blocks
from clustimage._core.object_store import fetch_to, is_store_url, remove
from clustimage._core.text import pluralize
from clustimage.distributed._partitions import Listed, Partition, read_listing
from clustimage.distributed._parts import (
    content_key,
    matrix_column,
    part_summary,
    read_part,
    write_part,
)
from clustimage.distributed._run_settings import ReadSettings, in_sample
from clustimage.distributed.duplicates._duplicate_columns import duplicate_columns
from clustimage.features import CombinedExtractor, make_extractor
from clustimage.images import DEFAULT_EXTENSIONS, Images, load_images
from clustimage.images.reading._listing import encodable
from clustimage.images.reading._url_files import base_name, is_url

if TYPE_CHECKING:
    import pyarrow as pa

    from clustimage.features import FeatureExtractor

__all__ = ["ReadTask", "count_images", "join_pieces", "read_partition", "split_task", "write_lost"]

FETCHED_AT_ONCE = 16
IMAGES_AT_ONCE = 512  # that are on the disk of a worker at a time
PIECES = 8  # of a partition whose workers died
MAX_REASONS = 3  # that a summary has


@dataclass(frozen=True)
class ReadTask:
    """Images of a partition that are to be read.

    Attributes
    ----------
    partition : Partition
        Where they are listed.
    settings : ReadSettings
        How they are read.
    folder : str
        Path or URL of the parts.
    start, stop : int or None
        Which of them: all, unless workers have died of some.
    """

    partition: Partition
    settings: ReadSettings
    folder: str
    start: int = 0
    stop: int | None = None

    @property
    def url(self) -> str:
        """Where the part is."""
        piece = "" if self.stop is None else f"-{self.start}-{self.stop}"
        return f"{self.folder}/{content_key(self.partition.key, self.settings.key)}{piece}.parquet"

    @property
    def sample_url(self) -> str:
        """Where those of its images are that are in the sample; the part itself where all are."""
        if self.settings.rate == 1:
            return self.url
        return f"{self.url.removesuffix('.parquet')}.sample.parquet"


def split_task(task: ReadTask, n: int) -> list[ReadTask]:
    """Return tasks of some of its images each, for one whose workers died; `n` are all of them."""
    stop = n if task.stop is None else task.stop
    edges = np.linspace(task.start, stop, min(PIECES, stop - task.start) + 1).round().astype(int)
    pairs = zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    return [replace(task, start=low, stop=high) for low, high in pairs]


def count_images(task: ReadTask) -> int:
    """Return how many images a partition holds; for a tar file they are counted."""
    listed = read_listing(task.partition.listing)
    if not listed[0].is_shard:
        return len(listed)
    with local_copy(listed[0].path) as path, tarfile.open(path) as shard:
        return sum(1 for member in shard if _is_image(member))


def read_partition(task: ReadTask) -> dict[str, Any]:
    """Read images, describe them, and write them into a part, unless it is there.

    Returns
    -------
    dict
        The summary of the part: ``n`` inputs, ``n_read`` of them images, ``n_sampled`` of these
        in the sample, ``n_columns`` of features, and ``skipped``, the first with their reasons.
    """
    known = part_summary(task.url)
    if known is not None and part_summary(task.sample_url) is not None:
        return known
    keep_small_blocks()
    with at_verbosity("silent"):
        tables = [_table(images, names, task) for images, names in _images_of(task)]
    return _write(task, tables)


def write_lost(task: ReadTask) -> dict[str, Any]:
    """Write the part of one image whose workers died, which says so."""
    path = _paths_of(task)[0]
    reason = "the worker that read it died, and so did the next one"
    return _write(task, [_skipped_table([(path, reason)])])


def join_pieces(tasks: tuple[ReadTask, Sequence[ReadTask]]) -> dict[str, Any]:
    """Write the part of a task from the parts of its pieces, which are removed."""
    import pyarrow as pa

    task, pieces = tasks
    summaries = [part_summary(piece.url) or {} for piece in pieces]
    whole = pa.concat_tables([read_part(piece.url) for piece in pieces], promote_options="default")
    numbers = np.cumsum(np.asarray(whole["status"]) == "ok") - 1
    whole = whole.set_column(whole.column_names.index("row"), "row", pa.array(numbers, pa.int32()))
    summary = {
        **{name: sum(one[name] for one in summaries) for name in ("n", "n_read", "n_sampled")},
        "n_columns": max(one["n_columns"] for one in summaries),
        "skipped": [row for one in summaries for row in one["skipped"]][:MAX_REASONS],
    }
    if task.settings.rate > 1:
        first = np.cumsum([0, *(one["n_read"] for one in summaries)])
        tables = []
        for start, piece in zip(first, pieces, strict=False):
            some = read_part(piece.sample_url)
            moved = pa.array(some["row"].to_numpy() + int(start), pa.int32())
            tables.append(some.set_column(some.column_names.index("row"), "row", moved))
        sample = pa.concat_tables(tables, promote_options="default")
        write_part(task.sample_url, sample, {"n": len(sample)})
    write_part(task.url, whole, summary)
    for piece in pieces:
        for url in {piece.url, piece.sample_url}:
            remove(url)
    return summary


def _write(task: ReadTask, tables: Sequence[pa.Table]) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    settings = task.settings
    whole = pa.concat_tables(tables, promote_options="default")
    read = pc.equal(whole["status"], "ok")
    n_read = pc.sum(read).as_py() or 0
    skipped = whole.filter(pc.invert(read)).slice(0, MAX_REASONS).select(["pathname", "reason"])
    numbers = pa.array(np.cumsum(np.asarray(read)) - 1, pa.int32())
    whole = whole.append_column("row", numbers)
    names = blake2b_numbers(whole["pathname"].to_pylist())
    names = names + np.arange(task.start, task.start + len(whole), dtype=np.uint64)  # copies differ
    sampled = np.asarray(read) & in_sample(names, settings.rate, settings.seed)
    summary = {
        "n": len(whole),
        "n_read": int(n_read),
        "n_sampled": int(sampled.sum()),
        "n_columns": whole["feat"].type.list_size if "feat" in whole.column_names else 0,
        "skipped": [list(row.values()) for row in skipped.to_pylist()],
    }
    sample = whole.filter(pa.array(sampled))
    if settings.rate > 1:
        write_part(task.sample_url, sample, {"n": len(sample)})
        if settings.describes and "pixels" in whole.column_names:
            whole = whole.drop_columns(["pixels"])
    write_part(task.url, whole, summary)
    return summary


def blake2b_numbers(names: Sequence[str]) -> np.ndarray:
    """Return a number of 64 bits for each name."""
    hashed = (blake2b(name.encode(), digest_size=8).digest() for name in names)
    return np.frombuffer(b"".join(hashed), dtype="<u8")


def _table(
    images: Images | None, given: Sequence[tuple[str, str]], task: ReadTask | None
) -> pa.Table:
    """Return the rows of some images.

    Parameters
    ----------
    images : Images
        With a status for each input that could be fetched.
    given : sequence of (str, str)
        Path or URL of each input, and why it could not be fetched.
    """
    import pyarrow as pa

    status = iter([] if images is None else [row for row in images.status if row.is_input])
    rows = [(path, reason, None if reason else next(status)) for path, reason in given]
    read = np.array([row is not None and row.status == "ok" for _, _, row in rows], dtype=bool)
    columns: dict[str, Any] = {
        "pathname": [encodable(path) for path, _, _ in rows],
        "filename": [encodable(_file_name(path)) for path, _, _ in rows],
        "status": ["ok" if ok else "skipped" for ok in read],
        "reason": [reason or (row.reason if row else "") for _, reason, row in rows],
        "width": pa.array([row.width if row else None for _, _, row in rows], pa.int32()),
        "height": pa.array([row.height if row else None for _, _, row in rows], pa.int32()),
        "taken": pa.array([row.taken if row else None for _, _, row in rows], pa.float64()),
    }
    if task is not None and task.settings.for_duplicates:
        hashed = None if images is None or not len(images) else images.pixels
        columns |= duplicate_columns([(path, row) for path, _, row in rows], hashed, read)
    elif images is not None and len(images):
        columns["pixels"] = matrix_column(_spread(images.flat, read))
        if task is not None and task.settings.describes:
            columns["feat"] = matrix_column(_spread(_described(images, task.settings), read))
    return pa.table(columns)


def _skipped_table(rows: Sequence[tuple[str, str]]) -> pa.Table:
    return _table(None, rows, None)


def _spread(rows: np.ndarray, read: np.ndarray) -> np.ndarray:
    """Return a row for each input: zeros for what was skipped."""
    if read.all():
        return rows
    out = np.zeros((len(read), rows.shape[1]), rows.dtype)
    out[read] = rows
    return out


_extractors: dict[str, FeatureExtractor] = {}  # the last one of this process: networks are large


def _described(images: Images, settings: ReadSettings) -> np.ndarray:
    """Return the features; of combined ones the blocks as they are, which are scaled later."""
    if settings.key not in _extractors:
        _extractors.clear()
        _extractors[settings.key] = make_extractor(settings.method, settings.params)
    extractor = _extractors[settings.key]
    if isinstance(extractor, CombinedExtractor):
        return np.concatenate([part.fit_images(images) for _, part in extractor.parts], axis=1)
    return extractor.fit_images(images)


def _images_of(task: ReadTask) -> Iterator[tuple[Images | None, list[tuple[str, str]]]]:
    """Yield images some at a time, with the path of each input and why it is not among them."""
    listed = read_listing(task.partition.listing)
    is_shard = listed[0].is_shard
    _check_visible(listed if is_shard else listed[task.start : task.stop])
    chunks = _members(listed[0], task) if is_shard else _files(listed, task)
    settings = task.settings
    for given, inputs in chunks:
        images = None
        if inputs:
            images = load_images(
                inputs,
                dim=settings.dim,
                grayscale=settings.grayscale,
                n_jobs=1,
                max_pixels=settings.max_pixels,
                allow_none=True,
            )
        yield images, given


Chunks = Iterator[tuple[list[tuple[str, str]], list[str]]]


def _files(listed: Sequence[Listed], task: ReadTask) -> Chunks:
    some = listed[task.start : task.stop]
    for start in range(0, len(some), IMAGES_AT_ONCE):
        chunk = some[start : start + IMAGES_AT_ONCE]
        with _scratch_folder() as folder:
            with ThreadPoolExecutor(FETCHED_AT_ONCE) as pool:
                names = [f"{number:05d}{ending_of(one.path)}" for number, one in enumerate(chunk)]
                at = [Path(folder) / name for name in names]
                reasons = list(pool.map(_fetched, chunk, at))
            given = [(one.path, reason) for one, reason in zip(chunk, reasons, strict=True)]
            inputs = [
                str(path) if is_store_url(one.path) else one.path
                for one, path, reason in zip(chunk, at, reasons, strict=True)
                if not reason
            ]
            yield given, inputs


def _fetched(one: Listed, target: Path) -> str:
    """Fetch an image of an object store; return why it cannot be, or nothing."""
    if is_store_url(one.path):
        try:
            fetch_to(one.path, target)
        except (FileNotFoundError, PermissionError) as exc:
            return str(exc)
    return ""


def _members(shard: Listed, task: ReadTask) -> Chunks:
    """Yield the images of a tar file, some at a time."""
    try:
        with local_copy(shard.path) as path, tarfile.open(path) as opened:
            members = [member for member in opened if _is_image(member)]
            if not members:
                yield [(shard.path, "a tar file without images")], []
            for start in range(task.start, task.stop or len(members), IMAGES_AT_ONCE):
                stop = min(start + IMAGES_AT_ONCE, task.stop or len(members))
                with _scratch_folder() as folder:
                    inputs = []
                    for number, member in enumerate(members[start:stop]):
                        target = Path(folder) / f"{number:05d}{ending_of(member.name)}"
                        content = opened.extractfile(member)
                        assert content is not None
                        target.write_bytes(content.read())
                        inputs.append(str(target))
                    names = [f"tar://{one.name}::{shard.path}" for one in members[start:stop]]
                    yield [(name, "") for name in names], inputs
    except (tarfile.TarError, EOFError, FileNotFoundError) as exc:
        yield [(shard.path, f"no tar file that can be read ({exc})")], []


def _scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """Make a folder in that of the worker, which Dask empties where the worker was killed."""
    from distributed import get_worker

    try:
        place = get_worker().local_directory
    except ValueError:  # no worker runs this
        place = None
    return tempfile.TemporaryDirectory(prefix="clustimage-", dir=place)


@contextmanager
def local_copy(path: str) -> Iterator[str]:
    if not is_url(path):
        yield path
        return
    with _scratch_folder() as folder:
        target = Path(folder) / "shard.tar"
        fetch_to(path, target)
        yield str(target)


def _is_image(member: tarfile.TarInfo) -> bool:
    return member.isfile() and ending_of(member.name).lstrip(".") in DEFAULT_EXTENSIONS


def _check_visible(listed: Sequence[Listed]) -> None:
    """Raise `ImageReadError` where none of the local files is there any more for this worker."""
    paths = [one.path for one in listed if one.size >= 0 and not is_store_url(one.path)]
    if paths and not any(map(os.path.exists, paths)):
        raise ImageReadError(
            f"A worker, on {socket.gethostname()}, sees none of {pluralize(len(paths), 'file')} "
            f"that had been listed, first: {paths[0]}. Give files that all workers see: URLs, or "
            "a folder of a shared disk."
        )


def ending_of(path: str) -> str:
    """Return the extension of a path where it is a plain one."""
    ending = os.path.splitext(path)[1].lower()  # noqa: PTH122
    return ending if ending[1:].isalnum() and ending.isascii() and len(ending) < 8 else ""


def _file_name(path: str) -> str:
    """Return the name of the file at a path or URL.

    Examples
    --------
    >>> _file_name("tar://a/b.jpg::s3://bucket/0.tar"), _file_name("/photos/c.jpg")
    ('b.jpg', 'c.jpg')
    """
    if path.startswith("tar://"):
        return path.partition("::")[0].rpartition("/")[2]
    return base_name(path) if is_url(path) else os.path.basename(path)  # noqa: PTH119


def _paths_of(task: ReadTask) -> list[str]:
    """Return the paths or URLs of the images of a task."""
    listed = read_listing(task.partition.listing)
    if not listed[0].is_shard:
        return [one.path for one in listed[task.start : task.stop]]
    with local_copy(listed[0].path) as path, tarfile.open(path) as opened:
        names = [member.name for member in opened if _is_image(member)]
    return [f"tar://{name}::{listed[0].path}" for name in names[task.start : task.stop]]

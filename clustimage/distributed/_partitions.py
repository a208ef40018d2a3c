"""Partitions: what is given, listed as a stream and cut into pieces of some thousand images."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from clustimage._core.errors import ImageReadError, InvalidDataError
from clustimage._core.object_store import is_store_url, list_files, open_url
from clustimage.distributed._parts import DamagedPartError, content_key, read_part, write_part
from clustimage.images import check_extensions, inputs_of_table, listdir
from clustimage.images.reading._listing import absolute
from clustimage.images.reading._url_files import is_url

__all__ = ["Listed", "Partition", "list_images", "partitions_of", "read_listing"]

LIST, TABLE, SHARD = ".txt", ".parquet", ".tar"  # what may stand for many images
ROWS_OF_TABLE = 65_536  # that are read of a table at a time


class Listed(NamedTuple):
    """One image, or one tar file of them, as it was listed.

    Attributes
    ----------
    path : str
        Absolute path or URL.
    size : int
        Bytes; -1 where that is not known.
    tag : str
        Changes with the content; empty where that is not known.
    """

    path: str
    size: int = -1
    tag: str = ""

    @property
    def is_shard(self) -> bool:
        """Whether it is a tar file, which holds images."""
        return self.path.lower().endswith(SHARD)


@dataclass(frozen=True)
class Partition:
    """Some images that one task reads.

    Attributes
    ----------
    number : int
        Position among the partitions.
    key : str
        Digest of what was listed.
    n : int
        Paths that were listed.
    listing : str
        Path or URL of the listing.
    """

    number: int
    key: str
    n: int
    listing: str


def list_images(
    X: Any, *, ext: Any, black_list: Any = None, recursive: bool = True
) -> Iterator[Listed]:
    """Yield what is given, one by one.

    Parameters
    ----------
    X : str, path, or iterable of them
        A folder, or a prefix of an object store; an image file, or a key; a text file of paths
        or URLs, one on a line; a Parquet file with a column of them; a tar file of images. In
        folders and under prefixes there may be tar files as well.
    ext, black_list, recursive
        As for `listdir`.

    Raises
    ------
    ImageReadError
        If a folder or a list does not exist.
    InvalidDataError
        If something else is given.
    """
    for item in [X] if isinstance(X, str | os.PathLike) else _flattened(X):
        if not isinstance(item, str | os.PathLike):
            raise InvalidDataError(
                "An engine reads files. Give a folder, a prefix of an object store, or paths and "
                f"URLs. Got {type(item).__name__}."
            )
        text = os.fsdecode(item)
        path = text if is_url(text) else absolute(text)
        if path.lower().endswith(LIST):
            yield from map(Listed, _lines(path))
        elif path.lower().endswith(TABLE):
            yield from map(Listed, _paths_of_table(path))
        elif is_store_url(path):
            yield from _list_prefix(path, ext, black_list, recursive)
        elif not is_url(path) and os.path.isdir(path):  # noqa: PTH112
            endings = None if ext is None else [*_words(ext), SHARD]
            found = listdir(path, endings, black_list, recursive)
            yield from map(_local, found)
        else:
            yield Listed(path) if is_url(path) else _local(path)


def _words(ext: Any) -> list[str]:
    return [ext] if isinstance(ext, str) else list(ext)


def _local(path: str) -> Listed:
    try:
        stat = os.stat(path)  # noqa: PTH116
    except OSError:
        return Listed(path)
    return Listed(path, stat.st_size, str(stat.st_mtime_ns))


def _flattened(items: Any) -> Iterator[Any]:
    if isinstance(items, np.ndarray) and items.dtype.kind not in "OUS":
        raise InvalidDataError(
            "An engine reads files. Give a folder, a prefix of an object store, or paths and URLs. "
            f"Got an array of {items.dtype} of shape {items.shape}."
        )
    if not isinstance(items, Iterable):
        yield items
        return
    for item in items:
        if isinstance(item, list | tuple | np.ndarray):
            yield from _flattened(item)
        else:
            yield item


def _lines(path: str) -> Iterator[str]:
    """Yield the lines of a list; paths in it are as seen from where it is."""
    try:
        with open_url(path) as file:
            for line in file:
                text = line.decode("utf-8", "surrogateescape").strip()
                if text:
                    yield _beside(path, text)
    except FileNotFoundError as exc:
        raise ImageReadError(f"There is no list of images {path!r}.") from exc


def _beside(path: str, text: str) -> str:
    """Return a path of a list as an absolute one, or a URL."""
    if is_url(text) or os.path.isabs(text):  # noqa: PTH117
        return text
    return f"{path.rpartition('/')[0]}/{text}"


def _paths_of_table(path: str) -> Iterator[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with open_url(path) as file:
            for batch in pq.ParquetFile(file).iter_batches(ROWS_OF_TABLE):
                found = inputs_of_table(batch.to_pandas())
                if found is None:
                    raise InvalidDataError(f"{path} has no column of paths or URLs.")
                yield from (_beside(path, str(item)) for item in found[1] if item)
    except FileNotFoundError as exc:
        raise ImageReadError(f"There is no table of images {path!r}.") from exc
    except pa.ArrowInvalid as exc:
        raise InvalidDataError(f"{path} is no Parquet file that can be read ({exc}).") from exc


def _list_prefix(url: str, ext: Any, black_list: Any, recursive: bool) -> Iterator[Listed]:
    endings = check_extensions(ext)
    left_out = set(_words(black_list)) if black_list else set()
    top = url.rstrip("/")
    for file in list_files(url):
        inner = file.url[len(top) :].strip("/").split("/") if file.url != url else []
        if (len(inner) > 1 and not recursive) or left_out.intersection(inner):
            continue
        if not inner or endings is None or file.url.lower().endswith((*endings, SHARD)):
            yield Listed(file.url, file.size, file.tag)


def partitions_of(listed: Iterable[Listed], size: int, folder: str) -> Iterator[Partition]:
    """Cut a stream into partitions, and write the listing of each to `folder`.

    A tar file is a partition of its own.
    """
    number = 0
    stream = iter(listed)
    more = next(stream, None)
    while more is not None:
        some = [more]
        more = next(stream, None)
        while more is not None and not some[0].is_shard and not more.is_shard and len(some) < size:
            some.append(more)
            more = next(stream, None)
        yield _written(number, some, folder)
        number += 1


def _written(number: int, some: list[Listed], folder: str) -> Partition:
    import pyarrow as pa

    paths = [os.fsencode(one.path) for one in some]
    key = content_key(*paths, [one.size for one in some], [one.tag for one in some])
    url = f"{folder}/{key}.parquet"
    columns = {
        "path": pa.array(paths, pa.binary()),
        "size": pa.array([one.size for one in some], pa.int64()),
        "tag": [one.tag for one in some],
    }
    write_part(url, pa.table(columns), {"n": len(some)})
    return Partition(number, key, len(some), url)


def read_listing(url: str) -> list[Listed]:
    """Return what `partitions_of` has written.

    Raises
    ------
    ImageReadError
        If a worker does not see what the client has written.
    """
    try:
        table = read_part(url).to_pydict()
    except DamagedPartError as exc:
        raise ImageReadError(
            f"A worker, on {socket.gethostname()}, cannot read {url}, which was written before "
            f"({exc.why}). Give a dirpath that all workers see: a URL, or a folder of a shared "
            "disk."
        ) from exc
    rows = zip(table["path"], table["size"], table["tag"], strict=True)
    return [Listed(os.fsdecode(path), size, tag) for path, size, tag in rows]

"""Files read through a cache: those that it has, unchanged, are not opened."""

from __future__ import annotations

import os
import stat
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from clustimage._core.files import open_regular
from clustimage.images.cache._database import Cache
from clustimage.images.cache._digest import (
    Stamp,
    canonical,
    decoder_settings,
    digest,
    digest_file,
)
from clustimage.images.cache._session import FileRead, Session
from clustimage.images.reading._decode import decode
from clustimage.images.reading._decoding_limits import DecodingLimits
from clustimage.images.reading._pillow import Decoded

__all__ = ["CachedReader", "bytes_waiting", "cached_reader"]

MAX_FILE_BYTES = 256 * 2**20  # of a file; larger ones are not kept
MAX_PIECE = 16 * 2**20  # bytes of a file that is read once and held; larger ones are read twice
IMAGES_PER_WRITE = 64
BYTES_PER_WRITE = 4 * 2**20  # of images, after which less of them are written at once
SECONDS_PER_WRITE = 2.0  # after which those that there are are written
SQLITE_BYTES = 4 * 2**20  # that SQLite takes for its pages


def bytes_waiting(size: int, n_images: int) -> int:
    """Return the memory that keeping images of `size` bytes takes: they wait, then are copied."""
    waiting = min(n_images, IMAGES_PER_WRITE, max(1, BYTES_PER_WRITE // size))
    return SQLITE_BYTES + 2 * waiting * size


class CachedReader:
    """Reads files for one call of `load_images`; its threads share it.

    Parameters
    ----------
    session : Session
        Of the cache.
    dim : (height, width)
        Size of the images in pixels.
    gray : bool
        Whether they are read in gray.
    limits : DecodingLimits, optional
        What may be decoded.
    """

    def __init__(
        self,
        session: Session,
        dim: tuple[int, int],
        gray: bool,
        limits: DecodingLimits | None = None,
    ) -> None:
        self.session, self.dim, self.gray = session, dim, gray
        self.limits = limits or DecodingLimits()
        self.settings = decoder_settings(dim, gray)
        self.settings_key = digest(canonical(self.settings))
        size = dim[0] * dim[1] * (1 if gray else 3)
        self._per_write = min(IMAGES_PER_WRITE, max(1, BYTES_PER_WRITE // size))
        self._waiting: deque[FileRead] = deque()
        self._written = time.monotonic()

    def read(self, pathname: str) -> Decoded | str:
        """Return the image of a file with its `key`, or the reason why there is none."""
        try:
            status = os.stat(pathname)  # noqa: PTH116 - a thousand paths an instant
        except OSError:
            return decode(pathname, self.dim, self.gray, self.limits)  # which says what is wrong
        key = self.session.key_of(pathname, Stamp.of(status))
        image = None if key is None else self.session.thumbnail(key, self.settings_key)
        if image is not None:
            return image._replace(modified=status.st_mtime)
        if not stat.S_ISREG(status.st_mode) or not 0 < status.st_size <= MAX_FILE_BYTES:
            return decode(pathname, self.dim, self.gray, self.limits)
        return self._read_and_keep(pathname)

    def _read_and_keep(self, pathname: str) -> Decoded | str:
        """Read a file such that its digest and its image belong together."""
        content: bytes | str = pathname
        try:
            with open_regular(pathname) as file:
                status, checked = os.fstat(file.fileno()), time.time_ns()
                if status.st_size <= MAX_PIECE:
                    content = file.read(status.st_size)
            key = digest_file(pathname) if isinstance(content, str) else digest(content)
        except OSError:
            return decode(pathname, self.dim, self.gray, self.limits)
        image: Decoded | str | None = self.session.thumbnail(key, self.settings_key)
        is_new = image is None
        if image is None:
            image = decode(content, self.dim, self.gray, self.limits)
        if isinstance(image, str):
            return image
        if isinstance(content, str) and not _is_still(pathname, Stamp.of(status)):
            return decode(pathname, self.dim, self.gray, self.limits)
        image = image._replace(modified=status.st_mtime, key=key)
        self._waiting.append(FileRead(pathname, Stamp.of(status), checked, image, is_new))
        return image

    def write(self, *, all_of_it: bool = False) -> None:
        """Keep what was read, if it is much, or long ago that something was kept."""
        due = len(self._waiting) >= self._per_write
        due = due or time.monotonic() - self._written > SECONDS_PER_WRITE
        if not self._waiting or not (due or all_of_it):
            return
        # Threads go on to append meanwhile.
        files = [self._waiting.popleft() for _ in range(len(self._waiting))]
        self.session.keep_files(files, self.settings)
        self._written = time.monotonic()


def _is_still(pathname: str, stamp: Stamp) -> bool:
    try:
        return Stamp.of(os.stat(pathname)) == stamp  # noqa: PTH116
    except OSError:
        return False


@contextmanager
def cached_reader(
    cache: Cache | None, dim: tuple[int, int], gray: bool, limits: DecodingLimits | None = None
) -> Iterator[CachedReader | None]:
    """Give what reads through the cache, and keep at the end what is left, also after an error."""
    if cache is None:
        yield None
        return
    with cache.session() as session:
        reader = CachedReader(session, dim, gray, limits)
        try:
            yield reader
        finally:
            reader.write(all_of_it=True)

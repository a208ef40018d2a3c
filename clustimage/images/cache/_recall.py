"""Files read through the memory of past runs: what is known is not opened."""

from __future__ import annotations

import os
import stat
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from clustimage.images.cache._database import Cache
from clustimage.images.cache._digest import Stamp, canonical, decoding, digest
from clustimage.images.cache._session import Seen, Session
from clustimage.images.reading._decode import decode
from clustimage.images.reading._pillow import Decoded

__all__ = ["Recall", "bytes_waiting", "recalling"]

LARGEST = 256 * 2**20  # bytes of a file that is read in one piece; larger ones are not kept
AT_ONCE = 64  # images that are written at once
BYTES_AT_ONCE = 4 * 2**20  # of images, after which less of them are written at once
LONGEST = 2.0  # seconds after which those that there are are written
SQLITE = 4 * 2**20  # bytes that SQLite takes for pages of its own


def bytes_waiting(size: int, n_images: int) -> int:
    """Return the memory that keeping images of `size` bytes takes: they wait, then are copied."""
    at_once = min(n_images, AT_ONCE, max(1, BYTES_AT_ONCE // size))
    return SQLITE + 2 * at_once * size


class Recall:
    """Reads files for one call of `load_images`; its threads share it.

    Parameters
    ----------
    session : Session
        Of the cache.
    dim : (height, width)
        Size of the images in pixels.
    gray : bool
        Whether they are read in gray.
    """

    def __init__(self, session: Session, dim: tuple[int, int], gray: bool) -> None:
        self.session, self.dim, self.gray = session, dim, gray
        self.recipe = decoding(dim, gray)
        self.recipe_key = digest(canonical(self.recipe))
        size = dim[0] * dim[1] * (1 if gray else 3)
        self._at_once = min(AT_ONCE, max(1, BYTES_AT_ONCE // size))
        self._waiting: deque[Seen] = deque()
        self._written = time.monotonic()

    def read(self, pathname: str) -> Decoded | str:
        """Return the image of a file with its `key`, or the reason why there is none."""
        try:
            status = os.stat(pathname)  # noqa: PTH116 - a thousand paths an instant
        except OSError:
            return decode(pathname, self.dim, self.gray)  # which says what is wrong
        key = self.session.key_of(pathname, Stamp.of(status))
        image = None if key is None else self.session.thumbnail(key, self.recipe_key)
        if image is not None:
            return image._replace(modified=status.st_mtime)
        if not stat.S_ISREG(status.st_mode) or not 0 < status.st_size <= LARGEST:
            return decode(pathname, self.dim, self.gray)
        return self._read_whole(pathname)

    def _read_whole(self, pathname: str) -> Decoded | str:
        """Read a file once, so that its digest and its image belong together."""
        try:
            with open(pathname, "rb") as file:  # noqa: PTH123
                status, checked = os.fstat(file.fileno()), time.time_ns()
                content = file.read()
        except OSError:
            return decode(pathname, self.dim, self.gray)
        key = digest(content)
        image: Decoded | str | None = self.session.thumbnail(key, self.recipe_key)
        is_new = image is None
        if image is None:
            image = decode(content, self.dim, self.gray)
        if isinstance(image, str):
            return image
        image = image._replace(modified=status.st_mtime, key=key)
        self._waiting.append(Seen(pathname, Stamp.of(status), checked, image, is_new))
        return image

    def write(self, *, all_of_it: bool = False) -> None:
        """Keep what was read, if it is much, or long ago that something was kept."""
        due = len(self._waiting) >= self._at_once or time.monotonic() - self._written > LONGEST
        if not self._waiting or not (due or all_of_it):
            return
        # Threads go on to append meanwhile.
        seen = [self._waiting.popleft() for _ in range(len(self._waiting))]
        self.session.keep_files(seen, self.recipe)
        self._written = time.monotonic()


@contextmanager
def recalling(cache: Cache | None, dim: tuple[int, int], gray: bool) -> Iterator[Recall | None]:
    """Give what reads through the cache, and keep at the end what is left, also after an error."""
    if cache is None:
        yield None
        return
    with cache.session() as session:
        recall = Recall(session, dim, gray)
        try:
            yield recall
        finally:
            recall.write(all_of_it=True)

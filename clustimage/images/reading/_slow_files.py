"""A warning that names a file whose reading takes long, while it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from clustimage._core.logs import get_logger
from clustimage._core.parallel import call_every
from clustimage.images.reading._listing import printable

__all__ = ["named_when_slow", "watching_files"]

logger = get_logger(__name__)

SECONDS = 30.0  # after which a file is named
LOOKS = 30  # at what is read, in that time

_being_read: dict[int, tuple[str, float]] = {}  # by thread: path, and since when


@contextmanager
def named_when_slow(pathname: str) -> Iterator[None]:
    """Name a file in a warning if what is done with it here takes long; see `watching_files`."""
    thread = threading.get_ident()
    _being_read[thread] = (pathname, time.monotonic())
    try:
        yield
    finally:
        del _being_read[thread]


@contextmanager
def watching_files() -> Iterator[None]:
    """Look at the files that all threads read, until the block ends."""
    named: set[tuple[str, float]] = set()

    def look() -> None:
        for one in list(_being_read.values()):
            pathname, since = one
            if time.monotonic() - since > SECONDS and one not in named:
                named.add(one)
                logger.warning("Reading %s takes more than %d s.", printable(pathname), SECONDS)

    with call_every(SECONDS / LOOKS, look):
        yield

"""Arrays that live in a file: walked through in blocks, whose pages are given back."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = ["file_blocks", "forget", "held_bytes", "mapped_file"]


def mapped_file(array: Any) -> np.memmap | None:
    """Return the memory-mapped file that `array` is a view of, or None.

    Examples
    --------
    >>> mapped_file(np.zeros(3)) is None
    True
    """
    found = None
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            found = array
        array = array.base
    return found


def held_bytes(array: Any) -> int:
    """Return the bytes of memory that an array takes; 0 for None and for one in a file.

    Examples
    --------
    >>> held_bytes(np.zeros(3)), held_bytes(None)
    (24, 0)
    """
    if not isinstance(array, np.ndarray) or mapped_file(array) is not None:
        return 0
    return array.nbytes


def forget(array: np.ndarray) -> None:
    """Give back the memory of the pages of `array` that were read or written, if it is in a file.

    The pages stay in the file, and in the system's memory as long as there is room; the
    array itself is as it was, also for threads that work on it at the same time. Without it
    every page that was ever touched counts as memory of the process. An array that is not
    one piece of memory is left as it is.
    """
    file = mapped_file(array)
    pages = getattr(file, "_mmap", None)
    if file is None or pages is None or not hasattr(pages, "madvise") or not array.size:
        return
    if not array.flags.c_contiguous:
        return
    origin = file.ctypes.data - file.offset % mmap.ALLOCATIONGRANULARITY
    low = array.ctypes.data - origin
    high = low + array.nbytes
    # Whole pages: the last one is given back with the rows that come after.
    start = low // mmap.PAGESIZE * mmap.PAGESIZE
    stop = len(pages) if high >= len(pages) else high // mmap.PAGESIZE * mmap.PAGESIZE
    if stop > start:
        pages.madvise(mmap.MADV_DONTNEED, start, stop - start)


def file_blocks(array: np.ndarray, step: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield slices of rows and the rows, and give their pages back when they were used.

    Parameters
    ----------
    array : ndarray of shape (n, ...)
        In memory or in a file.
    step : int
        Rows in a block; the last one may have less.

    Yields
    ------
    slice
    ndarray
        ``array[slice]``, a view.

    Examples
    --------
    >>> [rows.tolist() for _, rows in file_blocks(np.arange(5), 2)]
    [[0, 1], [2, 3], [4]]
    """
    for start in range(0, len(array), step):
        block = slice(start, min(start + step, len(array)))
        yield block, array[block]
        forget(array[block])

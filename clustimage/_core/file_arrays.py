"""Arrays that live in a file: made, read in blocks, their pages given back."""

from __future__ import annotations

import errno
import math
import mmap
import os
import secrets
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from clustimage._core.errors import DiskSpaceError, InvalidParameterError
from clustimage._core.files import FULL
from clustimage._core.logs import get_logger
from clustimage._core.memory import format_bytes
from clustimage._core.parameters import named

__all__ = [
    "FILE_NAME",
    "WINDOW",
    "Trail",
    "file_blocks",
    "forget",
    "free_bytes",
    "held_bytes",
    "lies_in_memory",
    "mapped_file",
    "new_array",
]

logger = get_logger(__name__)

# Where the system cannot remove a file that is in use, it can be seen under such a name.
FILE_NAME = ("clustimage-", ".array")

# Bytes that are written before their pages are given back.
WINDOW = 1 << 20

MOUNTS = Path("/proc/self/mountinfo")
IN_MEMORY = ("tmpfs", "ramfs")

own: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()  # what `new_array` made
told: set[str] = set()  # folders that were said to lie in memory


def new_array(
    shape: tuple[int, ...],
    dtype: npt.DTypeLike,
    *,
    folder: str | os.PathLike[str] | None,
    what: str,
) -> np.ndarray:
    """Make an array of zeros that lives in a file, not in memory.

    All of the space on the disk is taken at once: later there is always room for what is
    written. The file can be read by this user only and has no name any more as soon as it
    is open, so that nothing is left of it when the array is gone or the process is killed.
    Where the system knows no files without a name, it is removed with the array.

    Parameters
    ----------
    shape : tuple of int
        Shape of the array.
    dtype : dtype
        Type of its items, no Python objects.
    folder : path or None
        Where the file goes; made if it is missing. None takes the system's temporary one.
    what : str
        What is in the array, as the beginning of a sentence: ``"The pixels of 9 images"``.

    Returns
    -------
    ndarray of shape `shape`
        A plain array, C-contiguous. A copy or a pickle of it is in memory.

    Raises
    ------
    DiskSpaceError
        If there is not so much room on the disk. Nothing is left of the file then.
    InvalidParameterError
        If no file can be made in the folder.

    Examples
    --------
    >>> numbers = new_array((2, 3), np.float32, folder=None, what="Six numbers")
    >>> numbers[1] = 5
    >>> float(numbers.sum()), held_bytes(numbers)
    (15.0, 0)
    """
    dtype = np.dtype(dtype)
    n_bytes = math.prod(shape) * dtype.itemsize
    if not n_bytes:
        return np.empty(shape, dtype)
    place = Path(tempfile.gettempdir() if folder is None else folder).expanduser()
    with ExitStack() as failed:
        number, path = _open_file(place)
        failed.callback(_remove, path)
        removed = False
        with os.fdopen(number, "r+b", buffering=0):
            with suppress(OSError):  # Windows, and some disks of other computers
                path.unlink()
                removed = True
            _take_space(number, n_bytes, path, what)
            pages = mmap.mmap(number, n_bytes)
        failed.pop_all()
    if not removed:
        weakref.finalize(pages, _remove, path)
    if lies_in_memory(place) and str(place) not in told:
        told.add(str(place))
        logger.warning(
            "The folder %s lies in memory (tmpfs): a file of %s there takes as much of it. Give a "
            f"{named('dirpath')} on a disk.",
            place,
            format_bytes(n_bytes),
        )
    own.add(pages)
    # Not by np.memmap, whose file other processes would look for by its name.
    return np.frombuffer(pages, dtype=np.uint8).view(dtype).reshape(shape)


def _open_file(folder: Path) -> tuple[int, Path]:
    """Make a new file and return its number and path."""
    path = (folder / secrets.token_hex(8).join(FILE_NAME)).absolute()
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
    for name in ("O_BINARY", "O_NOINHERIT", "O_CLOEXEC", "O_TEMPORARY"):
        flags |= getattr(os, name, 0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o600), path
    except OSError as exc:
        raise InvalidParameterError(
            f"No file can be made in the folder {folder} ({exc.strerror}). Give a "
            f"{named('dirpath')} that can be written to."
        ) from exc


def _take_space(number: int, n_bytes: int, path: Path, what: str) -> None:
    """Take all the space that an open file will need, or raise and leave the disk alone."""
    free = free_bytes(path.parent)
    try:
        if free is not None and free < n_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        _allocate(number, n_bytes)
    except OSError as exc:
        if exc.errno not in FULL:
            raise
        room = "" if free is None else f", and {format_bytes(free)} are free there"
        raise DiskSpaceError(
            f"{what} take {format_bytes(n_bytes)} of disk in the file {path}{room} "
            f"({exc.strerror}). Nothing of it was kept. Give a {named('dirpath')} on a disk with "
            f"more room, or more {named('max_memory')}, or images of a smaller {named('dim')}."
        ) from exc


def _allocate(number: int, n_bytes: int) -> None:
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(number, 0, n_bytes)
            return
        except OSError as exc:
            if exc.errno in FULL:
                raise
    zeros = bytes(WINDOW)
    for start in range(0, n_bytes, WINDOW):
        part = memoryview(zeros)[: n_bytes - start]
        while part:
            part = part[os.write(number, part) :]


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


def free_bytes(folder: str | os.PathLike[str] | None) -> int | None:
    """Return how much room there is for files in a folder; None where it is not known.

    A folder that is not there yet has the room of the one in which it will be made; None is
    the system's temporary one.
    """
    try:
        usage = shutil.disk_usage(_existing(folder))
    except OSError:
        return None
    return usage.free if usage.total else None


def lies_in_memory(folder: str | os.PathLike[str] | None) -> bool:
    """Return whether files in a folder are memory, not disk; False where it is not known."""
    try:
        device = _existing(folder).stat().st_dev
        lines = MOUNTS.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return False
    name = f"{os.major(device)}:{os.minor(device)}"
    for line in lines:  # 36 35 98:0 /root /mount rw,noatime - ext4 /dev/sda1 rw
        mount, _, kind = line.partition(" - ")
        if mount.split()[2:3] == [name] and kind.split()[:1]:
            return kind.split()[0] in IN_MEMORY
    return False


def _existing(folder: str | os.PathLike[str] | None) -> Path:
    path = Path(tempfile.gettempdir() if folder is None else folder).expanduser().absolute()
    return next((place for place in (path, *path.parents) if place.is_dir()), path)


def mapped_file(array: Any) -> mmap.mmap | None:
    """Return the memory-mapped file that `array` is a view of, or None.

    Of one that was opened with copies on writing (``np.load(mmap_mode="c")``) what was
    written is memory, and of no file.

    Examples
    --------
    >>> mapped_file(np.zeros(3)) is None
    True
    """
    whole = None
    while isinstance(array, np.ndarray):
        whole = array if isinstance(array, np.memmap) else whole
        array = array.base
    pages = array.obj if isinstance(array, memoryview) else array
    if not isinstance(pages, mmap.mmap) or (whole is None and pages not in own):
        return None
    return None if whole is not None and whole.mode == "c" else pages


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
    pages = mapped_file(array)
    if pages is None or not hasattr(pages, "madvise") or not array.size:
        return
    if not array.flags.c_contiguous and not array.flags.f_contiguous:
        return
    low = array.ctypes.data - np.frombuffer(pages, dtype=np.uint8).ctypes.data
    high = low + array.nbytes
    # Whole pages: the last one is given back with the rows that come after.
    start = low // mmap.PAGESIZE * mmap.PAGESIZE
    stop = len(pages) if high >= len(pages) else high // mmap.PAGESIZE * mmap.PAGESIZE
    if stop > start:
        pages.madvise(mmap.MADV_DONTNEED, start, stop - start)


def file_blocks(array: Any, step: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield slices of rows and the rows, and give their pages back when they were used.

    Parameters
    ----------
    array : ndarray or PickedRows of shape (n, ...)
        In memory or in a file.
    step : int
        Rows in a block; the last one may have less.

    Yields
    ------
    slice
    ndarray
        ``array[slice]``, of an array a view.

    Examples
    --------
    >>> [rows.tolist() for _, rows in file_blocks(np.arange(5), 2)]
    [[0, 1], [2, 3], [4]]
    """
    for start in range(0, len(array), step):
        block = slice(start, min(start + step, len(array)))
        rows = array[block]
        yield block, rows
        forget(rows)


class Trail:
    """Gives back the pages of rows that were written, `WINDOW` bytes at a time.

    Parameters
    ----------
    array : ndarray of shape (n, ...)
        Written row by row, from the first one on; in memory or in a file.

    Examples
    --------
    >>> rows = new_array((3, 4), np.uint8, folder=None, what="Three rows")
    >>> trail = Trail(rows)
    >>> for n_written in (1, 2, 3):
    ...     trail.reach(n_written)
    """

    def __init__(self, array: np.ndarray) -> None:
        self._array = array
        self._done = 0
        row = array[:1].nbytes
        in_file = mapped_file(array) is not None
        self._step = max(1, WINDOW // max(1, row)) if in_file else len(array) + 1

    def reach(self, n_written: int) -> None:
        """Take note that so many rows are written and not needed for now."""
        if n_written - self._done >= self._step:
            forget(self._array[self._done : n_written])
            self._done = n_written

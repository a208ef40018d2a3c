"""How much memory the steps may take: what is free, the budget, and bytes as text."""

from __future__ import annotations

import ctypes
import os
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from clustimage._core.errors import InvalidParameterError, MemoryLimitError
from clustimage._core.parameters import named, setting

__all__ = [
    "Budget",
    "available_memory",
    "check_max_memory",
    "format_bytes",
    "free_budget",
    "free_large_blocks_at_once",
    "free_small_blocks",
    "keep_small_blocks",
    "make_budget",
    "megabytes",
]

UNITS = {unit: 1000**power for power, unit in enumerate(("B", "KB", "MB", "GB", "TB"))}
UNITS |= {unit: 1024**power for power, unit in enumerate(("", "KIB", "MIB", "GIB", "TIB"))}
# Thousands may be separated by a comma, a space or an underscore; "3,5GB" is no number.
NUMBER = re.compile(r"((?:\d{1,3}(?:[,_ ]\d{3})+|\d+)(?:\.\d+)?)\s*([A-Za-z]*)")

M_MMAP_THRESHOLD, LARGE_BLOCK = -3, 8 << 20  # of mallopt
M_TRIM_THRESHOLD, KEPT_BYTES = -1, 128 << 20

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")
UNKNOWN = 8_000_000_000  # bytes that are taken to be free where the system does not say


@dataclass(frozen=True)
class Budget:
    """Bytes of memory that images, features and work may take together.

    Attributes
    ----------
    total : int
        The limit.
    held : int
        What earlier steps hold of it.
    in_file : int
        Bytes of pixels in a file, which a budget of twice as much would keep in memory.

    Examples
    --------
    >>> budget = Budget(4_000_000_000, held=1_500_000_000)
    >>> budget.left, budget.allows(3e9)
    (2500000000, False)
    >>> budget.words
    "max_memory='4.0 GB', of which 1.5 GB are in use"
    """

    total: int
    held: int = 0
    in_file: int = 0

    @property
    def left(self) -> int:
        """Bytes that are not held yet."""
        return max(0, self.total - self.held)

    @property
    def words(self) -> str:
        """The budget as a part of a sentence."""
        text = setting("max_memory", format_bytes(self.total))
        return f"{text}, of which {format_bytes(self.held)} are in use" if self.held else text

    def holding(self, n_bytes: float) -> Budget:
        """Return the budget of the steps after one that keeps `n_bytes` more."""
        return replace(self, held=self.held + int(n_bytes))

    def allows(self, n_bytes: float) -> bool:
        """Return whether work that takes `n_bytes` at its peak fits."""
        return n_bytes <= self.left

    def problem(self, n_bytes: float, *, what: str, instead: str = "") -> str:
        """Return why work cannot be done that takes `n_bytes`, and what is enough; "" where it can.

        `what` is the work, as the beginning of a sentence; `instead` are other things to do, as
        whole sentences.

        Examples
        --------
        >>> Budget(10**9, held=10**6).problem(10**9, what="PCA of 9 images")
        "PCA of 9 images takes about 1.0 GB of memory, more than is allowed (max_memory='1.0 GB', \
of which 1.0 MB are in use). Give max_memory='1,001 MB' or more."
        """
        if self.allows(n_bytes):
            return ""
        enough = self.held + n_bytes
        if enough >= 2 * self.in_file:
            enough += self.in_file
        return (
            f"{what} takes about {format_bytes(n_bytes)} of memory, more than is allowed "
            f"({self.words}). Give {setting('max_memory', f'{megabytes(enough):,} MB')} or more. "
            f"{instead}"
        ).rstrip()

    def check(self, n_bytes: float, *, what: str, instead: str = "") -> None:
        """Raise `MemoryLimitError` with the text of `problem`, before work that does not fit."""
        problem = self.problem(n_bytes, what=what, instead=instead)
        if problem:
            raise MemoryLimitError(problem)


def check_max_memory(value: Any) -> int | None:
    """Return `max_memory` in bytes, or None.

    Parameters
    ----------
    value : int, str or None
        Bytes, or a number with a unit: kB, MB, GB and TB are powers of 1,000, KiB, MiB,
        GiB and TiB of 1,024.

    Raises
    ------
    InvalidParameterError
        If it is neither, or not above 0.

    Examples
    --------
    >>> check_max_memory("2GB"), check_max_memory("1.5 MiB"), check_max_memory("1,500 MB")
    (2000000000, 1572864, 1500000000)
    """
    if value is None:
        return None
    n_bytes = 0.0
    if isinstance(value, str):
        found = NUMBER.fullmatch(value.strip())
        if found and found[2].upper() in UNITS:
            n_bytes = float(re.sub("[,_ ]", "", found[1])) * UNITS[found[2].upper()]
    elif isinstance(value, Integral | Real) and not isinstance(value, bool):
        n_bytes = float(value) if float(value).is_integer() else 0.0
    if not 1 <= n_bytes < 2**63:
        raise InvalidParameterError(
            f"{named('max_memory')} must be a number of bytes, or a number with a unit (kB, MB, "
            "GB, TB, KiB, MiB, GiB or TiB) such as '2GB' or '3.5 GB', from 1 byte to 9,000,000 "
            f"TB; without it, half of what is free is taken. Got {value!r}."
        )
    return int(n_bytes)


def make_budget(max_memory: Any = None) -> Budget:
    """Return the budget for `max_memory`; for None half of the memory that is free now.

    Examples
    --------
    >>> make_budget("2GB")
    Budget(total=2000000000, held=0, in_file=0)
    """
    return Budget(check_max_memory(max_memory) or max(1, available_memory() // 2))


def free_budget() -> Budget:
    """Return a budget of all that is free now, for work that was given no limit."""
    return Budget(available_memory())


def available_memory() -> int:
    """Return how many bytes this process can still take without swapping.

    The least of what the system has to give and of what a limit on the container (control
    groups, version 2) leaves.
    """
    known = [value for value in (_of_system(), _of_container()) if value is not None]
    return min(known, default=UNKNOWN)


@cache
def free_large_blocks_at_once() -> None:
    """Let large blocks of memory go back to the system when they are freed.

    The C library of GNU learns to keep blocks of up to 32 MB for the thread that has freed them.
    The pictures of Pillow are made of blocks of 16 MB: of four threads that decode a large picture
    one after another, each would hold as much as its picture took. Others do not do so.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)


def free_small_blocks() -> None:
    """Give blocks of memory that are freed, and not large, back to the system.

    The C library of GNU keeps them for the thread that has freed them: of eight threads that held
    a file in blocks of a MB one after another, each would keep as much as its file took.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def keep_small_blocks() -> None:
    """Let blocks of memory that are not large stay with the process when they are freed.

    Dask starts its workers with a C library that gives back each block of 64 kB and more: arrays
    that are made again and again then take up to twice the time.
    """
    free_large_blocks_at_once()
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)


def megabytes(n_bytes: float) -> int:
    """Return a number of bytes in MB, rounded up."""
    return -int(-n_bytes // 10**6)


def format_bytes(n_bytes: float) -> str:
    """Return a number of bytes for people, in powers of 1,000.

    Examples
    --------
    >>> format_bytes(512), format_bytes(2_340_000_000)
    ('512 bytes', '2.3 GB')
    """
    if n_bytes < 1e3:
        return f"{n_bytes:.0f} bytes"
    for unit, size in (("kB", 1e3), ("MB", 1e6), ("GB", 1e9)):
        if n_bytes < size * 1e3:
            return f"{n_bytes / size:.1f} {unit}"
    return f"{n_bytes / 1e12:,.1f} TB"


def _of_system() -> int | None:
    try:
        for line in MEMINFO.read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        # Not free but total: where it is all that the system tells (macOS).
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def _of_container() -> int | None:
    try:
        limit = (CGROUP / "memory.max").read_text("ascii").strip()
        used = int((CGROUP / "memory.current").read_text("ascii"))
        stats = dict(
            line.split() for line in (CGROUP / "memory.stat").read_text("ascii").splitlines()
        )
        # Pages of files that were read count as used, and are given up when they are needed.
        used -= int(stats.get("inactive_file", 0))
        return None if limit == "max" else max(0, int(limit) - used)
    except (OSError, ValueError):
        return None

"""How much memory there is, and the check before much of it is taken."""

from __future__ import annotations

import os
from pathlib import Path

from clustimage._core.errors import MemoryLimitError

__all__ = ["available_memory", "check_memory", "format_bytes"]

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def available_memory() -> int | None:
    """Return how many bytes this process can still take without swapping; None if not known.

    The least of what the system has to give and of what a limit on the container (control
    groups, version 2) leaves.
    """
    known = [value for value in (_of_system(), _of_container()) if value is not None]
    return min(known) if known else None


def check_memory(n_bytes: float, *, what: str, instead: str) -> None:
    """Raise before work is begun that does not fit into memory.

    Parameters
    ----------
    n_bytes : float
        What the work takes at its peak.
    what : str
        The work, as the beginning of a sentence: ``"A tree of 90,000 images"``.
    instead : str
        What to do, as a whole sentence.

    Raises
    ------
    MemoryLimitError
        If less is available than that.

    Examples
    --------
    >>> check_memory(1e18, what="A tree of many images", instead="Use k-means.")
    Traceback (most recent call last):
    ...
    clustimage.MemoryLimitError: A tree of many images takes 1,000,000.0 TB of memory, \
... Use k-means.
    """
    available = available_memory()
    if available is not None and n_bytes > available:
        raise MemoryLimitError(
            f"{what} takes {format_bytes(n_bytes)} of memory, more than the "
            f"{format_bytes(available)} "
            f"that are available. {instead}"
        )


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

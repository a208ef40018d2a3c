"""Names of files: with a number, and no longer than file systems take."""

from __future__ import annotations

import os

__all__ = ["ending_in", "numbered"]

# Most file systems take names of so many bytes.
MAX_BYTES = 255


def numbered(name: str, number: int) -> str:
    """Return a name with a number before its ending, shortened to what file systems take.

    Examples
    --------
    >>> numbered("a.jpg", 1), numbered("a.jpg", 2)
    ('a.jpg', 'a_2.jpg')
    """
    return name if number == 1 else ending_in(name, f"_{number}")


def ending_in(name: str, mark: str) -> str:
    """Return a name with `mark` before its ending, shortened to what file systems take."""
    stem, ending = os.path.splitext(name)  # noqa: PTH122
    if len(os.fsencode(ending)) > MAX_BYTES // 2:
        stem, ending = name, ""
    n_left = MAX_BYTES - len(os.fsencode(mark + ending))
    while len(os.fsencode(stem)) > n_left:
        stem = stem[:-1]
    return f"{stem}{mark}{ending}"

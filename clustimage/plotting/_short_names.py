"""Names that are too long for their space, shortened where that says least."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

import numpy as np

from clustimage.plotting._fonts import printable, width_of

__all__ = [
    "SEPARATORS",
    "beginning_of_difference",
    "fitting_length",
    "shared_beginning",
    "shorten_all",
]

# What words in a file name end with.
SEPARATORS = " _-.,;+&()[]"
# Characters of the word before the one in which names differ, which may say what that is.
MAX_WORD_BEFORE = 8
# What must be saved, in ems, for a name to be shortened at all.
MIN_SAVED = 2.5
# The part of the space for the beginning of a name.
HEAD = 0.4


def fitting_length(text: str, ems: float) -> int:
    """Return how many of the first characters are no wider than so many times their size."""
    widths = np.cumsum([width_of(char) for char in text])
    return int(np.searchsorted(widths, ems, side="right"))


def shared_beginning(names: Collection[str]) -> int:
    """Return how many characters all names begin with, up to the word in which they differ.

    Examples
    --------
    >>> shared_beginning(["holiday, day 12.jpg", "holiday, day 14.jpg"])
    13
    """
    different = sorted(set(names))
    if len(different) < 2:
        return 0
    shared = os.path.commonprefix(different)
    return max(shared.rfind(char) for char in SEPARATORS) + 1


def beginning_of_difference(name: str, shared: int) -> int:
    """Return where the word that others do not share begins, or a short word before it.

    Examples
    --------
    >>> beginning_of_difference("holiday, day 12.jpg", 13)
    9
    """
    before = max(name.rfind(char, 0, max(shared - 1, 0)) for char in SEPARATORS) + 1
    return before if shared - before <= MAX_WORD_BEFORE else shared


def shorten_all(names: Sequence[str], ems: float) -> list[str]:
    """Return names, made printable, that are hardly wider than so many times their size.

    What is left out is the middle; but where all begin alike, that goes before the part in
    which they differ.

    Examples
    --------
    >>> shorten_all(["IMG_1.jpg", "A long name of a file, with a number, 0017.jpg"], 12)
    ['IMG_1.jpg', 'A long na…er, 0017.jpg']
    >>> names = [f"Our summer holiday in Brittany, day {i} (edited, final).jpg" for i in (1, 2)]
    >>> shorten_all(names, 12)
    ['Our sum…day 1 (edi…', 'Our sum…day 2 (edi…']
    """
    names = [printable(name) for name in names]
    shared = shared_beginning(names)
    return [_shorten(name, ems, shared) for name in names]


def _shorten(name: str, ems: float, shared: int) -> str:
    if width_of(name) <= ems + MIN_SAVED:
        return name
    dots = width_of("…")
    first = fitting_length(name, HEAD * ems)
    rest = (1 - HEAD) * ems - dots
    last = len(name) - fitting_length(name[::-1], rest)
    start = beginning_of_difference(name, shared)
    if first <= start < last:
        length = fitting_length(name[start:], rest - dots)
        return f"{name[:first]}…{name[start : start + length].rstrip()}…"
    return f"{name[:first]}…{name[last:]}"

"""Captions below images: written smaller, then on two lines, and only then shortened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clustimage.plotting._fonts import font_of, printable, width_of
from clustimage.plotting._short_names import (
    SEPARATORS,
    beginning_of_difference,
    fitting_length,
    shared_beginning,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Captions", "fit_captions", "height_of_captions"]

LINE_HEIGHT = 1.3
# Points between an image and its caption.
GAP = 2.5
# Parts of the usual size that are tried, the first with which all captions fit on one line,
# else on two. With CUT_SCALE those that fit on two with none are shortened.
SCALES, SCALES_OF_TWO_LINES, CUT_SCALE = (1.0, 0.92, 0.85), (1.0, 0.92, 0.85, 0.8), 0.85
MIN_POINTS, LEGIBLE_POINTS = 5.0, 7.5
# The share of an image's width that words may take: drawn on a grid of pixels they are wider.
MAX_FILLED = 0.95
# Shortening a name by less than this says less and saves nothing.
MIN_CUT = 5
# A line ends after a word, where that leaves it at least so full.
MIN_FILLED = 0.55


@dataclass(frozen=True)
class Captions:
    """Captions that fit below images of one width.

    Attributes
    ----------
    words : list of str
        With line breaks.
    points : float
        Size of the letters.
    lines : int
        For how many lines there is space below an image.
    """

    words: list[str]
    points: float
    lines: int

    def part(self, rows: slice) -> Captions:
        """Return some of them, with the same size and space."""
        return replace(self, words=self.words[rows])

    def write(self, ax: Axes, below: np.ndarray) -> None:
        """Write them, centred below positions ``(x, y)`` of the axes, shape (n, 2)."""
        for (x, y), words in zip(below, self.words, strict=True):
            ax.annotate(
                words,
                (x, y),
                xytext=(0, -GAP),
                textcoords="offset points",
                ha="center",
                va="top",
                fontsize=self.points,
                linespacing=1.15,
                annotation_clip=False,
                parse_math=False,
                **font_of(words),
            )


def points_of_captions(wide: float) -> float:
    """Return the usual size of captions below images of this width in inches, in points."""
    return float(np.clip(4.2 + 3.3 * wide, MIN_POINTS, 9.5))


def height_of_captions(wide: float, lines: int) -> float:
    """Return the height of captions below images of this width; both in inches."""
    return (lines * LINE_HEIGHT * points_of_captions(wide) + GAP) / 72 if lines else 0.0


def fit_captions(captions: Sequence[str], wide: float) -> Captions:
    """Return captions that are no wider than an image.

    Where one is too long all are written smaller, by up to 15 %; then a line that is still too
    long is broken into two; and what two lines do not hold loses its middle.

    Parameters
    ----------
    captions : sequence of str
        Each line is fitted by itself.
    wide : float
        Width of an image, in inches.

    Examples
    --------
    >>> fit_captions(["IMG_1.jpg", "Summer holiday in Brittany.jpg"], 1.2).words
    ['IMG_1.jpg', 'Summer holiday in\\nBrittany.jpg']
    """
    lines = [[printable(line) for line in caption.split("\n")] for caption in captions]
    usual, room = points_of_captions(wide), 72 * wide * MAX_FILLED
    every = [line for some in lines for line in some]
    widest = max(map(width_of, every), default=0.0)
    for scale in SCALES:
        if widest * _points(usual, scale) <= room:
            return _captions(["\n".join(some) for some in lines], _points(usual, scale))
    for scale in SCALES_OF_TWO_LINES:
        ems = room / _points(usual, scale)
        broken = [[_in_two(line, ems) for line in some] for some in lines]
        if all(line is not None for some in broken for line in some):
            words = ["\n".join(line for line in some if line) for some in broken]
            return _captions(words, _points(usual, scale))
    ems = room / _points(usual, CUT_SCALE)
    shared = shared_beginning({some[0] for some in lines})
    words = [
        "\n".join(_in_two(line, ems) or _cut(line, ems, shared) for line in some) for some in lines
    ]
    return _captions(words, _points(usual, CUT_SCALE))


def _captions(words: list[str], points: float) -> Captions:
    return Captions(words, points, max((some.count("\n") + 1 for some in words), default=0))


def _points(usual: float, scale: float) -> float:
    return max(min(usual, LEGIBLE_POINTS), usual * scale)


def _in_two(line: str, ems: float) -> str | None:
    """Return a line as it is or in two; None where these are too long."""
    if width_of(line) <= ems:
        return line
    first = fitting_length(line, ems)
    ends = [i for i in range(int(MIN_FILLED * first), first + 1) if line[i - 1 : i] in SEPARATORS]
    # The later the end, the better, if the rest fits.
    for end in (*ends[:-4:-1], first):
        rest = line[end:].strip()
        if end and width_of(rest) <= ems:
            return f"{line[:end].rstrip()}\n{rest}"
    return None


def _cut(line: str, ems: float, shared: int) -> str:
    """Return the beginning and the end of a line, on two lines of this width.

    Where the others differ from it between these, after `shared` characters, the second line
    begins there.
    """
    first = fitting_length(line, ems - width_of("…"))
    last = max(1, min(fitting_length(line[::-1], ems), len(line) - first - MIN_CUT))
    start, end = len(line) - last, ""
    different = beginning_of_difference(line, shared)
    if first <= different < start:
        start = different
        length = fitting_length(line[start:], ems - width_of("…"))
        line, end = line[: start + length], "…"
    return f"{line[:first].rstrip()}…\n{line[start:].strip()}{end}"

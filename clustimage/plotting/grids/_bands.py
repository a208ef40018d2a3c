"""The arrangement of columns of images: side by side, in as many bands as make them large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["GAP", "PAD", "Bands", "arrange"]

# Parts of the width of an image: between images, between clusters.
PAD, GAP = 0.04, 0.3
# Several bands must make images so many times as large as one band would.
MIN_ENLARGEMENT = 1.25
# Lengths of columns that are tried, and the step from one width of the picture to the next.
TRIED, STEP = 48, 1.03


@dataclass(frozen=True)
class Bands:
    """Positions of the images, counted in images.

    Attributes
    ----------
    sizes : ndarray of shape (k,), int
        How many images each cluster shows.
    rows : int
        The most images in a column; a cluster that has more goes on in next columns, all of
        one length or one image less.
    starts : tuple of int
        The first cluster of each band.
    """

    sizes: np.ndarray
    rows: int
    starts: tuple[int, ...] = (0,)

    @property
    def widths(self) -> np.ndarray:
        """Columns of each cluster, shape (k,)."""
        return -(-self.sizes // self.rows)

    @property
    def band_of(self) -> np.ndarray:
        """The band of each cluster, shape (k,)."""
        return np.searchsorted(self.starts, np.arange(len(self.sizes)), side="right") - 1

    @property
    def heights(self) -> np.ndarray:
        """Images in the longest column of each band."""
        return np.maximum.reduceat(-(-self.sizes // self.widths), self.starts)

    def spots(self, cluster: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the column and the row of each image of a cluster, counted within it.

        Examples
        --------
        >>> column, row = Bands(np.array([5]), rows=4).spots(0)
        >>> column.tolist(), row.tolist()
        ([0, 0, 0, 1, 1], [0, 1, 2, 0, 1])
        """
        size, wide = int(self.sizes[cluster]), int(self.widths[cluster])
        lengths = size // wide + (np.arange(wide) < size % wide)
        column = np.repeat(np.arange(wide), lengths)
        return column, np.arange(size) - (np.cumsum(lengths) - lengths)[column]

    def wide(self) -> float:
        """Return the width of the widest band, in widths of an image."""
        wide = self.widths * (1 + PAD) + GAP
        return float(np.add.reduceat(wide, self.starts).max()) - GAP + PAD

    def high(self, tall: float, head: float) -> float:
        """Return the height of all bands, each with words of the height `head` above it."""
        return float(self.heights.sum() * (tall + PAD) + len(self.starts) * head)


def arrange(
    sizes: Sequence[int] | np.ndarray,
    *,
    tall: float = 1.0,
    frame: tuple[float, float] = (13.0, 8.0),
    head: float = 0.4,
    rows: int | None = None,
) -> Bands:
    """Return the arrangement that shows the images large in a frame.

    Parameters
    ----------
    sizes : sequence of k int
        Images of each cluster, in the order from left to right.
    tall : float, default=1
        Height of an image as a share of its width.
    frame : (width, height), default=(13, 8)
        Size of the picture, in inches.
    head : float, default=0.4
        Height of the words above a band, in inches.
    rows : int, optional
        The most images in a column; default is what makes the images largest.

    Returns
    -------
    Bands
        One band, unless images are a quarter larger in several.

    Examples
    --------
    >>> bands = arrange([40, 30, 20, 2])
    >>> bands.heights.tolist(), bands.widths.tolist(), bands.starts
    ([8], [5, 4, 3, 1], (0,))
    >>> len(arrange([3] * 400).starts)
    8
    """
    sizes = np.asarray(sizes)
    ratio, head = frame[0] / frame[1], head / frame[0]
    lengths = np.geomspace(sizes.max(), 1, TRIED).astype(int)
    tried = [rows] if rows else list(dict.fromkeys(lengths.tolist()))

    def needed(bands: Bands) -> float:
        """Return the least width, in images, of a frame that the bands fit in."""
        # The words take a share of the width of the frame, however many images that is.
        share = 1 - ratio * len(bands.starts) * head
        high = bands.high(tall, 0.0) * ratio / share if share > 0 else np.inf
        return max(bands.wide(), high)

    single = min((Bands(sizes, length) for length in tried), key=needed)
    best, width = single, needed(single)
    limit = width / MIN_ENLARGEMENT
    wide = float(np.sqrt(sizes.sum() * tall * ratio))
    while wide < limit:
        for length in tried:
            bands = _broken(sizes, length, wide)
            if bands is not None and needed(bands) <= wide:
                return bands
        wide *= STEP
    return best


def _broken(sizes: np.ndarray, rows: int, wide: float) -> Bands | None:
    """Break the clusters into bands as a text into lines; None where one is too wide."""
    ends = np.cumsum(-(-sizes // rows) * (1 + PAD) + GAP)
    starts, before = [0], 0.0
    while True:
        following = int(np.searchsorted(ends, before + wide + GAP - PAD, side="right"))
        if following == len(sizes):
            return Bands(sizes, rows, tuple(starts))
        if following == starts[-1]:
            return None
        starts.append(following)
        before = float(ends[following - 1])

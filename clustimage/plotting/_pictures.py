"""Images that are read only when they are drawn, and only those that are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from clustimage._core.file_arrays import forget
from clustimage.plotting._montage import colorize, fit_side

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

__all__ = ["Pictures", "row_pixels"]

# Pixels that are read at a time.
BLOCK_BYTES = 8 * 2**20
# Images that are decorated at a time.
MAX_DECORATED = 16


def row_pixels(images: np.ndarray, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the images of some rows, a few at a time, in the order in which they lie.

    The images may lie in a file: it is read once, from its beginning to its end, and the
    memory of what was read is given back.

    Parameters
    ----------
    images : array of shape (n, ...)
        In memory or in a file.
    rows : array of shape (m,), int
        In any order.

    Yields
    ------
    array of int
        Positions in `rows`.
    array of shape (len(positions), ...)
        Their images, copied.

    Examples
    --------
    >>> [(at.tolist(), some.tolist()) for at, some in row_pixels(np.arange(9), np.array([7, 2]))]
    [([1, 0], [2, 7])]
    """
    order = np.argsort(rows, kind="stable")
    step = max(1, BLOCK_BYTES // max(1, images[:1].nbytes))
    for start in range(0, len(order), step):
        at = order[start : start + step]
        yield at, images[rows[at]]
        forget(images[rows[at[0]] : rows[at[-1]] + 1])


class Pictures:
    """Some of the images as RGB, made when they are drawn, and in the size they are drawn in.

    Parameters
    ----------
    images : array of shape (n, height, width) or (n, height, width, 3), uint8
        Gray or RGB, in memory or in a file.
    rows : array of shape (m,), int, optional
        Which of them, in the order to draw them; default is all.
    cmap : str or Colormap, optional
        For gray images.
    decorate : callable, optional
        Makes the pictures from the images, some at a time; default colours gray ones.
    before : array of shape (k, height, width) or (k, height, width, 3), uint8, optional
        Other images that come first.

    Attributes
    ----------
    decorated : bool
        Whether the pictures show more than the images.

    Examples
    --------
    >>> pictures = Pictures(np.zeros((9, 4, 6), dtype=np.uint8), np.array([8, 2]))
    >>> len(pictures), pictures.shape, pictures.made(2).shape
    (2, (4, 6), (2, 1, 2, 3))
    """

    def __init__(
        self,
        images: np.ndarray,
        rows: np.ndarray | None = None,
        *,
        cmap: str | Colormap | None = None,
        decorate: Callable[[np.ndarray], np.ndarray] | None = None,
        before: np.ndarray | None = None,
    ) -> None:
        self._images = images
        self._rows = np.arange(len(images)) if rows is None else np.asarray(rows, dtype=np.int64)
        self._before = before
        self.decorated = decorate is not None
        self._make = decorate or (lambda some: colorize(some, cmap))

    def __len__(self) -> int:
        return len(self._rows) + (0 if self._before is None else len(self._before))

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of a picture before it is fitted."""
        one = self._images[self._rows[:1]] if len(self._rows) else self._before
        if self.decorated and one is not None:
            one = self._make(one)
        high, wide = (self._images if one is None else one).shape[1:3]
        return int(high), int(wide)

    def take(self, positions: np.ndarray) -> Pictures:
        """Return the pictures at some positions, in that order."""
        taken = Pictures(self._images, self._rows[positions], decorate=self._make)
        taken.decorated = self.decorated
        return taken

    def made(self, side: int | None = None) -> np.ndarray:
        """Return the pictures, by whole factors fitted to a longer side of about `side` pixels.

        Returns
        -------
        array of shape (m, new_height, new_width, 3), uint8
        """

        def fitted(some: np.ndarray) -> np.ndarray:
            # Decorated pictures may be many times as large as the images.
            step = MAX_DECORATED if self.decorated else len(some)
            made = [self._make(some[i : i + step]) for i in range(0, len(some), max(step, 1))]
            return np.concatenate(made if side is None else [fit_side(one, side) for one in made])

        first = 0 if self._before is None else len(self._before)
        out: np.ndarray | None = None
        if self._before is not None and first:
            some = fitted(self._before)
            out = np.empty((len(self), *some.shape[1:]), dtype=np.uint8)
            out[:first] = some
        for at, pixels in row_pixels(self._images, self._rows):
            some = fitted(pixels)
            if out is None:
                out = np.empty((len(self), *some.shape[1:]), dtype=np.uint8)
            out[first + at] = some
        return np.zeros((0, *self.shape, 3), dtype=np.uint8) if out is None else out

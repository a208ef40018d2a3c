"""Many images as one picture: arrays to arrays, nothing is drawn here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage.plotting._figure import check_cmap

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

__all__ = [
    "best_ncols",
    "colorize",
    "evenly",
    "fit_side",
    "montage",
    "tile_corners",
    "to_images",
]


def to_images(rows: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Return flattened images as ``(n, height, width)`` or ``(n, height, width, 3)`` uint8.

    Parameters
    ----------
    rows : array of shape (n, height * width * channels)
        Pixels from 0 to 255; floats (mean images) are rounded.
    shape : (height, width) or (height, width, channels)
        What a row holds.

    Raises
    ------
    InvalidDataError
        If the rows do not have that many pixels.

    Examples
    --------
    >>> import numpy as np
    >>> to_images(np.zeros((5, 12)), (3, 4, 1)).shape
    (5, 3, 4)
    """
    rows = np.asarray(rows)
    height, width, channels = (*shape, 1)[:3]
    if rows.ndim != 2 or rows.shape[1] != height * width * channels:
        raise InvalidDataError(
            f"Rows of {height * width * channels} pixels are needed for images of shape "
            f"{tuple(shape)}. Got an array of shape {rows.shape}."
        )
    if rows.dtype != np.uint8:
        rows = np.clip(np.rint(rows), 0, 255).astype(np.uint8)
    if channels == 1:
        return rows.reshape(len(rows), height, width)
    return rows.reshape(len(rows), height, width, channels)


def colorize(images: np.ndarray, cmap: str | Colormap | None = None) -> np.ndarray:
    """Return images as RGB ``(n, height, width, 3)`` uint8; `cmap` colours gray ones only."""
    images = np.asarray(images)
    if images.ndim == 4 and images.shape[3] == 3:
        return images
    table = np.rint(check_cmap(cmap)(np.linspace(0, 1, 256))[:, :3] * 255).astype(np.uint8)
    return np.asarray(table[images[..., 0] if images.ndim == 4 else images])


def fit_side(images: np.ndarray, side: int) -> np.ndarray:
    """Return images whose longer side is near `side` pixels, by whole factors.

    Large images are averaged over blocks of pixels, small ones repeated, so that no
    value is made up and pixels of tiny images keep their edges.

    Parameters
    ----------
    images : array of shape (n, height, width, 3), uint8
        RGB images.
    side : int
        The wanted longer side, in pixels.

    Returns
    -------
    array of shape (n, new_height, new_width, 3), uint8
        At most 1.5 times, and mostly at least two thirds of, `side`.
    """
    _, height, width, channels = images.shape
    longer = max(height, width)
    if longer * 2 <= side:
        factor = side // longer
        return images.repeat(factor, axis=1).repeat(factor, axis=2)
    factor = max(1, round(longer / side))
    if factor == 1:
        return images
    down, across = min(factor, height), min(factor, width)
    rows, cols = height // down, width // across
    small = np.empty((len(images), rows, cols, channels), dtype=np.uint8)
    for start in range(0, len(images), 64):
        some = images[start : start + 64, : rows * down, : cols * across]
        # Adding shifted views is several times faster than a sum over two axes.
        total = np.full((len(some), rows, cols, channels), down * across // 2, dtype=np.uint32)
        for y, x in np.ndindex(down, across):
            total += some[:, y::down, x::across]
        small[start : start + 64] = total // (down * across)
    return small


def best_ncols(n: int, height: int, width: int, *, ratio: float = 1.5) -> int:
    """Return the number of columns that makes a montage about `ratio` times as wide as high.

    Examples
    --------
    >>> best_ncols(24, 8, 8)
    6
    """
    return max(1, min(n, math.ceil(math.sqrt(n * ratio * height / width) - 1e-9)))


def tile_corners(
    n: int, height: int, width: int, *, ncols: int, pad: int, gap: int = 0
) -> np.ndarray:
    """Return the upper left pixel ``(x, y)`` of each tile of `montage`, shape ``(n, 2)``."""
    row, col = np.divmod(np.arange(n), ncols)
    return np.stack([pad + col * (width + pad), pad + row * (height + pad + gap)], axis=1)


def montage(
    images: np.ndarray,
    ncols: int | None = None,
    pad: int = 2,
    *,
    gap: int = 0,
    background: tuple[int, int, int] = (255, 255, 255),
) -> np.ndarray:
    """Arrange images in rows, as one picture.

    Parameters
    ----------
    images : array of shape (n, height, width) or (n, height, width, 3), uint8
        Gray or RGB.
    ncols : int, optional
        Images per row; by default the montage is about 1.5 times as wide as high.
    pad : int, default=2
        Pixels between images and around them.
    gap : int, default=0
        Further pixels below each row, for captions.
    background : (int, int, int), default=(255, 255, 255)
        RGB of what is not covered.

    Returns
    -------
    array of shape (pad + nrows * (height + pad + gap), pad + ncols * (width + pad), 3), uint8
        One RGB picture.

    Raises
    ------
    InvalidDataError
        If there is no image.

    Examples
    --------
    >>> import numpy as np
    >>> montage(np.zeros((5, 8, 6), dtype=np.uint8), ncols=3, pad=1).shape
    (19, 22, 3)
    """
    images = np.asarray(images)
    if images.ndim not in (3, 4) or not len(images):
        raise InvalidDataError(
            "A montage needs at least one image, as an array (n, height, width) or "
            f"(n, height, width, 3). Got shape {images.shape}."
        )
    if images.ndim == 3:
        images = images[..., None]
    n, height, width, _ = images.shape
    ncols = best_ncols(n, height, width) if ncols is None else ncols
    nrows = -(-n // ncols)
    color = np.asarray(background, dtype=np.uint8)
    cells = np.empty((nrows * ncols, height + pad + gap, width + pad, 3), dtype=np.uint8)
    cells[:] = color
    cells[:n, :height, :width] = images
    high, wide = cells.shape[1:3]
    canvas = np.empty((pad + nrows * high, pad + ncols * wide, 3), dtype=np.uint8)
    canvas[:] = color
    rows = cells.reshape(nrows, ncols, high, wide, 3).swapaxes(1, 2)
    canvas[pad:, pad:] = rows.reshape(nrows * high, ncols * wide, 3)
    return canvas


def evenly(n: int, limit: int) -> np.ndarray:
    """Return at most `limit` of the positions 0 … n - 1, spread evenly, the first included.

    Examples
    --------
    >>> evenly(10, 4).tolist()
    [0, 2, 5, 7]
    """
    return np.arange(n) if n <= limit else np.arange(limit) * n // limit

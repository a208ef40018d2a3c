"""Photos side by side with the picture of their HOG."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.errors import InvalidParameterError
from clustimage._core.logs import progress
from clustimage._core.parameters import setting
from clustimage.features import cell_histograms
from clustimage.plotting._montage import colorize

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

__all__ = ["check_shows_hog", "hog_pictures", "with_hog"]

METHODS = ("hog", "pca-hog")  # alone, or as a part
# Pixels of the shorter side of a cell, and thickness of a line as a part of it.
MIN_CELL_PIXELS, THICKNESS = 20, 0.12
# Weaker gradients than this share of the strongest are not drawn.
MIN_SHARE = 0.1


def check_shows_hog(method: Any) -> None:
    """Raise `InvalidParameterError` unless the features are made from HOG descriptors."""
    if not (isinstance(method, str) and set(method.split("+")) & set(METHODS)):
        raise InvalidParameterError(
            "'show_hog' must be False unless the features are HOG descriptors, with "
            f"{setting('method', 'hog')} or {setting('method', 'pca-hog')}. Got show_hog=True with "
            f"{setting('method', method)}."
        )


def hog_pictures(images: np.ndarray, params_hog: Mapping[str, Any]) -> np.ndarray:
    """Return the HOG of each image as a picture: in each cell a star of lines, along the edges.

    Parameters
    ----------
    images : array of shape (n, height, width) or (n, height, width, 3), uint8
        Gray or RGB; RGB is made gray.
    params_hog : mapping
        ``orientations`` and ``pixels_per_cell``.

    Returns
    -------
    array of shape (n, height * s, width * s), uint8
        Larger by the whole factor s with which a cell has at least 20 pixels on each side.
        A line is the brighter the stronger the gradient: by its square root, as most are faint,
        but those below a tenth of the strongest of the image are not drawn.
    """
    images = np.asarray(images)
    n, height, width = images.shape[:3]
    cell, orientations = params_hog["pixels_per_cell"], params_hog["orientations"]
    histograms = cell_histograms(images.reshape(n, height, width, -1), orientations, cell)
    scale = enlargement(cell)
    high, wide = cell[0] * scale, cell[1] * scale
    lines = _lines(orientations, high, wide)
    pictures = np.zeros((n, height * scale, width * scale), dtype=np.uint8)
    for i, histogram in enumerate(progress(histograms, desc="Drawing HOG", total=n)):
        shares = histogram / max(histogram.max(), 1e-12)
        bright = 255 * np.sqrt(np.where(shares >= MIN_SHARE, shares, 0.0))
        rows, columns = bright.shape[:2]
        drawn = np.zeros((rows, high, columns, wide))
        for direction, line in enumerate(lines):
            np.maximum(drawn, bright[:, None, :, None, direction] * line[:, None, :], out=drawn)
        picture = np.rint(drawn.reshape(rows * high, columns * wide)).astype(np.uint8)
        pictures[i, : rows * high, : columns * wide] = picture
    return pictures


def enlargement(cell: tuple[int, int]) -> int:
    """Return the whole factor by which pictures are larger than the images."""
    return max(1, math.ceil(MIN_CELL_PIXELS / min(cell)))


def _lines(orientations: int, high: int, wide: int) -> np.ndarray:
    """Return a line through the middle of a cell across each direction, (orientations, high, wide).

    Where the gradients point along the middle of the direction, edges run along the line.
    """
    angle = np.pi * (np.arange(orientations) + 0.5) / orientations
    y = np.arange(high)[:, None] - (high - 1) / 2
    x = np.arange(wide)[None, :] - (wide - 1) / 2
    sine, cosine = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    across, along = np.abs(x * cosine + y * sine), np.abs(y * cosine - x * sine)
    radius, half = min(high, wide) / 2 - 0.5, THICKNESS * min(high, wide) / 2
    # The edge of a line is one pixel of gray.
    drawn: np.ndarray = np.clip(half + 0.5 - across, 0, 1) * np.clip(radius + 0.5 - along, 0, 1)
    return drawn


def with_hog(
    images: np.ndarray, params_hog: Mapping[str, Any], cmap: str | Colormap | None = None
) -> np.ndarray:
    """Return RGB tiles: the image, as large as the picture of its HOG, and that at its right."""
    right = colorize(hog_pictures(images, params_hog), cmap)
    scale = enlargement(params_hog["pixels_per_cell"])
    left = colorize(images, cmap).repeat(scale, axis=1).repeat(scale, axis=2)
    n, height, width, _ = left.shape
    between = np.full((n, height, max(1, width // 32), 3), 255, dtype=np.uint8)
    return np.concatenate([left, between, right], axis=2)

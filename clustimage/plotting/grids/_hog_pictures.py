"""Photos side by side with the picture of their HOG."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.errors import InvalidParameterError
from clustimage._core.logs import progress
from clustimage._core.parameters import setting
from clustimage.plotting._montage import colorize

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

__all__ = ["check_shows_hog", "hog_pictures", "with_hog"]

METHODS = ("hog", "pca-hog")

# ITU-R BT.601 luma.
LUMA = np.array([0.299, 0.587, 0.114])


def check_shows_hog(method: Any) -> None:
    """Raise `InvalidParameterError` unless the features are made from HOG descriptors."""
    if not (isinstance(method, str) and method in METHODS):
        raise InvalidParameterError(
            "'show_hog' must be False unless the features are HOG descriptors, with "
            f"{setting('method', 'hog')} or {setting('method', 'pca-hog')}. Got show_hog=True with "
            f"{setting('method', method)}."
        )


def hog_pictures(images: np.ndarray, params_hog: Mapping[str, Any]) -> np.ndarray:
    """Return the HOG of each image as a picture.

    Parameters
    ----------
    images : array of shape (n, height, width) or (n, height, width, 3), uint8
        Gray or RGB; RGB is made gray.
    params_hog : mapping
        ``orientations``, ``pixels_per_cell`` and ``cells_per_block``.

    Returns
    -------
    array of shape (n, height, width), uint8
        The square root of the strength of each gradient, the strongest being 255.
    """
    from clustimage.features import extract_hog

    images = np.asarray(images)
    if images.ndim == 4:
        images = np.rint(images @ LUMA).astype(np.uint8)
    pictures = np.zeros(images.shape, dtype=np.uint8)
    for i, image in enumerate(progress(images, desc="Drawing HOG", total=len(images))):
        lines = np.asarray(extract_hog(image, **params_hog, flatten=False), dtype=float)
        brightest = lines.max()
        if brightest > 0:
            # The square root lifts faint gradients, which are most, out of the dark.
            pictures[i] = np.rint(255 * np.sqrt(np.maximum(lines, 0) / brightest))
    return pictures


def with_hog(
    images: np.ndarray, params_hog: Mapping[str, Any], cmap: str | Colormap | None = None
) -> np.ndarray:
    """Return RGB tiles ``(n, height, 2 * width + gap, 3)``: the image, and its HOG at its right."""
    left = colorize(images, cmap)
    right = colorize(hog_pictures(images, params_hog), cmap)
    n, height, width, _ = left.shape
    between = np.full((n, height, max(1, width // 32), 3), 255, dtype=np.uint8)
    return np.concatenate([left, between, right], axis=2)

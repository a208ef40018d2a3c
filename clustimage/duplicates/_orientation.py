"""The eight ways in which a picture can be turned and mirrored."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

__all__ = ["ORIENTATIONS", "is_mirrored", "orient", "orientation_words"]

# Transposed (4), then left and right exchanged (2), then top and bottom (1).
ORIENTATIONS = range(8)
WORDS = {
    1: "top and bottom exchanged",
    2: "mirrored",
    3: "turned by 180°",
    4: "mirrored and turned by 90°",
    5: "turned by 90°",
    6: "turned by 90°",
    7: "mirrored and turned by 90°",
}


def orient(pixels: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Return a view of images `(…, height, width)` in one of the orientations.

    Examples
    --------
    >>> orient(np.array([[1, 2], [3, 4]]), 5).tolist()
    [[2, 4], [1, 3]]
    """
    if orientation & 4:
        pixels = pixels.swapaxes(-1, -2)
    if orientation & 2:
        pixels = pixels[..., ::-1]
    if orientation & 1:
        pixels = pixels[..., ::-1, :]
    return pixels


def is_mirrored(orientation: int) -> bool:
    """Return whether an orientation is none that a turned camera could have."""
    return orientation.bit_count() % 2 == 1


def orientation_words(orientation: int) -> str:
    """Return in words what became of a picture; nothing where it is upright."""
    return WORDS.get(orientation, "")

"""Gray squares of one size, for features that are defined on images of 128 by 128 pixels."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from clustimage.images import to_gray

__all__ = ["SIDE", "gray_squares"]

SIDE = 128


def gray_squares(images: npt.NDArray[np.uint8]) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield each image (height, width, 1 or 3) in gray, resized to 128 by 128 pixels.

    Examples
    --------
    >>> [square.shape for square in gray_squares(np.zeros((2, 8, 9, 3), np.uint8))]
    [(128, 128), (128, 128)]
    """
    for gray in to_gray(images):
        if gray.shape == (SIDE, SIDE):
            yield np.ascontiguousarray(gray)
            continue
        smaller = min(gray.shape) >= SIDE
        method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        yield np.asarray(cv2.resize(gray, (SIDE, SIDE), interpolation=method), dtype=np.uint8)

"""The hash that candidates are found by: where a small gray image gets brighter."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from clustimage._core.file_arrays import file_blocks
from clustimage.duplicates._orientation import ORIENTATIONS, orient

__all__ = ["N_BITS", "Bits", "hash_distance", "hash_images"]

N_BITS = 128  # 64 from left to right, 64 from top to bottom
SIDE = 8
SMALL = 32  # pixels of the side of the gray image that is hashed
MIN_CONTRAST = 4.0  # standard deviation of gray values below which an image is flat
N_PER_BLOCK = 512


class Bits(NamedTuple):
    """Hashes of images.

    Attributes
    ----------
    forms : ndarray of uint8, shape (n, 8, 16)
        128 bits of each image in each of the eight orientations; the first one as it is.
    is_flat : ndarray of bool, shape (n,)
        Images of nearly one gray value, whose bits are noise.
    """

    forms: npt.NDArray[np.uint8]
    is_flat: npt.NDArray[np.bool_]


def hash_images(pixels: npt.NDArray[np.uint8]) -> Bits:
    """Hash images `(n, height, width, 1 or 3)` in all eight orientations.

    The difference hash in both directions: the gray image is averaged to 8 rows of 9 pixels, and
    to 9 rows of 8; a bit says whether a pixel is brighter than the one on its left, or above it.

    References
    ----------
    .. [1] Krawetz N (2013). Kind of like that.
       https://www.hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html

    Examples
    --------
    >>> bits = hash_images(np.arange(64, dtype=np.uint8).reshape(1, 8, 8, 1))
    >>> np.bitwise_or.reduce(bits.forms[0, 3]), bits.forms[0, 0].min(), bits.is_flat.tolist()
    (np.uint8(0), np.uint8(255), [False])
    """
    forms = np.empty((len(pixels), len(ORIENTATIONS), N_BITS // 8), dtype=np.uint8)
    is_flat = np.empty(len(pixels), dtype=bool)
    for rows, block in file_blocks(pixels, N_PER_BLOCK):
        gray = np.stack([_small(image) for image in block])
        is_flat[rows] = gray.std(axis=(1, 2)) < MIN_CONTRAST
        for orientation in ORIENTATIONS:
            forms[rows, orientation] = _bits(orient(gray, orientation))
    return Bits(forms, is_flat)


def hash_distance(bits: Bits, first: int, second: int) -> tuple[int, int]:
    """Return in how many bits two images differ, and the orientation of the second one."""
    differ = np.unpackbits(bits.forms[second] ^ bits.forms[first, 0], axis=1).sum(axis=1)
    orientation = int(differ.argmin())
    return int(differ[orientation]), orientation


def _small(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    gray = image[:, :, 0] if image.shape[2] == 1 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    gray = np.ascontiguousarray(gray)
    if max(gray.shape) > SMALL:
        gray = cv2.resize(gray, (SMALL, SMALL), interpolation=cv2.INTER_AREA)
    else:
        gray = cv2.resize(gray, (SMALL, SMALL), interpolation=cv2.INTER_LINEAR)
    return np.asarray(gray, dtype=np.float32)


def _bits(gray: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Return the packed bits `(n, 16)` of gray images `(n, 32, 32)`."""
    wide, high = _MEANS[SIDE + 1], _MEANS[SIDE]
    across = high @ gray @ wide.T
    down = wide @ gray @ high.T
    bits = np.concatenate(
        [
            (across[:, :, 1:] > across[:, :, :-1]).reshape(len(gray), -1),
            (down[:, 1:] > down[:, :-1]).reshape(len(gray), -1),
        ],
        axis=1,
    )
    return np.packbits(bits, axis=1)


def _averages(n_pixels: int) -> npt.NDArray[np.float32]:
    """Return the matrix `(n_pixels, 32)` that averages a line of 32 pixels to fewer."""
    edges = np.linspace(0, SMALL, n_pixels + 1)
    low, high = edges[:-1, np.newaxis], edges[1:, np.newaxis]
    pixel = np.arange(SMALL)
    covered = np.minimum(high, pixel + 1) - np.maximum(low, pixel)
    return np.asarray(np.clip(covered, 0, None) / (high - low), dtype=np.float32)


_MEANS = {n: _averages(n) for n in (SIDE, SIDE + 1)}

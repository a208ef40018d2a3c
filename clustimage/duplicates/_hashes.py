"""The hash that candidates are found by: where a small gray image gets brighter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from clustimage._core.file_arrays import file_blocks
from clustimage.duplicates._orientation import ORIENTATIONS

__all__ = ["N_BITS", "Hashes", "hash_distance", "hash_images"]

N_BITS = 128  # 64 from left to right, 64 from top to bottom
SIDE = 8
SMALL = 32  # pixels of the side of the gray image that is hashed
MIN_STEP = 0.5  # gray values; less is neither brighter nor darker
MIN_BITS_SET = 48  # of 128; an image with less is flat, and its hash is noise
INNER_MARGIN = 0.07  # of a side, that the hash of the inner part leaves out
N_PER_BLOCK = 1024

Gray = npt.NDArray[np.float32]
Signs = npt.NDArray[np.int8]


class Hashes(NamedTuple):
    """Hashes of images: 1 where a pixel is brighter than the one before it, -1 where darker, or 0.

    Attributes
    ----------
    whole : ndarray of int8, shape (n, 128)
        Of whole images.
    inner : ndarray of int8, shape (n, 128)
        Of what is left of them without a margin; that of a picture with a border is near the
        hash of the picture, and that of a picture near the hash of a crop.
    is_flat : ndarray of bool, shape (n,)
        Images without contrast, such as a black one: their hashes are noise.
    """

    whole: Signs
    inner: Signs
    is_flat: npt.NDArray[np.bool_]


def hash_images(pixels: npt.NDArray[np.uint8]) -> Hashes:
    """Hash images `(n, height, width, 1 or 3)`.

    The difference hash [1]_ in both directions: the gray image is averaged to 8 rows of 9 pixels,
    and to 9 rows of 8, and every pixel is compared with the one on its left, or above it.

    References
    ----------
    .. [1] Krawetz N (2013). Kind of like that.
       https://www.hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html

    Examples
    --------
    >>> brighter_to_the_right = np.tile(np.arange(0, 160, 10, dtype=np.uint8), (16, 1))
    >>> hashes = hash_images(brighter_to_the_right[np.newaxis, :, :, np.newaxis])
    >>> hashes.whole[0, ::64].tolist(), hashes.is_flat.tolist()
    ([1, 0], [False])
    """
    whole = np.empty((len(pixels), N_BITS), dtype=np.int8)
    inner = np.empty_like(whole)
    for rows, block in file_blocks(pixels, N_PER_BLOCK):
        gray = np.stack([_small(image) for image in block])
        whole[rows], inner[rows] = _signs(gray, WHOLE), _signs(gray, INNER)
    return Hashes(whole, inner, is_flat(whole))


def is_flat(whole: Signs) -> npt.NDArray[np.bool_]:
    """Return which hashes `(n, 128)` are noise, as the image has no contrast."""
    return np.asarray(np.count_nonzero(whole, axis=1) < MIN_BITS_SET)


def turned_signs(signs: Signs, orientation: int) -> Signs:
    """Return hashes `(…, 128)` of the images in one of the eight orientations."""
    across, down = np.moveaxis(signs.reshape(*signs.shape[:-1], 2, SIDE, SIDE), -3, 0)
    if orientation & 4:
        across, down = down.swapaxes(-1, -2), across.swapaxes(-1, -2)
    if orientation & 2:
        across, down = -across[..., ::-1], down[..., ::-1]
    if orientation & 1:
        across, down = across[..., ::-1, :], -down[..., ::-1, :]
    return np.stack([across, down], axis=-3).reshape(signs.shape)


# Of each orientation, where its bits come from, counted from 1, and their signs.
_TURNED = np.stack(
    [turned_signs(np.arange(1, N_BITS + 1).astype(np.int16), k) for k in ORIENTATIONS]
)
_FROM, _SIGN = np.abs(_TURNED) - 1, np.sign(_TURNED)


def turned_bits(orientations: Sequence[int]) -> npt.NDArray[np.intp]:
    """Return, for each orientation and bit, where 256 bits say that it is brighter there.

    The first 128 of these are set where the upright image gets brighter, the others where it gets
    darker.
    """
    chosen = list(orientations)
    return np.asarray(_FROM[chosen] + N_BITS * (_SIGN[chosen] < 0), dtype=np.intp)


def hash_distance(hashes: Hashes, first: int, second: int) -> tuple[float, int]:
    """Return in how many bits two images differ, and in which orientation of the second one.

    A bit where one of them is neither brighter nor darker counts half. Where both are, the bit
    tells nothing: the others stand for it. Of the whole images, and of each with the inner part
    of the other, the least counts.
    """
    whole, inner = hashes.whole[first], hashes.inner[first]
    turned = hashes.whole[second][_FROM] * _SIGN
    turned_inner = hashes.inner[second][_FROM] * _SIGN
    bits = np.minimum(
        np.minimum(_share_apart(turned, whole), _share_apart(turned, inner)),
        _share_apart(turned_inner, whole),
    )
    orientation = int(bits.argmin())
    return float(N_BITS * bits[orientation]), orientation


def _share_apart(turned: npt.NDArray[np.int16], signs: Signs) -> npt.NDArray[np.float64]:
    """Return the share of the bits in which `(n, 128)` and `(128,)` differ."""
    n_bits = np.count_nonzero((turned != 0) | (signs != 0), axis=1)
    apart = n_bits - turned @ signs.astype(np.int32)
    return np.asarray(apart / np.maximum(2 * n_bits, 1), dtype=np.float64)


def _small(image: npt.NDArray[np.uint8]) -> Gray:
    gray = image[:, :, 0] if image.shape[2] == 1 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    if gray.shape != (SMALL, SMALL):
        gray = cv2.resize(np.ascontiguousarray(gray), (SMALL, SMALL), interpolation=cv2.INTER_AREA)
    return np.asarray(gray, dtype=np.float32)


Averages = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


def _signs(gray: Gray, averages: Averages) -> Signs:
    """Return the hashes of gray images `(n, 32, 32)`."""
    eight, nine = averages
    across = np.diff(eight @ gray @ nine.T, axis=2).reshape(len(gray), -1)
    down = np.diff(nine @ gray @ eight.T, axis=1).reshape(len(gray), -1)
    steps = np.concatenate([across, down], axis=1)
    return np.asarray(np.sign(steps) * (np.abs(steps) >= MIN_STEP), dtype=np.int8)


def _averages(margin: float) -> Averages:
    """Return the matrices that average a line of 32 pixels to 8 and to 9, without a margin."""
    matrices = []
    for n_pixels in (SIDE, SIDE + 1):
        edges = np.linspace(margin * SMALL, (1 - margin) * SMALL, n_pixels + 1)
        low, high = edges[:-1, np.newaxis], edges[1:, np.newaxis]
        pixel = np.arange(SMALL)
        covered = np.clip(np.minimum(high, pixel + 1) - np.maximum(low, pixel), 0, None)
        matrices.append((covered / (high - low)).astype(np.float32))
    return matrices[0], matrices[1]


WHOLE, INNER = _averages(0), _averages(INNER_MARGIN)

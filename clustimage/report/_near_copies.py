"""Images that look the same: resized, compressed again, or saved twice."""

from __future__ import annotations

import numpy as np

from clustimage._core.batches import row_blocks
from clustimage._core.file_arrays import file_blocks

__all__ = ["near_copies"]

# Bits by which the difference hashes of copies differ at most, of 64; with four bands of bits,
# one of them is then equal.
MAX_BITS, N_BANDS = 3, 4
# Mean difference of the values of two copies, of 255, on a grid of 16 x 16.
MAX_DIFFERENCE, GRID = 6.0, 16
# In a band that so many images share (of one colour, drawings), each is compared with the next
# ones only.
MAX_NEXT = 32
IMAGES_PER_BLOCK = 2048


def near_copies(pixels: np.ndarray) -> np.ndarray:
    """Return which images look the same.

    Parameters
    ----------
    pixels : array of shape (n, height, width) or (n, height, width, channels), uint8
        Images of one size, in memory or in a file.

    Returns
    -------
    ndarray of shape (n,), int64
        A number for each group of near copies, from 0 up; -1 for all other images.

    Notes
    -----
    Copies have difference hashes [1]_ that differ by at most 3 of 64 bits, and gray values that
    differ by at most 6 of 255 on average.

    References
    ----------
    .. [1] N. Krawetz (2013). Kind of like that. The Hacker Factor Blog.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> image, other = rng.integers(0, 250, (2, 32, 32, 3), dtype=np.uint8)
    >>> near_copies(np.stack([image, other, image + 1])).tolist()
    [0, -1, 0]
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(pixels)
    bits, grid = _hashes(pixels)
    found = [np.empty((0, 2), dtype=np.int64)]
    for band in bits.view(np.uint16).reshape(n, N_BANDS).T:
        order = np.lexsort((bits, band))
        for step in range(1, min(MAX_NEXT, n - 1) + 1):
            a, b = order[:-step], order[step:]
            same = band[a] == band[b]
            if not same.any():
                break
            found.append(np.column_stack([a[same], b[same]]))
    pairs = np.unique(np.sort(np.concatenate(found), axis=1), axis=0)
    i, j = pairs[_count_bits(bits[pairs[:, 0]] ^ bits[pairs[:, 1]]) <= MAX_BITS].T
    alike = np.empty(len(i), dtype=bool)
    for block in row_blocks(len(i), GRID * GRID):
        apart = np.abs(grid[i[block]].astype(np.int16) - grid[j[block]])
        alike[block] = apart.mean(axis=(1, 2)) <= MAX_DIFFERENCE
    i, j = i[alike], j[alike]
    graph = csr_matrix((np.ones(len(i)), (i, j)), shape=(n, n))
    part = connected_components(graph, directed=False)[1]
    size = np.bincount(part, minlength=1)[part]
    groups = np.full(n, -1)
    copies = size > 1
    groups[copies] = np.unique(part[copies], return_inverse=True)[1]
    return groups


def _count_bits(numbers: np.ndarray) -> np.ndarray:
    """Return how many bits are set in each number."""
    octets = numbers.view(np.uint8).reshape(len(numbers), numbers.itemsize)
    count: np.ndarray = np.unpackbits(octets, axis=1).sum(axis=1)
    return count


def _hashes(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the difference hash of each image, uint64, and its gray values on a grid."""
    import cv2

    bits, grid = np.empty(len(pixels), np.uint64), np.empty((len(pixels), GRID, GRID), np.uint8)
    for block, part in file_blocks(pixels, IMAGES_PER_BLOCK):
        for at, image in zip(range(block.start, block.stop), part, strict=True):
            gray = image
            if image.ndim == 3:
                rgb = image.shape[2] == 3
                gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if rgb else image[..., 0]
            grid[at] = cv2.resize(gray, (GRID, GRID), interpolation=cv2.INTER_AREA)
            small = cv2.resize(gray, (9, 8), interpolation=cv2.INTER_AREA)
            bits[at] = np.packbits(small[:, 1:] > small[:, :-1]).view(np.uint64)[0]
    return bits, grid

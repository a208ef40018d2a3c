"""The mean image of each cluster, from images that are read in their order."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from clustimage._core.file_arrays import file_blocks
from clustimage._core.memory import Budget

__all__ = ["mean_images", "sums_at_once"]

# Bytes of images that are read at once, and of the sums of pixels.
MAX_BYTES_OF_IMAGES = 16 * 2**20
MAX_BYTES_OF_SUMS = 128 * 2**20

# So many images of uint8 can be summed in uint16, which is the fastest.
MAX_IMAGES_PER_SUM = 257


def sums_at_once(n_clusters: int, n_pixels: int, budget: Budget | None = None) -> int:
    """Return for how many clusters the pixels are summed in one pass; 1 at least.

    Examples
    --------
    >>> sums_at_once(5_000, 49_152), sums_at_once(5_000, 49_152, Budget(100_000_000))
    (682, 127)
    """
    n_bytes = MAX_BYTES_OF_SUMS if budget is None else min(MAX_BYTES_OF_SUMS, budget.left // 4)
    return max(1, min(n_clusters, n_bytes // (4 * max(1, n_pixels))))


def mean_images(
    pixels: np.ndarray, groups: list[np.ndarray], budget: Budget | None = None
) -> np.ndarray:
    """Return the rounded mean of the images of each group.

    The sums are whole numbers, so neither the order of the images nor the size of a block
    matters.

    Parameters
    ----------
    pixels : ndarray of shape (n, ...), uint8
        Images, in memory or in a file.
    groups : list of ndarray of int
        Indices of the images of each group; no image is in two of them.
    budget : Budget, optional
        What the sums may take a quarter of.

    Returns
    -------
    ndarray of shape (len(groups), pixels of an image), uint8

    Examples
    --------
    >>> mean_images(np.array([[1, 2], [3, 5]], dtype=np.uint8), [np.array([0, 1])])
    array([[2, 4]], dtype=uint8)
    """
    n_images, n_pixels = len(pixels), int(np.prod(pixels.shape[1:]))
    group_of = np.full(n_images, -1)
    for number, members in enumerate(groups):
        group_of[members] = number
    means = np.empty((len(groups), n_pixels), dtype=np.uint8)
    step = sums_at_once(len(groups), n_pixels, budget)
    for first in range(0, len(groups), step):
        some = groups[first : first + step]
        sums = _sum_images(pixels, group_of - first, len(some))
        for number, members in enumerate(some):
            means[first + number] = np.rint(sums[number] / len(members))
    return means


def _sum_images(pixels: np.ndarray, group_of: np.ndarray, n_groups: int) -> np.ndarray:
    """Return the sum of the images of the groups from 0 to `n_groups`; others are left out."""
    n_pixels = int(np.prod(pixels.shape[1:]))
    # The smallest type that holds the sum of all images, were they white.
    sums = np.zeros((n_groups, n_pixels), dtype=np.min_scalar_type(255 * len(pixels)))
    for block, part in file_blocks(pixels, max(1, MAX_BYTES_OF_IMAGES // max(1, n_pixels))):
        own = group_of[block]
        inside = np.flatnonzero((own >= 0) & (own < n_groups))
        inside = inside[np.argsort(own[inside])]
        starts = np.unique(own[inside], return_index=True)[1]
        for begin, end in pairwise([*starts, len(inside)]):
            members = inside[begin:end]
            for start in range(0, len(members), MAX_IMAGES_PER_SUM):
                images = part[members[start : start + MAX_IMAGES_PER_SUM]]
                sums[own[members[0]]] += images.sum(axis=0, dtype=np.uint16).ravel()
    return sums

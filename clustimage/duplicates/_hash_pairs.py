"""Pairs of hashes that differ in few bits, without a distance for every pair at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clustimage._core.parallel import run_ordered
from clustimage.duplicates._bits import N_BITS, Bits
from clustimage.duplicates._orientation import ORIENTATIONS

__all__ = ["HashPairs", "near_pairs"]

N_PER_BLOCK = 1024


class HashPairs(NamedTuple):
    """Pairs of images, each once, `first` before `second`.

    Attributes
    ----------
    first, second : ndarray of int, shape (n_pairs,)
        Rows of the images.
    distance : ndarray of int, shape (n_pairs,)
        Bits in which they differ, least over the orientations of the second one.
    """

    first: npt.NDArray[np.intp]
    second: npt.NDArray[np.intp]
    distance: npt.NDArray[np.intp]


def near_pairs(bits: Bits, max_distance: int, *, n_jobs: int | None = -1) -> HashPairs:
    """Return all pairs of images whose hashes differ in few bits in some orientation.

    Flat images are in no pair. Equal hashes are compared as one.
    """
    rows = np.flatnonzero(~bits.is_flat)
    # As numbers -1 and 1, the product of two hashes tells in how many bits they differ.
    signs = _signs(bits.forms[rows, 0])
    least = N_BITS - 2 * max_distance
    starts = range(0, len(rows), N_PER_BLOCK)

    def pairs_of(start: int) -> npt.NDArray[np.intp]:
        block = slice(start, start + N_PER_BLOCK)
        best = np.full((len(rows[block]), len(rows) - start), -N_BITS, dtype=np.int16)
        for orientation in ORIENTATIONS:
            turned = _signs(bits.forms[rows[block], orientation])
            np.maximum(best, turned @ signs[start:].T, out=best, casting="unsafe")
        one, other = np.nonzero(best >= least)
        after = other > one
        one, other = one[after], other[after]
        distance = (N_BITS - best[one, other].astype(np.intp)) // 2
        return np.stack([rows[start + one], rows[start + other], distance])

    found = list(run_ordered(pairs_of, starts, n_jobs=n_jobs, desc="Comparing hashes"))
    pairs = np.concatenate([np.empty((3, 0), dtype=np.intp), *found], axis=1)
    return HashPairs(*pairs)


def _signs(packed: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    return np.unpackbits(packed, axis=1).astype(np.float32) * 2 - 1

"""Pairs of hashes that differ in few bits, in blocks: no distance of all pairs is held."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clustimage._core.parallel import run_ordered
from clustimage.duplicates._hashes import N_BITS, SIDE, Hashes, Signs, turned_signs

__all__ = ["HashPairs", "near_pairs"]

# What is worked on at a time stays in the cache of a core: four products of 64 KiB.
N_QUERIES = 64
N_PER_BLOCK = 256
TRANSPOSED = 4

Floats = npt.NDArray[np.float32]


class HashPairs(NamedTuple):
    """Pairs of images, each once, `first` before `second`, in this order.

    Attributes
    ----------
    first, second : ndarray of int, shape (n_pairs,)
        Rows of the images.
    """

    first: npt.NDArray[np.intp]
    second: npt.NDArray[np.intp]


def near_pairs(
    hashes: Hashes,
    rows: npt.NDArray[np.intp],
    max_distance: float,
    *,
    n_jobs: int | None = -1,
) -> HashPairs:
    """Return the pairs whose hashes differ in few bits, in some orientation.

    Whole images are compared, and each with the inner part of the other, that one not turned by
    90°. Flat images are in no pair.

    Parameters
    ----------
    hashes : Hashes
        Of all images.
    rows : ndarray of int
        Images to be compared.
    max_distance : float
        Most bits.
    """
    rows = rows[~hashes.is_flat[rows]]
    whole = _parts(hashes.whole[rows])
    least = N_BITS - 2 * max_distance
    starts = range(0, len(rows), N_QUERIES)

    def pairs_of(start: int) -> npt.NDArray[np.intp]:
        query = rows[start : start + N_QUERIES]
        upright, inner = hashes.whole[query], hashes.inner[query]
        pairs = np.concatenate(
            [
                _near(_parts(upright), whole, start, least),
                _near(_parts(turned_signs(upright, TRANSPOSED)), whole, start, least),
                _near(_parts(inner), whole, 0, least),
            ],
            axis=1,
        )
        pairs[0] += start
        return np.sort(pairs[:, pairs[0] != pairs[1]], axis=0)

    blocks = list(run_ordered(pairs_of, starts, n_jobs=n_jobs, desc="Comparing hashes"))
    pairs = np.concatenate([np.empty((2, 0), dtype=np.intp), *blocks], axis=1)
    first, second = rows[np.unique(pairs, axis=1)]
    return HashPairs(first, second)


def _near(query: Floats, parts: Floats, first: int, least: float) -> npt.NDArray[np.intp]:
    """Return rows of `query`, and columns of `parts` from the first on, that are near.

    Exchanging left and right, or top and bottom, changes the sign of two of the four parts of a
    hash each. So the products of the parts give those of four orientations: their sum with the
    four changes of signs.
    """
    found = [np.empty((2, 0), dtype=np.intp)]
    products = np.empty((4, query.shape[1], N_PER_BLOCK), dtype=np.float32)
    for start in range(first, parts.shape[1], N_PER_BLOCK):
        block = parts[:, start : start + N_PER_BLOCK].swapaxes(1, 2)
        # In place, as new arrays would take longer than what is done with them.
        a, b, c, d = np.matmul(query, block, out=products[:, :, : block.shape[2]])
        _sum_and_difference(a, b)
        _sum_and_difference(c, d)
        best = np.maximum(np.add(a, np.abs(c, out=c), out=a), np.add(b, np.abs(d, out=d), out=b))
        if best.max() >= least:
            row, column = np.nonzero(best >= least)
            found.append(np.stack([row, column + start]))
    return np.concatenate(found, axis=1)


def _sum_and_difference(a: Floats, b: Floats) -> None:
    np.add(a, b, out=a)
    np.multiply(b, -2, out=b)
    np.add(a, b, out=b)


def _parts(signs: Signs) -> Floats:
    """Return the four parts of hashes, `(4, n, 32)`, that keep or change their sign.

    The first keeps it in all orientations; the second changes it where top and bottom are
    exchanged, the third where left and right are, the fourth in both.
    """
    across, down = np.moveaxis(signs.reshape(-1, 2, SIDE, SIDE).astype(np.float32), 1, 0)
    parts = [
        np.concatenate([_fold(across, r, c), _fold(down, -r, -c)], axis=1)
        for r, c in ((1, -1), (-1, -1), (1, 1), (-1, 1))
    ]
    return np.ascontiguousarray(parts)


def _fold(steps: Floats, rows: int, columns: int) -> Floats:
    """Return the part of `(n, 8, 8)` that is even (1) or odd (-1) along rows and columns."""
    half = SIDE // 2
    folded = steps[:, :half] + rows * steps[:, ::-1][:, :half]
    folded = folded[:, :, :half] + columns * folded[:, :, ::-1][:, :, :half]
    return np.asarray(folded.reshape(len(steps), -1) / 2, dtype=np.float32)

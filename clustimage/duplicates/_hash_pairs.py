"""Pairs of hashes that differ in few bits, in blocks: no distance of all pairs is held."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from clustimage._core.parallel import run_ordered
from clustimage.duplicates._hashes import N_BITS, SIDE, Hashes, Signs, turned_signs

__all__ = ["HashPairs", "are_near", "near_pairs"]

# What is worked on at a time stays in the cache of a core: four products of 64 KiB.
N_QUERIES = 64
N_PER_BLOCK = 256
TRANSPOSED = 4

# Bits without a sign from which on an image is compared a second time, with what is flat in it.
MIN_BITS_UNSET = 8

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
    90°. Flat images are in no pair. Where both images of a pair are flat, as a white background
    is, tells nothing: the bits that differ are counted as a share of the others.

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
    unset = N_BITS - np.count_nonzero(hashes.whole[rows], axis=1)
    first, second = np.concatenate(
        [
            _pairs(hashes, rows, max_distance, 0.0, n_jobs=n_jobs),
            # Sum of products, and what is missing to the share above: `least / N_BITS` of the
            # bits without a sign in both.
            _pairs(
                hashes,
                rows[unset >= MIN_BITS_UNSET],
                max_distance,
                1 - 2 * max_distance / N_BITS,
                n_jobs=n_jobs,
            ),
        ],
        axis=1,
    )
    first, second = np.unique(np.stack([first, second]), axis=1)
    return HashPairs(first, second)


def are_near(
    hashes: Hashes,
    first: npt.NDArray[np.intp],
    second: npt.NDArray[np.intp],
    max_distance: float,
) -> npt.NDArray[np.bool_]:
    """Return which of some pairs `near_pairs` would return.

    Parameters
    ----------
    hashes : Hashes
        Of all images.
    first, second : ndarray of int, shape (n_pairs,)
        Rows of the images of each pair.
    max_distance : float
        Most bits.
    """
    near = _are_near(hashes, first, second, max_distance, 0.0)
    flat = hashes.is_flat
    unset = np.count_nonzero(hashes.whole == 0, axis=1) >= MIN_BITS_UNSET
    left = np.flatnonzero(~near & unset[first] & unset[second])
    weight = 1 - 2 * max_distance / N_BITS
    near[left] = _are_near(hashes, first[left], second[left], max_distance, weight)
    return near & ~flat[first] & ~flat[second]


def _are_near(
    hashes: Hashes,
    first: npt.NDArray[np.intp],
    second: npt.NDArray[np.intp],
    max_distance: float,
    weight: float,
) -> npt.NDArray[np.bool_]:
    if not len(first):
        return np.zeros(0, bool)
    whole, inner = _parts(hashes.whole, weight), _parts(hashes.inner, weight)
    turned = _parts(turned_signs(hashes.whole, TRANSPOSED), weight)
    near = np.zeros(len(first), bool)
    for one, other in ((whole, whole), (turned, whole), (inner, whole), (whole, inner)):
        a, b, c, d = np.einsum("pnk,pnk->pn", one[:, first], other[:, second])
        best = np.maximum(a + b + np.abs(c + d), a - b + np.abs(c - d))
        near |= best >= N_BITS - 2 * max_distance
    return near


def _pairs(
    hashes: Hashes,
    rows: npt.NDArray[np.intp],
    max_distance: float,
    weight: float,
    *,
    n_jobs: int | None,
) -> npt.NDArray[np.intp]:
    """Return pairs `(2, n)`; bits without a sign in both count as equal by `weight`."""
    whole = _parts(hashes.whole[rows], weight)
    least = N_BITS - 2 * max_distance
    starts = range(0, len(rows), N_QUERIES)

    def pairs_of(start: int) -> npt.NDArray[np.intp]:
        query = rows[start : start + N_QUERIES]
        upright, inner = hashes.whole[query], hashes.inner[query]
        pairs = np.concatenate(
            [
                _near(_parts(upright, weight), whole, start, least),
                _near(_parts(turned_signs(upright, TRANSPOSED), weight), whole, start, least),
                _near(_parts(inner, weight), whole, 0, least),
            ],
            axis=1,
        )
        pairs[0] += start
        return np.sort(pairs[:, pairs[0] != pairs[1]], axis=0)

    with threadpool_limits(1, user_api="blas"):  # as its threads would wait for one another
        blocks = list(run_ordered(pairs_of, starts, n_jobs=n_jobs, desc="Comparing hashes"))
    pairs = np.concatenate([np.empty((2, 0), dtype=np.intp), *blocks], axis=1)
    return np.asarray(rows[np.unique(pairs, axis=1)])


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


def _parts(signs: Signs, weight: float) -> Floats:
    """Return the four parts of hashes, `(4, n, 32)`, that keep or change their sign.

    The first keeps it in all orientations; the second changes it where top and bottom are
    exchanged, the third where left and right are, the fourth in both. With a weight, they have 32
    columns more of the bits without a sign.
    """
    across, down = _sides(signs)
    parts = [
        np.concatenate([_fold(across, r, c), _fold(down, -r, -c)], axis=1)
        for r, c in ((1, -1), (-1, -1), (1, 1), (-1, 1))
    ]
    if weight:
        sides = _sides(signs == 0)
        for part, (r, c) in enumerate(((1, 1), (-1, 1), (1, -1), (-1, -1))):
            unset = [np.sqrt(weight) * _fold(side, r, c) for side in sides]
            parts[part] = np.concatenate([parts[part], *unset], axis=1)
    return np.ascontiguousarray(parts, dtype=np.float32)


def _sides(bits: npt.NDArray[Any]) -> Floats:
    """Return the bits from left to right, and those from top to bottom, `(2, n, 8, 8)`."""
    return np.moveaxis(bits.reshape(-1, 2, SIDE, SIDE).astype(np.float32), 1, 0)


def _fold(steps: Floats, rows: int, columns: int) -> Floats:
    """Return the part of `(n, 8, 8)` that is even (1) or odd (-1) along rows and columns."""
    half = SIDE // 2
    folded = steps[:, :half] + rows * steps[:, ::-1][:, :half]
    folded = folded[:, :, :half] + columns * folded[:, :, ::-1][:, :, :half]
    return np.asarray(folded.reshape(len(steps), half * half) / 2, dtype=np.float32)

"""Exact distances in float64: of queries to rows, and pair by pair."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from clustimage._core.batches import row_blocks
from clustimage._core.picked_rows import Rows
from clustimage._distances.metrics import has_no_direction

__all__ = ["ANGLE_ERROR", "CACHE_BYTES", "distances", "paired_distances"]

Floats = npt.NDArray[np.float64]

# Below this a cosine distance of float32 rows is a rounding error.
ANGLE_ERROR = 1e-12

# Bytes of float64 that are worked on at once: few enough to stay near the processor, which
# halves the time of blocks of 16 MiB.
CACHE_BYTES = 2**20


def distances(queries: np.ndarray, rows: Rows, metric: str) -> Floats:
    """Return the distance of each query to each row.

    Computed by `scipy.spatial.distance.cdist` in float64, so that equal rows are at
    distance 0. What a metric leaves undefined is set here: an all-zero row (cosine,
    braycurtis) and a constant row (correlation) are at distance 0 from each other
    and 1 from all else.

    Parameters
    ----------
    queries : ndarray of shape (m, d)
        Rows.
    rows : ndarray or PickedRows of shape (n, d)
        Rows; turned to float64 block by block.
    metric : str
        One of `METRICS`.

    Returns
    -------
    ndarray of shape (m, n)
        Distances, float64, none below 0.
    """
    left = np.asarray(queries, dtype=np.float64)
    answer = np.empty((len(left), len(rows)))
    for block in row_blocks(len(rows), rows.shape[1], CACHE_BYTES):
        right = np.asarray(rows[block], dtype=np.float64)
        answer[:, block] = _repaired(cdist(left, right, metric), left, right, metric)
    return answer


def _repaired(found: Floats, left: Floats, right: Floats, metric: str) -> Floats:
    """Fill what the metric leaves undefined, and set rounding errors around 0 to 0."""
    if metric in ("cosine", "correlation"):
        found[found < ANGLE_ERROR] = 0.0
    undefined = np.isnan(found)
    if undefined.any():
        both = np.outer(has_no_direction(left, metric), has_no_direction(right, metric))
        found[undefined] = 1.0
        found[both] = 0.0
    return found


def _squares(a: Floats, b: Floats) -> Floats:
    difference = a - b
    return np.asarray(np.einsum("ij,ij->i", difference, difference))


def _cosines(a: Floats, b: Floats) -> Floats:
    def unit(rows: Floats) -> Floats:
        length = np.sqrt(np.einsum("ij,ij->i", rows, rows))
        return np.divide(rows, np.where(length > 0, length, 1)[:, None])

    found = 1 - np.einsum("ij,ij->i", unit(a), unit(b))
    found[(a == b).all(axis=1) | (~a.any(axis=1) & ~b.any(axis=1))] = 0.0
    return np.where(found < ANGLE_ERROR, 0.0, found)


def _correlations(a: Floats, b: Floats) -> Floats:
    def centred(rows: Floats) -> Floats:
        constant = has_no_direction(rows, "correlation")
        return np.where(constant[:, None], 0.0, rows - rows.mean(axis=1, keepdims=True))

    return _cosines(centred(a), centred(b))


def _canberra(a: Floats, b: Floats) -> Floats:
    size = np.abs(a) + np.abs(b)
    return np.asarray(np.sum(np.abs(a - b) / np.where(size > 0, size, 1), axis=1))


def _braycurtis(a: Floats, b: Floats) -> Floats:
    size = np.abs(a + b).sum(axis=1)
    return np.asarray(np.abs(a - b).sum(axis=1) / np.where(size > 0, size, 1))


# Distance of each row of a to the row of b with the same index: scipy has no such function.
PAIRED: dict[str, Callable[[Floats, Floats], Floats]] = {
    "euclidean": lambda a, b: np.sqrt(_squares(a, b)),
    "sqeuclidean": _squares,
    "cityblock": lambda a, b: np.sum(np.abs(a - b), axis=1),
    "chebyshev": lambda a, b: np.max(np.abs(a - b), axis=1),
    "cosine": _cosines,
    "correlation": _correlations,
    "canberra": _canberra,
    "braycurtis": _braycurtis,
    "hamming": lambda a, b: np.mean(a != b, axis=1),
}


def paired_distances(a: np.ndarray, i: np.ndarray, b: Rows, j: np.ndarray, metric: str) -> Floats:
    """Return the distance between ``a[i]`` and ``b[j]``, pair by pair.

    Parameters
    ----------
    a, b : ndarray of shape (n, d) and (m, d)
        Rows.
    i, j : ndarray of shape (p,)
        Indices into `a` and `b`.
    metric : str
        One of `METRICS`.

    Returns
    -------
    ndarray of shape (p,)
        Distances, float64; the same as those of `distances`.

    Examples
    --------
    >>> rows = np.array([[0.0, 0.0], [3.0, 4.0]])
    >>> paired_distances(rows, np.array([0, 1]), rows, np.array([1, 1]), "euclidean")
    array([5., 0.])
    """
    answer = np.empty(len(i))
    for block in row_blocks(len(i), a.shape[1], CACHE_BYTES):
        left, right = a[i[block]].astype(np.float64), b[j[block]].astype(np.float64)
        answer[block] = PAIRED[metric](left, right)
    return answer

"""Exact distances by blocks: between rows, between pairs, and to the nearest row.

Nothing here holds a matrix of all images against all images.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import cdist

from clustimage._core.batches import row_blocks
from clustimage._distances.metrics import has_no_direction

__all__ = ["PickedRows", "distances", "nearest", "nearest_other", "paired_distances"]

# Below this a cosine distance of float32 rows is a rounding error.
ANGLE_ERROR = 1e-12

# With more rows than this to measure again per query, all are measured.
MANY_CANDIDATES = 8


class PickedRows:
    """Some rows of a matrix, taken out of it a block at a time.

    Parameters
    ----------
    rows : ndarray of shape (n, d)
        All rows.
    at : ndarray of shape (m,), int
        Indices of some of them.

    Examples
    --------
    >>> some = PickedRows(np.array([[1.0], [2.0], [3.0]]), np.array([2, 0]))
    >>> len(some), some[0:1].tolist()
    (2, [[3.0]])
    """

    def __init__(self, rows: np.ndarray, at: np.ndarray) -> None:
        self.rows = rows
        self.at = at
        self.shape = (len(at), rows.shape[1])

    def __len__(self) -> int:
        return len(self.at)

    def __getitem__(self, block: slice) -> np.ndarray:
        return self.rows[self.at[block]]


Rows = np.ndarray | PickedRows


def distances(queries: np.ndarray, rows: np.ndarray, metric: str) -> np.ndarray:
    """Return the distance of each query to each row.

    Computed by `scipy.spatial.distance.cdist` in float64, so that equal rows are at
    distance 0. What a metric leaves undefined is set here: an all-zero row (cosine,
    braycurtis) and a constant row (correlation) are at distance 0 from each other
    and 1 from all else.

    Parameters
    ----------
    queries : ndarray of shape (m, d)
        Rows.
    rows : ndarray of shape (n, d)
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
    for block in row_blocks(len(rows), rows.shape[1]):
        right = np.asarray(rows[block], dtype=np.float64)
        answer[:, block] = _repaired(cdist(left, right, metric), left, right, metric)
    return answer


def _repaired(found: np.ndarray, left: np.ndarray, right: np.ndarray, metric: str) -> np.ndarray:
    """Fill what the metric leaves undefined, and take rounding errors around 0 away."""
    if metric in ("cosine", "correlation"):
        found[found < ANGLE_ERROR] = 0.0
    undefined = np.isnan(found)
    if undefined.any():
        both = np.outer(has_no_direction(left, metric), has_no_direction(right, metric))
        found[undefined] = 1.0
        found[both] = 0.0
    return found


def _unit(rows: np.ndarray) -> np.ndarray:
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return rows / np.where(length > 0, length, 1)[:, None]


def _sqeuclidean_pairs(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    difference = a - b
    return np.asarray(np.einsum("ij,ij->i", difference, difference))


def _cosine_pairs(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    found = 1 - np.einsum("ij,ij->i", _unit(a), _unit(b))
    found[(a == b).all(axis=1) | (~a.any(axis=1) & ~b.any(axis=1))] = 0.0
    return np.where(found < ANGLE_ERROR, 0.0, found)


def _correlation_pairs(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    def centred(rows: np.ndarray) -> np.ndarray:
        constant = has_no_direction(rows, "correlation")
        return np.where(constant[:, None], 0.0, rows - rows.mean(axis=1, keepdims=True))

    return _cosine_pairs(centred(a), centred(b))


def _canberra_pairs(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    size = np.abs(a) + np.abs(b)
    return (np.abs(a - b) / np.where(size > 0, size, 1)).sum(axis=1)


def _braycurtis_pairs(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    size = np.abs(a + b).sum(axis=1)
    return np.abs(a - b).sum(axis=1) / np.where(size > 0, size, 1)


# Distance of each row of a to the row of b in the same place: scipy has no such function.
PAIRED: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "euclidean": lambda a, b: np.sqrt(_sqeuclidean_pairs(a, b)),
    "sqeuclidean": lambda a, b: _sqeuclidean_pairs(a, b),
    "cityblock": lambda a, b: np.abs(a - b).sum(axis=1),
    "chebyshev": lambda a, b: np.abs(a - b).max(axis=1),
    "cosine": _cosine_pairs,
    "correlation": _correlation_pairs,
    "canberra": _canberra_pairs,
    "braycurtis": _braycurtis_pairs,
    "hamming": lambda a, b: (a != b).mean(axis=1),
}


def paired_distances(
    a: np.ndarray, i: np.ndarray, b: np.ndarray, j: np.ndarray, metric: str
) -> np.ndarray:
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
    # A part of a block: the formulas hold several arrays of its size at once.
    for block in row_blocks(len(i), 16 * a.shape[1]):
        left, right = a[i[block]].astype(np.float64), b[j[block]].astype(np.float64)
        answer[block] = PAIRED[metric](left, right)
    return answer


def nearest(
    queries: Rows, rows: Rows, metric: str, *, skip_self: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return the index of the nearest row for each query, and its distance.

    Parameters
    ----------
    queries : ndarray or PickedRows of shape (m, d)
        Rows.
    rows : ndarray or PickedRows of shape (n, d)
        Rows; of several at the same distance the first is taken.
    metric : str
        One of `METRICS`.
    skip_self : bool, default=False
        Leave out the row with the index of the query (`queries` is `rows`).

    Returns
    -------
    index : ndarray of shape (m,), int64
        Index into `rows`; -1 where there is no row.
    distance : ndarray of shape (m,), float64
        Exact distance; infinite where there is no row.
    """
    return nearest_other(queries, rows, metric, np.arange(len(queries)) if skip_self else None)


def nearest_other(
    queries: Rows, rows: Rows, metric: str, own: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Do as `nearest`, and leave out for each query the row with the index `own`, if there is."""
    index = np.full(len(queries), -1, dtype=np.int64)
    distance = np.full(len(queries), np.inf)
    prepare = _nearest_by_product if metric.endswith("euclidean") else _nearest_directly
    for right in row_blocks(len(rows), rows.shape[1]):
        candidates = np.asarray(rows[right], dtype=np.float64)
        nearest_of = prepare(candidates, metric)
        for left in row_blocks(len(queries), max(len(candidates), rows.shape[1])):
            asked = np.asarray(queries[left], dtype=np.float64)
            at, found = nearest_of(asked, None if own is None else own[left] - right.start)
            closer = found < distance[left]
            index[left] = np.where(closer, at + right.start, index[left])
            distance[left] = np.where(closer, found, distance[left])
    return index, distance


# A function from queries, and for each a row to leave out, to the nearest row and its distance.
NearestOf = Callable[[np.ndarray, np.ndarray | None], tuple[np.ndarray, np.ndarray]]


def _leave_out(found: np.ndarray, own: np.ndarray | None) -> None:
    if own is not None:
        inside = np.flatnonzero((own >= 0) & (own < found.shape[1]))
        found[inside, own[inside]] = np.inf


def _nearest_directly(rows: np.ndarray, metric: str) -> NearestOf:
    def nearest_of(asked: np.ndarray, own: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        found = distances(asked, rows, metric)
        _leave_out(found, own)
        at = found.argmin(axis=1)
        return at, found[np.arange(len(asked)), at]

    return nearest_of


def _nearest_by_product(rows: np.ndarray, metric: str) -> NearestOf:
    """Find the nearest by a product of matrices, then measure those that come near to it.

    ``|x - y|^2 = |x|^2 + |y|^2 - 2 x.y`` is fast and loses digits where x and y are
    close; whatever could be nearest within that loss is measured again, exactly.
    """
    directly = _nearest_directly(rows, metric)
    centre = rows.mean(axis=0)
    y = rows - centre
    y_size = np.einsum("ij,ij->i", y, y)
    most, digits = y_size.max(), 1e-15 * (4 + y.shape[1])

    def nearest_of(asked: np.ndarray, own: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        x = asked - centre
        found = (-2 * x) @ y.T
        found += y_size  # what is left out, |x|^2, is the same for all rows
        _leave_out(found, own)
        loss = digits * (np.einsum("ij,ij->i", x, x) + most)
        near = found <= (found.min(axis=1) + 2 * loss)[:, None]
        who, at = np.divmod(np.flatnonzero(near), len(rows))
        if len(who) > MANY_CANDIDATES * len(asked):  # rows that are equal, or nearly so
            return directly(asked, own)
        exact = paired_distances(asked, who, rows, at, metric)
        exact[np.isinf(found[who, at])] = np.inf
        order = np.lexsort((at, exact, who))
        first = order[np.searchsorted(who[order], np.arange(len(asked)))]
        return at[first], exact[first]

    return nearest_of

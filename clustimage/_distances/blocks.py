"""Distances between all rows, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import cdist

from clustimage._core.batches import row_blocks
from clustimage._core.errors import InvalidDataError
from clustimage._core.parameters import setting
from clustimage._distances.metrics import has_no_direction

__all__ = [
    "KEPT_BYTES",
    "check_distances",
    "distance_rows",
    "left_factor",
    "pair_distances",
    "prepare_rows",
    "right_factor",
]

Index = slice | np.ndarray

# Rows of at most so many bytes are centred once; of larger ones a part at a time, for each
# block anew, so that wide features are never copied as a whole.
KEPT_BYTES = 32 * 2**20


def prepare_rows(X: np.ndarray, metric: str) -> tuple[np.ndarray, str]:
    """Return rows, and the name of the metric that gives `metric` between them.

    Directions (cosine, correlation) become rows of length 1. A row without one (all
    zero; for correlation all equal) is at distance 0 from others of its kind and at
    distance 1 from every other row, see `has_no_direction`.

    Parameters
    ----------
    X : ndarray of float32 or float64, shape (n, d)
        Features.
    metric : str
        One of `METRICS`.

    Returns
    -------
    rows : ndarray, shape (n, d) or (n, d + 1)
        Of the type of `X`; `X` itself for all other metrics.
    name : str
        Known to both scipy and scikit-learn.

    Examples
    --------
    >>> prepare_rows(np.array([[3.0, 4.0], [0.0, 0.0]]), "cosine")
    (array([[0.6, 0.8, 0. ],
           [0. , 0. , 1. ]]), 'cosine')
    """
    if metric not in ("cosine", "correlation"):
        return X, metric
    without = has_no_direction(X, metric)
    rows = np.empty((X.shape[0], X.shape[1] + 1), dtype=X.dtype)
    unit = rows[:, :-1]
    unit[:] = X
    if metric == "correlation":
        unit -= X.mean(axis=1, keepdims=True)
    unit[without] = 0
    # Scaled first, so that the squares of small values do not vanish.
    largest = np.maximum(unit.max(axis=1), -unit.min(axis=1))
    unit /= np.where(without, 1, largest)[:, None]
    lengths = np.sqrt(np.einsum("ij,ij->i", unit, unit))
    unit /= np.where(without, 1, lengths)[:, None]
    rows[:, -1] = without
    return rows, "cosine"


def distance_rows(X: np.ndarray, metric: str) -> Callable[[slice], np.ndarray]:
    """Return a function from a slice of rows to their distances to all rows.

    Parameters
    ----------
    X : ndarray of float32 or float64, shape (n, d)
        Rows to compare. Of float32 no copy as a whole is made.
    metric : str
        One of `METRICS`; see `prepare_rows` for rows without a direction.

    Returns
    -------
    callable
        Takes a slice of b rows, returns a new float64 array (b, n). The distance of
        a row to itself is exactly 0. Euclidean distances come from one product of
        matrices, after the mean row is taken away: their error is about 1e-8 of the
        distance to the mean at most, reached between equal rows. It raises
        `InvalidDataError` where the metric gives no finite distance.

    Examples
    --------
    >>> rows = distance_rows(np.array([[0.0, 0.0], [3.0, 4.0]]), "euclidean")
    >>> rows(slice(0, 1)).round(9).tolist()
    [[0.0, 5.0]]
    """
    if metric.endswith("euclidean"):
        return _euclidean_rows(X, squared=metric == "sqeuclidean")
    if X.dtype != np.float64 and X.nbytes > KEPT_BYTES:
        return _rows_in_parts(X, metric)
    # As float64: scipy would make them so anew for each block.
    rows, name = prepare_rows(np.asarray(X, dtype=np.float64), metric)
    if name == "cosine":
        return _cosine_rows(rows)
    return lambda block: check_distances(cdist(rows[block], rows, name), metric)


def pair_distances(X: np.ndarray, metric: str) -> Callable[[Index, Index], np.ndarray]:
    """Return a function from two sets of rows to the distances between them.

    Parameters
    ----------
    X : ndarray of float32 or float64, shape (n, d)
        Rows to compare; only those that are asked for are copied.
    metric : str
        One of `METRICS`.

    Returns
    -------
    callable
        Takes two slices or arrays of positions, a and b rows, and returns a new float64
        array (a, b), to the precision of `distance_rows`; but that of a row to itself is
        rounded as well, and not exactly 0.

    Examples
    --------
    >>> between = pair_distances(np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]]), "euclidean")
    >>> between(slice(0, 2), np.array([2])).round(9).tolist()
    [[10.0], [5.0]]
    """
    if metric.endswith("euclidean"):
        mean, squared = X.mean(axis=0, dtype=np.float64), metric == "sqeuclidean"
        return lambda some, others: _euclidean(
            left_factor(X[some], mean), right_factor(X[others], mean), squared=squared
        )

    def between(some: Index, others: Index) -> np.ndarray:
        first, name = prepare_rows(np.asarray(X[some], dtype=np.float64), metric)
        second, _ = prepare_rows(np.asarray(X[others], dtype=np.float64), metric)
        if name == "cosine":
            return _cosine(first, second)
        return check_distances(cdist(first, second, name), metric)

    return between


def _rows_in_parts(X: np.ndarray, metric: str) -> Callable[[slice], np.ndarray]:
    between = pair_distances(X, metric)

    def rows(block: slice) -> np.ndarray:
        distances = np.empty((len(X[block]), len(X)))
        for part in row_blocks(*X.shape):
            distances[:, part] = between(block, part)
        distances[np.arange(len(distances)), np.arange(len(X))[block]] = 0
        return distances

    return rows


def check_distances(distances: np.ndarray, metric: str) -> np.ndarray:
    """Return the distances, or raise `InvalidDataError` where some are not finite."""
    if metric == "braycurtis":
        # Of two rows of zeros: 0 / 0.
        distances[np.isnan(distances)] = 0
    if not np.isfinite(distances).all():
        raise InvalidDataError(
            f"{setting('metric', metric)} gives no finite distance between some of the images. Use "
            f"{setting('metric', 'euclidean')}, or scale the features."
        )
    return distances


def _euclidean_rows(X: np.ndarray, *, squared: bool) -> Callable[[slice], np.ndarray]:
    mean = X.mean(axis=0, dtype=np.float64)
    kept = right_factor(X, mean) if X.nbytes <= KEPT_BYTES else None

    def rows(block: slice) -> np.ndarray:
        left = left_factor(X[block], mean)
        if kept is not None:
            distances = left @ kept.T
        else:
            distances = np.empty((len(left), len(X)))
            for part in row_blocks(*X.shape):
                np.matmul(left, right_factor(X[part], mean).T, out=distances[:, part])
        _from_squares(distances, squared=squared)
        distances[np.arange(len(distances)), np.arange(len(X))[block]] = 0
        return distances

    return rows


def _euclidean(left: np.ndarray, right: np.ndarray, *, squared: bool) -> np.ndarray:
    distances = left @ right.T
    _from_squares(distances, squared=squared)
    return distances


def _from_squares(distances: np.ndarray, *, squared: bool) -> None:
    np.maximum(distances, 0, out=distances)
    if not squared:
        np.sqrt(distances, out=distances)


def right_factor(X: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return the rows less `mean`, a column of ones, and a column of their squares."""
    factor = np.ones((X.shape[0], X.shape[1] + 2))
    np.subtract(X, mean, out=factor[:, :-2])
    factor[:, -1] = np.einsum("ij,ij->i", factor[:, :-2], factor[:, :-2])
    return factor


def left_factor(X: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return what times the right factor gives squared distances.

    |x - y|^2 = -2 x.y + |x|^2 + |y|^2, with both squares as columns of the factors: one
    product instead of three passes over the block.
    """
    left = right_factor(X, mean)
    left[:, :-2] *= -2
    left[:, -2:] = left[:, [-1, -2]]
    return left


def _cosine_rows(unit: np.ndarray) -> Callable[[slice], np.ndarray]:
    def rows(block: slice) -> np.ndarray:
        distances = _cosine(unit[block], unit)
        distances[np.arange(len(distances)), np.arange(len(unit))[block]] = 0
        return distances

    return rows


def _cosine(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    distances = first @ second.T
    np.subtract(1, distances, out=distances)
    np.clip(distances, 0, 2, out=distances)
    return distances

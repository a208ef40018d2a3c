"""Distances between all rows, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import cdist, pdist

from clustimage._errors import InvalidDataError
from clustimage._metrics import has_no_direction, row_blocks

__all__ = ["PRODUCT_METRICS", "condensed_distances", "distance_rows", "prepare_rows"]

# Those that are computed as a product of matrices.
PRODUCT_METRICS = ("euclidean", "sqeuclidean", "cosine", "correlation")

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
    X : ndarray of float64, shape (n, d)
        Features.
    metric : str
        One of `METRICS`.

    Returns
    -------
    rows : ndarray, shape (n, d) or (n, d + 1)
        `X` itself for all other metrics.
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
    rows = np.empty((X.shape[0], X.shape[1] + 1))
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


def condensed_distances(X: np.ndarray, metric: str) -> np.ndarray:
    """Return the distances of all pairs of rows, ``(n (n - 1) / 2,)``, as `pdist` orders them.

    Raises
    ------
    InvalidDataError
        If the metric gives no distance between some of the rows.
    """
    rows, name = prepare_rows(X, metric)
    return _checked(pdist(rows, name), metric)


def distance_rows(X: np.ndarray, metric: str) -> Callable[[slice], np.ndarray]:
    """Return a function from a slice of rows to their distances to all rows.

    Parameters
    ----------
    X : ndarray of float64, shape (n, d)
        Rows to compare.
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
    rows, name = prepare_rows(X, metric)
    if name == "cosine":
        return _cosine_rows(rows)
    return lambda block: _checked(cdist(rows[block], rows, name), metric)


def _checked(distances: np.ndarray, metric: str) -> np.ndarray:
    if metric == "braycurtis":
        # Of two rows of zeros: 0 / 0.
        distances[np.isnan(distances)] = 0
    if not np.isfinite(distances).all():
        raise InvalidDataError(
            f"metric={metric!r} gives no finite distance between some of the images. "
            "Use metric='euclidean', or scale the features."
        )
    return distances


def _euclidean_rows(X: np.ndarray, *, squared: bool) -> Callable[[slice], np.ndarray]:
    # |x - y|^2 = -2 x.y + |x|^2 + |y|^2, with both squares as columns of the factors:
    # one product instead of three passes over the block.
    mean = X.mean(axis=0)
    kept = _right_factor(X, mean) if X.nbytes <= KEPT_BYTES else None

    def rows(block: slice) -> np.ndarray:
        left = _right_factor(X[block], mean)
        left[:, :-2] *= -2
        left[:, -2:] = left[:, [-1, -2]]
        if kept is not None:
            distances = left @ kept.T
        else:
            distances = np.empty((len(left), len(X)))
            for part in row_blocks(*X.shape):
                np.matmul(left, _right_factor(X[part], mean).T, out=distances[:, part])
        np.maximum(distances, 0, out=distances)
        if not squared:
            np.sqrt(distances, out=distances)
        distances[np.arange(len(distances)), np.arange(len(X))[block]] = 0
        return distances

    return rows


def _right_factor(X: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return the rows less `mean`, a column of ones, and a column of their squares."""
    factor = np.ones((X.shape[0], X.shape[1] + 2))
    np.subtract(X, mean, out=factor[:, :-2])
    factor[:, -1] = np.einsum("ij,ij->i", factor[:, :-2], factor[:, :-2])
    return factor


def _cosine_rows(unit: np.ndarray) -> Callable[[slice], np.ndarray]:
    def rows(block: slice) -> np.ndarray:
        distances = unit[block] @ unit.T
        np.subtract(1, distances, out=distances)
        np.clip(distances, 0, 2, out=distances)
        distances[np.arange(len(distances)), np.arange(len(unit))[block]] = 0
        return distances

    return rows

"""Distances between two blocks of rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from clustimage._core.errors import InvalidDataError
from clustimage._core.parameters import setting
from clustimage._distances.metrics import has_no_direction

__all__ = [
    "block_distances",
    "check_distances",
    "left_factor",
    "prepare_rows",
    "right_factor",
]

Floats = npt.NDArray[np.float64]
Index = slice | np.ndarray


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


def block_distances(X: np.ndarray, metric: str) -> Callable[[Index, Index], Floats]:
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
        Takes two slices or arrays of indices, a and b rows, and returns a new float64
        array (a, b). Euclidean distances come from one product of matrices, after the mean
        row is taken away: their error is about 1e-8 of the distance to the mean at most,
        reached between equal rows. It raises `InvalidDataError` where the metric gives no
        finite distance.

    Examples
    --------
    >>> between = block_distances(np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]]), "euclidean")
    >>> between(slice(0, 2), np.array([2])).round(9).tolist()
    [[10.0], [5.0]]
    """
    if metric.endswith("euclidean"):
        mean = X.mean(axis=0, dtype=np.float64)

        def lengths(some: Index, others: Index) -> Floats:
            distances: Floats = left_factor(X[some], mean) @ right_factor(X[others], mean).T
            np.maximum(distances, 0, out=distances)
            return distances if metric == "sqeuclidean" else np.sqrt(distances, out=distances)

        return lengths

    def between(some: Index, others: Index) -> Floats:
        first, name = prepare_rows(np.asarray(X[some], dtype=np.float64), metric)
        second, _ = prepare_rows(np.asarray(X[others], dtype=np.float64), metric)
        if name != "cosine":
            return check_distances(cdist(first, second, name), metric)
        distances: Floats = first @ second.T
        np.subtract(1, distances, out=distances)
        return np.clip(distances, 0, 2, out=distances)

    return between


def check_distances(distances: Floats, metric: str) -> Floats:
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


def right_factor(X: np.ndarray, mean: np.ndarray) -> Floats:
    """Return the rows less `mean`, a column of ones, and a column of their squares."""
    factor = np.ones((X.shape[0], X.shape[1] + 2))
    np.subtract(X, mean, out=factor[:, :-2])
    factor[:, -1] = np.einsum("ij,ij->i", factor[:, :-2], factor[:, :-2])
    return factor


def left_factor(X: np.ndarray, mean: np.ndarray) -> Floats:
    """Return what times the right factor gives squared distances.

    |x - y|^2 = -2 x.y + |x|^2 + |y|^2, with both squares as columns of the factors: one
    product instead of three passes over the block.
    """
    left = right_factor(X, mean)
    left[:, :-2] *= -2
    left[:, -2:] = left[:, [-1, -2]]
    return left

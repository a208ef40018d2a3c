"""Distances between all rows, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import cdist, pdist

from clustimage._errors import InvalidDataError

__all__ = ["PRODUCT_METRICS", "condensed_distances", "distance_rows", "prepare_rows", "row_blocks"]

# Those that are computed as a product of matrices.
PRODUCT_METRICS = ("euclidean", "sqeuclidean", "cosine", "correlation")

# Bytes of one block of distances: small enough to stay near the processor.
BLOCK_BYTES = 16 * 2**20


def row_blocks(n: int, n_columns: int, n_bytes: int = BLOCK_BYTES) -> list[slice]:
    """Return slices over n rows; a block of `n_columns` float64 has about `n_bytes`.

    Examples
    --------
    >>> row_blocks(5, 10, n_bytes=160)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    step = max(1, n_bytes // (8 * n_columns))
    return [slice(start, min(start + step, n)) for start in range(0, n, step)]


def prepare_rows(X: np.ndarray, metric: str) -> tuple[np.ndarray, str]:
    """Return rows, and the name of the metric that gives `metric` between them.

    Directions (cosine, correlation) become rows of length 1. A row without one (all
    zero; for correlation all equal) is at distance 0 from others of its kind and at
    distance 1 from every other row. For jaccard every value that is not 0 counts as 1.

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
    if metric == "jaccard":
        return X != 0, metric
    if metric not in ("cosine", "correlation"):
        return X, metric
    if metric == "correlation":
        flat = X.max(axis=1) == X.min(axis=1)
        X = np.where(flat[:, None], 0, X - X.mean(axis=1, keepdims=True))
    # Scaled first, so that the squares of small values do not vanish.
    largest = np.abs(X).max(axis=1, keepdims=True)
    without = largest == 0
    X = X / np.where(without, 1, largest)
    lengths = np.linalg.norm(X, axis=1, keepdims=True)
    return np.hstack([X / np.where(without, 1, lengths), without]), "cosine"


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
    centred = X - X.mean(axis=0)
    squares = np.einsum("ij,ij->i", centred, centred)[:, None]
    ones = np.ones_like(squares)
    left = np.hstack([-2 * centred, squares, ones])
    right = np.hstack([centred, ones, squares]).T

    def rows(block: slice) -> np.ndarray:
        distances = left[block] @ right
        np.maximum(distances, 0, out=distances)
        if not squared:
            np.sqrt(distances, out=distances)
        distances[np.arange(len(distances)), np.arange(len(X))[block]] = 0
        return distances

    return rows


def _cosine_rows(unit: np.ndarray) -> Callable[[slice], np.ndarray]:
    def rows(block: slice) -> np.ndarray:
        distances = unit[block] @ unit.T
        np.subtract(1, distances, out=distances)
        np.clip(distances, 0, 2, out=distances)
        distances[np.arange(len(distances)), np.arange(len(unit))[block]] = 0
        return distances

    return rows

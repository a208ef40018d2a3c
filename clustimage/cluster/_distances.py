"""Distances between all rows, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import cdist

from clustimage._errors import InvalidDataError

__all__ = ["METRICS", "PRODUCT_METRICS", "check_comparable", "distance_rows", "row_blocks"]

METRICS = (
    "euclidean",
    "sqeuclidean",
    "cityblock",
    "cosine",
    "correlation",
    "chebyshev",
    "canberra",
    "braycurtis",
    "hamming",
)

# Those that are computed as a product of matrices.
PRODUCT_METRICS = ("euclidean", "sqeuclidean", "cosine", "correlation")

# Bytes of one block of distances: small enough to stay near the processor.
BLOCK_BYTES = 16 * 2**20


def check_comparable(X: np.ndarray, metric: str) -> None:
    """Raise `InvalidDataError` for rows that have no direction, where the metric needs one."""
    if metric == "cosine":
        without, what = ~X.any(axis=1), "only zeros"
    elif metric == "correlation":
        without, what = X.max(axis=1) == X.min(axis=1), "one and the same value everywhere"
    else:
        return
    if without.any():
        rows = np.flatnonzero(without)
        raise InvalidDataError(
            f"metric={metric!r} cannot compare {len(rows)} of {len(X)} images: their features "
            f"hold {what} (first: row {rows[0]}). Use metric='euclidean', or leave them out."
        )


def row_blocks(n: int, n_columns: int, n_bytes: int = BLOCK_BYTES) -> list[slice]:
    """Return slices over n rows; a block of `n_columns` float64 has about `n_bytes`."""
    step = max(1, n_bytes // (8 * n_columns))
    return [slice(start, min(start + step, n)) for start in range(0, n, step)]


def distance_rows(X: np.ndarray, metric: str) -> Callable[[slice], np.ndarray]:
    """Return a function from a slice of rows to their distances to all rows.

    Parameters
    ----------
    X : ndarray of float64, shape (n, d)
        Rows to compare.
    metric : str
        One of `METRICS`.

    Returns
    -------
    callable
        Takes a slice of b rows, returns a new float64 array (b, n). The distance of
        a row to itself is exactly 0. Euclidean distances come from one product of
        matrices, after the mean row is taken away: their error is about 1e-8 of the
        distance to the mean at most, reached between equal rows.

    Raises
    ------
    InvalidDataError
        If the metric cannot compare some of the rows.

    Examples
    --------
    >>> rows = distance_rows(np.array([[0.0, 0.0], [3.0, 4.0]]), "euclidean")
    >>> rows(slice(0, 1)).round(9).tolist()
    [[0.0, 5.0]]
    """
    check_comparable(X, metric)
    if metric.endswith("euclidean"):
        return _euclidean_rows(X, squared=metric == "sqeuclidean")
    if metric in ("cosine", "correlation"):
        return _cosine_rows(X if metric == "cosine" else X - X.mean(axis=1, keepdims=True))

    def rows(block: slice) -> np.ndarray:
        distances = cdist(X[block], X, metric)
        if not np.isfinite(distances).all():
            raise InvalidDataError(
                f"metric={metric!r} gives no finite distance between some of the images. "
                "Use metric='euclidean', or scale the features."
            )
        return distances

    return rows


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


def _cosine_rows(X: np.ndarray) -> Callable[[slice], np.ndarray]:
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)

    def rows(block: slice) -> np.ndarray:
        distances = unit[block] @ unit.T
        np.subtract(1, distances, out=distances)
        np.clip(distances, 0, 2, out=distances)
        distances[np.arange(len(distances)), np.arange(len(X))[block]] = 0
        return distances

    return rows

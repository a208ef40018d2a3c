"""Names of clusters: whole numbers by decreasing size, -1 for what is in none."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from clustimage._core.errors import InvalidDataError
from clustimage._core.validation import check_int

__all__ = ["count_clusters", "order_labels"]


def order_labels(
    labels: ArrayLike, min_size: int = 1, order: np.ndarray | None = None
) -> np.ndarray:
    """Rename clusters by decreasing size.

    Parameters
    ----------
    labels : array-like of int, shape (n,)
        Any names of clusters; negative ones mean unclustered.
    min_size : int, default=1
        Clusters with fewer images become -1.
    order : ndarray of int, shape (n,), optional
        The images in the order in which they count; default as they stand.

    Returns
    -------
    labels : ndarray of int64, shape (n,)
        0 is the largest cluster, then by decreasing size; of two clusters of one
        size the one whose first member comes first in `order`. -1 is unclustered.

    Raises
    ------
    InvalidDataError
        If `labels` is not one row of whole numbers.
    InvalidParameterError
        If `min_size` is not a whole number of at least 1.

    Examples
    --------
    >>> order_labels([7, 3, 3, -1, 9, 9]).tolist()
    [2, 0, 0, -1, 1, 1]
    >>> order_labels([7, 3, 3, -1, 9, 9], min_size=2).tolist()
    [-1, 0, 0, -1, 1, 1]
    """
    names = np.asarray(labels)
    if names.ndim != 1 or (names.size and not np.issubdtype(names.dtype, np.integer)):
        raise InvalidDataError(
            "'labels' must be one row of whole numbers, one per image. "
            f"Got an array of shape {names.shape} and type {names.dtype}."
        )
    min_size = check_int("min_size", min_size, low=1)
    ordered = np.full(len(names), -1, dtype=np.int64)
    if order is not None:
        ordered[order] = order_labels(names[order], min_size)
        return ordered
    inside = names >= 0
    _, first, inverse, sizes = np.unique(
        names[inside], return_index=True, return_inverse=True, return_counts=True
    )
    order = np.lexsort((first, -sizes))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    rank[sizes < min_size] = -1
    ordered[inside] = rank[inverse]
    return ordered


def count_clusters(labels: np.ndarray) -> int:
    """Return the number of clusters in `labels`, without the unclustered (-1)."""
    return len(np.unique(labels[labels >= 0]))

"""Merge the two nearest clusters again and again, from a square of their distances."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["CONSTRAINED", "merge_nearest"]


def _ward(
    to_a: np.ndarray, to_b: np.ndarray, between: float, a: float, b: float, size: np.ndarray
) -> np.ndarray:
    squares = (size + a) * to_a**2 + (size + b) * to_b**2 - size * between**2
    # Rounding may leave a little less than nothing.
    height: np.ndarray = np.sqrt(np.maximum(squares, 0) / (size + a + b))
    return height


def _centroid(
    to_a: np.ndarray, to_b: np.ndarray, between: float, a: float, b: float, size: np.ndarray
) -> np.ndarray:
    squares = (a * to_a**2 + b * to_b**2) / (a + b) - a * b * between**2 / (a + b) ** 2
    return np.sqrt(np.maximum(squares, 0))


# Distance of each cluster to the union of two, `a` and `b` images large, from its distances
# to both: the formulas of Lance and Williams, as scipy has them.
UPDATES: dict[str, Callable[..., np.ndarray]] = {
    "ward": _ward,
    "single": lambda to_a, to_b, between, a, b, size: np.minimum(to_a, to_b),
    "complete": lambda to_a, to_b, between, a, b, size: np.maximum(to_a, to_b),
    "average": lambda to_a, to_b, between, a, b, size: (a * to_a + b * to_b) / (a + b),
    "weighted": lambda to_a, to_b, between, a, b, size: (to_a + to_b) / 2,
    "centroid": _centroid,
}
# Those whose heights never fall, so that a merge may be forbidden.
CONSTRAINED = ("ward", "single", "complete", "average", "weighted")


def merge_nearest(
    square: np.ndarray, linkage_name: str, sizes: np.ndarray | None = None
) -> np.ndarray:
    """Return the merges of clusters at finite distances, in the order they are made.

    The generic algorithm of Müllner [1]_: O(n^2) memory and, as a rule, time.

    Parameters
    ----------
    square : ndarray of float64, shape (n, n)
        Distances, inf on the diagonal and between clusters that are kept apart.
        Overwritten.
    linkage_name : str
        One of `UPDATES`.
    sizes : ndarray of float64, shape (n,), optional
        Images in each cluster; default 1.

    Returns
    -------
    ndarray of float64, shape (at most n - 1, 4)
        As `scipy.cluster.hierarchy.linkage` has them: the two clusters, their distance,
        and how many of the n are below.

    References
    ----------
    .. [1] D. Müllner, "Modern hierarchical, agglomerative clustering algorithms",
       arXiv:1109.2378, 2011.

    Examples
    --------
    >>> square = np.array([[np.inf, 1.0, 5.0], [1.0, np.inf, 4.0], [5.0, 4.0, np.inf]])
    >>> merge_nearest(square, "single").tolist()
    [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 4.0, 3.0]]
    """
    update, n = UPDATES[linkage_name], len(square)
    node, below = np.arange(n), np.ones(n)
    size = np.ones(n) if sizes is None else np.array(sizes, dtype=np.float64)
    Z = np.empty((n - 1, 4))
    # For each cluster its nearest one. Of a stale one `nearest` is gone, and `bound` is no
    # more than the distance to any that is left.
    nearest = square.argmin(axis=1)
    bound = square[node, nearest]
    stale = np.zeros(n, dtype=bool)
    for step in range(n - 1):
        a = int(bound.argmin())
        while stale[a] and np.isfinite(bound[a]):
            nearest[a] = square[a].argmin()
            bound[a], stale[a] = square[a, nearest[a]], False
            a = int(bound.argmin())
        height = bound[a]
        if not np.isfinite(height):
            return Z[:step]
        a, b = sorted((a, int(nearest[a])))
        Z[step] = (*sorted((node[a], node[b])), height, below[a] + below[b])
        row = update(square[a], square[b], height, size[a], size[b], size)
        # What may not be merged with one of two may not be merged with both.
        row[np.isinf(square[a]) | np.isinf(square[b])] = np.inf
        square[b] = square[:, b] = bound[b] = np.inf
        square[a] = square[:, a] = row
        node[a], size[a], below[a] = n + step, size[a] + size[b], below[a] + below[b]
        stale |= (nearest == a) | (nearest == b)
        nearer = row <= bound
        nearest[nearer], bound[nearer], stale[nearer] = a, row[nearer], False
        nearest[a] = row.argmin()
        bound[a], stale[a] = row[nearest[a]], False
    return Z

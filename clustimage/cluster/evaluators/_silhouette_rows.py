"""The silhouettes of some rows, from their sums of distances to the clusters."""

from __future__ import annotations

import numpy as np

from clustimage._core.batches import row_blocks

__all__ = ["row_silhouettes", "silhouette_blocks"]


def silhouette_blocks(n: int, d: int) -> list[slice]:
    """Return blocks of n rows of d values: of each its distances are held, and the row itself."""
    return row_blocks(n, max(n, d // 2))


def row_silhouettes(
    sums: np.ndarray, labels: np.ndarray, sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows have a silhouette that is not 0 by definition, and these.

    Parameters
    ----------
    sums : ndarray of float64, shape (b, k)
        Sums of the distances of each row to the members of each cluster.
    labels : ndarray of int, shape (b,)
        Clusters of the rows; -1 for none.
    sizes : ndarray of int, shape (k,)
        Members of each cluster.

    Returns
    -------
    positions : ndarray of int
        Rows in a cluster with others, not all of them and all clusters at one place.
    values : ndarray of float64
        Their silhouettes, from -1 to 1.

    Examples
    --------
    >>> sums = np.array([[1.0, 21.0], [1.0, 19.0], [5.0, 5.0]])
    >>> found = row_silhouettes(sums, np.array([0, 0, -1]), np.array([2, 2]))
    >>> found[0].tolist(), found[1].round(3).tolist()
    ([0, 1], [0.905, 0.895])
    """
    inside = np.flatnonzero(labels >= 0)
    own = labels[inside]
    sums = sums[inside]
    at = np.arange(len(own))
    within = sums[at, own] / np.maximum(sizes[own] - 1, 1)
    means = sums / sizes
    means[at, own] = np.inf
    nearest = means.min(axis=1)
    larger = np.maximum(within, nearest)
    valid = (sizes[own] > 1) & (larger > 0)
    return inside[valid], (nearest - within)[valid] / larger[valid]

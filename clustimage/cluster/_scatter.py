"""Centres of clusters, and how far the rows lie from them."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from clustimage.cluster._distances import row_blocks

__all__ = ["cluster_centres", "squared_to_centre"]


def cluster_centres(X: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean row of each cluster `(k, d)` and its size `(k,)`.

    `labels` holds 0 to k - 1 and no -1.
    """
    n, sizes = len(labels), np.bincount(labels)
    members = csr_matrix((np.ones(n), labels, np.arange(n + 1)), shape=(n, len(sizes)))
    return np.asarray(members.T @ X) / sizes[:, None], sizes


def squared_to_centre(X: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the squared Euclidean distance `(n,)` of each row to the centre of its cluster."""
    squared = np.empty(len(X))
    # Block by block: no second copy of a wide X is made.
    for block in row_blocks(*X.shape):
        offset = X[block] - centres[labels[block]]
        squared[block] = np.einsum("ij,ij->i", offset, offset)
    return squared

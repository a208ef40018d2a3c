"""Davies-Bouldin index: how alike each cluster is to the one it is most alike."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

from clustimage.cluster.evaluators._centres import CentreIndex, cluster_centres, squared_to_centre

__all__ = ["DaviesBouldin", "davies_bouldin"]


class DaviesBouldin(CentreIndex):
    """Davies-Bouldin index; lower is better."""

    higher_is_better = False

    @staticmethod
    def index(X: np.ndarray, labels: np.ndarray) -> float:
        return davies_bouldin(X, labels)


def davies_bouldin(X: np.ndarray, labels: np.ndarray) -> float:
    """Return the Davies-Bouldin index.

    The mean over the clusters i of the largest ``(s_i + s_j) / d_ij`` over the other
    clusters j, with s the mean Euclidean distance of the members to their centre and
    d the distance between two centres [1]_.

    Parameters
    ----------
    X : ndarray of float32 or float64, shape (n, d)
        Features; not copied.
    labels : ndarray of int, shape (n,)
        Names 0 to k - 1, each with a member.

    Returns
    -------
    float
        At least 0, lower is better; NaN for fewer than 2 or for n clusters. Two
        clusters with one centre are left out of the comparison, as scikit-learn does.

    References
    ----------
    .. [1] D. L. Davies and D. W. Bouldin, "A cluster separation measure", IEEE
       Trans. Pattern Anal. Mach. Intell. 1, 224-227, 1979.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> davies_bouldin(X, np.array([0, 0, 1, 1]))
    0.1
    """
    centres, sizes = cluster_centres(X, labels)
    if not 1 < len(sizes) < len(labels):
        return np.nan
    distances = np.sqrt(squared_to_centre(X, labels, centres))
    within = np.bincount(labels, weights=distances) / sizes
    between = cdist(centres, centres)
    if np.allclose(within, 0) or np.allclose(between, 0):
        return 0.0
    between[between == 0] = np.inf
    return float(((within[:, None] + within) / between).max(axis=1).mean())

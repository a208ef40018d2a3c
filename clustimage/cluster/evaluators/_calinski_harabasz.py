"""Calinski-Harabasz index: variance between the clusters over variance within."""

from __future__ import annotations

import numpy as np

from clustimage.cluster.evaluators._centres import CentreIndex, cluster_centres, squared_to_centre

__all__ = ["CalinskiHarabasz", "calinski_harabasz"]


class CalinskiHarabasz(CentreIndex):
    """Calinski-Harabasz index; higher is better."""

    @staticmethod
    def index(X: np.ndarray, labels: np.ndarray) -> float:
        return calinski_harabasz(X, labels)


def calinski_harabasz(X: np.ndarray, labels: np.ndarray) -> float:
    """Return the Calinski-Harabasz index, also called variance ratio criterion.

    ``(B / (k - 1)) / (W / (n - k))`` with B the sum of the squared distances of the
    centres to the mean, each weighted by the cluster's size, and W the sum of the
    squared distances of the rows to their centres [1]_.

    Parameters
    ----------
    X : ndarray of float32 or float64, shape (n, d)
        Features; not copied.
    labels : ndarray of int, shape (n,)
        Names 0 to k - 1, each with a member.

    Returns
    -------
    float
        At least 0, higher is better; NaN for fewer than 2 or for n clusters, and 1
        where all rows lie on their centres, as scikit-learn has it.

    References
    ----------
    .. [1] T. Calinski and J. Harabasz, "A dendrite method for cluster analysis",
       Commun. Stat. 3, 1-27, 1974.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> calinski_harabasz(X, np.array([0, 0, 1, 1]))
    200.0
    """
    centres, sizes = cluster_centres(X, labels)
    n, k = len(labels), len(sizes)
    if not 1 < k < n:
        return np.nan
    within = squared_to_centre(X, labels, centres).sum()
    between = (sizes * ((centres - X.mean(axis=0, dtype=np.float64)) ** 2).sum(axis=1)).sum()
    if within == 0:
        return 1.0
    return float(between * (n - k) / (within * (k - 1)))

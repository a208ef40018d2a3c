"""DBSCAN with a radius that is given, in memory that does not grow with the neighbours."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.neighbors import KDTree

__all__ = ["density_labels"]

# Pairs of neighbours that are held at once: about 32 bytes each.
MAX_PAIRS = 2_000_000


def density_labels(points: np.ndarray, radius: float, min_samples: int) -> np.ndarray:
    """Return the labels of DBSCAN [1]_, with Euclidean distances.

    A point is dense where `min_samples` points, itself included, lie within the radius.
    Dense points within the radius of each other are in one cluster. A point that is not
    dense joins the nearest dense one within the radius; `sklearn.cluster.DBSCAN` takes the
    first that it meets. With ``min_samples=2`` there are none of these.

    Parameters
    ----------
    points : ndarray of float64, shape (n, d)
        A few columns; finite.
    radius : float
        In the units of the points; points at just this distance are within.
    min_samples : int
        At least 1.

    Returns
    -------
    ndarray of int64, shape (n,)
        Names from 0 in no order; -1 is noise.

    References
    ----------
    .. [1] M. Ester, H.-P. Kriegel, J. Sander and X. Xu, "A density-based algorithm
       for discovering clusters in large spatial databases with noise", KDD, 1996.

    Examples
    --------
    >>> density_labels(np.array([[0.0], [1.0], [2.0], [9.0]]), radius=1, min_samples=2).tolist()
    [0, 0, 0, -1]
    """
    places, which = np.unique(points, axis=0, return_inverse=True)
    n_near = KDTree(points).query_radius(places, radius, count_only=True)
    dense = n_near >= min_samples
    labels = np.full(len(places), -1, dtype=np.int64)
    if dense.any():
        tree = KDTree(places[dense])
        part = _parts(tree, places[dense], n_near[dense], radius)
        labels[dense] = part
        edge = np.flatnonzero(~dense)
        if len(edge):
            distance, host = (column[:, 0] for column in tree.query(places[edge]))
            within = distance <= radius
            labels[edge[within]] = part[host[within]]
    return labels[which.reshape(-1)]


def _parts(tree: KDTree, places: np.ndarray, n_near: np.ndarray, radius: float) -> np.ndarray:
    """Return which of the sets connected by steps within the radius each place is in."""
    n = len(places)
    part = np.arange(n)
    ends = np.flatnonzero(np.diff(np.cumsum(n_near) // MAX_PAIRS)) + 1
    for block in np.split(np.arange(n), ends):
        found = tree.query_radius(places[block], radius)
        one = part[np.repeat(block, [len(near) for near in found])]
        other = part[np.concatenate(found)]
        links = coo_matrix((np.ones(len(one), dtype=bool), (one, other)), shape=(n, n))
        part = connected_components(links, directed=False)[1][part]
    return part

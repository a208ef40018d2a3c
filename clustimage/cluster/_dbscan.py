"""DBSCAN for many radii, with the neighbours looked up once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, vstack
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from sklearn.neighbors import NearestNeighbors

from clustimage._logging import get_logger
from clustimage._parallel import n_workers
from clustimage.cluster._base import Candidates, Clusterer
from clustimage.cluster._distances import check_comparable, row_blocks
from clustimage.cluster._noise import keep_allowed, neighbours_of_a_core

__all__ = ["DBSCANClusterer", "DensityForest", "radii_to_try"]

logger = get_logger(__name__)

# Pairs of neighbours that are held at once: 16 bytes each, twice while they are sorted.
MAX_PAIRS = 8_000_000


class DBSCANClusterer(Clusterer):
    """Search the radius of DBSCAN on the scale of the data.

    Parameters
    ----------
    metric : str, default="euclidean"
        One of `METRICS`.
    min_samples : int, optional
        Images, itself included, that must lie within the radius of an image in a
        dense place. Default: see `neighbours_of_a_core`.
    n_eps : int, default=50
        How many radii are tried, see `radii_to_try`; ten times as many where one
        number of clusters is asked for.
    n_jobs : int, default=1
        Number of workers for the neighbours.

    Attributes
    ----------
    labels_ : ndarray of int64, shape (n,)
        Clusters by decreasing size; -1 is noise.

    Examples
    --------
    >>> X = np.array([[0.0], [0.2], [0.1], [0.3], [9.0], [9.1], [9.2], [9.3], [50.0]])
    >>> DBSCANClusterer().fit_predict(X).tolist()
    [0, 0, 0, 0, 1, 1, 1, 1, -1]
    """

    chooses_k = False

    def __init__(
        self,
        *,
        metric: str = "euclidean",
        min_samples: int | None = None,
        n_eps: int = 50,
        n_jobs: int = 1,
    ) -> None:
        self.metric = metric
        self.min_samples = min_samples
        self.n_eps = n_eps
        self.n_jobs = n_jobs

    def propose(self, X: np.ndarray, counts: Sequence[int]) -> Candidates:
        check_comparable(X, self.metric)
        forest = DensityForest.grow(
            X,
            metric=self.metric,
            min_samples=neighbours_of_a_core(len(X), self.min_samples),
            n_eps=self.n_eps * (10 if len(counts) == 1 else 1),
            n_jobs=self.n_jobs,
        )
        labels = [forest.labels_at(eps) for eps in forest.radii]
        found = Candidates(labels, forest.radii.tolist(), "eps")
        return keep_allowed(found, counts, "dbscan")


def radii_to_try(core_distances: np.ndarray, n_eps: int) -> np.ndarray:
    """Return radii for DBSCAN, from where few images lie dense to where all do.

    Parameters
    ----------
    core_distances : ndarray of float64, shape (n,)
        Distance of each image to the nearest one that completes its neighbourhood.
    n_eps : int
        How many radii to return at most.

    Returns
    -------
    ndarray of float64
        Quantiles of `core_distances`, increasing: a part of them evenly from 5 % to
        90 %, the others closer and closer to 100 %, since the last few images decide
        which clusters join. Without 0.
    """
    n = len(core_distances)
    n_tail = max(1, n_eps * 2 // 5)
    tail = 1 - np.geomspace(0.1, 1 / max(n, 11), n_tail)
    levels = np.concatenate([np.linspace(0.05, 0.9, max(1, n_eps - n_tail - 1)), tail, [1.0]])
    radii = np.unique(np.quantile(core_distances, levels))
    return radii[radii > 0]


@dataclass
class DensityForest:
    """All that DBSCAN at any radius needs, in memory proportional to the images.

    Two dense images are in one cluster at radius eps if a chain of dense images
    leads from one to the other in steps of at most eps. So the clusters are the parts
    of a minimum spanning forest, with an edge as long as the larger of the distance
    and of the core distances of its ends [1]_, once the edges longer than eps are cut.
    An image that is not dense itself joins the dense neighbour for which the least
    radius is needed; `sklearn.cluster.DBSCAN` takes the first one it meets.

    Attributes
    ----------
    core : ndarray of float64, shape (n,)
        Radius from which on an image is dense.
    radii : ndarray of float64
        Radii to try.
    edges : ndarray of int, shape (m, 2)
        Edges of the forest.
    lengths : ndarray of float64, shape (m,)
        Their lengths.
    host, host_at : ndarray of shape (n,)
        The dense neighbour an image joins, and the radius from which on it does.

    References
    ----------
    .. [1] R. J. G. B. Campello, D. Moulavi and J. Sander, "Density-based clustering
       based on hierarchical density estimates", PAKDD, 2013.
    """

    core: np.ndarray
    radii: np.ndarray
    edges: np.ndarray
    lengths: np.ndarray
    host: np.ndarray
    host_at: np.ndarray

    @classmethod
    def grow(
        cls, X: np.ndarray, *, metric: str, min_samples: int, n_eps: int, n_jobs: int = 1
    ) -> DensityForest:
        """Look the neighbours up and keep what the labels need."""
        index = NearestNeighbors(metric=metric, n_jobs=n_workers(n_jobs)).fit(X)
        core = index.kneighbors(X, n_neighbors=min_samples)[0][:, -1]
        radii = radii_to_try(core, n_eps)
        if not len(radii):
            radii = np.array([np.finfo(float).tiny])
        pairs, radii = _neighbour_pairs(index, X, core, radii)
        n = len(X)
        tree = minimum_spanning_tree(pairs).tocoo()
        columns = np.minimum.reduceat
        del columns
        host, host_at = _nearest_host(pairs, n)
        return cls(core, radii, np.column_stack([tree.row, tree.col]), tree.data, host, host_at)

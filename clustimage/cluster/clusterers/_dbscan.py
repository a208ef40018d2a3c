"""DBSCAN for many radii, each a cut of one minimum spanning tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from clustimage.cluster._candidates import Candidates
from clustimage.cluster._clusterer import Clusterer
from clustimage.cluster.clusterers._spanning_forest import default_min_samples, span_by_density

__all__ = ["DBSCANClusterer", "DensityForest", "radii_to_try"]


class DBSCANClusterer(Clusterer):
    """Search the radius of DBSCAN on the scale of the data.

    All radii are cuts of one minimum spanning tree, see `span_by_density`: memory and time
    do not depend on how many neighbours an image has within them.

    Parameters
    ----------
    metric : str, default="euclidean"
        One of `METRICS`.
    min_samples : int, optional
        Images, itself included, that must lie within the radius of a dense image. Default:
        see `default_min_samples`.
    n_eps : int, default=50
        How many radii are tried, see `radii_to_try`; ten times as many where one
        number of clusters is asked for.
    n_jobs : int, default=1
        Number of threads.

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

    def candidates(self, X: np.ndarray, counts: Sequence[int]) -> Candidates:
        forest = DensityForest.build(
            X,
            metric=self.metric,
            min_samples=default_min_samples(len(X), self.min_samples),
            n_eps=self.n_eps * (10 if len(counts) == 1 else 1),
            n_jobs=self.n_jobs,
        )
        labels = [forest.labels_at(eps) for eps in forest.radii]
        found = Candidates(labels, forest.radii.tolist(), "eps")
        return found.with_counts(counts, "dbscan")


def radii_to_try(core_distances: np.ndarray, n_eps: int) -> np.ndarray:
    """Return radii for DBSCAN, from where few images are dense to where all are.

    Parameters
    ----------
    core_distances : ndarray of float64, shape (n,)
        Distance of each image to the nearest one that completes its neighbourhood.
    n_eps : int
        How many radii to return at most.

    Returns
    -------
    ndarray of float64
        Quantiles of `core_distances`, increasing: some of them evenly from 5 % to
        90 %, the others closer and closer to 100 %, since the last few images decide
        which clusters join. All above 0.
    """
    n = len(core_distances)
    n_tail = max(1, n_eps * 2 // 5)
    tail = 1 - np.geomspace(0.1, 1 / max(n, 11), n_tail)
    levels = np.concatenate([np.linspace(0.05, 0.9, max(1, n_eps - n_tail - 1)), tail, [1.0]])
    radii = np.unique(np.quantile(core_distances, levels))
    positive = radii[radii > 0]
    # Where most images have many equals, every radius is 0: the least one that is not.
    return positive if len(positive) else np.array([np.finfo(np.float64).tiny])


@dataclass
class DensityForest:
    """All that DBSCAN at any radius needs, in memory proportional to the images.

    Two dense images are in one cluster at radius eps if a chain of dense images
    leads from one to the other in steps of at most eps. So the clusters are the components
    of a minimum spanning tree, each edge weighted by the largest of the distance and
    of the core distances of its ends [1]_, once the edges above eps are cut.
    An image that is not dense itself joins the dense neighbour for which the least
    radius is needed; `sklearn.cluster.DBSCAN` takes the first one it meets.

    Attributes
    ----------
    core : ndarray of float64, shape (n,)
        Radius from which on an image is dense.
    radii : ndarray of float64
        Radii to try.
    edges : ndarray of int, shape (n - 1, 2)
        Edges of the spanning tree.
    weights : ndarray of float64, shape (n - 1,)
        Their weights.
    nearest_core, joins_at : ndarray, shape (n,)
        The dense neighbour an image joins, and the radius from which on it does.

    References
    ----------
    .. [1] R. J. G. B. Campello, D. Moulavi and J. Sander, "Density-based clustering
       based on hierarchical density estimates", PAKDD, 2013.
    """

    core: np.ndarray
    radii: np.ndarray
    edges: np.ndarray
    weights: np.ndarray
    nearest_core: np.ndarray
    joins_at: np.ndarray

    @classmethod
    def build(
        cls, X: np.ndarray, *, metric: str, min_samples: int, n_eps: int, n_jobs: int = 1
    ) -> DensityForest:
        """Look the neighbours up once and keep what the labels need."""
        found = span_by_density(X, metric=metric, min_samples=min_samples, n_jobs=n_jobs)
        core, nearest = found.core, found.nearest[:, :min_samples]
        # What joins a dense row before it is dense itself joins one of its neighbours; of
        # several at one radius the first row.
        radius = np.maximum(found.distances[:, :min_samples], core[nearest])
        radius[nearest == np.arange(len(X))[:, None]] = np.inf
        joins_at = radius.min(axis=1)
        nearest_core = np.where(radius == joins_at[:, None], nearest, len(X)).min(axis=1)
        # Distances that are computed twice differ by their rounding.
        weights = np.maximum(found.weights * (1 - 1e-9), core[found.edges].max(axis=1))
        radii = radii_to_try(core, n_eps)
        return cls(core, radii, found.edges, weights, nearest_core, joins_at)

    def labels_at(self, eps: float) -> np.ndarray:
        """Return the labels `(n,)` of DBSCAN with radius `eps`; -1 is noise."""
        n = len(self.core)
        one, other = self.edges[self.weights <= eps].T
        links = coo_matrix((np.ones(len(one)), (one, other)), shape=(n, n))
        component = connected_components(links, directed=False)[1]
        dense = self.core <= eps
        component = np.where(dense, component, component[self.nearest_core])
        inside = dense | (self.joins_at <= eps)
        labels = np.full(n, -1, dtype=np.int64)
        labels[inside] = np.unique(component[inside], return_inverse=True)[1]
        return labels

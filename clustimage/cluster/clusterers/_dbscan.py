"""DBSCAN for many radii, with the neighbours looked up once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from sklearn.neighbors import NearestNeighbors

from clustimage._core.batches import row_blocks
from clustimage._core.logs import get_logger, progress
from clustimage._core.parallel import n_workers
from clustimage._distances.blocks import prepare_rows
from clustimage.cluster._candidates import Candidates
from clustimage.cluster._clusterer import Clusterer
from clustimage.cluster.clusterers._noise import keep_allowed, neighbours_of_a_core
from clustimage.cluster.clusterers._spanning_forest import (
    MANY_ROWS,
    needs_of_spanning,
    span_by_density,
)

__all__ = ["DBSCANClusterer", "DensityForest", "needs", "radii_to_try"]

logger = get_logger(__name__)

# Pairs of neighbours that wait at once for the spanning forest: 24 bytes each.
MAX_PAIRS = 4_000_000
# scikit-learn looks for neighbours in a matrix of all their distances.
WITHOUT_INDEX = ("cosine", "correlation", "hamming")


def needs(
    n: int, d: int, metric: str = "euclidean", *, n_jobs: int | None = 1
) -> tuple[str, str, int]:
    """Return what DBSCAN of n images does, why, and the bytes it takes.

    Examples
    --------
    >>> needs(60_000, 50)[:2]
    ('one spanning tree for all radii of DBSCAN', '60,000 images are more than 5,000')
    >>> needs(1_000, 50)[0]
    'the neighbours of all images within the largest radius of DBSCAN'
    """
    # Beside the tree: the labels of all radii.
    labels = 8 * 50 * n
    if n <= MANY_ROWS:
        words = "the neighbours of all images within the largest radius of DBSCAN"
        n_bytes = labels + 16 * n * (d + 1) + 100 * min(MAX_PAIRS, n * n)
        if metric in WITHOUT_INDEX:
            n_bytes = max(n_bytes, labels + 8 * n * (d + 1) + 25 * n * n)
        return words, f"{n:,} images are at most {MANY_ROWS:,}", n_bytes
    n_bytes = labels + needs_of_spanning(n, d, metric, n_jobs=n_jobs)
    why = f"{n:,} images are more than {MANY_ROWS:,}"
    return "one spanning tree for all radii of DBSCAN", why, n_bytes


class DBSCANClusterer(Clusterer):
    """Search the radius of DBSCAN on the scale of the data.

    Neighbours are looked up once for all radii: within the largest of them, a block of
    rows at a time; of more than 5,000 rows by `span_by_density`, whose memory and time do
    not depend on how many neighbours there are.

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

    def candidates(self, X: np.ndarray, counts: Sequence[int]) -> Candidates:
        grow = DensityForest.grow
        if len(X) > MANY_ROWS:
            words, why, _ = needs(len(X), X.shape[1], self.metric)
            logger.info("Clustering: %s, because %s.", words, why)
            grow = DensityForest.span
        forest = grow(
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
    leads from one to the other in steps of at most eps. So the clusters are the parts
    of a minimum spanning forest, with an edge as long as the largest of the distance
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
    host, host_at : ndarray, shape (n,)
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
        """Look the neighbours up once and keep what the labels need."""
        X, metric = prepare_rows(X, metric)
        n = len(X)
        index = NearestNeighbors(metric=metric, n_jobs=n_workers(n_jobs)).fit(X)
        distances, nearest = index.kneighbors(X, n_neighbors=min_samples)
        core = distances[:, -1]
        radii = radii_to_try(core, n_eps)
        # The nearest neighbours join most of what is dense; see `_needless`.
        pairs = np.column_stack([np.repeat(np.arange(n), min_samples), nearest.ravel()])
        joins = np.maximum(distances.ravel(), core[pairs].max(axis=1))
        parts = [_spanning_forest(n, [_within(np.sort(pairs, axis=1), joins, radii[-1])])]
        levels = [
            (eps, _components(n, *parts[0], eps))
            for eps in np.quantile(radii, np.linspace(1, 0, 6))
        ]
        host, host_at = np.arange(n), np.full(n, np.inf)
        for block in progress(row_blocks(n, n), desc="Clustering", unit="block"):
            # A little further: the two searches of scikit-learn round differently.
            near = index.radius_neighbors_graph(X[block], radii[-1] * (1 + 1e-9), mode="distance")
            counts = np.diff(near.indptr)
            pairs = np.column_stack([np.repeat(np.arange(n)[block], counts), near.indices])
            reach = np.maximum(near.data, core[pairs[:, 1]])
            _note_hosts(host, host_at, pairs, reach, counts)
            joins = np.maximum(reach, core[pairs[:, 0]])
            pairs, joins = _within(pairs, joins, radii[-1])
            for eps, component in levels:
                kept = ~_needless(pairs, joins, eps, component)
                pairs, joins = pairs[kept], joins[kept]
            parts.append((pairs, joins))
            if sum(len(part) for _, part in parts) > MAX_PAIRS:
                parts = [_spanning_forest(n, parts)]
        edges, lengths = _spanning_forest(n, parts)
        return cls(core, radii, edges, lengths, host, host_at)

    @classmethod
    def span(
        cls, X: np.ndarray, *, metric: str, min_samples: int, n_eps: int, n_jobs: int = 1
    ) -> DensityForest:
        """Do the same for many rows, without their pairs within the largest radius."""
        found = span_by_density(X, metric=metric, min_samples=min_samples, n_jobs=n_jobs)
        core, near = found.core, found.nearest[:, :min_samples]
        # A dense row that is reached before a row is dense itself is one of its neighbours.
        reach = np.maximum(found.distances[:, :min_samples], core[near])
        reach[near == np.arange(len(X))[:, None]] = np.inf
        first = reach.argmin(axis=1)[:, None]
        host, host_at = (np.take_along_axis(of, first, axis=1)[:, 0] for of in (near, reach))
        # Distances that are computed twice differ by their rounding.
        lengths = np.maximum(found.lengths * (1 - 1e-9), core[found.edges].max(axis=1))
        return cls(core, radii_to_try(core, n_eps), found.edges, lengths, host, host_at)

    def labels_at(self, eps: float) -> np.ndarray:
        """Return the labels `(n,)` of DBSCAN with radius `eps`; -1 is noise."""
        n = len(self.core)
        part = _components(n, self.edges, self.lengths, eps)
        dense = self.core <= eps
        part = np.where(dense, part, part[self.host])
        inside = dense | (self.host_at <= eps)
        labels = np.full(n, -1, dtype=np.int64)
        labels[inside] = np.unique(part[inside], return_inverse=True)[1]
        return labels


def _components(n: int, edges: np.ndarray, lengths: np.ndarray, eps: float) -> np.ndarray:
    """Return which part of the forest each image is in, once edges above `eps` are cut."""
    short = edges[lengths <= eps]
    links = coo_matrix((np.ones(len(short)), (short[:, 0], short[:, 1])), shape=(n, n))
    return connected_components(links, directed=False)[1]


def _within(pairs: np.ndarray, lengths: np.ndarray, eps: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs (i, j) with i < j that are not longer than `eps`."""
    kept = (pairs[:, 0] < pairs[:, 1]) & (lengths <= eps)
    return pairs[kept], lengths[kept]


def _needless(
    pairs: np.ndarray, lengths: np.ndarray, eps: float, component: np.ndarray
) -> np.ndarray:
    """Return which pairs are joined by edges of at most `eps` and are themselves no shorter.

    A minimum spanning forest does not need them.
    """
    return (lengths >= eps) & (component[pairs[:, 0]] == component[pairs[:, 1]])


def _note_hosts(
    host: np.ndarray, host_at: np.ndarray, pairs: np.ndarray, reach: np.ndarray, counts: np.ndarray
) -> None:
    """Note for each row of `pairs`, sorted by it, the other image that it reaches first."""
    if not len(pairs):
        return
    reach = np.where(pairs[:, 0] == pairs[:, 1], np.inf, reach)
    counts = counts[counts > 0]
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    least = np.minimum.reduceat(reach, starts)
    hits = pairs[reach == np.repeat(least, counts)]
    # Written backwards, so that the first one of several stays.
    host[hits[::-1, 0]] = hits[::-1, 1]
    host_at[pairs[starts, 0]] = least


def _spanning_forest(
    n: int, parts: Sequence[tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return edges and lengths of the minimum spanning forest of all `parts` together."""
    edges = np.concatenate([part[0] for part in parts])
    lengths = np.concatenate([part[1] for part in parts])
    # A pair may come twice, and scipy would add the two lengths up.
    once = np.unique(edges[:, 0] * n + edges[:, 1], return_index=True)[1]
    edges = edges[once]
    # Length 0 would mean "no edge" to scipy.
    lengths = np.maximum(lengths[once], np.finfo(np.float64).tiny)
    graph = coo_matrix((lengths, (edges[:, 0], edges[:, 1])), shape=(n, n))
    tree = minimum_spanning_tree(graph.tocsr()).tocoo()
    return np.column_stack([tree.row, tree.col]).astype(np.int64), tree.data

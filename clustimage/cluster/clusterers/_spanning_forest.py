"""The minimum spanning tree of mutual reachability, exact, without a matrix of distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from clustimage._core.parallel import n_workers, run_ordered
from clustimage._distances.blocks import block_distances, prepare_rows

__all__ = ["Reachability", "default_min_samples", "span_by_density"]

# Neighbours that are looked up beside those that the core distances need: most rows are then
# joined without a comparison with all others.
EXTRA_NEIGHBOURS = 16
# Rows that are compared at once, and with how many others: one block of float64 takes 16 MiB.
ROWS_PER_BLOCK, OTHERS_PER_BLOCK = 512, 4096


@dataclass(frozen=True)
class Reachability:
    """The minimum spanning tree of the distances of mutual reachability [1]_.

    The mutual reachability of two rows is the largest of their distance and of the core
    distances of both.

    Attributes
    ----------
    core : ndarray of float64, shape (n,)
        Distance of each row to the nearest one that completes its neighbourhood.
    edges : ndarray of int64, shape (n - 1, 2)
        Pairs of rows.
    weights : ndarray of float64, shape (n - 1,)
        Their mutual reachability.
    nearest : ndarray of int64, shape (n, m)
        The nearest rows of each row, by distance; itself among them.
    distances : ndarray of float64, shape (n, m)
        How far they are.

    References
    ----------
    .. [1] R. J. G. B. Campello, D. Moulavi and J. Sander, "Density-based clustering
       based on hierarchical density estimates", PAKDD, 2013.
    """

    core: np.ndarray
    edges: np.ndarray
    weights: np.ndarray
    nearest: np.ndarray
    distances: np.ndarray


def default_min_samples(n: int, given: int | None = None) -> int:
    """Return how many images, itself included, must lie near a dense image.

    The natural logarithm of the number of images [1]_, and at least 4 [2]_.

    Parameters
    ----------
    n : int
        Number of images.
    given : int, optional
        What the user asked for; wins.

    References
    ----------
    .. [1] D. Birant and A. Kut, "ST-DBSCAN: An algorithm for clustering
       spatial-temporal data", Data Knowl. Eng. 60, 208-221, 2007.
    .. [2] M. Ester, H.-P. Kriegel, J. Sander and X. Xu, "A density-based algorithm
       for discovering clusters in large spatial databases with noise", KDD, 1996.

    Examples
    --------
    >>> default_min_samples(1797), default_min_samples(20), default_min_samples(3)
    (7, 4, 3)
    """
    return min(n, max(4, round(np.log(n))) if given is None else given)


def span_by_density(
    X: np.ndarray, *, metric: str, min_samples: int, n_jobs: int | None = 1
) -> Reachability:
    """Return the spanning tree by density, with memory for a few blocks of distances.

    By Boruvka's algorithm [1]_: each component is joined with the nearest other one, and so
    on, a few times. Most rows are joined by their nearest neighbours; a row is compared with
    all others, a block at a time, only if its neighbours leave open whether it has the
    lightest edge out of its component. So the tree is exact; of edges of one weight, which
    one is in it is arbitrary.

    Parameters
    ----------
    X : ndarray of float32 or float64, shape (n, d)
        Features. Not copied as a whole, but for rows of length 1 (cosine, correlation).
    metric : str
        One of `METRICS`.
    min_samples : int
        Rows, itself included, within the core distance of a row.
    n_jobs : int, default=1
        Number of threads; the result does not depend on it.

    Returns
    -------
    Reachability

    References
    ----------
    .. [1] O. Boruvka, "O jistem problemu minimalnim", Prace Moravske Prirodovedecke
       Spolecnosti 3, 37-58, 1926.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [3.0], [10.0]])
    >>> found = span_by_density(X, metric="euclidean", min_samples=2)
    >>> found.core.tolist(), np.sort(found.weights).tolist()
    ([1.0, 1.0, 2.0, 7.0], [1.0, 2.0, 7.0])
    """
    m = min(len(X), min_samples + EXTRA_NEIGHBOURS)
    distances, nearest = _neighbours(X, metric, m, n_workers(n_jobs))
    core = distances[:, min_samples - 1].copy()
    forest = _Forest(X, metric, core, distances, nearest)
    # One thread per product, so that its sums do not depend on the number of threads.
    with threadpool_limits(1, user_api="blas"):
        while forest.n_components > 1:
            forest.note_neighbours()
            forest.search_all(n_workers(n_jobs))
            forest.join()
    edges, squares = np.concatenate(forest.edges), np.concatenate(forest.weights)
    weights = np.sqrt(squares) if metric == "euclidean" else squares
    return Reachability(core, edges, weights, nearest, distances)


def _neighbours(X: np.ndarray, metric: str, m: int, n_jobs: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the distances of each row to its `m` nearest, and which they are."""
    if metric not in ("sqeuclidean", "cosine", "correlation"):
        # A tree needs a triangle inequality, and scikit-learn builds one without it.
        algorithm = "brute" if metric == "braycurtis" else "auto"
        index = NearestNeighbors(metric=metric, algorithm=algorithm, n_jobs=n_jobs)
        distances, nearest = index.fit(X).kneighbors(X, m)
        return distances, nearest
    # Of rows of length 1, d_cosine = d_euclidean^2 / 2: the order is the same.
    rows, _ = prepare_rows(X, metric)
    distances, nearest = NearestNeighbors(n_jobs=n_jobs).fit(rows).kneighbors(rows, m)
    distances *= distances
    return distances / (1 if metric == "sqeuclidean" else 2), nearest


class _Forest:
    """A spanning forest while it is built; weights are squared where `metric` is Euclidean."""

    def __init__(
        self,
        X: np.ndarray,
        metric: str,
        core: np.ndarray,
        distances: np.ndarray,
        nearest: np.ndarray,
    ) -> None:
        n = len(X)
        square = metric == "euclidean"
        self.between = block_distances(X, "sqeuclidean" if square else metric)
        self.core = core**2 if square else core
        self.nearest = nearest
        squares = distances**2 if square else distances
        # All rows that are not among the neighbours are at least so far.
        self.bound = np.maximum(squares[:, -1], self.core)
        weights = np.maximum(squares, self.core[:, None])
        self.to_nearest = np.maximum(weights, self.core[nearest], out=weights)
        self.component, self.n_components = np.arange(n), n
        # The lightest edge of each row to another component, as far as it is known.
        self.target, self.weight = np.full(n, -1), np.full(n, np.inf)
        # One row has no edge.
        self.edges = [np.empty((0, 2), dtype=np.int64)]
        self.weights = [np.empty(0)]

    def note_neighbours(self) -> None:
        """Note the lightest edge of each row to a neighbour in another component."""
        joined = (self.target >= 0) & (self.component[self.target] == self.component)
        # What was the lightest of all edges is a bound for those that are left.
        self.bound[joined] = np.maximum(self.bound, self.weight)[joined]
        self.weight[joined], self.target[joined] = np.inf, -1
        inside = self.component[self.nearest] == self.component[:, None]
        weights = np.where(inside, np.inf, self.to_nearest)
        at, first = np.arange(len(weights)), weights.argmin(axis=1)
        better = weights[at, first] < self.weight
        self.weight[better] = weights[at, first][better]
        self.target[better] = self.nearest[at, first][better]

    def search_all(self, n_jobs: int) -> None:
        """Compare the rows whose lightest edge is still open with all others."""
        best = np.full(self.n_components, np.inf)
        np.minimum.at(best, self.component, self.weight)
        open_ = np.flatnonzero((self.bound < self.weight) & (self.bound < best[self.component]))
        by_component = np.argsort(self.component, kind="stable")
        starts = np.searchsorted(self.component[by_component], np.arange(self.n_components + 1))
        open_ = open_[np.argsort(self.component[open_], kind="stable")]
        blocks = [open_[i : i + ROWS_PER_BLOCK] for i in range(0, len(open_), ROWS_PER_BLOCK)]

        def search(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return self._first_outside(rows, by_component, starts)

        found = run_ordered(search, blocks, n_jobs=n_jobs, desc="Clustering", unit="block")
        for rows, (target, weight) in zip(blocks, found, strict=True):
            self.target[rows], self.weight[rows] = target, weight

    def _first_outside(
        self, rows: np.ndarray, by_component: np.ndarray, starts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the lightest edge of each of `rows` to another component: its end and weight."""
        lightest, target = np.full(len(rows), np.inf), np.zeros(len(rows), dtype=np.int64)
        components, firsts = np.unique(self.component[rows], return_index=True)
        ends = np.append(firsts[1:], len(rows))
        at = np.arange(len(rows))
        for start in range(0, len(by_component), OTHERS_PER_BLOCK):
            others = by_component[start : start + OTHERS_PER_BLOCK]
            weights = self.between(rows, others)
            np.maximum(weights, self.core[others], out=weights)
            for component, first, end in zip(components, firsts, ends, strict=True):
                low, high = starts[component] - start, starts[component + 1] - start
                if high > 0 and low < len(others):
                    weights[first:end, max(low, 0) : high] = np.inf
            nearest = weights.argmin(axis=1)
            better = weights[at, nearest] < lightest
            lightest[better] = weights[at, nearest][better]
            target[better] = others[nearest[better]]
        return target, np.maximum(lightest, self.core[rows])

    def join(self) -> None:
        """Join each component with the one at the end of its lightest edge."""
        order = np.argsort(self.weight, kind="stable")
        rows = order[np.unique(self.component[order], return_index=True)[1]]
        pairs = np.column_stack([rows, self.target[rows]])
        ends = np.sort(self.component[pairs], axis=1)
        # Two components with one lightest edge are joined once. A ring of components whose
        # lightest edges are of one weight is cut open by the order of the edges.
        rank = np.argsort(self.weight[rows], kind="stable")
        once = np.unique(ends[rank] @ [self.n_components, 1], return_index=True)[1]
        kept = rank[np.sort(once)]
        shape = (self.n_components, self.n_components)
        graph = coo_matrix((np.arange(1.0, len(kept) + 1), ends[kept].T), shape=shape)
        tree = minimum_spanning_tree(graph.tocsr())
        chosen = kept[tree.data.astype(np.int64) - 1]
        self.edges.append(pairs[chosen])
        self.weights.append(self.weight[rows[chosen]])
        self.n_components, joined = connected_components(tree, directed=False)
        self.component = joined[self.component].astype(np.int64)

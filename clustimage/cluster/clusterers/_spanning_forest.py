"""What joins rows by density: a minimum spanning tree, exact, without a matrix of distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from clustimage._core.parallel import n_workers, run_ordered
from clustimage._distances.blocks import pair_distances, prepare_rows

__all__ = ["MANY_ROWS", "Reachability", "needs_of_spanning", "span_by_density"]

# Up to so many rows, scikit-learn's own way through all of them is fast.
MANY_ROWS = 5_000

# Neighbours that are known beside those that the core distances need: most rows are then
# joined without a look at all others.
MORE_NEIGHBOURS = 16
# Rows that are compared with others at once: one block of float64 takes 16 MiB.
ROWS, OTHERS = 512, 4096


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
    lengths : ndarray of float64, shape (n - 1,)
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
    lengths: np.ndarray
    nearest: np.ndarray
    distances: np.ndarray


def needs_of_spanning(n: int, d: int, metric: str = "euclidean", *, n_jobs: int | None = 1) -> int:
    """Return the bytes that `span_by_density` takes beside the rows.

    Examples
    --------
    >>> needs_of_spanning(60_000, 50)
    111771648
    """
    neighbours = 32 * (16 + MORE_NEIGHBOURS) * n
    unit_rows = 8 * n * (d + 1) * (metric in ("cosine", "correlation"))
    return neighbours + unit_rows + 3 * 8 * ROWS * OTHERS * n_workers(n_jobs)


def span_by_density(
    X: np.ndarray, *, metric: str, min_samples: int, n_jobs: int | None = 1
) -> Reachability:
    """Return how rows are joined by density, with memory for a few blocks of distances.

    The tree grows as Boruvka's does [1]_: each part is joined with the one that it reaches
    first, and so on, a few times. Most rows are joined by their nearest neighbours; a row
    is compared with all others, a block at a time, only if what is known of it leaves
    open whether it is the one by which its part reaches another first. So the tree is
    exact; of pairs at one distance, which one is in it is arbitrary.

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
    >>> found.core.tolist(), np.sort(found.lengths).tolist()
    ([1.0, 1.0, 2.0, 7.0], [1.0, 2.0, 7.0])
    """
    m = min(len(X), min_samples + MORE_NEIGHBOURS)
    distances, nearest = _neighbours(X, metric, m, n_workers(n_jobs))
    core = distances[:, min_samples - 1].copy()
    growth = _Growth(X, metric, core, distances, nearest)
    # One thread per product, so that its sums do not depend on the number of threads.
    with threadpool_limits(1, user_api="blas"):
        while growth.n_parts > 1:
            growth.look_at_neighbours()
            growth.look_at_all(n_workers(n_jobs))
            growth.join()
    edges, squares = np.concatenate(growth.edges), np.concatenate(growth.lengths)
    lengths = np.sqrt(squares) if metric == "euclidean" else squares
    return Reachability(core, edges, lengths, nearest, distances)


def _neighbours(X: np.ndarray, metric: str, m: int, n_jobs: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the distances of each row to its `m` nearest, and which they are."""
    if metric not in ("sqeuclidean", "cosine", "correlation"):
        # A tree needs a triangle inequality, and scikit-learn grows one without it.
        algorithm = "brute" if metric == "braycurtis" else "auto"
        index = NearestNeighbors(metric=metric, algorithm=algorithm, n_jobs=n_jobs)
        return index.fit(X).kneighbors(X, m)
    # Of rows of length 1, d_cosine = d_euclidean^2 / 2: the order is the same.
    rows, _ = prepare_rows(X, metric)
    distances, nearest = NearestNeighbors(n_jobs=n_jobs).fit(rows).kneighbors(rows, m)
    distances *= distances
    return distances / (1 if metric == "sqeuclidean" else 2), nearest


class _Growth:
    """A spanning forest while it grows; lengths are squared where `metric` is Euclidean."""

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
        self.between = pair_distances(X, "sqeuclidean" if square else metric)
        self.core = core**2 if square else core
        self.nearest = nearest
        reach = distances**2 if square else distances
        # All rows that are not among the neighbours are at least so far.
        self.bound = np.maximum(reach[:, -1], self.core)
        reach = np.maximum(reach, self.core[:, None])
        self.reach = np.maximum(reach, self.core[nearest], out=reach)
        self.part, self.n_parts = np.arange(n), n
        # The first row that each row reaches in another part, as far as it is known.
        self.target, self.length = np.full(n, -1), np.full(n, np.inf)
        self.edges: list[np.ndarray] = []
        self.lengths: list[np.ndarray] = []

    def look_at_neighbours(self) -> None:
        """Note the first of its neighbours that each row reaches in another part."""
        joined = (self.target >= 0) & (self.part[self.target] == self.part)
        # What was the first of all others is a bound for those that are left.
        self.bound[joined] = np.maximum(self.bound, self.length)[joined]
        self.length[joined], self.target[joined] = np.inf, -1
        reach = np.where(self.part[self.nearest] == self.part[:, None], np.inf, self.reach)
        first = reach.argmin(axis=1)
        at = np.arange(len(first))
        better = reach[at, first] < self.length
        self.length[better] = reach[at, first][better]
        self.target[better] = self.nearest[at, first][better]

    def look_at_all(self, n_jobs: int) -> None:
        """Compare the rows of which that is not enough with all others."""
        best = np.full(self.n_parts, np.inf)
        np.minimum.at(best, self.part, self.length)
        open_ = np.flatnonzero((self.bound < self.length) & (self.bound < best[self.part]))
        by_part = np.argsort(self.part, kind="stable")
        starts = np.searchsorted(self.part[by_part], np.arange(self.n_parts + 1))
        open_ = open_[np.argsort(self.part[open_], kind="stable")]
        blocks = [open_[i : i + ROWS] for i in range(0, len(open_), ROWS)]

        def search(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return self._first_outside(rows, by_part, starts)

        found = run_ordered(search, blocks, n_jobs=n_jobs, desc="Clustering", unit="block")
        for rows, (target, length) in zip(blocks, found, strict=True):
            self.target[rows], self.length[rows] = target, length

    def _first_outside(
        self, rows: np.ndarray, by_part: np.ndarray, starts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the row of another part that each of `rows` reaches first, and its length."""
        length, target = np.full(len(rows), np.inf), np.zeros(len(rows), dtype=np.int64)
        parts, firsts = np.unique(self.part[rows], return_index=True)
        ends = np.append(firsts[1:], len(rows))
        at = np.arange(len(rows))
        for start in range(0, len(by_part), OTHERS):
            others = by_part[start : start + OTHERS]
            reach = self.between(rows, others)
            np.maximum(reach, self.core[others], out=reach)
            for part, first, end in zip(parts, firsts, ends, strict=True):
                low, high = starts[part] - start, starts[part + 1] - start
                if high > 0 and low < len(others):
                    reach[first:end, max(low, 0) : high] = np.inf
            nearest = reach.argmin(axis=1)
            better = reach[at, nearest] < length
            length[better] = reach[at, nearest][better]
            target[better] = others[nearest[better]]
        return target, np.maximum(length, self.core[rows])

    def join(self) -> None:
        """Join each part with the one that it reaches first."""
        order = np.argsort(self.length, kind="stable")
        rows = order[np.unique(self.part[order], return_index=True)[1]]
        ends = np.sort(np.column_stack([self.part[rows], self.part[self.target[rows]]]), axis=1)
        # Two parts that reach each other first are joined once. A ring of parts that reach
        # each other at one distance is cut open by the order of the edges.
        rank = np.argsort(self.length[rows], kind="stable")
        once = np.unique(ends[rank] @ [self.n_parts, 1], return_index=True)[1]
        kept = rank[np.sort(once)]
        shape = (self.n_parts, self.n_parts)
        graph = coo_matrix((np.arange(1.0, len(kept) + 1), ends[kept].T), shape=shape)
        tree = minimum_spanning_tree(graph.tocsr())
        chosen = rows[kept[tree.data.astype(np.int64) - 1]]
        self.edges.append(np.column_stack([chosen, self.target[chosen]]))
        self.lengths.append(self.length[chosen])
        self.n_parts, joined = connected_components(tree, directed=False)
        self.part = joined[self.part].astype(np.int64)

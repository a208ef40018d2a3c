"""HDBSCAN: clusters of any shape and density, over a grid of minimal sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix
from sklearn.cluster import HDBSCAN
from sklearn.metrics import pairwise_distances

from clustimage._core.logs import get_logger, progress
from clustimage._core.parallel import n_workers
from clustimage._distances.blocks import prepare_rows
from clustimage._distances.distinct import distinct_rows
from clustimage.cluster._candidates import Candidates
from clustimage.cluster._clusterer import Clusterer
from clustimage.cluster.clusterers._spanning_forest import default_min_samples, span_by_density

__all__ = ["HDBSCANClusterer"]

logger = get_logger(__name__)

# Up to so many rows scikit-learn builds the spanning tree anew for each size.
MAX_ROWS_WITHOUT_SHARED_TREE = 5_000
# No index of neighbours knows them. HDBSCAN would compute their distances again for every
# size, and old versions of it refuse them.
WITHOUT_INDEX = ("cosine", "sqeuclidean")


class HDBSCANClusterer(Clusterer):
    """Search the minimal size of a cluster on the scale of the data.

    The sizes run from 2 to the number of images over the least number of clusters,
    each larger than the one before by one factor. Equal rows, which ties may part, get the
    label that most of them have.

    Of more than 5,000 rows the spanning tree that all sizes have in common is built once,
    see `span_by_density`, and scikit-learn cuts clusters out of it. Up to there it starts
    anew for each size.

    Parameters
    ----------
    metric : str, default="euclidean"
        One of `METRICS`.
    min_samples : int, optional
        Images, itself included, within the radius at which an image counts as dense.
        Default: see `default_min_samples`.
    n_sizes : int, default=20
        How many sizes are tried; five times as many where one number of clusters
        is asked for.
    n_jobs : int, default=1
        Number of workers for the distances.

    Attributes
    ----------
    labels_ : ndarray of int64, shape (n,)
        Clusters by decreasing size; -1 is noise.

    Examples
    --------
    >>> X = np.array([[0.0], [0.2], [0.1], [0.3], [9.0], [9.1], [9.2], [9.3], [50.0]])
    >>> HDBSCANClusterer().fit_predict(X).tolist()
    [0, 0, 0, 0, 1, 1, 1, 1, -1]
    """

    chooses_k = False

    def __init__(
        self,
        *,
        metric: str = "euclidean",
        min_samples: int | None = None,
        n_sizes: int = 20,
        n_jobs: int = 1,
    ) -> None:
        self.metric = metric
        self.min_samples = min_samples
        self.n_sizes = n_sizes
        self.n_jobs = n_jobs

    def candidates(self, X: np.ndarray, counts: Sequence[int]) -> Candidates:
        n = len(X)
        if n == 1:  # scikit-learn refuses it
            found = Candidates([np.zeros(1, dtype=np.int64)], [2], "min_cluster_size")
            return found.with_counts(counts, "hdbscan")
        n_sizes = self.n_sizes * (5 if len(counts) == 1 else 1)
        largest = max(2, n // max(1, min(counts)))
        sizes = np.unique(np.geomspace(2, largest, n_sizes).round().astype(int))
        graph, options = self._prepare(X)
        labels = [
            HDBSCAN(min_cluster_size=int(size), copy=True, **options).fit(graph).labels_
            for size in progress(sizes, desc="Clustering", unit="size")
        ]
        names, first = distinct_rows(X)
        labels = [_with_equal_rows_together(row, names, first) for row in labels]
        found = Candidates(labels, [int(size) for size in sizes], "min_cluster_size")
        return found.with_counts(counts, "hdbscan")

    def _prepare(self, X: np.ndarray) -> tuple[np.ndarray | csr_matrix, dict[str, Any]]:
        """Return what scikit-learn gets to see, and how it is to read it."""
        n_jobs = n_workers(self.n_jobs)
        min_samples = default_min_samples(len(X), self.min_samples)
        if len(X) > MAX_ROWS_WITHOUT_SHARED_TREE:
            why = f"{len(X):,} images are more than {MAX_ROWS_WITHOUT_SHARED_TREE:,}"
            logger.info("Clustering: one spanning tree for all sizes of HDBSCAN, because %s.", why)
            found = span_by_density(X, metric=self.metric, min_samples=min_samples, n_jobs=n_jobs)
            graph = _as_graph(len(X), found.edges, found.weights)
            return graph, {"metric": "precomputed", "min_samples": 1}
        rows, metric = prepare_rows(X, self.metric)
        if metric in WITHOUT_INDEX:
            rows, metric = pairwise_distances(rows, metric=metric), "precomputed"
        return rows, {"metric": metric, "min_samples": min_samples, "n_jobs": n_jobs}


def _with_equal_rows_together(
    labels: np.ndarray, names: np.ndarray, first: np.ndarray
) -> np.ndarray:
    """Give equal rows, which ties in the density tree may part, the label that most of them have.

    `names` and `first` are as from `distinct_rows`. Of labels that are equally frequent, -1 is
    the last choice.
    """
    if np.array_equal(labels, labels[first][names]):
        return labels
    pairs, n_rows = np.unique(np.column_stack([names, labels]), axis=0, return_counts=True)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 1] < 0, -n_rows, pairs[:, 0]))]
    best = np.unique(pairs[:, 0], return_index=True)[1]
    return np.asarray(pairs[best, 1][names])


def _as_graph(n: int, edges: np.ndarray, weights: np.ndarray) -> csr_matrix:
    """Return a tree of mutual reachability as the distances of scikit-learn's HDBSCAN.

    With ``min_samples=1`` the core distance of a row is the least number in its row of the
    matrix: that on the diagonal, which is smaller than all edges. So the mutual
    reachability is that of the tree, and the one spanning tree of it is the tree itself.
    """
    least = np.min(weights, where=weights > 0, initial=np.inf)
    # Weight 0 would mean "no edge".
    tiny = least * 1e-9 if np.isfinite(least) else 1e-9
    one, other, itself = edges[:, 0], edges[:, 1], np.arange(n)
    raised = np.maximum(weights, tiny)
    values = np.concatenate([raised, raised, np.full(n, tiny)])
    at = np.concatenate([one, other, itself]), np.concatenate([other, one, itself])
    return coo_matrix((values, at), shape=(n, n)).tocsr()

"""HDBSCAN: clusters of any shape and density, over a grid of minimal sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.cluster import HDBSCAN
from sklearn.metrics import pairwise_distances

from clustimage._logging import progress
from clustimage._parallel import n_workers
from clustimage.cluster._base import Candidates, Clusterer
from clustimage.cluster._distances import prepare_rows
from clustimage.cluster._noise import keep_allowed, neighbours_of_a_core

__all__ = ["HDBSCANClusterer"]

# No index of neighbours knows them. HDBSCAN would compute their distances again for every
# size, and old versions of it refuse them.
WITHOUT_INDEX = ("cosine", "sqeuclidean")


class HDBSCANClusterer(Clusterer):
    """Search the minimal size of a cluster on the scale of the data.

    The sizes run from 2 to the number of images over the least number of clusters,
    each larger than the one before by one factor.

    Parameters
    ----------
    metric : str, default="euclidean"
        One of `METRICS`.
    min_samples : int, optional
        Images, itself included, within the radius at which an image counts as lying
        in a dense place. Default: see `neighbours_of_a_core`.
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

    def propose(self, X: np.ndarray, counts: Sequence[int]) -> Candidates:
        n = len(X)
        rows, metric = prepare_rows(X, self.metric)
        if metric in WITHOUT_INDEX:
            rows, metric = pairwise_distances(rows, metric=metric), "precomputed"
        n_sizes = self.n_sizes * (5 if len(counts) == 1 else 1)
        largest = max(2, n // max(1, min(counts)))
        sizes = np.unique(np.geomspace(2, largest, n_sizes).round().astype(int))
        labels = [
            self._run(rows, metric, int(size))
            for size in progress(sizes, desc="Clustering", unit="size")
        ]
        found = Candidates(labels, [int(size) for size in sizes], "min_cluster_size")
        return keep_allowed(found, counts, "hdbscan")

    def _run(self, X: np.ndarray, metric: str, size: int) -> np.ndarray:
        model = HDBSCAN(
            min_cluster_size=size,
            min_samples=neighbours_of_a_core(len(X), self.min_samples),
            metric=metric,
            n_jobs=n_workers(self.n_jobs),
            copy=True,
        )
        return model.fit(X).labels_

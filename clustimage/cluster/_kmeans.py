"""K-means: one run for every k."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from sklearn.cluster import KMeans

from clustimage._errors import InvalidDataError, InvalidParameterError
from clustimage._parallel import run_ordered
from clustimage.cluster._base import Candidates, Clusterer
from clustimage.cluster._distinct import name_distinct_rows

__all__ = ["KMeansClusterer"]


class KMeansClusterer(Clusterer):
    """Run k-means for every number of clusters that is asked for.

    Parameters
    ----------
    n_clusters : int, optional
        Number of clusters that `fit` makes; without it the best of 2 to 24 by
        silhouette.
    n_init : int, default=10
        Runs from different starts, of which the best one is kept.
    metric : {"euclidean"}, default="euclidean"
        K-means knows no other.
    random_state : int, default=0
        Seed of the starts: the same seed gives the same labels.
    n_jobs : int, default=1
        How many numbers of clusters are tried at once.

    Attributes
    ----------
    labels_ : ndarray of int64, shape (n,)
        Clusters by decreasing size.

    Examples
    --------
    >>> X = np.array([[0.0], [0.2], [0.1], [9.0], [9.1]])
    >>> KMeansClusterer(n_clusters=2).fit_predict(X).tolist()
    [0, 0, 0, 1, 1]
    """

    def __init__(
        self,
        *,
        n_clusters: int | None = None,
        n_init: int = 10,
        metric: str = "euclidean",
        random_state: int | None = 0,
        n_jobs: int = 1,
    ) -> None:
        self.n_clusters = n_clusters
        self.n_init = n_init
        self.metric = metric
        self.random_state = random_state
        self.n_jobs = n_jobs

    def check(self) -> None:
        if self.metric != "euclidean":
            raise InvalidParameterError(
                f"cluster='kmeans' works with metric='euclidean' only. Got metric={self.metric!r}. "
                "With another metric use 'agglomerative', 'dbscan' or 'hdbscan'."
            )

    def propose(self, X: np.ndarray, counts: Sequence[int]) -> Candidates:
        from threadpoolctl import threadpool_limits

        names = name_distinct_rows(X, max(counts))
        n_different = len(X) if names is None else int(names.max()) + 1
        possible = [k for k in counts if k <= n_different]
        if not possible:
            raise InvalidDataError(
                f"k-means cannot make {min(counts)} clusters: only {n_different} of the "
                f"{len(X)} images differ from each other. Ask for fewer clusters, or use "
                "cluster='agglomerative'."
            )
        # One thread per run and several runs at once: threads that share one small run
        # wait for each other longer than they work, and their sums depend on their number.
        with threadpool_limits(1):
            runs = run_ordered(
                partial(self._run, X), possible, n_jobs=self.n_jobs, desc="Clustering", unit="k"
            )
            return Candidates(list(runs), possible)

    def _run(self, X: np.ndarray, k: int) -> np.ndarray:
        model = KMeans(n_clusters=k, n_init=self.n_init, random_state=self.random_state)
        from threadpoolctl import threadpool_limits

        # OpenMP keeps the number of its threads for each thread that calls it.
        with threadpool_limits(1, user_api="openmp"):
            return model.fit(X).labels_

"""K-means: one run for every k; of many rows from the best start on a sample."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from clustimage._core.batches import row_blocks
from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._core.ignored_warnings import ignored_warnings
from clustimage._core.logs import get_logger
from clustimage._core.parallel import n_workers, run_ordered
from clustimage._core.parameters import setting
from clustimage._distances.distinct import name_distinct_rows
from clustimage.cluster._candidates import Candidates
from clustimage.cluster._clusterer import Clusterer

__all__ = ["KMeansClusterer"]

logger = get_logger(__name__)

# More rows are clustered as float32, from the best start on a sample.
MAX_ROWS_AS_FLOAT64 = 20_000
N_SAMPLED = 10_000
SAMPLED_PER_CLUSTER = 20
# Runs at the same time: each works on a copy of the rows.
MAX_COPIES = 4


class KMeansClusterer(Clusterer):
    """Run k-means for every number of clusters that is asked for.

    Of more than 20,000 rows, as float32, the starts are tried on a sample of 10,000 rows
    (20 per cluster where that is more), and all rows continue from the best of them until
    they converge.

    Parameters
    ----------
    n_clusters : int, optional
        Number of clusters that `fit` makes; without it the best of 2 to 24 by
        silhouette.
    n_init : int, default=10
        Starts, of which the best one is kept.
    metric : {"euclidean"}, default="euclidean"
        K-means knows no other.
    random_state : int, default=0
        Seed of the starts and of the sample: the same seed gives the same labels.
    n_jobs : int, default=1
        How many numbers of clusters are tried at once; at most 4 where there are many
        rows, since each takes a copy of them.

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
                f"{setting('cluster', 'kmeans')} works with {setting('metric', 'euclidean')} only. "
                f"Got {setting('metric', self.metric)}. With another metric use 'agglomerative', "
                "'dbscan' or 'hdbscan'."
            )

    def candidates(self, X: np.ndarray, counts: Sequence[int]) -> Candidates:
        from threadpoolctl import threadpool_limits

        many = len(X) > MAX_ROWS_AS_FLOAT64
        if many:
            logger.info(
                "Clustering: k-means in float32 from the best of %d starts on a sample of %s images"
                ", because %s images are more than %s.",
                *(self.n_init, f"{N_SAMPLED:,}", f"{len(X):,}", f"{MAX_ROWS_AS_FLOAT64:,}"),
            )
            X = _as_float32(X)
        names = name_distinct_rows(X, max(counts))
        n_different = len(X) if names is None else int(names.max()) + 1
        possible = [k for k in counts if k <= n_different]
        if not possible:
            raise InvalidDataError(
                f"k-means cannot make {min(counts)} clusters: only {n_different} of the {len(X)} "
                "images differ from each other. Ask for fewer clusters, or use "
                f"{setting('cluster', 'agglomerative')}."
            )
        run = partial(self._run_many if many else self._run, X)
        workers = min(n_workers(self.n_jobs), MAX_COPIES) if many else self.n_jobs
        # One thread per run and several runs at once: threads that share one small run
        # wait for each other longer than they work, and their sums depend on their number.
        # Rows may differ by less than distances show: then there are fewer clusters.
        with threadpool_limits(1), ignored_warnings(ConvergenceWarning):
            runs = run_ordered(run, possible, n_jobs=workers, desc="Clustering", unit="k")
            return Candidates(list(runs), possible).with_counts(possible, "kmeans")

    def _run(self, X: np.ndarray, k: int) -> np.ndarray:
        model = KMeans(k, n_init=self.n_init, random_state=self.random_state)
        return np.asarray(self._fit(X, model).labels_)

    def _run_many(self, X: np.ndarray, k: int) -> np.ndarray:
        rng = np.random.default_rng(self.random_state)
        n_sampled = min(len(X), max(N_SAMPLED, SAMPLED_PER_CLUSTER * k))
        sample = X[np.sort(rng.choice(len(X), n_sampled, replace=False))]
        if name_distinct_rows(sample, k - 1) is not None:
            return self._run(X, k)  # too many equal rows for a sample
        tried = self._fit(
            sample, KMeans(k, n_init=self.n_init, random_state=self.random_state)
        ).cluster_centers_
        return np.asarray(self._fit(X, KMeans(k, init=tried, n_init=1)).labels_)

    @staticmethod
    def _fit(X: np.ndarray, model: KMeans) -> KMeans:
        from threadpoolctl import threadpool_limits

        # OpenMP keeps the number of its threads for each thread that calls it.
        with threadpool_limits(1, user_api="openmp"):
            return model.fit(X)


def _as_float32(X: np.ndarray) -> np.ndarray:
    """Return the rows, less their mean where they are not float32 yet: no digits are lost by it."""
    if X.dtype == np.float32:
        return X
    mean = X.mean(axis=0, dtype=np.float64)
    rows = np.empty(X.shape, dtype=np.float32)
    for block in row_blocks(*X.shape):
        rows[block] = X[block] - mean
    return rows

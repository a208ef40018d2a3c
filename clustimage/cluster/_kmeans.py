"""K-means: one run for every k."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.cluster import KMeans

from clustimage._errors import InvalidDataError
from clustimage._logging import progress
from clustimage.cluster._base import Candidates, Clusterer

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
    random_state : int, default=0
        Seed of the starts: the same seed gives the same labels.

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

    metrics = ("euclidean",)

    def __init__(
        self,
        *,
        n_clusters: int | None = None,
        n_init: int = 10,
        metric: str = "euclidean",
        random_state: int | None = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.n_init = n_init
        self.metric = metric
        self.random_state = random_state

    def propose(self, X: np.ndarray, counts: Sequence[int]) -> Candidates:
        n_different = len(np.unique(X, axis=0))
        possible = [k for k in counts if k <= n_different]
        if not possible:
            raise InvalidDataError(
                f"k-means cannot make {min(counts)} clusters: only {n_different} of the "
                f"{len(X)} images differ from each other. Ask for fewer clusters, or use "
                "cluster='agglomerative'."
            )
        labels = [self._run(X, k) for k in progress(possible, desc="Clustering", unit="k")]
        return Candidates(labels, possible)

    def _run(self, X: np.ndarray, k: int) -> np.ndarray:
        model = KMeans(n_clusters=k, n_init=self.n_init, random_state=self.random_state)
        return model.fit(X).labels_

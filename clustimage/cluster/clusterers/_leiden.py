"""Leiden: communities of the graph of nearest neighbours, over a search of the resolution."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from clustimage._core.optional import import_optional
from clustimage._core.parameters import setting
from clustimage.cluster._candidates import Candidates
from clustimage.cluster._clusterer import Clusterer
from clustimage.cluster._labels import count_clusters
from clustimage.cluster.graph._graph_space import GraphSpace, build_graph_space

__all__ = ["LeidenClusterer"]

# Resolutions between which all numbers of communities lie that are asked for in practice.
MIN_RESOLUTION, MAX_RESOLUTION = 0.02, 50.0
N_BISECTIONS = 12


class LeidenClusterer(Clusterer):
    """Find the communities of the graph of nearest neighbours by the Leiden algorithm [1]_.

    They maximise the modularity, with a resolution: the larger it is, the more communities. It is
    searched on a grid, and by bisection where exactly one number is asked for.

    Parameters
    ----------
    metric : str, default="euclidean"
        One of `METRICS`: what neighbours are compared by.
    n_resolutions : int, default=24
        How many resolutions are tried, each larger than the one before by one factor.
    space : GraphSpace, optional
        The graph of the rows, where it is there already.
    random_state : int, default=0
        Seed.
    n_jobs : int, default=1
        Number of workers for the neighbours.

    Attributes
    ----------
    labels_ : ndarray of int64, shape (n,)
        Clusters by decreasing size.

    References
    ----------
    .. [1] V. A. Traag, L. Waltman, N. J. van Eck, "From Louvain to Leiden: guaranteeing
       well-connected communities", Scientific Reports 9, 5233, 2019.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = np.repeat([[0.0], [50.0], [100.0]], 40, axis=0) + rng.normal(size=(120, 3))
    >>> np.bincount(LeidenClusterer().fit_predict(X)).tolist()
    [40, 40, 40]
    """

    chooses_k = False

    def __init__(
        self,
        *,
        metric: str = "euclidean",
        n_resolutions: int = 24,
        space: GraphSpace | None = None,
        random_state: int | None = 0,
        n_jobs: int | None = 1,
    ) -> None:
        self.metric = metric
        self.n_resolutions = n_resolutions
        self.space = space
        self.random_state = random_state
        self.n_jobs = n_jobs

    def candidates(self, X: np.ndarray, counts: Sequence[int]) -> Candidates:
        sknetwork: Any = import_optional(
            "sknetwork.clustering", extra="leiden", needed_by=setting("cluster", "leiden")
        )
        space = self.space
        if space is None:
            space = build_graph_space(
                X, self.metric, random_state=self.random_state, n_jobs=self.n_jobs
            )
        graph, names = space.weights, space.names
        seed = 0 if self.random_state is None else self.random_state

        def communities(resolution: float) -> np.ndarray:
            if not graph.nnz:
                return np.zeros(len(names), dtype=np.int64)
            _seed_of_c(seed)
            found = sknetwork.Leiden(resolution=resolution, random_state=seed).fit_predict(graph)
            labels: np.ndarray = np.asarray(found, dtype=np.int64)[names]
            return labels

        tried = np.geomspace(MIN_RESOLUTION, MAX_RESOLUTION, self.n_resolutions).tolist()
        labels = [communities(resolution) for resolution in tried]
        if len(counts) == 1:
            self._bisect(communities, tried, labels, counts[0])
        return Candidates(labels, tried, "resolution").with_counts(counts, "leiden")

    @staticmethod
    def _bisect(communities: Any, tried: list[float], labels: list[np.ndarray], k: int) -> None:
        """Add labellings between the two resolutions that give fewer and more than `k`."""
        found = [count_clusters(one) for one in labels]
        above = next((i for i, count in enumerate(found) if count >= k), 0)
        if k in found or above == 0:
            return
        low, high = tried[above - 1], tried[above]
        for _ in range(N_BISECTIONS):
            middle = float(np.sqrt(low * high))
            tried.append(middle)
            labels.append(communities(middle))
            count = count_clusters(labels[-1])
            if count == k:
                return
            low, high = (middle, high) if count < k else (low, middle)


def _seed_of_c(seed: int) -> None:
    """Seed the random numbers of C, from which scikit-network draws whatever its seed is."""
    name = "ucrtbase" if sys.platform == "win32" else None
    ctypes.CDLL(name).srand(ctypes.c_uint(seed % 2**32))

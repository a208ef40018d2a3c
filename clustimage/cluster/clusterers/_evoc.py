"""EVoC: dense groups of a node embedding of the graph of neighbours, over a few minimal sizes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from clustimage._core.errors import InvalidParameterError
from clustimage._core.logs import progress
from clustimage._core.optional import import_optional
from clustimage._core.parameters import named, setting
from clustimage._distances.blocks import prepare_rows
from clustimage._distances.distinct import distinct_rows
from clustimage._distances.metrics import PRODUCT_METRICS
from clustimage.cluster._candidates import Candidates
from clustimage.cluster._clusterer import Clusterer
from clustimage.cluster.evaluators._centres import cluster_centres

__all__ = ["MAX_ROWS_FOR_ALL_SIZES", "EVoCClusterer"]

# Of more rows only the least size is tried, as each size takes as long as the first one.
MAX_ROWS_FOR_ALL_SIZES = 20_000
MIN_SIZE = 5
# EVoC's default; it cannot make a graph of so few rows.
N_NEIGHBOURS = 15
MAX_ROWS_WITHOUT_GROUPS = 5
# It begins with so many principal components.
MIN_COLUMNS = 4


class EVoCClusterer(Clusterer):
    """Embed the graph of nearest neighbours in four columns, and find what is dense there [1]_.

    The minimal size of a cluster is searched, from 5 to half of the images over the least number
    of clusters; each yields layers from fine to coarse, and all of them compete. Of more than
    20,000 images there is one size, 5, since its layers reach far. Where exactly one number is
    asked for, EVoC searches for the size that yields it.

    What EVoC calls noise is assigned to the cluster that most of its neighbours are in.

    EVoC compares rows by their cosine. For Euclidean distances a constant column is put beside
    the centred rows, as long as the rows are on average: of rows of equal length, angles are then
    in the order of the distances.

    Parameters
    ----------
    metric : {"euclidean", "sqeuclidean", "cosine", "correlation"}, default="euclidean"
        What neighbours are compared by.
    n_sizes : int, default=6
        How many minimal sizes are tried, each larger than the one before by one factor.
    random_state : int, default=0
        Seed. One thread is used: with more of them, the labels depend on their number.

    Attributes
    ----------
    labels_ : ndarray of int64, shape (n,)
        Clusters by decreasing size; -1 only where there is no cluster at all.

    References
    ----------
    .. [1] L. McInnes, "EVoC: Embedding Vector Oriented Clustering",
       https://github.com/TutteInstitute/evoc.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = np.repeat([[0.0], [50.0], [100.0]], 40, axis=0) + rng.normal(size=(120, 3))
    >>> np.bincount(EVoCClusterer().fit_predict(X)).tolist()
    [40, 40, 40]
    """

    chooses_k = False
    open_ended = True

    def __init__(
        self, *, metric: str = "euclidean", n_sizes: int = 6, random_state: int | None = 0
    ) -> None:
        self.metric = metric
        self.n_sizes = n_sizes
        self.random_state = random_state

    def check(self) -> None:
        if self.metric not in PRODUCT_METRICS:
            raise InvalidParameterError(
                f"{setting('cluster', 'evoc')} needs {named('metric')} to be one of "
                f"{', '.join(map(repr, PRODUCT_METRICS))}. Got {setting('metric', self.metric)}. "
                "With another metric use 'agglomerative', 'dbscan', 'hdbscan' or 'leiden'."
            )

    def candidates(self, X: np.ndarray, counts: Sequence[int]) -> Candidates:
        numba: Any = import_optional("numba", extra="evoc", needed_by=setting("cluster", "evoc"))
        evoc: Any = import_optional("evoc", extra="evoc", needed_by=setting("cluster", "evoc"))
        names, first = distinct_rows(X)
        rows = _comparable_rows(X[first], self.metric)
        n_threads = numba.get_num_threads()
        numba.set_num_threads(1)
        try:
            labels = [
                labelling
                for asked in self._asked(len(rows), counts)
                for labelling in self._layers(evoc, rows, asked)
            ]
        finally:
            numba.set_num_threads(n_threads)
        sizes = [int(np.bincount(row[row >= 0], minlength=1).min()) for row in labels]
        found = Candidates([row[names] for row in labels], sizes, "min_cluster_size")
        return found.with_counts(counts, "evoc")

    def _asked(self, n: int, counts: Sequence[int]) -> Iterable[dict[str, int]]:
        """Return the arguments of each run of EVoC."""
        if len(counts) == 1:
            return [{"approx_n_clusters": counts[0]}]
        least = MIN_SIZE
        if n <= MAX_ROWS_FOR_ALL_SIZES:
            largest = max(least, n // (2 * max(1, min(counts))))
            sizes = np.unique(np.geomspace(least, largest, self.n_sizes).round().astype(int))
        else:
            sizes = np.array([least])
        runs = [{"base_min_cluster_size": int(size)} for size in sizes]
        return progress(runs, desc="Clustering", unit="size")

    def _layers(self, evoc: Any, rows: np.ndarray, asked: dict[str, int]) -> list[np.ndarray]:
        """Return the labellings of one run, each row in a cluster."""
        if len(rows) <= MAX_ROWS_WITHOUT_GROUPS:
            return [np.zeros(len(rows), dtype=np.int64)]
        seed = 0 if self.random_state is None else self.random_state
        model = evoc.EVoC(
            n_neighbors=min(N_NEIGHBOURS, len(rows) - 1), random_state=seed, **asked
        ).fit(rows)
        return [
            _with_noise_assigned(layer, model.nn_inds_, rows) for layer in model.cluster_layers_
        ]


def _comparable_rows(X: np.ndarray, metric: str) -> np.ndarray:
    """Return float32 rows of which the cosine is in the order of `metric`."""
    if metric.endswith("euclidean"):
        rows = np.empty((len(X), X.shape[1] + 1), dtype=X.dtype)
        np.subtract(X, X.mean(axis=0, dtype=np.float64).astype(X.dtype), out=rows[:, :-1])
        rows[:, -1] = np.sqrt(rows[:, :-1].var(axis=0, dtype=np.float64).sum()) or 1.0
        rows /= np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    else:
        rows = prepare_rows(X, metric)[0]
    missing = max(0, MIN_COLUMNS - rows.shape[1])
    return np.pad(rows, ((0, 0), (0, missing))).astype(np.float32, copy=False)


def _with_noise_assigned(layer: np.ndarray, neighbours: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Give each row without a cluster the one that most of its neighbours are in.

    They count as soon as they have one themselves; rows that no neighbour leads to a cluster
    from get the one with the nearest centre.

    Examples
    --------
    >>> neighbours = np.array([[0, 1], [1, 0], [2, 1], [3, 2]])
    >>> _with_noise_assigned(np.array([0, 0, -1, -1]), neighbours, np.eye(4)).tolist()
    [0, 0, 0, 0]
    """
    inside = layer >= 0
    labels = np.full(len(layer), -1, dtype=np.int64)
    labels[inside] = np.unique(layer[inside], return_inverse=True)[1]
    while True:
        outside = np.flatnonzero(labels < 0)
        near = np.where(neighbours[outside] < 0, -1, labels[neighbours[outside]])
        if (near < 0).all():
            break
        votes = np.stack([(near == column[:, None]).sum(axis=1) for column in near.T], axis=1)
        votes[near < 0] = 0
        labels[outside] = near[np.arange(len(outside)), votes.argmax(axis=1)]
    if inside.any() and len(outside):
        centres, _ = cluster_centres(rows[labels >= 0], labels[labels >= 0])
        labels[outside] = (rows[outside] @ centres.T).argmax(axis=1)
    return labels

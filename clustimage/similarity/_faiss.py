"""An approximate index, by faiss (an extra): most of the nearest rows, without reading all."""

from __future__ import annotations

from typing import Any

import numpy as np

from clustimage._core.batches import row_blocks
from clustimage._core.errors import InvalidParameterError
from clustimage._core.logs import get_logger
from clustimage._core.memory import format_bytes
from clustimage._core.optional import import_optional
from clustimage._core.parameters import named, setting
from clustimage._distances.blocks import prepare_rows
from clustimage._distances.metrics import PRODUCT_METRICS

__all__ = ["ApproximateIndex", "approximate_bytes", "check_approximate_metric"]

logger = get_logger(__name__)

# Rows for each list that k-means is fitted to, and its iterations.
N_ROWS_PER_LIST = 64
N_ITERATIONS = 10

# One in so many lists is searched, at least so many.
LISTS_PER_SEARCHED_LIST = 16
MIN_LISTS_SEARCHED = 32

# Candidates beside the k nearest: distances are measured again, exactly.
N_EXTRA_CANDIDATES = 16


def check_approximate_metric(metric: str) -> None:
    """Raise `InvalidParameterError` if the approximate index cannot do `metric`."""
    if metric not in PRODUCT_METRICS:
        raise InvalidParameterError(
            f"{setting('approximate', True)} needs {named('metric')} to be one of "
            f"{', '.join(map(repr, PRODUCT_METRICS))}. Got {setting('metric', metric)}. Use "
            f"{setting('approximate', False)}, which is exact."
        )


def approximate_bytes(n_rows: int, n_columns: int) -> tuple[int, int]:
    """Return how many bytes the index holds, and how many more it takes while it is built.

    Its lists grow by doubling, so that about a third of what they hold is empty, and up to a
    half while it is built; k-means is fitted to a sample.

    Examples
    --------
    >>> approximate_bytes(1_000_000, 64)
    (396256000, 181676288)
    """
    n_lists = _count_lists(n_rows)
    lists = n_rows * (4 * n_columns + 8)
    sample = min(n_rows, N_ROWS_PER_LIST * n_lists) * 12 * n_columns
    return 3 * lists // 2 + 4 * n_lists * n_columns, lists // 2 + sample + 2**19


class ApproximateIndex:
    """An inverted file of faiss [1]_: rows in lists by their nearest centre.

    A query is compared with the rows of the lists whose centres are nearest to it, one list
    in 16, at least 32. Rows and queries are compared by the length of their difference; for
    cosine and correlation they are scaled to length 1 first.

    Make it with `ApproximateIndex.build`.

    References
    ----------
    .. [1] M. Douze et al. (2024). The Faiss library. arXiv:2401.08281.
    """

    def __init__(self, metric: str, mean: np.ndarray, scale: float, lists: Any) -> None:
        self.metric = metric
        self.mean = mean
        self.scale = scale
        self.lists = lists

    @classmethod
    def build(cls, rows: np.ndarray, metric: str) -> ApproximateIndex:
        """Assign each row to the list of its nearest centre.

        Parameters
        ----------
        rows : ndarray of shape (n, d)
            Finite; they are copied into the lists as float32.
        metric : str
            Any of "euclidean", "sqeuclidean", "cosine" and "correlation".

        Raises
        ------
        InvalidParameterError
            If the metric is another one.
        MissingDependencyError
            If faiss is not installed.
        """
        index = cls.train(rows, metric, _count_lists(len(rows)))
        for block in row_blocks(len(rows), rows.shape[1]):
            index.lists.add(index._prepared(rows[block]))
        index.log()
        return index

    @classmethod
    def train(cls, rows: np.ndarray, metric: str, n_lists: int) -> ApproximateIndex:
        """Find the centres of the lists, which are empty yet.

        Parameters
        ----------
        rows : ndarray of shape (n, d)
            Finite.
        metric : str
            As for `build`.
        n_lists : int
            Number of lists.

        Raises
        ------
        InvalidParameterError, MissingDependencyError
            As `build`.
        """
        check_approximate_metric(metric)
        faiss = import_optional("faiss", extra="index", needed_by=setting("approximate", True))
        some = np.random.default_rng(0).permutation(len(rows))[: N_ROWS_PER_LIST * n_lists]
        sample = rows[np.sort(some)]
        mean = sample.mean(axis=0, dtype=np.float64)
        scale = float(np.abs(sample - mean).max()) or 1.0
        n_columns = rows.shape[1]
        lists = faiss.IndexIVFFlat(faiss.IndexFlatL2(n_columns), n_columns, n_lists)
        lists.cp.seed, lists.cp.niter, lists.cp.min_points_per_centroid = 0, N_ITERATIONS, 1
        lists.nprobe = min(n_lists, max(MIN_LISTS_SEARCHED, n_lists // LISTS_PER_SEARCHED_LIST))
        index = cls(metric, mean, scale, lists)
        lists.train(index._prepared(sample))
        return index

    def add(self, rows: np.ndarray, numbers: np.ndarray) -> None:
        """Put rows into the lists, under numbers that `search` gives back."""
        self.lists.add_with_ids(self._prepared(rows), numbers)

    def log(self) -> None:
        """Say what there is."""
        logger.info(
            "Indexed %s rows in %d lists, of which a query searches %d: %s.",
            f"{self.lists.ntotal:,}",
            self.lists.nlist,
            self.lists.nprobe,
            format_bytes(self.n_bytes),
        )

    @property
    def n_bytes(self) -> int:
        """Bytes that the lists hold."""
        return approximate_bytes(self.lists.ntotal, self.lists.d)[0]

    def search(self, queries: np.ndarray, k: int) -> list[np.ndarray]:
        """Return, for each query, the indices of rows that are likely to be the nearest.

        Parameters
        ----------
        queries : ndarray of shape (m, d)
            Finite.
        k : int
            Number of the nearest that are wanted.

        Returns
        -------
        list of ndarray of int64
            Ascending; a few more than `k`, or fewer where the lists held no more.
        """
        wanted = min(self.lists.ntotal, k + N_EXTRA_CANDIDATES)
        found = self.lists.search(self._prepared(queries), wanted)[1]
        return [np.sort(at[at >= 0]) for at in found]

    def _prepared(self, rows: np.ndarray) -> np.ndarray:
        """Return rows to be compared by the length of their difference, as float32 by faiss."""
        if self.metric.endswith("euclidean"):
            centred: np.ndarray = (rows - self.mean) / self.scale
            return centred
        return prepare_rows(rows.astype(np.float64), self.metric)[0][:, :-1]


def _count_lists(n_rows: int) -> int:
    return max(1, int(np.sqrt(n_rows)))

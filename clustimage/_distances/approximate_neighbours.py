"""Most of the nearest rows of each of many rows, by faiss (an extra): without all distances."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from clustimage._core.logs import get_logger
from clustimage._core.parallel import run_ordered
from clustimage._distances.neighbours import (
    Neighbours,
    nearest_of,
    nearest_rows,
    without_itself,
)

__all__ = ["MAX_ROWS_COMPARED_WITH_ALL", "mostly_nearest_rows"]

logger = get_logger(__name__)

# The distances of more rows to all others take minutes, or hours.
MAX_ROWS_COMPARED_WITH_ALL = 20_000
# Rows of which the centres of the lists are the means, for each list; and iterations.
N_ROWS_PER_LIST = 64
N_ITERATIONS = 10
# One in so many lists is searched, at least so many.
LISTS_PER_SEARCHED_LIST, MIN_LISTS_SEARCHED = 24, 10
MAX_QUERIES_PER_BLOCK = 2048


def mostly_nearest_rows(rows: np.ndarray, k: int, *, seed: int, n_jobs: int | None) -> Neighbours:
    """Return what `nearest_rows` does; of more than 20,000 rows not exactly, with faiss [1]_.

    The rows are put into as many lists as the root of their number, each with its nearest
    centre, and a row is compared with those of the lists around it: one list in 24, at least 10.
    Rows that have too few others there, and all of them where faiss is not installed, are
    compared with all.

    Parameters
    ----------
    rows : ndarray of shape (n, d), float32
        Points.
    k : int
        How many; below `n`.
    seed : int
        Of the centres.
    n_jobs : int or None
        Number of workers; the result does not depend on it.

    Returns
    -------
    indices : ndarray of shape (n, k), int32
    distances : ndarray of shape (n, k), float32

    References
    ----------
    .. [1] M. Douze et al. (2024). The Faiss library. arXiv:2401.08281.

    Examples
    --------
    >>> rows = np.array([[0.0], [1.0], [3.0]], dtype=np.float32)
    >>> mostly_nearest_rows(rows, 1, seed=0, n_jobs=1)[0].tolist()
    [[1], [0], [1]]
    """
    if len(rows) <= MAX_ROWS_COMPARED_WITH_ALL or importlib.util.find_spec("faiss") is None:
        return nearest_rows(rows, k, n_jobs=n_jobs)
    lists = _lists(rows, seed)
    logger.info(
        "Neighbours: each image is compared with those in %d of %d lists, because %s images are "
        "more than %s.",
        *(lists.nprobe, lists.nlist, f"{len(rows):,}", f"{MAX_ROWS_COMPARED_WITH_ALL:,}"),
    )
    indices = np.empty((len(rows), k), dtype=np.int32)
    distances = np.empty((len(rows), k), dtype=np.float32)

    def search(start: int) -> None:
        block = slice(start, start + MAX_QUERIES_PER_BLOCK)
        # OpenMP keeps the number of its threads for each thread that calls it.
        with threadpool_limits(1, user_api="openmp"):
            squared, at = lists.search(rows[block], k + 1)
        found = without_itself(at, np.sqrt(squared), np.arange(start, start + len(at)))
        indices[block], distances[block] = found

    with threadpool_limits(1, user_api="blas"):
        starts = range(0, len(rows), MAX_QUERIES_PER_BLOCK)
        for _ in run_ordered(search, starts, n_jobs=n_jobs, desc="Neighbours", unit="block"):
            pass
    few = np.flatnonzero((indices < 0).any(axis=1))
    if len(few):
        found = nearest_of(rows[few], rows, k + 1, n_jobs=n_jobs)
        indices[few], distances[few] = without_itself(*found, few)
    return indices, distances


def _lists(rows: np.ndarray, seed: int) -> Any:
    """Return the index of faiss, with the rows in lists by their nearest centre."""
    import faiss

    n, n_columns = rows.shape
    n_lists = int(np.sqrt(n))
    lists = faiss.IndexIVFFlat(faiss.IndexFlatL2(n_columns), n_columns, n_lists, faiss.METRIC_L2)
    lists.cp.seed, lists.cp.niter, lists.cp.min_points_per_centroid = seed % 2**31, N_ITERATIONS, 1
    lists.nprobe = max(MIN_LISTS_SEARCHED, n_lists // LISTS_PER_SEARCHED_LIST)
    some = np.random.default_rng(seed).permutation(n)[: N_ROWS_PER_LIST * n_lists]
    with threadpool_limits(1):  # no sum depends on the number of threads
        lists.train(rows[np.sort(some)])
        lists.add(rows)
    return lists

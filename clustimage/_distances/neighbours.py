"""The nearest rows of each row in float32, by scikit-learn: what a map by t-SNE is built from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from clustimage._core.parallel import run_ordered

__all__ = ["Neighbours", "nearest_of", "nearest_rows", "without_itself"]

# Queries that are searched for at once: scikit-learn needs little memory beside the answer.
MAX_QUERIES_PER_BLOCK = 2048

Neighbours = tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]


def nearest_rows(rows: np.ndarray, k: int, *, n_jobs: int | None) -> Neighbours:
    """Return the indices of the `k` nearest other rows of each row, and their distances.

    Parameters
    ----------
    rows : ndarray of shape (n, d), float32
        Points.
    k : int
        How many; below `n`.
    n_jobs : int or None
        Number of workers; the result does not depend on it.

    Returns
    -------
    indices : ndarray of shape (n, k), int32
        The nearest first.
    distances : ndarray of shape (n, k), float32
        Euclidean, from products of matrices.

    Examples
    --------
    >>> nearest_rows(np.array([[0.0], [1.0], [3.0]], dtype=np.float32), 1, n_jobs=1)[0].tolist()
    [[1], [0], [1]]
    """
    found = nearest_of(rows, rows, k + 1, n_jobs=n_jobs, desc="Neighbours")
    return without_itself(*found, np.arange(len(rows)))


def without_itself(indices: np.ndarray, distances: np.ndarray, queries: np.ndarray) -> Neighbours:
    """Return what was found for each query, without the query: one column less.

    Among many equal rows, the query itself may not be one of the nearest. The last is left out
    then.

    Examples
    --------
    >>> found = np.array([[0, 1], [0, 2]]), np.array([[0.0, 3.0], [0.0, 0.0]])
    >>> [one.tolist() for one in without_itself(*found, np.array([0, 1]))]
    [[[1], [0]], [[3.0], [0.0]]]
    """
    others = indices != queries[:, None]
    others[others.all(axis=1), -1] = False
    k = indices.shape[1] - 1
    return indices[others].reshape(-1, k), distances[others].reshape(-1, k)


def nearest_of(
    queries: np.ndarray,
    rows: np.ndarray,
    k: int,
    *,
    n_jobs: int | None = 1,
    desc: str | None = None,
) -> Neighbours:
    """Return the `k` nearest of `rows` for each query, as `nearest_rows` does.

    scikit-learn's search with several threads takes one of several equal rows by the
    number of threads. So each block is searched in one thread, and blocks in parallel.

    Examples
    --------
    >>> rows = np.array([[0.0], [1.0], [3.0]], dtype=np.float32)
    >>> nearest_of(rows[2:] + 1, rows, 2)
    (array([[2, 1]], dtype=int32), array([[1., 3.]], dtype=float32))
    """
    index = NearestNeighbors(algorithm="brute").fit(rows)
    indices = np.empty((len(queries), k), dtype=np.int32)
    distances = np.empty((len(queries), k), dtype=np.float32)

    def search(start: int) -> None:
        block = slice(start, start + MAX_QUERIES_PER_BLOCK)
        with threadpool_limits(1, user_api="openmp"):
            distances[block], indices[block] = index.kneighbors(queries[block], n_neighbors=k)

    with threadpool_limits(1, user_api="blas"):
        starts = range(0, len(queries), MAX_QUERIES_PER_BLOCK)
        for _ in run_ordered(search, starts, n_jobs=n_jobs, desc=desc, unit="block"):
            pass
    return indices, distances

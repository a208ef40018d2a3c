"""The nearest rows of each row: exact, in blocks, the same whatever the number of workers."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

from clustimage._core.parallel import run_ordered

__all__ = ["nearest_of", "nearest_rows"]

# Rows that are searched for at a time: scikit-learn needs little beside the answer.
BLOCK = 2048


def nearest_rows(rows: np.ndarray, k: int, *, n_jobs: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the `k` nearest other rows of each row.

    Parameters
    ----------
    rows : ndarray of shape (n, d), float32
        Points.
    k : int
        How many; below `n`.
    n_jobs : int or None
        Number of workers.

    Returns
    -------
    indices : ndarray of shape (n, k), int32
        The nearest first.
    distances : ndarray of shape (n, k), float32
        Euclidean.

    Examples
    --------
    >>> import numpy as np
    >>> nearest_rows(np.array([[0.0], [1.0], [3.0]], dtype=np.float32), 1, n_jobs=1)[0].tolist()
    [[1], [0], [1]]
    """
    indices, distances = _search(rows, rows, k + 1, n_jobs=n_jobs, desc="Neighbours")
    others = indices != np.arange(len(rows))[:, None]
    # Among many equal rows, the row itself may not be one of the nearest.
    others[others.all(axis=1), -1] = False
    return indices[others].reshape(-1, k), distances[others].reshape(-1, k)


def nearest_of(queries: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the `k` nearest of `rows` for each query, as `nearest_rows` does.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([[0.0], [1.0], [3.0]], dtype=np.float32)
    >>> nearest_of(rows[2:] + 1, rows, 2)
    (array([[2, 1]], dtype=int32), array([[1., 3.]], dtype=float32))
    """
    return _search(queries, rows, k, n_jobs=1, desc=None)


def _search(
    queries: np.ndarray, rows: np.ndarray, k: int, *, n_jobs: int | None, desc: str | None
) -> tuple[np.ndarray, np.ndarray]:
    """Search block by block.

    scikit-learn's search with several threads takes one of several equal rows by the
    number of threads. So each block is searched in one thread, and blocks side by side.
    """
    from threadpoolctl import threadpool_limits

    index = NearestNeighbors(algorithm="brute").fit(rows)
    indices = np.empty((len(queries), k), dtype=np.int32)
    distances = np.empty((len(queries), k), dtype=np.float32)

    def search(start: int) -> None:
        with threadpool_limits(limits=1, user_api="openmp"):
            found = index.kneighbors(queries[start : start + BLOCK], n_neighbors=k)
        distances[start : start + BLOCK], indices[start : start + BLOCK] = found

    with threadpool_limits(limits=1, user_api="blas"):
        starts = range(0, len(queries), BLOCK)
        for _ in run_ordered(search, starts, n_jobs=n_jobs, desc=desc, unit="block"):
            pass
    return indices, distances

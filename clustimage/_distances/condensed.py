"""The distances of all pairs of rows as one vector, which a tree is built from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist, pdist
from threadpoolctl import threadpool_limits

from clustimage._core.batches import row_blocks
from clustimage._core.parallel import n_workers, run_ordered
from clustimage._distances.blocks import (
    check_distances,
    left_factor,
    prepare_rows,
    right_factor,
)
from clustimage._distances.metrics import PRODUCT_METRICS

__all__ = ["condensed_distances", "needs_of_pairs"]

# Differences that scipy sums one by one, in about two seconds; of more, products of matrices
# are many times faster.
MAX_DIFFERENCES = 2**32
# Rows of one block: so many, and no more bytes of float64 than that.
MAX_ROWS_PER_BLOCK, MAX_BYTES_PER_BLOCK = 1024, 2**25
# Rows that a typical one is chosen from.
N_SAMPLED = 64
# Pairs whose squared distance is a smaller share of their squared lengths are measured again.
MIN_SHARE_OF_LENGTHS = 1e-4

Floats = npt.NDArray[np.float64]


def condensed_distances(X: np.ndarray, metric: str, *, n_jobs: int | None = 1) -> Floats:
    """Return the distances of all pairs of rows, as `scipy.spatial.distance.pdist` orders them.

    They are those of scipy, or equal them to about 1e-10: where there are many wide rows,
    Euclidean distances and directions come from products of matrices, by ``|x - y|^2 =
    |x|^2 + |y|^2 - 2 x.y``. What is lost there between near rows, where a small difference
    of large numbers is left, is measured again, row less row: equal rows are at distance 0.

    Parameters
    ----------
    X : ndarray of float32 or float64, shape (n, d)
        Features. Where there are many wide ones, no copy as a whole is made.
    metric : str
        One of `METRICS`.
    n_jobs : int, default=1
        Number of threads; the result does not depend on it.

    Returns
    -------
    ndarray of float64, shape (n (n - 1) / 2,)

    Raises
    ------
    InvalidDataError
        If the metric gives no distance between some of the rows.

    Examples
    --------
    >>> condensed_distances(np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 8.0]]), "euclidean").tolist()
    [5.0, 8.0, 5.0]
    """
    if _by_products(len(X), X.shape[1], metric):
        return check_distances(_from_products(X, metric, n_jobs), metric)
    rows, name = prepare_rows(np.asarray(X, dtype=np.float64), metric)
    return check_distances(pdist(rows, name), metric)


def needs_of_pairs(n: int, d: int, metric: str = "euclidean", *, n_jobs: int | None = 1) -> int:
    """Return the bytes that `condensed_distances` takes beside its result, and a float64 copy.

    Examples
    --------
    >>> needs_of_pairs(10_000, 2_048), needs_of_pairs(10_000, 50)
    (85032960, 0)
    """
    if not _by_products(n, d, metric):
        return 0
    rows = min(n, _rows_at_once(d))
    # Both factors, what one of them is made from, and near rows; and the products.
    return n_workers(n_jobs) * (32 * rows * (d + 3) + 17 * rows * rows)


def _by_products(n: int, d: int, metric: str) -> bool:
    return metric in PRODUCT_METRICS and n * (n - 1) // 2 * d > MAX_DIFFERENCES


def _rows_at_once(d: int) -> int:
    return max(1, min(MAX_ROWS_PER_BLOCK, MAX_BYTES_PER_BLOCK // (8 * d)))


def _from_products(X: np.ndarray, metric: str, n_jobs: int | None) -> Floats:
    n, d = X.shape
    blocks = row_blocks(n, 1, 8 * _rows_at_once(d))
    tiles = [(some, others) for i, some in enumerate(blocks) for others in blocks[i:]]
    origin = _typical_row(X, metric)
    condensed = np.empty(n * (n - 1) // 2)

    def fill(tile: tuple[slice, slice]) -> None:
        some, others = tile
        distances = _squares(X, metric, origin, some, others)
        if metric == "euclidean":
            np.sqrt(distances, out=distances)
        elif metric != "sqeuclidean":
            distances /= 2  # of rows of length 1: their cosine distance
        for far, i in zip(distances, range(n)[some], strict=True):
            first = max(others.start, i + 1)
            at = i * n - i * (i + 1) // 2 + first - i - 1
            condensed[at : at + others.stop - first] = far[first - others.start :]

    # One thread per product, so that its sums do not depend on the number of threads.
    with threadpool_limits(1, user_api="blas"):
        for _ in run_ordered(fill, tiles, n_jobs=n_jobs, desc="Measuring distances", unit="block"):
            pass
    return condensed


def _rows(X: np.ndarray, metric: str, which: slice | np.ndarray) -> Floats:
    return prepare_rows(np.asarray(X[which], dtype=np.float64), metric)[0]


def _typical_row(X: np.ndarray, metric: str) -> Floats:
    """Return a row in the middle of the others.

    Not their mean: differences of whole numbers (pixels, bits of hashes) stay whole, and
    distances that are equal stay equal.
    """
    some = _rows(X, metric, slice(None, None, -(-len(X) // N_SAMPLED)))
    away = some - some.mean(axis=0)
    row: Floats = some[np.einsum("ij,ij->i", away, away).argmin()]
    return row


def _squares(X: np.ndarray, metric: str, origin: Floats, some: slice, others: slice) -> Floats:
    """Return the squared distances of two blocks of rows; at least those of each later row."""
    left = left_factor(_rows(X, metric, some), origin)
    right = right_factor(_rows(X, metric, others), origin)
    squares: Floats = left @ right.T
    np.maximum(squares, 0, out=squares)
    near = squares < MIN_SHARE_OF_LENGTHS * (left[:, -2:-1] + right[:, -1].max())
    if not near.any():
        return squares
    near &= squares < MIN_SHARE_OF_LENGTHS * np.add.outer(left[:, -2], right[:, -1])
    del left, right
    if some == others:
        near = np.triu(near, 1)
    for i in np.flatnonzero(near.any(axis=1)):
        which = np.flatnonzero(near[i])
        row = _rows(X, metric, np.array([some.start + i]))
        squares[i, which] = cdist(row, _rows(X, metric, others.start + which), "sqeuclidean")[0]
    return squares

"""The images most like each image, for all at once."""

from __future__ import annotations

import numpy as np

from clustimage._core.batches import row_blocks
from clustimage._core.logs import get_logger, progress
from clustimage._distances.blocks import prepare_rows
from clustimage._distances.metrics import PRODUCT_METRICS
from clustimage._distances.nearest import k_smallest
from clustimage._distances.neighbours import nearest_rows
from clustimage._distances.pairs import distances

__all__ = ["nearest_images"]

logger = get_logger(__name__)

# Without a product of matrices, so many values are compared at most: about a minute.
MAX_VALUES_COMPARED = 5e10


def nearest_images(
    rows: np.ndarray, k: int, metric: str = "euclidean", *, n_jobs: int | None = -1
) -> np.ndarray | None:
    """Return the `k` nearest other rows of each row, the nearest first.

    Parameters
    ----------
    rows : ndarray of shape (n, d), float
        Features.
    k : int
        How many; all others where there are no more.
    metric : str, default="euclidean"
        One of `METRICS`.
    n_jobs : int, default=-1
        Number of workers; the result does not depend on it.

    Returns
    -------
    ndarray of shape (n, min(k, n - 1)), int
        None where there is no other row, or where a metric that is no product of matrices would
        take too long for so many.

    Examples
    --------
    >>> nearest_images(np.array([[0.0], [1.0], [3.0]]), 2).tolist()
    [[1, 2], [0, 2], [1, 0]]
    """
    n = len(rows)
    k = min(k, n - 1)
    if k < 1:
        return None
    if metric == "hamming" and np.isin(rows, (0, 1)).all():
        metric = "euclidean"  # of bits, the same order
    if metric in PRODUCT_METRICS:
        prepared = rows
        if not metric.endswith("euclidean"):
            prepared = prepare_rows(np.asarray(rows, dtype=np.float64), metric)[0]
        return nearest_rows(np.asarray(prepared, np.float32), k, n_jobs=n_jobs)[0]
    if n * n * rows.shape[1] > MAX_VALUES_COMPARED:
        logger.info("The nearest images of each of %s are left out: %s takes long.", n, metric)
        return None
    found = np.empty((n, k), dtype=np.int64)
    blocks = row_blocks(n, n)
    for block in progress(blocks, desc="Neighbours", total=len(blocks), unit="block"):
        apart = distances(rows[block], rows, metric)
        for i, row in enumerate(apart, start=block.start):
            row[i] = np.inf
            some = k_smallest(row, k)
            found[i] = some[np.argsort(row[some], kind="stable")]
    return found

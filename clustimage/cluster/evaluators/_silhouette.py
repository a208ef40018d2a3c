"""Silhouette: how much nearer an image is to its own cluster than to the next one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from clustimage._core.batches import row_blocks
from clustimage._core.logs import get_logger
from clustimage._core.parallel import run_ordered
from clustimage._distances.blocks import block_distances
from clustimage.cluster._candidates import Candidates
from clustimage.cluster._evaluator import Evaluator
from clustimage.cluster.evaluators._stratified_sample import (
    choose_strata,
    draw_sample,
    stratified_mean,
)
from clustimage.cluster.tree._combined_distance import CombinedDistance

__all__ = ["Silhouette", "mean_silhouettes", "row_silhouettes", "silhouette_samples"]

logger = get_logger(__name__)

# Of more images a sample is scored: all distances take minutes.
MAX_ROWS_SCORED_EXACTLY = 20_000
# Silhouettes vary by about 0.2 within a cluster: the standard error is about 0.003.
N_SAMPLED = 4000
# Rows whose distances to all others are summed up at once.
MAX_ROWS_AT_ONCE = 512
# Bytes of one block of distances, and of the sums over cells or clusters.
BLOCK_BYTES = 4 * 2**20
# Bytes of the copies of rows whose distances to others are measured.
COPIED_BYTES = 8 * 2**20
SUMS_BYTES = 64 * 2**20
# Cells of the common refinement beyond which the clusters themselves are summed over.
MAX_CELLS = 10_000


class Silhouette(Evaluator):
    """Mean silhouette over all images, in the metric of the clustering; higher is better.

    Images without a cluster count as 0, as images alone in a cluster do: neither
    well nor badly placed. So leaving images out never pays by itself.

    Of more than 20,000 images it is estimated from a sample, see `mean_silhouettes`.

    Attributes
    ----------
    errors_ : ndarray of float64, shape (m,), or None
        Standard errors of the scores of the last call; None where they are exact.
    """

    errors_: np.ndarray | None = None

    def score(
        self,
        X: np.ndarray,
        candidates: Candidates,
        *,
        metric: str = "euclidean",
        n_jobs: int = 1,
        random_state: int | None = 0,
    ) -> np.ndarray:
        exact = len(X) <= MAX_ROWS_SCORED_EXACTLY or candidates.combined is not None
        if not exact:
            why = f"{len(X):,} images are more than {MAX_ROWS_SCORED_EXACTLY:,}"
            logger.info(
                "Scoring: silhouettes of a sample of %s images, because %s.", f"{N_SAMPLED:,}", why
            )
        scores, errors = mean_silhouettes(
            X,
            candidates.labels,
            metric=metric,
            combined=candidates.combined,
            n_sampled=None if exact else N_SAMPLED,
            n_jobs=n_jobs,
            random_state=random_state,
        )
        self.errors_ = None if exact else errors
        return scores


def mean_silhouettes(
    X: np.ndarray,
    labellings: Sequence[np.ndarray],
    *,
    metric: str = "euclidean",
    combined: CombinedDistance | None = None,
    n_sampled: int | None = None,
    n_jobs: int = 1,
    random_state: int | None = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean silhouette of every labelling, with one pass over the distances.

    With `a` the mean distance of an image to the others of its cluster and `b` the
    least of its mean distances to another cluster, its silhouette is
    ``(b - a) / max(a, b)`` [1]_. No n x n matrix is held; distances and sums are float64
    whatever the type of `X`, block by block.

    The silhouette of each sampled image is exact: it comes from its distances to all
    images. All labellings are estimated from the same images, so that the difference of
    two of them has a smaller error than each.

    Parameters
    ----------
    X : ndarray of float32 or float64, shape (n, d)
        Features; not copied as a whole.
    labellings : sequence of ndarray of int, each of shape (n,)
        Names 0 to k - 1; -1 is in no cluster and counts as silhouette 0.
    metric : str, default="euclidean"
        One of `METRICS`.
    combined : CombinedDistance, optional
        Combines the distances with those of time and location.
    n_sampled : int, optional
        About how many images are sampled: a few more where clusters are very small. By
        default all are: the values are exact and their errors 0.
    n_jobs : int, default=1
        Number of threads; the result does not depend on it.
    random_state : int, default=0
        Seed of the sample.

    Returns
    -------
    scores, errors : ndarray of float64, shape (m,)
        The means, from -1 to 1, and their standard errors, see `stratified_mean`; NaN for a
        labelling with fewer than 2 clusters, or with as many as it has images in clusters.

    References
    ----------
    .. [1] P. J. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and
       validation of cluster analysis", J. Comput. Appl. Math. 20, 53-65, 1987.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> labellings = [np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])]
    >>> mean_silhouettes(X, labellings)[0].round(3).tolist()
    [0.9, -0.45]
    >>> rng = np.random.default_rng(0)
    >>> labels = np.arange(3000) % 3
    >>> X = rng.normal(size=(3000, 2)) + 6 * labels[:, None]
    >>> scores, errors = mean_silhouettes(X, [labels], n_sampled=300)
    >>> scores.round(2).tolist(), errors.round(3).tolist()
    ([0.79], [0.003])
    """
    sizes = [np.bincount(labels[labels >= 0]) for labels in labellings]
    kept = [j for j, size in enumerate(sizes) if 1 < len(size) < size.sum()]
    scores, errors = (np.full(len(labellings), np.nan) for _ in range(2))
    if not kept:
        return scores, errors
    sums = _DistanceSums(X, [labellings[j] for j in kept], metric, combined)
    strata, sample = np.zeros(len(X), dtype=np.int64), np.arange(len(X))
    if n_sampled is not None:
        strata = choose_strata(sums.labellings, sums.cells, n_sampled // 8)
        sample = draw_sample(strata, n_sampled, random_state)
    values = sums.silhouettes(sample, n_jobs)
    scores[kept], errors[kept] = stratified_mean(values, strata[sample], np.bincount(strata))
    return scores, errors


def silhouette_samples(X: np.ndarray, labels: np.ndarray, *, metric: str) -> np.ndarray:
    """Return the silhouette `(n,)` of every row; the labels are as in `mean_silhouettes`."""
    (values,) = _DistanceSums(X, [labels], metric).silhouettes(np.arange(len(X)), n_jobs=1)
    return np.asarray(values)


def row_silhouettes(
    sums: np.ndarray, labels: np.ndarray, sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows have a silhouette that is not 0 by definition, and these.

    Parameters
    ----------
    sums : ndarray of float64, shape (b, k)
        Sums of the distances of each row to the members of each cluster.
    labels : ndarray of int, shape (b,)
        Clusters of the rows; -1 for none.
    sizes : ndarray of int, shape (k,)
        Members of each cluster.

    Returns
    -------
    positions : ndarray of int
        Rows in a cluster with others, not all of them and all clusters at one point.
    values : ndarray of float64
        Their silhouettes, from -1 to 1.

    Examples
    --------
    >>> sums = np.array([[1.0, 21.0], [1.0, 19.0], [5.0, 5.0]])
    >>> found = row_silhouettes(sums, np.array([0, 0, -1]), np.array([2, 2]))
    >>> found[0].tolist(), found[1].round(3).tolist()
    ([0, 1], [0.905, 0.895])
    """
    inside = np.flatnonzero(labels >= 0)
    own = labels[inside]
    sums = sums[inside]
    at = np.arange(len(own))
    within = sums[at, own] / np.maximum(sizes[own] - 1, 1)
    means = sums / sizes
    means[at, own] = np.inf
    nearest = means.min(axis=1)
    larger = np.maximum(within, nearest)
    valid = (sizes[own] > 1) & (larger > 0)
    return inside[valid], (nearest - within)[valid] / larger[valid]


def _common_cells(labellings: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the cell of each row in the common refinement, and the first row of each cell."""
    cell = np.zeros_like(labellings[0])
    for labels in labellings:
        cell = np.unique(cell * (int(labels.max()) + 2) + labels, return_inverse=True)[1]
    return cell, np.unique(cell, return_index=True)[1]


class _DistanceSums:
    """Sums of the distances of some rows to the members of every cluster of every labelling.

    They are summed over the cells into which all labellings together cut the rows, where
    these are few (cuts of one tree), else over all clusters.
    """

    def __init__(
        self,
        X: np.ndarray,
        labellings: Sequence[np.ndarray],
        metric: str,
        combined: CombinedDistance | None = None,
    ) -> None:
        self.labellings = labellings
        self.cells, first = _common_cells(labellings)
        # A column for -1 comes first in each labelling.
        self.counts = [int(labels.max()) + 2 for labels in labellings]
        self.ends = np.cumsum([0, *self.counts])
        self.n_rows = len(X)
        self.n_columns, self.cell_labels = int(self.ends[-1]), None
        if len(first) <= max(MAX_CELLS, self.n_columns):
            self.n_columns = len(first)
            self.cell_labels = [labels[first] + 1 for labels in labellings]
        self.between = block_distances(X, metric) if combined is None else combined.pairs(X, metric)
        self.max_copied = max(1, COPIED_BYTES // (8 * X.shape[1]))
        self.n_at_once = max(
            1, min(MAX_ROWS_AT_ONCE, SUMS_BYTES // (8 * self.n_columns), self.max_copied)
        )

    def silhouettes(self, rows: np.ndarray, n_jobs: int) -> np.ndarray:
        """Return the silhouettes (m, s) of s rows, by increasing position, in m labellings."""
        sizes = [np.bincount(labels[labels >= 0]) for labels in self.labellings]
        values = np.zeros((len(self.labellings), len(rows)))
        batches = row_blocks(len(rows), 1, 8 * self.n_at_once)

        def measure(batch: slice) -> None:
            some = rows[batch]
            read = self._sum(some)
            for j, labels in enumerate(self.labellings):
                positions, known = row_silhouettes(read(j), labels[some], sizes[j])
                values[j, batch.start + positions] = known

        # One thread per product, so that its sums do not depend on the number of threads.
        with threadpool_limits(1, user_api="blas"):
            for _ in run_ordered(
                measure, batches, n_jobs=n_jobs, desc="Evaluating clusters", unit="block"
            ):
                pass
        return values

    def _sum(self, some: np.ndarray) -> Callable[[int], np.ndarray]:
        """Return a function from the position of a labelling to the sums, (len(some), k)."""
        sums = np.zeros((self.n_columns, len(some)))
        n_rows = min(self.max_copied, max(1, BLOCK_BYTES // (8 * len(some))))
        for block in row_blocks(self.n_rows, 1, 8 * n_rows):
            distances = self.between(block, some)
            low, high = np.searchsorted(some, [block.start, block.stop])
            distances[some[low:high] - block.start, np.arange(low, high)] = 0
            columns, members = self._members(block)
            sums[columns] += members.T @ distances
        return lambda j: self._read(sums, j)

    def _members(self, block: slice) -> tuple[np.ndarray, csr_matrix]:
        """Return the columns that rows of `block` belong to, and which row to which, as ones."""
        if self.cell_labels is not None:
            names = self.cells[block, None]
        else:
            names = np.stack([labels[block] for labels in self.labellings], axis=1) + 1
            names += self.ends[:-1]
        b, m = names.shape
        columns, where = np.unique(names, return_inverse=True)
        starts = np.arange(0, b * m + 1, m)
        ones = np.ones(b * m)
        return columns, csr_matrix((ones, where.reshape(-1), starts), shape=(b, len(columns)))

    def _read(self, sums: np.ndarray, j: int) -> np.ndarray:
        if self.cell_labels is None:
            return np.transpose(sums[self.ends[j] + 1 : self.ends[j + 1]])
        names = self.cell_labels[j]
        shape = (len(names), self.counts[j])
        cells = csr_matrix((np.ones(len(names)), names, np.arange(len(names) + 1)), shape=shape)
        return np.transpose(np.asarray(cells.T @ sums)[1:])

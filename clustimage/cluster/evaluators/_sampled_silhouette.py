"""Mean silhouettes of many images, estimated from a stratified sample of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from clustimage._core.batches import row_blocks
from clustimage._core.parallel import run_ordered
from clustimage._distances.blocks import pair_distances
from clustimage.cluster.evaluators._silhouette_rows import row_silhouettes

__all__ = ["N_SAMPLED", "draw_sample", "sampled_silhouettes", "stratified_mean"]

# Silhouettes spread by about 0.2 within a cluster: the standard error is about 0.003.
N_SAMPLED = 4000
# Sampled rows whose distances are summed up at once.
MOST_AT_ONCE = 512
# Bytes of one block of distances, and of the sums over cells or clusters.
BLOCK_BYTES = 4 * 2**20
SUMS_BYTES = 64 * 2**20
# Cells of the common refinement beyond which the clusters themselves are summed over.
MOST_CELLS = 10_000


def sampled_silhouettes(
    X: np.ndarray,
    labellings: Sequence[np.ndarray],
    *,
    metric: str = "euclidean",
    n_sampled: int = N_SAMPLED,
    n_jobs: int = 1,
    random_state: int | None = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean silhouette of every labelling from a sample, and its standard error.

    The silhouette of each sampled image is exact: it comes from its distances to all
    images, computed once for all labellings. All labellings are estimated from the same
    images, so that the difference of two of them has a smaller error than each. Distances
    and sums are float64 whatever the type of `X`, block by block.

    Parameters
    ----------
    X : ndarray of float32 or float64, shape (n, d)
        Features; not copied as a whole.
    labellings : sequence of ndarray of int, each of shape (n,)
        Names 0 to k - 1; -1 is in no cluster and counts as silhouette 0.
    metric : str, default="euclidean"
        One of `METRICS`.
    n_sampled : int, default=4000
        About how many images are sampled: a few more where clusters are very small. With
        `n` or more, the values are exact and their errors 0.
    n_jobs : int, default=1
        Number of threads; the result does not depend on it.
    random_state : int, default=0
        Seed of the sample.

    Returns
    -------
    scores, errors : ndarray of float64, shape (m,)
        As `mean_silhouettes`: NaN where there are fewer than 2 clusters, or as many as
        images in clusters. See `stratified_mean` for the errors.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels = np.arange(3000) % 3
    >>> X = rng.normal(size=(3000, 2)) + 6 * labels[:, None]
    >>> scores, errors = sampled_silhouettes(X, [labels], n_sampled=300)
    >>> scores.round(2).tolist(), errors.round(3).tolist()
    ([0.79], [0.003])
    """
    sizes = [np.bincount(labels[labels >= 0]) for labels in labellings]
    kept = [j for j, size in enumerate(sizes) if 1 < len(size) < size.sum()]
    scores, errors = (np.full(len(labellings), np.nan) for _ in range(2))
    if not kept:
        return scores, errors
    chosen, counts = [labellings[j] for j in kept], [sizes[j] for j in kept]
    cells, first = _common_cells(chosen)
    strata = _choose_strata(chosen, cells, n_sampled // 8)
    sample = draw_sample(strata, n_sampled, random_state)
    sums_of = _Sums(X, metric, chosen, cells, first)
    values = np.zeros((len(kept), len(sample)))
    chunks = row_blocks(len(sample), 1, 8 * sums_of.n_at_once)

    def measure(chunk: slice) -> list[tuple[np.ndarray, np.ndarray]]:
        some = sample[chunk]
        read = sums_of(some)
        return [
            row_silhouettes(read(j), labels[some], counts[j]) for j, labels in enumerate(chosen)
        ]

    # One thread per product, so that its sums do not depend on the number of threads.
    with threadpool_limits(1, user_api="blas"):
        found = run_ordered(
            measure, chunks, n_jobs=n_jobs, desc="Evaluating clusters", unit="block"
        )
        for chunk, parts in zip(chunks, found, strict=True):
            for j, (positions, known) in enumerate(parts):
                values[j, chunk.start + positions] = known
    scores[kept], errors[kept] = stratified_mean(values, strata[sample], np.bincount(strata))
    return scores, errors


def draw_sample(
    strata: np.ndarray, n_sampled: int, random_state: int | np.random.Generator | None = 0
) -> np.ndarray:
    """Return the positions of a stratified sample without replacement, in order.

    Parameters
    ----------
    strata : ndarray of int, shape (n,)
        Names 0, 1, ..., each with a member.
    n_sampled : int
        How many are drawn in all: from each stratum its share, rounded, but at least two,
        or all of it.
    random_state : int, Generator or None, default=0
        Seed.

    Examples
    --------
    >>> strata = np.repeat([0, 1, 2], [90, 9, 1])
    >>> np.bincount(strata[draw_sample(strata, 20)]).tolist()
    [18, 2, 1]
    """
    rng = np.random.default_rng(random_state)
    sizes = np.bincount(strata)
    share = np.rint(sizes * (min(n_sampled, len(strata)) / len(strata))).astype(np.int64)
    taken = np.minimum(sizes, np.maximum(share, 2))
    order = np.lexsort((rng.random(len(strata)), strata))
    rank = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.sort(order[rank < np.repeat(taken, sizes)])


def stratified_mean(
    values: np.ndarray, strata: np.ndarray, sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean over a population from a stratified sample, and its standard error.

    With `N_h` members of stratum h, of which `n_h` were drawn with the mean `y_h` and the
    variance `s_h^2`, and `W_h = N_h / N`, the mean is ``sum(W_h y_h)`` and its variance
    ``sum(W_h^2 (1 - n_h / N_h) s_h^2 / n_h)`` [1]_: nothing comes from a stratum that was
    taken as a whole.

    Parameters
    ----------
    values : ndarray of float64, shape (m, s)
        m quantities of the s sampled members.
    strata : ndarray of int, shape (s,)
        Their strata.
    sizes : ndarray of int, shape (H,)
        Members of each stratum, at least two of which were drawn, or all.

    Returns
    -------
    means, errors : ndarray of float64, shape (m,)

    References
    ----------
    .. [1] W. G. Cochran, "Sampling Techniques", 3rd ed., Wiley, 1977, chapter 5.

    Examples
    --------
    >>> values = np.array([[1.0, 3.0, 8.0]])
    >>> means, errors = stratified_mean(values, np.array([0, 0, 1]), np.array([4, 1]))
    >>> means.tolist(), errors.round(3).tolist()
    ([3.2], [0.566])
    """
    drawn = np.bincount(strata, minlength=len(sizes))
    weights = sizes / sizes.sum()
    member = csr_matrix(
        (np.ones(len(strata)), strata, np.arange(len(strata) + 1)), shape=(len(strata), len(sizes))
    )
    means = (member.T @ values.T) / drawn[:, None]
    squares = member.T @ (values.T - means[strata]) ** 2
    variances = squares / np.maximum(drawn - 1, 1)[:, None]
    of_mean = (weights**2 * (1 - drawn / sizes) / drawn) @ variances
    return weights @ means, np.sqrt(np.maximum(of_mean, 0))


def _common_cells(labellings: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the cell of each row in the common refinement, and the first row of each cell."""
    cell = np.zeros(len(labellings[0]), dtype=np.int64)
    first = np.zeros(1, dtype=np.int64)
    for labels in labellings:
        combined = cell * (int(labels.max()) + 2) + labels + 1
        _, first, cell = np.unique(combined, return_index=True, return_inverse=True)
        cell = cell.reshape(-1)
    return cell, first


def _choose_strata(labellings: Sequence[np.ndarray], cells: np.ndarray, most: int) -> np.ndarray:
    """Return the stratum of each row: its cell, or its cluster in the finest labelling.

    Of more than `most` of them the smallest become one.
    """
    strata = cells
    if cells.max() >= most:
        finest = max(labellings, key=lambda labels: int(labels.max()))
        strata = np.unique(finest, return_inverse=True)[1].reshape(-1)
    sizes = np.bincount(strata)
    if len(sizes) <= most:
        return strata
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return np.minimum(rank, max(most - 1, 0))[strata]


class _Sums:
    """Sums of the distances of some rows to the members of every cluster of every labelling.

    They are summed over the cells into which all labellings together cut the rows, where
    these are few (cuts of one tree), else over all clusters.
    """

    def __init__(
        self,
        X: np.ndarray,
        metric: str,
        labellings: Sequence[np.ndarray],
        cells: np.ndarray,
        first: np.ndarray,
    ) -> None:
        # A column for -1 comes first in each labelling.
        self.counts = [int(labels.max()) + 2 for labels in labellings]
        self.ends = np.cumsum([0, *self.counts])
        self.n_rows = len(X)
        self.cell_labels = None
        self.columns = [cells]
        n_columns = len(first)
        if n_columns > max(MOST_CELLS, self.ends[-1]):
            self.columns = list(labellings)
            n_columns = int(self.ends[-1])
        else:
            self.cell_labels = [labels[first] + 1 for labels in labellings]
        self.n_columns = n_columns
        self.between = pair_distances(X, metric)
        self.n_at_once = max(1, min(MOST_AT_ONCE, SUMS_BYTES // (8 * n_columns)))

    def __call__(self, some: np.ndarray) -> Callable[[int], np.ndarray]:
        """Return a function from the position of a labelling to the sums, (len(some), k)."""
        sums = np.zeros((self.n_columns, len(some)))
        for part in row_blocks(self.n_rows, len(some), BLOCK_BYTES):
            distances = self.between(part, some)
            low, high = np.searchsorted(some, [part.start, part.stop])
            distances[some[low:high] - part.start, np.arange(low, high)] = 0
            columns, members = self._members(part)
            sums[columns] += members.T @ distances
        return lambda j: self._read(sums, j)

    def _members(self, part: slice) -> tuple[np.ndarray, csr_matrix]:
        """Return the columns that rows of `part` belong to, and which row to which, as ones."""
        if self.cell_labels is not None:
            names = self.columns[0][part, None]
        else:
            names = np.stack([labels[part] for labels in self.columns], axis=1) + 1
            names += self.ends[:-1]
        b, m = names.shape
        columns, where = np.unique(names, return_inverse=True)
        starts = np.arange(0, b * m + 1, m)
        ones = np.ones(b * m)
        return columns, csr_matrix((ones, where.reshape(-1), starts), shape=(b, len(columns)))

    def _read(self, sums: np.ndarray, j: int) -> np.ndarray:
        if self.cell_labels is None:
            return sums[self.ends[j] + 1 : self.ends[j + 1]].T
        names = self.cell_labels[j]
        shape = (len(names), self.counts[j])
        cells = csr_matrix((np.ones(len(names)), names, np.arange(len(names) + 1)), shape=shape)
        return np.asarray(cells.T @ sums)[1:].T

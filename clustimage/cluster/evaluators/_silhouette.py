"""Silhouette: how much nearer an image is to its own cluster than to the next one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clustimage._core.logs import get_logger
from clustimage._core.parallel import run_ordered
from clustimage._distances.blocks import KEPT_BYTES, distance_rows
from clustimage._distances.metrics import PRODUCT_METRICS
from clustimage.cluster._candidates import MANY_ROWS, Candidates
from clustimage.cluster._evaluator import Evaluator
from clustimage.cluster.evaluators._sampled_silhouette import N_SAMPLED, sampled_silhouettes
from clustimage.cluster.evaluators._silhouette_rows import row_silhouettes, silhouette_blocks
from clustimage.cluster.tree._combined_distance import CombinedDistance

__all__ = ["Silhouette", "mean_silhouettes", "needs"]

logger = get_logger(__name__)


class Silhouette(Evaluator):
    """Mean silhouette over all images, in the metric of the clustering; higher is better.

    Images without a cluster count as 0, as images alone in a cluster do: neither
    well nor badly placed. So leaving images out never pays by itself.

    Of more than 20,000 images it is estimated from a sample, see `sampled_silhouettes`.

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
        labellings, mix = candidates.labels, candidates.mix
        self.errors_ = None
        if len(X) <= MANY_ROWS or mix is not None:
            return mean_silhouettes(X, labellings, metric=metric, mix=mix, n_jobs=n_jobs)
        words, why, _ = needs(*X.shape)
        logger.info("Scoring: %s, because %s.", words, why)
        scores, self.errors_ = sampled_silhouettes(
            X, labellings, metric=metric, n_jobs=n_jobs, random_state=random_state
        )
        return scores


def needs(
    n: int, d: int, metric: str = "euclidean", *, n_columns: int = 25, n_jobs: int = 1
) -> tuple[str, str, int]:
    """Return what scoring n images by silhouette does, why, and the bytes it takes.

    `n_columns` clusters, of all labellings together, or cells that they cut the images into.

    Examples
    --------
    >>> needs(5_000, 50)[0], needs(60_000, 50)[0]
    ('exact silhouettes', 'silhouettes of a sample of 4,000 images')
    """
    if n <= MANY_ROWS:
        # The labellings once more and what sorts them, the members of each column, and blocks
        # of distances, for Euclidean ones of rows as well.
        blocks = silhouette_blocks(n, d)
        workers = 1 if metric in PRODUCT_METRICS else min(n_jobs, len(blocks))
        width = n + n_columns + d * metric.endswith("euclidean")
        n_bytes = 8 * n * (n_columns + 40) + workers * 8 * blocks[0].stop * width
        if metric in PRODUCT_METRICS:
            n_bytes += 8 * n * (d + 2) if 8 * n * d <= KEPT_BYTES else KEPT_BYTES
        return "exact silhouettes", f"{n:,} images are at most {MANY_ROWS:,}", n_bytes
    return (
        f"silhouettes of a sample of {N_SAMPLED:,} images",
        f"{n:,} images are more than {MANY_ROWS:,}",
        # Labellings, and a few blocks of 16 MiB on each of the cores.
        24 * n + 2**28,
    )


def mean_silhouettes(
    X: np.ndarray,
    labellings: Sequence[np.ndarray],
    *,
    metric: str = "euclidean",
    mix: CombinedDistance | None = None,
    n_jobs: int = 1,
) -> np.ndarray:
    """Return the mean silhouette of every labelling, with one pass over the distances.

    With `a` the mean distance of an image to the others of its cluster and `b` the
    least of its mean distances to another cluster, its silhouette is
    ``(b - a) / max(a, b)`` [1]_. The sums of distances come from blocks of distances
    times an indicator matrix: of the cells into which all labellings together cut
    the images where these are few (cuts of one tree), else of all clusters of all
    labellings. No n x n matrix is held.

    Parameters
    ----------
    X : ndarray of float64, shape (n, d)
        Features.
    labellings : sequence of ndarray of int, each of shape (n,)
        Names 0 to k - 1; -1 is in no cluster and counts as silhouette 0.
    metric : str, default="euclidean"
        One of `METRICS`.
    mix : CombinedDistance, optional
        Mixes time and place into the distances.
    n_jobs : int, default=1
        Number of threads.

    Returns
    -------
    ndarray of float64, shape (m,)
        From -1 to 1; NaN for a labelling with fewer than 2 clusters, or with as many
        as it has images in clusters.

    References
    ----------
    .. [1] P. J. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and
       validation of cluster analysis", J. Comput. Appl. Math. 20, 53-65, 1987.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> mean_silhouettes(X, [np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])]).round(3).tolist()
    [0.9, -0.45]
    """
    n = len(X)
    sizes = [np.bincount(labels[labels >= 0]) for labels in labellings]
    defined = [1 < len(size) < size.sum() for size in sizes]
    scores = np.full(len(labellings), np.nan)
    kept = [i for i, known in enumerate(defined) if known]
    if not kept:
        return scores
    chosen = [labellings[i] for i in kept]
    indicator, spread = _indicator(chosen)
    rows = distance_rows(X, metric) if mix is None else mix.rows(X, metric)

    def block_sums(block: slice) -> list[float]:
        sums = rows(block) @ indicator
        return [
            float(row_silhouettes(spread(sums, j), labels[block], sizes[kept[j]])[1].sum())
            for j, labels in enumerate(chosen)
        ]

    # A product of matrices is spread over the cores by itself.
    workers = 1 if metric in PRODUCT_METRICS else n_jobs
    totals = np.zeros(len(kept))
    blocks = silhouette_blocks(n, X.shape[1])
    for part in run_ordered(
        block_sums, blocks, n_jobs=workers, desc="Evaluating clusters", unit="block"
    ):
        totals += part
    scores[kept] = totals / n
    return scores


def _one_hot(labels: np.ndarray, k: int) -> np.ndarray:
    """Return the (n, k) indicator matrix of `labels`; a row of -1 is all zero."""
    hot = np.zeros((len(labels), k))
    inside = np.flatnonzero(labels >= 0)
    hot[inside, labels[inside]] = 1
    return hot


class _Cells:
    """From sums over cells to sums over the clusters of one labelling."""

    def __init__(self, cell_labels: np.ndarray, counts: Sequence[int]) -> None:
        self.cell_labels = cell_labels
        self.counts = counts

    def __call__(self, sums: np.ndarray, j: int) -> np.ndarray:
        return sums @ _one_hot(self.cell_labels[j], self.counts[j])


class _Columns:
    """From sums over all clusters to the columns of one labelling."""

    def __init__(self, counts: Sequence[int]) -> None:
        self.ends = np.cumsum([0, *counts])

    def __call__(self, sums: np.ndarray, j: int) -> np.ndarray:
        return sums[:, self.ends[j] : self.ends[j + 1]]


def _indicator(labellings: Sequence[np.ndarray]) -> tuple[np.ndarray, _Cells | _Columns]:
    """Return the matrix to multiply distances with, and how to read the product."""
    counts = [int(labels.max()) + 1 for labels in labellings]
    stacked = np.stack(labellings)
    # One whole number per cell of the common refinement, built up a labelling at a time.
    cell = np.zeros(stacked.shape[1], dtype=np.int64)
    for labels, k in zip(stacked, counts, strict=True):
        cell = np.unique(cell * (k + 1) + labels + 1, return_inverse=True)[1]
    first = np.unique(cell, return_index=True)[1]
    if len(first) <= sum(counts):
        return _one_hot(cell, len(first)), _Cells(stacked[:, first], counts)
    hot = np.hstack([_one_hot(labels, k) for labels, k in zip(labellings, counts, strict=True)])
    return hot, _Columns(counts)

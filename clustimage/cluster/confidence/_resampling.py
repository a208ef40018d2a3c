"""How stable clusters are: the same procedure on subsamples of the images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.logs import at_verbosity, progress

__all__ = ["N_SUBSAMPLES", "Procedure", "Resampling", "resample"]

N_SUBSAMPLES = 10
SHARE_OF_SUBSAMPLE = 0.8

# Rows, their positions among all images, and a number of clusters or None for the one that is
# found → labels. The positions tell timestamps and whatever else belongs to an image.
Procedure = Callable[[np.ndarray, np.ndarray, int | None], np.ndarray]


@dataclass(frozen=True)
class Resampling:
    """What came of the subsamples.

    Attributes
    ----------
    agreement : ndarray of float64, shape (b,)
        Adjusted Rand index of each subsample's labels with those of all images.
    counts : ndarray of int64, shape (b,)
        Number of clusters in each.
    jaccard : ndarray of float64, shape (k,)
        For each cluster the mean, over the subsamples with one of its images, of its largest
        Jaccard similarity with a cluster there [1]_. NaN where there is none.

    References
    ----------
    .. [1] C. Hennig (2007). Cluster-wise assessment of cluster stability. Comput. Stat. Data
       Anal. 52, 258-271.
    """

    agreement: np.ndarray
    counts: np.ndarray
    jaccard: np.ndarray


def resample(
    rows: np.ndarray,
    positions: np.ndarray,
    labels: np.ndarray,
    procedure: Procedure,
    *,
    n_clusters: int | None = None,
    random_state: int | None = 0,
    n_subsamples: int = N_SUBSAMPLES,
) -> Resampling:
    """Cluster subsamples of 80 % of the rows, drawn without replacement.

    Parameters
    ----------
    rows : ndarray of float, shape (n, d)
        Features.
    positions : ndarray of int, shape (n,)
        Which of all images they are.
    labels : ndarray of int, shape (n,)
        Their labels, 0 to k - 1; negative ones are unclustered and not compared.
    procedure : callable
        See `Procedure`.
    n_clusters : int, optional
        Given to `procedure`.
    random_state : int, default=0
        Seed of the subsamples.
    n_subsamples : int, default=10
        How many.

    Returns
    -------
    Resampling

    Examples
    --------
    >>> rows = np.repeat([[0.0], [9.0]], 30, axis=0)
    >>> labels = np.repeat([0, 1], 30)
    >>> nearer = lambda rows, positions, k: (rows[:, 0] > 5).astype(int)
    >>> resample(rows, np.arange(60), labels, nearer).jaccard.tolist()
    [1.0, 1.0]
    """
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(random_state)
    size = round(SHARE_OF_SUBSAMPLE * len(rows))
    k = int(labels.max(initial=-1)) + 1
    agreement, counts, jaccard = [], [], np.full((n_subsamples, k), np.nan)
    for i in progress(range(n_subsamples), desc="Subsamples", total=n_subsamples, unit="sample"):
        drawn = np.sort(rng.choice(len(rows), size, replace=False))
        try:
            with at_verbosity("silent"):  # what it would say, it has said of all images
                found = procedure(rows[drawn], positions[drawn], n_clusters)
        except InvalidDataError:  # as from dbscan, with no allowed number of clusters
            found = np.full(size, -1)
        inside = (labels[drawn] >= 0) & (found >= 0)
        same = adjusted_rand_score(labels[drawn][inside], found[inside]) if inside.any() else 0.0
        agreement.append(same)
        counts.append(int(found.max(initial=-1)) + 1)
        jaccard[i] = _best_jaccard(labels[drawn], found, k)
    known = np.isfinite(jaccard)
    total = np.where(known, jaccard, 0).sum(axis=0)
    mean = np.divide(total, known.sum(axis=0), out=np.full(k, np.nan), where=known.any(axis=0))
    return Resampling(np.array(agreement), np.array(counts), mean)


def _best_jaccard(labels: np.ndarray, found: np.ndarray, k: int) -> np.ndarray:
    """Return the largest Jaccard similarity of each of `k` clusters with one of `found`."""
    m = int(found.max(initial=-1)) + 1
    inside = (labels >= 0) & (found >= 0)
    shared = np.zeros((k, m))
    np.add.at(shared, (labels[inside], found[inside]), 1)
    sizes = np.bincount(labels[labels >= 0], minlength=k)
    union = sizes[:, None] + np.bincount(found[found >= 0], minlength=m) - shared
    best = (shared / np.maximum(union, 1)).max(axis=1, initial=0)
    return np.where(sizes > 0, best, np.nan)

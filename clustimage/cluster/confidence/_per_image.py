"""How well each image fits into its cluster, and which cluster would be the next."""

from __future__ import annotations

import numpy as np

from clustimage._core.batches import row_blocks
from clustimage._distances.pairs import distances

__all__ = ["image_confidence"]


def image_confidence(
    rows: np.ndarray, labels: np.ndarray, metric: str = "euclidean"
) -> tuple[np.ndarray, np.ndarray]:
    """Return the simplified silhouette of each image, and the cluster that is next to it.

    With a the distance to the centre of its cluster and b that to the nearest other centre,
    ``(b - a) / max(a, b)`` [1]_, at least 0. It takes n times k distances instead of all pairs.

    Parameters
    ----------
    rows : ndarray of float, shape (n, d)
        Features.
    labels : ndarray of int, shape (n,)
        Names from 0 up; negative ones are unclustered.
    metric : str, default="euclidean"
        One of `METRICS`.

    Returns
    -------
    confidence : ndarray of float64, shape (n,)
        1 at the centre, 0 half way to another one or nearer to it. NaN for unclustered images,
        and where there is one cluster.
    runner_up : ndarray of int64, shape (n,)
        The cluster with the nearest centre but its own; -1 where there is none.

    References
    ----------
    .. [1] E. R. Hruschka, R. J. G. B. Campello and L. N. de Castro (2006). Evolving clusters in
       gene-expression data. Inf. Sci. 176, 1898-1927.

    Examples
    --------
    >>> confidence, runner_up = image_confidence(
    ...     np.array([[0.0], [4.0], [10.0], [10.0]]), np.array([0, 0, 1, 1])
    ... )
    >>> confidence.round(2).tolist(), runner_up.tolist()
    ([0.8, 0.67, 1.0, 1.0], [1, 1, 0, 0])
    """
    names = np.unique(labels[labels >= 0])
    confidence, runner_up = np.full(len(rows), np.nan), np.full(len(rows), -1, dtype=np.int64)
    if not len(names):
        return confidence, runner_up
    centres = np.stack([rows[labels == name].mean(axis=0, dtype=np.float64) for name in names])
    for block in row_blocks(len(rows), len(names) + rows.shape[1]):
        apart = distances(rows[block].astype(np.float64), centres, metric)
        own = np.searchsorted(names, labels[block])
        inside = np.flatnonzero(labels[block] >= 0)
        a = apart[inside, own[inside]]
        apart[inside, own[inside]] = np.inf
        nearest = apart.argmin(axis=1)
        b = apart[np.arange(len(apart)), nearest]
        runner_up[block] = np.where(np.isfinite(b), names[nearest], -1)
        if len(names) > 1:
            longer = np.maximum(a, b[inside])
            fit = np.divide(b[inside] - a, longer, out=np.zeros(len(a)), where=longer > 0)
            confidence[np.arange(block.start, block.stop)[inside]] = np.maximum(fit, 0)
    return confidence, runner_up

"""Whether new images belong to the clusters that there are, by how far images of one are apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clustimage._core.picked_rows import PickedRows
from clustimage._distances.metrics import check_metric, check_rows
from clustimage._distances.nearest import nearest
from clustimage.similarity._representatives import check_labels, group_members

__all__ = ["Joined", "join_clusters"]

ALPHA = 0.05  # as in `find`


class Joined(NamedTuple):
    """What becomes of new images.

    Attributes
    ----------
    labels : ndarray of int64, shape (m,)
        Label of the cluster that each joins; -1 where none fits.
    nearest : ndarray of int64, shape (m,)
        Index of the nearest clustered image; -1 where there is none.
    p_values : ndarray of float64, shape (m,)
        How likely an image of a cluster is as far from the nearest other one.
    """

    labels: npt.NDArray[np.int64]
    nearest: npt.NDArray[np.int64]
    p_values: npt.NDArray[np.float64]


def join_clusters(
    feat: npt.ArrayLike,
    labels: npt.ArrayLike,
    queries: npt.ArrayLike,
    *,
    metric: str = "euclidean",
    alpha: float = ALPHA,
    order: npt.NDArray[np.intp] | None = None,
) -> Joined:
    """Let new images join the cluster of their nearest image, if they are near enough.

    How far an image is from the nearest other one of its cluster is known of all clustered
    images. The p-value of a new image is the share of them, itself included, that are as far or
    farther: that of conformal anomaly detection by the nearest neighbour [1]_. At most a share
    of `alpha` of new images that are like those of the clusters are left out, whatever the
    distances are distributed like.

    Parameters
    ----------
    feat : array-like of shape (n, d)
        Features of the images that are there.
    labels : array-like of shape (n,)
        Their labels, int; negative for none.
    queries : array-like of shape (m, d)
        Features of new images.
    metric : str, default="euclidean"
        One of `METRICS`.
    alpha : float, default=0.05
        Images with a p-value of at most this join no cluster; of fewer than 19 clustered images
        those that are farther than all. One that equals a clustered image always joins.

    order : ndarray of shape (n,), int, optional
        The rows in an order in which the first of equally near ones counts; default as they
        stand.

    Returns
    -------
    Joined

    References
    ----------
    .. [1] R. Laxhammar and G. Falkman (2010). Conformal prediction for distribution-independent
       anomaly detection in streaming vessel data. StreamKDD, 47-55.

    Examples
    --------
    >>> feat, labels = [[0.0], [1.0], [2.5], [8.0], [9.0]], [0, 0, 0, 1, 1]
    >>> join_clusters(feat, labels, [[1.4], [9.5], [20.0]]).labels
    array([ 0,  1, -1])
    """
    check_metric(metric)
    rows = check_rows("feat", feat)
    known = check_labels(labels, len(rows))
    asked = check_rows("queries", queries, n_columns=rows.shape[1])
    clustered = np.flatnonzero(known >= 0) if order is None else order[known[order] >= 0]
    if not len(clustered):
        nothing = np.full(len(asked), -1, dtype=np.int64)
        return Joined(nothing, nothing.copy(), np.zeros(len(asked)))
    at, distance = nearest(asked, PickedRows(rows, clustered), metric)
    apart = np.sort(_within_clusters(rows, known, metric))
    n = len(apart)
    p_values = (n - np.searchsorted(apart, distance) + 1) / (n + 1)
    found = known[clustered[at]]
    found[(p_values <= max(alpha, 1 / (n + 1))) & (distance > 0)] = -1
    return Joined(found, clustered[at], p_values)


def _within_clusters(rows: np.ndarray, labels: np.ndarray, metric: str) -> npt.NDArray[np.float64]:
    """Return the distance of each image to the nearest other one of its cluster.

    Images that are alone in theirs have none.
    """
    found = [np.empty(0)]
    for members in group_members(labels)[1]:
        if len(members) > 1:
            own = PickedRows(rows, members)
            found.append(nearest(own, own, metric, skipped=np.arange(len(members)))[1])
    return np.concatenate(found)

"""The cluster that a new image belongs to."""

from __future__ import annotations

from typing import Any

import numpy as np

from clustimage._metrics import check_metric, check_rows
from clustimage._validation import check_real
from clustimage.similarity._distances import nearest
from clustimage.similarity._unique import check_labels

__all__ = ["cluster_reach", "predict_labels"]


def predict_labels(
    feat: Any,
    labels: Any,
    queries: Any,
    *,
    metric: str = "euclidean",
    reach: float | None = None,
) -> np.ndarray:
    """Return the label of the nearest cluster for each query.

    The nearest cluster is the one of the nearest clustered image, so images that
    were clustered get their own label back. Where some images are in no cluster
    (a negative label), a query can be in none either: it gets -1

    - if it is farther from the nearest clustered image than `reach`, or
    - if it equals an image that is in no cluster, and none that is in one.

    Parameters
    ----------
    feat : array-like of shape (n, d)
        Features of the images that were clustered.
    labels : array-like of shape (n,)
        Their labels, int; negative for none.
    queries : array-like of shape (m, d)
        Features of new images.
    metric : str, default="euclidean"
        One of `METRICS`.
    reach : float, optional
        How far from a clustered image its cluster extends: for DBSCAN its eps, in
        the same space and metric. Default: `cluster_reach`, for each cluster the
        largest distance of a member to its nearest other member. Not used where
        every image is in a cluster.

    Returns
    -------
    ndarray of shape (m,), int64
        Labels; all -1 where no image is in a cluster.

    Raises
    ------
    InvalidDataError
        If an array has the wrong shape or is not finite.
    InvalidParameterError
        If the metric is not known, or `reach` is negative.

    Examples
    --------
    >>> feat, labels = [[0.0], [1.0], [8.0], [9.0], [50.0]], [0, 0, 1, 1, -1]
    >>> predict_labels(feat, labels, [[0.4], [9.5], [50.0], [30.0]])
    array([ 0,  1, -1, -1])
    """
    check_metric(metric)
    rows = check_rows("feat", feat)
    asked = check_rows("queries", queries, n_columns=rows.shape[1])
    labels = check_labels(labels, len(rows))
    if reach is not None:
        reach = check_real("reach", reach, low=0)
    inside = labels >= 0
    if not inside.any():
        return np.full(len(asked), -1, dtype=np.int64)
    members, of_members = rows[inside], labels[inside]
    at, distance = nearest(asked, members, metric)
    answer = of_members[at]
    if inside.all():
        return answer
    if reach is None:
        limit = cluster_reach(members, of_members, metric=metric)[answer]
    else:
        limit = np.full(len(asked), reach)
    outside = nearest(asked, rows[~inside], metric)[1]
    answer[(distance > limit) | ((outside == 0) & (distance > 0))] = -1
    return answer


def cluster_reach(feat: Any, labels: Any, *, metric: str = "euclidean") -> np.ndarray:
    """Return, for each label, the largest distance of a member to its nearest other member.

    In other words, the longest step that is needed to come from any member of the
    cluster to another one. A cluster of one has no such step and gets the smallest
    of the other clusters, 0 if there is none.

    Parameters
    ----------
    feat : array-like of shape (n, d)
        Features.
    labels : array-like of shape (n,)
        Labels, int; negative ones are left out.
    metric : str, default="euclidean"
        One of `METRICS`.

    Returns
    -------
    ndarray of shape (largest label + 1,), float64
        Distances; 0 for a label that does not occur.

    Examples
    --------
    >>> cluster_reach([[0.0], [1.0], [3.0], [9.0]], [0, 0, 0, 1])
    array([2., 2.])
    """
    check_metric(metric)
    rows = check_rows("feat", feat)
    labels = check_labels(labels, len(rows))
    reach = np.zeros(max(labels.max(initial=-1) + 1, 0))
    alone = []
    for label in np.unique(labels[labels >= 0]):
        members = rows[labels == label]
        if len(members) == 1:
            alone.append(label)
        else:
            reach[label] = nearest(members, members, metric, skip_self=True)[1].max()
    measured = np.setdiff1d(labels[labels >= 0], alone)
    reach[alone] = reach[measured].min() if len(measured) else 0.0
    return reach

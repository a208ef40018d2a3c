"""The cluster that a new image belongs to."""

from __future__ import annotations

from typing import Any

import numpy as np

from clustimage._core.errors import InvalidParameterError
from clustimage._core.validation import check_real
from clustimage._distances.metrics import check_metric, check_rows
from clustimage._distances.nearest import nearest
from clustimage._distances.pairs import PickedRows
from clustimage.similarity._representatives import check_labels, group_members

__all__ = ["cluster_radius", "predict_labels"]

# Members that all others are compared with first, and that are measured at once after that.
FEW_MEMBERS = 500


def predict_labels(
    feat: Any,
    labels: Any,
    queries: Any,
    *,
    metric: str = "euclidean",
    reach: Any = None,
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
    reach : float or array-like of shape (largest label + 1,), optional
        How far from a clustered image its cluster extends, for all clusters or for
        each: for DBSCAN its eps, in the same space and metric. Default:
        `cluster_radius`, for each cluster the largest distance of a member to its
        nearest other member; where there are many calls, call it once and give its
        answer here. Not used where every image is in a cluster.

    Returns
    -------
    ndarray of shape (m,), int64
        Labels; all -1 where no image is in a cluster.

    Raises
    ------
    InvalidDataError
        If an array has the wrong shape or is not finite.
    InvalidParameterError
        If the metric is not known, or `reach` is negative or not of this shape.

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
    limits = None if reach is None else _check_reach(reach, labels)
    inside = labels >= 0
    if not inside.any():
        return np.full(len(asked), -1, dtype=np.int64)
    if inside.all():
        return labels[nearest(asked, rows, metric)[0]]
    members = np.flatnonzero(inside)
    at, distance = nearest(asked, PickedRows(rows, members), metric)
    answer = labels[members[at]]
    if limits is None:
        limits = cluster_radius(rows, labels, metric=metric)
    outside = nearest(asked, PickedRows(rows, np.flatnonzero(~inside)), metric)[1]
    answer[(distance > limits[answer]) | ((outside == 0) & (distance > 0))] = -1
    return answer


def _check_reach(reach: Any, labels: np.ndarray) -> np.ndarray:
    """Return a reach for each label from 0 up."""
    n_labels = max(int(labels.max(initial=-1)) + 1, 0)
    if np.ndim(reach) == 0:
        return np.full(n_labels, check_real("reach", reach, low=0))
    array = np.asarray(reach, dtype=np.float64)
    if array.shape != (n_labels,) or not (array >= 0).all():
        raise InvalidParameterError(
            f"'reach' must be one distance from 0 up, or one for each label from 0 to "
            f"{n_labels - 1}, as cluster_radius returns them. Got {reach!r}."
        )
    return array


def cluster_radius(feat: Any, labels: Any, *, metric: str = "euclidean") -> np.ndarray:
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
    >>> cluster_radius([[0.0], [1.0], [3.0], [9.0]], [0, 0, 0, 1])
    array([2., 2.])
    """
    check_metric(metric)
    rows = check_rows("feat", feat)
    labels = check_labels(labels, len(rows))
    reach = np.zeros(max(int(labels.max(initial=-1)) + 1, 0))
    names, groups = group_members(labels)
    sizes = np.array([len(group) for group in groups], dtype=np.int64)
    for name, group in zip(names, groups, strict=True):
        if len(group) > 1:
            reach[name] = _longest_step(rows, group, metric)
    measured = names[sizes > 1]
    reach[names[sizes == 1]] = reach[measured].min() if len(measured) else 0.0
    return reach


def _longest_step(rows: np.ndarray, members: np.ndarray, metric: str) -> float:
    """Return the largest distance of a member to its nearest other member.

    The nearest of a few members is at least as far as the nearest of all: a member that
    has one of them as near as the longest step known so far needs no more measuring.
    """
    first = np.zeros(len(members), dtype=bool)
    first[:: max(1, len(members) // FEW_MEMBERS)] = True
    members = np.concatenate([members[first], members[~first]])
    few = PickedRows(rows, members[: first.sum()])
    most = nearest(PickedRows(rows, members), few, metric, skipped=np.arange(len(members)))[1]
    order = np.argsort(-most, kind="stable")
    longest, every = 0.0, PickedRows(rows, members)
    for start in range(0, len(order), FEW_MEMBERS):
        part = order[start : start + FEW_MEMBERS]
        part = part[most[part] > longest]
        if not len(part):
            break
        step = nearest(PickedRows(rows, members[part]), every, metric, skipped=part)[1].max()
        longest = max(longest, float(step))
    return longest

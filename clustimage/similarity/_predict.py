"""The cluster that a new image belongs to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clustimage._core.errors import InvalidParameterError
from clustimage._core.picked_rows import PickedRows
from clustimage._core.validation import check_real
from clustimage._distances.metrics import check_metric, check_rows
from clustimage._distances.nearest import nearest
from clustimage.similarity._representatives import check_labels, group_members

__all__ = ["cluster_radius", "predict_labels"]

# Members that all others are compared with first, and that are compared with all after that.
N_MEMBERS_AT_ONCE = 500


def predict_labels(
    feat: npt.ArrayLike,
    labels: npt.ArrayLike,
    queries: npt.ArrayLike,
    *,
    metric: str = "euclidean",
    radius: npt.ArrayLike | None = None,
    order: npt.NDArray[np.intp] | None = None,
) -> npt.NDArray[np.int64]:
    """Return the label of the nearest cluster for each query.

    The nearest cluster is the one of the nearest clustered image, so images that
    were clustered get their own label back. Where some images are not assigned to a
    cluster (a negative label), a query may not be either: it gets -1

    - if it is farther from the nearest clustered image than `radius`, or
    - if it equals an image that is not assigned to a cluster, and none that is.

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
    radius : float or array-like of shape (largest label + 1,), optional
        How far from a clustered image its cluster extends, for all clusters or for
        each: for DBSCAN its eps, in the same space and metric. Default:
        `cluster_radius`, for each cluster the largest distance of a member to its
        nearest other member; where there are many calls, call it once and give its
        answer here. Not used where every image is assigned to a cluster.
    order : ndarray of shape (n,), int, optional
        The rows in an order in which the first of equally near ones counts; default as they
        stand.

    Returns
    -------
    ndarray of shape (m,), int64
        Labels; all -1 where no image is assigned to a cluster.

    Raises
    ------
    InvalidDataError
        If an array has the wrong shape or is not finite.
    InvalidParameterError
        If the metric is not known, or `radius` is negative or not of this shape.

    Examples
    --------
    >>> feat, labels = [[0.0], [1.0], [8.0], [9.0], [50.0]], [0, 0, 1, 1, -1]
    >>> predict_labels(feat, labels, [[0.4], [9.5], [50.0], [30.0]])
    array([ 0,  1, -1, -1])
    """
    check_metric(metric)
    rows = check_rows("feat", feat)
    asked = check_rows("queries", queries, n_columns=rows.shape[1])
    known = check_labels(labels, len(rows))
    radii = None if radius is None else _check_radius(radius, known)
    clustered, others = np.flatnonzero(known >= 0), np.flatnonzero(known < 0)
    if order is not None:
        clustered = order[known[order] >= 0]
    if not len(clustered):
        return np.full(len(asked), -1, dtype=np.int64)
    some = rows if order is None and not len(others) else PickedRows(rows, clustered)
    at, distance = nearest(asked, some, metric)
    answer: npt.NDArray[np.int64] = known[clustered[at]]
    if not len(others):
        return answer
    if radii is None:
        radii = cluster_radius(rows, known, metric=metric)
    equals_other = nearest(asked, PickedRows(rows, others), metric)[1] == 0
    answer[(distance > radii[answer]) | (equals_other & (distance > 0))] = -1
    return answer


def _check_radius(radius: npt.ArrayLike, labels: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return a radius for each label from 0 up."""
    n_labels = int(labels.max(initial=-1)) + 1
    if np.ndim(radius) == 0:
        return np.full(n_labels, check_real("radius", radius, low=0))
    array = np.asarray(radius, dtype=np.float64)
    if array.shape != (n_labels,) or not (array >= 0).all():
        raise InvalidParameterError(
            f"'radius' must be one distance from 0 up, or one for each label from 0 to "
            f"{n_labels - 1}, as cluster_radius returns them. Got {radius!r}."
        )
    return array


def cluster_radius(
    feat: npt.ArrayLike, labels: npt.ArrayLike, *, metric: str = "euclidean"
) -> npt.NDArray[np.float64]:
    """Return, for each label, the largest distance of a member to its nearest other member.

    A cluster of one has no such distance and gets the smallest of the other clusters, 0 if
    there is none.

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
    names, groups = group_members(check_labels(labels, len(rows)))
    found = [_radius(rows, group, metric) if len(group) > 1 else np.inf for group in groups]
    radius = np.zeros(int(names[-1]) + 1 if len(names) else 0)
    smallest = min(found, default=np.inf)
    radius[names] = found
    radius[np.isinf(radius)] = 0.0 if np.isinf(smallest) else smallest
    return radius


def _radius(rows: np.ndarray, members: np.ndarray, metric: str) -> float:
    """Return the largest distance of a member to its nearest other member.

    The nearest of a few members is at least as far as the nearest of all: a member whose
    distance to these is within the radius so far needs no more measuring.
    """
    first = np.zeros(len(members), dtype=bool)
    first[:: max(1, len(members) // N_MEMBERS_AT_ONCE)] = True
    members = np.concatenate([members[first], members[~first]])
    few, every = PickedRows(rows, members[: first.sum()]), PickedRows(rows, members)
    upper = nearest(every, few, metric, skipped=np.arange(len(members)))[1]
    order = np.argsort(-upper)
    radius = 0.0
    for start in range(0, len(order), N_MEMBERS_AT_ONCE):
        some = order[start : start + N_MEMBERS_AT_ONCE]
        some = some[upper[some] > radius]
        if not len(some):
            break
        found = nearest(PickedRows(rows, members[some]), every, metric, skipped=some)[1]
        radius = max(radius, float(found.max()))
    return radius

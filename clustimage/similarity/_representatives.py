"""The image nearest to the centre of each cluster, and the distance of each image to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from clustimage._core.batches import row_blocks
from clustimage._core.errors import InvalidDataError
from clustimage._core.memory import Budget
from clustimage._core.picked_rows import PickedRows
from clustimage._core.plain_arrays import plain_array
from clustimage._distances.metrics import check_metric, check_rows
from clustimage._distances.pairs import distances
from clustimage.similarity._mean_images import mean_images
from clustimage.similarity._plan import plan_unique

__all__ = ["check_labels", "distance_to_center", "group_members", "pick_unique"]


Floats = npt.NDArray[np.float64]


def check_labels(labels: npt.ArrayLike, n_rows: int) -> npt.NDArray[np.int64]:
    """Return `labels` as int64, or raise `InvalidDataError`.

    Examples
    --------
    >>> check_labels([0, 1, -1], 3)
    array([ 0,  1, -1])
    """
    array = np.asarray(plain_array("labels", labels))
    if array.shape != (n_rows,) or array.dtype.kind not in "iu":
        raise InvalidDataError(
            f"'labels' must be one whole number per image, {n_rows} in all. "
            f"Got an array of shape {array.shape} and type {array.dtype}."
        )
    return array.astype(np.int64)


def pick_unique(
    feat: Any,
    labels: Any,
    *,
    metric: str = "euclidean",
    order: np.ndarray | None = None,
    xycoord: Any = None,
    pixels: np.ndarray | None = None,
    budget: Budget | None = None,
) -> dict[str, Any]:
    """Return, for each cluster, the member nearest to the cluster's centre.

    The centre is the mean of the members' features. Images with a negative label
    belong to no cluster.

    Parameters
    ----------
    feat : array-like of shape (n, d)
        Features.
    labels : array-like of shape (n,)
        Cluster of each image, int.
    metric : str, default="euclidean"
        One of `METRICS`.
    order : ndarray of shape (n,), int, optional
        The rows in the order in which members are compared; default as they stand.
    xycoord : array-like of shape (n, 2), optional
        Coordinates on the map.
    pixels : ndarray of shape (n, ...), uint8, optional
        Images; flat or not. Where they lie in a file it is read in its order.
    budget : Budget, optional
        What may be taken; None for no limit. With little of it the images are read in
        several passes.

    Returns
    -------
    dict
        ``labels`` : ndarray of shape (k,), int64
            Labels of the clusters, ascending.
        ``idx`` : ndarray of shape (k,), int64
            Index of the member nearest to the centre; of several the first in `order`.
        ``xycoord_center`` : ndarray of shape (k, 2), float32, or None
            Mean coordinates of the members.
        ``img_mean`` : ndarray of shape (k, pixels of an image), uint8, or None
            Mean image of the members, rounded.

        Where every label is negative, k is 0.

    Raises
    ------
    InvalidDataError
        If an array has the wrong shape, or features are not finite.
    InvalidParameterError
        If the metric is not known.
    MemoryLimitError
        If it would take more than is allowed, see `plan_unique`.

    Examples
    --------
    >>> feat = [[0.0], [1.0], [2.0], [9.0], [5.0]]
    >>> answer = pick_unique(feat, [0, 0, 0, 1, -1])
    >>> answer["labels"], answer["idx"]
    (array([0, 1]), array([1, 3]))
    """
    check_metric(metric)
    rows = check_rows("feat", feat)
    labels = check_labels(labels, len(rows))
    names, groups = group_members(labels)
    n_pixels = 0 if pixels is None else int(np.prod(pixels.shape[1:]))
    step = plan_unique(len(rows), rows.shape[1], n_pixels, budget, n_clusters=len(names))
    step.check()
    idx = np.empty(len(names), dtype=np.int64)
    order = np.arange(len(rows)) if order is None else order
    for cluster, at in enumerate(group_members(labels[order])[1]):
        members = order[at]
        idx[cluster] = members[_to_centre(rows, members, metric).argmin()]
    return {
        "labels": names,
        "idx": idx,
        "xycoord_center": _map_centres(xycoord, groups, len(rows)),
        "img_mean": _mean_images(pixels, groups, len(rows), budget),
    }


def distance_to_center(feat: Any, labels: Any, *, metric: str = "euclidean") -> Floats:
    """Return the distance of each image to the mean of its cluster.

    Parameters
    ----------
    feat : array-like of shape (n, d)
        Features.
    labels : array-like of shape (n,)
        Cluster of each image, int; negative for none.
    metric : str, default="euclidean"
        One of `METRICS`.

    Returns
    -------
    ndarray of shape (n,), float64
        Distances in feature space; NaN where the label is negative.

    Raises
    ------
    InvalidDataError
        If an array has the wrong shape, or features are not finite.
    InvalidParameterError
        If the metric is not known.

    Examples
    --------
    >>> distance_to_center([[0.0], [2.0], [9.0]], [0, 0, -1])
    array([ 1.,  1., nan])
    """
    check_metric(metric)
    rows = check_rows("feat", feat)
    answer = np.full(len(rows), np.nan)
    for members in group_members(check_labels(labels, len(rows)))[1]:
        answer[members] = _to_centre(rows, members, metric)
    return answer


def group_members(labels: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the labels from 0 up that occur, ascending, and the indices of each."""
    order = np.argsort(labels, kind="stable")
    order = order[labels[order] >= 0]
    names, starts = np.unique(labels[order], return_index=True)
    return names, np.split(order, starts[1:])[: len(names)]


def _to_centre(rows: np.ndarray, members: np.ndarray, metric: str) -> Floats:
    """Return the distance of the members to their mean.

    They are summed in blocks. Each begins with the sum of those before it: that is the order
    in which numpy sums them at once, so the last digit does not depend on the size of a block.
    """
    total = np.zeros(rows.shape[1])
    for block in row_blocks(len(members), rows.shape[1]):
        part = rows.take(members[block], axis=0).astype(np.float64)
        part[0] += total
        total = part.sum(axis=0)
    centre = total / len(members)
    to_centre: Floats = distances(centre[None], PickedRows(rows, members), metric)[0]
    return to_centre


def _map_centres(xycoord: Any, groups: list[np.ndarray], n_rows: int) -> np.ndarray | None:
    if xycoord is None:
        return None
    points = check_rows("xycoord", xycoord, n_columns=2)
    _check_length("xycoord", points, n_rows)
    centres = [points[members].mean(axis=0, dtype=np.float64) for members in groups]
    return np.array(centres, dtype=np.float32).reshape(len(groups), 2)


def _mean_images(
    pixels: np.ndarray | None, groups: list[np.ndarray], n_rows: int, budget: Budget | None
) -> np.ndarray | None:
    if pixels is None:
        return None
    _check_length("pixels", pixels, n_rows)
    if pixels.dtype != np.uint8:
        raise InvalidDataError(
            f"'pixels' must be of type uint8, from 0 to 255. Got {pixels.dtype}."
        )
    return mean_images(pixels, groups, budget)


def _check_length(name: str, array: np.ndarray, n_rows: int) -> None:
    if len(array) != n_rows:
        raise InvalidDataError(
            f"{name!r} must have one row per image, {n_rows} in all. Got {len(array)}."
        )

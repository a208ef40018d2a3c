"""``metric="datetime"`` and ``metric="latlon"``: photos of one event, or of one location."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.neighbors import KDTree

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._core.parameters import named, setting
from clustimage._core.validation import check_int, check_real
from clustimage._distances.geo import EARTH_RADIUS, on_sphere, read_locations
from clustimage.cluster._labels import count_clusters, order_labels
from clustimage.cluster._request import ClusterRequest
from clustimage.cluster._result import Clustering

__all__ = [
    "cluster_exif",
    "cluster_timestamps",
    "cluster_locations",
]

NO_DATA = -2
# Pairs of neighbours that are held at once: about 32 bytes each.
MAX_PAIRS_AT_ONCE = 2_000_000


def cluster_timestamps(
    timestamps: ArrayLike, *, timeframe: float = 5, min_samples: int = 2, min_size: int = 1
) -> Clustering:
    """Group photos by when they were taken, by DBSCAN.

    Parameters
    ----------
    timestamps : array-like of float, shape (n,)
        Seconds; NaN where it is not known.
    timeframe : float, default=5
        Hours up to which two photos are of one event.
    min_samples : int, default=2
        Photos, itself included, within the timeframe of a dense photo.
    min_size : int, default=1
        Smaller clusters become -1.

    Returns
    -------
    Clustering
        Labels by decreasing size; -1 is noise, -2 has no timestamp. There is one labelling and
        no tree.

    Raises
    ------
    InvalidParameterError
        If a number is not allowed.
    InvalidDataError
        If no timestamp is known.

    Examples
    --------
    >>> day = 24 * 3600.0
    >>> cluster_timestamps([0.0, 3600.0, day, np.nan, 9 * day, 9 * day]).labels.tolist()
    [0, 0, -1, -2, 1, 1]
    """
    timeframe = check_real("timeframe", timeframe, low=0, low_open=True)
    seconds = np.asarray(timestamps, dtype=np.float64)
    known = np.isfinite(seconds)
    _check_known(known, "datetime", "date")
    # Counted from the first one, so that no digits are lost.
    points = (seconds[known] - seconds[known].min())[:, None]
    return _found(
        known, points, 3600 * timeframe, ("timeframe", timeframe), "datetime", min_samples, min_size
    )


def cluster_locations(
    locations: ArrayLike, *, radius_meters: float = 1000, min_samples: int = 2, min_size: int = 1
) -> Clustering:
    """Group photos by where they were taken, by DBSCAN.

    Distances are those of the haversine formula on a sphere of the earth's mean radius,
    6,371,008.8 m: up to 0.6 % from those on the ellipsoid. The 180th meridian and the poles
    are locations like any other.

    Parameters
    ----------
    locations : array-like of float, shape (n, 2)
        Latitude and longitude in degrees; NaN where they are not known.
    radius_meters : float, default=1000
        Metres up to which two photos are of one location.
    min_samples : int, default=2
        Photos, itself included, within the radius of a dense photo.
    min_size : int, default=1
        Smaller clusters become -1.

    Returns
    -------
    Clustering
        Labels by decreasing size; -1 is noise, -2 has no location. There is one labelling and
        no tree.

    Raises
    ------
    InvalidParameterError
        If a number is not allowed, or `locations` is of another shape or out of range.
    InvalidDataError
        If no location is known.

    Examples
    --------
    >>> berlin, fiji = [52.52, 13.405], [-16.8, 179.999]
    >>> locations = [berlin, [-16.8, -179.999], fiji, [np.nan, np.nan]]
    >>> cluster_locations(locations).labels.tolist()
    [-1, 0, 0, -2]
    """
    radius_meters = check_real("radius_meters", radius_meters, low=0, low_open=True)
    given = read_locations(locations)
    known = np.isfinite(given).all(axis=1)
    _check_known(known, "latlon", "location")
    # Along a straight line; half around the earth is as far as it goes.
    chord = 2 * EARTH_RADIUS * np.sin(min(radius_meters / (2 * EARTH_RADIUS), np.pi / 2))
    varied = "radius_meters", radius_meters
    points = on_sphere(given[known])
    return _found(known, points, float(chord), varied, "latlon", min_samples, min_size)


def cluster_exif(
    extractor: Any, params_exif: Mapping[str, Any], request: ClusterRequest
) -> Clustering:
    """Group photos by what ``method="exif"`` has read.

    Parameters
    ----------
    extractor : ExifExtractor
        Fitted; has ``timestamps_`` and ``locations_``.
    params_exif : mapping
        ``timeframe``, ``radius_meters`` and ``min_samples``.
    request : ClusterRequest
        With the metric ``"datetime"`` or ``"latlon"``, see `cluster_timestamps` and
        `cluster_locations`. ``min_size`` counts; ``evaluate``, ``linkage``, ``min_clust``
        and ``max_clust`` do not matter.

    Returns
    -------
    Clustering
        ``params["by"]`` is the metric; ``params["metric"]`` is ``"euclidean"``, by which
        rows of features are compared.

    Raises
    ------
    InvalidParameterError
        If the extractor has read no EXIF data.
    InvalidDataError
        If no photo has the data.
    """
    request.check_method("exif" if hasattr(extractor, "locations_") else type(extractor).__name__)
    common = {"min_samples": params_exif["min_samples"], "min_size": request.min_size}
    if request.metric == "datetime":
        found = cluster_timestamps(
            extractor.timestamps_, timeframe=params_exif["timeframe"], **common
        )
    else:
        radius = params_exif["radius_meters"]
        found = cluster_locations(extractor.locations_, radius_meters=radius, **common)
    found.params.update(min_clust=request.min_clust, max_clust=request.end)
    return found


def _check_known(known: np.ndarray, metric: str, what: str) -> None:
    if known.ndim != 1:
        raise InvalidParameterError(
            f"{named('timestamps')} must be one number of seconds per image. "
            f"Got shape {known.shape}."
        )
    if not known.any():
        raise InvalidDataError(
            f"{setting('metric', metric)} needs a {what}, and all {len(known)} photos are without "
            "one that can be used. The columns 'exif' of import_status and 'reason' of metadata "
            "say what is wrong with EXIF data that are there."
        )


def _found(
    known: np.ndarray,
    points: np.ndarray,
    radius: float,
    varied: tuple[str, float],
    metric: str,
    min_samples: int,
    min_size: int,
) -> Clustering:
    """Return the clustering of the points that are known."""
    min_samples = check_int("min_samples", min_samples, low=1)
    found = dbscan_labels(points, radius, min_samples)
    labels = np.full(len(known), NO_DATA, dtype=np.int64)
    labels[known] = order_labels(found, min_size)
    name, value = varied
    k = count_clusters(found)
    request = ClusterRequest(cluster="dbscan", min_size=min_size)
    params = {
        **request.params,
        "max_clust": request.end,
        "random_state": None,
        "by": metric,
        "min_samples": min_samples,
        name: value,
    }
    score: dict[str, list[Any]] = {
        "cluster_threshold": [value],
        "clusters": [k],
        "score": [float("nan")],
    }
    return Clustering(labels, params, score, varied=name, n_found=k)


def dbscan_labels(points: np.ndarray, radius: float, min_samples: int) -> np.ndarray:
    """Return the labels of DBSCAN [1]_ with one radius, for Euclidean distances in few columns.

    Its memory does not depend on the number of neighbours.

    A point is dense where `min_samples` points, itself included, lie within the radius.
    Dense points within the radius of each other are in one cluster. A point that is not
    dense joins the nearest dense one within the radius; `sklearn.cluster.DBSCAN` takes the
    first that it meets. With ``min_samples=2`` there are none of these.

    Parameters
    ----------
    points : ndarray of float64, shape (n, d)
        A few columns; finite.
    radius : float
        In the units of the points; points at just this distance are within.
    min_samples : int
        At least 1.

    Returns
    -------
    ndarray of int64, shape (n,)
        Names from 0 in no order; -1 is noise.

    References
    ----------
    .. [1] M. Ester, H.-P. Kriegel, J. Sander and X. Xu, "A density-based algorithm
       for discovering clusters in large spatial databases with noise", KDD, 1996.

    Examples
    --------
    >>> dbscan_labels(np.array([[0.0], [1.0], [2.0], [9.0]]), radius=1, min_samples=2).tolist()
    [0, 0, 0, -1]
    """
    distinct, which = np.unique(points, axis=0, return_inverse=True)
    n_near = KDTree(points).query_radius(distinct, radius, count_only=True)
    dense = n_near >= min_samples
    labels = np.full(len(distinct), -1, dtype=np.int64)
    if dense.any():
        tree = KDTree(distinct[dense])
        component = _components(tree, distinct[dense], n_near[dense], radius)
        labels[dense] = component
        edge = np.flatnonzero(~dense)
        if len(edge):
            distance, nearest = (column[:, 0] for column in tree.query(distinct[edge]))
            within = distance <= radius
            labels[edge[within]] = component[nearest[within]]
    return labels[which.reshape(-1)]


def _components(
    tree: KDTree, distinct: np.ndarray, n_near: np.ndarray, radius: float
) -> np.ndarray:
    """Return which of the sets connected by steps within the radius each point is in."""
    n = len(distinct)
    component = np.arange(n)
    ends = np.flatnonzero(np.diff(np.cumsum(n_near) // MAX_PAIRS_AT_ONCE)) + 1
    for block in np.split(np.arange(n), ends):
        found = tree.query_radius(distinct[block], radius)
        one = component[np.repeat(block, [len(near) for near in found])]
        other = component[np.concatenate(found)]
        links = coo_matrix((np.ones(len(one), dtype=bool), (one, other)), shape=(n, n))
        component = connected_components(links, directed=False)[1][component]
    return component

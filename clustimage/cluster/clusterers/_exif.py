"""``metric="datetime"`` and ``metric="latlon"``: photos of one event, or of one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._core.logs import get_logger
from clustimage._core.validation import check_int, check_real
from clustimage._distances.geo import EARTH_RADIUS, on_sphere, read_locations
from clustimage.cluster._labels import count_clusters, order_labels
from clustimage.cluster._request import check_request
from clustimage.cluster._result import Clustering
from clustimage.cluster.clusterers._density import density_labels

__all__ = [
    "cluster_exif",
    "cluster_timestamps",
    "cluster_locations",
]

logger = get_logger(__name__)

NO_DATA = -2


def cluster_timestamps(
    moments: ArrayLike, *, timeframe: float = 5, min_samples: int = 2, min_size: int = 1
) -> Clustering:
    """Group photos by when they were taken, by DBSCAN.

    Parameters
    ----------
    moments : array-like of float, shape (n,)
        Seconds; NaN where it is not known.
    timeframe : float, default=5
        Hours up to which two photos are of one event.
    min_samples : int, default=2
        Photos, itself included, within the timeframe of a photo in a dense place.
    min_size : int, default=1
        Smaller clusters become -1.

    Returns
    -------
    Clustering
        Labels by decreasing size; -1 is noise, -2 has no moment. There is one labelling and
        no tree.

    Raises
    ------
    InvalidParameterError
        If a number is not allowed.
    InvalidDataError
        If no moment is known.

    Examples
    --------
    >>> day = 24 * 3600.0
    >>> cluster_timestamps([0.0, 3600.0, day, np.nan, 9 * day, 9 * day]).labels.tolist()
    [0, 0, -1, -2, 1, 1]
    """
    timeframe = check_real("timeframe", timeframe, low=0, low_open=True)
    seconds = np.asarray(moments, dtype=np.float64)
    known = np.isfinite(seconds)
    _check_known(known, "datetime", "date")
    # Counted from the first one, so that no digits are lost.
    points = (seconds[known] - seconds[known].min())[:, None]
    return _found(
        known, points, 3600 * timeframe, ("timeframe", timeframe), "datetime", min_samples, min_size
    )


def cluster_locations(
    places: ArrayLike, *, radius_meters: float = 1000, min_samples: int = 2, min_size: int = 1
) -> Clustering:
    """Group photos by where they were taken, by DBSCAN.

    Distances are those of the haversine formula on a sphere of the earth's mean radius,
    6,371,008.8 m: up to 0.6 % from those on the ellipsoid. The 180th meridian and the poles
    are places as any other.

    Parameters
    ----------
    places : array-like of float, shape (n, 2)
        Latitude and longitude in degrees; NaN where they are not known.
    radius_meters : float, default=1000
        Metres up to which two photos are of one place.
    min_samples : int, default=2
        Photos, itself included, within the radius of a photo in a dense place.
    min_size : int, default=1
        Smaller clusters become -1.

    Returns
    -------
    Clustering
        Labels by decreasing size; -1 is noise, -2 has no place. There is one labelling and
        no tree.

    Raises
    ------
    InvalidParameterError
        If a number is not allowed, or `places` is of another shape or out of range.
    InvalidDataError
        If no place is known.

    Examples
    --------
    >>> berlin, fiji = [52.52, 13.405], [-16.8, 179.999]
    >>> places = [berlin, [-16.8, -179.999], fiji, [np.nan, np.nan]]
    >>> cluster_locations(places).labels.tolist()
    [-1, 0, 0, -2]
    """
    radius_meters = check_real("radius_meters", radius_meters, low=0, low_open=True)
    given = read_locations(places)
    known = np.isfinite(given).all(axis=1)
    _check_known(known, "latlon", "place")
    # Along a straight line; half around the earth is as far as it goes.
    chord = 2 * EARTH_RADIUS * np.sin(min(radius_meters / (2 * EARTH_RADIUS), np.pi / 2))
    varied = "radius_meters", radius_meters
    points = on_sphere(given[known])
    return _found(known, points, float(chord), varied, "latlon", min_samples, min_size)


def cluster_exif(
    extractor: Any, params_exif: Mapping[str, Any], *, metric: str, **request: Any
) -> Clustering:
    """Group photos by what ``method="exif"`` has read.

    Parameters
    ----------
    extractor : ExifExtractor
        Fitted; has ``moments_`` and ``places_``.
    params_exif : mapping
        ``timeframe``, ``radius_meters`` and ``min_samples``.
    metric : {"datetime", "latlon"}
        See `cluster_timestamps` and `cluster_locations`.
    **request
        What else `check_request` takes. ``min_size`` counts; ``evaluate``, ``linkage``,
        ``min_clust`` and ``max_clust`` do not matter, and the others do not go with it.

    Returns
    -------
    Clustering
        ``params["by"]`` is the metric; ``params["metric"]`` is ``"euclidean"``, by which
        rows of features are compared.

    Raises
    ------
    InvalidParameterError
        If something does not go together, or the extractor has read no EXIF data.
    InvalidDataError
        If no photo has the data.
    """
    method = "exif" if hasattr(extractor, "places_") else type(extractor).__name__
    asked = check_request(**request, metric=metric, method=method)
    common = {"min_samples": params_exif["min_samples"], "min_size": asked["min_size"]}
    if metric == "datetime":
        found = cluster_timestamps(extractor.moments_, timeframe=params_exif["timeframe"], **common)
    else:
        radius = params_exif["radius_meters"]
        found = cluster_locations(extractor.places_, radius_meters=radius, **common)
    found.params.update({name: asked[name] for name in ("min_clust", "max_clust")})
    return found


def _check_known(known: np.ndarray, metric: str, what: str) -> None:
    if known.ndim != 1:
        raise InvalidParameterError(
            f"'moments' must be one number of seconds per image. Got shape {known.shape}."
        )
    if not known.any():
        raise InvalidDataError(
            f"metric={metric!r} needs a {what}, and all {len(known)} photos are without one that "
            "can be used. The columns 'exif' of import_status and 'reason' of metadata say what "
            "is wrong with EXIF data that are there."
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
    parts = density_labels(points, radius, min_samples)
    labels = np.full(len(known), NO_DATA, dtype=np.int64)
    labels[known] = order_labels(parts, min_size)
    n_without = int((~known).sum())
    if n_without:
        logger.info("Without data for metric=%r: %d of %d.", metric, n_without, len(known))
    name, value = varied
    k = count_clusters(parts)
    params = {
        "cluster": "dbscan",
        "evaluate": "silhouette",
        "metric": "euclidean",
        "linkage": "ward",
        "min_clust": 3,
        "max_clust": 25,
        "n_clusters": None,
        "min_size": min_size,
        "sim": None,
        "time_weight": 0.0,
        "place_weight": 0.0,
        "cannot_link": None,
        "micro_clusters": None,
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

"""Locations on the earth, and how far they are from each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist

from clustimage._core.batches import row_blocks
from clustimage._core.errors import InvalidParameterError

__all__ = ["EARTH_RADIUS", "arcs", "on_sphere", "location_scale", "read_locations"]

# Metres: the mean radius of the earth, (2 a + b) / 3 of WGS 84.
EARTH_RADIUS = 6_371_008.8


def read_locations(places: ArrayLike, n: int | None = None) -> np.ndarray:
    """Return locations as float64 `(n, 2)`; NaN where one of both angles is not known.

    Raises
    ------
    InvalidParameterError
        If they are of another shape, or an angle is out of range.
    """
    given = np.asarray(places)
    if given.ndim != 2 or given.shape[1] != 2 or given.dtype.kind not in "iuf":
        given_as = f"an array of shape {given.shape} and type {given.dtype}"
    elif n is not None and len(given) != n:
        given_as = f"{len(given)} of them"
    else:
        found = given.astype(np.float64)
        found[~np.isfinite(found).all(axis=1)] = np.nan
        far = np.flatnonzero((np.abs(found) > (90, 180)).any(axis=1))
        if not len(far):
            return found
        given_as = f"{found[far[0]].tolist()} at row {far[0]}"
    raise InvalidParameterError(
        f"'locations' must be latitude (-90 to 90) and longitude (-180 to 180) in degrees, "
        f"({'n' if n is None else n}, 2), one row per image. Got {given_as}."
    )


def on_sphere(locations: np.ndarray) -> np.ndarray:
    """Return locations as points in space, where straight lines are distances.

    With `c` the length of the line between two points, their distance along the surface
    is ``2 R arcsin(c / (2 R))``: that of the haversine formula, without a seam at the
    180th meridian or at the poles.

    Parameters
    ----------
    locations : ndarray of float64, shape (n, 2)
        Latitude and longitude in degrees; NaN stays NaN.

    Returns
    -------
    ndarray of float64, shape (n, 3)
        Metres from the centre of a sphere of `EARTH_RADIUS`.

    Examples
    --------
    >>> on_sphere(np.array([[0.0, 180.0], [0.0, -180.0], [90.0, 7.0]])).round().tolist()
    [[-6371009.0, 0.0, 0.0], [-6371009.0, -0.0, 0.0], [0.0, 0.0, 6371009.0]]
    """
    latitude, longitude = np.radians(np.asarray(locations, dtype=np.float64)).T
    points = np.empty((len(latitude), 3))
    points[:, 0] = np.cos(latitude) * np.cos(longitude)
    points[:, 1] = np.cos(latitude) * np.sin(longitude)
    points[:, 2] = np.sin(latitude)
    points *= EARTH_RADIUS
    return points


def arcs(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the distances along the ground between points of `on_sphere`.

    Equal to the haversine formula; NaN where a location is not known.

    Parameters
    ----------
    some, others : ndarray of float64, shapes (m, 3) and (n, 3)

    Returns
    -------
    ndarray of float64, shape (m, n)
        Metres.

    Examples
    --------
    >>> points = on_sphere(np.array([[0.0, 179.5], [0.0, -179.5]]))
    >>> arcs(points[:1], points[1:]).round().tolist()
    [[111195.0]]
    """
    distances: np.ndarray = cdist(some, others)
    distances /= 2 * EARTH_RADIUS
    np.minimum(distances, 1, out=distances)  # NaN stays
    np.arcsin(distances, out=distances)
    distances *= 2 * EARTH_RADIUS
    return distances


def location_scale(points: np.ndarray) -> tuple[float, float]:
    """Return the largest and the mean distance of two locations that are known.

    Parameters
    ----------
    points : ndarray of float64, shape (n, 3)
        Of `on_sphere`; NaN where a location is not known.

    Returns
    -------
    furthest, mean : float
        Metres; 0 where fewer than two are known. A block of rows is held at a time.
    """
    known = points[np.isfinite(points).all(axis=1)]
    n = len(known)
    furthest = total = 0.0
    for block in row_blocks(n, n):
        distances = arcs(known[block], known)
        furthest = max(furthest, float(distances.max()))
        total += float(distances.sum())
    return furthest, total / (n * (n - 1)) if n > 1 else 0.0

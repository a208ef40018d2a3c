"""What groups of photos by time or by location are called: by their dates, or coordinates."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from clustimage._distances.geo import on_sphere
from clustimage.cluster._request import EXIF_METRICS

__all__ = ["name_events", "name_places"]

EPOCH = datetime(1970, 1, 1)
SECONDS = (  # that are dates of Python
    (datetime.min - EPOCH).total_seconds(),
    (datetime(9999, 12, 31) - EPOCH).total_seconds(),
)


def name_events(labels: np.ndarray, timestamps: np.ndarray) -> dict[int, str]:
    """Return a name for each group of photos by time.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        -1 are photos that lie alone, -2 those without a date.
    timestamps : ndarray of float, shape (n,)
        Seconds since 1970-01-01 by the clock of the camera.

    Returns
    -------
    dict of int to str
        The day, or the first and the last day.

    Examples
    --------
    >>> day = 24 * 3600.0
    >>> for item in name_events(np.array([0, 0, 1, 1, -1, -2]), np.array(
    ...     [3600, 7260, 2 * day, 4 * day, 9 * day, np.nan])).items():
    ...     print(*item)
    -2 Without date
    -1 Alone
    0 1970-01-01
    1 1970-01-03 to 1970-01-05
    """
    names = _outside(labels, "datetime")
    for label in np.unique(labels[labels >= 0]).tolist():
        of_group = timestamps[labels == label]
        ends = np.clip([of_group.min(), of_group.max()], *SECONDS).tolist()
        first, last = (EPOCH + timedelta(seconds=seconds) for seconds in ends)
        days = dict.fromkeys(end.date().isoformat() for end in (first, last))
        names[label] = " to ".join(days)
    return names


def name_places(labels: np.ndarray, locations: np.ndarray) -> dict[int, str]:
    """Return a name for each group of photos by location: the coordinates of its centre.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        -1 are photos that lie alone, -2 those without a location.
    locations : ndarray of float, shape (n, 2)
        Latitude and longitude in degrees.

    Returns
    -------
    dict of int to str
        To four digits, about 10 m.

    Examples
    --------
    >>> name_places(np.array([0, 0]), np.array([[-16.8, 179.999], [-16.8, -179.999]]))
    {0: '16.8000 S, 180.0000 E'}
    """
    names = _outside(labels, "latlon")
    for label in np.unique(labels[labels >= 0]).tolist():
        x, y, z = on_sphere(locations[labels == label]).mean(axis=0)
        latitude = np.degrees(np.arctan2(z, np.hypot(x, y)))
        longitude = np.degrees(np.arctan2(y, x))
        names[label] = (
            f"{abs(latitude):.4f} {'N' if latitude >= 0 else 'S'}, "
            f"{abs(longitude):.4f} {'E' if longitude >= 0 else 'W'}"
        )
    return names


def _outside(labels: np.ndarray, metric: str) -> dict[int, str]:
    names = {-2: f"Without {EXIF_METRICS[metric]}", -1: "Alone"}
    return {label: name for label, name in names.items() if (labels == label).any()}

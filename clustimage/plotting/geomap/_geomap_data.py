"""What a map of photos shows: clusters, days, locations and text, as lists for its script."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from clustimage._core.text import pluralize
from clustimage.plotting._colors import label_colors

__all__ = [
    "clusters_of",
    "days_of",
    "folders_of",
    "in_one_piece",
    "timestamp_names",
    "notes_of",
    "location_names",
]

DAY = 86400
DASHES = ("", "9 6", "2 6", "14 5 2 5")
NAMES = {-1: "in no cluster", -2: "no data"}


def in_one_piece(longitudes: np.ndarray) -> tuple[np.ndarray, float]:
    """Return longitudes for one map, cut where no photo is, and where its west end is.

    Places on both sides of the 180th meridian are neighbours, not a world apart: where a
    map from 0° to 360° shows them in less space, western longitudes become those beyond
    180°.

    Examples
    --------
    >>> import numpy as np
    >>> in_one_piece(np.array([178.0, -179.0]))
    (array([178., 181.]), 0.0)
    >>> in_one_piece(np.array([-5.0, 10.0]))
    (array([-5., 10.]), -180.0)
    """
    turned = np.where(longitudes < 0, longitudes + 360, longitudes)
    if len(longitudes) and np.ptp(turned) < np.ptp(longitudes):
        return turned, 0.0
    return longitudes, -180.0


def clusters_of(
    labels: np.ndarray | None,
    n: int,
    colors: Mapping[int, str] | None = None,
    names: Mapping[int, str] | None = None,
) -> list[dict[str, Any]]:
    """Return label, name, colour and size of every cluster; those of no cluster come last.

    Examples
    --------
    >>> import numpy as np
    >>> [cluster["name"] for cluster in clusters_of(np.array([-1, 0, 0]), 3)]
    ['cluster 0', 'in no cluster']
    """
    if labels is None:
        color = label_colors([0])[0]
        return [{"label": 0, "name": "all photos", "color": color, "count": n, "hollow": False}]
    known = {**NAMES, **(names or {})}
    present, sizes = np.unique(labels, return_counts=True)
    colors = label_colors(present, colors)
    rows = sorted(zip(present.tolist(), sizes.tolist(), strict=True), key=lambda row: _rank(row[0]))
    return [
        {
            "label": label,
            "name": known.get(label, f"cluster {label}" if label >= 0 else f"label {label}"),
            "color": colors[label],
            "count": size,
            "hollow": label < 0,
        }
        for label, size in rows
    ]


def _rank(label: int) -> tuple[bool, int]:
    return label < 0, abs(label)


def days_of(timestamps: np.ndarray) -> list[dict[str, Any]]:
    """Return the days on which two or more photos were taken, with their rows in order of time.

    Parameters
    ----------
    timestamps : array of shape (n,)
        Seconds since 1970-01-01; NaN where they are not known.

    Examples
    --------
    >>> import numpy as np
    >>> [(day["name"], day["rows"]) for day in days_of(np.array([90000.0, 5.0, 86400.0, np.nan]))]
    [('1970-01-02', [2, 0])]
    """
    order = np.argsort(timestamps, kind="stable")
    order = order[np.isfinite(timestamps[order])]
    number = np.floor(timestamps[order] / DAY).astype(np.int64)
    days = np.split(order, np.flatnonzero(np.diff(number)) + 1) if len(order) else []
    days = [rows for rows in days if len(rows) > 1]
    colors = _day_colors(len(days))
    return [
        {
            "name": timestamp_names(timestamps[rows[:1]])[0][:10],
            "color": color,
            "dash": DASHES[i % len(DASHES)],
            "count": len(rows),
            "rows": rows.tolist(),
        }
        for i, (rows, color) in enumerate(zip(days, colors, strict=True))
    ]


def _day_colors(n: int) -> list[str]:
    """Return a colour for each day, from the first to the last along one scale."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(color) for color in colormaps["plasma"](np.linspace(0.25, 0.82, n))]


def timestamp_names(timestamps: np.ndarray) -> list[str]:
    """Return timestamps as ``"2024-05-03 14:21:07"``, and empty where they are not known.

    Examples
    --------
    >>> import numpy as np
    >>> timestamp_names(np.array([0.0, np.nan]))
    ['1970-01-01 00:00:00', '']
    """
    known = np.isfinite(timestamps)
    seconds = np.floor(np.where(known, timestamps, 0)).astype("datetime64[s]")
    names = np.datetime_as_string(seconds, unit="s").tolist()
    return [
        name.replace("T", " ") if there else ""
        for name, there in zip(names, known.tolist(), strict=True)
    ]


def location_names(locations: np.ndarray) -> list[str]:
    """Return locations in words.

    Examples
    --------
    >>> import numpy as np
    >>> location_names(np.array([[43.5, -11.25]]))
    ['43.50000° N, 11.25000° W']
    """
    return [
        f"{abs(latitude):.5f}° {'N' if latitude >= 0 else 'S'}, "
        f"{abs(longitude):.5f}° {'E' if longitude >= 0 else 'W'}"
        for latitude, longitude in locations.tolist()
    ]


def folders_of(pathnames: Sequence[str]) -> list[str]:
    """Return the folder of each file as seen from the one that holds all of them.

    So the page does not tell where on the disk the photos are.

    Examples
    --------
    >>> folders_of(["/home/me/photos/may/1.jpg", "/home/me/photos/2.jpg"])
    ['may', '']
    """
    folders = [os.path.dirname(path) for path in map(str, pathnames)]  # noqa: PTH120
    if not folders:
        return []
    different = set(folders)
    try:
        top = os.path.commonpath(different)
    except ValueError:  # on several disks, or some with no folder at all
        return [""] * len(folders)
    seen = {
        folder: (os.path.relpath(folder, top) if folder != top else "").replace(os.sep, "/")
        for folder in different
    }
    return [seen[folder] for folder in folders]


def notes_of(n: int, n_located: int, n_dated: int | None, n_pictures: int) -> list[str]:
    """Return what is not on the map, in words.

    Examples
    --------
    >>> notes_of(9, 9, None, 5)
    ['With a picture: 5 of 9 photos, evenly over the map.']
    """
    notes = []
    if n_located < n:
        notes.append(f"Not on the map: {pluralize(n - n_located, 'photo')} without a location.")
    if n_dated is not None and n_dated < n_located:
        notes.append(f"On no line: {pluralize(n_located - n_dated, 'photo')} without a date.")
    if n_pictures < n_located:
        notes.append(
            f"With a picture: {n_pictures:,} of {pluralize(n_located, 'photo')}, evenly over "
            "the map."
        )
    return notes

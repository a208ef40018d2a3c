"""``plot_map``: photos on a map, in one HTML file that opens without a network."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from clustimage._core.errors import InvalidDataError, InvalidParameterError, MemoryLimitError
from clustimage._core.files import new_file, replacing
from clustimage._core.memory import format_bytes
from clustimage._core.parameters import named
from clustimage._core.text import pluralize
from clustimage._core.validation import check_option, check_real
from clustimage.plotting._limits import check_limit, log_limit, spread_over_map
from clustimage.plotting.geomap._geomap_data import (
    clusters_of,
    days_of,
    folders_of,
    in_one_piece,
    location_names,
    notes_of,
    timestamp_names,
)
from clustimage.plotting.geomap._geomap_page import check_tiles, make_page
from clustimage.plotting.geomap._geomap_pictures import encode_pictures, encode_some, shown_sizes

__all__ = ["MAP_NAME", "MAX_PAGE", "TITLE", "plot_map"]

MAX_PAGE = 20e6
LAST_SECOND = 253402300800
MAP_NAME = "map.html"
TITLE = "Where the photos were taken"


def plot_map(
    locations: Any,
    labels: Any = None,
    *,
    colors: Mapping[int, str] | None = None,
    pixels: np.ndarray | None = None,
    sizes: Any = None,
    filenames: Sequence[str] | None = None,
    pathnames: Sequence[str] | None = None,
    timestamps: Any = None,
    names: Mapping[int, str] | None = None,
    lines: str | None = None,
    title: str = TITLE,
    tiles: str | None = "openstreetmap",
    attribution: str = "",
    max_memory: float = MAX_PAGE,
    save_path: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    n_jobs: int = -1,
    max_images: int | str | None = "auto",
) -> str:
    """Write a map of photos as one HTML file that needs nothing else.

    Parameters
    ----------
    locations : array of shape (n, 2)
        Latitude and longitude in degrees, positive in the north and the east. Photos
        with a NaN are not on the map; a note on the page counts them.
    labels : array of shape (n,), int, optional
        Clusters. -1 (not assigned to a cluster) and other negative ones are hollow and gray.
        Without labels all points have one colour.
    colors : mapping of int to str, optional
        The colour of each label; default those of `label_colors`.
    pixels : array of shape (n, height, width) or (n, height, width, 3), uint8, optional
        Pictures; without them the page has none.
    sizes : array of shape (n, 2), optional
        Width and height of the originals, whose shape the pictures get again.
    filenames, pathnames : sequence of n str, optional
        Names, and where the files lie. The page says only in which folder below the one
        that holds all of them.
    timestamps : array of shape (n,), optional
        Seconds since 1970-01-01, by the clock that the page shows; NaN where not known.
    names : mapping of int to str, optional
        What clusters are called; default ``cluster 0`` and so on.
    lines : {"day"}, optional
        Join the photos of each day in order of time.
    title : str
        Title of the page.
    tiles : str or None, default="openstreetmap"
        Where street tiles come from: ``"openstreetmap"``, the address of another server
        with ``{z}``, ``{x}`` and ``{y}`` in it, or None for no tiles.
    attribution : str, default=""
        Whom the page names for the tiles of another server.
    max_memory : float, default=20e6
        Bytes that the file may have. The pictures become smaller for it.
    save_path : path, optional
        File to write, in a folder that exists. Default: ``map.html`` in a new folder
        below the system's temporary one.
    overwrite : bool, default=False
        Replace a file that exists.
    n_jobs : int, default=-1
        Threads that encode pictures.
    max_images : int, "auto" or None, default="auto"
        The most photos that have a picture, evenly over the map, so that every region has
        some; all have a dot, a name and a date. A note on the page and the log say so.
        ``"auto"`` is as many as fit into `max_memory` at the smallest size; None is all.

    Returns
    -------
    str
        Absolute path of the file.

    Raises
    ------
    InvalidDataError
        If no photo has a location, or no photo on the map a date for `lines`; for arrays of
        other lengths, and for degrees that are out of range.
    InvalidParameterError
        For another value that cannot be used, or a file that exists.
    MemoryLimitError
        If the page would have more than `max_memory` bytes, with the smallest pictures of
        as many photos as `max_images` tells; nothing is written then.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = plot_map([[43.47, 11.88], [43.46, 11.87]], [0, 1], save_path=folder + "/a.html")
    ...     Path(path).read_text("utf-8")[:15]
    '<!doctype html>'
    """
    check_option("lines", lines, (None, "day"))
    server = check_tiles(tiles, attribution)
    limit = check_real("max_memory", max_memory, low=0, low_open=True)
    check_limit("max_images", max_images, auto=1)
    if not isinstance(title, str):
        raise InvalidParameterError(f"'title' must be text. Got {title!r}.")
    target = (
        None if save_path is None else new_file(save_path, overwrite=overwrite, name="save_path")
    )
    where = _check_locations(locations)
    n = len(where)
    rows = np.flatnonzero(np.isfinite(where).all(axis=1))
    if not len(rows):
        raise InvalidDataError(_no_location(n))
    when = _of_length("timestamps", timestamps, n)
    data = {
        **_points(
            where[rows], _rows_of(_of_length("labels", labels, n, np.int64), rows), colors, names
        ),
        **_words(filenames, pathnames, rows, n),
        **_times(_rows_of(when, rows), lines, len(rows)),
    }
    n_dated = data["dated"] if lines else None
    # With the longest note that there may be.
    data["notes"] = notes_of(n, len(rows), n_dated, 0 if pixels is not None else len(rows))
    bare = len(make_page(title, data, server))
    _check_size(bare, limit, len(rows))
    if pixels is not None:
        images = _check_pixels(_of_length("pixels", pixels, n, np.uint8))
        data["size"], data["tiny"] = shown_sizes(
            images.shape[1:], _rows_of(_of_length("sizes", sizes, n), rows), len(rows)
        )
        at = np.column_stack([data["lon"], data["lat"]])
        data["picture"] = _pictures(images, rows, at, limit - bare, max_images, n_jobs)
        n_pictures = sum(map(bool, data["picture"]))
        data["notes"] = notes_of(n, len(rows), n_dated, n_pictures)
        if n_pictures < len(rows):
            larger = f"A larger {named('max_memory')} has space for more."
            more = larger if max_images == "auto" else ""
            log_limit(n_pictures, len(rows), "pictures", "evenly over the map", more=more)
    page = make_page(title, data, server)
    _check_size(len(page), limit, len(rows))
    if target is None:
        target = Path(tempfile.mkdtemp(prefix="clustimage-")) / MAP_NAME
    with replacing(target) as file:
        file.write(page)
    return str(target)


def _check_size(n_bytes: int, limit: float, n: int) -> None:
    if n_bytes > limit:
        raise MemoryLimitError(
            f"The map of {pluralize(n, 'photo')} takes {format_bytes(n_bytes)}, more than "
            f"{named('max_memory')}, {format_bytes(limit)}. Give a larger {named('max_memory')}, "
            "or map fewer photos."
        )


def _check_locations(locations: Any) -> np.ndarray:
    """Return the locations as float64 (n, 2); raise where they cannot be degrees."""
    try:
        where = np.asarray(locations, dtype=np.float64)
    except (TypeError, ValueError):
        where = np.empty(0)
    if where.ndim != 2 or where.shape[1] != 2:
        raise InvalidDataError(
            "'locations' must be an array (n, 2) of latitude and longitude in degrees. Got "
            f"{type(locations).__name__} of shape {np.shape(where)}."
        )
    wrong = (np.abs(where) > [90, 180]).any(axis=1)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InvalidDataError(
            "Latitudes must be from -90 to 90 and longitudes from -180 to 180 degrees. Row "
            f"{row} of 'locations' has {where[row].tolist()}."
        )
    return where


def _of_length(name: str, values: Any, n: int, dtype: Any = np.float64) -> Any:
    """Return an array of `n` rows, or None for None."""
    if values is None:
        return None
    try:
        array = np.asarray(values, dtype=dtype)
    except (TypeError, ValueError):
        raise InvalidDataError(
            f"{name!r} must be an array of {np.dtype(dtype).name}. Got {type(values).__name__}."
        ) from None
    if array.ndim == 0 or len(array) != n:
        raise InvalidDataError(
            f"{name!r} must have a row for each of the {n:,} photos. Got shape {array.shape}."
        )
    return array


def _rows_of(values: Any, rows: np.ndarray) -> Any:
    return None if values is None else values[rows]


def _no_location(n: int) -> str:
    if not n:
        return "There is no photo to put on a map. Got 0 locations."
    return (
        f"None of the {pluralize(n, 'photo')} has a location, so that there is nothing to put on "
        "a map. "
        "A photo has one where its EXIF data hold a latitude and a longitude; many programs and "
        "services remove them."
    )


def _points(
    where: np.ndarray,
    labels: np.ndarray | None,
    colors: Mapping[int, str] | None,
    names: Mapping[int, str] | None,
) -> dict[str, Any]:
    longitudes, west = in_one_piece(where[:, 1])
    return {
        "lat": np.round(where[:, 0], 6).tolist(),
        "lon": np.round(longitudes, 6).tolist(),
        "west": west,
        "where": location_names(where),
        "label": [0] * len(where) if labels is None else labels.tolist(),
        "clusters": clusters_of(labels, len(where), colors, names),
    }


def _words(filenames: Any, pathnames: Any, rows: np.ndarray, n: int) -> dict[str, Any]:
    """Return name and folder of each photo."""
    paths = _of_length("pathnames", pathnames, n, object)
    names = _of_length("filenames", filenames, n, object)
    if names is None and paths is not None:
        names = np.array([Path(str(path)).name for path in paths], dtype=object)
    if names is None:
        names = np.array([f"photo {row}" for row in range(n)], dtype=object)
    folders = [""] * len(rows) if paths is None else folders_of(paths[rows])
    return {"name": [str(name) for name in names[rows]], "folder": folders}


def _times(when: np.ndarray | None, lines: str | None, n: int) -> dict[str, Any]:
    """Return the date of each photo, the order in which they follow, and the days."""
    if when is not None:
        # What is beyond the year 9999 is not a date.
        when = np.where(np.abs(when) < LAST_SECOND, when, np.nan)
    dated = 0 if when is None else int(np.isfinite(when).sum())
    if lines and not dated:
        raise InvalidDataError(
            f"None of the {pluralize(n, 'photo')} on the map has a date, so that no lines can join "
            "those of one day. Leave 'lines' at None."
        )
    if when is None:
        when = np.full(n, np.nan)
    return {
        "when": timestamp_names(when),
        "order": np.argsort(when, kind="stable").tolist(),
        "dated": dated,
        "days": days_of(when) if lines else [],
    }


def _check_pixels(images: np.ndarray) -> np.ndarray:
    """Return images as (n, height, width) or (n, height, width, 3)."""
    if images.ndim == 4 and images.shape[3] == 1:
        return images[..., 0]
    if images.ndim != 3 and not (images.ndim == 4 and images.shape[3] == 3):
        raise InvalidDataError(
            "'pixels' must be images, (n, height, width) or (n, height, width, 3). Got shape "
            f"{images.shape}."
        )
    return images


def _pictures(
    images: np.ndarray,
    rows: np.ndarray,
    locations: np.ndarray,
    space: float,
    limit: int | str | None,
    n_jobs: int,
) -> list[str]:
    """Return the picture of each of `rows` as text, empty for those that have none."""
    # Beside each picture: quotes and a comma, and its size as "[240,160],".
    space -= 14 * len(rows) + 60
    if limit == "auto":
        some, texts = encode_some(images, space, rows=rows, locations=locations, n_jobs=n_jobs)
    else:
        some = np.arange(len(rows)) if limit is None else spread_over_map(locations, int(limit))
        texts = encode_pictures(images, space, rows=rows[some], n_jobs=n_jobs)
    pictures = [""] * len(rows)
    for i, text in zip(some.tolist(), texts, strict=True):
        pictures[i] = text
    return pictures

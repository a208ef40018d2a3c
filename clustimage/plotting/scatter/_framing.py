"""The frame of the map: limits, the size of the pictures on it, and where they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from clustimage.plotting.scatter._positions import MAX_HIDDEN_SHARE, position_pictures
from clustimage.plotting.scatter._thumbnails import size_in_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Layout", "make_layout"]

MIN_PICTURE_POINTS = 30.0
MIN_THUMBNAIL_POINTS = 12.0
# Points between two pictures, frames included.
GAP = 8.0
# What pictures may take of the map: all of them of its area, one of a side, or else they shrink.
MAX_AREA_SHARE, MAX_SIDE_SHARE = 0.3, 0.3


class Layout(NamedTuple):
    """The layout of a map.

    Attributes
    ----------
    unit : float
        Length of a point (1/72 inch) in units of the map.
    picture, thumbnail : (float, float)
        Height and width in points of the picture of a cluster, and of an image drawn
        instead of its dot; (0, 0) where none is drawn.
    offsets : array of shape (k, 2)
        How far, in points, the picture of each cluster lies from its centre.
    """

    unit: float
    picture: tuple[float, float]
    thumbnail: tuple[float, float]
    offsets: np.ndarray


def make_layout(
    ax: Axes,
    xycoord: np.ndarray,
    labels: np.ndarray,
    centers: np.ndarray,
    *,
    picture: Sequence[int] | None,
    thumbnail: Sequence[int] | None,
    zoom: float | None,
    free: bool,
) -> Layout:
    """Frame the map, a little wider where that uncovers dots, and position the pictures.

    Parameters
    ----------
    ax : Axes
        The map.
    xycoord, labels : arrays of shape (n, 2) and (n,)
        Positions of the images, and their clusters.
    centers : array of shape (k, 2)
        Where the pictures of clusters belong.
    picture, thumbnail : (int, int, ...), optional
        Shape in pixels of the pictures of clusters, and of the images.
    zoom : float, optional
        Points per pixel; see `draw_map`.
    free : bool
        Whether the limits may follow when the figure changes its shape.
    """
    size = _size(ax)
    none = (0.0, 0.0)
    points = small = none
    if zoom is not None and picture is not None:
        points = size_in_points(picture[:2], zoom, least=MIN_PICTURE_POINTS)
        points = _fitting(points, len(centers), size)
    if zoom is not None and thumbnail is not None:
        small = _fitting(size_in_points(thumbnail[:2], zoom, least=MIN_THUMBNAIL_POINTS), 1, size)
    margin = max(24.0, *points, *small) / 2 + 8
    box = (points[1] + GAP, points[0] + GAP)
    tries: list[tuple[float, float, np.ndarray]] = []
    for wider in (0.0, 0.5):
        outside = margin + wider * max(points)
        unit = _frame_the_map(ax, xycoord, margin=outside, free=free)
        low = np.array([ax.get_xlim()[0], ax.get_ylim()[0]])
        wanted = (centers - low) / unit
        map_size = (float(size[0]), float(size[1]))
        found = position_pictures(wanted, box, (xycoord - low) / unit, labels, map_size)
        tries.append((found.hidden, outside, found.positions - wanted))
        if found.hidden <= MAX_HIDDEN_SHARE:
            break
    _, outside, offsets = min(tries, key=lambda one: one[0])
    return Layout(_frame_the_map(ax, xycoord, margin=outside, free=free), points, small, offsets)


def _size(ax: Axes) -> np.ndarray:
    """Return width and height of axes, in points."""
    box = ax.get_window_extent()
    return np.array([box.width, box.height]) * 72 / ax.figure.figure.dpi


def _fitting(points: tuple[float, float], n: int, size: np.ndarray) -> tuple[float, float]:
    """Return height and width of `n` pictures, smaller where they would fill the map."""
    high, wide = points
    taken = n * (wide + GAP) * (high + GAP) / (MAX_AREA_SHARE * size.prod())
    shrink = min(1.0, taken**-0.5 if taken else 1.0, *(MAX_SIDE_SHARE * size / (wide, high)))
    return high * shrink, wide * shrink


def _frame_the_map(ax: Axes, xycoord: np.ndarray, *, margin: float, free: bool) -> float:
    """Set limits, equal aspect and a quiet frame; return the length of a point on the map."""
    if not len(xycoord):
        xycoord = np.zeros((1, 2))
    low, high = xycoord.min(axis=0), xycoord.max(axis=0)
    middle, span = (low + high) / 2, high - low
    span = np.where(span > 0, span, span.max() or 1.0)
    size = _size(ax)
    inner = np.maximum(size - 2 * margin, size / 4)
    unit = float((span / inner).max())
    # Limits of the box's own shape: equal aspect then changes nothing that was measured here.
    half = size * unit / 2
    ax.set_xlim(middle[0] - half[0], middle[0] + half[0])
    ax.set_ylim(middle[1] - half[1], middle[1] + half[1])
    ax.set_aspect("equal", adjustable="datalim" if free else "box")
    ax.set_xticks([])
    ax.set_yticks([])
    for side in ax.spines.values():
        side.set_color("#cccccc")
    return unit

"""The map of all images, coloured by cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from clustimage._errors import InvalidDataError
from clustimage._validation import check_bool, check_real
from clustimage.plotting._colors import label_colors
from clustimage.plotting._figure import check_cmap, count, new_axes
from clustimage.plotting._legend import draw_legend
from clustimage.plotting._montage import colorize
from clustimage.plotting._placing import MAY_HIDE, place_pictures
from clustimage.plotting._queries import draw_stars
from clustimage.plotting._thumbnails import (
    draw_all,
    draw_pictures,
    size_in_points,
    write_on_map,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = ["draw_map"]

MAX_PICTURES = 100
LEAST_PICTURE = 30.0
LEAST_THUMBNAIL = 12.0
# Points between two pictures, frames included.
GAP = 8.0


def draw_map(
    xycoord: np.ndarray,
    labels: np.ndarray,
    *,
    images: np.ndarray | None = None,
    pictures: Mapping[int, np.ndarray] | None = None,
    centers: Mapping[int, np.ndarray] | None = None,
    queries: Mapping[str, np.ndarray] | None = None,
    zoom: float | None = 0.3,
    dotsize: float = 15,
    legend: bool = False,
    text: bool = True,
    density: bool = False,
    cmap: str | Colormap | None = None,
    axis_name: str | None = None,
    figsize: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> tuple[Figure, Axes]:
    """Draw images as points of a map, coloured by cluster.

    Parameters
    ----------
    xycoord : array of shape (n, 2)
        Places of the images; those that are not finite are not drawn.
    labels : array of shape (n,)
        Clusters; negative ones are gray.
    images : array of shape (n, height, width) or (n, height, width, 3), uint8, optional
        Drawn instead of the dots, all as one picture.
    pictures : mapping of int to array of shape (height, width[, 3]), uint8, optional
        One picture per cluster, the 100 first clusters at most. Drawn at its centre, or,
        where it would hide more than three tenths of the dots of a cluster or another
        picture, beside the dots, with a thin line to the centre.
    centers : mapping of int to array of shape (2,), optional
        Centres of clusters; default the mean of the places of their images.
    queries : mapping of str to array of shape (2,), optional
        Names and places of new images, drawn as stars; the first 30 are named.
    zoom : float or None, default=0.3
        Width of a pixel of a picture in points (1/72 inch). Pictures of clusters are
        never smaller than 30 points, other images never smaller than 12. None draws
        neither.
    dotsize : float, default=15
        Area of a dot, in square points.
    legend : bool, default=False
        List colours, clusters and sizes beside the map (60 clusters at most).
    text : bool, default=True
        Write the labels of the clusters (the 100 first).
    density : bool, default=False
        Draw shades behind: a Gaussian kernel density, its bandwidth
        0.6 times Scott's, as a map of clusters has more than one peak.
    cmap : str or Colormap, optional
        For gray images; default ``"gray"``.
    axis_name : str, optional
        What the axes are, for example ``"t-SNE"``.
    figsize : (float, float), optional
        Inches of a new figure; default (11, 8.5).
    ax : Axes, optional
        Where to draw.

    Raises
    ------
    InvalidDataError
        If the places have no label each, or are not two numbers each.
    InvalidParameterError
        For a `zoom`, `dotsize`, `cmap` or `ax` that cannot be used.
    """
    xycoord, labels = np.asarray(xycoord, dtype=float), np.asarray(labels)
    if xycoord.ndim != 2 or xycoord.shape != (len(labels), 2):
        raise InvalidDataError(
            f"Each image needs two coordinates and a label. Got coordinates of shape "
            f"{xycoord.shape} and {len(labels)} labels."
        )
    zoom = None if zoom is None else check_real("zoom", zoom, low=0, low_open=True)
    dotsize = check_real("dotsize", dotsize, low=0)
    legend, density = check_bool("legend", legend), check_bool("density", density)
    text = check_bool("text", text)
    check_cmap(cmap)
    on_map = np.isfinite(xycoord).all(axis=1)
    seen, known = xycoord[on_map], labels[on_map]
    colors = label_colors(labels)
    middle = _centers(seen, known, centers)

    own = ax is None
    fig, ax = new_axes(ax, figsize=figsize or (11, 8.5))
    names = draw_legend(ax, labels, colors, make_room=own) if legend else 0
    if own:
        fig.subplots_adjust(left=0.04, right=0.97 - 0.115 * names, bottom=0.05, top=0.93)
    shown = list(middle)[:MAX_PICTURES]
    framed = [] if zoom is None else [label for label in shown if label in (pictures or {})]
    spots = np.array([middle[label] for label in framed]).reshape(-1, 2)
    points, margin = _sizes(pictures[framed[0]] if pictures and framed else None, images, zoom)
    unit, offsets = _lay_out(ax, seen, known, spots, points, margin=margin, free=own)
    if density:
        _shade(ax, seen)
    if images is None or zoom is None:
        _dots(ax, seen, known, colors, dotsize)
    elif on_map.any():
        small = size_in_points(images.shape[1:3], zoom, least=LEAST_THUMBNAIL)
        rgb = np.array([_rgb(colors[int(label)]) for label in labels], dtype=np.uint8)
        draw_all(ax, images, xycoord, points=small, unit=unit, colors=rgb, cmap=cmap)
    if pictures and framed:
        draw_pictures(
            ax,
            colorize(np.stack([pictures[label] for label in framed]), cmap),
            spots,
            offsets,
            points=points,
            colors=[colors[label] for label in framed],
            names=[str(label) for label in framed] if text else None,
        )
    for label in shown if text else []:
        if label not in framed:
            write_on_map(ax, str(label), middle[label])
    draw_stars(ax, queries or {})
    _words(ax, labels, int(len(labels) - on_map.sum()), axis_name)
    return fig, ax


def _rgb(color: str) -> list[int]:
    return [int(color[i : i + 2], 16) for i in (1, 3, 5)]


def _centers(
    xycoord: np.ndarray, labels: np.ndarray, given: Mapping[int, np.ndarray] | None
) -> dict[int, np.ndarray]:
    """Return the centre of each cluster that is on the map."""
    given = given or {}
    clusters = [int(label) for label in np.unique(labels) if label >= 0]
    middle = {
        label: np.asarray(given[label], dtype=float)
        if label in given
        else xycoord[labels == label].mean(axis=0)
        for label in clusters
    }
    return {label: place for label, place in middle.items() if np.isfinite(place).all()}


def _sizes(
    picture: np.ndarray | None, images: np.ndarray | None, zoom: float | None
) -> tuple[tuple[float, float], float]:
    """Return height and width of a picture, and the margin in which no image is cut, in points."""
    points, sides = (0.0, 0.0), [24.0]
    if zoom is not None and picture is not None:
        points = size_in_points(picture.shape[:2], zoom, least=LEAST_PICTURE)
    if zoom is not None and images is not None:
        sides.extend(size_in_points(images.shape[1:3], zoom, least=LEAST_THUMBNAIL))
    return points, max(*sides, *points) / 2 + 8


def _lay_out(
    ax: Axes,
    xycoord: np.ndarray,
    labels: np.ndarray,
    centers: np.ndarray,
    points: tuple[float, float],
    *,
    margin: float,
    free: bool,
) -> tuple[float, np.ndarray]:
    """Frame the map, a little wider where that uncovers dots, and place the pictures.

    Returns the length of a point on the map and, in points, how far each picture
    lies from its centre.
    """
    tries: list[tuple[float, float, np.ndarray]] = []
    for wider in (0.0, 0.5):
        outside = margin + wider * max(points)
        unit = _frame_the_map(ax, xycoord, margin=outside, free=free)
        limits = np.array([ax.get_xlim(), ax.get_ylim()])
        wanted = (centers - limits[:, 0]) / unit
        wide, high = (limits[:, 1] - limits[:, 0]) / unit
        dots = (xycoord - limits[:, 0]) / unit
        box = (points[1] + GAP, points[0] + GAP)
        placing = place_pictures(wanted, box, dots, labels, (wide, high))
        tries.append((placing.hidden, outside, placing.places - wanted))
        if placing.hidden <= MAY_HIDE:
            break
    _, outside, offsets = min(tries, key=lambda one: one[0])
    return _frame_the_map(ax, xycoord, margin=outside, free=free), offsets


def _frame_the_map(ax: Axes, xycoord: np.ndarray, *, margin: float, free: bool) -> float:
    """Set limits, equal aspect and a quiet frame; return the length of a point on the map."""
    if not len(xycoord):
        xycoord = np.zeros((1, 2))
    low, high = xycoord.min(axis=0), xycoord.max(axis=0)
    middle, span = (low + high) / 2, high - low
    span = np.where(span > 0, span, span.max() or 1.0)
    box = ax.get_window_extent()
    size = np.array([box.width, box.height]) * 72 / ax.figure.figure.dpi
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


def _dots(
    ax: Axes, xycoord: np.ndarray, labels: np.ndarray, colors: Mapping[int, str], size: float
) -> None:
    """Draw the unclustered images below, small and pale, and the others above."""
    for noise in (True, False):
        some = (labels < 0) == noise
        if some.any():
            ax.scatter(
                xycoord[some, 0],
                xycoord[some, 1],
                s=size * (0.6 if noise else 1),
                c=[colors[int(label)] for label in labels[some]],
                alpha=0.6 if noise else 0.85,
                linewidths=0,
                zorder=1.5 if noise else 2,
                rasterized=bool(some.sum() > 20_000),
            )


def _shade(ax: Axes, xycoord: np.ndarray) -> None:
    """Draw the density of the places, where they have an area."""
    from scipy.stats import gaussian_kde

    if len(xycoord) < 3 or np.linalg.matrix_rank(np.cov(xycoord.T)) < 2:
        return
    # Two thousand places, evenly taken, give the same picture as all of them.
    some = xycoord[:: max(1, len(xycoord) // 2000)]
    x, y = np.linspace(*ax.get_xlim(), 100), np.linspace(*ax.get_ylim(), 100)
    grid = np.stack(np.meshgrid(x, y)).reshape(2, -1)
    kernel = gaussian_kde(some.T)
    kernel.set_bandwidth(0.6 * kernel.factor)
    height = kernel(grid).reshape(100, 100)
    levels = height.max() * np.linspace(0.04, 1, 9)
    ax.contourf(x, y, height, levels=levels, cmap="Greys", alpha=0.3, zorder=0.5)
    ax.contour(x, y, height, levels=levels[:-1], colors="#b0b0b0", linewidths=0.4, zorder=0.6)


def _words(ax: Axes, labels: np.ndarray, not_placed: int, axis_name: str | None) -> None:
    """Write the title with its numbers, and what the axes are."""
    clusters, noise = len(np.unique(labels[labels >= 0])), int((labels < 0).sum())
    title = f"{count(len(labels), 'image')} in {count(clusters, 'cluster')}"
    if noise:
        title += f", {noise:,} unclustered"
    if not_placed:
        title += f", {not_placed:,} without a place on the map"
    ax.set_title(title, fontsize=13)
    if axis_name:
        ax.set_xlabel(f"{axis_name} 1", fontsize=9, color="#666666")
        ax.set_ylabel(f"{axis_name} 2", fontsize=9, color="#666666")

"""The map of all images, coloured by cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from clustimage._errors import InvalidDataError
from clustimage._validation import check_bool, check_real
from clustimage._words import count
from clustimage.plotting._colors import label_colors
from clustimage.plotting._figure import check_cmap, check_figsize, fitting_size, new_axes
from clustimage.plotting._framing import lay_out
from clustimage.plotting._legend import draw_legend
from clustimage.plotting._montage import colorize
from clustimage.plotting._queries import draw_stars
from clustimage.plotting._thumbnails import draw_all, draw_pictures, write_on_map

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = ["draw_map"]

MAX_PICTURES = 100
# Points left, right, below and above the map in a figure that is large enough.
MARGINS = (31, 24, 30, 43)


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
        Names and places of new images, drawn as stars. The first 20 are named, without
        those whose names would lie on another one.
    zoom : float or None, default=0.3
        Width of a pixel of a picture in points (1/72 inch). Pictures of clusters are
        not smaller than 30 points, other images not smaller than 12; they shrink where
        they would fill the map. None draws neither.
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
        Inches of a new figure; default (11, 8.5). Not together with `ax`.
    ax : Axes, optional
        Where to draw. The legend takes its place from these axes.

    Raises
    ------
    InvalidDataError
        If the places have no label each, or are not two numbers each.
    InvalidParameterError
        For a `zoom`, `dotsize`, `cmap`, `figsize` or `ax` that cannot be used.
    """
    xycoord, labels = _checked(xycoord, labels)
    zoom = None if zoom is None else check_real("zoom", zoom, low=0, low_open=True)
    dotsize = check_real("dotsize", dotsize, low=0)
    legend, density = check_bool("legend", legend), check_bool("density", density)
    text, figsize, _ = check_bool("text", text), check_figsize(figsize, ax), check_cmap(cmap)
    on_map = np.isfinite(xycoord).all(axis=1)
    seen, known = xycoord[on_map], labels[on_map]
    colors = label_colors(labels)
    middle = _centers(seen, known, centers)
    shown = list(middle)[:MAX_PICTURES]
    framed = [] if zoom is None else [label for label in shown if label in (pictures or {})]
    tiles = colorize(np.stack([pictures[i] for i in framed]), cmap) if pictures and framed else None
    spots = np.array([middle[label] for label in framed]).reshape(-1, 2)

    own = ax is None
    fig, ax = _new_map(figsize) if ax is None else new_axes(ax)
    if legend:
        draw_legend(ax, labels, colors)
    layout = lay_out(
        ax,
        seen,
        known,
        spots,
        picture=None if tiles is None else tiles.shape[1:],
        thumbnail=None if images is None else images.shape[1:],
        zoom=zoom,
        free=own,
    )
    if density:
        _shade(ax, seen)
    if images is None or zoom is None:
        _dots(ax, seen, known, colors, dotsize)
    elif on_map.any():
        size, unit, rgb = layout.thumbnail, layout.unit, _rgb(colors, labels)
        draw_all(ax, images, xycoord, points=size, unit=unit, colors=rgb, cmap=cmap)
    if tiles is not None:
        names = [str(label) for label in framed] if text else None
        frames = [colors[label] for label in framed]
        draw_pictures(
            ax, tiles, spots, layout.offsets, points=layout.picture, colors=frames, names=names
        )
    for label in [label for label in shown if text and label not in framed]:
        write_on_map(ax, str(label), middle[label])
    draw_stars(ax, queries or {})
    _words(ax, labels, int(len(labels) - on_map.sum()), axis_name)
    return fig, ax


def _checked(xycoord: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    xycoord, labels = np.asarray(xycoord, dtype=float), np.asarray(labels)
    if xycoord.ndim != 2 or xycoord.shape != (len(labels), 2):
        raise InvalidDataError(
            f"Each image needs two coordinates and a label. Got coordinates of shape "
            f"{xycoord.shape} and {len(labels)} labels."
        )
    return xycoord, labels


def _new_map(figsize: tuple[float, float]) -> tuple[Figure, Axes]:
    """Open a figure; its margins, in points, hold the title and the names of the axes."""
    # Whatever the user's settings are: an engine would change what is measured here.
    fig, ax = new_axes(figsize=figsize, layout="none")
    wide, high = fig.get_size_inches() * 72
    left, right, bottom, top = (min(one, 0.1 * min(wide, high)) for one in MARGINS)
    bottom, top = max(bottom, 22), max(top, 26)
    ax.set_position(
        (left / wide, bottom / high, 1 - (left + right) / wide, 1 - (bottom + top) / high)
    )
    return fig, ax


def _rgb(colors: Mapping[int, str], labels: np.ndarray) -> np.ndarray:
    """Return the colour of each label, of shape (n, 3), uint8."""
    parts = {
        label: [int(color[i : i + 2], 16) for i in (1, 3, 5)] for label, color in colors.items()
    }
    return np.array([parts[int(label)] for label in labels], dtype=np.uint8)


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
    ax.set_title(title, fontsize=fitting_size(ax, title, 13))
    if axis_name:
        ax.set_xlabel(f"{axis_name} 1", fontsize=9, color="#666666")
        ax.set_ylabel(f"{axis_name} 2", fontsize=9, color="#666666")

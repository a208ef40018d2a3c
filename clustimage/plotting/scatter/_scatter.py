"""The map of all images, coloured by cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.text import pluralize
from clustimage._core.validation import check_bool, check_real
from clustimage.plotting._cluster_names import cluster_words
from clustimage.plotting._colors import label_colors
from clustimage.plotting._figure import check_cmap, check_figsize, fitting_size, new_axes
from clustimage.plotting._limits import apart, check_limit, log_limit, one_per_cell
from clustimage.plotting._montage import colorize
from clustimage.plotting.scatter._dots import draw_density, draw_dots, to_rgb
from clustimage.plotting.scatter._framing import Layout, make_layout
from clustimage.plotting.scatter._legend import draw_legend
from clustimage.plotting.scatter._queries import draw_stars
from clustimage.plotting.scatter._thumbnails import draw_all, draw_pictures, write_on_map

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = ["MAX_PICTURES", "MAX_THUMBNAILS", "draw_map"]

MAX_PICTURES, MAX_THUMBNAILS = 100, 2_000
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
    colors: Mapping[int, str] | None = None,
    names: Mapping[int, str] | None = None,
    axis_name: str | None = None,
    figsize: tuple[float, float] | None = None,
    ax: Axes | None = None,
    max_images: int | str | None = "auto",
) -> tuple[Figure, Axes]:
    """Draw images as points of a map, coloured by cluster.

    Parameters
    ----------
    xycoord : array of shape (n, 2)
        Places of the images; those that are not finite are not drawn.
    labels : array of shape (n,)
        Clusters; negative ones are gray.
    images : array of shape (n, height, width) or (n, height, width, 3), uint8, optional
        Drawn instead of the dots, all as one picture; see `max_images`.
    pictures : mapping of int to array of shape (height, width[, 3]), uint8, optional
        One picture per cluster, the 100 first clusters at most. Drawn at its centre, or,
        where it would hide more than three tenths of the dots of a cluster or another
        picture, beside the dots, with a thin line to the centre.
    centers : mapping of int to array of shape (2,), optional
        Centres of clusters; default the mean of the positions of their images.
    queries : mapping of str to array of shape (2,), optional
        Names and positions of new images, drawn as stars. The first 20 are named, without
        those whose names would lie on another one.
    zoom : float or None, default=0.3
        Width of a pixel of a picture in points (1/72 inch). Pictures of clusters are
        not smaller than 30 points, other images not smaller than 12; they shrink where
        they would fill the map. None draws neither.
    dotsize : float, default=15
        Area of a dot, in square points. Of more than 5,000 dots each is smaller: by
        ``(5000 / n) ** 0.75``.
    legend : bool, default=False
        List colours, clusters and sizes beside the map (60 clusters at most).
    text : bool, default=True
        Write the labels of the clusters (the 100 first).
    density : bool, default=False
        Draw shades behind: a Gaussian kernel density, its bandwidth
        0.6 times Scott's, as a map of clusters has more than one peak.
    cmap : str or Colormap, optional
        For gray images; default ``"gray"``.
    colors : mapping of int to str, optional
        The colour of each label; default those of `label_colors`.
    names : mapping of int to str, optional
        What clusters are called, by label.
    axis_name : str, optional
        What the axes are, for example ``"t-SNE"``.
    figsize : (float, float), optional
        Inches of a new figure; default (11, 8.5). Not together with `ax`.
    ax : Axes, optional
        Where to draw. The legend takes its space from these axes.
    max_images : int, "auto" or None, default="auto"
        The most `images`, spread evenly: of each cell of a grid over the map the one nearest
        to its middle. The others are dots below; the title and the log say so. Of a number
        the images may cover one another. ``"auto"`` draws up to 2,000 all; of more it takes
        cells as large as an image is drawn, so that none hides much of another. None draws
        all.

    Raises
    ------
    InvalidDataError
        If the positions have no label each, or are not two numbers each.
    InvalidParameterError
        For a `zoom`, `dotsize`, `cmap`, `figsize` or `ax` that cannot be used.
    """
    xycoord, labels = _checked(xycoord, labels)
    zoom = None if zoom is None else check_real("zoom", zoom, low=0, low_open=True)
    check_limit("max_images", max_images, auto=MAX_THUMBNAILS)
    dotsize = check_real("dotsize", dotsize, low=0)
    legend, density = check_bool("legend", legend), check_bool("density", density)
    text, figsize, _ = check_bool("text", text), check_figsize(figsize, ax), check_cmap(cmap)
    on_map = np.isfinite(xycoord).all(axis=1)
    seen, known = xycoord[on_map], labels[on_map]
    colors = label_colors(labels, colors)
    middle = _centers(seen, known, centers)
    shown = list(middle)[:MAX_PICTURES]
    framed = [] if zoom is None else [label for label in shown if label in (pictures or {})]
    tiles = colorize(np.stack([pictures[i] for i in framed]), cmap) if pictures and framed else None
    spots = np.array([middle[label] for label in framed]).reshape(-1, 2)

    own = ax is None
    fig, ax = _new_map(figsize) if ax is None else new_axes(ax)
    if legend:
        draw_legend(ax, labels, colors, names)
    layout = make_layout(
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
        draw_density(ax, seen)
    pixels = None if zoom is None else images
    n_drawn = _draw_images(
        ax,
        pixels,
        xycoord,
        labels,
        layout,
        dotsize=dotsize,
        cmap=cmap,
        limit=max_images,
        colors=colors,
    )
    if tiles is not None:
        words = [cluster_words(label, names) for label in framed] if text else None
        frames = [colors[label] for label in framed]
        draw_pictures(
            ax, tiles, spots, layout.offsets, points=layout.picture, colors=frames, names=words
        )
    for label in [label for label in shown if text and label not in framed]:
        write_on_map(ax, cluster_words(label, names), middle[label])
    draw_stars(ax, queries or {})
    _words(ax, labels, int(len(labels) - on_map.sum()), axis_name, n_drawn)
    return fig, ax


def _checked(xycoord: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    xycoord, labels = np.asarray(xycoord, dtype=float), np.asarray(labels)
    if xycoord.ndim != 2 or xycoord.shape != (len(labels), 2):
        raise InvalidDataError(
            f"Each image needs two coordinates and a label. Got coordinates of shape "
            f"{xycoord.shape} and {len(labels):,} labels."
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


def _draw_images(
    ax: Axes,
    images: np.ndarray | None,
    xycoord: np.ndarray,
    labels: np.ndarray,
    layout: Layout,
    *,
    dotsize: float,
    cmap: str | Colormap | None,
    limit: int | str | None,
    colors: Mapping[int, str],
) -> int | None:
    """Draw the images themselves, and a dot for each that is not; return how many of the first.

    None where there is no more to say: for dots alone, and where all images are drawn.
    """
    rows = np.flatnonzero(np.isfinite(xycoord).all(axis=1))
    drawn = rows[:0] if images is None else _choose(rows, xycoord, layout, limit)
    rest = np.setdiff1d(rows, drawn, assume_unique=True)
    draw_dots(ax, xycoord[rest], labels[rest], colors, dotsize)
    if images is None or not len(drawn):
        return None
    draw_all(
        ax,
        images,
        xycoord,
        points=layout.thumbnail,
        unit=layout.unit,
        colors=to_rgb(colors, labels),
        cmap=cmap,
        rows=drawn,
    )
    if not len(rest):
        return None
    log_limit(len(drawn), len(rows), "images", "one for each position, evenly over the map")
    return len(drawn)


def _choose(
    rows: np.ndarray, xycoord: np.ndarray, layout: Layout, limit: int | str | None
) -> np.ndarray:
    """Return the rows of the images to draw instead of their dots, ascending."""
    most = MAX_THUMBNAILS if isinstance(limit, str) else limit
    if most is None or len(rows) <= most:
        return rows
    high, wide = (length * layout.unit for length in layout.thumbnail)
    if most == limit:
        return np.sort(rows[one_per_cell(xycoord[rows], (wide, high), most, least=0.001)])
    chosen = rows[one_per_cell(xycoord[rows], (wide, high), most)]
    return np.sort(chosen[apart(xycoord[chosen], (wide, high))])


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
    return {label: center for label, center in middle.items() if np.isfinite(center).all()}


def _words(
    ax: Axes, labels: np.ndarray, n_missing: int, axis_name: str | None, n_drawn: int | None
) -> None:
    """Write the title with its numbers, and what the axes are."""
    clusters, noise = len(np.unique(labels[labels >= 0])), int((labels < 0).sum())
    title = f"{pluralize(len(labels), 'image')} in {pluralize(clusters, 'cluster')}"
    if noise:
        title += f", {noise:,} unclustered"
    if n_missing:
        title += f", {n_missing:,} without a position on the map"
    if n_drawn is not None:
        title += f": showing {n_drawn:,}, evenly over the map"
    ax.set_title(title, fontsize=fitting_size(ax, title, 13))
    if axis_name:
        ax.set_xlabel(f"{axis_name} 1", fontsize=9, color="#666666")
        ax.set_ylabel(f"{axis_name} 2", fontsize=9, color="#666666")

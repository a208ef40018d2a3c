"""Images on a map: all of them as one picture, or one framed picture per cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from clustimage.plotting._figure import halo
from clustimage.plotting._fonts import font_of
from clustimage.plotting._montage import colorize, fit_side
from clustimage.plotting._pictures import row_pixels

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.image import AxesImage

__all__ = ["draw_all", "draw_pictures", "paste", "size_in_points", "write_on_map"]

# Pixels per typographic point of what is drawn: 2 is 144 pixels per inch.
DENSITY = 2.0
MAX_SIDE = 4096


def size_in_points(shape: Sequence[int], zoom: float, *, least: float) -> tuple[float, float]:
    """Return height and width of a drawn image, in points (1/72 inch).

    A pixel is `zoom` points wide, whatever the dots per inch; the longer side is
    never shorter than `least`.

    Examples
    --------
    >>> size_in_points((100, 200), 0.3, least=24)
    (30.0, 60.0)
    """
    height, width = shape[0], shape[1]
    scale = max(zoom, least / max(height, width))
    return height * scale, width * scale


def paste(canvas: np.ndarray, images: np.ndarray, centers: np.ndarray, colors: np.ndarray) -> None:
    """Paste framed images into a picture, in place; later ones cover earlier ones.

    Parameters
    ----------
    canvas : array of shape (height, width, 4), uint8
        RGBA; alpha becomes 255 where an image lies.
    images : array of shape (n, height, width, 3), uint8
        RGB tiles.
    centers : array of shape (n, 2)
        Where their centres go, ``(x, y)`` in pixels from the upper left corner. What
        would half over the border is moved inside.
    colors : array of shape (n, 3), uint8
        Colours of the frames.
    """
    _, height, width, _ = images.shape
    rim = max(1, max(height, width) // 20)
    corners = np.rint(centers - [width / 2, height / 2]).astype(int)
    limit = np.subtract(canvas.shape[1::-1], (width, height))
    for i, (x, y) in enumerate(np.clip(corners, 0, np.maximum(limit, 0))):
        spot = canvas[y : y + height, x : x + width]
        tile = images[i, : spot.shape[0], : spot.shape[1]]
        spot[..., 3] = 255
        spot[..., :3] = colors[i]
        spot[rim:-rim, rim:-rim, :3] = tile[rim:-rim, rim:-rim]


def draw_all(
    ax: Axes,
    images: np.ndarray,
    xycoord: np.ndarray,
    *,
    points: tuple[float, float],
    unit: float,
    colors: np.ndarray,
    cmap: str | Colormap | None = None,
    rows: np.ndarray | None = None,
) -> AxesImage:
    """Draw images at their positions, all of them as one artist, read a few at a time.

    Parameters
    ----------
    ax : Axes
        The map.
    images : array of shape (n, height, width) or (n, height, width, 3), uint8
        Gray or RGB.
    xycoord : array of shape (n, 2)
        Positions on the map.
    points : (float, float)
        Height and width of an image, in points.
    unit : float
        Length of a point in units of the map.
    colors : array of shape (n, 3), uint8
        Colours of the frames.
    cmap : str or Colormap, optional
        For gray images.
    rows : array of shape (m,), int, optional
        Which images, ascending; default is all whose position is finite.
    """
    if rows is None:
        rows = np.flatnonzero(np.isfinite(xycoord).all(axis=1))
    low, high = xycoord[rows].min(axis=0), xycoord[rows].max(axis=0)
    half = np.array([points[1], points[0]]) * unit / 2
    low, high = low - half, high + half
    span = (high - low) / unit
    density = min(DENSITY, MAX_SIDE / span.max())
    side = max(4, round(max(points) * density))
    shape = fit_side(colorize(images[rows[:1]]), side).shape
    # Tiles shrink by whole factors only; the canvas follows, so that they keep their size.
    density = max(shape[1:3]) / max(points)
    wide, tall = np.ceil(span * density).astype(int)
    positions = (xycoord - [low[0], high[1]]) / unit * [density, -density]
    canvas = np.zeros((int(tall), int(wide), 4), dtype=np.uint8)
    for at, pixels in row_pixels(images, rows):
        some = rows[at]
        paste(canvas, fit_side(colorize(pixels, cmap), side), positions[some], colors[some])
    return ax.imshow(
        canvas,
        extent=(low[0], low[0] + wide / density * unit, high[1] - tall / density * unit, high[1]),
        aspect="equal",
        zorder=2.5,
    )


def draw_pictures(
    ax: Axes,
    images: np.ndarray,
    centers: np.ndarray,
    offsets: np.ndarray,
    *,
    points: tuple[float, float],
    colors: Sequence[str],
    names: Sequence[str] | None,
) -> list[Artist]:
    """Draw a framed picture for each cluster; a thin line leads to a centre that it leaves.

    Parameters
    ----------
    ax : Axes
        The map.
    images : array of shape (k, height, width, 3), uint8
        RGB.
    centers : array of shape (k, 2)
        Positions on the map.
    offsets : array of shape (k, 2)
        How far the pictures lie from there, ``(x, y)`` in points.
    points : (float, float)
        Height and width of a picture, in points.
    colors : sequence of k str
        Colours of the frames.
    names : sequence of k str, optional
        Written on the upper left corner of the pictures, with a white rim.
    """
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    high, wide = points
    tiles = fit_side(images, max(16, round(max(points) * DENSITY)))
    zoom = max(points) / max(tiles.shape[1:3])
    boxes: list[Artist] = []
    for i, (tile, center, offset) in enumerate(zip(tiles, centers, offsets, strict=True)):
        far = abs(offset[0]) > wide / 2 or abs(offset[1]) > high / 2
        box = AnnotationBbox(
            OffsetImage(tile, zoom=zoom),
            tuple(center),
            xybox=tuple(offset),
            boxcoords="offset points",
            pad=0.25,
            bboxprops={"facecolor": colors[i], "edgecolor": "white", "linewidth": 0.8},
            zorder=4,
        )
        box.set_in_layout(False)
        boxes.append(ax.add_artist(box))
        if far:
            _lead(ax, center, offset, colors[i])
        if names is not None:
            corner = (offset[0] - wide / 2, offset[1] + high / 2)
            write_on_map(ax, names[i], center, corner)
    return boxes


def _lead(ax: Axes, center: np.ndarray, offset: np.ndarray, color: str) -> None:
    """Draw a thin line from a position on the map to the picture that belongs there."""
    from matplotlib.patches import ConnectionPatch
    from matplotlib.transforms import ScaledTranslation

    away = ScaledTranslation(offset[0] / 72, offset[1] / 72, ax.figure.figure.dpi_scale_trans)
    line = ConnectionPatch(
        tuple(center),
        tuple(center),
        coordsA="data",
        coordsB=ax.transData + away,
        axesA=ax,
        color=color,
        linewidth=1,
        zorder=3,
    )
    line.set_in_layout(False)
    ax.add_artist(line)


def write_on_map(
    ax: Axes, words: str, at: Sequence[float] | np.ndarray, offset: tuple[float, float] = (0, 0)
) -> None:
    """Write the name of a cluster, bold, with a white rim; `offset` is in points."""
    ax.annotate(
        words,
        (float(at[0]), float(at[1])),
        xytext=offset,
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=11,
        fontweight="bold",
        color="black",
        path_effects=halo(),
        zorder=5,
        parse_math=False,
        in_layout=False,
        **font_of(words),
    )

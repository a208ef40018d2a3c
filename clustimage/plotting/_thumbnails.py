"""Images on a map: all of them as one picture, or one framed picture per cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from clustimage.plotting._figure import halo
from clustimage.plotting._montage import colorize, fit_side

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.image import AxesImage

__all__ = ["composite", "draw_all", "draw_pictures", "push_apart", "size_in_points"]

# Pixels per typographic point of what is drawn: 2 is 144 pixels per inch.
DENSITY = 2.0
MAX_SIDE = 4096
BATCH = 256


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


def composite(
    images: np.ndarray,
    centers: np.ndarray,
    size: tuple[int, int],
    colors: np.ndarray | None = None,
) -> np.ndarray:
    """Lay images at given places of one transparent picture; later ones cover earlier ones.

    Parameters
    ----------
    images : array of shape (n, height, width, 3), uint8
        RGB tiles.
    centers : array of shape (n, 2)
        Where their centres go, ``(x, y)`` in pixels from the upper left corner.
    size : (int, int)
        Height and width of the picture.
    colors : array of shape (n, 3), uint8, optional
        Colours of frames around the tiles.

    Returns
    -------
    array of shape (size[0], size[1], 4), uint8
        RGBA; alpha is 0 where no image lies.

    Examples
    --------
    >>> import numpy as np
    >>> tiles = np.full((1, 2, 2, 3), 9, dtype=np.uint8)
    >>> composite(tiles, np.array([[1, 1]]), (4, 4)).shape
    (4, 4, 4)
    """
    canvas = np.zeros((*size, 4), dtype=np.uint8)
    _paste(canvas, images, centers, colors)
    return canvas


def _paste(
    canvas: np.ndarray, images: np.ndarray, centers: np.ndarray, colors: np.ndarray | None
) -> None:
    """Lay images on `canvas`, in place; see `composite`."""
    _, height, width, _ = images.shape
    rim = max(1, max(height, width) // 20)
    corners = np.rint(centers - [width / 2, height / 2]).astype(int)
    room = np.subtract(canvas.shape[1::-1], (width, height))
    for i, (x, y) in enumerate(np.clip(corners, 0, np.maximum(room, 0))):
        spot = canvas[y : y + height, x : x + width]
        tile = images[i, : spot.shape[0], : spot.shape[1]]
        spot[..., 3] = 255
        if colors is None:
            spot[..., :3] = tile
        else:
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
) -> AxesImage:
    """Draw every image at its place, all of them as one artist, a few at a time.

    Parameters
    ----------
    ax : Axes
        The map.
    images : array of shape (n, height, width) or (n, height, width, 3), uint8
        Gray or RGB.
    xycoord : array of shape (n, 2)
        Places on the map; images whose place is not finite are left out.
    points : (float, float)
        Height and width of an image, in points.
    unit : float
        Length of a point in units of the map.
    colors : array of shape (n, 3), uint8
        Colours of the frames.
    cmap : str or Colormap, optional
        For gray images.
    """
    rows = np.flatnonzero(np.isfinite(xycoord).all(axis=1))
    low, high = xycoord[rows].min(axis=0), xycoord[rows].max(axis=0)
    reach = np.array([points[1], points[0]]) * unit / 2
    low, high = low - reach, high + reach
    span = (high - low) / unit
    density = min(DENSITY, MAX_SIDE / span.max())
    side = max(4, round(max(points) * density))
    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    shape = fit_side(colorize(images[rows[:1]]), side).shape
    # Tiles shrink by whole factors only; the canvas follows, so that they keep their size.
    density = max(shape[1:3]) / max(points)
    wide, tall = np.ceil(span * density).astype(int)
    places = (xycoord - [low[0], high[1]]) / unit * [density, -density]
    canvas = np.zeros((int(tall), int(wide), 4), dtype=np.uint8)
    for some in batches:
        _paste(canvas, fit_side(colorize(images[some], cmap), side), places[some], colors[some])
    return ax.imshow(
        canvas,
        extent=(low[0], low[0] + wide / density * unit, high[1] - tall / density * unit, high[1]),
        aspect="equal",
        zorder=2.5,
    )


def push_apart(centers: np.ndarray, size: tuple[float, float], rounds: int = 200) -> np.ndarray:
    """Move boxes of one size until none covers another, or `rounds` are over.

    Parameters
    ----------
    centers : array of shape (k, 2)
        Where the boxes would like to be, ``(x, y)``.
    size : (float, float)
        Width and height of a box.
    rounds : int, default=200
        When to give up; what still overlaps then stays so.

    Returns
    -------
    array of shape (k, 2)
        Where they are. Of two that overlap, each moves half of the way, along the
        axis where that way is shorter.

    Examples
    --------
    >>> import numpy as np
    >>> push_apart(np.array([[0.0, 0.0], [2.0, 1.0]]), (4, 4)).tolist()
    [[-1.0, 0.0], [3.0, 1.0]]
    """
    placed = np.array(centers, dtype=float)
    order = np.sign(np.arange(len(placed))[:, None] - np.arange(len(placed)))
    for _ in range(rounds):
        apart = placed[:, None, :] - placed[None, :, :]
        overlap = np.asarray(size, dtype=float) - np.abs(apart)
        hit = (overlap > 1e-6).all(axis=2) & (order != 0)
        if not hit.any():
            break
        along_x = overlap[..., 0] <= overlap[..., 1]
        way = np.where(apart == 0, order[..., None], np.sign(apart)) * overlap / 2
        way[..., 0] *= hit & along_x
        way[..., 1] *= hit & ~along_x
        # Boxes in a crowd are pushed by many; the mean of the pushes settles, the sum swings.
        pushes = np.maximum(hit.sum(axis=1), 1)
        placed += way.sum(axis=1) / pushes[:, None]
    return placed


def draw_pictures(
    ax: Axes,
    images: np.ndarray,
    centers: np.ndarray,
    *,
    points: tuple[float, float],
    unit: float,
    colors: Sequence[str],
    names: Sequence[str] | None,
) -> list[Artist]:
    """Draw a framed picture at the centre of each cluster, moved where two would overlap.

    Parameters
    ----------
    ax : Axes
        The map.
    images : array of shape (k, height, width, 3), uint8
        RGB.
    centers : array of shape (k, 2)
        Places on the map.
    points : (float, float)
        Height and width of a picture, in points.
    unit : float
        Length of a point in units of the map.
    colors : sequence of k str
        Colours of the frames.
    names : sequence of k str, optional
        Written on the upper left corner of the pictures, with a white rim.
    """
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    high, wide = points
    moved = push_apart(centers / unit, (wide + 8, high + 8)) - centers / unit
    tiles = fit_side(images, max(16, round(max(points) * DENSITY)))
    zoom = max(points) / max(tiles.shape[1:3])
    boxes: list[Artist] = []
    for i, (tile, center, offset) in enumerate(zip(tiles, centers, moved, strict=True)):
        far = abs(offset[0]) > wide / 2 or abs(offset[1]) > high / 2
        box = AnnotationBbox(
            OffsetImage(tile, zoom=zoom),
            tuple(center),
            xybox=tuple(offset),
            boxcoords="offset points",
            pad=0.25,
            bboxprops={"facecolor": colors[i], "edgecolor": "white", "linewidth": 0.8},
            arrowprops={"arrowstyle": "-", "color": colors[i], "linewidth": 1} if far else None,
            zorder=4,
        )
        boxes.append(ax.add_artist(box))
        if names is not None:
            corner = (offset[0] - wide / 2, offset[1] + high / 2)
            write_on_map(ax, names[i], center, corner)
    return boxes


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
    )

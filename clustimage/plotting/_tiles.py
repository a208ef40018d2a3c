"""Images as one picture on one axes, with title, captions and frames."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from clustimage.plotting._figure import new_axes, shorten
from clustimage.plotting._montage import best_ncols, colorize, fit_side, montage, tile_corners

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = ["draw_tiles", "tile_sizes"]

# What a montage may hold: 8 million pixels, 24 MB, whatever the number of images.
MAX_PIXELS = 8_000_000
FONT = 7.5
LINE = 1.35


def draw_tiles(
    images: np.ndarray,
    *,
    title: str,
    captions: Sequence[str] | None = None,
    colors: Sequence[str] | None = None,
    ncols: int | None = None,
    cmap: str | Colormap | None = None,
    ax: Axes | None = None,
    wide: float | None = None,
) -> tuple[Figure, Axes]:
    """Draw images as one picture on one axes.

    Parameters
    ----------
    images : array of shape (n, height, width) or (n, height, width, 3), uint8
        Gray or RGB.
    title : str
        Written above, as it is.
    captions : sequence of n str, optional
        Written below the images, each line shortened to the width of an image.
    colors : sequence of n str, optional
        Colours of frames around the images.
    ncols : int, optional
        Images per row; a row may stay partly empty.
    cmap : str or Colormap, optional
        For gray images; default ``"gray"``.
    ax : Axes, optional
        Where to draw; default is a new figure that fits the images.
    wide : float, optional
        Width of an image on `ax`, in inches; default is measured.
    """
    images = colorize(images, cmap)
    n = len(images)
    images = fit_side(images, int(np.clip(math.sqrt(MAX_PIXELS / max(n, 1)), 16, 128)))
    _, height, width, _ = images.shape
    ncols = ncols or best_ncols(n, height, width)
    nrows = -(-n // ncols)
    lines = max((caption.count("\n") + 1 for caption in captions), default=0) if captions else 0

    if ax is None:
        wide, figsize = tile_sizes(ncols, nrows, height / width, lines)
        fig, ax = new_axes(figsize=figsize, layout="constrained")
    else:
        fig, ax = new_axes(ax)
        wide = wide or _measured(ax, ncols, nrows, height / width)
    pixels_per_point = width / (wide * 72)
    gap = math.ceil(lines * LINE * FONT * pixels_per_point) if lines else 0
    pad = max(1, math.ceil(0.05 * max(height, width)))

    face = np.rint(255 * np.asarray(fig.get_facecolor()[:3])).astype(int)
    background = (int(face[0]), int(face[1]), int(face[2]))
    ax.imshow(montage(images, ncols, pad, gap=gap, background=background))
    ax.set_axis_off()
    ax.set_title(title, fontsize=11, parse_math=False)
    corners = tile_corners(n, height, width, ncols=ncols, pad=pad, gap=gap) - 0.5
    if colors is not None:
        _frame(ax, corners, height, width, colors)
    if captions is not None:
        _write(ax, corners + [width / 2, height], captions, chars=int(wide * 72 / (0.56 * FONT)))
    return fig, ax


def tile_sizes(
    ncols: int, nrows: int, tall: float, lines: int
) -> tuple[float, tuple[float, float]]:
    """Return the width of a tile and the size of the figure, in inches."""
    wide = float(np.clip(10 / ncols, 1.0 if lines else 0.3, 1.6))
    wide = min(wide, 2.4 / tall, 45 / ncols)
    words = lines * LINE * FONT / 72
    high = (wide * tall * 1.05 + words) * nrows
    if high > 45:
        wide *= 45 / high
        high = 45.0
    return wide, (max(wide * 1.05 * ncols + 0.2, 4.0), high + 0.6)


def _measured(ax: Axes, ncols: int, nrows: int, tall: float) -> float:
    """Return the width of a tile on axes that are there already, in inches."""
    box = ax.get_window_extent()
    return float(min(box.width / ncols, box.height / nrows / tall) / ax.figure.figure.dpi)


def _frame(ax: Axes, corners: np.ndarray, height: int, width: int, colors: Sequence[str]) -> None:
    """Draw a frame around each tile; all of them are one artist."""
    from matplotlib.collections import PolyCollection

    around = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    ax.add_collection(
        PolyCollection(
            list(corners[:, None, :] + around), facecolors="none", edgecolors=list(colors), lw=2.5
        ),
        autolim=False,
    )


def _write(ax: Axes, below: np.ndarray, captions: Sequence[str], chars: int) -> None:
    """Write captions, centred below the tiles."""
    for (x, y), caption in zip(below, captions, strict=True):
        words = "\n".join(shorten(line, max(chars, 4)) for line in caption.split("\n"))
        ax.annotate(
            words,
            (x, y),
            xytext=(0, -2.5),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=FONT,
            linespacing=1.1,
            annotation_clip=False,
            parse_math=False,
        )

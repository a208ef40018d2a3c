"""Images as one picture on one axes, with title, captions and frames."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from clustimage.plotting._figure import new_axes
from clustimage.plotting._fonts import font_of
from clustimage.plotting._montage import best_ncols, montage, tile_corners
from clustimage.plotting._pictures import Pictures
from clustimage.plotting.grids._captions import Captions, fit_captions, height_of_captions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = ["MAX_PIXELS", "TITLE", "draw_tiles", "fitted_tiles", "position_axes", "tile_sizes"]

# What a montage may hold: 8 million pixels, 24 MB, whatever the number of images.
MAX_PIXELS = 8_000_000
# Images with sides of fewer pixels are enlarged; more pixels per inch are not drawn.
MIN_SIDE_PIXELS = 64
PER_INCH = 200
# Inches: of a row of images, and the side of a square one.
ROW, MAX_INCHES_OF_IMAGE = 10.0, 1.6
# Images with a second picture that has details: inches of a square one, columns, and the rows
# beyond which there are more columns.
MAX_DECORATED_INCHES, MAX_DECORATED_COLUMNS, MAX_DECORATED_ROWS = 2.4, 4, 25
# Inches: no figure is longer, and what a title takes.
MAX_INCHES = 45.0
TITLE = 0.4


def draw_tiles(
    images: np.ndarray | Pictures,
    *,
    title: str,
    captions: Sequence[str] | Captions | None = None,
    colors: Sequence[str] | None = None,
    ncols: int | None = None,
    cmap: str | Colormap | None = None,
    ax: Axes | None = None,
    wide: float | None = None,
    max_pixels: float = MAX_PIXELS,
) -> tuple[Figure, Axes]:
    """Draw images as one picture on one axes.

    Parameters
    ----------
    images : Pictures, or array of shape (n, height, width) or (n, height, width, 3), uint8
        Gray or RGB.
    title : str
        Written above, as it is.
    captions : Captions, or sequence of n str, optional
        Written below the images, each line fitted to the width of an image.
    colors : sequence of n str, optional
        Colours of frames around the images.
    ncols : int, optional
        Images per row; a row may stay partly empty.
    cmap : str or Colormap, optional
        For gray images in an array; default ``"gray"``.
    ax : Axes, optional
        Where to draw; default is a new figure that fits the images.
    wide : float, optional
        Width of an image on `ax`, in inches; default is measured.
    max_pixels : float, default=8e6
        About what the images may have together; they are drawn smaller for it, down to
        16 pixels.
    """
    pictures = images if isinstance(images, Pictures) else Pictures(images, cmap=cmap)
    n = len(pictures)
    height, width = pictures.shape
    largest = MAX_DECORATED_INCHES if pictures.decorated else MAX_INCHES_OF_IMAGE
    if ncols is None and pictures.decorated:
        fewest = math.ceil(n / MAX_DECORATED_ROWS)
        ncols = max(min(best_ncols(n, height, width), MAX_DECORATED_COLUMNS), fewest)
    ncols = ncols or best_ncols(n, height, width)
    nrows = -(-n // ncols)
    tall = height / width
    if ax is None:
        fitted = fitted_tiles(ncols, nrows, tall, captions, largest=largest)
        wide, (inches, high) = tile_sizes(ncols, nrows, tall, fitted.lines, largest=largest)
        fig, ax = new_axes(figsize=(inches, high + TITLE))
        position_axes(ax, 0.0, high)
    else:
        fig, ax = new_axes(ax)
        wide = wide or _measured(ax, ncols, nrows, tall)
        fitted = captions if isinstance(captions, Captions) else fit_captions(captions or (), wide)
    tiles = pictures.made(_side(n, height, width, wide, max_pixels))
    _, height, width, _ = tiles.shape
    gap = math.ceil(height_of_captions(wide, fitted.lines) * width / wide)
    pad = max(1, math.ceil(0.05 * max(height, width)))

    face = np.rint(255 * np.asarray(fig.get_facecolor()[:3])).astype(int)
    background = (int(face[0]), int(face[1]), int(face[2]))
    ax.imshow(montage(tiles, ncols, pad, gap=gap, background=background))
    ax.set_axis_off()
    ax.set_title(title, fontsize=11, parse_math=False, **font_of(title))
    corners = tile_corners(n, height, width, ncols=ncols, pad=pad, gap=gap) - 0.5
    if colors is not None:
        _frame(ax, corners, height, width, colors)
    if fitted.words:
        fitted.write(ax, corners + [width / 2, height])
    return fig, ax


def _side(n: int, height: int, width: int, wide: float, max_pixels: float) -> int:
    """Return the longer side to draw images with, in pixels; `wide` is in inches."""
    longer, shorter = max(height, width), min(height, width)
    needed = MIN_SIDE_PIXELS if longer < MIN_SIDE_PIXELS else PER_INCH * wide * longer / width
    return max(16, int(min(needed, math.sqrt(max_pixels / n * longer / shorter))))


def position_axes(ax: Axes, from_below: float, high: float) -> None:
    """Let axes fill the width of their figure; a title fits above. Measured in inches."""
    wide, tall = ax.figure.figure.get_size_inches()
    ax.set_position((0.1 / wide, from_below / tall, 1 - 0.2 / wide, high / tall))


def fitted_tiles(
    ncols: int,
    nrows: int,
    tall: float,
    captions: Sequence[str] | Captions | None,
    *,
    largest: float = MAX_INCHES_OF_IMAGE,
) -> Captions:
    """Return captions that fit below images of the width that `tile_sizes` gives."""
    if isinstance(captions, Captions):
        return captions
    lines = max((caption.count("\n") + 1 for caption in captions or ()), default=0)
    wide, _ = tile_sizes(ncols, nrows, tall, lines, largest=largest)
    fitted = fit_captions(captions or (), wide)
    if fitted.lines == lines:
        return fitted
    # In a figure of the largest height, images above more lines are smaller.
    wide, _ = tile_sizes(ncols, nrows, tall, fitted.lines, largest=largest)
    return fit_captions(captions or (), wide)


def tile_sizes(
    ncols: int, nrows: int, tall: float, lines: int, *, largest: float = MAX_INCHES_OF_IMAGE
) -> tuple[float, tuple[float, float]]:
    """Return the width of an image, and width and height of all of them, in inches.

    Parameters
    ----------
    ncols, nrows : int
        Images per row, and rows.
    tall : float
        Height of an image as a share of its width.
    lines : int
        Lines of text below each image.
    largest : float, default=1.6
        The longest side of a square image, in inches.
    """
    row = ROW * largest / MAX_INCHES_OF_IMAGE
    wide = float(np.clip(row / ncols, 1.0 if lines else 0.3, largest / math.sqrt(tall)))
    wide = min(wide, MAX_INCHES / ncols)
    high = (wide * tall * 1.05 + height_of_captions(wide, lines)) * nrows
    if high > MAX_INCHES:
        wide, high = wide * MAX_INCHES / high, MAX_INCHES
    return wide, (max(wide * 1.05 * ncols + 0.2, 4.0), high)


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

"""All clusters in one picture: a column of images per cluster, the largest on the left."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from clustimage._core.errors import MemoryLimitError
from clustimage._core.logs import get_logger
from clustimage._core.memory import format_bytes
from clustimage._core.parameters import named
from clustimage._core.text import pluralize
from clustimage._core.validation import check_real
from clustimage.plotting._colors import label_colors
from clustimage.plotting._figure import check_cmap, fitting_size, new_axes
from clustimage.plotting._fonts import font_of, printable
from clustimage.plotting._limits import check_limit, log_limit, shares
from clustimage.plotting._montage import colorize, fit_side
from clustimage.plotting._pictures import row_pixels
from clustimage.plotting.grids._bands import GAP, PAD, Bands, arrange
from clustimage.plotting.grids._clusters import (
    Distances,
    choose_labels,
    one_label_each,
    spread,
    warn_nothing_to_draw,
)
from clustimage.plotting.grids._tiles import MAX_INCHES, TITLE, position_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = ["MAX_IN_ALL", "MAX_MEMORY", "plot_columns"]

logger = get_logger(__name__)

MAX_MEMORY = 2**30
MAX_IN_ALL = 5_000
# Wanted width and height of the picture in inches; an image is not narrower than
# MIN_IMAGE_INCHES as long as the figure is not longer than MAX_INCHES, and not larger than
# MAX_IMAGE_INCHES.
FRAME, MIN_IMAGE_INCHES, MAX_IMAGE_INCHES = (13.0, 8.0), 0.22, 1.6
# Pixels per inch that are drawn, least and enlarged sides of an image in pixels.
PER_INCH, MIN_PIXELS, SMALL_PIXELS = 150, 16, 64
# The bar of a cluster, as a part of the width of an image.
BAR = 0.07
# Points: sizes of the words above a column.
MAX_FONT, MIN_FONT, LEGIBLE_FONT = 11.0, 5.0, 6.5
# Height of a line, widths of a character and of the space between two columns, as parts of
# the size of the font.
LINE, BOLD, PLAIN, SPACE = 1.15, 0.7, 0.62, 0.6
# Characters in a line of a name, such as "2008-10-22 to"; the least width of an image in inches
# where columns have names.
LINE_OF_NAME, MIN_NAMED_INCHES = 13, 0.75
NAMES = {-1: "Unclustered", -2: "Without data"}


def plot_columns(
    images: np.ndarray,
    labels: np.ndarray,
    *,
    wanted: int | Iterable[int] | None = None,
    cmap: str | Colormap | None = None,
    min_samples: int = 2,
    blacklist: int | Iterable[int] | None = None,
    max_rows: int | None = None,
    max_memory: float = MAX_MEMORY,
    ax: Axes | None = None,
    max_images: int | None = None,
    distances: Distances | None = None,
    colors: Mapping[int, str] | None = None,
    names: Mapping[int, str] | None = None,
) -> tuple[Figure, Axes]:
    """Draw all clusters as one picture, a column each, the largest on the left.

    Parameters
    ----------
    images : array of shape (n, height, width) or (n, height, width, 3), uint8
        Gray or RGB.
    labels : array of shape (n,)
        The cluster of each image.
    wanted, min_samples, blacklist
        Which clusters; see `choose_labels`.
    cmap : str or Colormap, optional
        For gray images; default ``"gray"``.
    max_rows : int, optional
        One column of at most so many images for each cluster; of a larger one they go
        evenly from the nearest to its centre, above, to the farthest. Default: as many as
        `max_images` allows; a long column goes on in a next one. Many clusters go on
        below, see `arrange`.
    max_memory : float, default=2**30
        Bytes that the picture may take.
    ax : Axes, optional
        Where to draw; default is a new figure.
    max_images : int, optional
        The most images in all. Each cluster gets its share, and at least one; of more
        clusters than that the largest are drawn.
    distances : callable, optional
        As for `plot_clusters`.
    colors : mapping of int to str, optional
        The colour of each label; default those of `label_colors`.
    names : mapping of int to str, optional
        As for `plot_clusters`: a line of its own above each column.

    Returns
    -------
    fig, ax
        Figure and axes. Where no cluster is left, empty ones, with a warning in the log.

    Raises
    ------
    InvalidDataError
        If there is not one label per image.
    InvalidParameterError
        For a cluster that is not there, an unknown `cmap`, or a number out of range.
    MemoryLimitError
        If the picture would take more than `max_memory`; raised before it is made.
    """
    labels = one_label_each(images, labels)
    check_cmap(cmap)
    max_rows = check_limit("max_rows", max_rows)
    max_memory = check_real("max_memory", max_memory, low=0, low_open=True)
    max_images = check_limit("max_images", max_images)
    chosen = choose_labels(labels, wanted=wanted, min_samples=min_samples, blacklist=blacklist)
    if not chosen:
        return _nothing(min_samples, ax)
    members = [np.flatnonzero(labels == label) for label in chosen]
    order = sorted(range(len(chosen)), key=lambda i: (chosen[i] < 0, -len(members[i])))
    chosen, members = [chosen[i] for i in order][:max_images], [members[i] for i in order]
    everything, members = sum(map(len, members)), members[: len(chosen)]
    shown, how = _choose(members, chosen, max_rows, max_images, distances)
    if how:
        log_limit(sum(map(len, shown)), everything, "images", how)
    colors = label_colors(chosen, colors)
    return _draw(
        images,
        shown,
        _of_one_height(
            [
                [*_named(label, names or {}), _size(len(rows), len(some))]
                for label, rows, some in zip(chosen, members, shown, strict=True)
            ]
        ),
        [colors[label] for label in chosen],
        title=_title(labels, chosen, sum(map(len, shown)), how),
        one_column=max_rows is not None,
        max_memory=max_memory,
        cmap=cmap,
        ax=ax,
    )


def _choose(
    members: list[np.ndarray],
    labels: list[int],
    max_rows: int | None,
    max_images: int | None,
    distances: Distances | None,
) -> tuple[list[np.ndarray], str]:
    """Return the rows to draw of each cluster, and how they were chosen, in words."""
    sizes = np.array([len(rows) for rows in members])
    room = sizes if max_rows is None else np.minimum(sizes, max_rows)
    in_all = int(room.sum())
    if max_images is not None:
        room = shares(room, max_images)
    cut = np.flatnonzero(room < sizes)
    if not len(cut):
        return members, ""
    distance = distances([labels[i] for i in cut]) if distances is not None else None
    shown = [spread(rows, int(n), distance) for rows, n in zip(members, room, strict=True)]
    how = f"at most {max_rows:,} of each" if room.sum() == in_all else "a share of each"
    return shown, how + (", evenly" if distance is None else ", from its centre to its edge")


def _nothing(min_samples: int, ax: Axes | None) -> tuple[Figure, Axes]:
    warn_nothing_to_draw(min_samples)
    fig, ax = new_axes(ax, figsize=(4.0, 1.0))
    ax.set_axis_off()
    ax.set_title("No cluster to draw", fontsize=MAX_FONT)
    return fig, ax


def _named(label: int, names: Mapping[int, str]) -> list[str]:
    """Return the lines above a column that say which cluster it is."""
    name = NAMES.get(label, f"Cluster {label}")
    if label not in names:
        return [name]
    if label < 0:
        return [names[label], f"label {label}"]
    return [name, *textwrap.wrap(printable(names[label]), LINE_OF_NAME)]


def _of_one_height(words: list[list[str]]) -> list[list[str]]:
    """Return lines above columns, with empty ones above those that have fewer."""
    n_lines = max(map(len, words))
    return [[""] * (n_lines - len(lines)) + lines for lines in words]


def _size(size: int, shown: int) -> str:
    return pluralize(size, "image") if shown == size else f"{shown:,} of {size:,}"


def _title(labels: np.ndarray, chosen: list[int], n_shown: int, how: str) -> str:
    n_clusters = len(np.unique(labels[labels >= 0]))
    drawn = sum(label >= 0 for label in chosen)
    clusters = pluralize(n_clusters, "cluster")
    if drawn < n_clusters:
        clusters = f"{drawn:,} of {clusters}"
    everything = int(np.isin(labels, chosen).sum())
    images = pluralize(everything, "image")
    if n_shown < everything:
        images = f"{n_shown:,} of {images}, {how}"
    return f"{clusters}: {images}"


def _draw(
    images: np.ndarray,
    shown: list[np.ndarray],
    words: list[list[str]],
    colors: list[str],
    *,
    title: str,
    one_column: bool,
    max_memory: float,
    cmap: str | Colormap | None,
    ax: Axes | None,
) -> tuple[Figure, Axes]:
    tall = images.shape[1] / images.shape[2]
    frame = FRAME if ax is None else _inside(ax)
    bands = arrange(
        [len(rows) for rows in shown],
        tall=tall,
        frame=frame,
        head=_head(len(words[0])),
        rows=max(len(rows) for rows in shown) if one_column else None,
    )
    least = MIN_IMAGE_INCHES if len(words[0]) == 2 else MIN_NAMED_INCHES
    inches = _width_of_image(
        bands, tall, frame, head=_head(len(words[0])), least=least if ax is None else None
    )
    heads = Headers(words, bands.widths * inches * (1 + PAD) + GAP * inches)
    raster = Raster(bands, images[:1], inches, heads.inches)
    needed = 3.0 * raster.wide * raster.high
    if needed > max_memory:
        raise MemoryLimitError(
            f"The picture of {pluralize(int(bands.sizes.sum()), 'image')} in "
            f"{pluralize(len(shown), 'cluster')} would take {format_bytes(needed)}, more than "
            f"{named('max_memory')}, {format_bytes(max_memory)}. Draw fewer images (labels, "
            f"min_samples, max_rows), or give a larger {named('max_memory')}."
        )
    if ax is None:
        high = raster.high * inches / raster.tile[1]
        wide = max(raster.wide * inches / raster.tile[1] + 0.2, 4.0)
        fig, ax = new_axes(figsize=(wide, high + TITLE))
        position_axes(ax, 0.05, high)
    else:
        fig, ax = new_axes(ax)
    face = np.rint(255 * np.asarray(fig.get_facecolor()[:3])).astype(np.uint8)
    ax.imshow(raster.make(images, shown, colors, background=face, cmap=cmap))
    ax.set_axis_off()
    title += heads.explained
    ax.set_title(title, fontsize=fitting_size(ax, title, MAX_FONT), parse_math=False)
    heads.write(ax, raster.above)
    return fig, ax


def _head(n_lines: int) -> float:
    """Return the inches that the words above a band may take."""
    return (n_lines * LINE * MAX_FONT + 4) / 72


def _inside(ax: Axes) -> tuple[float, float]:
    """Return width and height of axes that are there already, in inches."""
    box, dpi = ax.get_window_extent(), ax.figure.figure.dpi
    return float(box.width / dpi), float(box.height / dpi)


def _width_of_image(
    bands: Bands, tall: float, frame: tuple[float, float], *, head: float, least: float | None
) -> float:
    """Return the width of an image, in inches.

    A new figure may be larger than its frame, for images of the width `least`.
    """
    heads = head * len(bands.starts)
    wide, high = bands.wide(), bands.high(tall, 0.0)
    inches = min(frame[0] / wide, max(frame[1] - heads, frame[1] / 2) / high)
    if least is None:
        return inches
    inches = min(max(inches, least), MAX_IMAGE_INCHES / math.sqrt(tall))
    return min(inches, MAX_INCHES / wide, max(MAX_INCHES - heads, MAX_INCHES / 2) / high)


def _side(height: int, width: int, inches: float) -> int:
    """Return the longer side to draw images with, in pixels."""
    longer = max(height, width)
    needed = PER_INCH * inches * longer / width
    return max(MIN_PIXELS, round(min(needed, max(longer, SMALL_PIXELS))))


class Raster:
    """The picture in pixels: where everything is, and how it is filled.

    Parameters
    ----------
    bands : Bands
        Places, counted in images.
    one : array of shape (1, height, width) or (1, height, width, 3), uint8
        One of the images.
    inches : float
        Width of an image.
    head : float
        Height of the words above a band, in inches.
    """

    def __init__(self, bands: Bands, one: np.ndarray, inches: float, head: float) -> None:
        self._side = _side(one.shape[1], one.shape[2], inches)
        _, height, width, _ = fit_side(colorize(one), self._side).shape
        self.tile = height, width
        self._bands = bands
        self._pad = max(1, round(PAD * width))
        self._bar = max(2, round(BAR * width))
        gap, head = max(2, round(GAP * width)), math.ceil(head * width / inches)

        band = bands.band_of
        steps = bands.widths * (width + self._pad) + gap
        ends = np.cumsum(steps)
        self._lefts = self._pad + ends - steps - (ends - steps)[np.array(bands.starts)][band]
        self._rights = self._lefts + steps - gap - self._pad
        self.wide = int(self._rights.max()) + self._pad
        deep = head + self._bar + self._pad + bands.heights * (height + self._pad)
        self._tops = (head + np.cumsum(deep + gap) - (deep + gap))[band]
        self.high = int((deep + gap).sum()) - gap

    @property
    def above(self) -> np.ndarray:
        """The middle of the upper edge of each cluster, ``(x, y)`` in pixels, shape (k, 2)."""
        return np.stack([(self._lefts + self._rights) / 2, self._tops], axis=1) - 0.5

    def make(
        self,
        images: np.ndarray,
        shown: list[np.ndarray],
        colors: list[str],
        *,
        background: np.ndarray,
        cmap: str | Colormap | None = None,
    ) -> np.ndarray:
        """Return the picture, filled bit by bit; above each band there is space for words."""
        height, width = self.tile
        canvas = np.empty((self.high, self.wide, 3), dtype=np.uint8)
        canvas[:] = background
        corners = []
        for i in range(len(shown)):
            left, top = int(self._lefts[i]), int(self._tops[i])
            canvas[top : top + self._bar, left : int(self._rights[i])] = [
                int(colors[i][digit : digit + 2], 16) for digit in (1, 3, 5)
            ]
            column, row = self._bands.spots(i)
            x = left + column * (width + self._pad)
            y = top + self._bar + self._pad + row * (height + self._pad)
            corners.append(np.stack([x, y], axis=1))
        places = np.concatenate(corners)
        for at, pixels in row_pixels(images, np.concatenate(shown)):
            for (x, y), tile in zip(
                places[at].tolist(), fit_side(colorize(pixels, cmap), self._side), strict=True
            ):
                canvas[y : y + height, x : x + width] = tile
        return canvas


class Headers:
    """Label, name and size above each column, as long as there is space for.

    Parameters
    ----------
    words : sequence of sequence of str
        Lines of each cluster, of all as many: its label, in some cases its name, its size.
    room : array of shape (k,)
        Width of each cluster, in inches.
    """

    def __init__(self, words: Sequence[Sequence[str]], room: np.ndarray) -> None:
        # Of "12 of 27" the 27, of "27 images" too.
        ends = [(next(filter(None, lines)), lines[-1]) for lines in words]
        short = [
            (name.rpartition(" ")[2], size.rpartition(" of ")[2].split(" ")[0])
            for name, size in ends
        ]
        self._words: Sequence[Sequence[str]] = words
        self.explained = ""
        self._font = self._fitting(self._words, room)
        if self._font < MIN_FONT and len(words[0]) > 2:
            self._words = ends
            self._font = self._fitting(self._words, room)
        if self._font < LEGIBLE_FONT and len(self._words[0]) == 2:
            self._words, self.explained = short, " (above each: its label, its size)"
            self._font = self._fitting(short, room)
        # Where there is no space for all, each second, third … has its words.
        self._step = math.ceil(max(1.0, MIN_FONT / self._font))
        self._font = max(self._font, MIN_FONT)
        self.inches = (len(self._words[0]) * LINE * self._font + 4) / 72

    @staticmethod
    def _fitting(words: Sequence[Sequence[str]], room: np.ndarray) -> float:
        ems = SPACE + np.array(
            [
                max(BOLD * len(next(filter(None, lines))), PLAIN * max(map(len, lines)))
                for lines in words
            ]
        )
        return float(min(MAX_FONT, (room * 72 / ems).min()))

    def write(self, ax: Axes, places: np.ndarray) -> None:
        """Write them, centred above places ``(x, y)`` of the picture, shape (k, 2)."""
        for i in range(0, len(self._words), self._step):
            name = next(filter(None, self._words[i]))
            for line, text in enumerate(reversed(self._words[i])):
                ax.annotate(
                    text,
                    (float(places[i, 0]), float(places[i, 1])),
                    xytext=(0, 2 + line * LINE * self._font),
                    textcoords="offset points",
                    ha="center",
                    va="bottom",
                    fontsize=self._font,
                    fontweight="bold" if text is name else "normal",
                    annotation_clip=False,
                    parse_math=False,
                    **font_of(text),
                )

"""The legend of the map: colours, clusters and sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from clustimage.plotting._cluster_names import cluster_words
from clustimage.plotting._fonts import font_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D

__all__ = ["draw_legend"]

MAX_CLUSTERS_LISTED = 60
TITLE = "cluster (images)"
FONT_SIZES = (9, 8, 7, 6, 5)
# The share of the width of the axes that a legend may take.
MAX_WIDTH_SHARE = 0.42
# Points between the map and its legend.
GAP = 6.0
# Parts of the font size: height of an entry, width of a character, of a dot and its spaces.
ENTRY_HEIGHT, CHAR_WIDTH, DOT_WIDTH = 1.65, 0.62, 2.2


def draw_legend(
    ax: Axes,
    labels: np.ndarray,
    colors: Mapping[int, str],
    names: Mapping[int, str] | None = None,
) -> None:
    """List the clusters next to the map, which becomes narrower for them.

    As a colour bar does, the legend takes its space from the axes: nothing of it lies on
    what is next to them. Where there is little space it is written smaller and in more
    columns, and at last with fewer clusters.

    Parameters
    ----------
    ax : Axes
        The map; its position changes, but where the figure has a layout engine that
        cares for legends.
    labels : array of shape (n,)
        The cluster of each image.
    colors : mapping of int to str
        The colour of each cluster.
    names : mapping of int to str, optional
        What clusters are called, by label.
    """
    from matplotlib.transforms import ScaledTranslation

    present, sizes = np.unique(labels, return_counts=True)
    rows = [
        Entry(label, _words(label, size, names))
        for label, size in zip(present.tolist(), sizes.tolist(), strict=True)
    ]
    size, columns, most = _fitting(ax, rows)
    root = ax.figure.figure
    beside = ax.transAxes + ScaledTranslation(GAP / 72, 0, root.dpi_scale_trans)
    legend = ax.legend(
        handles=_entries(rows, colors, most),
        title=TITLE,
        title_fontsize=size,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        bbox_transform=beside,
        borderaxespad=0,
        borderpad=0,
        ncols=columns,
        frameon=False,
        fontsize=size,
        handlelength=1.0,
        handletextpad=0.3,
        columnspacing=0.8,
    )
    for words in legend.get_texts():
        words.set(parse_math=False, **font_of(words.get_text()))
    _make_space(ax, legend)


class Entry(NamedTuple):
    """A cluster, and what is written beside its dot."""

    label: int
    words: str


def _entries(rows: list[Entry], colors: Mapping[int, str], most: int) -> list[Line2D]:
    from matplotlib import lines

    def entry(label: int, words: str) -> Line2D:
        return lines.Line2D([], [], marker="o", ls="", ms=7, color=colors[label], label=words)

    clusters = [row for row in rows if row.label >= 0]
    handles = [entry(*row) for row in clusters[:most]]
    if len(clusters) > most:
        handles.append(lines.Line2D([], [], ls="", label=f"and {len(clusters) - most:,} more"))
    return handles + [entry(*row) for row in rows if row.label < 0]


def _words(label: int, size: int, names: Mapping[int, str] | None) -> str:
    return (
        f"{cluster_words(label, names)} ({size:,})" if label >= 0 else f"none, {label} ({size:,})"
    )


def _fitting(ax: Axes, rows: list[Entry]) -> tuple[int, int, int]:
    """Return the font size, the number of columns, and how many clusters are listed."""
    box = ax.get_window_extent()
    wide, high = box.width * 72 / ax.figure.figure.dpi, box.height * 72 / ax.figure.figure.dpi
    others = sum(row.label < 0 for row in rows)
    listed = min(len(rows) - others, MAX_CLUSTERS_LISTED)
    n = listed + others + (listed < len(rows) - others)
    chars = max(len(row.words) for row in rows)
    for size in FONT_SIZES:
        per_column = max(int(high / (ENTRY_HEIGHT * size)) - 1, 1)
        columns = math.ceil(n / per_column)
        if columns * size * (CHAR_WIDTH * chars + DOT_WIDTH) <= MAX_WIDTH_SHARE * wide:
            return size, columns, listed
    columns = max(int(MAX_WIDTH_SHARE * wide / (size * (CHAR_WIDTH * chars + DOT_WIDTH))), 1)
    return size, columns, min(listed, max(columns * per_column - others - 1, 1))


def _make_space(ax: Axes, legend: Legend) -> None:
    """Make the axes narrower by the width of their legend."""
    figure: Any = ax.figure
    engine = figure.figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure.figure)  # so that the map is laid out in the space it will have
        return
    taken = legend.get_window_extent().width + GAP / 72 * figure.figure.dpi
    x0, y0, wide, high = ax.get_position(original=True).bounds
    wide = max(wide - taken / figure.bbox.width, wide / 4)
    ax.set_position((x0, y0, wide, high))

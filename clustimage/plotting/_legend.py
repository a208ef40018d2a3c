"""The legend of the map: colours, clusters and sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["draw_legend"]

MAX_LEGEND = 60


def draw_legend(ax: Axes, labels: np.ndarray, colors: Mapping[int, str], *, make_room: bool) -> int:
    """List the clusters at the right of the map; return the number of columns."""
    from matplotlib import lines

    present, sizes = np.unique(labels, return_counts=True)
    rows = list(zip(present.tolist(), sizes.tolist(), strict=True))
    clusters, others = [row for row in rows if row[0] >= 0], [row for row in rows if row[0] < 0]

    def entry(label: int, words: str) -> Line2D:
        return lines.Line2D([], [], marker="o", ls="", ms=7, color=colors[label], label=words)

    handles = [entry(label, f"{label} ({size:,})") for label, size in clusters[:MAX_LEGEND]]
    if len(clusters) > MAX_LEGEND:
        handles.append(
            lines.Line2D([], [], ls="", label=f"and {len(clusters) - MAX_LEGEND:,} more")
        )
    handles += [entry(label, f"none, {label} ({size:,})") for label, size in others]
    columns = -(-len(handles) // 31)
    ax.legend(
        handles=handles,
        title="cluster (images)",
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0,
        ncols=columns,
        frameon=False,
        fontsize=9,
        handletextpad=0.2,
        columnspacing=0.8,
    )
    return columns if make_room else 0

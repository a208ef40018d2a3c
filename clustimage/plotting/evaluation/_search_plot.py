"""What a search found: the scores, who agrees with whom, and the unique images of the best."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage.plotting._cluster_names import cluster_words
from clustimage.plotting._fonts import font_of, printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_contingency", "plot_search"]

COLORS = {"high": "#1a7f37", "medium": "#8db600", "low": "#e0a100", "no groups": "#b0b0b0"}
MAX_CANDIDATES = 24
N_SHOWN = 3
MAX_PICTURES = 12


def plot_search(
    rows: Sequence[dict[str, Any]],
    labels: Sequence[np.ndarray],
    unique: Sequence[np.ndarray],
    pictures: Callable[[np.ndarray], np.ndarray] | None,
) -> tuple[Figure, np.ndarray]:
    """Draw the candidates of a search, the best first.

    Parameters
    ----------
    rows : sequence of dict
        Rows of the table; of more than 24 the best are drawn.
    labels : sequence of ndarray of shape (n,)
        Their labels.
    unique : sequence of ndarray of int
        Indices of the unique images of each.
    pictures : callable or None
        From indices to images ``(m, height, width[, channels])``; None draws none.

    Returns
    -------
    fig : Figure
    axes : ndarray of Axes
        Scores, agreement, and a row of unique images for each of the best three.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patches import Patch
    from sklearn.metrics import adjusted_rand_score

    rows, labels = rows[:MAX_CANDIDATES], labels[:MAX_CANDIDATES]
    m, shown = len(rows), 0 if pictures is None else min(N_SHOWN, len(rows))
    high = 1.6 + 0.3 * max(m, 6)
    fig = plt.figure(figsize=(12, high + 1.15 * shown), layout="constrained")
    grid = fig.add_gridspec(1 + shown, 2, height_ratios=[high] + [1.15] * shown)
    bars, heat = fig.add_subplot(grid[0, 0]), fig.add_subplot(grid[0, 1])
    names = [f"{i + 1}. {_name(row)}" for i, row in enumerate(rows)]

    for i, row in enumerate(rows):
        bars.barh(i, row["score"], color=COLORS[row["confidence"]], height=0.7)
        bars.text(row["score"] + 0.01, i, f"{row['k']} clusters", va="center", fontsize=8)
    bars.set(
        yticks=range(m), yticklabels=names, xlim=(0, 1.15), xlabel="Score", ylim=(m - 0.5, -0.5)
    )
    bars.set_title("How sure the clusters are")
    bars.spines[["top", "right"]].set_visible(False)
    handles = [Patch(color=color) for color in COLORS.values()]
    bars.legend(handles, COLORS, title="Confidence", loc="lower right", fontsize=8)

    agreement = np.array([[adjusted_rand_score(a, b) for b in labels] for a in labels])
    drawn = heat.imshow(agreement, vmin=0, vmax=1, cmap="viridis")
    numbers = [str(i + 1) for i in range(m)]
    heat.set(xticks=range(m), yticks=range(m), xticklabels=numbers, yticklabels=numbers)
    heat.set_title("Agreement of the candidates")
    fig.colorbar(drawn, ax=heat, label="Adjusted Rand index", shrink=0.8)

    axes = [bars, heat]
    for i in range(shown):
        ax = fig.add_subplot(grid[1 + i, :])
        axes.append(ax)
        _draw_unique(ax, f"{names[i]}: {rows[i]['k']} clusters", unique[i], pictures)
    return fig, np.array(axes, dtype=object)


def _name(row: dict[str, Any]) -> str:
    words = [printable(row["method"]), row["cluster"]]
    words += [row["space"]] * (row["space"] != "high")
    words += [row["metric"]] * (row["metric"] != "euclidean")
    return ", ".join(words)


def _draw_unique(ax: Any, title: str, indices: np.ndarray, pictures: Any) -> None:
    some = pictures(indices[:MAX_PICTURES])
    high, wide = some.shape[1:3]
    gap = max(wide // 16, 1)
    for j, picture in enumerate(some):
        left = j * (wide + gap)
        ax.imshow(picture, extent=(left, left + wide, high, 0), cmap="gray", vmin=0, vmax=255)
    ax.set_xlim(0, MAX_PICTURES * (wide + gap))
    ax.set_ylim(high, 0)
    ax.set_axis_off()
    left_out = len(indices) - len(some)
    ax.set_title(
        title + (f", {left_out} not shown" if left_out > 0 else ""), loc="left", fontsize=9
    )


def plot_contingency(
    table: Any, title: str, called: Mapping[int, str] | None = None
) -> tuple[Figure, Any]:
    """Draw a table of known labels by clusters.

    Parameters
    ----------
    table : DataFrame
        Counts: a row per label, a column per cluster.
    title : str
        Above it.
    called : mapping of int to str, optional
        What clusters are called, by label.

    Returns
    -------
    fig, ax
    """
    import matplotlib.pyplot as plt

    counts = table.to_numpy()
    # Rows in the order of the clusters that hold most of them: a diagonal where they agree.
    order = np.lexsort((-counts.max(axis=1), counts.argmax(axis=1)))
    counts, names = counts[order], [printable(name) for name in table.index[order]]
    size = np.clip(0.42 * np.array(counts.shape[::-1]) + (3.0, 1.6), 5, 18)
    fig, ax = plt.subplots(figsize=tuple(size), layout="constrained")
    drawn = ax.imshow(
        counts / counts.sum(axis=1, keepdims=True), vmin=0, vmax=1, cmap="Blues", aspect="auto"
    )
    ax.set(xticks=range(counts.shape[1]), yticks=range(len(names)), yticklabels=names)
    words = ["none" if name < 0 else cluster_words(int(name), called) for name in table.columns]
    ax.set_xticklabels(words, rotation=90 if called else 0)
    for tick in (*ax.get_xticklabels(), *ax.get_yticklabels()):
        tick.set(parse_math=False, **font_of(tick.get_text()))
    ax.set(xlabel="Cluster", ylabel="Known label", title=title)
    if counts.size <= 900:
        for i, j in zip(*np.nonzero(counts), strict=True):
            dark = counts[i, j] > 0.5 * counts[i].sum()
            ax.text(
                j,
                i,
                counts[i, j],
                ha="center",
                va="center",
                fontsize=8,
                color="white" if dark else "black",
            )
    fig.colorbar(drawn, ax=ax, label="Share of the label", shrink=0.8)
    return fig, ax

"""Pictures of scores that clusteval does not draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.text import pluralize
from clustimage.cluster._result import Clustering, levels_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "FIGSIZE",
    "TITLES",
    "even_out",
    "mark_levels",
    "plot_heights",
    "plot_knee",
    "plot_scores",
]

# Inches, and points of the words, as in the other figures.
FIGSIZE = (11.0, 6.0)
TITLE_POINTS, TEXT_POINTS = 13, 10

MAX_TICKS = 40
# Below so many the steps of a tree are seen without a logarithm.
MAX_MERGES_ON_LINEAR_SCALE = 20

TITLES = {
    "silhouette": "Silhouette score",
    "dbindex": "Davies-Bouldin index (lower is better)",
    "derivative": "Acceleration of the merge heights",
    "elbow": "Elbow",
    "consensus": "Silhouette score, consensus marked",
    "calinski": "Calinski-Harabasz index",
}
SCORES = {"elbow": "Sum of squared distances to the centres"}
VARIED = {
    "cluster_threshold": "Nr. clusters",
    "eps": "Epsilon",
    "min_cluster_size": "Minimal size of a cluster",
    "resolution": "Resolution",
    "height": "Height of the cut",
    "timeframe": "Timeframe (hours)",
    "radius_meters": "Radius (metres)",
}


def plot_scores(ax: Axes, found: Clustering) -> tuple[Axes, ...]:
    """Draw the score of every labelling and a line at the best; return all axes.

    Scores that are estimated from a sample have bars of two standard errors on each side:
    about 95 % of all samples give a value for which they hold the true one.
    """
    from matplotlib.ticker import MaxNLocator

    x, k, scores = found.score["cluster_threshold"], found.score["clusters"], found.score["score"]
    # A point alone lies on the line that marks the best.
    size = 4 if len(x) > 1 else 12
    ax.plot(x, scores, color="black", marker="o", markersize=size, zorder=3)
    bars = _draw_errors(ax, found)
    axes: tuple[Axes, ...] = (ax,)
    if found.varied != "cluster_threshold":
        counts = ax.twinx()
        counts.plot(x, k, color="blue", linewidth=1, marker=".")
        counts.set_ylabel("Nr. clusters", fontsize=TEXT_POINTS, color="blue")
        counts.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes = (ax, counts)
    elif len(x) <= MAX_TICKS:
        ax.set_xticks(x)
    # The legend is on the axes that lie on top, so that no line crosses it.
    words = pluralize(k[found.best], "cluster") + ("" if found.searched else ", as asked for")
    _mark(ax, x[found.best], words, legend_on=axes[-1], others=bars)
    _describe(ax, found)
    return axes


def _draw_errors(ax: Axes, found: Clustering) -> list[Any]:
    """Draw the standard errors, where the scores have some, and return what the legend shows."""
    if "standard_error" not in found.score:
        return []
    return [
        ax.errorbar(
            found.score["cluster_threshold"],
            found.score["score"],
            yerr=2 * np.asarray(found.score["standard_error"], dtype=np.float64),
            fmt="none",
            ecolor="black",
            elinewidth=1.5,
            capsize=5,
            label="± 2 standard errors: estimated from a sample",
        )
    ]


def plot_knee(ax: Axes, found: Clustering) -> tuple[Axes, ...]:
    """Draw the curve of squared errors, its chord and its knee, see `find_knee`."""
    axes = plot_scores(ax, found)
    x, scores = found.score["cluster_threshold"], found.score["score"]
    if len(x) < 3 or not found.searched:
        return axes  # two points are a line: it has no knee; or another number was asked for
    (curve, line), at = ax.lines, found.best
    (chord,) = ax.plot(x[:: len(x) - 1], scores[:: len(x) - 1], color="grey", linewidth=1)
    (knee,) = ax.plot(
        x[at], scores[at], color="red", marker="o", markersize=13, linestyle="none", zorder=4
    )
    line.set_linestyle(":")
    # A falling, convex curve leaves the area above and to the right of its knee free.
    ax.annotate(
        pluralize(x[at], "cluster"),
        (x[at], scores[at]),
        (12, 12),
        textcoords="offset points",
        color="red",
        fontsize=TEXT_POINTS,
    )
    names = {
        curve: "Squared errors",
        chord: "From the first to the last value",
        knee: "Knee (Kneedle): furthest below that line",
    }
    ax.legend(list(names), list(names.values()), fontsize=TEXT_POINTS)
    return axes


def plot_heights(ax: Axes, found: Clustering) -> tuple[Axes, ...]:
    """Draw how many clusters a cut of the tree gives at every height, and the cut made."""
    from matplotlib.ticker import MaxNLocator
    from scipy.cluster.hierarchy import maxdists

    tree = np.empty((0, 4)) if found.tree is None else found.tree
    (height,), (k,) = found.score["cluster_threshold"], found.score["clusters"]
    # Not the heights themselves: those of centroid and median fall.
    merges = np.sort(maxdists(tree)) if len(tree) else np.empty(0)
    n, merges = len(tree) + 1, merges[: found.n_allowed]
    x = np.concatenate([[0.0], merges, [1.05 * max(height, merges.max(initial=0.0))]])
    y = n - np.concatenate([np.arange(len(merges) + 1), [len(merges)]])
    ax.step(x, y, where="post", color="black", zorder=3)
    if len(merges) > MAX_MERGES_ON_LINEAR_SCALE:
        ax.set_yscale("log")
        # A number of clusters is read better than a power of ten.
        ax.yaxis.set_major_formatter("{x:.0f}")
    else:
        ax.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    sim = found.params["sim"]
    asked = f"distance {height:g}" if sim is None else f"sim={sim:g}"
    _mark(ax, height, f"{asked}: {pluralize(k, 'cluster')}", legend_on=ax)
    _describe(ax, found)
    ax.set_ylabel("Nr. clusters", fontsize=TEXT_POINTS)
    ax.set_title("Similarity cut", fontsize=TITLE_POINTS)
    return (ax,)


def mark_levels(ax: Axes, found: Clustering) -> None:
    """Mark the numbers of clusters that are locally best, where there are several."""
    levels = levels_of(found)
    if len(levels) < 2:
        return
    x, y = [level.clusters for level in levels], [level.score for level in levels]
    # Not a line, of which users and clusteval count those that are there.
    ax.scatter(x, y, s=90, facecolors="none", edgecolors="tab:orange", linewidths=2, zorder=5)
    best = found.score["clusters"][found.best]
    for i, level in enumerate(levels):
        if level.clusters != best:  # which a line marks already
            ax.annotate(
                f"level {i}: {level.clusters}",
                (level.clusters, level.score),
                (0, 9),
                textcoords="offset points",
                color="tab:orange",
                ha="center",
                fontsize=TEXT_POINTS,
            )


def even_out(ax: Axes) -> None:
    """Give the text of a picture by clusteval its size, and no more ticks than fit."""
    from matplotlib.ticker import MaxNLocator, ScalarFormatter

    ax.title.set_fontsize(TITLE_POINTS)
    for label in (ax.xaxis.label, ax.yaxis.label):
        label.set_fontsize(TEXT_POINTS)
    ax.tick_params(labelsize=TEXT_POINTS)
    if len(ax.get_xticks()) > MAX_TICKS:
        ax.xaxis.set_major_locator(MaxNLocator(20, integer=True, steps=[1, 2, 5, 10]))
        ax.xaxis.set_major_formatter(ScalarFormatter())


def _mark(ax: Axes, x: float, words: str, *, legend_on: Axes, others: Sequence[Any] = ()) -> None:
    line = ax.axvline(x, color="red", linestyle="--", linewidth=2, label=words)
    legend_on.legend(handles=[line, *others], fontsize=TEXT_POINTS)


def _describe(ax: Axes, found: Clustering) -> None:
    evaluate: Any = found.params["evaluate"]
    ax.set_xlabel(VARIED[found.varied], fontsize=TEXT_POINTS)
    ax.set_ylabel(SCORES.get(evaluate, "Score"), fontsize=TEXT_POINTS)
    ax.set_title(TITLES.get(evaluate, evaluate), fontsize=TITLE_POINTS)
    ax.tick_params(labelsize=TEXT_POINTS)
    ax.yaxis.get_offset_text().set_fontsize(TEXT_POINTS)
    ax.grid(color="grey", linestyle="--", linewidth=0.2)

"""The silhouette of every image, next to the images as dots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.text import pluralize
from clustimage.cluster.evaluators._silhouette import silhouette_samples

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_silhouettes", "silhouette_values"]

# Space between two clusters, as a part of all images; height of a label, of the axes.
CLUSTER_GAP, LABEL_HEIGHT = 0.01, 0.025


def silhouette_values(X: np.ndarray, labels: np.ndarray, *, metric: str) -> np.ndarray:
    """Return the silhouette of every image, whose mean is that of `mean_silhouettes`.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Features.
    labels : ndarray of int, shape (n,)
        Clusters, two of them at least; the silhouette of a negative one is 0.
    metric : str
        One of `METRICS`.

    Returns
    -------
    ndarray of float64, shape (n,)
        From -1 to 1.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> silhouette_values(X, np.array([0, 0, 1, -1]), metric="euclidean").tolist()
    [0.9, 0.8888888888888888, 0.0, 0.0]
    """
    inside = labels >= 0
    # Images that are not assigned to a cluster may have no features either.
    rows = X if inside.all() else X[inside]
    values = np.zeros(len(X))
    group = np.unique(labels[inside], return_inverse=True)[1]
    values[inside] = silhouette_samples(rows, group, metric=metric)
    return values


def plot_silhouettes(
    values: np.ndarray,
    labels: np.ndarray,
    positions: np.ndarray,
    colors: Mapping[int, Any],
    *,
    metric: str,
    names: tuple[str, str],
    dot_size: float = 25,
    figsize: tuple[float, float] = (13, 6.5),
) -> tuple[Figure, Axes, Axes]:
    """Draw silhouettes, those of a cluster below each other, and images as dots.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        The silhouettes; a dashed line is their mean.
    labels : ndarray of int, shape (n,)
        Clusters; of negative ones only the dots are drawn.
    positions : ndarray of shape (n, 2)
        Where the dots are.
    colors : mapping of int to color
        Of every label.
    metric : str
        Of the silhouettes.
    names : (str, str)
        Of the axes of the dots.
    dot_size : float, default=25
        Area of a dot, in square points.
    figsize : (float, float), default=(13, 6.5)
        Width and height of the figure, in inches.

    Returns
    -------
    fig, ax1, ax2
        The figure, the axes of the silhouettes, and those of the dots.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patheffects import withStroke

    fig, (left, right) = plt.subplots(1, 2, figsize=figsize, dpi=100, layout="constrained")
    space, low = max(1.0, CLUSTER_GAP * len(values)), 0.0
    middles: dict[int, float] = {}
    for label in np.unique(labels[labels >= 0]).tolist():
        some = np.sort(values[labels == label])[::-1]
        edges = low + np.arange(len(some) + 1)
        left.stairs(some, edges, orientation="horizontal", fill=True, color=colors[label])
        middles[label], low = low + len(some) / 2, low + len(some) + space
    left.axvline(values.mean(), color="red", linestyle="--", label=f"mean {values.mean():.3f}")
    left.set(xlim=(min(-0.1, values.min() - 0.05), 1), ylim=(low, -space))
    left.set(ylabel="cluster", title="Silhouette of each image")
    left.set_xlabel(f"silhouette ({metric} distances of the features)")
    left.legend(loc="lower right")
    _name_clusters(left, middles, LABEL_HEIGHT * (low + space))
    right.scatter(*positions.T, s=dot_size, c=[colors[label] for label in labels.tolist()], lw=0)
    for label in middles:
        middle = tuple(positions[labels == label].mean(axis=0))
        rim = [withStroke(linewidth=3, foreground="white")]
        right.annotate(str(label), middle, ha="center", va="center", path_effects=rim)
    right.set(xlabel=names[0], ylabel=names[1], title="Cluster of each image")
    n_without = int((labels < 0).sum())
    title = f"{pluralize(len(values), 'image')} in {pluralize(len(middles), 'cluster')}"
    if n_without:
        title += f", {n_without:,} not assigned to a cluster: their silhouette is 0"
    fig.suptitle(title)
    for ax in (left, right):
        ax.grid(color="grey", linestyle="--", linewidth=0.2)
        ax.set_axisbelow(True)
    return fig, left, right


def _name_clusters(ax: Axes, middles: Mapping[int, float], high: float) -> None:
    """Write the label of each cluster at its middle, where there is space for it."""
    named, last = {}, -np.inf
    for label, middle in middles.items():
        if middle - last >= high:
            named[label], last = middle, middle
    ax.set_yticks(list(named.values()), [str(label) for label in named])

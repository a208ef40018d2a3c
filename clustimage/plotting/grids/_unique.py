"""One image for each cluster: the average, or the one nearest to the centre."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.text import pluralize
from clustimage.plotting._cluster_names import cluster_words
from clustimage.plotting._colors import label_colors
from clustimage.plotting._figure import new_axes
from clustimage.plotting._limits import check_limit, log_limit
from clustimage.plotting._pictures import Pictures
from clustimage.plotting.grids._tiles import draw_tiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = ["MAX_UNIQUE", "plot_representatives"]

MAX_UNIQUE = 400


def plot_representatives(
    images: np.ndarray | Pictures,
    labels: np.ndarray,
    sizes: np.ndarray,
    *,
    averaged: np.ndarray | None = None,
    cmap: str | Colormap | None = None,
    colors: Mapping[int, str] | None = None,
    names: Mapping[int, str] | None = None,
    ax: Axes | None = None,
    max_images: int | None = MAX_UNIQUE,
) -> tuple[Figure, Axes]:
    """Draw one image per cluster, with its label and its size, framed in its colour.

    Parameters
    ----------
    images : Pictures, or array of shape (k, height, width) or (k, height, width, 3), uint8
        One image per cluster.
    labels : array of shape (k,)
        The clusters; negative ones are no clusters and are left out.
    sizes : array of shape (k,)
        How many images each has.
    averaged : array of bool, shape (k,), optional
        Which images are the average of their cluster, and not its unique image: the title
        tells, and where there are both, the captions of the rarer kind do. Default: all.
    cmap : str or Colormap, optional
        For gray images; default ``"gray"``.
    colors : mapping of int to str, optional
        The colour of each label; default those of `label_colors`.
    names : mapping of int to str, optional
        What clusters are called, by label.
    ax : Axes, optional
        Where to draw; default is a new figure.
    max_images : int or None, default=400
        The most clusters; of more, the largest are drawn, and the title and the log say so.

    Returns
    -------
    fig, ax
        What was drawn.

    Raises
    ------
    InvalidDataError
        If there is not one label and one size per image.
    InvalidParameterError
        For an unknown `cmap`, or a limit that is none.
    """
    max_images = check_limit("max_images", max_images)
    labels, sizes = np.asarray(labels), np.asarray(sizes)
    if not len(images) == len(labels) == len(sizes):
        raise InvalidDataError(
            "Each cluster needs an image, a label and a size. "
            f"Got {len(images):,}, {len(labels):,} and {len(sizes):,}."
        )
    clusters = np.flatnonzero(labels >= 0)
    averaged = np.ones(len(labels), dtype=bool) if averaged is None else np.asarray(averaged)
    if not len(clusters):
        fig, ax = new_axes(ax, figsize=(4.0, 1.2))
        ax.set_axis_off()
        ax.set_title("No clusters: every image is unclustered (-1)", fontsize=11)
        return fig, ax
    shown = clusters
    if max_images is not None and len(clusters) > max_images:
        log_limit(max_images, len(clusters), "clusters", "the largest ones")
        largest = np.argsort(-sizes[clusters], kind="stable")[:max_images]
        shown = clusters[np.sort(largest)]
    title, noted = _title(averaged[shown], sizes[shown], len(clusters))
    colors = label_colors(labels, colors)
    pictures = images if isinstance(images, Pictures) else Pictures(images, cmap=cmap)
    return draw_tiles(
        pictures.take(shown),
        title=title,
        captions=[
            _caption(int(labels[i]), int(sizes[i]), names or {})
            + (noted[bool(averaged[i])] if sizes[i] > 1 else "")
            for i in shown
        ],
        colors=[colors[int(labels[i])] for i in shown],
        ax=ax,
    )


def _caption(label: int, size: int, names: Mapping[int, str]) -> str:
    """Return label and size, on lines of their own where the cluster has a name."""
    between = "\n" if label in names else ": "
    return f"{cluster_words(label, names)}{between}{pluralize(size, 'image')}"


def _title(averaged: np.ndarray, sizes: np.ndarray, n_clusters: int) -> tuple[str, dict[bool, str]]:
    """Return what is shown, and what the captions add of averages (True) and unique images.

    The average of one image is the image: it may be called as one likes.
    """
    several = averaged[sizes > 1] if (sizes > 1).any() else averaged
    what, noted = "Average image" if several.all() else "Unique image", {True: "", False: ""}
    if several.any() and not several.all():
        what, rarer = "Average or unique image", bool(2 * several.sum() < len(several))
        noted[rarer] = ", average" if rarer else ", unique"
    title = f"{what} of {pluralize(n_clusters, 'cluster')}"
    if len(averaged) < n_clusters:
        title += f": showing the {len(averaged):,} largest"
    return title, noted

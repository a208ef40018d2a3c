"""One image for each cluster: the average, or the one nearest to the centre."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clustimage._errors import InvalidDataError
from clustimage._words import count
from clustimage.plotting._colors import label_colors
from clustimage.plotting._figure import new_axes
from clustimage.plotting._tiles import draw_tiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = ["MAX_CLUSTERS", "plot_representatives"]

MAX_CLUSTERS = 400


def plot_representatives(
    images: np.ndarray,
    labels: np.ndarray,
    sizes: np.ndarray,
    *,
    what: str = "Average image",
    cmap: str | Colormap | None = None,
    ax: Axes | None = None,
) -> tuple[Figure, Axes]:
    """Draw one image per cluster, with its label and its size, framed in its colour.

    Parameters
    ----------
    images : array of shape (k, height, width) or (k, height, width, 3), uint8
        One image per cluster.
    labels : array of shape (k,)
        The clusters; negative ones are no clusters and are left out.
    sizes : array of shape (k,)
        How many images each has.
    what : str, default="Average image"
        What the images are, for the title.
    cmap : str or Colormap, optional
        For gray images; default ``"gray"``.
    ax : Axes, optional
        Where to draw; default is a new figure.

    Returns
    -------
    fig, ax
        What was drawn. At most 400 clusters, the first ones; the title says so.

    Raises
    ------
    InvalidDataError
        If there is not one label and one size per image.
    """
    labels, sizes = np.asarray(labels), np.asarray(sizes)
    if not len(images) == len(labels) == len(sizes):
        raise InvalidDataError(
            "Each cluster needs an image, a label and a size. "
            f"Got {len(images)}, {len(labels)} and {len(sizes)}."
        )
    clusters = np.flatnonzero(labels >= 0)
    title = f"{what} of {count(len(clusters), 'cluster')}"
    if not len(clusters):
        fig, ax = new_axes(ax, figsize=(4.0, 1.2))
        ax.set_axis_off()
        ax.set_title("No clusters: every image is unclustered (-1)", fontsize=11)
        return fig, ax
    if len(clusters) > MAX_CLUSTERS:
        title += f": showing the first {MAX_CLUSTERS:,}"
        clusters = clusters[:MAX_CLUSTERS]
    colors = label_colors(labels)
    return draw_tiles(
        images[clusters],
        title=title,
        captions=[f"{labels[i]}: {count(int(sizes[i]), 'image')}" for i in clusters],
        colors=[colors[int(labels[i])] for i in clusters],
        cmap=cmap,
        ax=ax,
    )

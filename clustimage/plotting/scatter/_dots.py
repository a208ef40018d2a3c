"""The dots of the map, and the shades behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_density", "draw_dots", "size_of_dots", "to_rgb"]

# So many dots have the size that was asked for; of more each is smaller. With 1, all together
# would take the same ink and look thin; with 0 each would keep its size and hide the others.
MAX_DOTS_OF_FULL_SIZE, SHRINKING_EXPONENT = 5_000, 0.75
# Square points: about what a screen and a printer can show.
MIN_DOT_AREA = 0.4
# As many dots are one picture in a vector file, which would be slow and large with each.
MIN_DOTS_AS_PICTURE = 20_000


def size_of_dots(size: float, n: int) -> float:
    """Return the area of each of `n` dots, in square points, for `size` asked for.

    Examples
    --------
    >>> size_of_dots(15, 1000), round(size_of_dots(15, 60_000), 2)
    (15.0, 2.33)
    """
    shrink = min(1.0, MAX_DOTS_OF_FULL_SIZE / max(n, 1)) ** SHRINKING_EXPONENT
    return float(min(size, max(MIN_DOT_AREA, size * shrink)))


def to_rgb(colors: Mapping[int, str], labels: np.ndarray) -> np.ndarray:
    """Return the colour of each label, of shape (n, 3), uint8.

    Examples
    --------
    >>> to_rgb({3: "#0072b2"}, np.array([3, 3])).tolist()
    [[0, 114, 178], [0, 114, 178]]
    """
    present, number = np.unique(labels, return_inverse=True)
    parts = [[int(colors[label][i : i + 2], 16) for i in (1, 3, 5)] for label in present.tolist()]
    return np.array(parts, dtype=np.uint8).reshape(-1, 3)[number.ravel()]


def draw_dots(
    ax: Axes, xycoord: np.ndarray, labels: np.ndarray, colors: Mapping[int, str], size: float
) -> None:
    """Draw the unclustered images below, small and pale, and the others above.

    Where there are many they lie in a random order, always the same, so that no cluster
    covers another because of the order of the files.
    """
    size = size_of_dots(size, len(labels))
    for noise in (True, False):
        some = np.flatnonzero((labels < 0) == noise)
        if len(some) > MAX_DOTS_OF_FULL_SIZE:
            some = np.random.default_rng(0).permutation(some)
        if len(some):
            ax.scatter(
                xycoord[some, 0],
                xycoord[some, 1],
                s=size * (0.6 if noise else 1),
                c=to_rgb(colors, labels[some]) / 255,
                alpha=0.6 if noise else 0.85,
                linewidths=0,
                zorder=1.5 if noise else 2,
                rasterized=len(some) > MIN_DOTS_AS_PICTURE,
            )


def draw_density(ax: Axes, xycoord: np.ndarray) -> None:
    """Draw the density of the positions, where they have an area."""
    from scipy.stats import gaussian_kde

    if len(xycoord) < 3 or np.linalg.matrix_rank(np.cov(xycoord.T)) < 2:
        return
    # Two thousand positions, evenly taken, give the same picture as all of them.
    some = xycoord[:: max(1, len(xycoord) // 2000)]
    x, y = np.linspace(*ax.get_xlim(), 100), np.linspace(*ax.get_ylim(), 100)
    grid = np.stack(np.meshgrid(x, y)).reshape(2, -1)
    kernel = gaussian_kde(some.T)
    kernel.set_bandwidth(0.6 * kernel.factor)
    height = kernel(grid).reshape(100, 100)
    levels = height.max() * np.linspace(0.04, 1, 9)
    ax.contourf(x, y, height, levels=levels, cmap="Greys", alpha=0.3, zorder=0.5)
    ax.contour(x, y, height, levels=levels[:-1], colors="#b0b0b0", linewidths=0.4, zorder=0.6)

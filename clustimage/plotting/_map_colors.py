"""Colours of clusters on a map: those of neighbours are easy to tell apart."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from clustimage.plotting._colors import VISIONS, label_colors, palette, seen_by
from clustimage.plotting._limits import spread_over_map

__all__ = ["MIN_DIFFERENCES", "color_differences", "map_colors", "neighbours_on_map"]

# Least CIEDE2000 of neighbours. About 2 is just seen side by side; dots need much more.
MIN_DIFFERENCES = {"normal": 20.0, "deuteranopia": 10.0, "protanopia": 10.0}
# Colours that are chosen from: so many, or this multiple of the number of clusters.
MIN_POOL, POOL_PER_CLUSTER, MAX_POOL = 128, 2, 512
# Dots of which the neighbours are looked for.
MAX_DOTS = 5_000
ROUNDS = 3


def map_colors(xycoord: np.ndarray, labels: np.ndarray) -> dict[int, str]:
    """Return a colour for each label so that neighbours on a map differ by much.

    Each cluster, the largest first, has its colour of `palette` if that differs enough from
    those of its neighbours, also for red-blind and green-blind eyes; else the first unused one
    that does, or where none does, the one that comes nearest to it.

    Parameters
    ----------
    xycoord : array of shape (n, 2)
        Positions; those that are not finite are not on the map.
    labels : array of shape (n,)
        Labels of clusters; negative ones are gray, as in `label_colors`.

    Returns
    -------
    dict of int to str
        Sorted by label; colours as ``"#rrggbb"``, no two the same up to 512 clusters.

    Examples
    --------
    >>> positions = np.array([[0.0, 0], [1, 0], [0, 1], [9, 9], [9, 8], [8, 9]])
    >>> map_colors(positions, np.array([0, 0, 0, 1, 1, 1]))
    {0: '#0072B2', 1: '#D55E00'}
    """
    labels = np.asarray(labels)
    colors = label_colors(labels)
    clusters = [label for label in colors if label >= 0]
    pairs = neighbours_on_map(xycoord, labels)
    if not pairs or max(clusters) >= MAX_POOL:
        return colors
    size = min(MAX_POOL, max(MIN_POOL, POOL_PER_CLUSTER * (max(clusters) + 1)))
    pool, apart = palette(size), _shares_of_needed(size)
    near: dict[int, list[int]] = {label: [] for label in clusters}
    for a, b in sorted(pairs):
        near[a].append(b)
        near[b].append(a)
    chosen: dict[int, int] = {}
    free = np.ones(size, dtype=bool)
    for _ in range(ROUNDS):
        for label in clusters:
            others = [chosen[other] for other in near[label] if other in chosen]
            now = chosen.pop(label, label)
            free[now] = free[now] or now not in chosen.values()
            share = apart[:, others].min(axis=1, initial=1.0)
            # The own colour, if it is good enough; else the first of the best.
            best = now if free[now] and share[now] >= 1 else int(np.where(free, share, -1).argmax())
            chosen[label], free[best] = best, False
    return colors | {label: pool[chosen[label]] for label in clusters}


def neighbours_on_map(xycoord: np.ndarray, labels: np.ndarray) -> set[tuple[int, int]]:
    """Return the pairs of clusters that have dots next to each other.

    Dots are next to each other where a Delaunay triangulation joins them, also across an empty
    space. Of more than 5,000 dots that many are looked at, from all over the map.

    Examples
    --------
    >>> line = np.array([[0.0, 0], [1, 0.1], [2, 0], [3, 0.1]])
    >>> sorted(neighbours_on_map(line, np.array([0, 1, 1, 2])))
    [(0, 1), (1, 2)]
    """
    from scipy.spatial import Delaunay

    xycoord, labels = np.asarray(xycoord, dtype=float), np.asarray(labels)
    rows = np.flatnonzero(np.isfinite(xycoord).all(axis=1) & (labels >= 0))
    if len(rows) > MAX_DOTS:
        rows = rows[spread_over_map(xycoord[rows], MAX_DOTS)]
    points, first = np.unique(xycoord[rows], axis=0, return_index=True)
    names = labels[rows][first]
    if len(np.unique(names)) < 2:
        return set()
    if len(points) < 4 or np.linalg.matrix_rank(points - points[0], tol=1e-9) < 2:
        # On a line, which `unique` has sorted.
        edges = np.stack([np.arange(len(points) - 1), np.arange(1, len(points))], axis=1)
    else:
        corners = Delaunay(points, qhull_options="QJ").simplices
        edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])
    pairs = np.sort(names[edges], axis=1)
    return {(a, b) for a, b in np.unique(pairs, axis=0).tolist() if a != b}


def color_differences(colors: tuple[str, ...], vision: str = "normal") -> np.ndarray:
    """Return the CIEDE2000 differences of colours as an eye of this kind sees them, (n, n).

    Sharma, Wu and Dalal (2005), Color Research & Application 30(1).

    Examples
    --------
    >>> color_differences(("#ffffff", "#000000")).round().tolist()
    [[0.0, 100.0], [100.0, 0.0]]
    """
    from skimage.color import deltaE_ciede2000, rgb2lab

    lab = rgb2lab(seen_by(colors, vision)[None])[0]
    return np.asarray(deltaE_ciede2000(lab[:, None], lab[None]), dtype=float)


@lru_cache(maxsize=4)
def _shares_of_needed(size: int) -> np.ndarray:
    """Return how far each two colours differ, as a part of what is needed, at most 1."""
    worst = np.ones((size, size))
    for vision in VISIONS:
        np.minimum(
            worst, color_differences(palette(size), vision) / MIN_DIFFERENCES[vision], out=worst
        )
    return worst

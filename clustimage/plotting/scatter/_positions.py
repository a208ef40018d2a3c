"""Where on the map the picture of each cluster goes, so that the dots stay visible."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["MAX_HIDDEN_SHARE", "Positions", "position_pictures"]

# A picture may hide this share of the dots of a cluster and still lie where it belongs.
MAX_HIDDEN_SHARE = 0.3
CELL = 5.0
MAX_CELLS = 40_000
# Costs, in sides of a picture that it would rather move: the dots of a whole cluster hidden;
# another picture touched (or more hidden than allowed), and wholly covered; a leader across
# a picture; two leaders crossing.
HIDING, TOUCHING, COVERING, CROSSING, MEETING = 4.0, 0.5, 30.0, 2.0, 0.5
CANDIDATES = 300
ROUNDS = 4


class Positions(NamedTuple):
    """Where the pictures are.

    Attributes
    ----------
    positions : array of shape (k, 2)
        Their centres.
    hidden : float
        The largest share of the dots of one cluster that lies under one picture.
    """

    positions: np.ndarray
    hidden: float


def position_pictures(
    centers: np.ndarray,
    size: tuple[float, float],
    dots: np.ndarray,
    labels: np.ndarray,
    map_size: tuple[float, float],
) -> Positions:
    """Put each picture on its centre, or beside its dots where it would hide them.

    All lengths are in one unit, with the origin at the lower left corner of the map.

    Parameters
    ----------
    centers : array of shape (k, 2)
        Where the pictures would like to be, ``(x, y)``.
    size : (float, float)
        Width and height of a picture with the space around it.
    dots : array of shape (n, 2)
        Places of the dots.
    labels : array of shape (n,)
        Cluster of each dot; unclustered dots count as one cluster.
    map_size : (float, float)
        Width and height of the map.

    Returns
    -------
    Positions
        A picture stays on its centre where it hides at most three tenths of the dots of
        any cluster and no earlier picture. The others go, one after another, to
        the position of least cost on a grid: near to the centre, hiding few dots, covering
        no picture, their leader lines crossing little. Where all is full, pictures
        cover one another as little as they can. Equal input gives equal positions.

    Examples
    --------
    >>> import numpy as np
    >>> tight, wide = np.full((5, 2), 50.0), np.array([[150.0, 10], [150, 50], [150, 90]] * 2)
    >>> found = position_pictures(
    ...     np.array([[50.0, 50], [130, 50]]), (20, 20), np.r_[tight, wide],
    ...     np.repeat([0, 1], [5, 6]), (200, 100))
    >>> found.positions[1].tolist(), found.hidden
    ([130.0, 50.0], 0.0)
    >>> bool(10 <= np.abs(found.positions[0] - 50).max() < 15)
    True
    """
    centers, box = np.asarray(centers, dtype=float), np.asarray(size, dtype=float)
    frame, half = np.asarray(map_size, dtype=float), box / 2
    dots = np.asarray(dots, dtype=float)
    group, sizes = np.unique(labels, return_inverse=True, return_counts=True)[1:]
    weights = 1 / sizes[group] if len(dots) else np.zeros(0)
    positions, done = centers.copy(), np.zeros(len(centers), dtype=bool)
    for i, center in enumerate(centers):
        inside = ((center >= half) & (center <= frame - half)).all()
        apart = (np.abs(positions[done] - center) >= box).any(axis=1).all()
        if inside and apart and _hidden(center, half, dots, group, sizes) <= MAX_HIDDEN_SHARE:
            done[i] = True
    if not done.all():
        positions = _settle(*_grid(box, dots, weights, frame), centers, done, box)
    hidden = [_hidden(position, half, dots, group, sizes) for position in positions]
    return Positions(positions, max(hidden, default=0.0))


def _hidden(
    position: np.ndarray, half: np.ndarray, dots: np.ndarray, group: np.ndarray, sizes: np.ndarray
) -> float:
    """Return the largest share of a cluster's dots under a picture at `position`."""
    x, y = (np.abs(dots - position) < half).T
    under = x & y
    if not under.any():
        return 0.0
    return float((np.bincount(group[under], minlength=len(sizes)) / sizes).max())


def _grid(
    box: np.ndarray, dots: np.ndarray, weights: np.ndarray, frame: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return positions for pictures, ``(m, 2)``, and what the dots that each hides cost."""
    cell = max(CELL, float(np.sqrt(frame.prod() / MAX_CELLS)))
    nx, ny = (max(int(cells), 1) for cells in np.ceil(frame / cell))
    column, row = np.clip((dots // cell).astype(int), 0, (nx - 1, ny - 1)).T
    heavy = np.bincount(column * ny + row, weights, minlength=nx * ny).reshape(nx, ny)
    table = np.pad(heavy.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    # Sums of weights over all boxes of so many cells, by a summed-area table.
    wide, high = np.minimum(np.ceil(box / cell).astype(int), (nx, ny))
    sums = table[wide:, high:] - table[:-wide, high:] - table[wide:, :-high] + table[:-wide, :-high]
    x = (np.arange(sums.shape[0]) + wide / 2) * cell
    y = (np.arange(sums.shape[1]) + high / 2) * cell
    grid = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)
    # The last cells may half_length over the border of the map.
    low = np.minimum(box / 2, frame / 2)
    share = np.maximum(sums.ravel(), 0)
    return np.clip(grid, low, frame - low), HIDING * share + TOUCHING * (share > MAX_HIDDEN_SHARE)


def _covered(grid: np.ndarray, position: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Return what it costs that pictures at the grid's positions cover one at `position`."""
    x, y = np.maximum(1 - np.abs(grid - position) / box, 0).T
    shared = x * y
    return np.asarray(TOUCHING * (shared > 1e-6) + COVERING * shared)


def _settle(
    grid: np.ndarray, cost: np.ndarray, centers: np.ndarray, stay: np.ndarray, box: np.ndarray
) -> np.ndarray:
    """Move the pictures that do not stay, one after another, and all of them again."""
    positions, done = centers.copy(), stay.copy()
    for position in positions[stay]:
        cost += _covered(grid, position, box)
    for i in np.tile(np.flatnonzero(~stay), ROUNDS):
        if done[i]:
            cost -= _covered(grid, positions[i], box)
            done[i] = False
        positions[i] = _best(grid, cost, i, centers, positions, done, box)
        cost += _covered(grid, positions[i], box)
        done[i] = True
    return np.asarray(positions)


def _best(
    grid: np.ndarray,
    cost: np.ndarray,
    i: int,
    centers: np.ndarray,
    positions: np.ndarray,
    done: np.ndarray,
    box: np.ndarray,
) -> np.ndarray:
    """Return the position of least cost for picture `i`, among all others that are `done`."""
    center = centers[i]
    total = cost + np.hypot(*(grid - center).T) / box.mean()
    near = np.flatnonzero(total <= total.min() + 2 * CROSSING)
    near = near[:: -(-len(near) // CANDIDATES)]
    now = np.hypot(*(grid - positions[i]).T).argmin()
    near = np.append(near, [total.argmin(), now])
    spots, half = grid[near], box / 2
    others, ends = positions[done], centers[done]
    led = (np.abs(others - ends) > half).any(axis=1)
    starts, ends = others[led], ends[led]
    crossings = _segments_hit(center, spots[:, None], others, half).sum(axis=1)
    crossings += _segments_hit(ends, starts, spots[:, None], half).sum(axis=1)
    meetings = _segments_meet(center, spots[:, None], ends, starts).sum(axis=1)
    return np.asarray(spots[(total[near] + CROSSING * crossings + MEETING * meetings).argmin()])


def _segments_hit(
    start: np.ndarray, end: np.ndarray, position: np.ndarray, half: np.ndarray
) -> np.ndarray:
    """Tell which segments touch boxes, by the three axes that could separate them."""
    middle, half_length = (start + end) / 2 - position, np.abs(end - start) / 2
    near = np.abs(middle) < half + half_length
    way = end - start
    off = np.abs(way[..., 0] * middle[..., 1] - way[..., 1] * middle[..., 0])
    along = half[0] * np.abs(way[..., 1]) + half[1] * np.abs(way[..., 0])
    return np.asarray(near[..., 0] & near[..., 1] & (off < along))


def _segments_meet(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Tell which segments ``a``-``b`` cross segments ``c``-``d``."""

    def side(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> np.ndarray:
        way, to = q - p, r - p
        return np.asarray(way[..., 0] * to[..., 1] - way[..., 1] * to[..., 0])

    return np.asarray((side(a, b, c) * side(a, b, d) < 0) & (side(c, d, a) * side(c, d, b) < 0))

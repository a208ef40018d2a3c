"""The queries of `find` on the map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage.plotting._figure import halo, shorten
from clustimage.plotting._fonts import font_of
from clustimage.plotting.grids._found import query_tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

__all__ = ["draw_stars", "position_queries"]

MAX_NAMES = 20
# Where a name may stand next to its star: to the right or left, above or below, in points.
BESIDE = ((9, 4), (9, -4), (-9, 4), (-9, -4))
NEIGHBOURS = 5


def position_queries(
    found: Mapping[str, Any], xycoord: np.ndarray, positions: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Return where on the map the queries of `find` belong.

    Parameters
    ----------
    found : mapping
        What ``find`` returns: ``"feat"``, then a DataFrame per query.
    xycoord : array of shape (n, 2)
        Positions of the images that were searched.
    positions : array of shape (m, 2), optional
        Positions of the queries where the embedding can tell them.

    Returns
    -------
    dict of str to array of shape (2,)
        By default the mean position of the five nearest images, each weighted by one
        over its distance; an image at distance 0 gives its own position. A query for which
        nothing was found has no position and is left out.
    """
    positioned = {}
    for i, (name, table) in enumerate(query_tables(found).items()):
        if positions is not None:
            positioned[name] = np.asarray(positions[i], dtype=float)
            continue
        nearest = table.sort_values("distance", kind="stable").iloc[:NEIGHBOURS]
        distance = nearest["distance"].to_numpy(dtype=float)
        if not len(distance):
            continue
        tiny = 1e-6 * max(distance[-1], 1e-12)
        weight = (distance <= tiny) if distance[0] <= tiny else 1 / distance
        where = np.asarray(xycoord, dtype=float)[nearest["y_idx"].to_numpy(dtype=int)]
        positioned[name] = np.average(where, axis=0, weights=weight)
    return {name: position for name, position in positioned.items() if np.isfinite(position).all()}


def draw_stars(ax: Axes, queries: Mapping[str, np.ndarray]) -> None:
    """Draw the queries of `find` as stars.

    The first 20 have names, each next to its star where it lies on no other name and
    inside the axes; where there is no such position it is left out, but for the first.
    """
    if not queries:
        return
    positions = np.stack(list(queries.values()))
    ax.scatter(
        positions[:, 0],
        positions[:, 1],
        marker="*",
        s=260,
        c="#FFD400",
        edgecolors="black",
        lw=1.1,
        zorder=6,
    )
    taken: list[Bbox] = []
    for name, position in list(queries.items())[:MAX_NAMES]:
        box = _write_next_to(ax, shorten(name, 28), position, taken)
        if box is not None:
            taken.append(box)


def _write_next_to(ax: Axes, words: str, position: np.ndarray, taken: list[Bbox]) -> Bbox | None:
    """Write a name next to its star; return where it is, or None where there is none."""
    frame = ax.get_window_extent()
    text = ax.annotate(
        words,
        (float(position[0]), float(position[1])),
        xytext=BESIDE[0],
        textcoords="offset points",
        fontsize=9,
        path_effects=halo(),
        zorder=7,
        parse_math=False,
        in_layout=False,
        **font_of(words),
    )
    for x, y in BESIDE:
        text.set(ha="left" if x > 0 else "right", va="bottom" if y > 0 else "top")
        text.xyann = (x, y)
        box = text.get_window_extent()
        inside = frame.x0 <= box.x0 and box.x1 <= frame.x1
        inside = inside and frame.y0 <= box.y0 and box.y1 <= frame.y1
        if inside and not any(box.overlaps(other) for other in taken):
            return box
    if not taken:
        text.xyann = BESIDE[0]
        text.set(ha="left", va="bottom")
        return text.get_window_extent()
    text.remove()
    return None

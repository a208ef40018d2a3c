"""How many images a plot draws at most, which ones, and how it says so."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from clustimage._core.errors import InvalidParameterError
from clustimage._core.logs import get_logger

__all__ = [
    "apart",
    "check_limit",
    "nearest_first",
    "one_per_cell",
    "spread_over_map",
    "log_limit",
    "shares",
]

logger = get_logger(__name__)

# Halvings of a map in `spread_over_map`: the cells of the last are a billionth of it.
HALVINGS = 15


def check_limit(name: str, value: Any, *, auto: int | None = None) -> int | None:
    """Return a limit as an int, or None for no limit.

    Parameters
    ----------
    name : str
        The parameter, for the message.
    value : int, "auto" or None
        What was given.
    auto : int, optional
        What ``"auto"`` means; without it, it is not allowed.

    Raises
    ------
    InvalidParameterError
        If it is none of these, or below 1.

    Examples
    --------
    >>> check_limit("max_images", "auto", auto=400), check_limit("max_images", None)
    (400, None)
    """
    if value is None:
        return None
    if auto is not None and isinstance(value, str) and value == "auto":
        return auto
    if isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1:
        return int(value)
    others = "None for no limit" if auto is None else "None for no limit, or 'auto'"
    raise InvalidParameterError(
        f"{name!r} must be a whole number of at least 1, {others}. Got {value!r}."
    )


def log_limit(
    drawn: int, of: int, noun: str, which: str, parameter: str = "max_images", more: str = ""
) -> None:
    """Tell in the log that a plot draws a part, which one, and how to get more."""
    more = more or f"A larger {parameter}= draws more, {parameter}=None all."
    logger.info("Drawing %s of %s %s: %s. %s", f"{drawn:,}", f"{of:,}", noun, which, more)


def nearest_first(distance: np.ndarray, limit: int) -> np.ndarray:
    """Return `limit` positions, evenly from the smallest distance to the largest.

    Both ends are among them. Of equal distances the first comes first.

    Examples
    --------
    >>> nearest_first(np.array([5.0, 1.0, 4.0, 2.0, 3.0]), 3).tolist()
    [1, 4, 0]
    """
    order = np.argsort(distance, kind="stable")
    at = np.rint(np.linspace(0, len(order) - 1, min(limit, len(order)))).astype(int)
    return np.asarray(order[at])


def shares(sizes: np.ndarray, limit: int) -> np.ndarray:
    """Return how many of each group to draw: at least one, in proportion, `limit` in all.

    Parameters
    ----------
    sizes : array of shape (k,)
        Of the groups, each at least 1.
    limit : int
        At least k.

    Examples
    --------
    >>> shares(np.array([900, 90, 9, 1]), 100).tolist()
    [87, 9, 1, 1]
    """
    k, total = len(sizes), int(sizes.sum())
    if total <= limit:
        return sizes
    return 1 + (sizes - 1) * (limit - k) // (total - k)


def one_per_cell(
    points: np.ndarray, cell: tuple[float, float], limit: int, *, least: float = 1.0
) -> np.ndarray:
    """Return rows spread evenly over a map: in each cell of a grid the one nearest its middle.

    Parameters
    ----------
    points : array of shape (n, 2)
        Positions, finite.
    cell : (float, float)
        Width and height of a cell.
    limit : int
        The most rows. Cells are larger, in the same proportions, where more than that would
        have points.
    least : float, default=1
        Part of `cell` down to which cells may be smaller, as long as no more than `limit`
        have points.

    Returns
    -------
    array of shape (m,), int
        Those nearest to the middle of their cell come first; of equal ones the first row.

    Examples
    --------
    >>> points = np.array([[0.1, 0.1], [0.4, 0.5], [0.9, 0.9], [3.0, 0.2]])
    >>> one_per_cell(points, (1.0, 1.0), 10).tolist()
    [1, 3]
    >>> sorted(one_per_cell(points, (1.0, 1.0), 4, least=0.1).tolist())
    [0, 1, 2, 3]
    """
    low = points.min(axis=0)
    span = float((np.ptp(points, axis=0) / cell).max())
    small, large = least, max(least, 1.001 * span)
    scaled, number = _into_cells(points - low, cell, small)
    if number.max() >= limit:
        # The smallest cells, to a hundredth, of which no more than `limit` have points.
        while large > 1.01 * small:
            middle = (small * large) ** 0.5
            few = _into_cells(points - low, cell, middle)[1].max() < limit
            small, large = (small, middle) if few else (middle, large)
        scaled, number = _into_cells(points - low, cell, large)
    off = np.square(scaled - np.floor(scaled) - 0.5).sum(axis=1)
    order = np.lexsort((off, number))
    first = order[np.flatnonzero(np.diff(number[order], prepend=-1))]
    return first[np.lexsort((first, off[first]))]


def _into_cells(
    points: np.ndarray, cell: tuple[float, float], scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return positions in units of a cell, and the number of the cell of each, from 0 up."""
    scaled = points / (np.asarray(cell, dtype=float) * scale)
    column, row = np.floor(scaled).astype(np.int64).T
    number = np.unique(column * (row.max() + 1) + row, return_inverse=True)[1].ravel()
    return scaled, number


def apart(points: np.ndarray, cell: tuple[float, float], hidden: float = 0.4) -> np.ndarray:
    """Return the rows of pictures that hide no more than a share of one before them.

    Parameters
    ----------
    points : array of shape (m, 2)
        Their middles; the first has the first choice.
    cell : (float, float)
        Width and height of a picture.
    hidden : float, default=0.4
        The share.

    Examples
    --------
    >>> apart(np.array([[0.0, 0.0], [0.2, 0.2], [1.5, 0.0]]), (1.0, 1.0)).tolist()
    [0, 2]
    """
    kept = np.empty(len(points), dtype=np.int64)
    n = 0
    scaled = points / cell
    for row, position in enumerate(scaled):
        shared = np.maximum(1 - np.abs(scaled[kept[:n]] - position), 0).prod(axis=1)
        if not n or shared.max() <= hidden:
            kept[n] = row
            n += 1
    return kept[:n]


def spread_over_map(points: np.ndarray, limit: int) -> np.ndarray:
    """Return rows so that every region of a map has some, however many are elsewhere.

    The map is halved in both directions again and again. Each time, every cell that has
    none yet gives its first row, until there are `limit`.

    Parameters
    ----------
    points : array of shape (n, 2)
        Positions, finite.
    limit : int
        The most rows.

    Returns
    -------
    array of shape (min(n, limit),), int
        Ascending.

    Examples
    --------
    >>> spread_over_map(np.array([[0, 0], [0, 0.001], [0, 0.002], [9, 9], [0, 9]]), 3).tolist()
    [0, 3, 4]
    """
    n = len(points)
    if n <= limit:
        return np.arange(n)
    low, span = points.min(axis=0), np.ptp(points, axis=0)
    unit = (points - low) / np.where(span > 0, span, 1.0)
    chosen = np.zeros(n, dtype=bool)
    for level in range(HALVINGS + 1):
        side = 2**level
        column, row = np.minimum((unit * side).astype(np.int64), side - 1).T
        number = column * side + row
        # Those that are chosen come first, so that a cell that has one gives none.
        order = np.argsort(~chosen, kind="stable")
        first = order[np.unique(number[order], return_index=True)[1]]
        new = np.sort(first[~chosen[first]])
        missing = limit - int(chosen.sum())
        if len(new) >= missing:
            chosen[new[np.arange(missing) * len(new) // missing]] = True
            return np.flatnonzero(chosen)
        chosen[new] = True
    rest, missing = np.flatnonzero(~chosen), limit - int(chosen.sum())
    chosen[rest[np.arange(missing) * len(rest) // missing]] = True
    return np.flatnonzero(chosen)

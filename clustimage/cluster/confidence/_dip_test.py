"""Hartigan's dip: how far a sample is from having one mode."""

from __future__ import annotations

import numpy as np

__all__ = ["dip_statistic", "is_multimodal"]

# Quantiles of 95 % of ``sqrt(n) * dip`` for uniform samples of n, from 100,000 samples of each.
SAMPLE_SIZES = np.array([4, 6, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1000, 5000])
QUANTILES = np.array(
    [0.4141, 0.4034, 0.4347, 0.4409, 0.4595, 0.4706, 0.4838, 0.4969, 0.5101, 0.521]
    + [0.5287, 0.5325, 0.5409]
)


def dip_statistic(x: np.ndarray) -> float:
    """Return the dip: the largest distance to the nearest unimodal distribution [1]_.

    The greatest convex minorant and the least concave majorant of the empirical distribution
    close in on an interval that holds the mode, until nothing outside it is further off.

    Parameters
    ----------
    x : ndarray of float, shape (n,)
        At least one finite number.

    Returns
    -------
    float
        From ``1 / (2 n)`` to 0.25.

    References
    ----------
    .. [1] J. A. Hartigan and P. M. Hartigan (1985). The dip test of unimodality. Ann.
       Stat. 13, 70-84.

    Examples
    --------
    >>> round(dip_statistic(np.array([0.0, 0.0, 1.0, 1.0])), 6)
    0.25
    >>> dip_statistic(np.arange(10.0))
    0.05
    """
    x = np.sort(np.asarray(x, dtype=np.float64))
    n, low, high, dip = len(x), 0, len(x) - 1, 1.0
    # Equal numbers are spread over a width that is nothing beside the gaps between others.
    gaps = np.diff(x)
    if (gaps == 0).any() and gaps.any():
        step = 1e-6 * gaps[gaps > 0].min() / n
        first = np.searchsorted(x, x)
        x = x + step * (np.arange(n) - first)
    steps = np.arange(n, dtype=np.float64)
    while x[high] > x[low]:
        inside = slice(low, high + 1)
        at, lower, upper = x[inside], steps[inside], steps[inside] + 1
        minorant, majorant = _convex_hull(at, lower), _convex_hull(at, -upper)
        convex = np.interp(at, at[minorant], lower[minorant])
        concave = np.interp(at, at[majorant], upper[majorant])
        gap = concave - convex
        if gap.max() < dip:
            break
        if gap[minorant].max() >= gap[majorant].max():
            left = minorant[np.argmax(gap[minorant])]
            right = majorant[np.searchsorted(majorant, left)]
        else:
            right = majorant[np.argmax(gap[majorant])]
            left = minorant[np.searchsorted(minorant, right, side="right") - 1]
        below, above = (upper - convex)[: left + 1].max(), (concave - lower)[right:].max()
        dip = max(dip, below, above)
        if (left, right) == (0, high - low):
            break
        low, high = low + int(left), low + int(right)
    return float(dip / (2 * n))


def is_multimodal(x: np.ndarray) -> bool:
    """Return whether the dip of a sample rules out a single mode, at the level of 5 %."""
    n = len(x)
    if n < SAMPLE_SIZES[0]:
        return False
    quantile = np.interp(np.log(n), np.log(SAMPLE_SIZES), QUANTILES)
    return bool(np.sqrt(n) * dip_statistic(x) > quantile)


def _convex_hull(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the positions of the points on the lower convex hull; `x` ascends."""
    hull: list[int] = []
    for i in range(len(x)):
        while len(hull) > 1:
            a, b = hull[-2], hull[-1]
            if (y[b] - y[a]) * (x[i] - x[b]) < (y[i] - y[b]) * (x[b] - x[a]):
                break  # the slope rises at the point in the middle
            hull.pop()
        hull.append(i)
    return np.array(hull)

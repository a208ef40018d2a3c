"""Arrays as text in a page: base64 of little-endian numbers."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

__all__ = ["encode_column", "map_order", "map_positions"]

POSITIONS = 2**16 - 1


def encode_column(values: np.ndarray) -> dict[str, Any]:
    """Return an array as a dict that the script of the page reads.

    Integers take the smallest type that holds them all; floats are float32, times float64.

    Examples
    --------
    >>> encode_column(np.array([0, 1]))
    {'type': 'u1', 'data': 'AAE='}
    """
    values = np.asarray(values)
    if values.dtype.kind == "f":
        kind = "f8" if values.dtype.itemsize == 8 else "f4"
    else:
        low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
        kinds = ("u1", "u2", "u4") if low >= 0 else ("i1", "i2", "i4")
        kind = next(k for k in kinds if np.iinfo(k).min <= low and high <= np.iinfo(k).max)
    data = np.ascontiguousarray(values, dtype=f"<{kind}")
    return {"type": kind, "data": base64.b64encode(data.tobytes()).decode("ascii")}


def map_positions(xycoord: np.ndarray) -> np.ndarray:
    """Return positions on the map as (n, 2) whole numbers from 0 to 65535, in its proportions.

    Positions that are not finite lie in the middle.
    """
    points = np.asarray(xycoord, dtype=np.float64)
    finite = np.isfinite(points).all(axis=1)
    if not finite.any():
        return np.full(points.shape, POSITIONS // 2)
    low, high = points[finite].min(axis=0), points[finite].max(axis=0)
    extent = max(float((high - low).max()), np.finfo(np.float64).tiny)
    shifted = (points - (low + high) / 2) / extent + 0.5
    shifted[~finite] = 0.5
    positions: np.ndarray = np.rint(np.clip(shifted, 0, 1) * POSITIONS)
    return positions.astype(np.int64)


def map_order(positions: np.ndarray) -> np.ndarray:
    """Return the images along a Hilbert curve through the map: neighbours come one after another.

    Parameters
    ----------
    positions : ndarray of shape (n, 2), int
        Of `map_positions`.

    Returns
    -------
    ndarray of shape (n,), int

    Notes
    -----
    The curve is that of Hilbert (1891), by the algorithm of J. Skilling, "Programming the
    Hilbert curve", AIP Conference Proceedings 707 (2004).
    """
    x, y = (positions[:, axis].astype(np.int64) for axis in (0, 1))
    key = np.zeros(len(positions), dtype=np.int64)
    side = 1 << 15
    while side:
        right, up = (x & side) > 0, (y & side) > 0
        key += side * side * ((3 * right) ^ up)
        flip = ~up
        mirror = flip & right
        x, y = np.where(mirror, POSITIONS - x, x), np.where(mirror, POSITIONS - y, y)
        x, y = np.where(flip, y, x), np.where(flip, x, y)
        side >>= 1
    return np.argsort(key, kind="stable")

"""Walks through all images, a few rows at a time: what fits no memory may lie in a file.

Every function here reads the pixels once, from the first row to the last, and gives the pages
of a file back as it goes. What it takes beside its result does not depend on the number of
images.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from clustimage._core.file_arrays import file_blocks
from clustimage._core.logs import progress

__all__ = ["BLOCK_VALUES", "apply_covariance", "moments", "rows_at_once", "rmatmat", "matmat"]

Floats = npt.NDArray[np.floating[Any]]

BLOCK_VALUES = 2**23  # pixels that are numbers at a time: 32 MiB in single precision
FEWEST, MOST = 128, 1024  # rows in a block: fewer are slow, of more the sums are not exact
HALF = 128  # what bytes are moved by
EXACT = 1024  # squares of moved bytes that single precision adds without error


def rows_at_once(n: int, d: int) -> int:
    """Return how many of `n` rows of `d` values are worked on at a time.

    Examples
    --------
    >>> rows_at_once(60_000, 49_152), rows_at_once(60_000, 64), rows_at_once(9, 64)
    (170, 1024, 9)
    """
    return min(n, MOST, max(FEWEST, BLOCK_VALUES // d))


def _walk(
    rows: npt.NDArray[Any], origin: Any, desc: str | None, kind: Any = None
) -> Iterator[tuple[slice, Floats]]:
    """Yield slices, and the rows less `origin` as numbers in memory that is used again."""
    n, d = rows.shape
    kind = kind or _kind(rows)
    step = rows_at_once(n, d)
    memory = np.empty((step, d), dtype=kind)
    origin = np.asarray(origin, dtype=kind)
    blocks: Any = file_blocks(rows, step)
    if desc is not None and n > step:
        blocks = progress(blocks, desc=desc, total=-(-n // step), unit="block")
    for lines, block in blocks:
        out = memory[: len(block)]
        # Line by line, which stays in the cache.
        for line, values in zip(out, block, strict=True):
            np.copyto(line, values, casting="unsafe")
            line -= origin
        yield lines, out


def _kind(rows: npt.NDArray[Any]) -> Any:
    return np.float32 if rows.dtype == np.uint8 else np.float64


def moments(rows: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float64], float]:
    """Return the mean of the rows, and the sum of their squared distances from it.

    Parameters
    ----------
    rows : ndarray of shape (n, d), uint8 or floating
        One image per row.

    Returns
    -------
    mean : ndarray of shape (d,), float64
    total : float
        Of bytes both are sums of whole numbers, rounded once at the end: `total` is 0 if
        and only if all rows are equal. Of other numbers it is 0 if they are equal.

    Examples
    --------
    >>> moments(np.array([[0, 7], [4, 7]], dtype=np.uint8))
    (array([2., 7.]), 8.0)
    """
    n, d = rows.shape
    if rows.dtype != np.uint8:
        mean = rows.mean(axis=0, dtype=np.float64)
        if all((block == rows[0]).all() for _, block in file_blocks(rows, MOST)):
            return mean, 0.0
        return mean, float(sum(np.square(block).sum() for _, block in _walk(rows, mean, None)))
    sums = np.zeros(d, dtype=np.int64)
    squares = 0
    for _, block in _walk(rows, HALF, "Measuring variance"):
        sums += block.sum(axis=0).astype(np.int64)
        for start in range(0, d, EXACT):
            part = block[:, start : start + EXACT]
            squares += int(np.einsum("ij,ij->i", part, part).sum(dtype=np.float64))
    # In whole numbers of any size: nothing cancels.
    total = (n * squares - sum(value * value for value in sums.tolist())) / n
    return (sums + HALF * n) / n, total


def apply_covariance(
    rows: npt.NDArray[Any],
    mean: npt.NDArray[np.float64],
    directions: Floats,
    desc: str | None = None,
) -> Floats:
    """Return ``C.T @ (C @ directions)`` of ``C = rows - mean``, in one walk.

    Parameters
    ----------
    rows : ndarray of shape (n, d), uint8 or floating
        One image per row.
    mean : ndarray of shape (d,), float64
        Mean of the rows.
    directions : ndarray of shape (d, b)
        Columns.
    desc : str, optional
        Words of the progress bar.

    Returns
    -------
    ndarray of shape (d, b)
        For bytes in single precision, with a relative error of about 1e-6; else float64.
    """
    total = np.zeros(directions.shape, dtype=_kind(rows))
    part = np.empty_like(total)
    for _, block in _walk(rows, mean, desc):
        total += np.matmul(block.T, block @ directions, out=part)
    return total


def rmatmat(
    rows: npt.NDArray[Any], mean: npt.NDArray[np.float64], left: Floats, desc: str | None = None
) -> Floats:
    """Return ``C.T @ left``, (d, b), for `left` of shape (n, b); see `apply_covariance`."""
    total = np.zeros((rows.shape[1], left.shape[1]), dtype=_kind(rows))
    part = np.empty_like(total)
    for lines, block in _walk(rows, mean, desc):
        total += np.matmul(block.T, left[lines], out=part)
    return total


def matmat(
    rows: npt.NDArray[Any], mean: npt.NDArray[np.float64], right: Floats, desc: str | None = None
) -> Floats:
    """Return ``C @ right``, (n, b), for `right` of shape (d, b); see `apply_covariance`."""
    out = np.empty((len(rows), right.shape[1]), dtype=_kind(rows))
    for lines, block in _walk(rows, mean, desc):
        np.matmul(block, right, out=out[lines])
    return out

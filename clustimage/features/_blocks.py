"""Matrix products of pixels, block by block, so that they never all become floats at once.

Pixels stay bytes; a block of them at a time becomes numbers. Two facts about
bytes make the results independent of batch size, block size and threads:

* Moved to -128 ... 127, a product of two pixels is at most ``2 ** 14``, so sums
  of 1,024 of them stay within ``2 ** 24`` and are exact in single precision.
* Against numbers that are whole multiples of ``2 ** -36`` (see `on_grid`) and
  form a row of length 1, sums over up to ``2 ** 20`` pixels need 53 bits and are
  exact in double precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import blas

from clustimage._logging import progress
from clustimage.features._base import FEW

__all__ = ["apply_gram", "centred_gram", "left_to_right", "on_grid", "project"]

Floats = npt.NDArray[np.floating[Any]]

HALF = 128  # what bytes are moved by
EXACT = 1024  # products of moved bytes that single precision adds without error
WIDE = 2048  # rows and columns in a block of double precision: 32 MiB
GRID = 2.0**36


def on_grid(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Round to whole multiples of ``2 ** -36``."""
    return np.round(values * GRID) / GRID


def _cut(size: int, width: int) -> Iterator[slice]:
    for start in range(0, size, width):
        yield slice(start, min(start + width, size))


def _shown(cuts: list[slice], desc: str, *, few: bool = False) -> Iterable[slice]:
    """Return the blocks, with a progress bar where there is enough work to wait for."""
    few = few or len(cuts) < FEW
    return cuts if few else progress(cuts, desc=desc, total=len(cuts), unit="block")


def _moved(
    rows: npt.NDArray[Any],
    mean: npt.NDArray[np.float64],
    part: tuple[slice, slice],
    memory: Floats,
) -> Floats:
    """Return a part of the rows as numbers, in `memory`: bytes less 128, all else less its mean."""
    block = rows[part]
    out = memory[: block.size].reshape(block.shape)
    origin = HALF if rows.dtype == np.uint8 else mean[part[1]]
    return np.subtract(block, origin, out=out, dtype=out.dtype, casting="unsafe")


def centred_gram(rows: npt.NDArray[Any], mean: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return ``C @ C.T`` where n <= d and ``C.T @ C`` otherwise, of ``C = rows - mean``.

    Parameters
    ----------
    rows : ndarray of shape (n, d), uint8 or floating
        One image per row.
    mean : ndarray of shape (d,), float64
        Mean of the rows.

    Returns
    -------
    ndarray of shape (m, m), float64, with m the smaller of n and d
        Symmetric. For uint8 the products are exact and only the centring rounds.
    """
    n, d = rows.shape
    pixels = rows.dtype == np.uint8
    kind: Any = np.float32 if pixels else np.float64
    product: Callable[..., Floats] = blas.ssyrk if pixels else blas.dsyrk
    small, long = min(n, d), max(n, d)
    memory = np.empty(small * min(EXACT, long), dtype=kind)
    total = np.zeros((small, small), order="F")
    cuts = list(_cut(long, EXACT))
    for cut in _shown(cuts, "Extracting PCA"):
        part = (slice(None), cut) if n <= d else (cut, slice(None))
        block = _moved(rows, mean, part, memory)
        # Turned, the block is in the order of Fortran, which spares a copy.
        total += product(1.0, block.T, trans=int(n <= d))
    # The product fills the upper half; the other one is its mirror image.
    np.copyto(total, total.T, where=np.tri(small, k=-1, dtype=bool))
    if pixels and n <= d:
        middle = total.mean(axis=0)
        total -= middle
        total -= (middle - middle.mean())[:, np.newaxis]
    elif pixels:
        total -= n * np.outer(mean - HALF, mean - HALF)
    return total


def left_to_right(
    rows: npt.NDArray[Any], mean: npt.NDArray[np.float64], left: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """Return ``(left.T @ (rows - mean))``, (k, d), for `left` of shape (n, k).

    Computed in double precision, rounded by `on_grid`.
    """
    n, d = rows.shape
    left = left - left.mean(axis=0)  # then the origin of the rows does not matter
    right = np.empty((left.shape[1], d), dtype=np.float32)
    memory = np.empty(min(n, WIDE) * min(d, WIDE))
    for columns in _cut(d, WIDE):
        part = np.zeros((left.shape[1], columns.stop - columns.start))
        for lines in _cut(n, WIDE):
            part += left[lines].T @ _moved(rows, mean, (lines, columns), memory)
        right[:, columns] = on_grid(part)
    return right


def project(
    rows: npt.NDArray[Any],
    mean: npt.NDArray[np.float64],
    components: npt.NDArray[np.float32],
    offset: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Return ``(rows - mean) @ components.T``, (n, k).

    Parameters
    ----------
    rows : ndarray of shape (n, d), uint8 or floating
        One image per row.
    mean : ndarray of shape (d,), float64
        What is taken from each row.
    components : ndarray of shape (k, d), float32
        Rows of length 1, on the grid of `on_grid`.
    offset : ndarray of shape (k,), float64
        ``(128 - mean) @ components.T``, taken for bytes.
    """
    n, d = rows.shape
    scores = np.zeros((n, len(components)))
    memory = np.empty(min(n, WIDE) * min(d, WIDE))
    for columns in _shown(list(_cut(d, WIDE)), "Projecting", few=n < EXACT):
        part = components[:, columns].astype(np.float64).T
        for lines in _cut(n, WIDE):
            scores[lines] += _moved(rows, mean, (lines, columns), memory) @ part
    return scores + offset if rows.dtype == np.uint8 else scores


def apply_gram(
    rows: npt.NDArray[Any], mean: npt.NDArray[np.float64], vectors: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return ``C @ (C.T @ vectors)`` of ``C = rows - mean``, in one walk through the rows.

    Parameters
    ----------
    rows : ndarray of shape (n, d), uint8 or floating
        One image per row.
    mean : ndarray of shape (d,), float64
        Mean of the rows.
    vectors : ndarray of shape (n, b), float64
        Columns that each sum to zero.

    Returns
    -------
    ndarray of shape (n, b), float64
        In single precision for bytes: a relative error of about 1e-6.
    """
    n, d = rows.shape
    kind: Any = np.float32 if rows.dtype == np.uint8 else np.float64
    turned = vectors.astype(kind)
    memory = np.empty(n * min(d, EXACT), dtype=kind)
    total = np.zeros_like(vectors)
    for columns in _cut(d, EXACT):
        block = _moved(rows, mean, (slice(None), columns), memory)
        total += block @ (block.T @ turned)
    return total - total.mean(axis=0)

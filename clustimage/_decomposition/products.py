"""Matrix products of pixels, block by block, so that they never all become floats at once.

Pixels stay bytes; a block of them at a time becomes numbers. Two facts about
bytes make the results independent of batch size, block size and threads:

* Moved to -128 ... 127, a product of two pixels is at most ``2 ** 14``, so sums
  of 1,024 of them stay within ``2 ** 24`` and are exact in single precision.
* Against numbers that are whole multiples of ``2 ** -36`` (see `on_grid`) and
  form a row of length 1, sums over up to ``2 ** 20`` pixels need 53 bits and are
  exact in double precision.

Pixels in a file are read by rows, and their pages given back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import blas

from clustimage._core.file_arrays import forget, mapped_file
from clustimage._core.logs import progress

__all__ = ["centred_gram", "left_to_right", "on_grid", "project", "project_row"]

Floats = npt.NDArray[np.floating[Any]]

FEW = 8  # blocks that are done before one looks for a progress bar
HALF = 128  # what bytes are moved by
EXACT = 1024  # products of moved bytes that single precision adds without error
WIDE = 2048  # rows and columns in a block of double precision: 32 MiB
SUMS = 2**23  # numbers of double precision that are summed up in one walk: 64 MiB
STRIPE = 16384  # columns that are looked at in one walk, so that few pages are there at a time
PAGES = 2**25  # bytes of a file that are there at a time
GRID = 2.0**36


def on_grid(
    values: npt.NDArray[np.float64], out: npt.NDArray[np.float64] | None = None
) -> npt.NDArray[np.float64]:
    """Round to whole multiples of ``2 ** -36``, in new memory or in `out`."""
    out = np.multiply(values, GRID, out=out)
    np.round(out, out=out)
    out /= GRID
    return out


def _cut(size: int, width: int) -> Iterator[slice]:
    for start in range(0, size, width):
        yield slice(start, min(start + width, size))


def _lines_at_once(rows: npt.NDArray[Any], most: int) -> int:
    """Return how many rows of bytes to look at; of other numbers the results depend on it."""
    return most if rows.dtype != np.uint8 else max(128, min(most, PAGES // rows.shape[1]))


def _shown(cuts: list[Any], desc: str, *, few: bool) -> Iterable[Any]:
    """Return the blocks, with a progress bar where there is enough work to wait for."""
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
    if n > d:
        total = _gram_of_columns(rows, mean)
    elif pixels and mapped_file(rows) is not None:
        total = _gram_of_file(rows, mean)
    else:
        total = _gram_of_rows(rows, mean)
    # The products fill the upper half; the other one is its mirror image.
    np.copyto(total, total.T, where=np.tri(len(total), k=-1, dtype=bool))
    if pixels and n <= d:
        middle = total.mean(axis=0)
        total -= middle
        total -= (middle - middle.mean())[:, np.newaxis]
    elif pixels:
        total -= n * np.outer(mean - HALF, mean - HALF)
    return total


def _product(rows: npt.NDArray[Any]) -> tuple[Any, Callable[..., Floats]]:
    """Return the kind of numbers, and what fills the upper half of a symmetric product."""
    return (np.float32, blas.ssyrk) if rows.dtype == np.uint8 else (np.float64, blas.dsyrk)


def _gram_of_columns(
    rows: npt.NDArray[Any], mean: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    n, d = rows.shape
    kind, product = _product(rows)
    memory = np.empty(d * min(EXACT, n), dtype=kind)
    total = np.zeros((d, d), order="F")
    cuts = list(_cut(n, EXACT))
    for lines in _shown(cuts, "Extracting PCA", few=len(cuts) < FEW):
        block = _moved(rows, mean, (lines, slice(None)), memory)
        # Turned, the block is in the order of Fortran, which spares a copy.
        total += product(1.0, block.T)
        forget(rows[lines])
    return total


def _gram_of_rows(rows: npt.NDArray[Any], mean: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    n, d = rows.shape
    kind, product = _product(rows)
    memory = np.empty(n * min(EXACT, d), dtype=kind)
    total = np.zeros((n, n), order="F")
    cuts = list(_cut(d, EXACT))
    for columns in _shown(cuts, "Extracting PCA", few=len(cuts) < FEW):
        block = _moved(rows, mean, (slice(None), columns), memory)
        total += product(1.0, block.T, trans=1)
    return total


def _gram_of_file(rows: npt.NDArray[Any], mean: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return what `_gram_of_rows` does for bytes, to the bit, from pairs of blocks of rows."""
    n, d = rows.shape
    step = _lines_at_once(rows, EXACT)
    above, below = (np.empty(step * min(EXACT, d), dtype=np.float32) for _ in range(2))
    total = np.zeros((n, n), order="F")
    pairs = [(low, high) for high in _cut(n, step) for low in _cut(high.stop, step)]
    for low, high in _shown(pairs, "Extracting PCA", few=len(pairs) < FEW):
        for columns in _cut(d, EXACT):
            right = _moved(rows, mean, (high, columns), below)
            left = right if low == high else _moved(rows, mean, (low, columns), above)
            total[low, high] += left @ right.T
        forget(rows[low])
        forget(rows[high])
    return total


def left_to_right(
    rows: npt.NDArray[Any], mean: npt.NDArray[np.float64], left: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """Return ``(left.T @ (rows - mean))``, (k, d), for `left` of shape (n, k).

    Computed in double precision, rounded by `on_grid`.
    """
    n, d = rows.shape
    count = left.shape[1]
    left = left - left.mean(axis=0)  # then the origin of the rows does not matter
    right = np.empty((count, d), dtype=np.float32)
    memory = np.empty(min(n, WIDE) * min(d, WIDE))
    width = max(1, min(STRIPE, SUMS // count) // WIDE) * WIDE
    for stripe in _cut(d, width):
        total = np.zeros((count, stripe.stop - stripe.start))
        for lines in _cut(n, WIDE):
            turned = left[lines].T
            for inner in _cut(total.shape[1], WIDE):
                columns = slice(stripe.start + inner.start, stripe.start + inner.stop)
                total[:, inner] += turned @ _moved(rows, mean, (lines, columns), memory)
            forget(rows[lines])
        right[:, stripe] = on_grid(total, out=total)
    return right


def project(
    rows: npt.NDArray[Any],
    mean: npt.NDArray[np.float64],
    components: npt.NDArray[np.float32],
    offset: npt.NDArray[np.float64],
) -> npt.NDArray[np.float32]:
    """Return ``(rows - mean) @ components.T``, (n, k), computed in double precision.

    Parameters
    ----------
    rows : ndarray of shape (n, d), uint8 or floating
        One image per row.
    mean : ndarray of shape (d,), float64
        What is taken from each row.
    components : ndarray of shape (k, d), float32
        Rows of length 1, on the grid of `on_grid`.
    offset : ndarray of shape (k,), float64
        ``(128 - mean) @ components.T``, taken for bytes; see `project_row`.
    """
    n, d = rows.shape
    scores = np.empty((n, len(components)), dtype=np.float32)
    step = min(n, _lines_at_once(rows, WIDE))
    memory = np.empty(step * min(d, WIDE))
    for lines in _shown(list(_cut(n, step)), "Projecting", few=n * d < WIDE * WIDE * FEW):
        some = _scores(rows, mean, components, lines, memory)
        scores[lines] = some + offset if rows.dtype == np.uint8 else some
        forget(rows[lines])
    return scores


def project_row(
    row: npt.NDArray[np.float64],
    mean: npt.NDArray[np.float64],
    components: npt.NDArray[np.float32],
) -> npt.NDArray[np.float64]:
    """Return ``components @ (row - mean)``, (k,), for a row of numbers of shape (d,)."""
    memory = np.empty(min(len(row), WIDE))
    return _scores(row[np.newaxis], mean, components, slice(0, 1), memory)[0]


def _scores(
    rows: npt.NDArray[Any],
    mean: npt.NDArray[np.float64],
    components: npt.NDArray[np.float32],
    lines: slice,
    memory: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Return the scores of some lines, (b, k); of bytes less 128 in place of the mean."""
    scores = np.zeros((lines.stop - lines.start, len(components)))
    for columns in _cut(rows.shape[1], WIDE):
        part = components[:, columns].astype(np.float64).T
        scores += _moved(rows, mean, (lines, columns), memory) @ part
    return scores

"""Matrix products of centred images, block by block, so that they never all become floats.

Pixels stay bytes; a block of them at a time becomes numbers. Two facts about
bytes make the results independent of batch size, block size and threads:

* Less 128, a product of two pixels is at most ``2 ** 14``, so sums of 1,024 of
  them stay within ``2 ** 24`` and are exact in single precision.
* Against numbers that are whole multiples of ``2 ** -36`` (see `on_grid`) and
  form a row of length 1, sums over up to ``2 ** 20`` pixels need 53 bits and are
  exact in double precision.

Pixels in a file are read by rows, and their pages given back: what a function takes beside
its result does not depend on the number of images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import blas

from clustimage._core.file_arrays import file_blocks, forget, mapped_file
from clustimage._core.logs import progress
from clustimage._core.picked_rows import PickedRows, Rows

__all__ = [
    "BYTE_OFFSET",
    "apply_covariance",
    "centred_gram",
    "flip_signs",
    "matmat",
    "mean_and_sum_of_squares",
    "on_grid",
    "project",
    "project_row",
    "right_vectors",
    "rmatmat",
    "rows_per_block",
    "sums_of_bytes",
]

Floats = npt.NDArray[np.floating[Any]]
Doubles = npt.NDArray[np.float64]

BYTE_OFFSET = 128  # taken from bytes
EXACT_TERMS = 1024  # products of bytes less 128 that single precision adds without error
VALUES_PER_BLOCK = 2**23  # in single precision: 32 MiB
MIN_ROWS_PER_BLOCK, MAX_ROWS_PER_BLOCK = 128, EXACT_TERMS  # fewer are slow, of more sums round
BLOCK_SIDE = 2048  # rows and columns in a block of double precision: 32 MiB
SUMS_PER_PASS = 2**23  # numbers of double precision: 64 MiB
COLUMNS_PER_PASS = 16384  # so that few pages of a file are in memory at a time
FILE_BYTES = 2**25  # bytes of a file that are in memory at a time
MIN_BLOCKS_FOR_PROGRESS = 8  # fewer are done before one looks for a progress bar
GRID = 2.0**36


def on_grid(values: Doubles, out: Doubles | None = None) -> Doubles:
    """Round to whole multiples of ``2 ** -36``, in new memory or in `out`."""
    out = np.multiply(values, GRID, out=out)
    np.round(out, out=out)
    out /= GRID
    return out


def flip_signs(components: Floats) -> Floats:
    """Give each row, in place, the sign that makes its largest weight positive."""
    for row in components:
        if row[np.abs(row).argmax()] < 0:
            row *= -1
    return components


def rows_per_block(n: int, d: int) -> int:
    """Return how many of `n` rows of `d` values are worked on at a time.

    Examples
    --------
    >>> rows_per_block(60_000, 49_152), rows_per_block(60_000, 64), rows_per_block(9, 64)
    (170, 1024, 9)
    """
    return min(n, MAX_ROWS_PER_BLOCK, max(MIN_ROWS_PER_BLOCK, VALUES_PER_BLOCK // d))


def _kind(rows: Rows) -> Any:
    return np.float32 if rows.dtype == np.uint8 else np.float64


def _slices(size: int, width: int) -> Iterator[slice]:
    for start in range(0, size, width):
        yield slice(start, min(start + width, size))


def _rows_in_memory(rows: Rows, most: int) -> int:
    """Return how many rows of bytes to look at; of other numbers the results depend on it."""
    return most if rows.dtype != np.uint8 else max(128, min(most, FILE_BYTES // rows.shape[1]))


def _forget(rows: Rows, lines: slice) -> None:
    """Give back the pages of some rows that lie in a file; `PickedRows` does so itself."""
    if isinstance(rows, np.ndarray):
        forget(rows[lines])


def _shown(blocks: list[Any], desc: str, *, quick: bool) -> Iterable[Any]:
    """Return the blocks, with a progress bar where there is enough work to wait for."""
    return blocks if quick else progress(blocks, desc=desc, total=len(blocks), unit="block")


def _centred_blocks(rows: Rows, origin: Any, desc: str | None) -> Iterator[tuple[slice, Floats]]:
    """Yield slices, and the rows less `origin` as numbers in memory that is used again."""
    n, d = rows.shape
    step = rows_per_block(n, d)
    memory = np.empty((step, d), dtype=_kind(rows))
    origin = np.asarray(origin, dtype=memory.dtype)
    blocks: Any = file_blocks(rows, step)
    if desc is not None and n > step:
        blocks = progress(blocks, desc=desc, total=-(-n // step), unit="block")
    for lines, block in blocks:
        out = memory[: len(block)]
        # Line by line, which stays in the processor's cache.
        for line, values in zip(out, block, strict=True):
            np.copyto(line, values, casting="unsafe")
            line -= origin
        yield lines, out


def _shifted(rows: Rows, mean: Doubles, part: tuple[slice, slice], memory: Floats) -> Floats:
    """Return a part of the rows as numbers, in `memory`: bytes less 128, all else less its mean."""
    block = rows[part]
    out = memory[: block.size].reshape(block.shape)
    origin = BYTE_OFFSET if rows.dtype == np.uint8 else mean[part[1]]
    np.subtract(block, origin, out=out, dtype=out.dtype, casting="unsafe")
    return out


def mean_and_sum_of_squares(rows: Rows) -> tuple[Doubles, float]:
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
    >>> mean_and_sum_of_squares(np.array([[0, 7], [4, 7]], dtype=np.uint8))
    (array([2., 7.]), 8.0)
    """
    n, d = rows.shape
    if rows.dtype != np.uint8:
        mean = _mean(rows)
        if all((block == rows[0]).all() for _, block in file_blocks(rows, MAX_ROWS_PER_BLOCK)):
            return mean, 0.0
        blocks = _centred_blocks(rows, mean, None)
        return mean, float(sum(np.square(block).sum() for _, block in blocks))
    _, sums, squares, _ = sums_of_bytes(rows, desc="Measuring variance")
    # In whole numbers of any size: nothing cancels.
    total = (n * squares - sum(value * value for value in sums.tolist())) / n
    return (sums + BYTE_OFFSET * n) / n, total


def sums_of_bytes(
    rows: Rows, *, products: bool = False, desc: str | None = None
) -> tuple[int, npt.NDArray[np.int64], int, Doubles]:
    """Return sums of pixels less 128 that can be added up over several sets of images.

    Parameters
    ----------
    rows : ndarray of shape (n, d), uint8
        One image per row.
    products : bool, default=False
        Whether the products of all pairs of columns are added up too.
    desc : str, optional
        Words of the progress bar.

    Returns
    -------
    n : int
        Number of rows.
    sums : ndarray of shape (d,), int64
        Of each column.
    squares : int
        Of all squares.
    products : ndarray of shape (d, d) or (0, 0), float64
        Whole numbers.
    """
    n, d = rows.shape
    sums = np.zeros(d, dtype=np.int64)
    squares = 0
    for _, block in _centred_blocks(rows, BYTE_OFFSET, desc):
        sums += block.sum(axis=0).astype(np.int64)
        for columns in _slices(d, EXACT_TERMS):
            part = block[:, columns]
            squares += int(np.einsum("ij,ij->i", part, part).sum(dtype=np.float64))
    if not products:
        return n, sums, squares, np.zeros((0, 0))
    total = _gram_of_columns(rows, np.zeros(d))
    np.copyto(total, total.T, where=np.tri(d, k=-1, dtype=bool))
    return n, sums, squares, total


def _mean(rows: Rows) -> Doubles:
    """Return the mean of rows of floats, block by block.

    Each block begins with the sum of those before it: that is the order in which numpy sums
    all of them.
    """
    total = np.zeros(rows.shape[1])
    for _, block in file_blocks(rows, MAX_ROWS_PER_BLOCK):
        some = block.astype(np.float64)
        some[0] += total
        total = some.sum(axis=0)
    mean: Doubles = total / len(rows)
    return mean


def apply_covariance(
    rows: Rows, mean: Doubles, directions: Floats, desc: str | None = None
) -> Floats:
    """Return ``C.T @ (C @ directions)`` of ``C = rows - mean``, in one pass over the rows.

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
    for _, block in _centred_blocks(rows, mean, desc):
        total += np.matmul(block.T, block @ directions, out=part)
    return total


def rmatmat(rows: Rows, mean: Doubles, left: Floats, desc: str | None = None) -> Floats:
    """Return ``C.T @ left``, (d, b), for `left` of shape (n, b); see `apply_covariance`."""
    total = np.zeros((rows.shape[1], left.shape[1]), dtype=_kind(rows))
    part = np.empty_like(total)
    for lines, block in _centred_blocks(rows, mean, desc):
        total += np.matmul(block.T, left[lines], out=part)
    return total


def matmat(rows: Rows, mean: Doubles, right: Floats, desc: str | None = None) -> Floats:
    """Return ``C @ right``, (n, b), for `right` of shape (d, b); see `apply_covariance`."""
    out = np.empty((len(rows), right.shape[1]), dtype=_kind(rows))
    for lines, block in _centred_blocks(rows, mean, desc):
        np.matmul(block, right, out=out[lines])
    return out


def centred_gram(rows: Rows, mean: Doubles) -> Doubles:
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
    elif pixels and mapped_file(rows.rows if isinstance(rows, PickedRows) else rows) is not None:
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
        total -= n * np.outer(mean - BYTE_OFFSET, mean - BYTE_OFFSET)
    return total


def _product(rows: Rows) -> Callable[..., Floats]:
    """Return what fills the upper half of the product of a block and itself."""
    product: Callable[..., Floats] = blas.ssyrk if rows.dtype == np.uint8 else blas.dsyrk
    return product


def _gram_of_columns(rows: Rows, mean: Doubles) -> Doubles:
    n, d = rows.shape
    product = _product(rows)
    memory = np.empty(d * min(EXACT_TERMS, n), dtype=_kind(rows))
    total = np.zeros((d, d), order="F")
    blocks = list(_slices(n, EXACT_TERMS))
    for lines in _shown(blocks, "Extracting PCA", quick=len(blocks) < MIN_BLOCKS_FOR_PROGRESS):
        block = _shifted(rows, mean, (lines, slice(None)), memory)
        # Transposed, the block is in the order of Fortran, which spares a copy.
        total += product(1.0, block.T)
        _forget(rows, lines)
    return total


def _gram_of_rows(rows: Rows, mean: Doubles) -> Doubles:
    n, d = rows.shape
    product = _product(rows)
    memory = np.empty(n * min(EXACT_TERMS, d), dtype=_kind(rows))
    total = np.zeros((n, n), order="F")
    blocks = list(_slices(d, EXACT_TERMS))
    for columns in _shown(blocks, "Extracting PCA", quick=len(blocks) < MIN_BLOCKS_FOR_PROGRESS):
        block = _shifted(rows, mean, (slice(None), columns), memory)
        total += product(1.0, block.T, trans=1)
    return total


def _gram_of_file(rows: Rows, mean: Doubles) -> Doubles:
    """Return what `_gram_of_rows` does for bytes, to the bit, from pairs of blocks of rows."""
    n, d = rows.shape
    step = _rows_in_memory(rows, EXACT_TERMS)
    above, below = (np.empty(step * min(EXACT_TERMS, d), dtype=np.float32) for _ in range(2))
    total = np.zeros((n, n), order="F")
    pairs = [(low, high) for high in _slices(n, step) for low in _slices(high.stop, step)]
    for low, high in _shown(pairs, "Extracting PCA", quick=len(pairs) < MIN_BLOCKS_FOR_PROGRESS):
        for columns in _slices(d, EXACT_TERMS):
            right = _shifted(rows, mean, (high, columns), below)
            left = right if low == high else _shifted(rows, mean, (low, columns), above)
            total[low, high] += left @ right.T
        _forget(rows, low)
        _forget(rows, high)
    return total


def right_vectors(rows: Rows, mean: Doubles, left: Doubles) -> npt.NDArray[np.float32]:
    """Return ``(left.T @ (rows - mean))``, (k, d), for `left` of shape (n, k).

    Computed in double precision, rounded by `on_grid`.
    """
    n, d = rows.shape
    count = left.shape[1]
    left = left - left.mean(axis=0)  # then the origin of the rows does not matter
    right = np.empty((count, d), dtype=np.float32)
    memory = np.empty(min(n, BLOCK_SIDE) * min(d, BLOCK_SIDE))
    width = max(1, min(COLUMNS_PER_PASS, SUMS_PER_PASS // count) // BLOCK_SIDE) * BLOCK_SIDE
    for stripe in _slices(d, width):
        total = np.zeros((count, stripe.stop - stripe.start))
        for lines in _slices(n, BLOCK_SIDE):
            weights = left[lines].T
            for inner in _slices(total.shape[1], BLOCK_SIDE):
                columns = slice(stripe.start + inner.start, stripe.start + inner.stop)
                total[:, inner] += weights @ _shifted(rows, mean, (lines, columns), memory)
            _forget(rows, lines)
        right[:, stripe] = on_grid(total, out=total)
    return right


def project(
    rows: npt.NDArray[Any],
    mean: Doubles,
    components: npt.NDArray[np.float32],
    offset: Doubles,
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
    step = min(n, _rows_in_memory(rows, BLOCK_SIDE))
    memory = np.empty(step * min(d, BLOCK_SIDE))
    quick = n * d < BLOCK_SIDE * BLOCK_SIDE * MIN_BLOCKS_FOR_PROGRESS
    for lines in _shown(list(_slices(n, step)), "Projecting", quick=quick):
        scored = _scores(rows, mean, components, lines, memory)
        scores[lines] = scored + offset if rows.dtype == np.uint8 else scored
        _forget(rows, lines)
    return scores


def project_row(
    row: Doubles,
    mean: Doubles,
    components: npt.NDArray[np.float32],
) -> Doubles:
    """Return ``components @ (row - mean)``, (k,), for a row of numbers of shape (d,)."""
    memory = np.empty(min(len(row), BLOCK_SIDE))
    scores: Doubles = _scores(row[np.newaxis], mean, components, slice(0, 1), memory)[0]
    return scores


def _scores(
    rows: Rows,
    mean: Doubles,
    components: npt.NDArray[np.float32],
    lines: slice,
    memory: Doubles,
) -> Doubles:
    """Return the scores of some lines, (b, k); of bytes less 128 in place of the mean."""
    scores = np.zeros((lines.stop - lines.start, len(components)))
    for columns in _slices(rows.shape[1], BLOCK_SIDE):
        part = components[:, columns].astype(np.float64).T
        scores += _shifted(rows, mean, (lines, columns), memory) @ part
    return scores

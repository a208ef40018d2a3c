"""Rows of an array in batches of a stated size in memory."""

from __future__ import annotations

__all__ = ["BLOCK_BYTES", "row_blocks"]

# Bytes of one block of float64: small enough to stay near the processor.
BLOCK_BYTES = 16 * 2**20


def row_blocks(n_rows: int, row_size: int, n_bytes: int | None = None) -> list[slice]:
    """Return slices over rows, so that no matrix of all rows has to be held.

    Parameters
    ----------
    n_rows : int
        Number of rows.
    row_size : int
        Numbers that are held for each row, as float64.
    n_bytes : int, optional
        What a block may take; at least one row is in it. Default 16 MiB.

    Returns
    -------
    list of slice
        In order; together they cover all rows.

    Examples
    --------
    >>> row_blocks(5, 10, n_bytes=160)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    step = max(1, (BLOCK_BYTES if n_bytes is None else n_bytes) // (8 * max(1, row_size)))
    return [slice(start, min(start + step, n_rows)) for start in range(0, n_rows, step)]

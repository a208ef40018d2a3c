"""Digests of the rows of an array, and ranks by them: an order by content, not by position."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from clustimage._core.file_arrays import file_blocks

__all__ = ["rank_rows", "row_digests"]

BYTES_PER_BLOCK = 2**24


def row_digests(rows: npt.NDArray[np.generic]) -> npt.NDArray[np.uint64]:
    """Return a digest of the content of each row, BLAKE2b with 64 bits.

    Parameters
    ----------
    rows : ndarray of numbers, shape (n, ...)
        In memory or in a file. Of floats 0 and -0 are equal.

    Returns
    -------
    ndarray of uint64, shape (n,)

    Examples
    --------
    >>> digests = row_digests(np.array([[1.0, 0.0], [2.0, 0.0], [1.0, -0.0]]))
    >>> bool(digests[0] == digests[2]), bool(digests[0] == digests[1])
    (True, False)
    """
    found = np.empty(len(rows), dtype=np.uint64)
    for block, some in file_blocks(rows, max(1, BYTES_PER_BLOCK // max(1, rows[:1].nbytes))):
        plain = np.ascontiguousarray(some + 0.0 if some.dtype.kind == "f" else some)
        hashed = (blake2b(row, digest_size=8).digest() for row in plain)
        found[block] = np.frombuffer(b"".join(hashed), dtype="<u8")
    return found


def rank_rows(*keys: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    """Return the rank of each row by one or more keys, of which the first counts most.

    Examples
    --------
    >>> rank_rows(np.array([5, 1, 5, 1]), np.array([0, 2, 0, 1])).tolist()
    [2, 1, 2, 0]
    """
    order = np.lexsort(keys[::-1])
    new = np.zeros(len(order), dtype=np.int64)
    for key in keys:
        new[1:] |= key[order[1:]] != key[order[:-1]]
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.cumsum(new)
    return ranks

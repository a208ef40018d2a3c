"""Which rows are equal: images that no clusterer and no map should part."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

__all__ = ["distinct_rows", "name_distinct_rows"]


def name_distinct_rows(
    X: np.ndarray, at_most: int, metadata: np.ndarray | None = None
) -> np.ndarray | None:
    """Return which of the distinct rows each row is, if there are at most `at_most`.

    Rows are compared by a hash of 128 bits of their bytes, one by one: nothing is
    sorted or copied, and it ends as soon as there are too many.

    Parameters
    ----------
    X : ndarray of float, shape (n, d)
        Features.
    at_most : int
        Distinct rows that matter.
    metadata : ndarray of float64, shape (n, m), optional
        More columns that rows may differ by; NaN is equal to itself.

    Returns
    -------
    ndarray of int64, shape (n,), or None
        Names 0, 1, ... in the order of their first row; None where more than `at_most`
        rows are distinct.

    Examples
    --------
    >>> X = np.array([[1.0, 2.0], [0.0, 1.0], [1.0, 2.0], [-0.0, 1.0]])
    >>> name_distinct_rows(X, at_most=2).tolist()
    [0, 1, 0, 1]
    >>> name_distinct_rows(X, at_most=1) is None
    True
    """
    seen: dict[bytes, int] = {}
    names = np.empty(len(X), dtype=np.int64)
    for i, row in enumerate(X):
        # 0 is added, so that -0 has the bytes of 0.
        digest = blake2b((row + 0).tobytes(), digest_size=16)
        if metadata is not None:
            digest.update((metadata[i] + 0).tobytes())
        names[i] = seen.setdefault(digest.digest(), len(seen))
        if len(seen) > at_most:
            return None
    return names


def distinct_rows(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which of the distinct rows each row is, and the index of the first of each.

    Examples
    --------
    >>> names, first = distinct_rows(np.array([[1.0], [2.0], [1.0], [3.0]]))
    >>> names.tolist(), first.tolist()
    ([0, 1, 0, 2], [0, 1, 3])
    """
    names = name_distinct_rows(X, len(X))
    assert names is not None
    return names, np.unique(names, return_index=True)[1]

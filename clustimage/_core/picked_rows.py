"""Some rows of an array, or all of them in another order, without a copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from clustimage._core.file_arrays import forget

__all__ = ["PickedRows", "Rows"]


class PickedRows:
    """Some rows of an array, taken out of it when they are asked for.

    Parameters
    ----------
    rows : ndarray of shape (n, ...)
        All rows; in memory or in a file, whose pages are given back.
    at : ndarray of shape (m,), int
        Indices of some of them, in any order.

    Examples
    --------
    >>> some = PickedRows(np.array([[1.0, 7.0], [2.0, 8.0], [3.0, 9.0]]), np.array([2, 0]))
    >>> len(some), some[0:1].tolist(), some[:, 1:].tolist()
    (2, [[3.0, 9.0]], [[9.0], [7.0]])
    """

    def __init__(self, rows: np.ndarray, at: np.ndarray) -> None:
        self.rows = rows
        self.at = at
        self.shape = (len(at), *rows.shape[1:])
        self.dtype = rows.dtype

    def __len__(self) -> int:
        return len(self.at)

    def __getitem__(self, which: Any) -> np.ndarray:
        if isinstance(which, tuple):
            at = (self.at[which[0]], *which[1:])
            some: np.ndarray = self.rows[at]
        else:
            some = self.rows.take(self.at[which], axis=0)
        forget(self.rows)
        return some


Rows = npt.NDArray[Any] | PickedRows

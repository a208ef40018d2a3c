"""Which images of a set the queries are themselves."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np

__all__ = ["rows_of_equal", "rows_of_files"]

# Features of one image differ by less between two runs of a network, in batches of other sizes.
TOLERANCE = 1e-5


def rows_of_files(query: str, pathnames: np.ndarray, filenames: np.ndarray) -> np.ndarray:
    """Return the rows of a set that are one file.

    Parameters
    ----------
    query : str
        Absolute path of the file.
    pathnames, filenames : ndarray of str objects, shape (n,)
        Absolute paths of the set, and their last parts.

    Returns
    -------
    ndarray of int
        All rows with this path; where there is none, those with this name whose path leads to
        the same file through a link. A copy or a link of another name is another file.

    Examples
    --------
    >>> paths = np.array(["/a/1.png", "/b/1.png", "/a/1.png"], dtype=object)
    >>> rows_of_files("/a/1.png", paths, np.full(3, "1.png"))
    array([0, 2])
    """
    rows = np.flatnonzero(pathnames == query)
    if len(rows):
        return rows
    same = []
    for row in np.flatnonzero(filenames == os.path.basename(query)).tolist():  # noqa: PTH119
        with suppress(OSError):
            if os.path.samefile(query, pathnames[row]):  # noqa: PTH121
                same.append(row)
    return np.array(same, dtype=np.int64)


def rows_of_equal(
    queries: np.ndarray,
    feat: np.ndarray,
    same: Callable[[int, int], bool] | None = None,
    positions: Sequence[int] | None = None,
) -> list[np.ndarray]:
    """Return, for each query that is no file, the row of a set that it is.

    Parameters
    ----------
    queries : ndarray of shape (m, d)
        Features.
    feat : ndarray of shape (n, d)
        Features of the set.
    same : callable, optional
        Whether query i and row j are equal, where their features are.
    positions : sequence of int, optional
        Which queries to look at; default all.

    Returns
    -------
    list of ndarray of int
        For each of `positions` one row or none: of several equal ones the one at the position
        of the query, as where a whole set is looked for in itself, else the first.

    Examples
    --------
    >>> feat = np.array([[0.0, 1.0], [2.0, 3.0], [0.0, 1.0]])
    >>> rows_of_equal(feat[[0, 1, 2]], feat), rows_of_equal(feat[[1]] + 1, feat)
    ([array([0]), array([1]), array([2])], [array([], dtype=int64)])
    """
    found = []
    for i in range(len(queries)) if positions is None else positions:
        query = queries[i]
        allowed = TOLERANCE * float(np.abs(query).max())
        rows = np.flatnonzero(np.abs(feat[:, 0] - query[0]) <= allowed)
        rows = rows[(np.abs(feat[rows] - query) <= allowed).all(axis=1)]
        rows = np.concatenate([rows[rows == i], rows[rows != i]])
        equal = next((row for row in rows.tolist() if same is None or same(i, row)), None)
        found.append(np.array([] if equal is None else [equal], dtype=np.int64))
    return found

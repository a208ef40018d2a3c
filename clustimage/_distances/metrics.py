"""The metrics, and the rows that they compare."""

from __future__ import annotations

from typing import Any

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.parameters import named
from clustimage._core.plain_arrays import plain_array
from clustimage._core.validation import check_option

__all__ = [
    "LARGEST_FROM",
    "METRICS",
    "PRODUCT_METRICS",
    "check_magnitude",
    "check_metric",
    "check_rows",
    "has_no_direction",
]

# Names as in scipy.spatial.distance.
METRICS: tuple[str, ...] = (
    "euclidean",
    "sqeuclidean",
    "cityblock",
    "chebyshev",
    "cosine",
    "correlation",
    "canberra",
    "braycurtis",
    "hamming",
)

# Those that are a product of matrices.
PRODUCT_METRICS = ("euclidean", "sqeuclidean", "cosine", "correlation")

# Sums of squares stay within single precision, with as many columns as there can be.
LARGEST_FROM, LARGEST_TO = 1e-15, 1e15


def check_metric(metric: Any, name: str = "metric") -> str:
    """Return `metric` if it is one of `METRICS`.

    Raises
    ------
    InvalidParameterError
        If it is not; the message names the parameter `name`.

    Examples
    --------
    >>> check_metric("cosine")
    'cosine'
    """
    return str(check_option(name, metric, METRICS))


def check_rows(name: str, rows: Any, *, n_columns: int | None = None) -> np.ndarray:
    """Return `rows` as a finite matrix of floats.

    Parameters
    ----------
    name : str
        What the rows are, for the message.
    rows : array-like of shape (n, d)
        One row per image. Floats keep their type, everything else becomes float64.
    n_columns : int, optional
        The number of columns that is expected.

    Returns
    -------
    ndarray of shape (n, d)
        `rows` itself where nothing had to change.

    Raises
    ------
    InvalidDataError
        If it is no matrix of numbers, has no row or no column, another number
        of columns, or a value that is NaN or infinite.

    Examples
    --------
    >>> check_rows("feat", [[1, 2], [3, 4]]).dtype
    dtype('float64')
    """
    try:
        matrix = np.asarray(plain_array(name, rows))
        if matrix.dtype.kind not in "biufO":
            raise TypeError(f"its type is {matrix.dtype}")
        if matrix.dtype not in (np.float32, np.float64):
            matrix = matrix.astype(np.float64)
    except (TypeError, ValueError) as exc:
        raise InvalidDataError(f"{named(name)} must be a matrix of numbers ({exc}).") from exc
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise InvalidDataError(
            f"{named(name)} must be a matrix with one row per image. Got the shape {matrix.shape}."
            + (" One row is given as x[np.newaxis]." if matrix.ndim == 1 and len(matrix) else "")
        )
    if n_columns is not None and matrix.shape[1] != n_columns:
        raise InvalidDataError(
            f"{named(name)} must have {n_columns} columns, as the features have. "
            f"Got {matrix.shape[1]}."
        )
    # A sum is finite only if every value is, unless it overflows: then look again.
    with np.errstate(over="ignore", invalid="ignore"):
        suspicious = not np.isfinite(matrix.sum(dtype=np.float64))
    if suspicious and not np.isfinite(matrix).all():
        bad = ~np.isfinite(matrix).all(axis=1)
        raise InvalidDataError(
            f"{named(name)} contains NaN or infinite values: in {int(bad.sum()):,} of {len(bad):,} "
            f"rows, first in row {int(np.argmax(bad))}."
        )
    return matrix


def check_magnitude(name: str, rows: np.ndarray, low: float = LARGEST_FROM) -> None:
    """Raise if squares of features would leave single precision.

    Parameters
    ----------
    name : str
        What the rows are, for the message.
    rows : ndarray of shape (n, d)
        Finite floats.
    low : float, default=1e-15
        What the largest absolute value must be at least, if it is not 0.

    Raises
    ------
    InvalidDataError
        If the largest absolute value is beyond 1e15, or below `low` and not 0.

    Examples
    --------
    >>> check_magnitude("features", np.array([[0.0, 3e20]]))
    Traceback (most recent call last):
    ...
    clustimage.InvalidDataError: 'features' must have a largest absolute value from 1e-15 to \
1e+15, or be all 0. Got 3e+20. Multiply all of them by one number.
    """
    largest = float(max(rows.max(), -rows.min()))
    if largest and not low <= largest <= LARGEST_TO:
        raise InvalidDataError(
            f"{named(name)} must have a largest absolute value from {LARGEST_FROM:.0e} to "
            f"{LARGEST_TO:.0e}, or be all 0. Got {largest:.3g}. Multiply all of them by one number."
        )


def has_no_direction(rows: np.ndarray, metric: str) -> np.ndarray:
    """Return which rows `metric` cannot compare with others by its formula.

    They are at distance 0 from each other and at distance 1 from all else, for
    cosine, correlation and braycurtis alike.

    Parameters
    ----------
    rows : ndarray of shape (n, d)
        Features.
    metric : str
        One of `METRICS`.

    Returns
    -------
    ndarray of bool, shape (n,)
        True for rows of one value (correlation) or of zeros (all other metrics).

    Examples
    --------
    >>> rows = np.array([[0.0, 0.0], [2.0, 2.0], [1.0, 2.0]])
    >>> has_no_direction(rows, "cosine").tolist(), has_no_direction(rows, "correlation").tolist()
    ([True, False, False], [True, True, False])
    """
    if metric == "correlation":
        return np.asarray(rows.max(axis=1) == rows.min(axis=1))
    return np.asarray(~rows.any(axis=1))

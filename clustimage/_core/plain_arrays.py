"""What users hold numbers in, as plain arrays: tables and columns of pandas, tensors."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from clustimage._core.errors import InvalidDataError

__all__ = ["check_not_masked", "is_table", "plain_array"]


def is_table(values: Any) -> bool:
    """Return whether `values` is a DataFrame, of pandas or one that works like it."""
    return hasattr(values, "iloc") and getattr(values, "ndim", 0) == 2


def plain_array(name: str, values: Any) -> Any:
    """Return tables, columns and tensors as arrays of numpy; all else as it is.

    Parameters
    ----------
    name : str
        What the values are, for the message.
    values : object
        A DataFrame, Series or array of pandas, also of nullable types such as ``Int64``; a
        tensor, also one that needs gradients, is on a GPU or of a type that numpy lacks; a
        column of vectors; or anything else.

    Returns
    -------
    object
        An array, or `values` itself.

    Raises
    ------
    InvalidDataError
        If values are missing (``NA``) or masked, columns of a table hold text, or the vectors
        of a column differ in length; the message names the first row or the columns. Also for a
        sparse matrix.

    Examples
    --------
    >>> import pandas as pd
    >>> plain_array("features", pd.DataFrame({"a": pd.array([1, 2], dtype="Int64"), "b": [0.5, 1]}))
    array([[1. , 0.5],
           [2. , 1. ]])
    """
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        return (values.float() if values.is_floating_point() else values).numpy()
    check_not_masked(name, values)
    if hasattr(values, "toarray") and hasattr(values, "nnz"):
        raise InvalidDataError(f"{name!r} must not be a sparse matrix. Give X.toarray().")
    if is_table(values):
        return _from_table(name, values)
    if hasattr(values, "isna") and hasattr(values, "to_numpy"):
        values = _from_column(name, values)
    elif hasattr(values, "to_numpy"):
        values = values.to_numpy()
    if isinstance(values, np.ndarray) and values.dtype == object and values.ndim == 1:
        return _stacked(name, values)
    return values


def check_not_masked(name: str, values: Any) -> None:
    """Raise `InvalidDataError` for a masked array in which something is masked."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        mask = np.ma.getmaskarray(values).reshape(len(values), -1) if values.ndim else True
        row = int(np.argmax(np.any(mask, axis=-1)))
        raise InvalidDataError(
            f"{name!r} must have no masked values, first in row {row}. "
            "Fill them, X.filled(value), or leave these rows out."
        )


def _from_table(name: str, table: Any) -> np.ndarray:
    if all(isinstance(kind, np.dtype) and kind.kind in "biuf" for kind in table.dtypes):
        return np.asarray(table.to_numpy())
    columns = [table.iloc[:, i] for i in range(table.shape[1])]
    if len(columns) == 1 and columns[0].dtype == object and _holds_vectors(columns[0]):
        return _stacked(name, columns[0].to_numpy())
    kinds = [_numpy_type(column) for column in columns]
    wrong = [
        str(label)
        for label, kind, column in zip(table.columns, kinds, columns, strict=True)
        if kind is None or (kind.kind == "O" and any(isinstance(value, str) for value in column))
    ]
    if wrong:
        shown = ", ".join(map(repr, wrong[:5])) + (", …" if len(wrong) > 5 else "")
        raise InvalidDataError(
            f"{name!r} must be a matrix of numbers. Columns that hold something else: {shown}. "
            "Leave them out, or make them the index."
        )
    _check_known(name, table)
    common = object if object in kinds else np.result_type(*kinds) if kinds else float
    return np.asarray(table.to_numpy(dtype=common))


def _numpy_type(column: Any) -> Any:
    """Return the type that numpy has for a column of pandas, or None."""
    kind = column.dtype
    kind = getattr(kind, "numpy_dtype", getattr(kind, "subtype", kind))
    return kind if isinstance(kind, np.dtype) and kind.kind in "biufO" else None


def _from_column(name: str, column: Any) -> np.ndarray:
    kind = _numpy_type(column)
    if kind is None or kind.kind == "O":
        return np.asarray(column.to_numpy())
    _check_known(name, column)
    return np.asarray(column.to_numpy(dtype=kind))


def _check_known(name: str, values: Any) -> None:
    """Raise for a missing value in a nullable column; NaN among plain floats is seen by others."""
    columns = [values.iloc[:, i] for i in range(values.shape[1])] if is_table(values) else [values]
    rows = np.zeros(len(values), dtype=bool)
    for column in columns:
        if hasattr(column.dtype, "numpy_dtype"):
            rows |= np.asarray(column.isna(), dtype=bool)
    if rows.any():
        row = int(np.argmax(rows))
        index = getattr(values, "index", range(len(values)))
        label = "" if index[row] == row else f" ({index[row]!r})"
        raise InvalidDataError(
            f"{name!r} must have no missing values (NA). Got {int(rows.sum()):,} of {len(rows):,} "
            f"rows with some, first: row {row}{label}. Fill them, or leave these rows out."
        )


def _holds_vectors(column: Any) -> bool:
    return len(column) > 0 and all(np.ndim(value) == 1 for value in column.iloc[:3])


def _stacked(name: str, column: np.ndarray) -> np.ndarray:
    """Return a column of vectors as a matrix; a column of other objects as it is."""
    if not len(column) or isinstance(column[0], str) or not hasattr(column[0], "__len__"):
        return column
    rows = [plain_array(name, vector) for vector in column]
    length = np.shape(rows[0])
    for row, vector in enumerate(rows):
        if np.shape(vector) != length:
            _refuse_length(name, row, np.shape(vector), length)
    return np.stack([np.asarray(vector) for vector in rows])


def _refuse_length(name: str, row: int, got: tuple[int, ...], wanted: tuple[int, ...]) -> NoReturn:
    what = f"{got[0]} values" if len(got) == 1 else f"the shape {got}"
    raise InvalidDataError(
        f"{name!r} must have rows of one length, {wanted[0]} as in row 0. Got {what} in row {row}."
    )

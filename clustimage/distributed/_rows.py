"""Rows of features, as tasks read them: from parts, or from Parquet files of the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clustimage._core.errors import InvalidDataError
from clustimage._core.object_store import open_url
from clustimage.distributed._parts import DamagedPartError, matrix_of, read_part

__all__ = ["RowPart", "Rows", "feature_columns", "read_rows"]

NAME_COLUMNS = ("pathname", "filename", "status", "reason")


class Rows(NamedTuple):
    """Rows of one part.

    Attributes
    ----------
    table : pyarrow.Table
        ``pathname``, ``filename``, ``status`` and ``reason`` of each input.
    read : ndarray of bool, shape (n,)
        Which of them are images.
    feat : ndarray of float32, shape (m, d)
        Features of these.
    """

    table: Any
    read: npt.NDArray[np.bool_]
    feat: npt.NDArray[np.float32]


@dataclass(frozen=True)
class RowPart:
    """Where the features of some images are.

    Attributes
    ----------
    number : int
        Position among the parts.
    url : str
        Of a part, or of a Parquet file.
    n : int
        Inputs in it.
    groups : (int, int) or None
        Row groups of a file of the user's own: from, and up to before.
    first : int
        Number of the first row among all, for rows without names.
    columns : tuple of str
        Columns of features in a file of the user's own; one of them may hold lists.
    name : str or None
        Column of names there.
    scales : tuple of (int, float)
        Number of columns and divisor of each block of combined features.
    unit : bool
        Whether rows are scaled to length 1.
    """

    number: int
    url: str
    n: int
    groups: tuple[int, int] | None = None
    first: int = 0
    columns: tuple[str, ...] = ()
    name: str | None = None
    scales: tuple[tuple[int, float], ...] = ()
    unit: bool = False


def read_rows(part: RowPart) -> Rows:
    """Return the rows of a part.

    Raises
    ------
    DamagedPartError
        If a part is not as it was written.
    InvalidDataError
        If features of the user's own are not finite.
    """
    if part.groups is not None:
        return _read_own(part)
    table = read_part(part.url)
    names = table.select(NAME_COLUMNS)
    read = np.asarray(table["status"]) == "ok"
    if "feat" not in table.column_names:
        return Rows(names, read, np.zeros((0, 0), np.float32))
    feat = matrix_of(table["feat"])
    feat = feat if read.all() else feat[read]
    if part.scales:
        feat = feat / np.repeat(*np.array(part.scales, np.float32).T[::-1].astype(object))
    return Rows(names, read, np.ascontiguousarray(feat, np.float32))


def _read_own(part: RowPart) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    assert part.groups is not None
    wanted = [*part.columns, *([part.name] if part.name else [])]
    try:
        with open_url(part.url) as file:
            table = pq.ParquetFile(file).read_row_groups(range(*part.groups), columns=wanted)
    except pa.ArrowInvalid as exc:
        raise DamagedPartError(part.url, str(exc)) from exc
    feat = matrix_from(table, part.columns)
    if not np.isfinite(feat).all():
        at = int(np.flatnonzero(~np.isfinite(feat).all(axis=1))[0])
        raise InvalidDataError(
            f"The features in {part.url} must be finite numbers. Got NaN or infinity in row "
            f"{part.first + at:,}. Leave such rows out."
        )
    if part.unit:
        from sklearn.preprocessing import normalize

        feat = normalize(feat)
    n = len(feat)
    if part.name:
        names = [str(name) for name in table[part.name].to_pylist()]
    else:
        names = [f"row_{part.first + number:010d}" for number in range(n)]
    nothing = pa.array(np.full(n, ""))
    table = pa.table(
        {"pathname": names, "filename": names, "status": np.full(n, "ok"), "reason": nothing}
    )
    return Rows(table, np.ones(n, dtype=bool), feat)


def matrix_from(table: Any, columns: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Return the features of a table: one column of lists, or columns of numbers."""
    import pyarrow as pa

    if len(columns) > 1:
        return np.stack([table[name].to_numpy() for name in columns], axis=1).astype(np.float32)
    kind = table.schema.field(columns[0]).type
    if pa.types.is_fixed_size_list(kind):
        return matrix_of(table[columns[0]]).astype(np.float32, copy=False)
    if not pa.types.is_list(kind) and not pa.types.is_large_list(kind):
        return table[columns[0]].to_numpy()[:, np.newaxis].astype(np.float32)
    column = table[columns[0]].combine_chunks()
    widths = np.diff(column.offsets.to_numpy())
    if column.null_count or len(set(widths.tolist())) != 1:
        raise InvalidDataError(
            f"The lists in the column {columns[0]!r} must all have the same length."
        )
    return column.flatten().to_numpy().reshape(len(column), -1).astype(np.float32)


def feature_columns(schema: Any, where: str) -> tuple[tuple[str, ...], str | None]:
    """Return the columns of features in a table, and that of names.

    Features are the one column of lists, or all columns of floating numbers. Names are in the
    first column of text.

    Raises
    ------
    InvalidDataError
        If there are no features, or several columns of lists.
    """
    import pyarrow.types as kinds

    lists = [
        field.name
        for field in schema
        if kinds.is_list(field.type)
        or kinds.is_large_list(field.type)
        or kinds.is_fixed_size_list(field.type)
    ]
    numbers = [field.name for field in schema if kinds.is_floating(field.type)]
    texts = [
        field.name
        for field in schema
        if kinds.is_string(field.type) or kinds.is_large_string(field.type)
    ]
    found = lists or numbers
    if not found or len(lists) > 1:
        what = "several columns of lists" if lists else "neither lists nor floating numbers"
        raise InvalidDataError(
            f"Features in {where} are one column of lists, or columns of floating numbers. There "
            f"are {what}: {', '.join(map(repr, lists or schema.names))}."
        )
    return tuple(found), (texts[0] if texts else None)

"""Rows of features, as tasks read them: from parts, or from Parquet files of the user's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clustimage._core.errors import InvalidDataError
from clustimage._core.object_store import list_files, open_url
from clustimage.distributed._parts import DamagedPartError, matrix_of, read_part
from clustimage.distributed._run_settings import in_sample

__all__ = ["RowPart", "Rows", "SampleRows", "list_features", "read_rows"]

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
    task : ReadTask or TransformTask or None
        What makes the part again where it is damaged.
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
    task: Any = None


@dataclass(frozen=True)
class SampleRows:
    """Task that takes the rows of the sample out of features of the user's own."""

    rate: int
    seed: int

    def __call__(self, part: RowPart) -> tuple[npt.NDArray[np.int64], list[str], Any]:
        """Return which rows are in the sample, their names and their features."""
        rows = read_rows(part)
        numbers = np.arange(part.first, part.first + len(rows.feat), dtype=np.uint64)
        at = np.flatnonzero(in_sample(numbers, self.rate, self.seed))
        names = rows.table["pathname"].take(at).to_pylist()
        return at, names, rows.feat[at]


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
        widths, scales = zip(*part.scales, strict=True)
        feat = feat / np.repeat(np.array(scales, np.float32), widths)
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
        return np.asarray(table[columns[0]].to_numpy()[:, np.newaxis], dtype=np.float32)
    column = table[columns[0]].combine_chunks()
    widths = np.diff(column.offsets.to_numpy())
    if column.null_count or len(set(widths.tolist())) != 1:
        raise InvalidDataError(
            f"The lists in the column {columns[0]!r} must all have the same length."
        )
    values = column.flatten().to_numpy().reshape(len(column), -1)
    return np.asarray(values, dtype=np.float32)


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


def list_features(source: Any, n_rows: int, *, unit: bool) -> Iterator[RowPart]:
    """Yield parts of Parquet files with features, of at least about `n_rows` rows each.

    Parameters
    ----------
    source : str, path, or list of them
        Files; folders and prefixes of an object store with such files.
    n_rows : int
        Rows of a part; row groups are not cut.
    unit : bool
        Whether rows are scaled to length 1.

    Raises
    ------
    InvalidDataError
        If it is none of them, or no Parquet file that can be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = first = 0
    for url in _feature_files(source):
        try:
            with open_url(url) as file:
                footer = pq.ParquetFile(file)
                columns, name = feature_columns(footer.schema_arrow, url)
                sizes = [
                    footer.metadata.row_group(at).num_rows
                    for at in range(footer.metadata.num_row_groups)
                ]
        except FileNotFoundError as exc:
            raise InvalidDataError(f"There is no file of features {url!r}.") from exc
        except pa.ArrowInvalid as exc:
            raise InvalidDataError(f"{url} is no Parquet file that can be read ({exc}).") from exc
        start = n = 0
        for at, size in enumerate(sizes, 1):
            n += size
            if n >= n_rows or (at == len(sizes) and n):
                yield RowPart(number, url, n, (start, at), first, columns, name, unit=unit)
                number, first, start, n = number + 1, first + n, at, 0


def _feature_files(source: Any) -> Iterator[str]:
    for item in [source] if isinstance(source, str | os.PathLike) else source:
        if not isinstance(item, str | os.PathLike):
            raise InvalidDataError(
                "An engine reads features from Parquet files: give their folder, their prefix in "
                f"an object store, or their paths. Got {type(source).__name__}."
            )
        path = os.fsdecode(item)
        if path.lower().endswith((".parquet", ".pq")):
            yield path
            continue
        found = [file.url for file in list_files(path) if file.url.endswith((".parquet", ".pq"))]
        if not found:
            raise InvalidDataError(f"There is no Parquet file of features in {path!r}.")
        yield from found

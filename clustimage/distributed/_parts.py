"""Parts: Parquet files that are there whole or not at all, and tell when they are damaged."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from clustimage._core.errors import ClustimageError
from clustimage._core.object_store import exists, open_url, read_bytes, write_bytes

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "DamagedPartError",
    "content_key",
    "matrix_column",
    "matrix_of",
    "part_summary",
    "read_part",
    "write_part",
]

SUMMARY = b"clustimage"  # key in the metadata of a file


class DamagedPartError(ClustimageError, ValueError):
    """A part cannot be read as it was written.

    Attributes
    ----------
    url : str
        Of the part.
    """

    def __init__(self, url: str, why: str = "") -> None:
        super().__init__(url, why)
        self.url, self.why = url, why

    def __str__(self) -> str:
        return f"The part {self.url} is damaged: {self.why}"


def content_key(*values: Any) -> str:
    """Return a name for what is made from `values`, plain values and bytes: 20 hexadecimal digits.

    Examples
    --------
    >>> content_key("a", 1) == content_key("a", 1), content_key("a", 1) == content_key("a", 2)
    (True, False)
    """
    digest = hashlib.blake2b(digest_size=10)
    for value in values:
        data = value if isinstance(value, bytes) else json.dumps(value, sort_keys=True).encode()
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def matrix_column(rows: npt.NDArray[np.generic]) -> pa.Array:
    """Return a matrix as a column: lists of one length, or of bytes the bytes of each row.

    Parquet knows no numbers smaller than four bytes.
    """
    import pyarrow as pa

    rows = np.ascontiguousarray(rows)
    if rows.dtype == np.uint8:
        kind = pa.binary(rows.shape[1])
        return pa.FixedSizeBinaryArray.from_buffers(kind, len(rows), [None, pa.py_buffer(rows)])
    return pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), rows.shape[1])


def matrix_of(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """Return what `matrix_column` made a column of; zeros where there is nothing."""
    import pyarrow as pa

    array = column.combine_chunks()
    if pa.types.is_fixed_size_binary(array.type):
        width = array.type.byte_width
        content = np.frombuffer(array.buffers()[1], np.uint8)
        rows = content[array.offset * width : (array.offset + len(array)) * width]
        rows = rows.reshape(-1, width)
        if array.null_count:
            rows = np.where(array.is_valid().to_numpy(zero_copy_only=False)[:, np.newaxis], rows, 0)
        return np.asarray(rows, np.uint8)
    width = array.type.list_size
    values = array.values.slice(array.offset * width, len(array) * width)
    if values.null_count:
        values = values.fill_null(0)
    flat: npt.NDArray[Any] = values.to_numpy(zero_copy_only=False)
    return flat.reshape(-1, width)


def write_part(url: str, table: pa.Table, summary: dict[str, Any]) -> None:
    """Write a table with what is to be known of it without reading its rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for number, field in enumerate(table.schema):
        # pyarrow up to 24 cannot read again what it wrote of a list that is null.
        if pa.types.is_fixed_size_list(field.type) and table[number].null_count:
            table = table.set_column(number, field.name, matrix_column(matrix_of(table[number])))
    known = {"summary": summary, "key": _schema_key(table.schema, summary)}
    table = table.replace_schema_metadata({SUMMARY: json.dumps(known).encode()})
    buffer = io.BytesIO()
    texts = [field.name for field in table.schema if field.type in (pa.string(), pa.binary())]
    # Features and pixels hardly get smaller.
    packed = dict.fromkeys(texts, "ZSTD")
    pq.write_table(
        table, buffer, compression=packed or "NONE", use_dictionary=texts, write_page_checksum=True
    )
    write_bytes(url, buffer.getvalue())


def read_part(url: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Return some columns of a part, each page compared with its checksum.

    Raises
    ------
    DamagedPartError
        If the file is not as it was written, or gone.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        source = pa.BufferReader(read_bytes(url))
        file = pq.ParquetFile(source, page_checksum_verification=True)
        _summary_of(file.schema_arrow)
        return file.read(columns)
    except (pa.ArrowException, OSError, KeyError, ValueError) as exc:
        if isinstance(exc, ClustimageError) and not isinstance(exc, FileNotFoundError):
            raise
        raise DamagedPartError(url, str(exc)) from exc


def part_summary(url: str) -> dict[str, Any] | None:
    """Return the summary of a part; None where there is none, or none that was written whole."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not exists(url):
        return None
    try:
        with open_url(url) as file:
            return _summary_of(pq.read_schema(file))
    except (pa.ArrowException, OSError, KeyError, ValueError) as exc:
        if isinstance(exc, ClustimageError):
            raise
        return None


def _summary_of(schema: pa.Schema) -> dict[str, Any]:
    """Return the summary in a schema, or raise where it is not as it was written."""
    known = json.loads((schema.metadata or {})[SUMMARY])
    summary: dict[str, Any] = known["summary"]
    if known["key"] != _schema_key(schema, summary):
        raise ValueError("the columns are not those that were written")
    return summary


def _schema_key(schema: pa.Schema, summary: dict[str, Any]) -> str:
    # What is in a list is an "item" here and an "element" in a file.
    kinds = [str(field.type).replace("<item:", "<element:") for field in schema]
    return content_key(summary, list(map(list, zip(schema.names, kinds, strict=True))))

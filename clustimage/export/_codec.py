"""Nested Python values ↔ JSON and a list of arrays.

JSON's own values stand for themselves, a list is a list. All else is an object
with the key ``"kind"``, so that a tuple comes back as a tuple and a float32 as a
float32. Arrays are kept apart and named by their number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from clustimage._core.errors import InvalidDataError, ModelFileError

__all__ = ["Decoder", "Encoder", "plain_dtype"]

MAX_DEPTH = 50
# bool, integers, floats, complex, bytes, str, datetime, timedelta: no Python objects inside.
PLAIN_KINDS = "biufcSUmM"


def plain_dtype(text: Any) -> np.dtype:
    """Return the dtype that `text` names, if its items are plain bytes."""
    dtype = np.dtype(text) if isinstance(text, str) else None
    if dtype is None or dtype.kind not in PLAIN_KINDS or dtype.subdtype or not dtype.itemsize:
        raise ModelFileError(f"It holds an array of the type {text!r}, which is not allowed.")
    return dtype


class Encoder:
    """Turn a value into JSON; its arrays are collected in `arrays`."""

    def __init__(self) -> None:
        self.arrays: list[np.ndarray] = []
        self._numbers: dict[int, int] = {}

    def encode(self, value: Any, where: str = "state", depth: int = 0) -> Any:
        """Return `value` as JSON; `where` names it in messages."""
        if depth > MAX_DEPTH:
            raise InvalidDataError(f"{where} is nested too deeply to be saved.")
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            if math.isfinite(value):
                return value
            return {"kind": "float", "value": repr(value)}
        if isinstance(value, np.ndarray):
            return self._array(value, where, depth)
        if isinstance(value, np.generic):
            return self._scalar(value, where)
        if type(value) in (list, tuple):
            items = [self.encode(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
            return items if type(value) is list else {"kind": "tuple", "items": items}
        if isinstance(value, dict):
            return {"kind": "dict", "items": self._items(value, where, depth)}
        if type(value).__name__ == "DataFrame":
            return self._frame(value, where, depth)
        raise InvalidDataError(
            f"{where} cannot be saved: it is a {type(value).__name__}. A model file holds "
            "arrays, numbers, text, lists, tuples, dicts and DataFrames."
        )

    def _items(self, value: dict[Any, Any], where: str, depth: int) -> dict[str, Any]:
        for key in value:
            if not isinstance(key, str):
                raise InvalidDataError(f"{where} cannot be saved: its key {key!r} is not text.")
        return {
            str(key): self.encode(item, f"{where}[{key!r}]", depth + 1)
            for key, item in value.items()
        }

    def _array(self, value: np.ndarray, where: str, depth: int) -> dict[str, Any]:
        if value.dtype == object:
            items = [
                self.encode(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value.flat)
            ]
            return {"kind": "objects", "shape": list(value.shape), "items": items}
        plain = value.dtype.kind in PLAIN_KINDS and not value.dtype.names
        if not plain or isinstance(value, np.ma.MaskedArray):
            raise InvalidDataError(f"{where} cannot be saved: an array of {value.dtype}.")
        # One array under two names is written once, and comes back as one array.
        number = self._numbers.setdefault(id(value), len(self.arrays))
        if number == len(self.arrays):
            self.arrays.append(value)
        fortran = value.flags.f_contiguous and not value.flags.c_contiguous
        return {
            "kind": "array",
            "number": number,
            "dtype": value.dtype.str,
            "shape": list(value.shape),
            "order": "F" if fortran else "C",
        }

    def _scalar(self, value: np.generic, where: str) -> dict[str, Any]:
        if value.dtype.kind not in PLAIN_KINDS or value.dtype.names:
            raise InvalidDataError(f"{where} cannot be saved: a scalar of {value.dtype}.")
        whole = np.asarray(value)  # an array has space for one character of an empty text
        return {"kind": "scalar", "dtype": whole.dtype.str, "hex": whole.tobytes().hex()}

    def _frame(self, frame: Any, where: str, depth: int) -> dict[str, Any]:
        """Encode a DataFrame: one array where all columns are of one type, else one each."""
        dtypes = [str(dtype) for dtype in frame.dtypes]
        encoded: dict[str, Any] = {
            "kind": "frame",
            "index": self._axis(frame.index, f"{where}.index", depth),
            "columns": self._axis(frame.columns, f"{where}.columns", depth),
        }
        one_type = len(set(dtypes)) == 1 and isinstance(frame.dtypes.iloc[0], np.dtype)
        if one_type and frame.dtypes.iloc[0].kind != "O":
            encoded["block"] = self._array(frame.to_numpy(), where, depth)
            return encoded
        encoded["data"] = [
            self._column(frame.iloc[:, i], f"{where}.iloc[:, {i}]", depth)
            for i in range(frame.shape[1])
        ]
        return encoded

    def _axis(self, index: Any, where: str, depth: int) -> dict[str, Any]:
        if type(index).__name__ == "RangeIndex":
            bounds = [int(index.start), int(index.stop), int(index.step)]
            return {"range": bounds, "name": self.encode(index.name, where, depth)}
        if type(index).__name__ != "Index":
            raise InvalidDataError(f"{where} cannot be saved: a {type(index).__name__}.")
        encoded = self._column(index, where, depth)
        return {**encoded, "name": self.encode(index.name, where, depth)}

    def _column(self, column: Any, where: str, depth: int) -> dict[str, Any]:
        """Encode a Series or an Index of numbers, of objects, or of pandas' own text."""
        text = str(column.dtype) == "str"
        if not isinstance(column.dtype, np.dtype) and not text:
            raise InvalidDataError(f"{where} cannot be saved: a column of {column.dtype}.")
        values = column.to_numpy(dtype=object) if text else column.to_numpy()
        return {"text": text, "values": self._array(values, where, depth)}


class Decoder:
    """Turn what `Encoder` returned back into values.

    Parameters
    ----------
    read_array : callable
        Takes the number of an array, its dtype, its shape and its order.
    """

    def __init__(self, read_array: Callable[[int, np.dtype, tuple[int, ...], str], np.ndarray]):
        self._read_array = read_array
        self._kinds: dict[str, Callable[[dict[str, Any]], Any]] = {
            "array": self._array,
            "dict": lambda node: {key: self.decode(item) for key, item in node["items"].items()},
            "float": lambda node: {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[
                node["value"]
            ],
            "frame": self._frame,
            "objects": self._objects,
            "scalar": self._scalar,
            "tuple": lambda node: tuple(self.decode(item) for item in node["items"]),
        }

    def decode(self, node: Any) -> Any:
        """Return the value that `node` stands for."""
        if isinstance(node, list):
            return [self.decode(item) for item in node]
        if isinstance(node, dict):
            return self._kinds[node["kind"]](node)
        return node

    def _array(self, node: dict[str, Any]) -> np.ndarray:
        return self._read_array(
            int(node["number"]), plain_dtype(node["dtype"]), _shape(node), node["order"]
        )

    def _objects(self, node: dict[str, Any]) -> np.ndarray:
        items, shape = node["items"], _shape(node)
        if math.prod(shape) != len(items):
            raise ModelFileError("It holds an array whose shape and length differ.")
        flat = np.empty(len(items), dtype=object)
        for i, item in enumerate(items):
            flat[i] = self.decode(item)
        return flat.reshape(shape)

    def _scalar(self, node: dict[str, Any]) -> Any:
        return np.frombuffer(bytes.fromhex(node["hex"]), dtype=plain_dtype(node["dtype"]))[0]

    def _frame(self, node: dict[str, Any]) -> Any:
        import pandas as pd

        index, columns = self._axis(node["index"]), self._axis(node["columns"])
        if "block" in node:
            return pd.DataFrame(self._array(node["block"]), index=index, columns=columns)
        data = {i: self._column(column, pd.Series) for i, column in enumerate(node["data"])}
        frame = pd.DataFrame(data) if data else pd.DataFrame(index=index)
        frame.index, frame.columns = index, columns
        return frame

    def _axis(self, node: dict[str, Any]) -> Any:
        import pandas as pd

        name = self.decode(node["name"])
        if "range" in node:
            start, stop, step = node["range"]
            return pd.RangeIndex(start, stop, step, name=name)
        return self._column(node, pd.Index).rename(name)

    def _column(self, node: dict[str, Any], kind: Callable[..., Any]) -> Any:
        import pandas as pd

        values = self.decode(node["values"])
        # Text of pandas 3 is an object of older versions, which have no such type.
        text = node["text"] and int(pd.__version__.partition(".")[0]) >= 3
        return kind(values, dtype="str") if text else kind(values, dtype=values.dtype)


def _shape(node: dict[str, Any]) -> tuple[int, ...]:
    shape = tuple(node["shape"])
    if len(shape) > 32 or not all(type(size) is int and 0 <= size < 2**62 for size in shape):
        raise ModelFileError(f"It holds an array of the shape {shape[:8]}, which is not allowed.")
    return shape

"""Fields of JSON files, read with checks: errors name the file and the field."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, TypeVar

from clustimage._core.errors import InvalidDataError
from clustimage._core.files import is_file
from clustimage.images.reading._listing import absolute, printable

__all__ = ["Fields", "read_text"]

Value = TypeVar("Value", str, int, float, bool)

WORDS: dict[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}
MAX_BYTES = 2**30  # of a plan or journal: some millions of files


class Fields:
    """An object of a JSON file.

    Parameters
    ----------
    value : object
        What was read.
    file : str
        Path of the file, for messages.
    where : str
        Where in the file the object is, such as ``groups[3].files[0]``; empty for all of it.
    joint : str, default="."
        What stands between that and the name of a field.
    """

    def __init__(self, value: object, file: str, where: str = "", joint: str = ".") -> None:
        self.file, self.where, self.joint = file, where, joint
        if not isinstance(value, dict):
            raise self.error("", f"must be an object. Got {_short(value)}")
        self.value: dict[str, Any] = value

    def error(self, name: str, what: str) -> InvalidDataError:
        """Return the error of a field, to be raised."""
        path = self.joint.join(filter(None, (self.where, name)))
        return InvalidDataError(f"{printable(self.file)}: {path or 'the file'} {what}.")

    def get(self, name: str, kind: type[Value], *, default: Value | None = None) -> Value:
        """Return a field of one kind; without a default it must be there."""
        if name not in self.value and default is not None:
            return default
        value = self._raw(name)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise self.error(name, f"must be {WORDS[kind]}. Got {_short(value)}")
        return value

    def number(self, name: str, *, low: int = 0) -> int:
        """Return a whole number of at least `low`."""
        value = self.get(name, int)
        if value < low:
            raise self.error(name, f"must be a whole number of at least {low}. Got {value}")
        return value

    def path(self, name: str, *, empty: bool = False) -> str:
        """Return an absolute path; or, if `empty`, no text."""
        value = self.get(name, str)
        if empty and not value:
            return value
        if not os.path.isabs(value) or "\0" in value:  # noqa: PTH117
            raise self.error(name, f"must be an absolute path. Got {_short(value)}")
        return value

    def word(self, name: str, fits: Callable[[str], bool], what: str) -> str:
        """Return a text for which `fits` is true."""
        value = self.get(name, str)
        if not fits(value):
            raise self.error(name, f"must be {what}. Got {_short(value)}")
        return value

    def objects(self, name: str) -> list[Fields]:
        """Return a list of objects."""
        where = ".".join(filter(None, (self.where, name)))
        return [Fields(item, self.file, f"{where}[{i}]") for i, item in enumerate(self._list(name))]

    def texts(self, name: str) -> list[str]:
        """Return a list of texts."""
        items = self._list(name)
        if not all(isinstance(item, str) for item in items):
            raise self.error(name, f"must be a list of texts. Got {_short(items)}")
        return items

    def _list(self, name: str) -> list[Any]:
        value = self._raw(name)
        if not isinstance(value, list):
            raise self.error(name, f"must be a list. Got {_short(value)}")
        return value

    def _raw(self, name: str) -> Any:
        if name not in self.value:
            raise self.error(name, "is missing")
        return self.value[name]


def read_text(path: object, what: str) -> tuple[str, str]:
    """Return the absolute path and the text of a file; `what` it must be, such as ``"a plan"``.

    Raises
    ------
    InvalidDataError
        If there is no such file, or it is no text.
    """
    file = absolute(path) if isinstance(path, str | os.PathLike) else ""
    if not is_file(file):
        raise InvalidDataError(f"There is no {what} {printable(file or repr(path))}.")
    if os.path.getsize(file) > MAX_BYTES:  # noqa: PTH202
        raise InvalidDataError(f"{printable(file)} is no {what}: it is larger than 1 GB.")
    try:
        with open(file, encoding="utf-8", newline="\n") as text:  # noqa: PTH123
            return file, text.read()
    except UnicodeDecodeError as exc:
        raise InvalidDataError(f"{printable(file)} is no {what}: it is no text.") from exc


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

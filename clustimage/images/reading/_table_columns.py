"""Tables of images: a row each, with a column that says where the image is."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import Any

import numpy as np
from PIL import Image

from clustimage._core.errors import InvalidDataError

__all__ = ["inputs_of_column", "inputs_of_table"]

# What a column of images is called, in any case, without "_" and a final "s".
NAMES = frozenset(
    f"{what}{part}" for what in ("", "image", "img", "photo", "picture", "file", "full", "local")
    for part in ("", "path", "pathname", "file", "filename", "name", "url", "uri")
) - {"", "name", "full", "local", "fullname", "localname"}  # fmt: skip


def inputs_of_table(table: Any) -> tuple[str, list[Any]] | None:
    """Return the paths, URLs or pictures of a table's rows; None where it holds only numbers.

    They are in the column that is named so (``pathname``, ``path``, ``file``, ``filename``,
    ``url``, ``image`` and the like), else in the only column that holds text or pictures. A
    column of the mere names of the files in another one is no rival of it.

    Parameters
    ----------
    table : DataFrame
        A row per image.

    Returns
    -------
    (str, list) or None
        The name of the column, and an item per row; ``""`` where a value is missing.

    Raises
    ------
    InvalidDataError
        If several columns may be meant, or none of text has paths; the message names them.

    Examples
    --------
    >>> import pandas as pd
    >>> inputs_of_table(pd.DataFrame({"kind": ["cat", "dog"], "path": ["a/1.jpg", "a/2.jpg"]}))
    ('path', ['a/1.jpg', 'a/2.jpg'])
    """
    of_text = [i for i, kind in enumerate(table.dtypes) if not _is_of_numbers(kind)]
    given = [(str(table.columns[i]), inputs_of_column(table.iloc[:, i])) for i in of_text]
    given = [some for some in given if any(map(_is_input, some[1]))]
    given = [some for some in given if all(_is_input(item, missing=True) for item in some[1])]
    if not given:
        return None
    named = [some for some in given if _plain(some[0]) in NAMES]
    likely = named or [some for some in given if any(map(_may_be_path, some[1]))]
    meant = [some for some in likely if not any(_are_names_of(some, other) for other in likely)]
    if len(meant) == 1:
        return meant[0]
    shown = ", ".join(repr(name) for name, _ in meant or given)
    if not meant:
        raise InvalidDataError(
            "A table of images has a column of paths or URLs, or flattened images alone. Got text "
            f"that is neither in {shown}. Make names the index, X.set_index({given[0][0]!r}), or "
            "leave such columns out."
        )
    raise InvalidDataError(
        f"A table of images must have one column that says where they are. Got {shown}. "
        f"Give the one that is meant, for example X[{meant[0][0]!r}]."
    )


def inputs_of_column(column: Any) -> list[Any]:
    """Return the values of a column, with ``""`` for those that are missing."""
    missing = np.asarray(column.isna(), dtype=bool)
    values = column.to_numpy(dtype=object)
    return ["" if gone else value for value, gone in zip(values, missing, strict=True)]


def _is_of_numbers(kind: Any) -> bool:
    kind = getattr(kind, "numpy_dtype", kind)
    return isinstance(kind, np.dtype) and kind.kind in "biufcmM"


def _is_input(item: Any, missing: bool = False) -> bool:
    if isinstance(item, np.ndarray):
        return item.ndim > 1
    return isinstance(item, (str, os.PathLike, Image.Image)) and (missing or item != "")


def _may_be_path(item: Any) -> bool:
    return not isinstance(item, str) or "/" in item or os.sep in item or "." in item.strip(". ")


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum()).removesuffix("s")


def _are_names_of(some: tuple[str, list[Any]], other: tuple[str, list[Any]]) -> bool:
    """Return whether `some` has the last parts of the paths in `other`, and those have more."""
    if not all(isinstance(item, (str, os.PathLike)) for item in (*some[1], *other[1])):
        return False
    names, paths = (list(map(os.fspath, inputs)) for inputs in (some[1], other[1]))
    return names != paths and names == [PurePath(path).name for path in paths]

"""A plan made of a table of groups: every file is looked at."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from clustimage._core.errors import InvalidDataError
from clustimage._core.logs import get_logger, progress
from clustimage._core.parameters import named
from clustimage._core.validation import invalid
from clustimage.images.reading._listing import absolute, printable
from clustimage.removal._content import Content, Refusal, look_at, real_folder
from clustimage.removal._planned_file import PlannedFile
from clustimage.removal._removal_plan import RemovalPlan

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Looked", "look_at_groups", "make_plan"]

logger = get_logger(__name__)

Looked = tuple[str, Content, os.stat_result]


def look_at_groups(groups: Any) -> tuple[pd.DataFrame, list[Looked]]:
    """Check a table of groups and look at its files.

    Parameters
    ----------
    groups : DataFrame
        With the columns `group` (int) and `pathname`.

    Returns
    -------
    table : DataFrame
        The rows of the files that can be read, with absolute paths; the others are logged.
    looked : list of (str, Content, stat_result)
        Path and what was found, row by row.

    Raises
    ------
    InvalidParameterError, InvalidDataError
        If it is no such table, or has a file in two rows.
    """
    if type(groups).__name__ != "DataFrame" or not {"group", "pathname"} <= set(groups.columns):
        raise invalid(
            "groups", "must be a table with the columns 'group' and 'pathname'", type(groups)
        )
    if groups["group"].dtype.kind not in "iu" and len(groups):
        raise InvalidDataError(
            f"The column 'group' of {named('groups')} must be whole numbers. "
            f"Got {groups['group'].dtype}."
        )
    table = groups.reset_index(drop=True)
    looked: list[Looked] = []
    rows: list[int] = []
    left: list[tuple[str, str]] = []
    seen: dict[str, int] = {}
    pathnames = [_openable(value) for value in groups["pathname"].tolist()]
    numbers = groups["group"].tolist()
    for row, pathname in progress(
        enumerate(pathnames), desc="Looking at files", total=len(pathnames), unit="file"
    ):
        real = os.path.join(real_folder(pathname), os.path.basename(pathname))  # noqa: PTH118, PTH119
        if real in seen and pathnames[seen[real]] == pathname:
            raise InvalidDataError(
                f"{named('groups')} must have every file in one row. {printable(pathname)} is in "
                f"two: group {numbers[seen[real]]} and group {numbers[row]}."
            )
        if real in seen:
            left.append((pathname, f"it is {printable(pathnames[seen[real]])} by another path"))
            if "keep" in table and numbers[seen[real]] == numbers[row]:
                table.loc[seen[real], "keep"] |= table.loc[row, "keep"]
            continue
        seen[real] = row
        try:
            looked.append((pathname, *look_at(pathname)))
        except Refusal as exc:
            left.append((pathname, str(exc)))
        else:
            rows.append(row)
    if left:
        logger.warning(
            "%d of %d files are left out of the plan, first: %s (%s)",
            len(left),
            len(pathnames),
            printable(left[0][0]),
            left[0][1],
        )
    import pandas as pd

    # Text of pandas must be valid Unicode.
    opened = pd.Series([pathname for pathname, _, _ in looked], dtype=object)
    return table.iloc[rows].reset_index(drop=True).assign(pathname=opened), looked


def make_plan(
    table: pd.DataFrame, looked: Sequence[Looked], keep: Sequence[bool], protected: Sequence[bool]
) -> RemovalPlan:
    """Return the plan of a table; `keep` and `protected` have a value for each row."""
    folders = [real_folder(pathname) for pathname, _, _ in looked]
    top = _top([pathname for pathname, _, _ in looked])
    kinds = table["kind"].tolist() if "kind" in table else [""] * len(table)
    distances = table["distance"].tolist() if "distance" in table else [None] * len(table)
    files = []
    for i, (pathname, content, status) in enumerate(looked):
        distance = distances[i]
        files.append(
            PlannedFile(
                group=int(table["group"].iloc[i]),
                pathname=pathname,
                keep=bool(keep[i]),
                protected=bool(protected[i]),
                outside=not _is_below(folders[i], top),
                folder=folders[i],
                content=content,
                device=status.st_dev,
                inode=status.st_ino,
                links=status.st_nlink,
                kind=kinds[i] if isinstance(kinds[i], str) else "",
                # NaN is no number of JSON, and the kept one may have none.
                distance=None if distance is None or distance != distance else float(distance),
            )
        )
    files.sort(key=lambda file: file.group)
    return RemovalPlan(files)


def _openable(value: Any) -> str:
    r"""Return the absolute path of a file, also where a table spells its name with a backslash.

    Tables have names that are not valid Unicode as `encodable` spells them.
    """
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        raise invalid("groups", "must have a path in every row of 'pathname'", value)
    pathname = absolute(value)
    if os.path.lexists(pathname):
        return pathname
    decoded = re.sub(r"\\udc([89a-f][0-9a-f])", lambda m: chr(0xDC00 + int(m[1], 16)), pathname)
    return decoded if os.path.lexists(decoded) else pathname


def _top(pathnames: Sequence[str]) -> str:
    """Return the folder that holds all files, without links in its path."""
    try:
        return os.path.realpath(os.path.commonpath([os.path.dirname(path) for path in pathnames]))  # noqa: PTH120
    except ValueError:  # no files, or on several drives
        return ""


def _is_below(folder: str, top: str) -> bool:
    return not top or folder == top or folder.startswith(os.path.join(top, ""))  # noqa: PTH118

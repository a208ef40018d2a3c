"""Markdown: tables, and the part of a page that a script writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

__all__ = ["REACHED", "put_between", "table", "write_section"]

REACHED = {True: "yes", False: "**no**", None: ""}


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return the lines of a table, none where there are no rows.

    Parameters
    ----------
    columns : sequence of str
        Titles; one that ends in a colon is aligned to the right.
    rows : iterable of sequence
        Cells; where a row is shorter than `columns`, the rest is empty.

    Examples
    --------
    >>> print("\\n".join(table(["tool", "seconds:"], [["ours", 1.5]])))
    | tool | seconds |
    |---|---:|
    | ours | 1.5 |
    """
    filled = [[*map(str, row), *[""] * (len(columns) - len(row))] for row in rows]
    if not filled:
        return []
    rule = "".join("---:|" if title.endswith(":") else "---|" for title in columns)
    lines = ["| " + " | ".join(cells) + " |" for cells in filled]
    return ["| " + " | ".join(title.rstrip(":") for title in columns) + " |", f"|{rule}", *lines]


def put_between(page: str, start: str, end: str, lines: Sequence[str]) -> str:
    """Return a page with `lines` between two marks; both are appended where neither is there.

    Raises
    ------
    ValueError
        If one of the two marks is there and the other is not after it.
    """
    before, found, rest = page.partition(start)
    if not found:
        if end in page:
            raise ValueError(f"There is {end!r} without {start!r} before it.")
        before, rest = f"{page.rstrip()}\n\n".lstrip(), f"{end}\n"
    _, closed, after = rest.partition(end)
    if not closed:
        raise ValueError(f"There is {start!r} without {end!r} after it.")
    return "\n".join([before + start, *lines, end + after])


def write_section(path: Path, start: str, end: str, lines: Sequence[str]) -> None:
    """Put `lines` between two marks of the page at `path`; make the page if it is missing.

    Raises
    ------
    SystemExit
        If the marks on the page are broken; nothing is written then.
    """
    page = path.read_text(encoding="utf-8") if path.exists() else ""
    try:
        text = put_between(page, start, end, lines)
    except ValueError as exc:
        raise SystemExit(f"Cannot write {path}: {exc} Correct the marks.") from exc
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
    print(f"\nWritten: {path}")

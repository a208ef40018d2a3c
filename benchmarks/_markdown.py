"""Markdown: tables, and the part of a page that a script writes."""

from collections.abc import Iterable, Sequence
from pathlib import Path

REACHED = {True: "yes", False: "**no**", None: ""}


def table(columns: Iterable[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return the lines of a table, none where there are no rows.

    A column whose title ends in a colon is aligned to the right; short rows are filled.

    Examples
    --------
    >>> print("\\n".join(table(["tool", "seconds:"], [["ours", 1.5]])))
    | tool | seconds |
    |---|---:|
    | ours | 1.5 |
    """
    columns = list(columns)
    filled = [[*map(str, row), *[""] * (len(columns) - len(row))] for row in rows]
    rule = "|" + "".join("---:|" if title.endswith(":") else "---|" for title in columns)
    head, *lines = (
        "| " + " | ".join(cells) + " |"
        for cells in [[title.removesuffix(":") for title in columns], *filled]
    )
    return [head, rule, *lines] if lines else []


def put_between(page: str, start: str, end: str, lines: Iterable[str]) -> str:
    """Return a page with `lines` between two marks; both are appended where neither is there.

    Raises
    ------
    ValueError
        If one of the two marks is there and the other is not after it.
    """
    if start not in page and end not in page:
        page = f"{page.rstrip()}\n\n{start}{end}\n".lstrip()
    before, found, rest = page.partition(start)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"The page has no {start!r} with {end!r} after it.")
    return "\n".join([before + start, *lines, end + after])


def write_section(path: Path, start: str, end: str, lines: Iterable[str]) -> None:
    """Put `lines` between two marks of the page at `path`; make the page if it is missing."""
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

"""Short tables, as text and as HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field

from clustimage.notebook._thumbnail import Thumbnail

__all__ = ["Cell", "Mark", "Table", "note"]

MAX_TEXT = 40  # characters of a cell


@dataclass(frozen=True)
class Mark:
    """A text with a coloured square before it, as clusters have in the figures."""

    text: str
    color: str


Cell = str | Mark | list[Thumbnail]


@dataclass
class Table:
    """A heading, columns, rows, and lines below them. Pictures are shown in HTML alone."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[Cell]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Return the table as lines of text."""
        shown = [
            i
            for i, _ in enumerate(self.columns)
            if not any(isinstance(row[i], list) for row in self.rows)
        ]
        cells = [[str(self.columns[i]) for i in shown]]
        cells += [[_plain(row[i]) for i in shown] for row in self.rows]
        widths = [max(len(row[i]) for row in cells) for i in range(len(shown))]
        right = [all(_is_number(row[i]) for row in cells[1:]) for i in range(len(shown))]
        lines = [self.title] if self.title else []
        for row in cells if self.rows else []:
            padded = [
                cell.rjust(width) if is_right else cell.ljust(width)
                for cell, width, is_right in zip(row, widths, right, strict=True)
            ]
            lines.append(("  " + "  ".join(padded)).rstrip())
        return "\n".join([*lines, *self.notes])

    def html(self) -> str:
        """Return the table as HTML, every text escaped, in the colours of the page."""
        parts = [f"<p style='margin:4px 0'><b>{html.escape(self.title)}</b></p>"]
        if self.rows:
            right = [
                all(isinstance(row[i], str) and _is_number(_plain(row[i])) for row in self.rows)
                for i in range(len(self.columns))
            ]
            head = "".join(
                f"<th style='{_style(is_right)}'>{html.escape(name)}</th>"
                for name, is_right in zip(self.columns, right, strict=True)
            )
            body = "".join(
                "<tr style='background:none'>"
                + "".join(
                    f"<td style='{_style(is_right)}'>{_as_html(cell)}</td>"
                    for cell, is_right in zip(row, right, strict=True)
                )
                + "</tr>"
                for row in self.rows
            )
            parts.append(
                "<table style='border-collapse:collapse;margin:4px 0;width:auto;"
                "table-layout:auto;color:inherit'>"
                f"<thead><tr style='background:none'>{head}</tr></thead>"
                f"<tbody>{body}</tbody></table>"
            )
        parts += [note(line) for line in self.notes]
        return f"<div style='color:inherit'>{''.join(parts)}</div>"


def note(text: str) -> str:
    """Return a line below a table as HTML."""
    return f"<p style='margin:4px 0;opacity:.75'>{html.escape(text)}</p>"


def _style(is_right: bool) -> str:
    align = "right" if is_right else "left"
    border = "border:0;border-bottom:1px solid rgba(128,128,128,.3)"
    return (
        f"text-align:{align};vertical-align:middle;padding:3px 10px 3px 0;max-width:none;{border}"
    )


def _plain(cell: Cell) -> str:
    if isinstance(cell, list):
        return ""
    text = _one_line(cell.text if isinstance(cell, Mark) else cell)
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[: MAX_TEXT // 2 - 1]}…{text[-MAX_TEXT // 2 :]}"


def _one_line(text: str) -> str:
    """Return a text without line breaks and what else is no character: names may hold anything."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _as_html(cell: Cell) -> str:
    if isinstance(cell, list):
        return "".join(picture._repr_html_() for picture in cell)
    if isinstance(cell, Mark):
        square = "display:inline-block;width:10px;height:10px;margin-right:6px;border-radius:2px"
        return f"<span style='{square};background:{cell.color}'></span>{html.escape(cell.text)}"
    whole = html.escape(_one_line(cell), quote=True)
    return f"<span title='{whole}'>{html.escape(_plain(cell))}</span>"


def _is_number(text: str) -> bool:
    return text == "" or text.replace(",", "").replace(".", "").lstrip("-").isdigit()

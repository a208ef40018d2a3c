"""One page, several scripts: each writes what lies between its own marks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Section"]


@dataclass(frozen=True)
class Section:
    """The part of a page that belongs to one script.

    Attributes
    ----------
    script : str
        Path of the script, as it is named in the marks.
    around : str
        What is written where a page has no such part yet: text by hand with `{marks}` in
        it. Later runs replace what lies between the marks and leave the text as it is.
    at_top : bool
        Whether `around` comes before what is on the page.
    """

    script: str
    around: str
    at_top: bool = False

    @property
    def start(self) -> str:
        """The mark before what the script writes."""
        return f"<!-- written by {self.script}: start -->"

    @property
    def end(self) -> str:
        """The mark after what the script writes."""
        return f"<!-- written by {self.script}: end -->"

    def put(self, page: str, lines: list[str]) -> str:
        """Return the text of a page with `lines` between the marks of this part.

        Raises
        ------
        ValueError
            If one of the two marks is there and the other is not after it.
        """
        before, found, rest = page.partition(self.start)
        if not found:
            if self.end in page:
                raise ValueError(f"There is {self.end!r} without {self.start!r} before it.")
            around = self.around.replace("{marks}", f"{self.start}\n{self.end}")
            parts = [around, page] if self.at_top else [page, around]
            joined = "\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"
            return self.put(joined, lines)
        _, closed, after = rest.partition(self.end)
        if not closed:
            raise ValueError(f"There is {self.start!r} without {self.end!r} after it.")
        return "\n".join([before + self.start, "", *lines, "", self.end + after])

    def write(self, path: Path, lines: list[str]) -> None:
        """Put `lines` into the page at `path`, which is made where it is not there.

        Raises
        ------
        SystemExit
            If the marks on the page are broken; nothing is written then.
        """
        page = path.read_text(encoding="utf-8") if path.exists() else ""
        try:
            text = self.put(page, lines)
        except ValueError as broken:
            raise SystemExit(f"Cannot write {path}: {broken} Put the marks right.") from broken
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.draft")
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)

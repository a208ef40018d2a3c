"""Each file tries one kind of harm: a little in every run of the tests, all with ``-m torture``.

``--page docs/reliability.md`` puts what is counted into the table of that page.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path += map(str, (Path(__file__).parent, ROOT / "tests" / "images" / "reading"))

START = "<!-- written by tests/torture: start -->"
END = "<!-- written by tests/torture: end -->"
COLUMNS = ["what", "times:", "what came of it", "again"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--page", type=Path, help="the page whose table gets what is counted")


@pytest.fixture
def count_row(request: pytest.FixtureRequest) -> Callable[[str, int, str], None]:
    """Return what puts a row into the page: what was tried, how often, what came of it."""
    page, again = request.config.getoption("--page", None), request.path.stem

    def write(what: str, times: int, outcome: str) -> None:
        if page is None:
            return
        sys.path.append(str(ROOT / "benchmarks"))
        from _markdown import table, write_section

        lines = page.read_text(encoding="utf-8").partition(START)[2].partition(END)[0].splitlines()
        rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")][1:]
        new = {row[-1]: row for row in rows} | {
            f"`-k {again}`": [what, f"{times:,}", outcome, f"`-k {again}`"]
        }
        write_section(page, START, END, ["", *table(COLUMNS, new.values()), ""])

    return write

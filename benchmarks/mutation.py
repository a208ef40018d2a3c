"""Which small changes to the code the tests notice: the last run of mutmut, into docs/mutation.md.

make mutation                   every mutant, then the table; goes on where it was stopped
mutmut run '*[37]'              only those whose number ends with 3 or 7
python benchmarks/mutation.py   the table of what was run so far
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

from _markdown import table, write_section

ROOT = Path(__file__).resolve().parents[1]
START = "<!-- written by benchmarks/mutation.py: start -->"
END = "<!-- written by benchmarks/mutation.py: end -->"


def read_results() -> dict[str, Counter[str]]:
    """Return, for each module, how many mutants have which status."""
    words = [str(Path(sys.executable).with_name("mutmut")), "results", "--all", "true"]
    lines = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found: dict[str, Counter[str]] = {}
    for line in filter(None, map(str.strip, lines.splitlines())):
        name, _, status = line.rpartition(": ")
        found.setdefault(name.partition(".x")[0], Counter())[status] += 1
    return found


def row(name: str, counts: Counter[str]) -> list[str]:
    """Return the cells of a module; one that does not end, or crashes, counts as killed."""
    n_run = counts.total() - counts["not checked"]
    timeout, survived = counts["timeout"], counts["survived"] + counts["no tests"]
    cells = (counts.total(), n_run, n_run - timeout - survived, timeout, survived)
    share = f"{100 * (n_run - survived) / n_run:.0f} %" if n_run else ""
    return [name, *(f"{cell:,}" for cell in cells), share]


def main() -> None:
    results = read_results()
    rows = [row(f"`{name}`", counts) for name, counts in sorted(results.items())]
    rows.append(row("all", sum(results.values(), Counter())))
    header = ["module", "mutants:", "run:", "killed:", "timeout:", "survived:", "share killed:"]
    write_section(ROOT / "docs" / "mutation.md", START, END, ["", *table(header, rows), ""])


if __name__ == "__main__":
    main()

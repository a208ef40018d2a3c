"""Seconds and memory as the images grow from 1,000 to 60,000, and with a million rows.

Every case is a fresh process. Its result is kept in ``benchmarks/.work/scale/results.jsonl``,
so a run that was interrupted goes on with what is missing, and a case is measured again only
after the package has changed. A whole run writes its part of ``docs/performance.md`` and the
figure ``docs/images/scale.png``.

    python benchmarks/scale.py                   # what is missing, then the page
    python benchmarks/scale.py --only 'pca-*'    # these again; no page
    python benchmarks/scale.py --report          # the page from the results that are there
    python benchmarks/scale.py --quick           # a few hundred images, to try it all
"""

import argparse
import fnmatch
import signal
from dataclasses import replace
from pathlib import Path

from _datasets import make_small_images
from _markdown import write_section
from _measure import ROOT, WORK, add_venv_option, measure
from _scale_cases import QUICK, Case, Sizes, make_cases
from _scale_figure import draw
from _scale_report import report
from _scale_results import Results, make_result

START = "<!-- written by benchmarks/scale.py: start -->"
END = "<!-- written by benchmarks/scale.py: end -->"


def main() -> int:
    """Measure what the command line asks for; 1 where a case failed."""
    options = _parse_options()
    sizes = QUICK if options.quick else Sizes()
    if options.rows:
        sizes = replace(sizes, rows=options.rows)
    work = WORK / "scale" / "quick" if options.quick else WORK / "scale"
    results = Results(work / "results.jsonl", make_cases(sizes))
    if options.list:
        for name in results.cases:
            last = results.last(name)
            print(f"{name:28} {'' if last is None else last.run.error or last.commit}")
        return 0
    chosen = _choose(results, options)
    if chosen and not _measure_all(chosen, results, work, options.venv_dir):
        return 130
    missing = [name for name in results.cases if results.last(name) is None]
    if len(missing) == len(results.cases):
        raise SystemExit(f"There are no results in {results.path}.")
    if missing:
        print(f"\nNot measured yet: {', '.join(missing)}.")
    lines = report(results, sizes)
    print("\n" + "\n".join(lines))
    if not options.only or options.report:
        docs = work if options.quick else ROOT / "docs"
        figure = options.picture or docs / "images" / "scale.png"
        figure.parent.mkdir(parents=True, exist_ok=True)
        draw(results, figure)
        page = options.output or docs / "performance.md"
        write_section(page, START, END, ["", *lines, ""])
    return int(any(last.run.error for last in map(results.last, results.cases) if last))


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only",
        action="append",
        metavar="PATTERN",
        help="measure these cases anew, such as pca-60000 or 'rows-*' (may be repeated)",
    )
    parser.add_argument("--again", action="store_true", help="measure all cases anew")
    parser.add_argument(
        "--report", action="store_true", help="write the page; alone: measure nothing"
    )
    parser.add_argument("--list", action="store_true", help="name the cases and end")
    parser.add_argument("--quick", action="store_true", help="small data, to try the benchmark")
    parser.add_argument("--rows", type=int, help="rows of the features-only cases (1,000,000)")
    add_venv_option(parser)
    parser.add_argument("--output", type=Path, help="page to write (docs/performance.md)")
    parser.add_argument("--picture", type=Path, help="figure to write (docs/images/scale.png)")
    return parser.parse_args()


def _choose(results: Results, options: argparse.Namespace) -> list[Case]:
    """Return the cases to measure now."""
    chosen = {pattern: fnmatch.filter(results.cases, pattern) for pattern in options.only or ()}
    for pattern, names in chosen.items():
        if not names:
            raise SystemExit(f"No case is called {pattern!r}. --list names them.")
    wanted = {name for names in chosen.values() for name in names}
    return [
        case
        for name, case in results.cases.items()
        if name in wanted
        or not (options.only or options.report)
        and (options.again or not results.is_current(case))
    ]


def _measure_all(cases: list[Case], results: Results, work: Path, venv_dir: Path) -> bool:
    """Measure cases one after another; False where a person has stopped it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    counts = [case.count for case in results.cases.values() if case.group != "rows"]
    try:
        datasets = make_small_images(work, counts)
        datasets.read_once()
        for number, case in enumerate(cases, start=1):
            if datasets.have(case.name, case.job):
                print(f"[{number}/{len(cases)}] {case.name} … ", end="", flush=True)
                run = measure(datasets.resolve(case.job), venv_dir)
                results.add(make_result(case, run, datasets.titles["images"]))
                print(run.summary(), flush=True)
    except KeyboardInterrupt:
        print(f"\nStopped. What was measured is in {results.path}; run it again to go on.")
        return False
    return True


if __name__ == "__main__":
    raise SystemExit(main())

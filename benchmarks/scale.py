"""Seconds and memory as the images grow from 1,000 to 60,000, and with a million rows.

Every case is a fresh process. Its result is kept in ``benchmarks/.work/scale/results.jsonl``,
so a run that was interrupted goes on with what is missing, and a case is measured again only
after the package has changed. A whole run writes its part of ``docs/performance.md`` and the
picture ``docs/images/scale.png``.

    python benchmarks/scale.py                   # what is missing, then the page
    python benchmarks/scale.py --only 'pca-*'    # these again, whatever is known; no page
    python benchmarks/scale.py --report          # the page from what is known
    python benchmarks/scale.py --quick           # a few hundred images, to try it all
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import signal
from dataclasses import replace
from pathlib import Path

from _environments import interpreter
from _materials import ROOT
from _measure import Measurement, measure
from _page import Section
from _scale_cases import QUICK, Case, Sizes, all_cases
from _scale_known import Known
from _scale_materials import WEIGHTS, ManyImages, prepare
from _scale_plot import draw
from _scale_report import AROUND, report, size
from _scale_results import Store, code_now, make_result

WORK = ROOT / "benchmarks" / ".work" / "scale"
SECTION = Section("benchmarks/scale.py", AROUND)


def main() -> int:
    """Measure what the command line asks for; 1 where a case failed."""
    arguments = _arguments()
    sizes = QUICK if arguments.quick else Sizes()
    if arguments.rows:
        sizes = replace(sizes, rows=arguments.rows)
    work = WORK / "quick" if arguments.quick else WORK
    cases = all_cases(sizes)
    store = Store(work / "results.jsonl")
    chosen = _choose(cases, store, arguments)
    if chosen and not _measure_all(chosen, store, work, sizes, arguments):
        return 130
    missing = [case.name for case in cases if store.last(case.name) is None]
    if len(missing) == len(cases):
        raise SystemExit(f"There are no results in {store.path}.")
    if missing:
        print(f"\nNot measured yet: {', '.join(missing)}.")
    known = Known(cases, sizes, store)
    lines = report(known)
    print("\n" + "\n".join(lines))
    if not arguments.only or arguments.report:
        _write(lines, known, arguments, work)
    results = [store.last(case.name) for case in cases]
    return int(any(result is not None and result.error for result in results))


def _arguments() -> argparse.Namespace:
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
    parser.add_argument(
        "--venv-dir",
        type=Path,
        default=os.environ.get("CLUSTIMAGE_BENCH_VENVS", WORK.parent / "venvs"),
        help="where the environment of clustimage 1.7.1 is, or is made "
        "(CLUSTIMAGE_BENCH_VENVS; benchmarks/.work/venvs)",
    )
    parser.add_argument("--output", type=Path, help="page to write (docs/performance.md)")
    parser.add_argument("--picture", type=Path, help="picture to write (docs/images/scale.png)")
    return parser.parse_args()


def _choose(cases: list[Case], store: Store, arguments: argparse.Namespace) -> list[Case]:
    """Return the cases to measure now."""
    if arguments.list:
        for case in cases:
            last = store.last(case.name)
            print(f"{case.name:28} {'' if last is None else last.error or last.commit}")
        raise SystemExit
    if arguments.only:
        wanted = {
            pattern: [case for case in cases if fnmatch.fnmatch(case.name, pattern)]
            for pattern in arguments.only
        }
        for pattern, found in wanted.items():
            if not found:
                raise SystemExit(f"No case is called {pattern!r}. --list names them.")
        return [case for case in cases if any(case in found for found in wanted.values())]
    if arguments.report:
        return []
    code = code_now()
    return [case for case in cases if arguments.again or not store.done(case, code)]


def _measure_all(
    cases: list[Case], store: Store, work: Path, sizes: Sizes, arguments: argparse.Namespace
) -> bool:
    """Measure cases one after another; False where a person has stopped it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        images = prepare(work, count=sizes.most)
        images.warm(max(case.options.get("images", 0) for case in cases))
        for number, case in enumerate(cases, start=1):
            if "weights" in case.options and not WEIGHTS.exists():
                print(f"NOTE: {case.name} is left out, there are no weights at {WEIGHTS}.")
                continue
            print(f"[{number}/{len(cases)}] {case.name} … ", end="", flush=True)
            code = code_now()
            run = _measure(case, images, work, arguments.venv_dir)
            store.add(make_result(case, run, code, images.origin))
            print(_short(run), flush=True)
    except KeyboardInterrupt:
        print(f"\nStopped. What was measured is in {store.path}; run it again to go on.")
        return False
    return True


def _measure(case: Case, images: ManyImages, work: Path, environments: Path) -> Measurement:
    return measure(
        interpreter(case.environment, environments),
        case.script,
        case.job,
        images.options(case.options),
        work=work,
        ours=case.script == "run_scale.py",
        longest=case.longest,
    )


def _short(run: Measurement) -> str:
    if run.error:
        return f"failed: {run.error}"
    stages = ", ".join(f"{stage.name} {stage.seconds:.1f}" for stage in run.stages)
    return f"{run.seconds:.1f} s, {size(run.peak)} ({stages or 'one piece'})"


def _write(lines: list[str], known: Known, arguments: argparse.Namespace, work: Path) -> None:
    docs = work if arguments.quick else ROOT / "docs"
    page = arguments.output or docs / "performance.md"
    picture = arguments.picture or docs / "images" / "scale.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    draw(known, picture)
    SECTION.write(page, lines)
    print(f"\nWritten: {page}, {picture}")


if __name__ == "__main__":
    raise SystemExit(main())

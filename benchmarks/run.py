"""Speed and memory of this package beside other tools, on the same files, in one run.

Every measurement runs in a fresh process, the tools take turns, and imports are not
counted. A whole run writes the tables of ``docs/performance.md``; a part of it (``--only``,
``--quick``) prints them.

    python benchmarks/run.py
    python benchmarks/run.py --only reading --only hashing --repeats 5
"""

import argparse
from pathlib import Path

from _datasets import Datasets, make_photos
from _markdown import write_section
from _measure import ROOT, add_venv_option, measure
from _speed_report import Outcome, Outcomes, compare_scores, report, verdict
from _workloads import WORKLOADS, Workload

START = "<!-- written by benchmarks/run.py: start -->"
END = "<!-- written by benchmarks/run.py: end -->"


def main() -> int:
    """Run what the command line asks for; 1 where scores differ or ours failed."""
    options = _parse_options()
    datasets = make_photos(quick=options.quick)
    datasets.read_once()
    done = [
        (workload, _compete(workload, datasets, options))
        for workload in map(WORKLOADS.__getitem__, options.only or WORKLOADS)
        if datasets.have(workload.name, workload.contenders[workload.ours])
    ]
    lines = report(done, datasets.titles, options.repeats)
    print("\n" + "\n".join(lines))
    if not options.only and not options.quick:
        write_section(options.output, START, END, ["", *lines, ""])
    return int(any(_has_failed(workload, outcomes) for workload, outcomes in done))


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", action="append", choices=list(WORKLOADS), help="this workload (may be repeated)"
    )
    parser.add_argument("--repeats", type=int, default=3, help="runs of each tool (3)")
    parser.add_argument("--quick", action="store_true", help="small data, to try the benchmark")
    add_venv_option(parser)
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs" / "performance.md", help="page to write"
    )
    return parser.parse_args()


def _compete(workload: Workload, datasets: Datasets, options: argparse.Namespace) -> Outcomes:
    """Run all contenders of a workload in turn, as often as asked for."""
    print(f"\n{workload.name}: {workload.title.format(**datasets.titles)}", flush=True)
    outcomes: Outcomes = {name: Outcome() for name in workload.contenders}
    for turn in range(options.repeats):
        for name, job in workload.contenders.items():
            if not outcomes[name].error:
                run = measure(datasets.resolve(job), options.venv_dir)
                outcomes[name].runs.append(run)
                print(f"  {turn + 1}/{options.repeats} {name}: {run.summary()}", flush=True)
    text, _ = verdict(workload, outcomes)
    print(f"  ours: {text}" + (f" (target: {workload.target})" if workload.target else ""))
    return outcomes


def _has_failed(workload: Workload, outcomes: Outcomes) -> bool:
    """Return whether ours failed, or gave other scores than the other tool."""
    limit = workload.target.same_scores if workload.target else None
    difference = compare_scores(outcomes)
    differs = limit is not None and difference is not None and difference > limit
    return bool(outcomes[workload.ours].error) or differs


if __name__ == "__main__":
    raise SystemExit(main())

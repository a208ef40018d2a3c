"""Speed and memory of this package beside other tools, on the same files, in one run.

Every measurement runs in a fresh process, the tools take turns, and imports are not
counted. A whole run writes the tables of ``docs/performance.md``; a part of it (``--only``,
``--quick``) prints them.

    python benchmarks/run.py
    python benchmarks/run.py --only reading --only hashing --repeats 5
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from _environments import interpreter
from _materials import ROOT, Materials, prepare
from _measure import Measurement, measure
from _page import Section
from _report import (
    Outcome,
    Outcomes,
    compare_scores,
    machine,
    speed_table,
    stage_table,
    title_of,
    verdict,
)
from _workloads import WORKLOADS, Contender, Workload

WORK = ROOT / "benchmarks" / ".work"
AROUND = """# Speed and memory

`make bench` runs this package beside other tools on the same files and writes what follows.
Every measurement is a fresh process; the tools take turns; imports are not counted; seconds
and memory are medians, with the shortest and the longest time in brackets. Peak memory is
that of the whole process, its libraries included, and of the processes that it starts
(pages that they share counted once). All tools run with their defaults.

- *bare* is the floor of reading: nothing but JPEG decoding at the reduced size next above
  128 × 128, over two threads, and a resize. This package also turns by EXIF, scales the
  light and keeps a status of every file.
- In `plot()` every figure is drawn to its last pixel, for both tools.
- *cluster* includes the unique image and the mean image of each cluster.
- The same word is not always the same work. t-SNE runs 750 steps with an angle of 0.7
  here, 1,000 with 0.5 in clustimage 1.7.1. `hog` features are the descriptor here
  (2,048 numbers), the picture of it there (16,384).
- *bare network* is the forward pass alone, on batches of 32 that are ready as tensors in memory,
  with the same number format and threads; *of 4, wide heap* does what this package does on a
  CPU: four images at a time, in a heap that may hold blocks of 30 MB. This package decodes the
  files, prepares them and keeps a row each in the same time.
- On CUDA the forward pass runs in half precision with the same code otherwise. No GPU has been
  at hand to measure it.
- *First run* and *second run* read and describe the same folder with a `dirpath`; the second
  in a fresh process, its imports of torch included.
- imagededup builds a network while it is imported and downloads its weights; here it gets
  random ones, which its hashing does not use. No tool may connect to another machine.
- The photos of 2048 × 1536, the points and their tree are made by the benchmark from seeds.

{marks}
"""
SECTION = Section("benchmarks/run.py", AROUND, at_top=True)
STAGE_NOTE = (
    "Seconds and peak memory of each stage, the number of clusters found, and the adjusted",
    "Rand index (ARI) of the labels and the kinds of the photos or the digits.",
)


def main() -> int:
    """Run what the command line asks for; 1 where scores differ or ours failed."""
    arguments = _arguments()
    partial = bool(arguments.only) or arguments.quick
    materials = prepare(WORK, quick=arguments.quick)
    names = [name for name in arguments.only or WORKLOADS if _can_run(WORKLOADS[name], materials)]
    materials.warm()
    done = {
        name: (WORKLOADS[name], _compete(WORKLOADS[name], materials, arguments)) for name in names
    }
    lines = [
        *machine(done, arguments.repeats),
        "",
        "## Against the targets",
        "",
        *speed_table(done, materials),
    ]
    if any(workload.stages for workload, _ in done.values()):
        lines += ["", "## Stage by stage", "", *STAGE_NOTE, "", *stage_table(done, materials)]
    print("\n" + "\n".join(lines))
    if not partial:
        SECTION.write(arguments.output, lines)
        print(f"\nWritten: {arguments.output}")
    return int(any(_is_wrong(workload, outcomes) for workload, outcomes in done.values()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", action="append", choices=list(WORKLOADS), help="this workload (may be repeated)"
    )
    parser.add_argument("--repeats", type=int, default=3, help="runs of each tool (3)")
    parser.add_argument("--quick", action="store_true", help="small data, to try the benchmark")
    parser.add_argument(
        "--venv-dir",
        type=Path,
        default=os.environ.get("CLUSTIMAGE_BENCH_VENVS", WORK / "venvs"),
        help="where the environments of the other tools are, or are made "
        "(CLUSTIMAGE_BENCH_VENVS; benchmarks/.work/venvs)",
    )
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs" / "performance.md", help="page to write"
    )
    return parser.parse_args()


def _can_run(workload: Workload, materials: Materials) -> bool:
    """Tell whether there are the weights that a workload needs; say so where there are none."""
    if materials.weights.is_dir() or "weights" not in workload.ours.options:
        return True
    print(f"NOTE: {workload.name} is left out, there are no weights at CLUSTIMAGE_TEST_DATA.")
    return False


def _compete(workload: Workload, materials: Materials, arguments: argparse.Namespace) -> Outcomes:
    """Let all contenders do a workload in turn, as often as asked for."""
    print(f"\n{workload.name}: {title_of(workload, materials)}", flush=True)
    outcomes: Outcomes = {contender.name: Outcome([]) for contender in workload.contenders}
    for turn in range(arguments.repeats):
        for contender in workload.contenders:
            if outcomes[contender.name].error:
                continue
            run = _measure(contender, materials, arguments.venv_dir)
            outcomes[contender.name].runs.append(run)
            print(f"  {turn + 1}/{arguments.repeats} {contender.name}: {_short(run)}", flush=True)
    said, _ = verdict(workload, outcomes)
    print(f"  ours: {said}" + (f" (to reach: {workload.target})" if workload.target else ""))
    return outcomes


def _measure(contender: Contender, materials: Materials, environments: Path) -> Measurement:
    return measure(
        interpreter(contender.environment, environments),
        contender.script,
        contender.job,
        materials.options(contender.options),
        work=WORK,
        ours=contender.script == "run_ours.py",
    )


def _short(run: Measurement) -> str:
    if run.error:
        return f"failed: {run.error}"
    stages = ", ".join(f"{stage.name} {stage.seconds:.2f}" for stage in run.stages)
    found = f"; k {run.facts['k']}, ARI {run.facts['ari']:.3f}" if "k" in run.facts else ""
    return f"{run.seconds:.2f} s, {run.peak / 1024**2:,.0f} MB ({stages or 'one piece'}{found})"


def _is_wrong(workload: Workload, outcomes: Outcomes) -> bool:
    """Tell whether ours failed, or gave other scores than the tool beside it."""
    if outcomes[workload.ours.name].error:
        return True
    allowed = workload.target.same_scores if workload.target else None
    difference = compare_scores(outcomes) if allowed is not None else None
    return difference is not None and allowed is not None and difference > allowed


if __name__ == "__main__":
    raise SystemExit(main())

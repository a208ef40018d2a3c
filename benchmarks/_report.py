"""From measurements to the tables of docs/performance.md."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from statistics import median

from _materials import Materials
from _measure import Measurement
from _workloads import Workload

MARKS = {True: "yes", False: "**no**", None: ""}
STAGES = ("import", "extract", "embedding", "cluster")


@dataclass
class Outcome:
    """All runs of one contender at one workload."""

    runs: list[Measurement]

    @property
    def error(self) -> str | None:
        """Why it failed, if it did."""
        return next((run.error for run in self.runs if run.error), None)

    @property
    def seconds(self) -> float:
        """The median."""
        return median(run.seconds for run in self.runs)

    @property
    def peak(self) -> float:
        """The median of the peak memory in bytes."""
        return median(run.peak for run in self.runs)

    def stage(self, name: str) -> tuple[float, float] | None:
        """Return the median seconds and peak memory of a stage."""
        stages = [stage for run in self.runs for stage in run.stages if stage.name == name]
        if not stages:
            return None
        return median(s.seconds for s in stages), median(s.peak for s in stages)


Outcomes = dict[str, Outcome]  # name of the contender → its runs


def compare_scores(outcomes: Outcomes) -> float | None:
    """Return the largest difference between the scores that two tools told."""
    runs = [outcome.runs[0].facts for outcome in outcomes.values() if not outcome.error]
    told: list[dict[int, float]] = [
        dict(zip(facts["clusters"], facts["scores"], strict=True))
        for facts in runs
        if "scores" in facts
    ]
    if len(told) < 2:
        return None
    first, last = told[0], told[-1]
    if first.keys() != last.keys():
        return float("inf")
    return max(abs(first[k] - last[k]) for k in first)


def verdict(workload: Workload, outcomes: Outcomes) -> tuple[str, bool | None]:
    """Say how ours stands against the quickest rival, and whether the target is reached."""
    target, ours = workload.target, outcomes[workload.ours.name]
    if target is None:
        return "no target", None
    rivals = [name for name in target.against if name in outcomes and not outcomes[name].error]
    if ours.error or not rivals:
        return "not measured", None
    best = min(rivals, key=lambda name: outcomes[name].seconds)
    said, speed, share = _against(ours, outcomes[best])
    reached = speed >= target.speed and (target.memory is None or share <= target.memory)
    said += f" against {best}"
    if target.same_scores is not None:
        difference = compare_scores(outcomes)
        if difference is None:
            return said + ", scores not compared", None
        said += f"; scores differ by at most {difference:.0e}"
        reached = reached and difference <= target.same_scores
    return said, reached


def _against(ours: Outcome, other: Outcome) -> tuple[str, float, float]:
    """Return the ratios of speed and memory, said and as numbers."""
    speed, share = other.seconds / ours.seconds, ours.peak / other.peak
    return f"{speed:.2f} × as fast, {share:.2f} × the memory", speed, share


def speed_table(done: dict[str, tuple[Workload, Outcomes]], materials: Materials) -> list[str]:
    """Return the rows of the table of seconds, ratios and memory."""
    rows = [
        "| work | tool | seconds | a second | peak memory | ours is | to reach | reached |",
        "|---|---|---:|---:|---:|---|---|---|",
    ]
    for workload, outcomes in done.values():
        ours = outcomes[workload.ours.name]
        for name, outcome in outcomes.items():
            title = "" if outcome is ours else title_of(workload, materials)
            if outcome.error:
                rows.append(f"| {title} | {name} | failed: {outcome.error} | | | | | |")
                continue
            cells = ["", "", ""]
            if outcome is ours:
                said, reached = verdict(workload, outcomes)
                cells = [said, str(workload.target or ""), MARKS[reached]]
            elif not ours.error and workload.compares:
                cells[0] = _against(ours, outcome)[0]
            counted = ""
            if workload.rate:
                counted = f"{outcome.runs[0].facts['n'] / outcome.seconds:,.0f} {workload.rate}"
            figures = [_spread(outcome), counted, _size(outcome.peak)]
            rows.append("| " + " | ".join([title, name, *figures, *cells]) + " |")
    return rows


def stage_table(done: dict[str, tuple[Workload, Outcomes]], materials: Materials) -> list[str]:
    """Return the rows of the table of stages: seconds, memory, k found and ARI."""
    rows = [
        "| work | tool | features | k found | ARI | import | extract | embedding | cluster |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for workload, outcomes in done.values():
        for name, outcome in outcomes.items() if workload.stages else ():
            title = title_of(workload, materials)
            if outcome.error:
                rows.append(f"| {title} | {name} | failed: {outcome.error} | | | | | | |")
                continue
            facts = outcome.runs[0].facts
            measured = [outcome.stage(stage) for stage in STAGES]
            cells = [f"{one[0]:.2f} s, {_size(one[1])}" if one else "" for one in measured]
            found = " / ".join(dict.fromkeys(str(run.facts["k"]) for run in outcome.runs))
            ari = " / ".join(dict.fromkeys(f"{run.facts['ari']:.3f}" for run in outcome.runs))
            rows.append(
                f"| {title} | {name} | {facts['n']:,} × {facts['feat'][1]:,} | {found} | {ari} "
                f"| {' | '.join(cells)} |"
            )
    return rows


def title_of(workload: Workload, materials: Materials) -> str:
    """Return the title of a workload with what it is done on."""
    return workload.title.format(
        photos=materials.photos_name, n_large=materials.n_large, n_blobs=materials.n_blobs
    )


def machine(done: dict[str, tuple[Workload, Outcomes]], repeats: int) -> list[str]:
    """Describe the machine and the versions that were run."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    lines = [
        f"Measured on {os.cpu_count()} cores and {memory:.0f} GiB of memory, "
        f"{platform.system()}, {repeats} run(s) of each tool in turn. Versions:",
        "",
    ]
    seen: dict[str, str] = {}
    for workload, outcomes in done.values():
        for contender in workload.contenders:
            run = outcomes[contender.name].runs[0]
            versions = ", ".join(f"{package} {number}" for package, number in run.versions.items())
            if versions and len(versions) > len(seen.get(contender.environment, "")):
                seen[contender.environment] = f"Python {run.python}: {versions}"
    names = {
        contender.environment: contender.name
        for w, _ in done.values()
        for contender in w.contenders
    }
    return [*lines, *(f"- {names[place]} — {versions}" for place, versions in seen.items())]


def _spread(outcome: Outcome) -> str:
    times = [run.seconds for run in outcome.runs]
    spread = f" ({min(times):.2f}–{max(times):.2f})" if len(times) > 1 else ""
    return f"{outcome.seconds:.2f}{spread}"


def _size(size: float) -> str:
    return f"{size / 1024**2:,.0f} MB"

"""From measurements of `run.py` to the tables of docs/performance.md."""

from dataclasses import dataclass, field
from statistics import median
from typing import Any

from _markdown import REACHED, table
from _measure import Measurement, describe_machine
from _workloads import Workload

STAGES = ("import", "extract", "embedding", "cluster")
STAGE_NOTE = (
    "Seconds and peak memory of each stage, the number of clusters found, and the adjusted",
    "Rand index (ARI) of the labels and the kinds of the photos or the digits.",
)


@dataclass
class Outcome:
    """All runs of one contender at one workload."""

    runs: list[Measurement] = field(default_factory=list)

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
        """The median of the peak memory, in bytes."""
        return median(run.peak for run in self.runs)

    def ratios(self, other: "Outcome") -> tuple[float, float]:
        """Return how many times as fast as another one it is, and its memory as a ratio."""
        return other.seconds / self.seconds, self.peak / other.peak


Outcomes = dict[str, Outcome]  # name of the contender → its runs


def compare_scores(outcomes: Outcomes) -> float | None:
    """Return the largest difference between the scores of two tools; None without two."""
    facts = [outcome.runs[0].facts for outcome in outcomes.values() if not outcome.error]
    scores = [dict(zip(f["clusters"], f["scores"], strict=True)) for f in facts if "scores" in f]
    if len(scores) < 2:
        return None
    first, last = scores[0], scores[-1]
    if first.keys() != last.keys():
        return float("inf")
    return max(abs(first[k] - last[k]) for k in first)


def verdict(workload: Workload, outcomes: Outcomes) -> tuple[str, bool | None]:
    """Say how ours compares with the fastest rival, and whether the target is reached."""
    target, ours = workload.target, outcomes[workload.ours]
    if target is None:
        return "no target", None
    rivals = [name for name in target.against if name in outcomes and not outcomes[name].error]
    if ours.error or not rivals:
        return "not measured", None
    fastest = min(rivals, key=lambda name: outcomes[name].seconds)
    speed, memory = ours.ratios(outcomes[fastest])
    text = f"{_ratios(ours, outcomes[fastest])} against {fastest}"
    reached = speed >= target.speed and (target.memory is None or memory <= target.memory)
    if target.same_scores is None:
        return text, reached
    difference = compare_scores(outcomes)
    if difference is None:
        return f"{text}, scores not compared", None
    text += f"; scores differ by at most {difference:.0e}"
    return text, reached and difference <= target.same_scores


def report(
    done: list[tuple[Workload, Outcomes]], titles: dict[str, Any], repeats: int
) -> list[str]:
    """Return the lines of the page: versions, the table of targets, the table of stages."""
    first = f"Measured on {describe_machine()}, {repeats} run(s) of each tool in turn. Versions:"
    lines = [first, "", *_versions(done), "", "## Against the targets", ""]
    lines += _speed_table(done, titles)
    stages = _stage_table(done, titles)
    return [*lines, "", "## Stage by stage", "", *STAGE_NOTE, "", *stages] if stages else lines


def _versions(done: list[tuple[Workload, Outcomes]]) -> list[str]:
    software: dict[str, str] = {}
    for workload, outcomes in done:
        for name, job in workload.contenders.items():
            if not outcomes[name].error:
                software.setdefault(job.environment.name, outcomes[name].runs[0].software)
    return [f"- {name} — {versions}" for name, versions in software.items()]


def _speed_table(done: list[tuple[Workload, Outcomes]], titles: dict[str, Any]) -> list[str]:
    rows = []
    for workload, outcomes in done:
        ours, reached = outcomes[workload.ours], None
        for name, outcome in outcomes.items():
            title = "" if outcome is ours else workload.title.format(**titles)
            if outcome.error:
                rows.append([title, name, f"failed: {outcome.error}"])
                continue
            comparison = target = rate = ""
            if outcome is ours:
                comparison, reached = verdict(workload, outcomes)
                target = str(workload.target or "")
            elif not ours.error and workload.compares:
                comparison = _ratios(ours, outcome)
            if workload.rate:
                rate = f"{outcome.runs[0].facts['n'] / outcome.seconds:,.0f} {workload.rate}"
            figures = [_seconds(outcome), rate, _megabytes(outcome.peak)]
            rows.append([title, name, *figures, comparison, target, REACHED[reached]])
    return table(
        ["work", "tool", "seconds:", "a second:", "peak memory:", "ours is", "to reach", "reached"],
        rows,
    )


def _stage_table(done: list[tuple[Workload, Outcomes]], titles: dict[str, Any]) -> list[str]:
    rows = []
    for workload, outcomes in done:
        for name, outcome in outcomes.items() if workload.stages else ():
            title = workload.title.format(**titles)
            if outcome.error:
                rows.append([title, name, f"failed: {outcome.error}"])
                continue
            facts = [run.facts for run in outcome.runs]
            k = " / ".join(dict.fromkeys(str(fact["k"]) for fact in facts))
            ari = " / ".join(dict.fromkeys(f"{fact['ari']:.3f}" for fact in facts))
            features = f"{facts[0]['n']:,} × {facts[0]['feat'][1]:,}"
            cells = [_stage_cell(outcome, stage) for stage in STAGES]
            rows.append([title, name, features, k, ari, *cells])
    numbers = ["features:", "k found:", "ARI:", *(f"{stage}:" for stage in STAGES)]
    return table(["work", "tool", *numbers], rows)


def _stage_cell(outcome: Outcome, name: str) -> str:
    stages = [stage for run in outcome.runs if (stage := run.stage(name))]
    if not stages:
        return ""
    seconds, peak = median(s.seconds for s in stages), median(s.peak for s in stages)
    return f"{seconds:.2f} s, {_megabytes(peak)}"


def _ratios(ours: Outcome, other: "Outcome") -> str:
    speed, memory = ours.ratios(other)
    return f"{speed:.2f} × as fast, {memory:.2f} × the memory"


def _seconds(outcome: Outcome) -> str:
    times = [run.seconds for run in outcome.runs]
    span = f" ({min(times):.2f}–{max(times):.2f})" if len(times) > 1 else ""
    return f"{outcome.seconds:.2f}{span}"


def _megabytes(n_bytes: float) -> str:
    return f"{n_bytes / 2**20:,.0f} MB"

"""What was measured, kept as JSON lines, so that an interrupted run can go on."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from _materials import ROOT
from _measure import Measurement, Stage
from _scale_cases import Case

CHAIN = ("import", "extract", "embedding", "cluster")


@dataclass(frozen=True)
class Code:
    """Which code was measured: a commit for people, and a digest of what it is."""

    commit: str
    digest: str


@dataclass
class Result:
    """One case, measured once.

    `digest` is that of the package's source where the package was measured, and empty
    for other tools, whose code does not change.
    """

    case: str
    options: dict[str, Any]
    commit: str
    digest: str
    when: str
    run: Measurement
    machine: dict[str, Any] = field(default_factory=dict)

    @property
    def error(self) -> str | None:
        """Why it failed, if it did."""
        return self.run.error

    @property
    def facts(self) -> dict[str, Any]:
        """What the job told beside seconds and memory."""
        return self.run.facts

    @property
    def seconds(self) -> float:
        """Seconds of the four stages of the chain, else of the whole work."""
        stages = [self.stage(name) for name in CHAIN]
        known = [stage.seconds for stage in stages if stage is not None]
        return sum(known) if len(known) == len(CHAIN) else self.run.seconds

    @property
    def peak(self) -> int:
        """Bytes of the most memory held at any time, in the stages or between them."""
        return max([self.run.peak, *(stage.peak for stage in self.run.stages)])

    def stage(self, name: str) -> Stage | None:
        """Return what a stage took, or None where it was not run."""
        return next((stage for stage in self.run.stages if stage.name == name), None)


class Store:
    """Results in a file; the last one of a case counts.

    Parameters
    ----------
    path : path
        File of JSON lines; made with the first result.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._last: dict[str, Result] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            try:
                told = json.loads(line)
            except json.JSONDecodeError:  # the machine went off while it was written
                continue
            self._last[told["case"]] = _from_json(told)

    def last(self, name: str) -> Result | None:
        """Return the last result of a case, or None."""
        return self._last.get(name)

    def done(self, case: Case, code: Code) -> bool:
        """Tell whether the case was measured with this code and these options, and went well."""
        last = self.last(case.name)
        if last is None or last.error or last.options != case.options:
            return False
        return last.digest == digest_for(case, code)

    def add(self, result: Result) -> None:
        """Keep a result, on the disk before this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(result)) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._last[result.case] = result


def _from_json(told: dict[str, Any]) -> Result:
    run = dict(told["run"])
    run["stages"] = [Stage(**stage) for stage in run["stages"]]
    return Result(**{**told, "run": Measurement(**run)})


def make_result(case: Case, run: Measurement, code: Code, images: str) -> Result:
    """Return what was measured now, with the code, machine and images it was measured on."""
    return Result(
        case=case.name,
        options=case.options,
        commit=code.commit,
        digest=digest_for(case, code),
        when=time.strftime("%Y-%m-%d %H:%M:%S"),
        run=run,
        machine={
            "cores": os.cpu_count(),
            "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "system": platform.system(),
            "images": images,
        },
    )


def digest_for(case: Case, code: Code) -> str:
    """Return what tells whether a result of this case is still of the code that is there."""
    runs_the_package = case.script == "run_scale.py"
    return code.digest if runs_the_package else ""


def code_now() -> Code:
    """Return the commit that is checked out (with ``+`` where the package differs) and a digest."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "clustimage").rglob("*.py")):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    commit = _git("rev-parse", "--short", "HEAD") or "unknown"
    changed = "+" if _git("status", "--porcelain", "--", "clustimage") else ""
    return Code(commit + changed, digest.hexdigest()[:16])


def _git(*words: str) -> str:
    try:
        told = subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True, check=False
        )
    except OSError:  # there is no git
        return ""
    return told.stdout.strip()

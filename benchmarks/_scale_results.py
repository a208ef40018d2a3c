"""Results of `scale.py`, kept as JSON lines, so that an interrupted run can go on."""

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from _measure import OURS, ROOT, Measurement, Stage, describe_machine
from _scale_cases import METHODS, Case

CHAIN = ("import", "extract", "embedding", "cluster")


@dataclass
class Result:
    """One case, measured once; `digest` is that of the code that was measured."""

    case: Case
    options: dict[str, Any]
    commit: str
    digest: str
    date: str
    machine: str
    images: str  # what the images are
    run: Measurement

    @property
    def facts(self) -> dict[str, Any]:
        """What the job reported beside seconds and memory."""
        return self.run.facts

    @property
    def peak(self) -> int:
        """The peak memory of the whole work, in bytes."""
        return self.run.peak

    @property
    def seconds(self) -> float:
        """Seconds of the four stages of the chain, else of the whole work."""
        stages = [stage.seconds for stage in self.run.stages if stage.name in CHAIN]
        return sum(stages) if len(stages) == len(CHAIN) else self.run.seconds


class Results:
    """The last result of each case, in a file of JSON lines."""

    def __init__(self, path: Path, cases: Iterable[Case]) -> None:
        self.path, self.cases = path, {case.name: case for case in cases}
        self._last: dict[str, Result] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            with suppress(json.JSONDecodeError):  # the machine went off while it was written
                entry = json.loads(line)
                run = Measurement(**entry.pop("run"))
                run.stages = [Stage(**stage) for stage in run.stages]
                name = entry.pop("case")
                if name in self.cases:
                    self._last[name] = Result(self.cases[name], **entry, run=run)

    def add(self, result: Result) -> None:
        """Keep a result, on the disk before this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(result) | {"case": result.case.name}) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._last[result.case.name] = result

    def last(self, name: str) -> Result | None:
        """Return the last result of a case, successful or not."""
        return self._last.get(name)

    def good(self, name: str) -> Result | None:
        """Return the last result of a case if it succeeded."""
        result = self._last.get(name)
        return None if result is None or result.run.error else result

    def is_current(self, case: Case) -> bool:
        """Return whether a case succeeded with its present options and code."""
        result = self.good(case.name)
        current = (case.job.options, digest_of(case))
        return result is not None and (result.options, result.digest) == current

    def group(self, *names: str, method: str = "") -> list[Result]:
        """Return the results of some groups of cases, of one method if it is given."""
        found = [self._last[name] for name in self.cases if name in self._last]
        return [r for r in found if r.case.group in names and method in ("", r.case.method)]

    def curve(self, group: str, method: str) -> list[Result]:
        """Return the results of a method that succeeded, by their numbers of images."""
        return [result for result in self.group(group, method=method) if not result.run.error]

    def largest(self) -> list[Result]:
        """Return the result of each method with its largest number of images."""
        return [result for method in METHODS for result in self.curve("chain", method)[-1:]]


def make_result(case: Case, run: Measurement, images: str) -> Result:
    """Return what was measured now, with the code, the machine and the images."""
    changed = "+" if _git("status", "--porcelain", "--", "clustimage") else ""
    commit = (_git("rev-parse", "--short", "HEAD") or "unknown") + changed
    context = (digest_of(case), time.strftime("%Y-%m-%d"), describe_machine(), images)
    return Result(case, case.job.options, commit, *context, run)


def digest_of(case: Case) -> str:
    """Return a digest of the package's source; empty for jobs that do not run the package."""
    digest = hashlib.sha256()
    if case.job.environment is not OURS or case.group == "decode":
        return ""
    for path in sorted((ROOT / "clustimage").rglob("*.py")):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _git(*arguments: str) -> str:
    with suppress(OSError):  # there is no git
        command = ["git", *arguments]
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        return found.stdout.strip()
    return ""

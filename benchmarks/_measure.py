"""Run one job in a fresh process and measure its seconds and its memory."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOOLS = Path(__file__).resolve().parent / "tools"
LONGEST = 3600.0  # seconds that one job may take
BETWEEN_SAMPLES = 0.02  # seconds
LINES = 20  # of what a job prints that are kept


@dataclass
class Stage:
    """Seconds and peak memory of a stage."""

    name: str
    seconds: float
    peak: int


@dataclass
class Measurement:
    """What one run of a job told: its work, its stages and facts; or why it failed.

    `said` are the last lines that it printed.
    """

    seconds: float = float("nan")
    peak: int = 0
    stages: list[Stage] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    python: str = ""
    error: str | None = None
    said: list[str] = field(default_factory=list)


class TreeMemory(threading.Thread):
    """Sample the memory of a process together with its children, while it has children.

    The kernel keeps the exact peak of a single process; only work that is spread over
    processes has to be sampled. Pages that processes share are counted once (Pss).
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.samples: list[tuple[float, int]] = []
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(BETWEEN_SAMPLES):
            pids = _with_descendants(self.pid)
            if len(pids) > 1:
                self.samples.append((time.monotonic(), sum(map(_share_of_memory, pids))))

    def stop(self) -> None:
        """End the sampling."""
        self._ended.set()
        self.join()

    def peak(self, start: float, end: float) -> int:
        """Return the highest sample between two moments, 0 where there is none."""
        return max((size for moment, size in self.samples if start <= moment <= end), default=0)


def _with_descendants(pid: int) -> list[int]:
    pids = [pid]
    for known in pids:
        for children in Path(f"/proc/{known}/task").glob("*/children"):
            try:
                pids.extend(map(int, children.read_text().split()))
            except OSError:  # it has ended meanwhile
                continue
    return pids


def _share_of_memory(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # it has ended meanwhile
        return 0
    sizes = [line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:")]
    return sum(map(int, sizes)) * 1024


def measure(
    python: Path,
    script: str,
    job: str,
    options: dict[str, Any],
    *,
    work: Path,
    ours: bool,
    longest: float = LONGEST,
) -> Measurement:
    """Run a job in a fresh process, with an empty temporary folder.

    Parameters
    ----------
    python : path
        The interpreter of the tool's environment.
    script, job : str
        File in ``tools/`` and the name of the job in it.
    options : dict
        Options of the job.
    work : path
        Folder for what the benchmark writes.
    ours : bool
        Whether the script may import this project's package.
    longest : float, default=3600
        Seconds after which it is ended.

    Returns
    -------
    Measurement
    """
    work.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="run-", dir=work))
    answer = scratch / "answer.json"
    command = [str(python), str(TOOLS / script), job, json.dumps(options), str(answer)]
    try:
        with (scratch / "output.txt").open("w+") as output:
            process = subprocess.Popen(
                command,
                cwd=scratch,
                env=_environment(scratch, work, python, ours),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            memory = TreeMemory(process.pid)
            memory.start()
            try:
                error = _wait(process, longest)
            finally:
                process.kill()  # where this run is interrupted; else it has ended
                memory.stop()
            output.seek(0)
            said = output.read().strip().splitlines()
        if error is None and not answer.exists():
            error = _without_places(said[-1]) if said else "it wrote no answer"
        found = Measurement(error=error) if error else _read(answer, memory)
        found.said = said[-LINES:]
        return found
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _without_places(line: str) -> str:
    """Return a line of an error as it can stand in a table, without paths of the machine."""
    return re.sub(r"\s*\(?[/\\][\w./\\-]+\)?", " …", line).replace("|", "/")[:200]


def _wait(process: subprocess.Popen[bytes], longest: float) -> str | None:
    try:
        ended = process.wait(longest)
    except subprocess.TimeoutExpired:
        return f"not done after {longest:g} s"
    return f"ended by signal {-ended}" if ended < 0 else None


def _read(answer: Path, memory: TreeMemory) -> Measurement:
    told = json.loads(answer.read_text())
    work = told["work"]
    stages = [
        Stage(
            stage["name"],
            stage["end"] - stage["start"],
            max(stage["peak"], memory.peak(stage["start"], stage["end"])),
        )
        for stage in told["stages"]
    ]
    return (
        Measurement(
            seconds=work["end"] - work["start"],
            peak=max(work["peak"], memory.peak(work["start"], work["end"])),
            stages=stages,
            facts=told["facts"],
            versions=told["versions"],
            python=told["python"],
        )
        if work
        else Measurement(facts=told["facts"])
    )


def _environment(scratch: Path, work: Path, python: Path, ours: bool) -> dict[str, str]:
    """Return the variables of a job: no screen, empty folders, fonts already listed."""
    fonts = work / "matplotlib" / python.parent.parent.name
    fonts.mkdir(parents=True, exist_ok=True)
    environment = dict(os.environ)
    environment.pop("PYTHONPATH", None)
    environment.update(
        MPLBACKEND="Agg", MPLCONFIGDIR=str(fonts), TMPDIR=str(scratch), HOME=str(scratch)
    )
    if ours:
        environment["PYTHONPATH"] = str(TOOLS.parents[1])
    return environment

"""Run one job in a fresh process and measure its seconds and its peak memory."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import venv
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

__all__ = [
    "DEDUP", "INCUMBENT", "OURS", "ROOT", "WORK",
    "Environment", "Job", "Measurement", "Stage", "describe_machine", "measure",
]  # fmt: skip

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "benchmarks" / ".work"
SCRIPTS = ROOT / "benchmarks" / "tools"
SAMPLING_INTERVAL = 0.02  # seconds
OUTPUT_LINES = 20  # of what a job prints that are kept


@dataclass(frozen=True)
class Environment:
    """A virtual environment: its name in the tables, what it is made of, what it reports."""

    name: str
    requirement: str  # "package==version"; empty for the environment that runs this
    packages: tuple[str, ...]  # whose versions are reported


INCUMBENT = Environment(
    "clustimage 1.7.1",
    "clustimage==1.7.1",
    ("clustimage", "clusteval", "pca", "numpy", "scipy", "scikit-learn", "scikit-image",
     "opencv-python-headless", "Pillow", "matplotlib"),
)  # fmt: skip
DEDUP = Environment(
    "imagededup 0.3.3", "imagededup==0.3.3", ("imagededup", "numpy", "scipy", "Pillow")
)
OURS = Environment(
    "ours",
    "",
    ("numpy", "scipy", "scikit-learn", "scikit-image", "opencv-python-headless", "Pillow",
     "imagehash", "clusteval", "pca", "matplotlib", "openTSNE", "faiss-cpu", "torch",
     "torchvision"),
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """A function of a script in ``tools/``, its options, and the environment it runs in."""

    script: str
    function: str
    options: dict[str, Any] = field(default_factory=dict)
    environment: Environment = OURS
    timeout: float = 3600.0  # seconds


@dataclass
class Stage:
    """Seconds and peak memory, in bytes, of a stage."""

    name: str
    seconds: float
    peak: int


@dataclass
class Measurement:
    """What one run of a job took and reported; or why it failed."""

    seconds: float = float("nan")
    peak: int = 0
    stages: list[Stage] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    python: str = ""
    error: str | None = None
    output: list[str] = field(default_factory=list)  # the last lines that it printed

    @property
    def software(self) -> str:
        """The version of Python and of each package."""
        versions = ", ".join(f"{package} {version}" for package, version in self.versions.items())
        return f"Python {self.python}: {versions}"

    def stage(self, name: str) -> Stage | None:
        """Return a stage, or None where it was not run."""
        return next((stage for stage in self.stages if stage.name == name), None)

    def summary(self) -> str:
        """Return seconds, memory and stages in one line."""
        if self.error:
            return f"failed: {self.error}"
        stages = ", ".join(f"{stage.name} {stage.seconds:.2f}" for stage in self.stages)
        found = f"; k {self.facts['k']}, ARI {self.facts['ari']:.3f}" if "ari" in self.facts else ""
        return f"{self.seconds:.2f} s, {self.peak / 1e6:,.0f} MB ({stages or 'no stages'}{found})"


def describe_machine() -> str:
    """Return the cores, the memory and the system of this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores and {memory:.0f} GiB of memory, {platform.system()}"


@cache
def interpreter(environment: Environment, folder: Path) -> Path:
    """Return the interpreter of an environment; install what is missing in it.

    Raises
    ------
    SystemExit
        If it cannot be installed; the message says how to use an installed one.
    """
    if not environment.requirement:
        return Path(sys.executable)
    package, _, version = environment.requirement.partition("==")
    location = folder.resolve() / f"{package}-{version}"
    python = location / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        venv.create(location, with_pip=True)
    query = f"from importlib.metadata import version; print(version({package!r}))"
    found = subprocess.run([python, "-c", query], capture_output=True, text=True, check=False)
    if found.stdout.strip() != version:
        print(f"Installing {environment.requirement} into {location} …", flush=True)
        install = [python, "-m", "pip", "install", "--quiet", environment.requirement]
        if subprocess.run(install, check=False).returncode:
            raise SystemExit(
                f"Cannot install {environment.requirement} into {location}. Where it is "
                f"installed already, give the folder above '{location.name}' as --venv-dir."
            )
    return python


class ChildMemory(threading.Thread):
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
        while not self._ended.wait(SAMPLING_INTERVAL):
            pids = _with_descendants(self.pid)
            if len(pids) > 1:
                self.samples.append((time.monotonic(), sum(map(_proportional_bytes, pids))))

    def stop(self) -> None:
        """End the sampling."""
        self._ended.set()
        self.join()

    def peak(self, span: dict[str, Any]) -> int:
        """Return the higher of the peak of a span and its highest sample."""
        samples = (size for moment, size in self.samples if span["start"] <= moment <= span["end"])
        return max(span["peak"], *samples, 0)


def _with_descendants(pid: int) -> list[int]:
    pids = [pid]
    for parent in pids:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                pids.extend(map(int, children.read_text().split()))
            except OSError:  # it has ended meanwhile
                continue
    return pids


def _proportional_bytes(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # it has ended meanwhile
        return 0
    return 1024 * sum(map(int, re.findall(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)))


def measure(job: Job, *, environments: Path, work: Path = WORK) -> Measurement:
    """Run a job in a fresh process, with an empty temporary folder.

    Parameters
    ----------
    job : Job
        What is run; its options are JSON.
    environments : path
        Folder of the virtual environments of other tools.
    work : path
        Folder for what the benchmark writes.
    """
    work.mkdir(parents=True, exist_ok=True)
    python = interpreter(job.environment, environments)
    scratch = Path(tempfile.mkdtemp(prefix="run-", dir=work))
    answer = scratch / "answer.json"
    options, packages = json.dumps(job.options), ",".join(job.environment.packages)
    command = [python, SCRIPTS / job.script, job.function, options, packages, answer]
    try:
        with (scratch / "output.txt").open("w+") as output:
            process = subprocess.Popen(
                command,
                cwd=scratch,
                env=_variables(job.environment, scratch, work),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            memory = ChildMemory(process.pid)
            memory.start()
            try:
                error = _wait(process, job.timeout)
            finally:
                process.kill()  # where this run is interrupted; else it has ended
                memory.stop()
            output.seek(0)
            lines = output.read().strip().splitlines()
        if error is None and not answer.exists():
            error = _without_paths(lines[-1]) if lines else "it wrote no answer"
        found = Measurement(error=error) if error else _read(json.loads(answer.read_text()), memory)
        found.output = lines[-OUTPUT_LINES:]
        return found
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _variables(environment: Environment, scratch: Path, work: Path) -> dict[str, str]:
    """Return the variables of a job: no screen, empty folders, fonts listed by an earlier job."""
    fonts = work / "matplotlib" / environment.name.replace(" ", "-")
    fonts.mkdir(parents=True, exist_ok=True)
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    variables.update(
        MPLBACKEND="Agg", MPLCONFIGDIR=str(fonts), TMPDIR=str(scratch), HOME=str(scratch)
    )
    return variables | ({"PYTHONPATH": str(ROOT)} if environment is OURS else {})


def _wait(process: subprocess.Popen[bytes], timeout: float) -> str | None:
    """Return why a process did not end by itself; None where it did."""
    try:
        code = process.wait(timeout)
    except subprocess.TimeoutExpired:
        return f"not done after {timeout:g} s"
    return f"ended by signal {-code}" if code < 0 else None


def _without_paths(line: str) -> str:
    """Return a line of an error as it can stand in a table, without paths of the machine."""
    return re.sub(r"\s*\(?[/\\][\w./\\-]+\)?", " …", line).replace("|", "/")[:200]


def _read(answer: dict[str, Any], memory: ChildMemory) -> Measurement:
    work = answer["work"] or {"start": 0.0, "end": float("nan"), "peak": 0}
    return Measurement(
        seconds=work["end"] - work["start"],
        peak=memory.peak(work),
        stages=[
            Stage(stage["name"], stage["end"] - stage["start"], memory.peak(stage))
            for stage in answer["stages"]
        ],
        facts=answer["facts"],
        versions=answer["versions"],
        python=answer["python"],
    )

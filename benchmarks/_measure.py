"""Run one job in a fresh process and measure its seconds and its peak memory."""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "benchmarks" / ".work"
RUN_JOB = ROOT / "benchmarks" / "tools" / "run_job.py"
SAMPLING_INTERVAL = 0.02  # seconds
TIMEOUT = 3600.0  # seconds
OUTPUT_LINES = 20  # of what a job prints that are kept


@dataclass(frozen=True)
class Environment:
    """A virtual environment: its name in the tables, what is installed, what it reports."""

    name: str
    requirement: str  # "package==version"; empty for the environment that runs this
    packages: str  # whose versions are reported


INCUMBENT = Environment(
    "clustimage 1.7.1",
    "clustimage==1.7.1",
    "clustimage,clusteval,pca,numpy,scipy,scikit-learn,scikit-image,opencv-python-headless,"
    "Pillow,matplotlib",
)
DEDUP = Environment("imagededup 0.3.3", "imagededup==0.3.3", "imagededup,numpy,scipy,Pillow")
OURS = Environment(
    "ours",
    "",
    "numpy,scipy,scikit-learn,scikit-image,opencv-python-headless,Pillow,imagehash,clusteval,pca,"
    "matplotlib,openTSNE,faiss-cpu,torch,torchvision",
)


@dataclass(frozen=True)
class Job:
    """A function in ``tools/`` (``"module.function"``), its options, and its environment."""

    function: str
    options: dict[str, Any]
    environment: Environment = OURS


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
        found = f", k {self.facts['k']}, ARI {self.facts['ari']:.3f}" if "ari" in self.facts else ""
        size = f"{self.peak / 1e6:,.0f} MB"
        return f"{self.seconds:.2f} s, {size}{found}" + (f" ({stages})" if stages else "")


def add_venv_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where the environments of other tools are."""
    parser.add_argument(
        "--venv-dir",
        type=Path,
        default=os.environ.get("CLUSTIMAGE_BENCH_VENVS", WORK / "venvs"),
        help="where the environments of the other tools are, or are made "
        "(CLUSTIMAGE_BENCH_VENVS; benchmarks/.work/venvs)",
    )


def describe_machine() -> str:
    """Return the cores, the memory and the system of this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores and {memory:.0f} GiB of memory, {platform.system()}"


@cache
def interpreter(environment: Environment, folder: Path) -> Path:
    """Return the interpreter of an environment; install what is missing in it."""
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


def measure(job: Job, venv_dir: Path) -> Measurement:
    """Run a job in a fresh process, with an empty temporary folder."""
    WORK.mkdir(parents=True, exist_ok=True)
    python = interpreter(job.environment, venv_dir)
    scratch = Path(tempfile.mkdtemp(prefix="run-", dir=WORK))
    fonts = WORK / "matplotlib" / job.environment.name.replace(" ", "-")  # found by an earlier job
    fonts.mkdir(parents=True, exist_ok=True)
    variables = {
        **os.environ,
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(fonts),
        "TMPDIR": str(scratch),
        "HOME": str(scratch),
        "PYTHONPATH": str(ROOT) if job.environment is OURS else "",
    }
    answer, log = scratch / "answer.json", scratch / "output.txt"
    arguments = [job.function, json.dumps(job.options), job.environment.packages, answer]
    try:
        with log.open("w") as output:
            process = subprocess.Popen(
                [python, RUN_JOB, *arguments],
                cwd=scratch,
                env=variables,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                samples, error = _watch(process)
            finally:
                process.kill()  # where this run is interrupted; else it has ended
        lines = log.read_text().strip().splitlines()
        if error is None and not answer.exists():
            error = _without_paths(lines[-1]) if lines else "it wrote no answer"
        run = Measurement(error=error) if error else _read(json.loads(answer.read_text()), samples)
        run.output = lines[-OUTPUT_LINES:]
        return run
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _watch(process: subprocess.Popen[bytes]) -> tuple[list[tuple[float, int]], str | None]:
    """Wait for a process; return samples of its memory, and why it did not end by itself.

    The kernel keeps the exact peak of a single process; the memory of a process together with
    its children has to be sampled. Pages that they share are counted once (Pss).
    """
    samples, start = [], time.monotonic()
    while process.poll() is None:
        if time.monotonic() - start > TIMEOUT:
            return samples, f"not done after {TIMEOUT:g} s"
        time.sleep(SAMPLING_INTERVAL)
        pids = _with_descendants(process.pid)
        if len(pids) > 1:
            samples.append((time.monotonic(), sum(map(_proportional_bytes, pids))))
    return samples, f"ended by signal {-process.returncode}" if process.returncode < 0 else None


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


def _without_paths(line: str) -> str:
    """Return a line of an error as it can stand in a table, without paths of the machine."""
    return re.sub(r"\s*\(?[/\\][\w./\\-]+\)?", " …", line).replace("|", "/")[:200]


def _read(answer: dict[str, Any], samples: list[tuple[float, int]]) -> Measurement:
    def peak(span: dict[str, Any]) -> int:
        inside = (size for moment, size in samples if span["start"] <= moment <= span["end"])
        return max(span["peak"], max(inside, default=0))

    work = answer.pop("work") or {"start": 0.0, "end": float("nan"), "peak": 0}
    stages = [
        Stage(stage["name"], stage["end"] - stage["start"], peak(stage))
        for stage in answer.pop("stages")
    ]
    return Measurement(work["end"] - work["start"], peak(work), stages, **answer)

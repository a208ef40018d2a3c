"""What every measured script shares: a clock with memory, no network, one JSON answer.

A measured script runs in the environment of its own tool, so this file uses the
standard library only. A script is called as ``script.py JOB OPTIONS ANSWER``: the name
of a function in it, a JSON object of that function's options, and the file to answer in.
"""

from __future__ import annotations

import json
import platform
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

SUFFIXES = (".jpg", ".jpeg", ".png")


class Clock:
    """Measure the seconds and the peak memory of a piece of work and of its stages.

    Times are those of the monotonic clock, which all processes of a machine share, so
    that whoever samples the memory of child processes can place the samples in a stage.
    """

    def __init__(self) -> None:
        self.work: dict[str, Any] = {}
        self.stages: list[dict[str, Any]] = []
        self._highest = 0

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Measure the whole of the work; what comes before or after is not counted."""
        self._highest = 0
        _forget_peak()
        start = time.monotonic()
        yield
        self.work = {"start": start, "end": time.monotonic()}
        self.work["peak"] = max(self._highest, peak_bytes())

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure one stage of the work."""
        self._highest = max(self._highest, peak_bytes())
        _forget_peak()
        start = time.monotonic()
        try:
            yield
        finally:
            peak = peak_bytes()
            self._highest = max(self._highest, peak)
            self.stages.append(
                {"name": name, "start": start, "end": time.monotonic(), "peak": peak}
            )

    def watch(self, model: object, methods: Mapping[str, str]) -> None:
        """Measure calls of methods of an object: name of the method → name of the stage."""
        for method, stage in methods.items():
            setattr(model, method, self._timed(getattr(model, method), stage))

    def _timed(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.stage(stage):
                return function(*args, **kwargs)

        return timed


def peak_bytes() -> int:
    """Return the most memory that this process has held since it was last forgotten.

    Linux counts it for each program (VmHWM). `getrusage` is the way elsewhere; on Linux
    it would also count the process that started this one.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def resident_bytes() -> int:
    """Return the memory that this process holds now; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    import resource

    return pages * resource.getpagesize()


def _forget_peak() -> None:
    """Begin to count the peak anew; where that cannot be done, it stays the highest so far."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def forbid_network() -> None:
    """Let every attempt to connect to another machine fail at once."""
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family != getattr(socket, "AF_UNIX", None):
            raise OSError(f"a benchmark does not use the network (asked for {address})")
        connect(self, address)

    socket.socket.connect = refuse  # type: ignore[method-assign, assignment]


def image_files(folder: str) -> list[str]:
    """Return the images below a folder, sorted, or those that a text file has a line for."""
    if folder.endswith(".txt"):
        return Path(folder).read_text(encoding="utf-8").splitlines()
    return sorted(str(path) for path in Path(folder).rglob("*") if path.suffix in SUFFIXES)


def agreement(labels: Any, kinds: Any) -> dict[str, float]:
    """Return the number of clusters and the adjusted Rand index of labels and kinds."""
    from sklearn.metrics import adjusted_rand_score

    labels = [int(label) for label in labels]
    found = len(set(labels) - {-1})
    return {"k": found, "ari": float(adjusted_rand_score(list(kinds), labels))}


def kinds_of(pathnames: Any) -> list[str]:
    """Return the kind of each photo: the name of its folder."""
    return [Path(str(pathname)).parent.name for pathname in pathnames]


def run_job(jobs: Mapping[str, Callable[..., dict[str, Any]]], packages: tuple[str, ...]) -> None:
    """Run the job that the command line asks for and write its answer.

    Parameters
    ----------
    jobs : mapping
        Name → function that takes a `Clock` and options and returns facts to tell.
    packages : tuple of str
        Distributions whose versions are told.
    """
    name, options, answer = sys.argv[1:]
    forbid_network()
    clock = Clock()
    facts = jobs[name](clock, **json.loads(options))
    told = {
        "work": clock.work,
        "stages": clock.stages,
        "facts": facts,
        "python": platform.python_version(),
        "versions": {package: _version(package) for package in packages},
    }
    Path(answer).write_text(json.dumps(told))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"

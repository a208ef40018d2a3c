"""Run one job: a clock with peak memory, no network, one JSON answer.

It runs in the environment of the tool that is measured, so it uses the standard library only.
It is called as ``run_job.py MODULE.FUNCTION OPTIONS PACKAGES ANSWER``: a function of a module
in this folder, which takes a `Clock` and options (JSON) and returns facts; the packages whose
versions are reported; the file to answer in.
"""

import importlib
import json
import platform
import resource
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any


class Clock:
    """Measure the seconds and the peak memory of a piece of work and of its stages.

    Times are those of the monotonic clock, which all processes of a machine share, so
    that samples of the memory of child processes can be assigned to a stage.
    """

    def __init__(self) -> None:
        self.work: dict[str, Any] = {}
        self.stages: list[dict[str, Any]] = []
        self._highest = 0

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Measure the whole work; what comes before or after is not counted."""
        self._highest = 0
        reset_peak()
        start = time.monotonic()
        yield
        end = time.monotonic()
        self.work = {"start": start, "end": end, "peak": max(self._highest, peak_bytes())}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure one stage of the work."""
        self._highest = max(self._highest, peak_bytes())
        reset_peak()
        start = time.monotonic()
        yield
        end, peak = time.monotonic(), peak_bytes()
        self._highest = max(self._highest, peak)
        self.stages.append({"name": name, "start": start, "end": end, "peak": peak})


def peak_bytes() -> int:
    """Return the peak memory of this process since `reset_peak`.

    On Linux it is VmHWM, since `getrusage` would also count the process that started this one.
    """
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def reset_peak() -> None:
    """Count the peak anew; where the system cannot, it stays the highest so far."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def resident_bytes() -> int:
    """Return the memory that this process holds now; 0 where the system does not tell."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    return 0


def forbid_network() -> None:
    """Let every attempt to connect to another machine fail at once."""
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family != getattr(socket, "AF_UNIX", None):
            raise OSError(f"a benchmark does not use the network (asked for {address})")
        connect(self, address)

    socket.socket.connect = refuse


def version_of(package: str) -> str:
    """Return the version of an installed package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def main(name: str, options: str, packages: str, answer: str) -> None:
    """Run a job and write its answer."""
    forbid_network()
    clock = Clock()
    module, _, function = name.partition(".")
    facts = getattr(importlib.import_module(module), function)(clock, **json.loads(options))
    report = {
        "work": clock.work,
        "stages": clock.stages,
        "facts": facts,
        "python": platform.python_version(),
        "versions": {package: version_of(package) for package in packages.split(",")},
    }
    Path(answer).write_text(json.dumps(report))


if __name__ == "__main__":
    main(*sys.argv[1:])

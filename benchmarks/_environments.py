"""The other tools, each in a virtual environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from functools import cache
from pathlib import Path

# Name of the environment: what is installed in it. `make bench` compares with these.
PUBLISHED: dict[str, tuple[str, str]] = {
    "clustimage-1.7.1": ("clustimage", "1.7.1"),
    "imagededup-0.3.3": ("imagededup", "0.3.3"),
}
OURS = "clustimage"


@cache
def interpreter(environment: str, folder: Path) -> Path:
    """Return the interpreter of an environment; what is missing there is installed.

    Parameters
    ----------
    environment : str
        A name in `PUBLISHED`, or `OURS` for the interpreter that runs this.
    folder : path
        Where the environments are, each in a folder of its name.

    Raises
    ------
    SystemExit
        If it cannot be installed; the message says how to point at one that is there.
    """
    if environment == OURS:
        return Path(sys.executable)
    package, version = PUBLISHED[environment]
    place = folder.resolve() / environment
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        venv.create(place, with_pip=True)
    if _version(python, package) != version:
        print(f"Installing {package} {version} into {place} …", flush=True)
        install = [str(python), "-m", "pip", "install", "--quiet", f"{package}=={version}"]
        if subprocess.run(install, check=False).returncode:
            raise SystemExit(
                f"Cannot install {package}=={version} into {place}. Where it is installed already, "
                f"give the folder above '{environment}' as --venv-dir."
            )
    return python


def _version(python: Path, package: str) -> str:
    ask = f"from importlib.metadata import version; print(version({package!r}))"
    told = subprocess.run([str(python), "-c", ask], capture_output=True, text=True, check=False)
    return told.stdout.strip()

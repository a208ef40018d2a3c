"""Disks that are full before everything is written: refused in a sentence, nothing half written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from _photos import make_photos

SCRIPT = Path(__file__).with_name("writing.py")
# A disk of some kB in memory, that only the command after it sees.
ON_A_DISK = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
ON_A_DISK += ['mount -t tmpfs -o size="$0"k none "$1" && shift && exec "$@"']


@pytest.fixture(autouse=True)
def _disks(tmp_path):
    """Skip where no disk can be made."""
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare")
    tried = subprocess.run([*ON_A_DISK, "100", str(tmp_path), "true"], stderr=subprocess.PIPE)
    if tried.returncode:
        pytest.skip(f"no disk can be made here: {tried.stderr.decode()}")


def write_all(photos: Path, place: Path, n_kilobytes: int) -> dict[str, dict[str, object]]:
    """Return what is written on a disk of a size, and what is left there."""
    place.mkdir(exist_ok=True)
    done = subprocess.run(
        [*ON_A_DISK, str(n_kilobytes), str(place), sys.executable, str(SCRIPT)]
        + [str(photos), str(place)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("n_disks", [2, pytest.param(30, marks=pytest.mark.torture)])
def test_what_does_not_fit_is_refused_and_nothing_is_half_written(tmp_path, count_row, n_disks):
    photos, place = make_photos(tmp_path), tmp_path / "disk"
    whole = write_all(photos, place, 100_000)
    assert not any(whole["outcomes"].values()), whole["outcomes"]
    needed = sum(whole["sizes"].values()) / 1024
    counts, halves, unnamed = Counter(), [], []
    for size in np.linspace(0.05, 1.5, n_disks + 2)[1:-1] * needed:
        found = write_all(photos, place, int(size))
        for name, error in found["outcomes"].items():
            counts["refused" if error else "written"] += 1
            if error and not (str(place) in error or str(photos) in error):
                unnamed.append(f"{name}: {error}")
        # A page and a model hold times and paths, which differ by some bytes.
        expected = whole["sizes"]
        halves += [f for f, n in found["sizes"].items() if n < 0.9 * expected.get(f, 10**9)]
    count_row(
        "disks that are full before all is written",
        n_disks,
        f"{counts['written']} files and folders written, {counts['refused']} refused with the "
        f"path, {len(halves)} half written",
    )
    assert halves == []
    assert unnamed == []
    assert min(counts.values()) > 0

"""Whenever a process is killed, or the system refuses a call: no photo is lost, undo works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import clustimage

HOME = Path(clustimage.__file__).resolve().parents[1]
SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "removal_kills.py"

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")


@pytest.mark.parametrize("has_links", [True, False])
def test_no_photo_is_lost_at_any_moment_and_all_come_back(tmp_path, has_links):
    memory = Path("/dev/shm")
    folder = memory if os.access(memory, os.W_OK) else tmp_path  # faster; the other disk is /tmp
    words = ["--kills", "8", "--groups", "20", "--each-call", "--folder", str(folder)]
    if not has_links:
        words.append("--without-links")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *words],
        env={**os.environ, "PYTHONPATH": str(HOME), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert sum(counts["kills"].values()) == 8
    actions = {name.split()[1] for name in counts["faults"]}
    assert actions == {"move", "trash", "symlink", *(["hardlink"] if has_links else [])}
    assert min(counts["faults"].values()) > 9

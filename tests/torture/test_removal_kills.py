"""Whenever the removal of copies is killed, or the system refuses a call: nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("removal_kills.py")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")


@pytest.mark.parametrize("has_links", [True, False])
@pytest.mark.parametrize(
    ("n_kills", "n_groups"), [(8, 20), pytest.param(100, 60, marks=pytest.mark.torture)]
)
def test_no_photo_is_lost_and_all_come_back(tmp_path, count_row, n_kills, n_groups, has_links):
    memory = Path("/dev/shm")
    folder = memory if os.access(memory, os.W_OK) else tmp_path  # faster; the other disk is /tmp
    words = ["--kills", str(n_kills), "--groups", str(n_groups), "--each-call"]
    words += ["--folder", str(folder), *([] if has_links else ["--without-links"])]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    n_faults = sum(counts["faults"].values())
    if has_links:
        count_row(
            "kills while copies are removed or given back, at random and at each call",
            n_kills + n_faults,
            "no photo lost, all given back byte for byte",
        )
    assert sum(counts["kills"].values()) == n_kills
    actions = {name.split()[1] for name in counts["faults"]}
    assert actions == {"move", "trash", "symlink", *(["hardlink"] if has_links else [])}
    assert min(counts["faults"].values()) > 9

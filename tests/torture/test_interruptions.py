"""Ctrl-C in the midst of what takes long ends the program."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")

# Programs, as they are typed: what happens while Python ends belongs to them.
SETUP = """
import sys, tempfile
from pathlib import Path
import numpy as np
from clustimage import Clustimage, import_example
def model(**options):
    return Clustimage(**{"verbose": "silent", "embedding": None, **options})
def rows(n):
    cl = model(method="precomputed")
    cl.extract_feat(features=np.random.default_rng(0).normal(size=(n, 50)).astype("float32"))
    return cl
def pixels(n):
    return np.random.default_rng(0).integers(0, 256, (n, 96, 96, 3), dtype=np.uint8)
def paths(name):
    return [str(path) for path in Path(import_example(name)).rglob("*.*")]
def begin():
    print("now", flush=True)
"""
MOMENTS = {
    "reading": "photos = paths('photos') * 60; cl = model(); begin()\ncl.import_data(photos)",
    "HOG": "cl = model(method='hog'); cl.import_data(pixels(6000)); begin()\ncl.extract_feat()",
    "PCA": "cl = model(); cl.import_data(pixels(4000)); begin()\ncl.extract_feat()",
    "t-SNE": "cl = rows(3000); cl.set_params(embedding='tsne'); begin()\ncl.embedding()",
    "the tree": "cl = rows(9000); begin()\ncl.cluster()",
    "the verdict": "cl = rows(4000); cl.cluster(n_clusters=9); begin()\ncl.verdict",
    "duplicates": "photos = paths('photos'); begin()\nmodel().duplicates(photos)",
    "the report": "cl = model(embedding='pca'); cl.fit(pixels(3000), n_clusters=9); begin()\n"
    "cl.report(tempfile.mkdtemp() + '/report.html')",
}


def seconds_to_end(code: str) -> float:
    """Press Ctrl-C 0.7 seconds after the long part has begun; NaN where it was over by then."""
    with subprocess.Popen(
        [sys.executable, "-c", SETUP + code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"now\n", process.stderr.read().decode()
        time.sleep(0.7)
        is_over = process.poll() is not None
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=300)
        assert is_over or process.returncode == -signal.SIGINT, errors.decode()
        return math.nan if is_over else time.monotonic() - begun


@pytest.mark.parametrize(
    "moments",
    [["reading", "the tree"], pytest.param(list(MOMENTS), marks=pytest.mark.torture)],
)
def test_ctrl_c_ends_the_program(count_row, moments):
    took = {name: seconds_to_end(MOMENTS[name]) for name in moments}
    count_row(
        "Ctrl-C; seconds until the program has ended",
        len(took),
        ", ".join(f"{name} {seconds:.1f}" for name, seconds in took.items()),
    )
    assert not any(map(math.isnan, took.values()))

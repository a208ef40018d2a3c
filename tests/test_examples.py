"""Every script in examples/ runs from beginning to end, as a user would run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import clustimage

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted((ROOT / "examples").glob("plot_*.py"))
SETTINGS = {
    "MPLBACKEND": "Agg",
    "PYTHONIOENCODING": "utf-8",
    "PYTHONPATH": str(Path(clustimage.__file__).resolve().parents[1]),  # what is tested
}


@pytest.fixture(scope="module")
def example_images(tmp_path_factory):
    """A temporary folder that the scripts share, so that the photos are made once."""
    return str(tmp_path_factory.mktemp("images"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_example_runs_and_leaves_nothing_behind(script, tmp_path, example_images):
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), example_images)
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={**os.environ, **temporary, **SETTINGS},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") > 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_example_is_laid_out_for_a_gallery(script):
    text = script.read_text(encoding="utf-8")
    title, line = text.splitlines()[1:3]
    assert text.startswith('"""\n') and len(title) == len(line) and set(line) == {"="}
    assert "# %%" in text

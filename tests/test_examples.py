"""Every script in examples/ runs from beginning to end, as a user would run it."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
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


# What torchvision would download, and where it looks first.
WEIGHTS = {
    "plot_04_content": "mobilenet_v2-b0353104.pth",
    "plot_05_inception": "inception_v3_google-0cc3c7bd.pth",
}

# Inception looks at a photo for long, and has random weights here: more photos than clusters do.
FEWER = """
import pathlib, runpy, sys, clustimage
photos = pathlib.Path(clustimage.import_example("photos"))
clustimage.import_example = {"photos": sorted(photos.rglob("*.jpg"))[:110]}.__getitem__
runpy.run_path(sys.argv[1], run_name="__main__")
"""


@pytest.fixture(scope="module")
def torch_home(tmp_path_factory):
    """A folder with weights, in the place of torch's own cache, and a function that fills it."""
    home = tmp_path_factory.mktemp("torch")
    checkpoints = home / "hub" / "checkpoints"
    checkpoints.mkdir(parents=True)

    def provide(script, lent_data):
        models = pytest.importorskip("torchvision.models")
        target = checkpoints / WEIGHTS[script]
        if target.exists():
            return home
        if script == "plot_04_content":
            target.symlink_to(lent_data.parent / "weights" / "mobilenet_v2.pth")
        else:
            # Random ones: that it runs is what is tested, not what it finds.
            import torch

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                network = models.inception_v3(weights=None, init_weights=False)
            torch.save(network.state_dict(), target)
        return home

    return provide


@pytest.fixture(scope="module")
def example_images(tmp_path_factory):
    """A temporary folder that the scripts share, so that the photos are made once."""
    return str(tmp_path_factory.mktemp("images"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_example_runs_and_leaves_nothing_behind(
    script, tmp_path, example_images, torch_home, request
):
    settings = dict(SETTINGS)
    if script.stem in WEIGHTS:
        lent_data = request.getfixturevalue("lent_data")
        settings["TORCH_HOME"] = str(torch_home(script.stem, lent_data))
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), example_images)
    fewer = ["-c", FEWER] if script.stem == "plot_05_inception" else []
    done = subprocess.run(
        [sys.executable, *fewer, str(script)],
        cwd=tmp_path,
        env={**os.environ, **temporary, **settings},
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

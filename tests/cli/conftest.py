"""Photos that no test changes, and a model of them that the command line has saved."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from clustimage.cli import main


@pytest.fixture(scope="session")
def colours(tmp_path_factory):
    """Six small pictures of two colours."""
    base = tmp_path_factory.mktemp("colours")
    for i in range(6):
        pixels = np.random.default_rng(i).integers(0, 40, (16, 16, 3))
        pixels[..., i % 2] += 200
        Image.fromarray(pixels.astype(np.uint8)).save(base / f"{i}.png")
    return base


@pytest.fixture(scope="session")
def result(colours, tmp_path_factory):
    """Return the folder that ``clustimage cluster`` wrote of `colours`."""
    out = tmp_path_factory.mktemp("saved") / "result"
    words = ["cluster", str(colours), "--out", str(out), "--embedding", "none", "--k", "2"]
    words += ["--method", "pca"]
    assert main([*words, "--dim", "16", "16", "--verbose", "error"]) == 0
    return out

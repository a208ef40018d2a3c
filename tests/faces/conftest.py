"""A photo with one face, and where real models and photos are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """A part of scikit-image's picture of an astronaut, (256, 256, 3), with one face."""
    return np.ascontiguousarray(astronaut()[:256, 96:352])


@pytest.fixture
def photos(tmp_path: Path, portrait: np.ndarray) -> Path:
    """A folder: two photos of one name with a face, and one without."""
    for name in ("a/me.png", "b/me.png"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True)
        Image.fromarray(portrait).save(tmp_path / "photos" / name)
    Image.new("RGB", (80, 60), "navy").save(tmp_path / "photos" / "c.png")
    return tmp_path / "photos"


@pytest.fixture(scope="session")
def yunet(lent_data: Path) -> Path:
    """A model file of YuNet."""
    path = lent_data.parent / "weights" / "yunet" / "yunet_n_640_640.onnx"
    if not path.is_file():
        pytest.skip(f"no model of YuNet at {path}")
    return path

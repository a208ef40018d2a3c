"""The embedded photos: twelve things, known groups, the same on every run."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from sklearn.cluster import AgglomerativeClustering
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from clustimage._core.errors import ImageReadError
from clustimage.datasets import _photos, import_example
from clustimage.datasets._photos import PICTURES


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(import_example("photos", dirpath=tmp_path_factory.mktemp("examples")))


def test_three_hundred_photos_in_twelve_folders(photos: Path) -> None:
    assert sorted(path.name for path in photos.iterdir() if path.is_dir()) == sorted(PICTURES)
    files = sorted(photos.glob("*/*.jpg"))
    assert len(files) == 300
    modes = set()
    for path in files:
        with Image.open(path) as photo:
            photo.load()
            assert photo.format == "JPEG"
            assert 235 <= max(photo.size) <= 256
            modes.add(photo.mode)
    assert modes == {"L", "RGB"}


def test_the_same_bytes_again(photos: Path, tmp_path: Path) -> None:
    again = Path(import_example("photos", dirpath=tmp_path))
    for path in photos.glob("*/*.jpg"):
        assert (again / path.relative_to(photos)).read_bytes() == path.read_bytes()


def test_no_two_photos_are_equal(photos: Path) -> None:
    assert len({path.read_bytes() for path in photos.glob("*/*.jpg")}) == 300


def test_the_groups_can_be_found(photos: Path) -> None:
    files = sorted(photos.glob("*/*.jpg"))
    pixels = np.array([cv2.resize(cv2.imread(str(path)), (32, 32)).ravel() for path in files])
    feat = PCA(0.95, random_state=0).fit_transform(pixels.astype(np.float64))
    labels = AgglomerativeClustering(12).fit_predict(feat)
    assert adjusted_rand_score([path.parent.name for path in files], labels) == 1.0


def test_a_missing_picture_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_photos.PICTURES, "cat", "nowhere.png")
    with pytest.raises(ImageReadError, match=r"nowhere\.png cannot be read"):
        import_example("photos", dirpath=tmp_path)
    assert list(tmp_path.iterdir()) == []

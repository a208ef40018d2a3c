"""``clustimage cache info | clear``, run as a user runs it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from clustimage.cli import main
from clustimage.features import HOGExtractor, PCAExtractor
from clustimage.images import load_images, open_cache


@pytest.fixture
def folder(tmp_path):
    """A folder whose cache has three images, their HOG and one fit."""
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 256, (20, 20, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    images = load_images(tmp_path, dim=(16, 24), grayscale=True, cache=open_cache(tmp_path))
    HOGExtractor(orientations=5).fit_images(images)
    PCAExtractor(2).fit_images(images)
    return tmp_path


def test_info_lists_what_is_cached(folder, capsys):
    assert main(["cache", "info", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{folder / 'cache.sqlite'}: ") and lines[0].endswith("kB")
    assert [line for line in lines[1:] if not line.startswith(" ")] == [
        "Files cached by their path: 3",
        "Images: 3",
        "Rows of features: 3",
        "Fits of a whole set: 1",
    ]
    assert lines[3].split(maxsplit=1) == ["3", "gray=True, size=16 x 24"]
    assert lines[5].split(maxsplit=1) == [
        "3",
        "HOGExtractor: gray=True, cells_per_block=1 x 1, orientations=5, "
        "pixels_per_cell=8 x 8, size=16 x 24",
    ]
    assert "PCAExtractor: gray=True, road=gram, n_components=2" in lines[7]


def test_clear_removes_the_cache_alone_and_says_how_much(folder, capsys):
    assert main(["cache", "clear", str(folder)]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"Removed the cache in {folder}: ") and "kB" in said
    assert sorted(path.name for path in folder.iterdir()) == ["0.png", "1.png", "2.png"]


@pytest.mark.parametrize("action", ["info", "clear"])
def test_a_folder_without_a_cache_is_one_sentence_and_exit_code_2(action, tmp_path, capsys):
    assert main(["cache", action, str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "There is no cache.sqlite in" in said


def test_clear_asks_for_force_where_the_file_is_damaged(folder, capsys):
    (folder / "cache.sqlite").write_bytes(b"no database " * 99)
    assert main(["cache", "clear", str(folder)]) == 2
    assert "--force" in capsys.readouterr().err
    assert main(["cache", "clear", str(folder), "--force"]) == 0
    assert not (folder / "cache.sqlite").exists()

"""Counting the images before any of them is read."""

from __future__ import annotations

import builtins
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from clustimage._core.errors import ImageReadError, InvalidDataError, InvalidParameterError
from clustimage.images import load_images, measure_input


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "below" / "deep").mkdir(parents=True)
    for name in ("1.png", "2.JPG", "below/3.png", "below/deep/4.png", "notes.txt"):
        Image.new("RGB", (8, 6), "red").save(
            tmp_path / name, "JPEG" if name.endswith("JPG") else "PNG"
        )
    return tmp_path


GRAY, COLOUR = np.ones((9, 7)), np.ones((5, 4, 3))

GIVEN: dict[str, tuple[Any, dict[str, Any]]] = {
    "rows": (np.ones((6, 64)), {}),
    "one row": (np.ones(48), {"grayscale": True}),
    "rows by dim": (np.ones((2, 4 * 6 * 3)), {"dim": (4, 6)}),
    "a table": (pd.DataFrame(np.ones((3, 64))), {}),
    "numbers in lists": ([[1, 2, 3, 4], [5, 6, 7, 8]], {}),
    "rows in a list": ([np.ones(64), np.ones(64)], {}),
    "gray stack": (np.ones((4, 9, 7)), {}),
    "one photo": (np.ones((9, 7, 3)), {"dim": (3, 2)}),
    "stack": (np.ones((4, 9, 7, 3)), {"grayscale": True}),
    "stack with alpha": (np.ones((4, 9, 7, 4), dtype=np.uint8), {}),
    "gray arrays": ([GRAY, GRAY[:4], GRAY[..., None]], {}),
    "mixed arrays": ([GRAY, COLOUR], {}),
    "mixed arrays in gray": ([GRAY, COLOUR], {"grayscale": True}),
    "pictures": ([Image.new("L", (9, 9), 5), GRAY], {}),
}


@pytest.mark.parametrize("name", sorted(GIVEN))
def test_arrays_are_counted_as_they_are_read(name):
    X, options = GIVEN[name]
    images = load_images(X, **options)
    assert measure_input(X, **options) == (len(images), images.shape, 0)


@pytest.mark.parametrize(
    "options",
    [{}, {"recursive": False}, {"black_list": "deep"}, {"ext": "png"}, {"grayscale": True}],
)
def test_files_are_counted_as_they_are_read(folder, options):
    for X in (folder, [folder, folder / "1.png"], folder / "1.png", [str(folder / "2.JPG")] * 3):
        images = load_images(X, dim=(5, 6), **options)
        expected = (len(images), images.shape, len(images))
        assert measure_input(X, dim=(5, 6), **options) == expected


def test_what_is_known_not_to_be_there_is_not_counted(folder):
    (folder / "empty").mkdir()
    X = [folder / "1.png", folder / "no.png", "", folder / "empty"]
    assert measure_input(X) == (1, (128, 128, 3), 1)
    (folder / "1.png").write_text("no image")  # that is known only when it is read
    assert measure_input(X)[0] == 1


def test_nothing_is_opened_downloaded_or_made(folder, monkeypatch):
    def refused(*args, **options):
        raise AssertionError("not now")

    X = [folder, "https://example.org/a.png", GRAY]
    for place, name in ((builtins, "open"), (tempfile, "mkdtemp"), (Path, "mkdir")):
        monkeypatch.setattr(place, name, refused)
    monkeypatch.setattr("clustimage.images.reading._source.fetch", refused)
    monkeypatch.setattr("clustimage.images._loading.decode", refused)
    assert measure_input(X) == (6, (128, 128, 3), 5)
    assert measure_input("https://example.org/a.png") == (1, (128, 128, 3), 1)


@pytest.mark.parametrize(
    "X",
    [
        "nowhere",
        "",
        [],
        ["nowhere.png", "nor-here.png"],
        np.zeros((0, 64)),
        np.zeros((3, 0)),
        np.ones((2, 77)),
        np.ones((2, 3, 4, 5)),
        np.array([[1, None]], dtype=object),
        [np.ones(4), np.ones(5)],
        [np.full((3, 3), np.nan)],
        5,
    ],
    ids=lambda X: str(type(X).__name__),
)
def test_errors_are_those_of_reading(tmp_path, monkeypatch, X):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((ImageReadError, InvalidDataError)) as read:
        load_images(X)
    with pytest.raises(type(read.value)) as measured:
        measure_input(X)
    assert str(measured.value) == str(read.value)


def test_an_empty_folder_says_where_it_looked(tmp_path):
    with pytest.raises(ImageReadError, match=r"No image found: looked in .*0 files seen"):
        measure_input(tmp_path)


@pytest.mark.parametrize(
    "settings", [{"dim": 5}, {"grayscale": "yes"}, {"ext": 5}, {"recursive": 2}]
)
def test_wrong_values_are_refused(folder, settings):
    with pytest.raises(InvalidParameterError, match=repr(next(iter(settings)))):
        measure_input(folder, **settings)

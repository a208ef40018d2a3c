"""Sorting out what was given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from clustimage._core.errors import ImageReadError, InvalidDataError
from clustimage.images import DEFAULT_EXTENSIONS, imread, listdir, load_images
from clustimage.images.reading._source import Rules, Stack, array_names, gather

RULES = Rules(DEFAULT_EXTENSIONS, True, None)


def names(X: object) -> list[str]:
    return [item.filename for item in gather(X, RULES).items]


@pytest.mark.parametrize(
    ("shape", "stack"),
    [
        ((64,), (1, 64)),
        ((5, 64), (5, 64)),
        ((5, 8, 9), (5, 8, 9, 1)),
        ((5, 8, 9, 1), (5, 8, 9, 1)),
        ((5, 8, 9, 3), (5, 8, 9, 3)),
        ((5, 8, 9, 4), (5, 8, 9, 4)),
        ((8, 9, 3), (1, 8, 9, 3)),  # one colour image, not eight gray ones, 3 wide
        ((8, 9, 4), (1, 8, 9, 4)),
        ((8, 9, 1), (1, 8, 9, 1)),
        ((5, 9, 3, 1), (5, 9, 3, 1)),
    ],
)
def test_axes_of_arrays(shape, stack):
    given = gather(np.zeros(shape), RULES)
    assert isinstance(given, Stack) and given.data.shape == stack
    assert len(given.names) == stack[0]


@pytest.mark.parametrize("shape", [(), (5, 8, 9, 2), (5, 8, 9, 7), (2, 5, 8, 9, 3)])
def test_other_axes_are_refused(shape):
    with pytest.raises(InvalidDataError, match="height, width"):
        gather(np.zeros(shape), RULES)


def test_channels_first_gets_a_hint():
    with pytest.raises(InvalidDataError, match=r"np\.moveaxis\(X, 1, -1\)"):
        gather(np.zeros((5, 3, 8, 9)), RULES)


def test_a_table_names_its_rows():
    frame = pd.DataFrame(np.zeros((3, 4)), index=["b", "a", "b"])
    given = gather(frame, RULES)
    assert given.names == ["b", "a", "b"] and given.data.shape == (3, 4)


@pytest.mark.parametrize(
    "files",
    [
        ["b.png", ["a.png", []], [["b.png"]]],
        ("b.png", Path("a.png"), "b.png"),
        np.array(["b.png", "a.png", "b.png"]),
        np.array([["b.png", "a.png"], ["b.png"]], dtype=object),
        pd.Series(["b.png", "a.png", "b.png"]),
        pd.Index(["b.png", "a.png", "b.png"]),
        (name for name in ["b.png", "a.png", "b.png"]),
    ],
)
def test_lists_of_files_in_every_form_keep_order_and_repeats(files):
    assert names(files) == ["b.png", "a.png", "b.png"]


def test_paths_are_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert gather(["a.png"], RULES).items[0].pathname == str(tmp_path / "a.png")


def test_a_folder_in_a_list_stands_for_its_images(tmp_path):
    for name in ("d/2.png", "d/1.png", "d/no.txt", "x.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "void").mkdir()
    given = gather([tmp_path / "x.png", tmp_path / "d", tmp_path / "void"], RULES).items
    assert [item.filename for item in given] == ["x.png", "1.png", "2.png", "void"]
    assert given[-1].reason == "folder without images (0 files seen)"


def test_arrays_and_pictures_in_a_list_are_named_by_their_place():
    picture = Image.new("L", (3, 2))
    given = gather([np.zeros((4, 5)), "a.png", np.zeros((4, 5, 3)), picture], RULES).items
    assert [item.filename for item in given] == [
        "image_0000",
        "a.png",
        "image_0002",
        "image_0003",
    ]


def test_rows_in_a_list_are_stacked():
    assert gather([np.zeros(9), np.ones(9)], RULES).data.shape == (2, 9)
    assert gather([[0, 1, 2, 3], [4, 5, 6, 7]], RULES).data.shape == (2, 4)
    with pytest.raises(InvalidDataError, match="same length"):
        gather([np.zeros(9), np.ones(8)], RULES)
    with pytest.raises(InvalidDataError, match="same length"):
        gather([[0, 1, 2, 3], [4, 5]], RULES)


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (None, "NoneType"),
        (3, "int"),
        ({"a.png"}, "set"),
        ({"a.png": 1}, "dict"),
        (b"a.png", "bytes"),
        (["a.png", None], "NoneType: 'None' .image_0001."),
        (["a.png", 3], "int"),
        ([np.zeros((2, 2)), np.zeros(5)], r"shape \(5,\)"),
        ([np.zeros((2, 0))], r"shape \(2, 0\)"),
        ([np.array([[1.0, np.nan]])], "NaN"),
        ([np.array([[1j]])], "complex"),
        (np.array([["a", "b"]]), "dtype"),
    ],
)
def test_what_can_be_no_image_is_refused(X, words):
    with pytest.raises(InvalidDataError, match=words):
        gather(X, RULES)


def test_nothing_is_an_error(tmp_path):
    for empty in ([], [[], []], ()):
        with pytest.raises(ImageReadError, match="No image: the list .* is empty"):
            gather(empty, RULES)
    with pytest.raises(ImageReadError, match="nowhere does not exist"):
        gather(tmp_path / "nowhere", RULES)


@pytest.mark.parametrize("read", [load_images, listdir, imread])
def test_an_empty_path_is_not_the_current_folder(read, tmp_path, monkeypatch):
    Image.new("L", (3, 2)).save(tmp_path / "a.png")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ImageReadError, match="path is empty"):
        read("")
    images = load_images(["", "a.png"])
    assert images.n_images == 1 and images.status[0].reason == "an empty path ('')"


def test_the_folder_of_the_user_is_known(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "d").mkdir()
    Image.new("L", (3, 2)).save(tmp_path / "d" / "a.png")
    file = str(tmp_path / "d" / "a.png")
    assert listdir("~/d") == [file]
    for X in ("~/d", "~/d/a.png", Path("~/d/a.png"), ["~/d"], ["~/d/a.png"]):
        assert load_images(X).pathnames.tolist() == [file]
    assert imread("~/d/a.png", dim=None, flatten=False).shape == (2, 3, 3)


@pytest.mark.parametrize("read", [load_images, listdir, imread, lambda path: load_images([path])])
def test_a_pattern_is_told_from_a_path(read, tmp_path):
    with pytest.raises(ImageReadError, match=r"does not exist \(patterns .*glob\.glob"):
        read(str(tmp_path / "*.png"))


def test_array_names_have_one_length():
    assert array_names(1) == ["image_0000"]
    many = array_names(10_001)
    assert many[0] == "image_00000" and many[-1] == "image_10000" and sorted(many) == many

"""Which files in a folder are taken for images, and in which order."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clustimage._core.errors import ImageReadError, InvalidParameterError
from clustimage.images import DEFAULT_EXTENSIONS, listdir


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def below(folder: Path, **settings: object) -> list[str]:
    return [Path(name).relative_to(folder).as_posix() for name in listdir(folder, **settings)]


def test_upper_case_extensions_are_found(tmp_path):
    touch(tmp_path, "IMG.JPG", "a.Png", "b.tiff", "notes.txt", "jpg")
    assert below(tmp_path) == ["a.Png", "b.tiff", "IMG.JPG"]


def test_order_is_natural_and_the_same_for_any_order_of_creation(tmp_path):
    names = ["10.jpg", "2.jpg", "b/1.jpg", "a/10.jpg", "a/9.jpg", "1.jpg"]
    one, two = touch(tmp_path / "x", *names), touch(tmp_path / "y", *reversed(names))
    assert below(one) == ["1.jpg", "2.jpg", "10.jpg", "a/9.jpg", "a/10.jpg", "b/1.jpg"]
    assert below(two) == below(one)


def test_paths_are_absolute_and_in_the_words_of_the_user(tmp_path, monkeypatch):
    touch(tmp_path, "real/a.png")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path)
    assert listdir("link") == [str(tmp_path / "link" / "a.png")]


def test_not_recursive_stays_in_the_folder(tmp_path):
    touch(tmp_path, "a.png", "deep/b.png")
    assert below(tmp_path, recursive=False) == ["a.png"]
    assert below(tmp_path) == ["a.png", "deep/b.png"]


def test_black_list_leaves_out_folders_by_name_at_any_depth(tmp_path):
    touch(tmp_path, "a.png", "mask/b.png", "x/mask/y/c.png", "x/masks/d.png", "x/mask.png")
    assert below(tmp_path, black_list=["mask"]) == ["a.png", "x/mask.png", "x/masks/d.png"]
    assert below(tmp_path, black_list="mask") == below(tmp_path, black_list=["mask"])


def test_the_given_folder_may_have_a_name_of_the_black_list(tmp_path):
    touch(tmp_path, "mask/a.png")
    assert below(tmp_path / "mask", black_list=["mask"]) == ["a.png"]


@pytest.mark.parametrize("ext", ["pgm", ".PGM", ["pgm"], (".pgm",)])
def test_extensions_in_every_spelling(tmp_path, ext):
    touch(tmp_path, "a.pgm", "b.png", "c.PGM")
    assert below(tmp_path, ext=ext) == ["a.pgm", "c.PGM"]


def test_no_extension_list_takes_every_file(tmp_path):
    touch(tmp_path, "a.pgm", "notes.txt", "LICENSE")
    assert len(listdir(tmp_path, ext=None)) == 3


def test_hidden_files_count_like_others(tmp_path):
    assert below(touch(tmp_path, ".hidden.png", "a.png")) == [".hidden.png", "a.png"]


def test_a_linked_folder_that_leads_back_does_not_loop(tmp_path):
    touch(tmp_path, "a.png")
    (tmp_path / "again").symlink_to(tmp_path)
    assert below(tmp_path) == ["a.png"]


def test_names_that_are_no_utf8_are_listed(tmp_path):
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png")).write_bytes(b"")
    except OSError:
        pytest.skip("this file system has no such names")
    assert len(listdir(tmp_path)) == 1


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ImageReadError, match="nowhere does not exist"):
        listdir(tmp_path / "nowhere")
    touch(tmp_path, "a.png")
    with pytest.raises(ImageReadError, match=r"a\.png is not a folder"):
        listdir(tmp_path / "a.png")


@pytest.mark.parametrize(
    "settings", [{"ext": 3}, {"ext": []}, {"ext": [1]}, {"black_list": 3}, {"recursive": "yes"}]
)
def test_wrong_values_are_refused(tmp_path, settings):
    with pytest.raises(InvalidParameterError, match=repr(next(iter(settings)))):
        listdir(tmp_path, **settings)


def test_default_extensions_are_lower_case_without_dot_and_unique():
    assert all(name == name.lower().strip(".") for name in DEFAULT_EXTENSIONS)
    assert len(set(DEFAULT_EXTENSIONS)) == len(DEFAULT_EXTENSIONS)
    assert not {"pdf", "eps", "ps", "svg", "wmf"} & set(DEFAULT_EXTENSIONS)


def test_orl_faces_are_all_listed(lent_data):
    assert len(listdir(lent_data / "orl_faces", ext=["pgm"])) == 400

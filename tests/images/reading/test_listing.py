"""Which files in a folder are taken for images, and in which order."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from PIL import Image

from clustimage._core.errors import ImageReadError, InvalidParameterError
from clustimage._core.outputs import MARKER, make_folder
from clustimage.images import DEFAULT_EXTENSIONS, listdir, load_images
from clustimage.images.reading._listing import KINDS, printable, scan


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


@pytest.mark.parametrize(
    "pattern, left",
    [
        ("*.png", ["b/c.jpg", "b/d/e.jpg"]),
        ("b", ["a.png"]),
        ("b/", ["a.png"]),
        ("?.jpg", ["a.png", "b/f.png"]),
        ("b/d", ["a.png", "b/c.jpg", "b/f.png"]),
        ("./b/*.jpg", ["a.png", "b/f.png"]),
        ("[ab]*", []),
        ("B", ["a.png", "b/c.jpg", "b/d/e.jpg", "b/f.png"]),
        (["a.png", "d"], ["b/c.jpg", "b/f.png"]),
    ],
)
def test_black_list_takes_patterns_of_files_folders_and_paths(tmp_path, pattern, left):
    touch(tmp_path, "a.png", "b/c.jpg", "b/d/e.jpg", "b/f.png")
    assert below(tmp_path, black_list=pattern) == left


def test_a_path_of_the_black_list_is_also_one_below_the_current_folder(tmp_path, monkeypatch):
    touch(tmp_path, "in [1]/a.png", "in [1]/b/c.png", "b/d.png")
    monkeypatch.chdir(tmp_path)
    assert below(tmp_path / "in [1]", black_list="b/c.png") == ["a.png"]
    monkeypatch.chdir(tmp_path / "in [1]")
    assert below(tmp_path, black_list="./b") == ["in [1]/a.png"]


def test_what_clustimage_wrote_is_left_out_unless_it_is_asked_for(tmp_path):
    touch(tmp_path, "a.png")
    make_folder(tmp_path / "out" / "faces")
    make_folder(tmp_path / "out")
    touch(tmp_path, "out/mine.png", "out/faces/f.png")
    assert below(tmp_path) == ["a.png", "out/mine.png"]
    assert below(tmp_path / "out") == ["mine.png"]
    assert below(tmp_path / "out" / "faces") == ["f.png"]
    assert below(tmp_path, ext=None) == ["a.png", "out/mine.png"]
    (tmp_path / "out" / "faces" / MARKER).unlink()
    assert below(tmp_path) == ["a.png", "out/faces/f.png", "out/mine.png"]


def test_a_folder_with_files_of_the_user_is_not_marked(tmp_path):
    touch(tmp_path, "a.png", "full/b.png", "cached/cache.sqlite")
    for name in ("full", "cached", "new/deep"):
        make_folder(tmp_path / name)
    marked = sorted(str(p.parent.relative_to(tmp_path)) for p in tmp_path.rglob(MARKER))
    assert marked == ["cached", "new/deep"]


@pytest.mark.parametrize(
    "traces, figures, photos",
    [
        (["model.clustimage", "labels.csv"], ["map.png", "clusters/c.png"], ["photos.png"]),
        (
            ["model.clustimage", "labels.csv", "eyes.png"],
            ["map.png", "photos.png", "faces/a.png"],
            ["events.png"],
        ),
        (["model.clustimage", "trips.csv"], ["events.png", "places.png"], ["map.png"]),
        (["find.csv"], ["find.png"], ["map.png", "clusters/c.png"]),
        (["labels.csv"], [], ["map.png", "clusters/c.png", "find.png"]),
    ],
)
def test_figures_among_photos_are_known_by_the_table_beside_them(tmp_path, traces, figures, photos):
    touch(tmp_path, "0.jpg", *traces, *figures, *photos)
    assert sorted(below(tmp_path)) == sorted(["0.jpg", *photos])


def test_formats_that_are_known_and_not_read_are_counted(tmp_path, caplog):
    touch(tmp_path, "b.CR2", "c.nef", "d.jxl", "sub/e.mov", "f.txt", "g")
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.png")
    make_folder(tmp_path / "out")
    with caplog.at_level(logging.INFO, "clustimage"):
        images = load_images(tmp_path)
    assert caplog.messages == [
        "Left out: out, written by clustimage. Not read: 2 camera raw files (.cr2, .nef), "
        "1 JPEG XL file (.jxl), 1 video (.mov)."
    ]
    rows = images.status_frame()
    names = [Path(name).name for name in rows["pathname"]]
    assert names == ["a.png", "b.CR2", "c.nef", "d.jxl", "out", "e.mov"]
    assert rows["status"].tolist() == ["ok", *["skipped"] * 5]
    assert rows["reason"][1] == "a camera raw file, which is not read; export it as JPEG"
    images.check_complete()  # of what was given as an image, nothing is missing


def test_formats_that_were_not_asked_for_are_not_counted(tmp_path):
    touch(tmp_path, "a.png", "b.CR2")
    assert scan(tmp_path, ext="png").left_out == []


def test_a_folder_of_files_that_are_not_read_says_so(tmp_path):
    touch(tmp_path, "b.CR2")
    with pytest.raises(ImageReadError, match=r"Not read: 1 camera raw file \(\.cr2\)"):
        load_images(tmp_path)


def test_no_format_is_both_read_and_not_read():
    assert KINDS.keys() & {f".{ending}" for ending in DEFAULT_EXTENSIONS} == set()


@pytest.mark.parametrize(
    "name, shown",
    [
        ("caf\udce9.jpg", "caf\\udce9.jpg"),
        ("two\nlines\x1b[2J.jpg", "two\\nlines\\x1b[2J.jpg"),
        ("photo_\u202egpj.exe", "photo_\\u202egpj.exe"),
        ("\u2066a\u2069 \u200eb\u061c", "\\u2066a\\u2069 \\u200eb\\u061c"),
        ("\U0001f468\u200d\U0001f469.jpg", "\U0001f468\u200d\U0001f469.jpg"),
        ("Bild\u202f9.41 日本.jpg", "Bild\u202f9.41 日本.jpg"),
    ],
)
def test_names_are_printed_on_one_line(name, shown):
    assert printable(name) == shown

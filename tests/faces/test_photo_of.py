"""From a crop back to its photo."""

from __future__ import annotations

import shutil

from PIL import Image

from clustimage.faces import find_faces, photo_of


def test_crops_know_their_photo_by_the_result_and_by_themselves(photos, tmp_path):
    found = find_faces(photos, dirpath=tmp_path)
    crops = sum(found["pathnames_face"], [])
    links = [(str(photos / "a" / "me.png"), 0), (str(photos / "b" / "me.png"), 0)]
    assert photo_of(crops, found) == links
    assert photo_of(crops) == links


def test_copies_are_known_and_other_files_are_not(photos, tmp_path):
    found = find_faces(photos / "b", dirpath=tmp_path)
    copy = tmp_path / "copy.png"
    shutil.copy(found["pathnames_face"][0][0], copy)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    others = [str(photos / "c.png"), str(tmp_path / "gone.png"), str(tmp_path / "broken.png"), "x"]
    assert photo_of([str(copy), *others], found) == [
        (str(photos / "b" / "me.png"), 0),
        *[None] * 4,
    ]


def test_the_link_holds_any_letters(portrait, tmp_path):
    path = tmp_path / "Göteborg 東京 100%.png"
    Image.fromarray(portrait).save(path)
    (crop,) = find_faces(path, dirpath=tmp_path / "out")["pathnames_face"][0]
    assert photo_of([crop]) == [(str(path), 0)]


def test_arrays_have_no_photo_but_in_the_result(portrait, tmp_path):
    found = find_faces([portrait], dirpath=tmp_path)
    crops = found["pathnames_face"][0]
    assert photo_of(crops) == [None]
    assert photo_of(crops, found) == [("image_0000", 0)]

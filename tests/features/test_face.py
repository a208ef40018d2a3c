"""Descriptors of faces as features."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sklearn.base import clone

from clustimage._core.errors import InvalidDataError
from clustimage.features import FaceExtractor, make_extractor
from clustimage.images import Descriptor, descriptor_text, load_images


def crop(path, values, recognizer="dlib", quality=0.6):
    info = PngInfo()
    descriptor = Descriptor(recognizer, "euclidean", 0.5, np.float32(values), quality)
    info.add_text(*descriptor_text(descriptor))
    Image.new("RGB", (8, 8), tuple(np.random.default_rng(0).integers(0, 255, 3))).save(
        path, pnginfo=info
    )
    return str(path)


@pytest.fixture
def crops(tmp_path):
    return [crop(tmp_path / f"{i}.png", [i, 2 * i, -i], quality=i / 4) for i in range(4)]


def test_a_row_is_the_descriptor_in_the_crop(crops):
    extractor = FaceExtractor()
    feat = extractor.fit_images(load_images(crops))
    assert feat.dtype == np.float32
    np.testing.assert_array_equal(feat, [[i, 2 * i, -i] for i in range(4)])
    assert (extractor.recognizer_, extractor.metric_) == ("dlib", "euclidean")
    assert extractor.distance_threshold_ == 0.5 and extractor.n_features_in_ == 3
    assert extractor.clear_.tolist() == [False, False, True, True]
    new = extractor.transform_images(load_images(crops[2:3]))
    np.testing.assert_array_equal(new, feat[2:3])


def test_state_goes_to_a_new_extractor(crops):
    extractor = FaceExtractor(recognizer="dlib")
    feat = extractor.fit_images(load_images(crops))
    state = extractor.get_state()
    json.dumps({name: value for name, value in state.items() if name != "quality_"})
    again = clone(extractor).set_state(state)
    np.testing.assert_array_equal(again.transform_images(load_images(crops)), feat)


def test_images_without_a_descriptor_are_named(crops, tmp_path):
    plain = tmp_path / "plain.png"
    Image.new("RGB", (8, 8)).save(plain)
    words = r"1 of 5 images has none\. First: .*plain\.png\. Cut the faces .* extract_faces"
    with pytest.raises(InvalidDataError, match=words):
        FaceExtractor().fit_images(load_images([*crops, str(plain)]))
    fitted = FaceExtractor()
    fitted.fit_images(load_images(crops))
    with pytest.raises(InvalidDataError, match="1 of 1 image has none"):
        fitted.transform_images(load_images([str(plain)]))


def test_arrays_have_none():
    pixels = np.zeros((2, 8, 8, 3), dtype=np.uint8)
    with pytest.raises(InvalidDataError, match="2 of 2 images have none"):
        FaceExtractor().fit_images(load_images(pixels))
    with pytest.raises(InvalidDataError, match="extract_faces"):
        FaceExtractor().fit(pixels)


def test_descriptors_of_two_recognizers_are_not_compared(crops, tmp_path):
    other = crop(tmp_path / "other.png", [1, 2, 3], recognizer="sface 0123456789ab")
    with pytest.raises(InvalidDataError, match=r"other\.png is of the recognizer 'sface 0123"):
        FaceExtractor().fit_images(load_images([*crops, other]))
    with pytest.raises(InvalidDataError, match="cannot be compared with those of 'arcface'"):
        FaceExtractor(recognizer="arcface").fit_images(load_images(crops))
    fitted = FaceExtractor(recognizer="sface")
    fitted.fit_images(load_images([other]))
    newer = crop(tmp_path / "newer.png", [1, 2, 3], recognizer="sface ba9876543210")
    with pytest.raises(InvalidDataError, match="newer.png is of the recognizer 'sface ba98"):
        fitted.transform_images(load_images([newer]))


def test_descriptors_of_another_length_are_not_compared(crops, tmp_path):
    longer = crop(tmp_path / "longer.png", [1, 2, 3, 4])
    with pytest.raises(InvalidDataError, match=r"longer\.png"):
        FaceExtractor().fit_images(load_images([*crops, longer]))


def test_it_is_made_from_the_settings_of_faces():
    class Own:
        name = "own"

    made = make_extractor("face", {"params_faces": {"recognizer": Own()}, "n_jobs": 1})
    assert (made.recognizer, made.n_jobs) == ("own", 1)
    assert make_extractor("face", {}).recognizer is None

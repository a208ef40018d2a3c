"""Methods joined by "+": the blocks of each, of the same weight."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone

from clustimage import Clustimage
from clustimage._core.errors import InvalidDataError, InvalidParameterError, MemoryLimitError
from clustimage._core.memory import Budget
from clustimage.features import (
    CombinedExtractor,
    GistExtractor,
    ImageTransformer,
    make_extractor,
    needs_gray,
)
from clustimage.images import Images, describe_cache, load_images, open_cache

METHODS = ("color+gist", "pca+hog", "pca-hog+phash")
NETWORK = {"params_cnn": {"model": "squeezenet1_1", "weights": None}}


def images_of(pixels: np.ndarray) -> Images:
    names = np.array([f"{number}" for number in range(len(pixels))], dtype=object)
    return Images(names, names, names, pixels, [])


@pytest.mark.parametrize("method", METHODS)
def test_each_block_is_that_of_its_method_at_variance_one(method, colour):
    joined = make_extractor(method, {}).fit_transform(colour)
    start = 0
    for name in method.split("+"):
        alone = make_extractor(name, {}).fit_transform(colour).astype(np.float64)
        block = joined[:, start : start + alone.shape[1]]
        scale = np.sqrt(alone.var(axis=0).sum())
        np.testing.assert_allclose(block, alone / scale, rtol=1e-5, atol=1e-6)
        assert block.var(axis=0, dtype=np.float64).sum() == pytest.approx(1, abs=1e-4)
        start += alone.shape[1]
    assert start == joined.shape[1] and joined.dtype == np.float32


@pytest.mark.parametrize("method", METHODS)
def test_it_keeps_the_promises_of_an_extractor(method, colour):
    extractor = make_extractor(method, {"random_state": 3})
    before = colour.copy()
    feat = extractor.fit_transform(colour)
    np.testing.assert_array_equal(before, colour)
    one_by_one = np.concatenate([extractor.transform(img[None]) for img in colour[:8]])
    np.testing.assert_allclose(one_by_one, feat[:8], atol=1e-5)
    twin = clone(extractor)
    np.testing.assert_array_equal(twin.fit_images(images_of(colour)), feat)
    assert not hasattr(extractor.parts[0][1], "image_shape_")  # the parts stay as they are
    back = clone(extractor).set_state(extractor.get_state())
    np.testing.assert_array_equal(back.transform_images(images_of(colour)), feat)
    with pytest.raises(InvalidDataError, match="expecting|fitted on"):
        extractor.transform(colour[:, :50])


def test_equal_images_have_equal_rows(colour):
    feat = make_extractor("color+gist+pca", {}).fit_transform(np.repeat(colour[:1], 5, axis=0))
    assert (feat == feat[0]).all() and np.abs(feat).max() <= 1


def test_with_a_network(colour):
    pytest.importorskip("torchvision")
    feat = make_extractor("cnn+color", NETWORK).fit_transform(colour[:6])
    assert feat.shape == (6, 512 + 1280)


def test_colour_is_read_where_a_part_wants_it(colour):
    assert [needs_gray(method) for method in ("color+hog", "hog+pca-hog")] == [False, True]
    hog = make_extractor("hog", {}).fit_transform(colour)
    joined = make_extractor("hog+color", {}).fit_transform(colour)[:, : hog.shape[1]]
    np.testing.assert_allclose(joined * np.sqrt(hog.var(axis=0).sum()), hog, atol=1e-5)


@pytest.mark.parametrize(
    "method, words",
    [
        ("color+gits", "joined by '\\+'.*Got 'color\\+gits'. Did you mean 'gist'"),
        ("color+", "joined by '\\+': pca, hog"),
        ("+", "joined by '\\+'"),
        ("color+exif", "joined by '\\+'"),
        ("auto+color", "joined by '\\+'"),
        ("color+gist+color", "must name 'color' only once"),
    ],
)
def test_what_cannot_be_joined_is_said(method, words):
    with pytest.raises(InvalidParameterError, match=words):
        Clustimage(method)


def test_settings_reach_the_parts():
    settings = {"params_hog": {"orientations": 5}, "params_pca": {"n_components": 2}, "n_jobs": 1}
    combined = make_extractor("pca+hog", settings)
    assert isinstance(combined, CombinedExtractor) and combined.name == "pca+hog"
    (_, pca), (_, hog) = combined.parts
    assert (pca.n_components, hog.orientations, hog.n_jobs) == (2, 5, 1)
    with pytest.raises(InvalidParameterError, match="'orientations'"):
        make_extractor("pca+hog", {"params_hog": {"orientations": 0}})


@pytest.mark.parametrize("method", METHODS)
def test_the_plan_is_what_happens(method, colour):
    extractor = make_extractor(method, {"params_pca": {"n_components": 5}})
    images = images_of(colour)
    step, n_columns = extractor.plan(len(images), images.shape)
    assert extractor.fit_images(images, Budget(step.peak)).shape == (len(images), n_columns)
    assert all(name in step.what for name in method.split("+"))
    with pytest.raises(MemoryLimitError, match="Give max_memory="):
        extractor.fit_images(images, Budget(1000))


def test_only_what_is_new_is_computed(colour, tmp_path, monkeypatch):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, pixels in enumerate(colour[:6]):
        Image.fromarray(pixels).save(folder / f"{number}.png")

    def feat() -> np.ndarray:
        images = load_images(folder, cache=open_cache(tmp_path / "work"))
        return make_extractor("color+gist", {}).fit_images(images)

    first = feat()
    assert len(describe_cache(tmp_path / "work").rows) == 2
    monkeypatch.setattr(GistExtractor, "transform", None)
    np.testing.assert_array_equal(feat(), first)


def test_the_whole_chain_and_its_file(colour, tmp_path):
    cl = Clustimage("color+gist+pca", "pca", verbose="silent")
    cl.fit_transform(colour, n_clusters=3)
    path = cl.save(tmp_path / "model")
    back = Clustimage.load(path)
    np.testing.assert_array_equal(back.transform(colour[:4]), cl.results["feat"][:4])
    np.testing.assert_array_equal(back.predict(colour), cl.labels_)
    assert back.find(colour[:1], k=1, alpha=None)["image_0000"]["distance"][0] == 0
    transformer = cl.as_transformer()
    np.testing.assert_array_equal(transformer.fit_transform(colour), cl.results["feat"])
    assert isinstance(transformer, ImageTransformer)

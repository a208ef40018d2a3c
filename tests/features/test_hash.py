"""Hashes: equal to imagehash, bit for bit."""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
from PIL import Image

from clustimage import features
from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage.features import make_extractor

REFERENCE = {
    "ahash": imagehash.average_hash,
    "phash": imagehash.phash,
    "dhash": imagehash.dhash,
    "whash-haar": imagehash.whash,
    "whash-db4": lambda image, **kw: imagehash.whash(image, mode="db4", **kw),
}
AWKWARD = ("black", "white", "even", "checker", "noise", "narrow", "tiny")


def picture(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def reference(name: str, images: np.ndarray, **settings: int) -> np.ndarray:
    return np.stack([REFERENCE[name](picture(i), **settings).hash.ravel() for i in images])


@pytest.mark.parametrize("name", sorted(REFERENCE))
@pytest.mark.parametrize("hash_size", [8, 16])
def test_bits_of_photos_equal_imagehash(name, hash_size, photos):
    bits = make_extractor(name, {"params_hash": {"hash_size": hash_size}}).fit_transform(photos)
    np.testing.assert_array_equal(bits, reference(name, photos, hash_size=hash_size))


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_bits_of_made_images_equal_imagehash(name, colour, gray):
    for images in (colour, gray):
        bits = make_extractor(name, {}).fit_transform(images)
        np.testing.assert_array_equal(bits, reference(name, images, hash_size=8))


@pytest.mark.parametrize("case", AWKWARD)
@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_bits_of_awkward_images_equal_imagehash(name, case, awkward):
    images = awkward[case]
    bits = make_extractor(name, {}).fit_transform(images)
    np.testing.assert_array_equal(bits, reference(name, images, hash_size=8))


@pytest.mark.parametrize("name", ["ahash", "phash", "dhash"])
@pytest.mark.parametrize("hash_size", [2, 5, 7, 11])
def test_bits_equal_imagehash_for_sizes_that_are_no_power_of_two(name, hash_size, colour, awkward):
    settings = {"params_hash": {"hash_size": hash_size}}
    for images in (colour, awkward["even"], awkward["noise"]):
        bits = make_extractor(name, settings).fit_transform(images)
        np.testing.assert_array_equal(bits, reference(name, images, hash_size=hash_size))


@pytest.mark.parametrize("name", ["whash-haar", "whash-db4"])
def test_wavelet_bits_equal_imagehash_for_a_small_hash(name, gray):
    import warnings

    bits = make_extractor(name, {"params_hash": {"hash_size": 4}}).fit_transform(gray)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pywt warns about levels that imagehash asks for
        expected = reference(name, gray, hash_size=4)
    np.testing.assert_array_equal(bits, expected)


@pytest.mark.parametrize("binbits", [1, 3, 4, 8])
def test_colorhash_equals_imagehash(binbits, photos, colour, gray, awkward):
    extractor = make_extractor("colorhash", {"params_hash": {"binbits": binbits}})
    saturated = np.zeros((9, 16, 16, 3), np.uint8)
    saturated[..., 0] = 255
    saturated[..., 1] = (255 - np.array([83, 84, 85, 86, 169, 170, 171, 254, 255]))[:, None, None]
    saturated[..., 2] = saturated[..., 1]
    for images in (photos, colour, gray, awkward["black"], awkward["noise"], saturated):
        expected = [imagehash.colorhash(picture(i), binbits=binbits).hash.ravel() for i in images]
        np.testing.assert_array_equal(extractor.fit_transform(images), np.stack(expected))


def test_colorhash_knows_every_colour():
    """Over a walk through the colours, each of the hues and saturations comes up."""
    steps = np.arange(0, 256, 17, dtype=np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 1, 1, 3)
    images = np.repeat(np.repeat(cube, 2, axis=1), 2, axis=2)[::3]
    expected = [imagehash.colorhash(Image.fromarray(i)).hash.ravel() for i in images]
    bits = make_extractor("colorhash", {}).fit_transform(images)
    np.testing.assert_array_equal(bits, np.stack(expected))
    assert bits.any(axis=0).sum() == 42


@pytest.mark.parametrize("name", sorted([*REFERENCE, "colorhash", "crop-resistant"]))
def test_number_of_workers_does_not_change_bits(name, photos):
    many = np.concatenate([photos, photos[:, ::-1]])
    one, two = (make_extractor(name, {"n_jobs": k}).fit_transform(many) for k in (1, 2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("name", ["whash-haar", "whash-db4"])
def test_wavelet_hash_size_must_be_a_power_of_two(name, gray):
    with pytest.raises(InvalidParameterError, match=r"'hash_size' must be a power of two.*Got 6"):
        make_extractor(name, {"params_hash": {"hash_size": 6}}).fit(gray)


@pytest.mark.parametrize("hash_size", [1, 0, -3, 8.0, "8", None, True])
def test_hash_size_out_of_range_raises(hash_size, gray):
    with pytest.raises(InvalidParameterError, match="'hash_size' must be a whole number"):
        features.PerceptualHash(hash_size=hash_size).fit(gray)


@pytest.mark.parametrize("binbits", [0, 17, 2.5])
def test_binbits_out_of_range_raises(binbits, gray):
    with pytest.raises(InvalidParameterError, match="'binbits' must be a whole number from 1"):
        features.ColorHash(binbits=binbits).fit(gray)


def test_no_workers_raises(gray):
    with pytest.raises(InvalidParameterError, match="'n_jobs' must be"):
        features.AverageHash(n_jobs=0).fit(gray)


def test_images_of_another_size_raise(gray):
    extractor = features.AverageHash().fit(gray)
    with pytest.raises(InvalidDataError, match="32 by 64 pixels.*fitted on 64 by 64"):
        extractor.transform(gray[:, :32])


@pytest.mark.parametrize(
    "X", [np.ones((3, 8, 8)), np.ones((3, 64), np.uint8), np.ones((2, 8, 8, 2), np.uint8),
          np.ones((0, 8, 8, 3), np.uint8), np.ones((2, 0, 8), np.uint8)]
)  # fmt: skip
def test_what_is_no_image_raises(X):
    with pytest.raises(InvalidDataError, match="Need images as uint8"):
        features.AverageHash().fit(X)

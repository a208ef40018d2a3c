"""Crop-resistant hashes: equal to imagehash, and a row of fixed length."""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut, chelsea, coffee, rocket
from skimage.transform import resize

from clustimage._core.errors import InvalidParameterError
from clustimage.features import CropResistantHash


def reference(image: np.ndarray, most: int) -> np.ndarray:
    picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
    found = imagehash.crop_resistant_hash(picture, limit_segments=most).segment_hashes
    return np.stack([part.hash.ravel() for part in found])


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    made = [resize(image, (96, 80)) for image in (astronaut(), chelsea(), coffee(), rocket())]
    return np.round(255 * np.stack(made)).astype(np.uint8)


def assert_equal_to_imagehash(images, most):
    rows = CropResistantHash(max_segments=most, n_jobs=1).fit_transform(images)
    for row, image in zip(rows.reshape(len(images), most, 64), images, strict=True):
        expected = reference(image, most)
        np.testing.assert_array_equal(row[: len(expected)], expected)
        assert not row[len(expected) :].any()


def test_regions_equal_imagehash(pictures):
    assert_equal_to_imagehash(pictures, 20)


def test_regions_of_photos_equal_imagehash(photos):
    assert_equal_to_imagehash(photos[::10], 20)


def test_only_the_largest_regions_are_kept(pictures):
    assert_equal_to_imagehash(pictures[:2], 2)


@pytest.mark.parametrize("case", ["black", "white"])
def test_an_image_of_one_colour_has_one_region(case, awkward):
    assert_equal_to_imagehash(awkward[case][:1], 8)


def test_an_image_without_a_large_region_is_hashed_as_a_whole():
    """Stripes of 300 pixels or less, each too small to count."""
    stripes = np.zeros((1, 300, 300, 1), np.uint8)
    stripes[:, ::10] = stripes[:, 1::10] = stripes[:, 2::10] = stripes[:, 3::10] = 255
    stripes[:, 4::10] = stripes[:, ::10]
    stripes[:, :, 60::61] = 128
    assert_equal_to_imagehash(stripes, 8)


def test_tiny_images_work(awkward):
    rows = CropResistantHash().fit_transform(awkward["tiny"])
    assert rows.shape == (8, 256)
    assert set(np.unique(rows)) == {0, 1}


def test_a_cropped_photo_is_nearest_to_its_own(photos):
    cropped = np.stack([np.asarray(Image.fromarray(p[:, 12:]).resize((128, 128))) for p in photos])
    extractor = CropResistantHash().fit(photos)
    ours, theirs = extractor.transform(photos), extractor.transform(cropped)
    distance = np.linalg.norm(theirs[:, None] - ours[None], axis=2)
    rank = (distance < np.diag(distance)[:, None]).sum(axis=1)
    assert np.mean(rank == 0) > 0.6


def test_no_region_raises(pictures):
    with pytest.raises(InvalidParameterError, match="'max_segments' must be a whole number"):
        CropResistantHash(max_segments=0).fit(pictures)

"""HOG: equal to scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage.feature import hog

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage.features import HOGExtractor, extract_hog, make_extractor
from clustimage.images import to_gray

LAYOUTS = [
    (8, (8, 8), (1, 1)),
    (9, (8, 8), (3, 3)),
    (12, (7, 5), (2, 1)),
    (1, (16, 9), (1, 2)),
    (6, (64, 64), (1, 1)),
    (7, (1, 2), (1, 1)),
]


def reference(images, layout):
    return np.stack([hog(img[..., 0], *layout) for img in images])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_descriptors_equal_skimage(layout, gray):
    orientations, cell, block = layout
    extractor = HOGExtractor(orientations=orientations, pixels_per_cell=cell, cells_per_block=block)
    found = extractor.fit_transform(gray)
    np.testing.assert_allclose(found, reference(gray, layout), atol=1e-6)


def test_descriptors_of_photos_equal_skimage(photos):
    images = to_gray(photos)[..., None]
    found = HOGExtractor().fit_transform(images)
    assert found.shape == (40, 16 * 16 * 8)
    np.testing.assert_allclose(found, reference(images, LAYOUTS[0]), atol=1e-6)


@pytest.mark.parametrize("size", [(32, 32), (61, 47), (128, 96), (9, 200)])
@pytest.mark.parametrize("layout", [(8, (8, 8), (1, 1)), (9, (3, 5), (2, 2)), (5, (4, 4), (1, 3))])
def test_descriptors_of_photos_of_other_sizes_equal_skimage(size, layout, photos):
    images = np.stack([np.asarray(Image.fromarray(p).resize(size[::-1])) for p in photos[::4]])
    images = to_gray(images)[..., None]
    orientations, cell, block = layout
    extractor = HOGExtractor(orientations=orientations, pixels_per_cell=cell, cells_per_block=block)
    found = extractor.fit_transform(images)
    np.testing.assert_allclose(found, reference(images, layout), atol=1e-6)


@pytest.mark.parametrize("case", ["even", "checker", "tiny"])
def test_descriptors_of_awkward_images_equal_skimage(case, awkward):
    found = HOGExtractor(orientations=9).fit_transform(awkward[case])
    np.testing.assert_allclose(found, reference(awkward[case], (9, (8, 8), (1, 1))), atol=1e-6)


def test_every_gradient_votes_as_in_skimage():
    """Images of one cell whose middle sees each of the 511 * 511 gradients of a coarse grid."""
    values = np.r_[0:256:15].astype(np.uint8)
    up, down, left, right = np.meshgrid(values[::4], values, values[::4], values, indexing="ij")
    images = np.zeros((up.size, 3, 3), np.uint8)
    images[:, 0, 1], images[:, 2, 1] = up.ravel(), down.ravel()
    images[:, 1, 0], images[:, 1, 2] = left.ravel(), right.ravel()
    images = images[::7, :, :, None]
    layout = (8, (3, 3), (1, 1))
    found = HOGExtractor(orientations=8, pixels_per_cell=(3, 3)).fit_transform(images)
    np.testing.assert_allclose(found, reference(images, layout), atol=1e-6)


def test_colour_is_turned_to_gray_as_pillow_does(colour):
    gray = np.stack([np.asarray(Image.fromarray(img).convert("L")) for img in colour])
    np.testing.assert_array_equal(to_gray(colour), gray)
    np.testing.assert_array_equal(
        HOGExtractor().fit_transform(colour), HOGExtractor().fit_transform(gray)
    )


def test_number_of_workers_does_not_change_rows(photos):
    many = np.concatenate([photos] * 3)
    one, two = (make_extractor("hog", {"n_jobs": k}).fit_transform(many) for k in (1, 2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"orientations": 0}, "'orientations' must be a whole number of at least 1. Got 0"),
        ({"orientations": 2.5}, "'orientations' must be a whole number"),
        ({"pixels_per_cell": 8}, "'pixels_per_cell' must be two whole numbers"),
        ({"pixels_per_cell": (8, 0)}, "'pixels_per_cell' must be a whole number of at least 1"),
        ({"pixels_per_cell": (8, 65)}, r"\(8, 65\) times .* fit into .* 64 by 64 pixels"),
        ({"cells_per_block": (9, 1)}, r"'cells_per_block' \(9, 1\) must fit into the images"),
        ({"cells_per_block": (1, 1, 1)}, "'cells_per_block' must be two whole numbers"),
    ],
)
def test_wrong_settings_raise(settings, words, gray):
    with pytest.raises(InvalidParameterError, match=words):
        make_extractor("hog", {"params_hog": settings}).fit(gray)
    with pytest.raises(InvalidParameterError, match=words):
        extract_hog(gray[0], **settings)


def test_one_image_gives_the_row_of_the_extractor(gray):
    rows = HOGExtractor().fit_transform(gray[:3])
    for form in (gray[0], gray[0, :, :, 0], gray[0].ravel()):
        row = extract_hog(form)
        assert row.dtype == np.float32
        np.testing.assert_allclose(row, rows[0], atol=1e-6)
    np.testing.assert_allclose(extract_hog(gray[0] / 2.0), rows[0], atol=1e-4)


def test_one_colour_image_is_turned_to_gray(photos):
    rows = HOGExtractor().fit_transform(photos[:1])
    for form in (photos[0], photos[0].ravel()):
        np.testing.assert_allclose(extract_hog(form), rows[0], atol=1e-6)


def test_the_picture_equals_skimage(gray):
    picture = extract_hog(gray[0], 6, (16, 16), (2, 2), flatten=False)
    _, expected = hog(gray[0, :, :, 0], 6, (16, 16), (2, 2), visualize=True)
    assert picture.shape == (64, 64) and picture.dtype == np.float32
    np.testing.assert_allclose(picture, expected, rtol=1e-6)


@pytest.mark.parametrize(
    "img, words",
    [
        (np.ones(77), "must be one image"),
        (np.ones((2, 3, 4, 5)), "must be one image"),
        (np.ones((0, 4)), "must be one image"),
        (np.array([["a", "b"]]), "must be one image"),
        (np.full((16, 16), np.nan), "has NaN"),
    ],
)
def test_what_is_no_image_raises(img, words):
    with pytest.raises(InvalidDataError, match=words):
        extract_hog(img)

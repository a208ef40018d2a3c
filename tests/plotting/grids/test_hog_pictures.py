"""The HOG beside each photo."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage._core import errors
from clustimage.features import extract_hog
from clustimage.plotting.grids._hog_pictures import check_shows_hog, hog_pictures, with_hog

SETTINGS = {"orientations": 4, "pixels_per_cell": (4, 4), "cells_per_block": (1, 1)}


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (3, 16, 24), dtype=np.uint8)


def test_the_picture_follows_the_descriptor(images):
    pictures = hog_pictures(images, SETTINGS)
    assert pictures.shape == images.shape and pictures.dtype == np.uint8
    raw = np.asarray(extract_hog(images[1], **SETTINGS, flatten=False), dtype=float)
    assert pictures[1].max() == 255
    np.testing.assert_array_equal(pictures[1] > 0, np.rint(255 * np.sqrt(raw / raw.max())) > 0)


def test_an_image_of_one_colour_has_a_black_picture():
    assert not hog_pictures(np.full((1, 16, 16), 9, dtype=np.uint8), SETTINGS).any()


def test_colour_images_are_made_gray(images):
    rgb = np.repeat(images[..., None], 3, axis=3)
    np.testing.assert_array_equal(hog_pictures(rgb, SETTINGS), hog_pictures(images, SETTINGS))


def test_the_photo_is_left_and_its_hog_right(images):
    tiles = with_hog(images, SETTINGS)
    assert tiles.shape == (3, 16, 24 + 1 + 24, 3)
    np.testing.assert_array_equal(tiles[:, :, :24, 0], images)
    np.testing.assert_array_equal(tiles[:, :, 25:, 0], hog_pictures(images, SETTINGS))


@pytest.mark.parametrize("method", ["pca", None, "phash", object()])
def test_other_features_have_no_hog(method):
    with pytest.raises(errors.InvalidParameterError, match="'show_hog'.*method='hog'"):
        check_shows_hog(method)


@pytest.mark.parametrize("method", ["hog", "pca-hog"])
def test_plots_show_it_on_demand(build, method):
    model = build([0] * 120 + [1] * 4, shape=(16, 16), method=method)
    _, axes = model.plot(show_hog=True)
    assert axes[0].get_title() == "Cluster 0: showing 100 of 120 images, spread evenly"
    assert axes[1].get_title() == "Cluster 1: 4 images"
    _, ax = model.plot_unique(show_hog=True)
    assert ax.images[0].get_array().shape[1] == 2 + 2 * (16 + 1 + 16 + 2)

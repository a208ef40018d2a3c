"""The HOG beside each photo."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage._core import errors
from clustimage.features import cell_histograms, extract_hog
from clustimage.plotting.grids._hog_pictures import check_shows_hog, hog_pictures, with_hog

SETTINGS = {"orientations": 4, "pixels_per_cell": (4, 4), "cells_per_block": (1, 1)}


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (3, 16, 24), dtype=np.uint8)


def test_the_brightest_line_is_that_of_the_strongest_gradient(images):
    pictures = hog_pictures(images, SETTINGS)
    assert pictures.shape == (3, 16 * 5, 24 * 5) and pictures.dtype == np.uint8
    cells = pictures[1].reshape(4, 20, 6, 20).max(axis=(1, 3))
    strongest = cell_histograms(images[1:2, ..., None], 4, (4, 4))[0].max(axis=2)
    assert cells.max() == 255
    expected = 255 * np.sqrt(strongest / strongest.max())
    np.testing.assert_allclose(cells, expected, atol=1)


@pytest.mark.parametrize("orientations", [4, 8, 9])
@pytest.mark.parametrize("degrees", [10, 35, 80, 125, 170])
def test_lines_run_along_the_edges_as_those_of_skimage(orientations, degrees):
    y, x = np.mgrid[:24, :24] - 11.5
    side = x * np.sin(np.deg2rad(degrees)) - y * np.cos(np.deg2rad(degrees))
    image = np.where(side > 0, 220, 20).astype(np.uint8)
    settings = {"orientations": orientations, "pixels_per_cell": (24, 24)}
    mine = hog_pictures(image[None], settings)[0].astype(float)
    theirs = extract_hog(image, **settings, cells_per_block=(1, 1), flatten=False)
    assert np.corrcoef(mine.ravel(), theirs.ravel())[0, 1] > 0.5


def test_faint_gradients_are_not_drawn():
    image = np.full((1, 8, 16), 100, dtype=np.uint8)
    image[0, :, 2], image[0, :, 10] = 255, 103
    picture = hog_pictures(image, {"orientations": 4, "pixels_per_cell": (8, 8)})[0]
    left, right = np.split(picture, 2, axis=1)
    assert left.max() == 255 and not right.any()


def test_an_image_of_one_colour_has_a_black_picture():
    assert not hog_pictures(np.full((1, 16, 16), 9, dtype=np.uint8), SETTINGS).any()


def test_colour_images_are_made_gray(images):
    rgb = np.repeat(images[..., None], 3, axis=3)
    np.testing.assert_array_equal(hog_pictures(rgb, SETTINGS), hog_pictures(images, SETTINGS))


def test_the_photo_is_left_and_its_hog_right(images):
    tiles = with_hog(images, SETTINGS)
    assert tiles.shape == (3, 80, 120 + 3 + 120, 3)
    np.testing.assert_array_equal(tiles[:, ::5, :120:5, 0], images)
    np.testing.assert_array_equal(tiles[:, :, 123:, 0], hog_pictures(images, SETTINGS))


@pytest.mark.parametrize("method", ["pca", None, "phash", object()])
def test_other_features_have_no_hog(method):
    with pytest.raises(errors.InvalidParameterError, match="'show_hog'.*method='hog'"):
        check_shows_hog(method)


@pytest.mark.parametrize("method", ["hog", "pca-hog"])
def test_plots_show_it_on_demand(build, method):
    model = build([0] * 120 + [1] * 4, shape=(16, 16), method=method)
    figs, axes = model.plot(show_hog=True)
    # A cell is an eighth of an inch at least, where 100 images are drawn.
    assert figs[0].get_size_inches()[0] / 4 / 2 / 4 > 0.125
    assert axes[0].get_title() == "Cluster 0: showing 100 of 120 images, spread evenly"
    assert axes[1].get_title() == "Cluster 1: 4 images"
    _, ax = model.plot_unique(show_hog=True)
    assert ax.images[0].get_array().shape[1] >= 2 * 2 * 4 * 20

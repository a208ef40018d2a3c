"""Many images as one picture."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage._core import errors
from clustimage.plotting._montage import (
    best_ncols,
    colorize,
    evenly,
    fit_side,
    montage,
    tile_corners,
    to_images,
)


def numbered(n, *shape):
    return np.stack([np.full(shape, i + 1, dtype=np.uint8) for i in range(n)])


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1), (4, 6, 3), (9, 2)])
def test_every_image_lies_at_its_corner(shape):
    images = numbered(7, *shape)
    picture = montage(images, ncols=3, pad=2, gap=1)
    height, width = shape[:2]
    assert picture.shape == (2 + 3 * (height + 3), 2 + 3 * (width + 2), 3)
    assert picture.dtype == np.uint8
    for i, (x, y) in enumerate(tile_corners(7, height, width, ncols=3, pad=2, gap=1)):
        assert (picture[y : y + height, x : x + width] == i + 1).all()
    assert (picture != 255).sum() == 3 * 7 * height * width


def test_background_fills_what_no_image_covers():
    picture = montage(numbered(1, 2, 2), ncols=2, pad=0, background=(1, 20, 30))
    np.testing.assert_array_equal(picture[:, 2:].reshape(-1, 3), [[1, 20, 30]] * 4)


def test_no_image_is_an_error():
    with pytest.raises(errors.InvalidDataError, match="at least one image"):
        montage(np.zeros((0, 4, 4), dtype=np.uint8))


@pytest.mark.parametrize("n, height, width", [(1, 8, 8), (400, 8, 8), (7, 10, 90), (7, 90, 10)])
def test_default_columns_make_a_picture_wider_than_high(n, height, width):
    ncols = best_ncols(n, height, width)
    nrows = -(-n // ncols)
    assert 1 <= ncols <= n
    assert n < 4 or 0.5 < ncols * width / (nrows * height) < 8


def test_rows_become_images_and_floats_are_rounded():
    rows = np.array([[0.4, 0.6, 300.0, -5.0, 99.5, 255.0]])
    images = to_images(rows, (2, 3, 1))
    np.testing.assert_array_equal(images, [[[0, 1, 255], [0, 100, 255]]])
    assert images.dtype == np.uint8
    assert to_images(rows, (1, 2, 3)).shape == (1, 1, 2, 3)


def test_rows_of_another_shape_are_an_error():
    with pytest.raises(errors.InvalidDataError, match=r"Rows of 12 pixels.*\(2, 10\)"):
        to_images(np.zeros((2, 10)), (2, 2, 3))


def test_pixels_in_memory_are_not_copied():
    rows = np.zeros((3, 12), dtype=np.uint8)
    assert np.shares_memory(to_images(rows, (2, 2, 3)), rows)


def test_gray_images_take_the_colour_map_and_colour_images_do_not():
    gray = np.array([[[0, 255]]], dtype=np.uint8)
    np.testing.assert_array_equal(colorize(gray), [[[[0] * 3, [255] * 3]]])
    np.testing.assert_array_equal(colorize(gray, "binary"), [[[[255] * 3, [0] * 3]]])
    np.testing.assert_array_equal(colorize(gray[..., None], "binary"), colorize(gray, "binary"))
    rgb = np.zeros((1, 2, 2, 3), dtype=np.uint8)
    assert colorize(rgb, "binary") is rgb


def test_large_images_shrink_to_the_mean_of_their_blocks():
    images = np.random.default_rng(0).integers(0, 256, (70, 9, 6, 3), dtype=np.uint8)
    small = fit_side(images, 3)
    expected = images.reshape(70, 3, 3, 2, 3, 3).mean(axis=(2, 4))
    assert small.shape == (70, 3, 2, 3)
    assert np.abs(small - expected).max() <= 0.5


def test_small_images_grow_by_whole_pixels():
    images = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    grown = fit_side(images, 7)
    assert grown.shape == (1, 6, 6, 3)
    np.testing.assert_array_equal(grown[:, ::3, ::3], images)


def test_images_thinner_than_the_factor_keep_one_pixel():
    assert fit_side(np.zeros((2, 3, 400, 3), dtype=np.uint8), 50).shape == (2, 1, 50, 3)


@pytest.mark.parametrize("n, limit", [(5, 10), (10, 10), (5000, 400), (401, 400)])
def test_the_images_drawn_are_spread_over_all(n, limit):
    shown = evenly(n, limit)
    assert len(shown) == min(n, limit) == len(set(shown.tolist()))
    assert shown[0] == 0 and shown[-1] < n
    assert np.diff(shown).max(initial=1) <= -(-n // limit)

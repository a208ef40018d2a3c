"""Shape, scale and colour of images that come as arrays."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage.images import get_dim, guess_shape, imscale, to_gray
from clustimage.images.reading._arrays import check_values, over_white, rows_to_pixels


def to_pixels(rows, shape, channels, **options):
    out = np.empty((len(rows), *shape[:2], channels), dtype=np.uint8)
    return rows_to_pixels(rows, shape, channels, tops=check_values(rows), out=out, **options)


def test_dim_goes_before_the_square():
    assert guess_shape(64) == (8, 8, 1)
    assert guess_shape(64, dim=(4, 16)) == (4, 16, 1)
    assert guess_shape(48, dim=(2, 8)) == (2, 8, 3)
    assert guess_shape(48, dim=(128, 128)) == (4, 4, 3)


@pytest.mark.parametrize("n_pixels", [0, 77, 2])
def test_unknown_shape_tells_to_give_dim(n_pixels):
    with pytest.raises(InvalidDataError, match=r"Give 'dim' as \(height, width\)"):
        guess_shape(n_pixels)
    with pytest.raises(InvalidParameterError, match="dim"):
        guess_shape(64, dim=(8,))


def test_get_dim_takes_a_row_or_its_length():
    assert get_dim(np.zeros(64)) == get_dim(64) == get_dim(np.int64(64)) == (8, 8)
    assert get_dim(np.zeros((1, 48))) == (4, 4, 3)
    assert get_dim(np.zeros(48), dim=(6, 8)) == (6, 8)


def test_imscale_puts_the_largest_value_at_255():
    half = np.array([[0, 50], [25, 100]], dtype=np.uint8)
    np.testing.assert_array_equal(imscale(half), [[0, 128], [64, 255]])
    assert imscale(half).dtype == np.uint8


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16, np.int64, np.float16, np.float64])
def test_imscale_is_the_same_for_every_type(dtype):
    img = np.random.default_rng(0).integers(0, 2, (5, 6, 3)).astype(dtype)
    np.testing.assert_array_equal(imscale(img), img.astype(int) * 255)


def test_imscale_of_whole_numbers_and_floats_agrees():
    img = np.random.default_rng(0).integers(0, 190, (30, 20, 3)).astype(np.uint8)
    np.testing.assert_array_equal(imscale(img), imscale(img.astype(float)))
    expected = np.rint(img * (255 / img.max()))
    np.testing.assert_allclose(imscale(img), expected, atol=1)


def test_imscale_of_awkward_values():
    np.testing.assert_array_equal(imscale(np.zeros((2, 2))), 0)
    np.testing.assert_array_equal(imscale([[0, 5e-324]]), [[0, 255]])
    np.testing.assert_array_equal(imscale([[0, 1.7e308]]), [[0, 255]])
    given = np.full((2, 2), 255, np.uint8)
    imscale(given)[:] = 0
    assert given.min() == 255


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[1.0, np.nan]], "NaN"),
        ([[1.0, np.inf]], "NaN or inf"),
        ([[1, -1]], "negative"),
        ([["a", "b"]], "dtype"),
        ([[1j, 2]], "dtype complex"),
        ([[]], "without pixels"),
    ],
)
def test_imscale_refuses_what_is_no_image(values, words):
    with pytest.raises(InvalidDataError, match=words):
        imscale(np.array(values))


def test_gray_is_the_luma_of_pillow():
    img = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(img).convert("L"))
    np.testing.assert_array_equal(to_gray(img), expected)
    np.testing.assert_array_equal(to_gray(np.stack([img, img]))[1], expected)
    np.testing.assert_allclose(to_gray(img.astype(float)), expected, atol=0.51)


def test_gray_of_a_batch_is_the_gray_of_each_image(monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (7, 9, 8, 3), dtype=np.uint8)
    expected = [np.asarray(Image.fromarray(img).convert("L")) for img in images]
    monkeypatch.setattr("clustimage.images.reading._arrays.VALUES_PER_BLOCK", 100)
    np.testing.assert_array_equal(to_gray(images), expected)
    np.testing.assert_array_equal(to_gray(images[..., ::-1, :]), np.array(expected)[..., ::-1])
    np.testing.assert_array_equal(to_gray(images[..., :1]), images[..., 0])
    assert to_gray(images[:0]).shape == (0, 9, 8)


def test_alpha_is_laid_over_white_in_the_range_of_the_type():
    clear = np.array([[[10, 20, 30, 0], [10, 20, 30, 255], [0, 0, 0, 128]]], dtype=np.uint8)
    expected = [[[255, 255, 255], [10, 20, 30], [127, 127, 127]]]
    np.testing.assert_array_equal(over_white(clear), expected)
    np.testing.assert_allclose(over_white(clear / 255.0) * 255, expected, atol=1e-9)
    np.testing.assert_allclose(over_white(clear.astype(float)), expected, atol=1e-9)
    deep = clear.astype(np.uint16) * 257
    np.testing.assert_allclose(over_white(deep) / 257, expected, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("channels", [1, 3])
def test_rows_become_what_imscale_makes_of_each(monkeypatch, dtype, channels):
    monkeypatch.setattr("clustimage.images.reading._arrays.VALUES_PER_BLOCK", 100)
    rows = np.random.default_rng(0).integers(0, 99, (17, 4 * 5 * 3)).astype(dtype)
    rows[3] = 0
    pixels = to_pixels(rows, (4, 5, 3), channels, white=None, at_once=100)
    for row, img in zip(rows, pixels, strict=True):
        own = row.reshape(4, 5, 3)
        expected = imscale(to_gray(own))[..., None] if channels == 1 else imscale(own)
        np.testing.assert_array_equal(img, expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float64])
def test_rows_share_one_white_and_brighter_values_stay_white(monkeypatch, dtype):
    monkeypatch.setattr("clustimage.images.reading._arrays.VALUES_PER_BLOCK", 8)
    rows = np.array([[0, 20, 40, 8], [80, 0, 0, 1], [0, 0, 0, 0]], dtype=dtype)
    pixels = to_pixels(rows, (2, 2, 1), 1, white=40, at_once=8)
    expected = [[0, 128, 255, 51], [255, 0, 0, 6], [0, 0, 0, 0]]
    np.testing.assert_array_equal(pixels.reshape(3, 4), expected)


def test_errors_count_the_rows_and_name_the_first():
    rows = np.ones((6, 4))
    rows[4, 1], rows[2, 3] = np.nan, np.inf
    with pytest.raises(InvalidDataError, match=r"2 of 6 images .*NaN.* first: row 2 \(c\)"):
        check_values(rows, list("abcdef"))

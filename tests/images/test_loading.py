"""Stage 1 as a whole: any input to images of one size, with a status for each."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from clustimage._core.errors import ImageReadError, InvalidDataError, InvalidParameterError
from clustimage.images import imread, imscale, load_images


@pytest.fixture
def folder(tmp_path) -> Path:
    """Colours by file: equal names in two folders, an upper-case extension, broken ones."""
    for name, colour in {
        "a/same.JPG": "red",
        "b/same.JPG": "blue",
        "a/10.png": "lime",
        "a/9.png": "yellow",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (40, 30), colour).save(tmp_path / name, "JPEG" if "JPG" in name else "PNG")
    (tmp_path / "a" / "broken.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    (tmp_path / "notes.txt").write_text("no image")
    return tmp_path


# --- files ----------------------------------------------------------------------------------------


def test_two_files_of_one_name_keep_their_own_pixels(folder):
    images = load_images(folder)
    assert images.filenames.tolist() == ["9.png", "10.png", "same.JPG", "same.JPG"]
    np.testing.assert_allclose(images.pixels[2, 0, 0], (255, 0, 0), atol=3)
    np.testing.assert_allclose(images.pixels[3, 0, 0], (0, 0, 255), atol=3)
    assert images.pathnames[2] == str(folder / "a" / "same.JPG")
    assert images.url.tolist() == [None] * 4


def test_a_broken_file_changes_no_other_row_and_is_told_once(folder, caplog):
    with caplog.at_level(logging.WARNING, "clustimage"):
        images = load_images(folder)
    frame = images.status_frame()
    assert frame["status"].tolist() == ["ok", "ok", "skipped", "ok", "ok"]
    assert frame["width"].tolist()[:2] == [40, 40] and frame["height"].tolist()[:2] == [30, 30]
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "Skipped 1 of 5 images" in record.getMessage()
    assert "broken.jpg (no image" in record.getMessage()
    (folder / "a" / "broken.jpg").unlink()
    np.testing.assert_array_equal(load_images(folder).pixels, images.pixels)


def test_pixels_are_uint8_rows_in_memory_order(folder):
    images = load_images(folder, dim=(7, 5))
    assert images.pixels.shape == (4, 7, 5, 3) and images.pixels.dtype == np.uint8
    assert images.pixels.flags.c_contiguous
    assert np.shares_memory(images.flat, images.pixels)


@pytest.mark.parametrize("n_jobs", [1, 2, -1, None])
def test_the_number_of_threads_changes_nothing(folder, n_jobs):
    files = sorted(folder.rglob("*.*")) * 9
    images = load_images(files, n_jobs=n_jobs)
    expected = [imread(name) for name in images.pathnames]
    np.testing.assert_array_equal(images.flat, expected)
    assert [row.pathname for row in images.status] == list(map(str, files))


def test_one_file_and_one_given_twice(folder):
    path = folder / "a" / "9.png"
    assert load_images(path).n_images == load_images(str(path)).n_images == 1
    twice = load_images([path, folder / "b" / "same.JPG", path])
    assert twice.filenames.tolist() == ["9.png", "same.JPG", "9.png"]
    np.testing.assert_array_equal(twice.pixels[0], twice.pixels[2])


def test_black_list_recursive_and_ext(folder):
    assert load_images(folder, black_list=["b"]).n_images == 3
    assert load_images(folder, ext="png").n_images == 2
    with pytest.raises(ImageReadError, match="No image found: looked in .*1 files seen"):
        load_images(folder, recursive=False)


def test_gray_on_request(folder):
    images = load_images(folder, grayscale=True)
    assert images.shape == (128, 128, 1)
    np.testing.assert_array_equal(images.flat[0], imread(images.pathnames[0], colorscale=0))


def test_a_file_that_does_not_exist_is_skipped_in_a_list(folder):
    images = load_images([folder / "no.png", folder / "a" / "9.png"])
    assert images.n_images == 1
    assert images.status[0].reason == "does not exist"
    with pytest.raises(ImageReadError, match=r"No image could be read: 2 inputs.*does not exist"):
        load_images([folder / "no.png", folder / "nor.png"])


def test_no_image_is_one_clear_error(tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(ImageReadError, match=r"No image found: .*for png, .*; 1 files seen, 0 "):
        load_images(tmp_path)
    (tmp_path / "a.jpg").write_text("no image")
    with pytest.raises(ImageReadError, match=r"No image could be read: .*2 files.*a\.jpg \(no im"):
        load_images(tmp_path)
    with pytest.raises(ImageReadError, match=r"No image could be read: .*a\.jpg"):
        load_images(tmp_path / "a.jpg")
    with pytest.raises(ImageReadError, match="nowhere does not exist"):
        load_images(tmp_path / "nowhere")


def test_the_bar_says_what_is_done(folder, capsys):
    logger = logging.getLogger("clustimage")
    before = logger.level
    logger.setLevel(logging.INFO)
    try:
        load_images(folder)
    finally:
        logger.setLevel(before)
    assert "Reading images" in capsys.readouterr().err


# --- arrays ---------------------------------------------------------------------------------------


def test_flattened_digits_are_the_same_as_pictures_of_them(digits):
    X = digits[0]
    rows = load_images(X)
    assert rows.pixels.shape == (1797, 8, 8, 1)
    assert len(set(rows.filenames)) == 1797 and rows.filenames[0] == "image_0000"
    pictures = load_images(X.reshape(-1, 8, 8), dim=(8, 8))
    np.testing.assert_array_equal(rows.pixels, pictures.pixels)
    np.testing.assert_array_equal(rows.flat, np.rint(X * (255 / 16)))
    np.testing.assert_array_equal(load_images(X[5]).flat[0], imscale(X[5]))


def test_a_table_keeps_its_names_and_status(digits):
    frame = pd.DataFrame(digits[0][:3], index=["x.png", "y.png", "z.png"])
    images = load_images(frame)
    assert images.filenames.tolist() == images.pathnames.tolist() == ["x.png", "y.png", "z.png"]
    assert [(row.status, row.width, row.height) for row in images.status] == [("ok", 8, 8)] * 3


def test_flattened_colour_takes_dim_where_it_fits():
    X = np.random.default_rng(0).integers(0, 256, (5, 4 * 6 * 3), dtype=np.uint8)
    assert load_images(X, dim=(4, 6)).shape == (4, 6, 3)
    assert load_images(X, dim=(4, 6), grayscale=True).shape == (4, 6, 1)
    assert load_images(X[:, :48]).shape == (4, 4, 3)
    with pytest.raises(InvalidDataError, match="dim"):
        load_images(np.ones((4, 77)))


def test_one_array_is_scaled_by_one_factor_then_resized():
    X = np.random.default_rng(0).integers(0, 200, (5, 40, 30, 3), dtype=np.uint8)
    X[2] //= 2
    images = load_images(X, dim=(16, 12))
    expected = [cv2.resize(img, (12, 16), interpolation=cv2.INTER_AREA) for img in imscale(X)]
    np.testing.assert_array_equal(images.pixels, expected)
    assert images.white == 199
    assert (images.status[0].width, images.status[0].height) == (30, 40)
    assert load_images(X, dim=(16, 12), grayscale=True).shape == (16, 12, 1)
    np.testing.assert_array_equal(load_images(X / 255.0, dim=(16, 12)).pixels, images.pixels)


def test_a_list_of_arrays_is_scaled_image_by_image():
    X = np.random.default_rng(0).integers(0, 200, (5, 40, 30, 3), dtype=np.uint8)
    X[2] //= 2
    images = load_images(list(X), dim=(16, 12))
    expected = [cv2.resize(imscale(img), (12, 16), interpolation=cv2.INTER_AREA) for img in X]
    np.testing.assert_array_equal(images.pixels, expected)
    assert images.white is None


def test_gray_arrays_have_one_channel_mixed_ones_three():
    gray, colour = np.ones((9, 8)), np.ones((5, 4, 3))
    assert load_images(np.stack([gray, gray])).shape == (128, 128, 1)
    assert load_images([gray, gray[:4], gray[..., None]]).shape == (128, 128, 1)
    assert load_images([gray, colour]).shape == (128, 128, 3)
    assert load_images([gray, colour], grayscale=True).shape == (128, 128, 1)
    assert load_images(np.ones((2, 9, 8), dtype=bool)).pixels.min() == 255


@pytest.mark.parametrize("dim", [(6, 5), (3, 3)])
def test_alpha_of_arrays_is_laid_over_white(dim):
    X = np.zeros((2, 6, 5, 4), dtype=np.uint8)
    X[1, ..., 3] = 255
    images = load_images(X, dim=dim)
    assert images.shape == (*dim, 3)
    assert images.pixels[0].min() == 255 and images.pixels[1].max() == 0


def test_pictures_of_pillow_are_read_like_files(folder):
    path = folder / "a" / "same.JPG"
    with Image.open(path) as picture:
        images = load_images([picture, Image.new("L", (9, 9), 5)], dim=(30, 40))
        assert picture.size == (40, 30)
    np.testing.assert_array_equal(images.pixels[0], load_images(path, dim=(30, 40)).pixels[0])
    assert images.filenames.tolist() == ["image_0000", "image_0001"]
    assert images.shape[2] == 3
    assert load_images(Image.new("RGB", (9, 9), "red")).n_images == 1


@pytest.mark.parametrize("shape", [(6, 32), (6, 4, 8), (6, 9, 7), (6, 9, 7, 3)])
@pytest.mark.parametrize(
    ("value", "words"), [(np.nan, "NaN"), (np.inf, "NaN or inf"), (-1, "negative")]
)
def test_values_that_are_no_pixels_are_refused_with_the_row(shape, value, words):
    X = np.ones(shape)
    X[4].flat[3] = value
    with pytest.raises(InvalidDataError, match=rf"1 of 6 images have .*{words}.* row 4 \(image_0"):
        load_images(X, dim=(4, 8))


def test_objects_and_words_are_refused():
    with pytest.raises(InvalidDataError, match="neither in 'a'"):
        load_images(pd.DataFrame({"a": ["x"], "b": [1]}))
    with pytest.raises(InvalidDataError, match="dtype object"):
        load_images(np.array([[1, None]], dtype=object))
    for empty in (np.zeros((0, 64)), np.zeros((0, 8, 8)), np.zeros((3, 0))):
        with pytest.raises(ImageReadError, match="No image: the array is empty"):
            load_images(empty)


# --- new images for a fitted model ----------------------------------------------------------------


def test_new_images_end_in_the_shape_of_the_model(folder, digits):
    path = folder / "a" / "9.png"
    for channels in (1, 3):
        for X in (
            path,
            [path, np.ones((5, 6))],
            np.ones((2, 9, 7)),
            np.ones((2, 9, 7, 3)),
            np.ones((2, 8, 8, 3)),
            digits[0][:2],
            digits[0][0],
            np.ones((2, 8 * 8 * 3)),
        ):
            images = load_images(X, shape=(8, 8, channels), dim=(99, 99))
            assert images.shape == (8, 8, channels)
    old = load_images(digits[0])
    for X in (digits[0][:4], digits[0][:4].reshape(4, 8, 8), digits[0][0]):
        new = load_images(X, shape=old.shape, white=old.white)
        np.testing.assert_array_equal(new.pixels, old.pixels[: len(new)])


def test_rows_of_another_length_than_the_model_are_refused():
    with pytest.raises(InvalidDataError, match=r"8 x 8 x 1 = 64 values.*Got 100"):
        load_images(np.ones((2, 100)), shape=(8, 8, 1))
    with pytest.raises(InvalidDataError, match=r"one image .* give X\[np\.newaxis\]"):
        load_images(np.ones((8, 8)), shape=(8, 8, 1))
    assert load_images(np.ones((1, 8, 8)), shape=(8, 8, 1)).n_images == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"dim": 128},
        {"dim": (0, 3)},
        {"grayscale": "yes"},
        {"ext": 5},
        {"recursive": 2},
        {"n_jobs": "two"},
    ],
)
def test_wrong_values_are_refused(folder, settings):
    with pytest.raises(InvalidParameterError, match=repr(next(iter(settings)))):
        load_images(folder, **settings)


@pytest.mark.parametrize(
    "shape", [(6, 768), (6, 1024), (6, 384), (6, 16, 16), (6, 16, 16, 3)], ids=str
)
@pytest.mark.parametrize("scale", [1.0, 40.0, 1e4])
def test_floats_that_are_no_pixels_are_named_as_features(shape, scale):
    vectors = np.random.default_rng(0).random(shape, dtype=np.float32) * 3 * scale
    with pytest.raises(InvalidDataError, match="features=..."):
        load_images(vectors)
    with pytest.raises(InvalidDataError, match="negative.*features=..."):
        load_images(vectors - scale)


def test_floats_from_0_to_1_and_whole_ones_are_pixels():
    whole = np.random.default_rng(0).integers(0, 256, (6, 768)).astype(np.float32)
    np.testing.assert_array_equal(
        load_images(whole).pixels, load_images(whole.astype(np.uint8)).pixels
    )
    assert load_images(np.random.default_rng(0).random((6, 768))).pixels.max() == 255

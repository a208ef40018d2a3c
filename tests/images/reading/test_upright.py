"""Photos one by one: upright, in colour, as large as asked for."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from clustimage._core.errors import InvalidDataError
from clustimage.images import gather_photos, read_upright


def test_a_jpeg_is_reduced_to_no_less_than_asked_and_knows_its_size(tmp_path):
    Image.new("RGB", (800, 400), "red").save(tmp_path / "a.jpg", exif=_turned())
    (photo,) = gather_photos(tmp_path).items
    whole, small = read_upright(photo), read_upright(photo, (150, 75))
    assert whole.pixels.shape == (800, 400, 3)
    assert small.pixels.shape == (200, 100, 3)
    assert (small.height, small.width) == (whole.height, whole.width) == (800, 400)


def _turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def test_pixels_of_8_bits_are_left_as_they_are_and_deep_ones_scaled():
    dark, deep = np.full((4, 5, 3), 9, dtype=np.uint8), np.full((4, 5), 900, dtype=np.uint16)
    pixels = [read_upright(photo).pixels for photo in gather_photos([dark, deep]).items]
    np.testing.assert_array_equal(pixels[0], dark)
    np.testing.assert_array_equal(pixels[1], np.full((4, 5, 3), 255))


def test_what_cannot_be_read_is_a_reason(tmp_path):
    (tmp_path / "a.png").write_text("no picture")
    reasons = [
        read_upright(photo)
        for photo in gather_photos([str(tmp_path / "a.png"), str(tmp_path / "b.png"), ""]).items
    ]
    assert reasons[0].startswith("no image") and reasons[1:] == [
        "does not exist",
        "an empty path ('')",
    ]


def test_flattened_images_are_no_photos():
    with pytest.raises(InvalidDataError, match="shape \\(1, 12\\)"):
        gather_photos(np.zeros((1, 12)))

"""One face out of a photo: place, margin, turn and size."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage.faces import Face
from clustimage.faces._crops import cut_face
from clustimage.faces._detector import tilt_of


def dots(places, size=200):
    """Return a black photo with a white square of 5 pixels around each place (x, y)."""
    photo = np.zeros((size, size, 3), dtype=np.uint8)
    for x, y in places:
        photo[y - 2 : y + 3, x - 2 : x + 3] = 255
    return photo


def eyes_at(places):
    return np.array([[x - 5, y - 5, 10, 10] for x, y in places], dtype=float)


@pytest.mark.parametrize("angle", [-40, -10, 0, 10, 40])
@pytest.mark.parametrize("scale", [1, 8])
def test_eyes_are_level_and_where_they_are_said_to_be(angle, scale):
    turn = np.radians(angle)
    around = np.array([[-20, 0], [20, 0]]) @ np.array(
        [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    )
    places = np.rint(around + [100, 90]).astype(int)
    photo = dots(places).repeat(scale, axis=0).repeat(scale, axis=1)
    eyes = eyes_at(places + 0.5) * scale
    face = Face((60 * scale, 60 * scale, 80 * scale, 80 * scale), 1.0, eyes, tilt_of(eyes))
    crop = cut_face(photo, face)
    assert crop.pixels.shape == ((80, 80, 3) if scale == 1 else (512, 512, 3))
    middles = crop.eyes[:, :2] + crop.eyes[:, 2:] / 2
    assert abs(middles[0, 1] - middles[1, 1]) <= 1
    white = crop.pixels[..., 0] > 127
    for half, middle in zip((white[:, : white.shape[1] // 2], white), middles, strict=True):
        rows, cols = np.nonzero(half)
        if half is white:
            rows, cols = rows[cols >= white.shape[1] // 2], cols[cols >= white.shape[1] // 2]
        seen = np.array([cols.mean(), rows.mean()]) + 0.5
        assert np.abs(seen - middle).max() <= max(1.0, 0.01 * white.shape[0])


def test_without_align_the_crop_is_the_box():
    photo = np.random.default_rng(0).integers(0, 256, (60, 50, 3), dtype=np.uint8)
    face = Face((10, 20, 20, 30), 1.0, eyes_at([(15, 30), (25, 35)]), 20.0)
    crop = cut_face(photo, face, align=False)
    np.testing.assert_array_equal(crop.pixels, photo[20:50, 10:30])
    assert crop.eyes.tolist() == [[0, 5, 10, 10], [10, 10, 10, 10]]


def test_a_margin_ends_where_the_photo_ends():
    photo = np.zeros((100, 100, 3), dtype=np.uint8)
    crop = cut_face(photo, Face((0, 40, 20, 20), 1.0, eyes_at([(10, 50)])), margin=0.5)
    assert crop.pixels.shape == (40, 30, 3)
    assert crop.eyes.tolist() == [[5, 15, 10, 10]]


def test_a_turned_crop_beyond_the_border_repeats_the_nearest_pixels():
    photo = np.full((50, 50, 3), 77, dtype=np.uint8)
    crop = cut_face(photo, Face((0, 0, 50, 50), 1.0, eyes_at([(10, 10), (30, 20)]), 26.0))
    assert np.unique(crop.pixels).tolist() == [77]


def test_large_faces_are_reduced():
    photo = np.zeros((1500, 3000, 3), dtype=np.uint8)
    assert cut_face(photo, Face((0, 0, 3000, 1500), 1.0)).pixels.shape == (256, 512, 3)


def test_the_smallest_face_is_one_pixel():
    photo = np.zeros((3, 3, 3), dtype=np.uint8)
    assert cut_face(photo, Face((2.9, 2.9, 0.1, 0.1), 1.0)).pixels.shape == (1, 1, 3)

"""How far two pictures agree: versions of one photo, and two photos of one scene."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage.data import astronaut, coffee

from clustimage.duplicates._agreement import Overlap, agreement_of

GRAY = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2GRAY)
MASK = np.ones(GRAY.shape, dtype=bool)


def compared(other, mask=MASK):
    return agreement_of(Overlap(GRAY, np.asarray(other, dtype=np.uint8), mask))


@pytest.mark.parametrize(
    "change",
    [
        lambda gray: np.clip(gray.astype(int) + 40, 0, 255),
        lambda gray: 0.6 * gray,
        lambda gray: 255 * (gray / 255) ** 1.5,
        lambda gray: np.clip(1.4 * (gray.astype(float) - 128) + 128, 0, 255),
        lambda gray: cv2.GaussianBlur(gray, (0, 0), 1.0),
    ],
)
def test_other_light_and_contrast_are_the_same_photo(change):
    assert compared(change(GRAY)).is_same


def test_how_much_brighter_is_measured():
    assert compared(np.minimum(GRAY, 200) + 30).brighter == pytest.approx(30, abs=1)
    assert compared(GRAY) == (1.0, pytest.approx(1.0), 0.0, 0.0)


def test_another_photo_or_the_same_moved_is_not():
    coffee_gray = cv2.resize(cv2.cvtColor(coffee(), cv2.COLOR_RGB2GRAY), (512, 512))
    assert not compared(coffee_gray).is_same
    assert not compared(np.roll(GRAY, 12, axis=1)).is_same


def test_a_part_that_is_changed_lowers_the_share_alone():
    changed = GRAY.copy()
    changed[:100] = 128
    agreement = compared(changed)
    assert agreement.share == pytest.approx(0.8, abs=0.08)
    assert agreement.apart > 60


def test_what_is_not_seen_does_not_count_and_too_little_is_nothing():
    changed, mask = GRAY.copy(), MASK.copy()
    changed[:256], mask[:256] = 0, False
    assert compared(changed, mask).share > 0.97
    mask[:490] = False
    assert compared(GRAY, mask).share == 0.0


def test_pictures_with_hardly_any_texture_must_be_equal():
    flat = np.full(GRAY.shape, 200, dtype=np.uint8)
    flat[220:250, 220:250] = np.linspace(100, 255, 30).astype(np.uint8)
    other = flat.copy()
    other[120:160, 120:160] = 120
    assert agreement_of(Overlap(flat, flat.copy(), MASK)).is_same
    assert not agreement_of(Overlap(flat, other, MASK)).is_same

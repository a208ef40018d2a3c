"""Pictures as they are compared, and where their keypoints are in each orientation."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from clustimage.duplicates._orientation import ORIENTATIONS
from clustimage.duplicates._picture import MAX_PICTURES_HELD, Picture, PictureStore
from clustimage.duplicates._registration import register, share_inside


@pytest.fixture(scope="module")
def picture():
    return Picture(astronaut()[:400], 400, 512)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_keypoints_are_where_they_are_found_in_the_turned_picture(picture, orientation):
    """A picture of the turned pixels has the same ones, by SIFT itself."""
    turned = picture.turned(orientation)
    found = Picture(np.dstack([turned] * 3), *turned.shape).keypoints(0)
    warp = register(picture.keypoints(orientation), found)
    assert warp == pytest.approx(np.array([[1, 0, 0], [0, 1, 0]]), abs=0.6)
    assert len(picture.keypoints(orientation).points) > 100


def test_a_part_is_registered_where_it_lies():
    whole, part = astronaut(), astronaut()[60:460, 100:500]
    warp = register(Picture(whole, 512, 512).keypoints(0), Picture(part, 400, 400).keypoints(0))
    scale = 400 / 512  # both are as large when they are compared
    expected = [[scale, 0, 100 * 320 / 512], [0, scale, 60 * 320 / 512]]
    assert warp == pytest.approx(np.array(expected), abs=0.8)
    inside = share_inside((320, 320), (320, 320), warp)
    assert inside == pytest.approx((scale**2, 1.0), abs=0.02)


def test_a_picture_that_is_turned_by_some_degrees_is_not_registered():
    matrix = cv2.getRotationMatrix2D((256, 256), 8, 1.0)
    tilted = cv2.warpAffine(astronaut(), matrix, (512, 512))
    one, other = (Picture(pixels, 512, 512).keypoints(0) for pixels in (astronaut(), tilted))
    assert register(one, other) is None


def test_flat_pictures_have_no_keypoints_and_are_not_registered(picture):
    flat = Picture(np.full((50, 60, 3), 90, np.uint8), 50, 60)
    assert flat.keypoints(3).points.shape == (0, 2)
    assert register(picture.keypoints(0), flat.keypoints(0)) is None


def test_the_latest_pictures_are_held_and_others_read_again():
    reads = []
    store = PictureStore(lambda row: reads.append(row))
    for row in [0, 1, 0, *range(2, MAX_PICTURES_HELD + 1)]:
        assert store.get(row) is None
    assert reads == list(range(MAX_PICTURES_HELD + 1))
    store.get(0)  # was asked for after 1
    assert len(reads) == MAX_PICTURES_HELD + 1
    store.get(1)
    assert reads[-1] == 1

"""How well a face can be seen."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from clustimage.faces import Face
from clustimage.faces._crops import scale_face
from clustimage.faces._quality import face_quality
from clustimage.features._face import MIN_QUALITY

FACE = Face((79.0, 65.0, 95.0, 95.0), 1.0)


def at_size(photo, side):
    share = side / FACE.box[2]
    small = cv2.resize(photo, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    return face_quality(small, scale_face(FACE, share, share))


def test_a_clear_face_is_above_the_limit_and_a_blurred_one_below(portrait):
    assert face_quality(portrait, FACE) > MIN_QUALITY + 0.15
    blurred = cv2.GaussianBlur(portrait, (0, 0), 6)
    assert face_quality(blurred, FACE) < MIN_QUALITY


def test_it_falls_with_the_size_of_the_face(portrait):
    found = [at_size(portrait, side) for side in (95, 40, 20, 10)]
    assert found == sorted(found, reverse=True) and found[1] > MIN_QUALITY > found[3]


@pytest.mark.parametrize("light", [0.3, 0.7])
def test_light_hardly_matters(light, portrait):
    dark = (portrait * light).astype(np.uint8)
    assert face_quality(dark, FACE) == pytest.approx(face_quality(portrait, FACE), abs=0.02)


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (-30, -30, 20, 20), (250, 250, 90, 90)])
def test_any_box_has_one(box, portrait):
    assert 0 <= face_quality(portrait, Face(box, 1.0)) <= 1
    assert face_quality(np.full((64, 64, 3), 90, dtype=np.uint8), Face((2, 2, 9, 9), 1.0)) == 0

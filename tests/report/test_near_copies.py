"""Near copies are found among many images, and nothing else is."""

from __future__ import annotations

import cv2
import numpy as np

from clustimage import import_example
from clustimage.report import near_copies


def photos(n, seed=0):
    noise = np.random.default_rng(seed).integers(0, 256, (n, 6, 6, 3), dtype=np.uint8)
    return np.stack([cv2.resize(one, (48, 48), interpolation=cv2.INTER_CUBIC) for one in noise])


def test_resized_brightened_and_compressed_photos_are_copies():
    images = photos(60)
    small = cv2.resize(cv2.resize(images[3], (24, 24)), (48, 48))
    brighter = np.minimum(images[3].astype(int) + 4, 255).astype(np.uint8)
    saved = cv2.imdecode(cv2.imencode(".jpg", images[9], [cv2.IMWRITE_JPEG_QUALITY, 60])[1], 1)
    groups = near_copies(np.concatenate([images, [small, brighter, saved]]))
    assert groups[3] == groups[60] == groups[61] >= 0
    assert groups[9] == groups[62] >= 0 and groups[9] != groups[3]
    assert (groups >= 0).sum() == 5


def test_digits_of_the_same_kind_are_no_copies():
    X, _ = import_example("mnist")
    digits = (X[:600] * 15).astype(np.uint8).reshape(-1, 8, 8)
    assert (near_copies(digits) >= 0).mean() < 0.02
    twice = near_copies(np.concatenate([digits[:200], digits[:200]]))
    assert (twice[:200] == twice[200:]).all() and twice.min() >= 0


def test_images_of_one_colour_are_copies_of_the_same_colour():
    images = np.repeat(np.arange(0, 250, 50, dtype=np.uint8), 100).reshape(-1, 1, 1, 1)
    groups = near_copies(np.tile(images, (1, 4, 4, 1)))
    assert len(set(groups.tolist())) == 5
    assert near_copies(np.zeros((1, 4, 4, 3), dtype=np.uint8)).tolist() == [-1]
    assert near_copies(np.zeros((0, 4, 4, 3), dtype=np.uint8)).tolist() == []

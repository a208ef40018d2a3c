"""Pairs of hashes that are near: those that a comparison of all pairs finds, one by one."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage.duplicates._hash_pairs import N_PER_BLOCK, near_pairs
from clustimage.duplicates._hashes import Hashes, hash_distance, hash_images, turned_signs
from clustimage.duplicates._orientation import ORIENTATIONS, orient

N_IMAGES = N_PER_BLOCK + 40


@pytest.fixture(scope="module", params=[0.0, 0.4], ids=["all signs", "flat parts"])
def hashes(request):
    """Random hashes, of some of which there are turned versions with a few bits changed."""
    rng = np.random.default_rng(0)
    whole, inner = rng.choice(np.array([-1, 1], dtype=np.int8), (2, N_IMAGES, 128))
    whole[rng.random(whole.shape) < request.param] = 0
    for number in range(64):
        version = turned_signs(whole[number], number % 8)
        version[rng.choice(128, number // 2, replace=False)] *= -1
        whole[-1 - number] = version
    for number in range(64, 96):  # with a border
        inner[number] = turned_signs(whole[-1 - number], number % 4)
    return Hashes(whole, inner, np.arange(N_IMAGES) == 7)


@pytest.fixture(scope="module")
def distances(hashes):
    """The distance of every pair, one by one."""
    pairs = [(i, j) for j in range(N_IMAGES) for i in range(j) if 7 not in (i, j)]
    return {pair: hash_distance(hashes, *pair)[0] for pair in pairs}


@pytest.mark.parametrize("max_distance", [0, 12, 28])
def test_all_pairs_that_are_near_and_no_others_are_found(hashes, distances, max_distance):
    pairs = near_pairs(hashes, np.arange(N_IMAGES), max_distance)
    near = {pair for pair, distance in distances.items() if distance <= max_distance}
    assert set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == near
    assert len(near) > 2 * max_distance


def test_rows_are_those_that_were_asked_for(hashes):
    rows = np.r_[20:40, N_IMAGES - 30 : N_IMAGES]
    pairs = near_pairs(hashes, rows, 28)
    some = set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    assert {(i, N_IMAGES - 1 - i) for i in range(20, 30)} <= some
    assert set(pairs.first) | set(pairs.second) <= set(rows)


@pytest.mark.parametrize("rows", [[], [3]])
def test_no_image_or_one_are_in_no_pair(hashes, rows):
    assert len(near_pairs(hashes, np.array(rows, dtype=np.intp), 28).first) == 0


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_the_orientation_of_a_picture_is_found(orientation):
    rng = np.random.default_rng(1)
    picture = np.repeat(np.repeat(rng.integers(0, 255, (8, 8), dtype=np.uint8), 4, 0), 4, 1)
    turned = np.ascontiguousarray(orient(picture, orientation))
    pixels = np.stack([turned, picture])[..., np.newaxis]
    distance, found = hash_distance(hash_images(pixels), 0, 1)
    assert (distance, found) == (0, orientation)


def test_a_flat_background_tells_nothing():
    """Two things on white are as far apart as their own bits are."""
    rng = np.random.default_rng(2)
    pixels = np.full((2, 32, 32, 1), 255, dtype=np.uint8)
    pixels[:, 8:24, 8:24, 0] = np.repeat(
        np.repeat(rng.integers(0, 200, (2, 4, 4), dtype=np.uint8), 4, 1), 4, 2
    )
    hashes = hash_images(pixels)
    assert not hashes.is_flat.any() and np.mean(hashes.whole == 0) > 0.3
    assert hash_distance(hashes, 0, 1)[0] > 28


def test_flat_images_are_told():
    pixels = np.full((2, 16, 16, 3), 90, dtype=np.uint8)
    pixels[1, :, 8:] = 200
    assert hash_images(pixels).is_flat.tolist() == [True, True]

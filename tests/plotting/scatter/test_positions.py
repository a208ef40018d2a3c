"""Where the pictures of clusters go."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage.plotting.scatter._positions import MAX_HIDDEN_SHARE, position_pictures

BOX, ROOM = (40, 30), (400, 300)


def tight(k, n=25, spread=4.0, seed=0):
    """Centres apart from one another, and dots close around each."""
    rng = np.random.default_rng(seed)
    spots = np.array([(x, y) for x in range(60, 360, 70) for y in range(50, 260, 65)], dtype=float)
    centers, labels = spots[rng.permutation(len(spots))[:k]], np.arange(k).repeat(n)
    return centers, centers[labels] + rng.uniform(-spread, spread, (k * n, 2)), labels


def under(found, dots, box=BOX):
    """Which dots lie under any picture."""
    apart = np.abs(dots[:, None] - found.positions[None])
    return (apart < np.array(box) / 2).all(axis=2).any(axis=1)


@pytest.mark.parametrize("k", [1, 2, 9, 16])
def test_pictures_of_tight_clusters_lie_next_to_their_dots(k):
    centers, dots, labels = tight(k)
    found = position_pictures(centers, BOX, dots, labels, ROOM)
    assert found.hidden == 0 and not under(found, dots).any()
    assert np.hypot(*(found.positions - centers).T).max() < 60


def test_pictures_on_wide_clusters_stay_on_their_centres():
    centers, dots, labels = tight(3, n=200, spread=40)
    found = position_pictures(centers[:1], BOX, dots[:200], labels[:200], ROOM)
    np.testing.assert_array_equal(found.positions, centers[:1])
    share = under(found, dots[:200]).mean()
    assert found.hidden == pytest.approx(share) and 0 < share < MAX_HIDDEN_SHARE


def test_a_picture_moves_off_the_dots_of_a_small_cluster_inside_a_large_one():
    rng = np.random.default_rng(0)
    large = rng.uniform((100, 50), (300, 250), (500, 2))
    small = (200, 150) + rng.uniform(-3, 3, (5, 2))
    dots, labels = np.r_[large, small], np.repeat([0, 1], [500, 5])
    found = position_pictures(np.array([[200.0, 150]]), BOX, dots, labels, ROOM)
    assert not under(found, small).any() and found.hidden < MAX_HIDDEN_SHARE


@pytest.mark.parametrize("k", [1, 2, 9, 40])
def test_pictures_do_not_cover_each_other(k):
    rng = np.random.default_rng(0)
    centers = rng.uniform(100, 300, (k, 2))
    found = position_pictures(centers, BOX, centers, np.arange(k), ROOM)
    apart = np.abs(found.positions[:, None] - found.positions[None])
    free = (apart >= np.array(BOX) - 1e-6).any(axis=2)
    assert free[~np.eye(k, dtype=bool)].all()


def test_pictures_stay_on_the_map_even_at_its_corners():
    centers = np.array([[2.0, 2], [398, 298], [2, 298], [398, 2]])
    positions = position_pictures(centers, BOX, centers, np.arange(4), ROOM).positions
    half = np.array(BOX) / 2
    assert (positions >= half).all() and (positions <= np.array(ROOM) - half).all()


def test_a_picture_larger_than_the_map_lies_in_its_middle():
    center = np.array([[10.0, 10]])
    found = position_pictures(center, (500, 400), center, np.zeros(1, dtype=int), ROOM)
    np.testing.assert_allclose(found.positions, [[200, 150]])


def test_too_many_pictures_all_have_a_position_and_equal_input_gives_equal_places():
    centers, dots, labels = tight(16)
    once, again = (position_pictures(centers, (120, 90), dots, labels, ROOM) for _ in range(2))
    np.testing.assert_array_equal(once.positions, again.positions)
    assert np.isfinite(once.positions).all() and once.hidden > MAX_HIDDEN_SHARE


def test_a_map_without_dots_or_pictures():
    nothing, none = np.zeros((0, 2)), np.zeros(0, dtype=int)
    assert position_pictures(nothing, BOX, nothing, none, ROOM).hidden == 0
    center = np.array([[200.0, 150]])
    positions = position_pictures(center, BOX, nothing, none, ROOM).positions
    np.testing.assert_array_equal(positions, center)

from __future__ import annotations

import numpy as np
import pytest

from clustimage.duplicates import _hash_bands
from clustimage.duplicates._hash_bands import (
    BandMembers,
    are_flat,
    band_values,
    pack_signs,
    pairs_in_band,
    unpack_signs,
)
from clustimage.duplicates._hash_pairs import are_near, near_pairs
from clustimage.duplicates._hashes import Hashes, is_flat, turned_signs

N = 120


@pytest.fixture
def hashes():
    """Random hashes with unset bits, of which the second half are turned versions of the first."""
    rng = np.random.default_rng(0)
    whole, inner = rng.choice(np.array([-1, 0, 1], np.int8), (2, N, 128), p=[0.45, 0.1, 0.45])
    for row in range(N // 2):
        turned = turned_signs(whole[row], row % 8)
        turned[rng.choice(128, row % 30, replace=False)] *= -1
        whole[row + N // 2] = turned
        if row % 7 == 0:  # what is left without a margin
            inner[row + N // 2] = whole[row]
            whole[row + N // 2] = rng.choice(np.array([-1, 1], np.int8), 128)
    whole[5], whole[6] = 0, 0
    return Hashes(whole, inner, is_flat(whole))


def members_of(hashes, rows=None):
    rows = np.flatnonzero(~hashes.is_flat) if rows is None else rows
    packed = [pack_signs(signs[rows]) for signs in (hashes.whole, hashes.inner)]
    here = np.ones(len(rows), bool)
    return BandMembers(rows.astype(np.int64), *packed, here, here)


def pairs_of(pairs):
    return set(zip(*np.asarray(pairs).tolist(), strict=True))


@pytest.mark.parametrize("max_distance", [12, 28])
def test_pairs_are_near_that_are_near_among_all(hashes, max_distance):
    first, second = np.triu_indices(N, 1)
    near = are_near(hashes, first, second, max_distance)
    expected = near_pairs(hashes, np.arange(N), max_distance)
    assert len(expected.first) > 20
    assert pairs_of([first[near], second[near]]) == pairs_of(expected)


def test_no_pairs_are_none(hashes):
    nothing = np.zeros(0, np.intp)
    assert are_near(hashes, nothing, nothing, 28).tolist() == []


def test_an_image_has_the_value_of_its_turned_and_mirrored_copies(hashes):
    packed = pack_signs(hashes.whole)
    expected = band_values(packed, 3, 20)
    assert len(np.unique(expected)) > N // 2
    for orientation in range(8):
        turned = pack_signs(turned_signs(hashes.whole, orientation))
        np.testing.assert_array_equal(band_values(turned, 3, 20), expected)
    upright = band_values(packed, 3, 20, (0,))
    assert (upright >= expected).all()
    assert (upright > expected).any()


def test_bands_of_more_bits_than_a_float_has_are_exact(hashes):
    rng = np.random.default_rng([1, _hash_bands.N_BANDS])
    bits = rng.choice(128, 30, replace=False)
    expected = [int("".join(map(str, row)), 2) for row in (hashes.whole[:, bits] > 0).astype(int)]
    assert band_values(pack_signs(hashes.whole), 1, 30, (0,)).tolist() == expected


def test_bands_find_most_of_what_is_near_and_nothing_else(hashes):
    expected = pairs_of(near_pairs(hashes, np.arange(N), 28))
    found = set()
    for band in range(_hash_bands.N_BANDS):
        found |= pairs_of(pairs_in_band(members_of(hashes), band, 12, 28))
    assert found <= expected
    assert len(found) > 0.8 * len(expected)
    with_inner = {(row, row + N // 2) for row in range(0, N // 2, 7)}
    assert with_inner <= found


def test_upright_bands_leave_turned_images_out(hashes):
    found = set()
    for band in range(_hash_bands.N_BANDS):
        found |= pairs_of(pairs_in_band(members_of(hashes), band, 12, 28, (0,)))
    assert (8, 8 + N // 2) in found  # upright
    assert (9, 9 + N // 2) not in found


def test_many_images_of_one_hash_are_compared_with_five_of_them(hashes):
    rows = np.r_[np.full(50, 10), 11, 12]
    members = members_of(hashes, rows)._replace(ids=np.arange(100, 152))
    found = pairs_of(pairs_in_band(members, 0, 12, 28))
    assert len(found) == 10 + 45 * 5
    assert {second for _, second in found} == set(range(101, 150))
    assert max(first for first, _ in found) == 104
    assert len(pairs_of(pairs_in_band(members, 1, 12, 28))) == 10


def test_images_with_one_value_are_compared_with_some_after_them(hashes, monkeypatch):
    members = members_of(hashes)
    whole = pairs_of(pairs_in_band(members, 0, 4, 28))
    monkeypatch.setattr(_hash_bands, "MAX_COMPARED", 8)
    some = pairs_of(pairs_in_band(members, 0, 4, 28))
    assert 0 < len(some) < len(whole)
    assert some < whole


def test_no_members_have_no_pairs(hashes):
    nothing = members_of(hashes, np.zeros(0, np.intp))
    assert pairs_in_band(nothing, 0, 12, 28).shape == (2, 0)


def test_packed_hashes_are_unpacked_as_they_were(hashes):
    packed = pack_signs(hashes.whole)
    assert packed.shape == (N, 32)
    np.testing.assert_array_equal(unpack_signs(packed), hashes.whole)
    assert np.flatnonzero(are_flat(packed)).tolist() == [5, 6]

"""Clusters keep their numbers and names by the images that they share with those of before."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from sklearn.metrics.cluster import contingency_matrix

from clustimage.corrections import keep_numbers, match_clusters, match_names


def stay(old, new, matched):
    """How many images stay in their cluster."""
    return sum(int(((new == a) & (old == b)).sum()) for a, b in matched.items())


@pytest.mark.parametrize("seed", range(5))
def test_as_many_images_stay_as_by_the_best_of_all_assignments(seed):
    rng = np.random.default_rng(seed)
    old, new = rng.integers(0, 4, 60), rng.integers(0, 4, 60)
    matched = match_clusters(old, new)
    best = max(
        stay(old, new, dict(zip(range(4), order, strict=True)))
        for order in itertools.permutations(range(4))
    )
    assert stay(old, new, matched) == best
    assert len(set(matched.values())) == len(matched)


@pytest.mark.parametrize("seed", range(5))
def test_the_assignment_is_that_of_scipy_on_the_contingency_matrix(seed):
    rng = np.random.default_rng(seed)
    old, new = rng.integers(0, 6, 300), rng.integers(0, 9, 300)
    table = contingency_matrix(new, old)
    rows, columns = linear_sum_assignment(table, maximize=True)
    assert match_clusters(old, new) == dict(zip(rows.tolist(), columns.tolist(), strict=True))


def test_largest_overlap_one_by_one_would_keep_fewer():
    # 0 shares most with 0, but then 1 is left with nothing: the best is the other way round.
    old = np.array([0] * 10 + [1] * 9)
    new = np.array([0] * 5 + [1] * 5 + [0] * 4 + [0] * 5)
    assert match_clusters(old, new) == {1: 0, 0: 1}


def test_images_in_no_cluster_do_not_count():
    old, new = np.array([0, 0, -1, -1, -1]), np.array([1, -1, 0, 0, 0])
    assert match_clusters(old, new) == {1: 0}


def test_clusters_without_a_shared_image_are_not_matched():
    assert match_clusters(np.array([0, -1]), np.array([-1, 0])) == {}
    assert match_clusters(np.array([-1]), np.array([-1])) == {}


def test_clusters_with_names_are_matched_before_all_others():
    # By number alone the new 0 is the old 0, with three images; the old 1 has a name and one.
    old, new = np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0])
    assert match_clusters(old, new) == {0: 0}
    assert match_clusters(old, new, {1: "beach"}) == {0: 1}


@pytest.mark.parametrize("seed", range(5))
def test_numbers_stay_when_only_they_have_changed(seed):
    rng = np.random.default_rng(seed)
    old = rng.choice([-1, 0, 2, 5, 9], 80)
    other = np.array([4, 0, 1, 7, -1])
    new = other[np.searchsorted([0, 2, 5, 9], old)]
    new[old < 0] = -1
    assert keep_numbers(old, new).tolist() == old.tolist()


def test_new_clusters_get_numbers_that_none_has():
    old, new = np.array([0, 0, 4, 4, -1, -1]), np.array([1, 1, 0, 0, 2, 3])
    assert keep_numbers(old, new).tolist() == [0, 0, 4, 4, 5, 6]
    assert keep_numbers(old, new, above=10).tolist() == [0, 0, 4, 4, 11, 12]


def test_a_cluster_that_falls_apart_leaves_its_number_to_the_larger_part():
    assert keep_numbers(np.array([0] * 5), np.array([0, 0, 1, 1, 1])).tolist() == [1, 1, 0, 0, 0]


def test_clusters_that_become_one_have_the_number_of_the_larger_one():
    assert keep_numbers(np.array([0, 1, 1]), np.array([0, 0, 0])).tolist() == [1, 1, 1]


def test_what_is_given_is_not_changed():
    old, new = np.array([1, 1, 0]), np.array([0, 0, 1])
    assert keep_numbers(old, new).tolist() == [1, 1, 0]
    assert new.tolist() == [0, 0, 1]


def test_without_data_stays_what_it_is():
    assert keep_numbers(np.array([0, -2]), np.array([0, -2])).tolist() == [0, -2]


def test_a_name_goes_to_the_cluster_with_most_of_its_images():
    labels = np.array([0, 0, 1, 1, 1, -1])
    assert match_names(labels, {"lake": np.array([1, 2, 3])}) == ({1: "lake"}, [])


def test_no_cluster_has_two_names_and_the_one_with_fewer_images_is_lost():
    labels = np.array([0, 0, 0, 1])
    members = {"few": np.array([0]), "many": np.array([1, 2])}
    assert match_names(labels, members) == ({0: "many"}, ["few"])


def test_a_name_without_images_is_lost():
    labels = np.array([0, -1])
    members = {"outside": np.array([1]), "gone": np.array([], dtype=int)}
    assert match_names(labels, members) == ({}, ["outside", "gone"])
    assert match_names(labels, {}) == ({}, [])

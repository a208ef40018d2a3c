"""Pairs become groups, and one false pair joins none."""

from __future__ import annotations

from itertools import combinations

import pytest

from clustimage.duplicates._linking import components, join


def test_components_are_those_of_the_graph():
    assert components([(7, 2), (3, 9), (2, 5)]) == [[2, 5, 7], [3, 9]]
    assert components([]) == []


def test_one_false_pair_joins_no_two_groups():
    one, other = [0, 1, 2, 3], [4, 5, 6, 7]
    pairs = {*combinations(one, 2), *combinations(other, 2), (3, 4)}
    assert join([*one, *other], pairs) == [one, other]


def test_half_of_the_pairs_are_enough():
    pairs = {(0, 1), (2, 3), (0, 2), (1, 3)}
    assert join([0, 1, 2, 3], pairs) == [[0, 1, 2, 3]]


@pytest.mark.parametrize("pairs", [{(0, 1), (1, 2)}, {(0, 1), (1, 2), (2, 3)}])
def test_a_chain_leaves_groups_of_two_or_more(pairs):
    rows = sorted({row for pair in pairs for row in pair})
    groups = join(rows, pairs)
    assert all(len(group) > 1 for group in groups)
    assert sorted(row for group in groups for row in group) == sorted(
        {row for group in groups for row in group}
    )

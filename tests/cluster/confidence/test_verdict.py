"""Verdicts on clear groups, on one cloud, and on hardly any images."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage.cluster import search_k
from clustimage.cluster.confidence._verdict import judge


def procedure(rows, positions, k):
    exactly = {} if k is None else {"n_clusters": k}
    return search_k(rows, **exactly).labels


def groups(n_each=25, distance=6.0, k=5, d=15, seed=0):
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(k), n_each)
    return (distance * np.eye(k, d)[y] + rng.normal(size=(len(y), d))).astype(np.float32), y


def test_clear_groups_have_high_confidence_and_one_cloud_has_none():
    rows, y = groups()
    verdict, resampling = judge(rows, y, procedure)
    assert verdict.confidence == "high"
    assert verdict.k == 5
    assert verdict.k_range == (5, 5)
    assert "5 clear groups" in verdict.why
    assert resampling.jaccard.min() > 0.95
    cloud = np.random.default_rng(0).normal(size=(150, 15))
    verdict, _ = judge(cloud, procedure(cloud, None, None), procedure)
    assert verdict.confidence == "no groups"
    assert "no clear groups" in verdict.why


def test_labels_at_random_have_no_confidence_even_where_there_are_groups():
    rows, y = groups()
    verdict, _ = judge(rows, np.random.default_rng(0).permutation(y), procedure)
    assert verdict.confidence == "no groups"


def test_few_images_are_judged_without_subsamples():
    rows, y = groups(n_each=8)
    verdict, resampling = judge(rows, y, procedure)
    assert resampling is None
    assert verdict.stability is None
    assert "too few images" in verdict.why
    assert verdict.confidence == "high"


@pytest.mark.parametrize(
    "rows",
    [np.zeros((80, 4)), np.zeros((2, 4)), np.arange(2.0)[:, None], np.zeros((1, 3))],
    ids=["equal", "two equal", "two", "one"],
)
def test_images_without_any_structure_have_a_verdict(rows):
    verdict, _ = judge(rows, np.zeros(len(rows), dtype=int), procedure)
    assert verdict.confidence == "no groups"
    verdict, _ = judge(rows, np.arange(len(rows)) % 2, procedure=None)
    assert verdict.confidence == "no groups"


def test_the_oddest_images_are_those_far_from_the_others():
    rows, y = groups()
    rows[[3, 77]] += 40
    verdict, _ = judge(rows, y, procedure)
    assert {3, 77} <= set(verdict.oddest)
    assert not {3, 77} & set(verdict.typical)


def test_of_many_images_a_sample_is_judged_and_the_same_seed_judges_the_same(monkeypatch):
    monkeypatch.setattr("clustimage.cluster.confidence._verdict.MAX_ROWS_JUDGED", 200)
    rows, y = groups(n_each=80)
    first, second = (judge(rows, y, procedure, n_clusters=5)[0] for _ in range(2))
    assert first == second
    assert first.n_judged == 200
    assert first.confidence == "high"
    assert max(first.typical + first.oddest) > 200

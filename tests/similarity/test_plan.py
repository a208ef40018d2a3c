"""What is said of the memory is about what is taken."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from clustimage._core.errors import InvalidParameterError, MemoryLimitError
from clustimage._core.memory import Budget
from clustimage.similarity import (
    METRICS,
    NullDistribution,
    RowIndex,
    find_similar,
    pick_unique,
    plan_find,
    plan_unique,
)


def _peak(work) -> int:
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize("n_queries", [1, 40])
@pytest.mark.parametrize("metric", ["euclidean", "correlation", "cityblock"])
def test_find_takes_no_more_than_the_plan_says(metric, n_queries):
    feat = np.random.default_rng(0).normal(size=(30_000, 24)).astype(np.float32)
    null = NullDistribution("uniform", {"loc": 0.0, "scale": 9.0}, metric)

    def find() -> None:
        index = RowIndex.build(feat, metric)
        find_similar(feat, feat[:n_queries], k=5, null=null, metric=metric, index=index)

    step = plan_find(*feat.shape, metric=metric, n_queries=n_queries)
    assert step.peak / 12 < _peak(find) < step.peak


@pytest.mark.parametrize("metric", METRICS)
def test_plan_of_find_knows_what_the_index_keeps(metric):
    feat = np.random.default_rng(0).normal(size=(500, 24)).astype(np.float32)
    step = plan_find(*feat.shape, metric=metric)
    assert step.stage == "find" and not step.problem
    assert 0 <= step.kept - RowIndex.build(feat, metric).n_bytes <= 4 * 24


def test_find_says_before_the_work_what_it_takes():
    feat = np.random.default_rng(0).normal(size=(5000, 24)).astype(np.float32)
    step = plan_find(*feat.shape, Budget(1_000_000))
    assert "Finding images among 5,000 takes about" in step.problem
    with pytest.raises(MemoryLimitError) as caught:
        find_similar(feat, feat[:1], budget=Budget(1_000_000))
    assert str(caught.value) == step.problem
    enough = Budget(step.peak)
    assert not plan_find(*feat.shape, enough).problem
    assert len(find_similar(feat, feat[:1], budget=enough)) == 1


def test_index_that_is_there_already_is_not_counted_twice():
    pytest.importorskip("faiss")
    feat = np.random.default_rng(0).normal(size=(20_000, 64)).astype(np.float32)
    index = RowIndex.build(feat)
    index.approximate()
    first = plan_find(*feat.shape, approximate=True)
    again = plan_find(*feat.shape, approximate=True, built=index.n_bytes)
    assert 0 <= first.kept - index.n_bytes <= 4 * 64 and again.kept <= 4 * 64
    budget = Budget(again.peak + index.n_bytes, held=index.n_bytes)
    null = NullDistribution("uniform", {"loc": 0.0, "scale": 9.0})
    ask = {"k": 3, "alpha": None, "null": null, "approximate": True, "budget": budget}
    assert len(find_similar(feat, feat[:1], index=index, **ask)) == 1
    with pytest.raises(MemoryLimitError):
        find_similar(feat, feat[:1], **ask)


def test_plan_of_find_refuses_what_find_refuses():
    with pytest.raises(InvalidParameterError, match="Got metric='hamming'"):
        plan_find(10, 3, metric="hamming", approximate=True)
    with pytest.raises(InvalidParameterError, match="'metric' must be one of"):
        plan_find(10, 3, metric="l2")


def test_unique_takes_no_more_than_the_plan_says():
    rng = np.random.default_rng(0)
    feat = rng.normal(size=(6000, 24)).astype(np.float32)
    labels, pixels = rng.integers(0, 300, 6000), rng.integers(0, 256, (6000, 768), dtype=np.uint8)
    step = plan_unique(6000, 24, 768, n_clusters=300)
    assert step.peak / 5 < _peak(lambda: pick_unique(feat, labels, pixels=pixels)) < step.peak
    assert step.kept == 300 * (768 + 32)


def test_less_memory_means_more_passes_and_the_same_mean_images():
    rng = np.random.default_rng(0)
    labels, pixels = rng.integers(-1, 900, 2000), rng.integers(0, 256, (2000, 48, 48), np.uint8)
    feat = rng.normal(size=(2000, 3))
    roomy = plan_unique(2000, 3, 48 * 48, n_clusters=900)
    tight = Budget(11_000_000)
    step = plan_unique(2000, 3, 48 * 48, tight, n_clusters=900)
    assert roomy.why == "900 of 900 mean images per pass"
    assert step.why == "298 of 900 mean images per pass"
    few = pick_unique(feat, labels, pixels=pixels, budget=tight)["img_mean"]
    np.testing.assert_array_equal(few, pick_unique(feat, labels, pixels=pixels)["img_mean"])


def test_unique_says_before_the_work_what_it_takes():
    step = plan_unique(5000, 24, 3072, Budget(1_000_000))
    assert "for each of about 50 clusters takes about" in step.problem
    pixels = np.zeros((500, 3072), dtype=np.uint8)
    with pytest.raises(MemoryLimitError, match="for each of 2 clusters takes about"):
        pick_unique(np.eye(500), np.arange(500) % 2, pixels=pixels, budget=Budget(1_000_000))

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
    _mean_images,
    find_similar,
    pick_unique,
    plan_find,
    plan_unique,
)
from clustimage.similarity._faiss import approximate_bytes


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


def test_less_memory_means_more_passes_and_the_same_mean_images(monkeypatch):
    rng = np.random.default_rng(0)
    labels, pixels = rng.integers(-1, 900, 2000), rng.integers(0, 256, (2000, 48, 48), np.uint8)
    feat = rng.normal(size=(2000, 3))
    roomy = plan_unique(2000, 3, 48 * 48, n_clusters=900)
    tight = Budget(11_000_000)
    step = plan_unique(2000, 3, 48 * 48, tight, n_clusters=900)
    assert roomy.why == "900 of 900 mean images per pass"
    assert step.why == "298 of 900 mean images per pass"
    passes, real = [], _mean_images.file_blocks
    monkeypatch.setattr(_mean_images, "file_blocks", lambda *args: passes.append(1) or real(*args))
    few = pick_unique(feat, labels, pixels=pixels, budget=tight)["img_mean"]
    assert len(passes) == 3  # 794 of the labels occur
    np.testing.assert_array_equal(few, pick_unique(feat, labels, pixels=pixels)["img_mean"])


def test_unique_says_before_the_work_what_it_takes():
    step = plan_unique(5000, 24, 3072, Budget(1_000_000))
    assert "for each of about 50 clusters takes about" in step.problem
    pixels = np.zeros((500, 3072), dtype=np.uint8)
    with pytest.raises(MemoryLimitError, match="for each of 2 clusters takes about"):
        pick_unique(np.eye(500), np.arange(500) % 2, pixels=pixels, budget=Budget(1_000_000))


@pytest.mark.parametrize("n, d", [(20_000, 4), (3000, 300)])
def test_unique_without_images_takes_no_more_than_the_plan_says(n, d):
    rng = np.random.default_rng(0)
    feat, labels = rng.normal(size=(n, d)).astype(np.float32), np.zeros(n, dtype=int)
    step = plan_unique(n, d, n_clusters=1)
    assert step.peak / 3 < _peak(lambda: pick_unique(feat, labels)) < step.peak
    assert step.kept == 32


def test_the_plan_of_unique_says_what_is_done():
    step = plan_unique(5000, 24, 768, n_clusters=300)
    assert (step.stage, step.problem) == ("unique", "")
    assert step.what == (
        "the image nearest to the centre of each of 300 clusters, and its mean image"
    )
    assert step.why == "300 of 300 mean images per pass"
    features = plan_unique(5000, 24, n_clusters=1)
    assert features.what == "the image nearest to the centre of each of 1 clusters"
    assert features.why == "" and features.kept == 32


def test_the_number_of_clusters_is_guessed_where_it_is_not_known():
    """A hundredth of the images, 25 at least, and no more than there are images."""
    for n, guessed in ((60_000, 600), (2600, 26), (2599, 25), (300, 25), (7, 7), (0, 1)):
        step = plan_unique(n, 24)
        assert step.kept == 32 * guessed
        assert step.what.endswith(f"each of about {guessed:,} clusters")
    assert plan_unique(10, 24, n_clusters=50).kept == 32 * 10


def test_unique_takes_labels_and_blocks_of_features_or_images():
    """The labels and members in int64; a block twice, or images, their sums and their means."""
    assert plan_unique(3000, 300, n_clusters=1).peak == 32 + 40 * 3000 + 2 * 12 * 3000 * 300
    for n_clusters in (1, 100):
        step = plan_unique(5000, 24, 768, n_clusters=n_clusters)
        images = 5000 * 768 + (257 + 4 * n_clusters + 16) * 768
        assert step.peak == step.kept + 40 * 5000 + images


def test_unique_does_what_its_plan_says_and_no_more():
    feat, labels = np.zeros((500, 1)), np.arange(500) % 2
    pixels = np.zeros((500, 16, 64, 3), dtype=np.uint8)
    for n_pixels, options in ((0, {}), (3072, {"pixels": pixels})):
        enough = plan_unique(500, 1, n_pixels, n_clusters=2).peak
        pick_unique(feat, labels, budget=Budget(enough), **options)
        with pytest.raises(MemoryLimitError) as wrong:
            pick_unique(feat, labels, budget=Budget(enough // 2), **options)
        problem = plan_unique(500, 1, n_pixels, Budget(enough // 2), n_clusters=2).problem
        assert str(wrong.value) == problem


def test_the_plan_of_unique_names_its_work_where_it_does_not_fit():
    step = plan_unique(5000, 24, 3072, Budget(1_000_000), n_clusters=40)
    assert step.problem.startswith("Choosing an image for each of 40 clusters takes about")


@pytest.mark.parametrize("metric", ["euclidean", "cityblock"])
def test_the_plan_of_find_says_what_is_done(metric):
    step = plan_find(60_000, 217, metric=metric)
    how = "by products of matrices" if metric == "euclidean" else "pair by pair"
    assert (step.stage, step.what) == ("find", f"all distances, exactly, {how}")
    assert step.why == f"metric='{metric}'; 52.1 MB of features"
    assert step.kept == (8 * 60_000 + 4 * 217 if metric == "euclidean" else 0)
    small = plan_find(60_000, 217, Budget(10**6), metric=metric)
    assert small.problem.startswith("Finding images among 60,000 takes about")
    assert "approximate" not in small.problem


def test_the_plan_of_an_approximate_index_says_so():
    step = plan_find(60_000, 217, approximate=True)
    assert step.what == "most of the nearest, by an index of faiss"
    lists, more = approximate_bytes(60_000, 217)
    assert step.kept == lists + 8 * 60_000 + 4 * 217
    assert step.peak == lists + more + 8 * 60_000 + 4 * 217
    small = plan_find(60_000, 217, Budget(10**6), approximate=True)
    assert small.problem.startswith(
        "Finding images among 60,000 by an approximate index takes about"
    )
    assert small.problem.endswith(
        "Or use approximate=False, which is exact and needs no such index."
    )


def test_what_is_there_already_is_left_out_of_the_plan():
    plain = plan_find(5000, 24)
    for built in (1000, plain.kept):
        step = plan_find(5000, 24, built=built)
        assert (plain.peak - step.peak, plain.kept - step.kept) == (built, built)
    assert plan_find(5000, 24, built=10**9).kept == 0


def test_more_queries_take_more_until_they_are_worked_through_in_batches():
    """32 bytes for each distance of a batch, and 16 for each number of a query."""
    peaks = [plan_find(30_000, 24, n_queries=q).peak for q in (50, 100, 1000, 2000)]
    assert peaks[1] - peaks[0] == 50 * (32 * 30_000 + 16 * 24)
    assert peaks[3] - peaks[2] == 1000 * 16 * 24


def test_find_takes_blocks_distances_and_what_the_index_is_built_with():
    """Blocks of features three times in float64; 72 bytes for each image and query."""
    blocks = 3 * 8 * 1000 * 8 + 16 * 8
    assert plan_find(1000, 8, metric="cityblock").peak == blocks + 72 * 1000
    assert plan_find(1000, 8).peak == blocks + 72 * 1000 + 8 * 1000 + 4 * 8
    n = 10_000_000  # of so many the index takes more than the answers
    assert plan_find(n, 8).peak == 3 * 2**24 + 16 * 8 + 72 * n + 8 * n + 4 * 8
    assert plan_find(n, 8, metric="cityblock").peak == 3 * 2**24 + 16 * 8 + 2**27 + 40 * n

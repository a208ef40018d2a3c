"""The approximate index: what it finds, what it cannot do, and what it needs."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from clustimage._core.errors import InvalidParameterError, MemoryLimitError, MissingDependencyError
from clustimage._core.memory import Budget, format_bytes
from clustimage._distances.metrics import PRODUCT_METRICS
from clustimage.similarity import METRICS, NullDistribution, RowIndex, find_similar
from clustimage.similarity._faiss import (
    ApproximateIndex,
    approximate_bytes,
    check_approximate_metric,
)


@pytest.fixture(scope="module")
def feat() -> np.ndarray:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(30, 24)) * 2
    return (centres[rng.integers(0, 30, 6000)] + rng.normal(size=(6000, 24))).astype(np.float32)


def _null(metric: str) -> NullDistribution:
    return NullDistribution("uniform", {"loc": 0.0, "scale": 9.0}, metric)


def _find(feat, queries, metric="euclidean", **params):
    params = {"k": 10, "alpha": None, "null": _null(metric), "metric": metric, **params}
    return find_similar(feat, queries, **params)


@pytest.mark.parametrize("metric", PRODUCT_METRICS)
def test_nearly_all_of_the_nearest_are_found_and_their_distances_are_exact(metric, feat):
    pytest.importorskip("faiss")
    index = RowIndex.build(feat, metric)
    queries = feat[::40] + np.float32(0.2)
    near = _find(feat, queries, metric, index=index, approximate=True)
    exact = _find(feat, queries, metric, index=index)
    shared = 0
    for one, other in zip(near, exact, strict=True):
        assert one["y_idx"].shape == (10,)
        both, here, there = np.intersect1d(one["y_idx"], other["y_idx"], return_indices=True)
        np.testing.assert_array_equal(one["distance"][here], other["distance"][there])
        np.testing.assert_array_equal(one["y_proba"][here], other["y_proba"][there])
        assert (np.diff(one["distance"]) >= 0).all()
        shared += len(both)
    assert shared / (10 * len(queries)) > 0.95


def test_index_is_built_once_and_gives_the_same_answer_again(feat):
    pytest.importorskip("faiss")
    index = RowIndex.build(feat)
    before = index.n_bytes
    first = _find(feat, feat[:5], index=index, approximate=True)
    assert index.approximate() is index.approximate()
    assert index.n_bytes == before + approximate_bytes(*feat.shape)[0]
    for other in (index, RowIndex.build(feat), None):
        again = _find(feat, feat[:5], index=other, approximate=True)
        for one, two in zip(first, again, strict=True):
            np.testing.assert_array_equal(one["y_idx"], two["y_idx"])


@pytest.mark.parametrize("k", [1, 50, 400])
@pytest.mark.parametrize("n", [400, 3000])
def test_as_many_are_found_as_are_asked_for(n, k, feat):
    """Where the lists that are searched hold too few, all rows are measured."""
    pytest.importorskip("faiss")
    for answer in _find(feat[:n], feat[:9], k=k, approximate=True):
        assert len(np.unique(answer["y_idx"])) == k
        assert answer["distance"][0] == 0


@pytest.mark.parametrize("metric", PRODUCT_METRICS)
def test_where_the_searched_lists_hold_too_few_the_answer_is_exact(metric, feat):
    """Of 3,000 rows in 54 lists 32 are searched."""
    pytest.importorskip("faiss")
    index = RowIndex.build(feat[:3000], metric)
    assert max(map(len, index.approximate().search(feat[:4], 2900))) < 2900
    near = _find(index.rows, feat[:4], metric, k=2900, index=index, approximate=True)
    exact = _find(index.rows, feat[:4], metric, k=2900, index=index)
    for one, other in zip(near, exact, strict=True):
        for key in ("y_idx", "distance", "y_proba"):
            np.testing.assert_array_equal(one[key], other[key])


@pytest.mark.parametrize("metric", PRODUCT_METRICS)
@pytest.mark.parametrize(
    "rows",
    [np.ones((1, 3)), np.zeros((40, 3)), np.repeat(np.eye(3), 30, axis=0) * 1e-30],
    ids=["one", "zeros", "tiny"],
)
def test_awkward_features_are_indexed(rows, metric):
    pytest.importorskip("faiss")
    answer = _find(rows, rows[:2], metric, k=1, approximate=True)
    assert answer[0]["distance"].tolist() == [0]


@pytest.mark.parametrize("metric", sorted(set(METRICS) - set(PRODUCT_METRICS)))
def test_other_metrics_raise_and_say_which_can_be_had(metric, feat):
    with pytest.raises(InvalidParameterError, match=f"'euclidean'.*Got metric='{metric}'"):
        _find(feat, feat[:1], metric, approximate=True)


def test_significantly_near_images_are_not_approximated(feat):
    with pytest.raises(InvalidParameterError, match=r"Give alpha=None.*Got alpha=0.05"):
        _find(feat, feat[:1], alpha=0.05, approximate=True)
    with pytest.raises(InvalidParameterError, match="Give 'k'"):
        _find(feat, feat[:1], k=None, approximate=True)


def test_missing_package_names_the_extra(feat, monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(
        MissingDependencyError, match=r"approximate=True .*pip install 'clustimage\[index\]'"
    ):
        _find(feat, feat[:1], approximate=True)


def test_budget_that_is_too_small_raises_before_the_work(feat, monkeypatch):
    pytest.importorskip("faiss")
    with pytest.raises(
        MemoryLimitError, match="among 6,000 by an approximate index .*approximate=False"
    ):
        _find(feat, feat[:1], approximate=True, budget=Budget(100_000))
    assert len(_find(feat, feat[:1], approximate=True, budget=Budget(100_000_000))) == 1


@pytest.mark.parametrize("metric", PRODUCT_METRICS)
def test_few_rows_are_searched_as_a_whole(metric, feat):
    """With 32 lists or fewer all are searched: the nearest and 16 more, exactly."""
    pytest.importorskip("faiss")
    rows = feat[:1000]
    index = ApproximateIndex.build(rows, metric)
    assert (index.lists.nlist, index.lists.nprobe) == (31, 31)
    apart = cdist(rows[:9], rows, metric)
    for query, found in enumerate(index.search(rows[:9], 5)):
        assert found.dtype == np.int64 and (np.diff(found) > 0).all() and len(found) == 21
        # As float32 the last of them may be another one.
        nearest = np.argsort(apart[query], kind="stable")
        assert set(nearest[:19]) <= set(found.tolist()) <= set(nearest[:24])


def test_one_list_in_sixteen_is_searched_and_32_at_least(feat):
    pytest.importorskip("faiss")
    for n, n_lists, n_searched in ((1, 1, 1), (1024, 32, 32), (1089, 33, 32), (360_000, 600, 37)):
        rows = np.resize(feat[:, :2], (n, 2))
        if n > 6000:
            rows = rows + np.random.default_rng(0).random((n, 2), dtype=np.float32)
        lists = ApproximateIndex.build(rows, "euclidean").lists
        assert (lists.nlist, lists.nprobe, lists.ntotal, lists.d) == (n_lists, n_searched, n, 2)


def test_scale_and_location_of_the_features_do_no_harm(feat):
    """In float32 the squares of such numbers would be infinite, or all equal."""
    pytest.importorskip("faiss")
    plain = ApproximateIndex.build(feat[:2000].astype(np.float64), "euclidean")
    expected = [at.tolist() for at in plain.search(feat[:5].astype(np.float64), 5)]
    far = 1e8 * np.arange(24)
    for change in (lambda rows: rows * 1e30, lambda rows: rows * 1e-30, lambda rows: rows + far):
        rows = change(feat[:2000].astype(np.float64))
        found = ApproximateIndex.build(rows, "euclidean").search(rows[:5], 5)
        for at, other in zip(found, expected, strict=True):
            assert len(set(at.tolist()) & set(other)) >= 19


def test_the_mean_of_large_values_of_float32_is_no_infinity(feat):
    pytest.importorskip("faiss")
    rows = np.float32(1e37) * (10 + feat)
    expected = [at.tolist() for at in ApproximateIndex.build(feat, "euclidean").search(feat[:5], 5)]
    found = ApproximateIndex.build(rows, "euclidean").search(rows[:5], 5)
    for at, other in zip(found, expected, strict=True):
        assert len(set(at.tolist()) & set(other)) >= 19


def test_the_index_is_the_same_in_two_runs(feat):
    pytest.importorskip("faiss")
    first, second = (ApproximateIndex.build(feat, "euclidean") for _ in range(2))
    centres = [index.lists.quantizer.reconstruct_n(0, 77) for index in (first, second)]
    np.testing.assert_array_equal(*centres)
    for one, other in zip(first.search(feat[:50], 7), second.search(feat[:50], 7), strict=True):
        assert one.tolist() == other.tolist()


@pytest.mark.parametrize("metric", PRODUCT_METRICS)
def test_rows_that_are_added_are_found_under_their_numbers(metric, feat):
    pytest.importorskip("faiss")
    rows, numbers = feat[:900], np.arange(900)
    index = ApproximateIndex.train(rows, metric, 30)
    assert index.lists.ntotal == 0
    for some in (slice(0, 500), slice(500, 900)):
        index.add(rows[some], 10 * numbers[some].astype(np.int32) + 3)
    whole = ApproximateIndex.build(rows, metric)
    for at, other in zip(index.search(rows[:9], 7), whole.search(rows[:9], 7), strict=True):
        assert at.tolist() == (10 * other + 3).tolist()


def test_what_the_index_takes_is_logged(feat, caplog):
    pytest.importorskip("faiss")
    with caplog.at_level("INFO", "clustimage"):
        index = ApproximateIndex.build(feat, "euclidean")
    assert caplog.messages == [
        f"Indexed 6,000 rows in 77 lists, of which a query searches 32: "
        f"{format_bytes(index.n_bytes)}."
    ]


def test_said_bytes_are_about_those_of_faiss(feat):
    """The rows and their numbers, half as much again for lists that grow, and the centres."""
    faiss = pytest.importorskip("faiss")
    rows = np.resize(feat, (50_000, 24))
    index = ApproximateIndex.build(rows, "euclidean")
    held = faiss.serialize_index(index.lists).nbytes
    assert 1.4 * held < index.n_bytes < 1.6 * held
    assert index.n_bytes == approximate_bytes(50_000, 24)[0]
    lists, centres = 50_000 * (4 * 24 + 8), 223 * 4 * 24
    assert index.n_bytes == 1.5 * lists + centres


def test_more_bytes_are_taken_while_it_is_built():
    """Half of the lists, and the sample that k-means is fitted to, three times as float32."""
    for n, d in ((1000, 8), (1_000_000, 64)):
        n_lists = int(n**0.5)
        more = approximate_bytes(n, d)[1]
        assert more == n * (4 * d + 8) // 2 + min(n, 64 * n_lists) * 12 * d + 2**19


def test_the_message_names_the_metrics_that_can_be_had():
    with pytest.raises(InvalidParameterError) as wrong:
        check_approximate_metric("hamming")
    assert str(wrong.value) == (
        "approximate=True needs 'metric' to be one of 'euclidean', 'sqeuclidean', 'cosine', "
        "'correlation'. Got metric='hamming'. Use approximate=False, which is exact."
    )

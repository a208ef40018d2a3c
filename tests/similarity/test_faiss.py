"""The approximate index: what it finds, what it cannot do, and what it needs."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from clustimage._core.errors import InvalidParameterError, MemoryLimitError, MissingDependencyError
from clustimage._core.memory import Budget
from clustimage._distances.metrics import PRODUCT_METRICS
from clustimage.similarity import METRICS, NullDistribution, RowIndex, find_similar
from clustimage.similarity._faiss import approximate_bytes


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
    with pytest.raises(MissingDependencyError, match=r"pip install 'clustimage\[index\]'"):
        _find(feat, feat[:1], approximate=True)


def test_budget_that_is_too_small_raises_before_the_work(feat, monkeypatch):
    pytest.importorskip("faiss")
    with pytest.raises(
        MemoryLimitError, match="among 6,000 by an approximate index .*approximate=False"
    ):
        _find(feat, feat[:1], approximate=True, budget=Budget(100_000))
    assert len(_find(feat, feat[:1], approximate=True, budget=Budget(100_000_000))) == 1

"""The nearest rows equal those of scikit-learn, and the error bounds hold."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from clustimage._core.picked_rows import PickedRows
from clustimage._distances import nearest as module
from clustimage._distances.metrics import METRICS, PRODUCT_METRICS
from clustimage._distances.nearest import ProductIndex, k_smallest, nearest, rows_near
from clustimage._distances.pairs import distances

RNG = np.random.default_rng(0)
ONE = np.ones((1, 2))


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks so small that there are many of them."""
    monkeypatch.setattr(module, "MAX_SCORES", 400)
    monkeypatch.setattr(module, "CACHE_BYTES", 2000)
    monkeypatch.setattr(module, "MAX_COLUMNS", 5)


@pytest.fixture
def rows() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (70, 12)).astype(np.float32)


@pytest.mark.parametrize("metric", METRICS)
def test_nearest_row_equals_that_of_scikit_learn(metric, rows, small_blocks):
    queries = np.random.default_rng(2).uniform(0, 255, (31, 12))
    finder = NearestNeighbors(n_neighbors=1, metric=metric, algorithm="brute")
    distance, index = finder.fit(rows.astype(float)).kneighbors(queries)
    ours = nearest(queries, rows, metric)
    np.testing.assert_array_equal(ours[0], index[:, 0])
    np.testing.assert_allclose(ours[1], distance[:, 0], rtol=1e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_nearest_other_row_is_never_the_row_itself(metric, rows, small_blocks):
    finder = NearestNeighbors(n_neighbors=2, metric=metric, algorithm="brute")
    distance, index = finder.fit(rows.astype(float)).kneighbors(rows.astype(float))
    ours = nearest(rows, rows, metric, skipped=np.arange(70))
    assert (ours[0] != np.arange(len(rows))).all()
    if metric != "hamming":  # every distance is 1: which is the nearest is open there
        np.testing.assert_array_equal(ours[0], index[:, 1])
    np.testing.assert_allclose(ours[1], distance[:, 1], rtol=1e-6)


def test_nearest_of_close_rows_far_from_zero_is_exact():
    """The product of matrices alone loses these digits."""
    rows = 1e4 + np.array([[0.0], [3e-6], [1e-6], [2e-6]]) * np.ones(50)
    index, distance = nearest(rows, rows, "euclidean")
    np.testing.assert_array_equal(index, [0, 1, 2, 3])
    np.testing.assert_array_equal(distance, 0)


@pytest.mark.parametrize("metric", ["euclidean", "cityblock"])
def test_of_equal_rows_the_first_is_the_nearest(metric, small_blocks):
    rows = np.repeat(np.eye(3), 40, axis=0)
    index, distance = nearest(rows, rows, metric)
    np.testing.assert_array_equal(index, np.repeat([0, 40, 80], 40))
    np.testing.assert_array_equal(distance, 0)


def test_without_another_row_there_is_no_nearest():
    index, distance = nearest(ONE, ONE, "euclidean", skipped=np.array([0]))
    assert index[0] == -1 and np.isinf(distance[0])


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("n", [300, 5000])
def test_many_candidates_are_measured_directly(n, kind):
    """Rows that the product cannot tell apart."""
    rows = (1 + 1e-7 * RNG.normal(size=(n, 4))).astype(kind)
    index, distance = nearest(rows[:50], rows, "euclidean", skipped=np.arange(50))
    among = cdist(rows[:50].astype(float), rows.astype(float))
    among[np.arange(50), np.arange(50)] = np.inf
    np.testing.assert_array_equal(index, among.argmin(axis=1))
    np.testing.assert_allclose(distance, among.min(axis=1))


def test_nearest_of_some_rows_are_indices_among_these(rows):
    some = PickedRows(rows, np.arange(69, 9, -2))
    index, distance = nearest(rows[10:20], some, "euclidean")
    among = cdist(rows[10:20].astype(float), rows[69:9:-2].astype(float))
    np.testing.assert_array_equal(index, among.argmin(axis=1))
    np.testing.assert_allclose(distance, among.min(axis=1))


def _blank(n: int, d: int) -> np.ndarray:
    rows = RNG.normal(size=(n, d))
    rows[::3] = 0
    rows[1::3] = RNG.normal(size=(len(rows[1::3]), 1))
    return rows


def _outliers(n: int, d: int) -> np.ndarray:
    rows = RNG.normal(size=(n, d))
    rows[::50] *= 1e9
    return rows


LOOKS = {
    "random": lambda n, d: RNG.normal(size=(n, d)),
    "huge offset": lambda n, d: 1e6 + RNG.normal(size=(n, d)),
    "outliers": _outliers,
    "blank": _blank,
    "huge": lambda n, d: RNG.normal(size=(n, d)) * 1e15,
    "tiny with outliers": lambda n, d: _outliers(n, d) * 1e-30,
    "huge outliers": lambda n, d: _outliers(n, d) ** 2 * 1e-12,
    "tiny": lambda n, d: RNG.normal(size=(n, d)) * 1e-12,
    "nothing": lambda n, d: np.zeros((n, d)),
}


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("metric", PRODUCT_METRICS)
@pytest.mark.parametrize("look", LOOKS)
def test_error_bounds_hold_for_every_pair_and_are_narrow(look, metric, kind, small_blocks):
    rows = LOOKS[look](400, 60).astype(kind)
    queries = rows[1:400:7]
    index = ProductIndex.build(rows, metric)
    if index is None:
        assert look == "tiny with outliers" and kind is np.float32
        return
    low, slopes, own, limits = index.scores(queries)
    high = low + 2.0 * slopes[:, None] * index.error + 2 * own[:, None]
    low = low.astype(float) - own[:, None]
    exact = distances(queries, rows, metric)
    if metric.endswith("euclidean"):
        x = queries.astype(float) - (0 if index.shift is None else index.shift)
        exact = exact ** (2 if metric == "euclidean" else 1) - (x**2).sum(axis=1)[:, None]
    measured = np.isfinite(limits)  # others are measured directly
    measured |= limits == -np.inf
    assert ((low <= exact) & (exact <= high))[measured].all()
    if look in ("random", "huge offset", "huge", "tiny") and metric.endswith("euclidean"):
        allowed = {np.float32: 1000, np.float64: 20_000}[kind] * np.finfo(kind).eps
        assert np.median(high - low) < allowed * np.median(np.abs(exact))


@pytest.mark.parametrize(
    "rows",
    [
        1e30 * np.eye(9, 4, dtype=np.float32),
        1e200 * np.eye(9, 4),
        [[1e-30, 1.0, 2.0], [1e-170] * 2 + [0]],
    ],
    ids=["large", "larger", "small"],
)
def test_numbers_whose_squares_overflow_or_vanish_are_measured_directly(rows):
    rows = np.asarray(rows)
    if np.abs(rows).max() > 2:
        assert ProductIndex.build(rows, "euclidean") is None
    assert ProductIndex.build(rows, "cosine") is None
    assert ProductIndex.build(rows, "cityblock") is None
    assert nearest(rows, rows, "euclidean")[0][0] == 0


@pytest.mark.parametrize("metric", PRODUCT_METRICS)
def test_few_rows_are_measured_again(metric):
    shift = 1000 if metric.endswith("euclidean") else 0
    rows = (RNG.normal(size=(5000, 30)) + shift).astype(np.float32)
    index = ProductIndex.build(rows, metric)
    for at, distance in rows_near(rows[:20], rows, metric, index, 10, -np.inf):
        assert 10 <= len(at) <= 12
        np.testing.assert_array_equal(at, np.sort(at))
        assert (distance == 0).sum() == 1


@pytest.mark.parametrize("k", [1, 3, 4999, 5000])
@pytest.mark.parametrize("kind", [float, np.float32])
def test_k_smallest_are_those_of_sorting(k, kind):
    values = RNG.integers(0, 900, 5000).astype(kind)
    expected = np.argsort(values, kind="stable")[:k]
    np.testing.assert_array_equal(np.sort(k_smallest(values, k)), np.sort(expected))


@pytest.mark.parametrize("metric", PRODUCT_METRICS)
@pytest.mark.parametrize("look", LOOKS)
def test_queries_of_any_size_find_what_measuring_all_finds(look, metric):
    rows = LOOKS[look](5000, 3).astype(np.float32)
    index = ProductIndex.build(rows, metric)
    queries = np.outer([0.0, 1e-38, 1e-20, 1.0, 1e9, 1e16, 1e25], [1.0, -2.0, 0.5])
    queries = queries.astype(np.float32)
    every = distances(queries, rows, metric)
    for exact, (at, found) in zip(
        every, rows_near(queries, rows, metric, index, 4, -np.inf), strict=True
    ):
        np.testing.assert_array_equal(found, exact[at])
        expected = np.argsort(exact, kind="stable")[:4]
        assert np.isin(expected, at).all()
    if metric.endswith("euclidean"):
        np.testing.assert_array_equal(nearest(queries, rows, metric)[0], every.argmin(axis=1))

"""The images most like a query."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from clustimage._core.errors import InvalidDataError, InvalidParameterError, MemoryLimitError
from clustimage._core.memory import Budget
from clustimage.similarity import METRICS, _find, find_similar, fit_null, plan_find


@pytest.fixture(scope="module")
def feat() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (300, 10)).astype(np.float32)


@pytest.mark.parametrize("metric", METRICS)
def test_nearest_images_equal_those_of_scikit_learn(metric, feat):
    finder = NearestNeighbors(n_neighbors=7, metric=metric, algorithm="brute")
    distance, index = finder.fit(feat.astype(float)).kneighbors(feat[:5].astype(float))
    if metric == "hamming":  # every distance is 1: any order is right
        index[:, 1:] = [[i for i in range(8) if i != q][:6] for q in range(5)]
    found = find_similar(feat, feat[:5], k=7, alpha=None, metric=metric)
    for query in range(5):
        np.testing.assert_array_equal(found[query]["y_idx"], index[query])
        np.testing.assert_allclose(found[query]["distance"], distance[query], atol=1e-4, rtol=1e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_find_puts_the_image_itself_first_at_distance_zero(metric, feat):
    for query, answer in enumerate(find_similar(feat, feat[:4], alpha=0.05, metric=metric)):
        assert answer["y_idx"][0] == query
        assert answer["distance"][0] == 0
        assert answer["y_proba"][0] == 0


def test_alpha_takes_exactly_the_images_with_such_p_values(feat):
    null = fit_null(feat)
    answer = find_similar(feat, feat[:1], alpha=0.1, null=null)[0]
    distance = np.linalg.norm(feat.astype(float) - feat[0], axis=1)
    expected = np.flatnonzero(null.cdf(distance) <= 0.1)
    np.testing.assert_array_equal(np.sort(answer["y_idx"]), expected)
    np.testing.assert_allclose(answer["y_proba"], null.cdf(answer["distance"]))
    assert (np.diff(answer["distance"]) >= 0).all()


def test_both_give_the_union(feat):
    null = fit_null(feat)
    by_alpha, by_k, by_both = (
        find_similar(feat, feat[3:4], k=k, alpha=alpha, null=null)[0]["y_idx"]
        for k, alpha in [(None, 0.01), (30, None), (30, 0.01)]
    )
    assert 1 <= len(by_alpha) < 30
    assert set(by_both) == set(by_alpha) | set(by_k)
    every = find_similar(feat, feat[3:4], k=300, alpha=0.01, null=null)[0]
    np.testing.assert_array_equal(np.sort(every["y_idx"]), np.arange(300))


def test_alpha_one_takes_every_image(feat):
    assert len(find_similar(feat, feat[:1], alpha=1)[0]["y_idx"]) == 300


def test_equal_distances_are_ordered_by_index():
    feat = np.repeat([[0.0], [1.0], [5.0]], 4, axis=0)[::-1]
    answer = find_similar(feat, [[0.0]], k=6, alpha=None)[0]
    np.testing.assert_array_equal(answer["y_idx"], [8, 9, 10, 11, 4, 5])


def test_find_is_the_same_in_two_runs(feat):
    """Defect of clustimage 1.7.1: find differed from run to run."""
    first, second = (find_similar(feat, feat[:3], alpha=0.2) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        for key in ("y_idx", "distance", "y_proba"):
            np.testing.assert_array_equal(one[key], other[key])


def test_blocks_do_not_change_the_answer(feat, monkeypatch):
    whole = find_similar(feat, feat[:20], k=5)
    monkeypatch.setattr("clustimage._core.batches.BLOCK_BYTES", 5600)
    for one, other in zip(whole, find_similar(feat, feat[:20], k=5), strict=True):
        np.testing.assert_array_equal(one["y_idx"], other["y_idx"])
        np.testing.assert_array_equal(one["distance"], other["distance"])


def test_no_matrix_of_all_images_is_built():
    """Defect of clustimage 1.7.1: an n x n matrix was built first."""
    feat = np.random.default_rng(0).normal(size=(20_000, 8)).astype(np.float32)
    tracemalloc.start()
    find_similar(feat, feat[:500], k=3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000**2 * 4 / 10


def test_first_digit_finds_its_own_kind(digits):
    """The share that the project promises: nine in ten significantly near images are alike."""
    X, kinds = digits
    pixels = np.rint(X * (255 / X.max(axis=1, keepdims=True))).astype(np.float32)
    feat = PCA(0.95, random_state=0).fit_transform(pixels)
    for seed in range(3):
        null = fit_null(feat, random_state=seed)
        answer = find_similar(feat, feat[:1], alpha=0.05, null=null)[0]
        assert len(answer["y_idx"]) > 100
        assert (kinds[answer["y_idx"]] == 0).mean() > 0.9


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_images_find_themselves(n):
    feat = np.arange(float(n))[:, None] * 7
    for query, answer in enumerate(find_similar(feat, feat, alpha=0.05)):
        np.testing.assert_array_equal(answer["y_idx"], [query])
    for query, answer in enumerate(find_similar(feat, feat, k=n, alpha=None)):
        assert answer["y_idx"][0] == query and len(answer["y_idx"]) == n


def test_equal_images_find_each_other():
    answer = find_similar(np.ones((5, 3)), np.ones((1, 3)), alpha=0.05)[0]
    np.testing.assert_array_equal(answer["y_idx"], np.arange(5))


def test_query_far_from_everything_finds_nothing(feat):
    answer = find_similar(feat, feat[:1] + 1e4, alpha=0.05)[0]
    assert answer["y_idx"].shape == (0,) and answer["y_idx"].dtype == np.int64
    assert answer["distance"].shape == answer["y_proba"].shape == (0,)


@pytest.mark.parametrize(
    "params, words",
    [
        ({"k": None, "alpha": None}, "'k', 'alpha' or both"),
        ({"k": 0}, "'k' must be a whole number from 1 to 300"),
        ({"k": 301}, "'k' must be a whole number from 1 to 300. Got 301"),
        ({"k": 2.5}, "'k' must be a whole number"),
        ({"alpha": 0}, "'alpha' must be a number above 0"),
        ({"alpha": 1.5}, "'alpha' must be a number from 0 to 1"),
        ({"alpha": "5%"}, "'alpha' must be a number"),
        ({"metric": "cosinus"}, "Did you mean 'cosine'"),
    ],
)
def test_wrong_value_names_the_parameter(params, words, feat):
    with pytest.raises(InvalidParameterError, match=words):
        find_similar(feat, feat[:1], **params)


def test_null_distribution_of_another_metric_raises(feat):
    with pytest.raises(InvalidParameterError, match="metric='cosine'"):
        find_similar(feat, feat[:1], null=fit_null(feat, metric="cosine"))


@pytest.mark.parametrize(
    "queries, words",
    [
        (np.full((1, 10), np.nan), "'queries' contains NaN"),
        (np.ones((1, 9)), "must have 10 columns, as the features have. Got 9"),
        (np.ones(10), "one row per image"),
        ([["a"] * 10], "matrix of numbers"),
    ],
)
def test_queries_that_do_not_fit_raise(queries, words, feat):
    with pytest.raises(InvalidDataError, match=words):
        find_similar(feat, queries)


def test_select_does_not_lose_the_image_at_the_very_edge(feat):
    """The p-value decides, not the rounded distance that belongs to alpha."""
    null = fit_null(feat)
    distance = np.linalg.norm(feat.astype(float) - feat[0], axis=1)
    edge = np.sort(distance)[20]
    alpha = float(null.cdf(edge))
    at, radius = np.arange(300), null.quantile(alpha) * _find.RADIUS_TOLERANCE
    answer = _find._select(at, distance, None, alpha, radius, null)
    assert len(answer["y_idx"]) == 21


def test_the_defaults_are_alpha_and_the_euclidean_distance(feat):
    plain = find_similar(feat, feat[:2])
    asked = find_similar(
        feat, feat[:2], alpha=0.05, metric="euclidean", null=fit_null(feat), approximate=False
    )
    for one, other in zip(plain, asked, strict=True):
        np.testing.assert_array_equal(one["y_idx"], other["y_idx"])
        np.testing.assert_array_equal(one["y_proba"], other["y_proba"])
    assert list(plain[0]) == ["y_idx", "distance", "y_proba"]


def test_p_values_are_those_of_the_distances_also_without_alpha(feat):
    null = fit_null(feat)
    for k, alpha in ((4, None), (4, 0.02), (None, 0.02)):
        (answer,) = find_similar(feat, feat[:1], k=k, alpha=alpha, null=null)
        np.testing.assert_allclose(answer["y_proba"], null.cdf(answer["distance"]))
        assert answer["y_idx"].dtype == np.int64 and answer["distance"].dtype == np.float64


def test_each_hit_is_there_once_where_k_and_alpha_find_the_same(feat):
    (answer,) = find_similar(feat, feat[:1], k=40, alpha=0.2)
    assert len(set(answer["y_idx"].tolist())) == len(answer["y_idx"]) >= 40
    assert (np.diff(answer["distance"]) >= 0).all()


@pytest.mark.parametrize("n_queries", [1, 6])
def test_rows_that_a_query_must_not_find_are_left_out(n_queries, feat):
    null, queries = fit_null(feat), feat[:n_queries]
    without = [np.array([row, row + 1]) for row in range(n_queries - 1)] + [np.array([], dtype=int)]
    found = find_similar(feat, queries, k=5, alpha=None, null=null, without=without)
    for query, (answer, left_out) in enumerate(zip(found, without, strict=True)):
        distance = np.linalg.norm(feat.astype(float) - queries[query], axis=1)
        distance[left_out] = np.inf
        np.testing.assert_array_equal(answer["y_idx"], np.argsort(distance, kind="stable")[:5])
    near = find_similar(feat, queries, alpha=0.1, null=null, without=without)
    every = find_similar(feat, queries, alpha=0.1, null=null)
    for answer, whole, left_out in zip(near, every, without, strict=True):
        assert answer["y_idx"].tolist() == [i for i in whole["y_idx"] if i not in left_out]


def test_as_many_others_can_be_found_as_there_are(feat):
    few = feat[:6]
    (answer,) = find_similar(few, few[:1], k=4, alpha=None, without=[np.array([0, 3])])
    assert sorted(answer["y_idx"].tolist()) == [1, 2, 4, 5]
    with pytest.raises(InvalidParameterError, match="'k' must be a whole number from 1 to 4"):
        find_similar(few, few[:1], k=5, alpha=None, without=[np.array([0, 3])])


def test_what_is_left_out_is_given_for_each_query(feat):
    with pytest.raises(ValueError, match="zip"):
        find_similar(feat, feat[:2], k=1, without=[np.array([0])])


def test_the_distances_are_those_of_the_metric_of_the_null(feat):
    null = fit_null(feat, metric="cosine")
    with pytest.raises(InvalidParameterError) as wrong:
        find_similar(feat, feat[:1], null=null)
    assert str(wrong.value) == (
        "'null' was fitted to distances with metric='cosine'. Got metric='euclidean'."
    )


def test_one_of_k_and_alpha_is_needed(feat):
    with pytest.raises(InvalidParameterError) as neither:
        find_similar(feat, feat[:1], alpha=None)
    assert str(neither.value) == (
        "Give 'k', 'alpha' or both: 'k' for the nearest images, 'alpha' for all that are "
        "significantly near. Got None for each."
    )
    with pytest.raises(InvalidParameterError, match="'approximate' must be True or False"):
        find_similar(feat, feat[:1], approximate="yes")


def test_approximate_search_has_no_alpha(feat):
    with pytest.raises(InvalidParameterError) as both:
        find_similar(feat, feat[:1], k=3, alpha=0.05, approximate=True)
    assert str(both.value) == (
        "approximate=True finds the 'k' nearest images only, not all that are significantly "
        "near. Give alpha=None, or approximate=False. Got alpha=0.05."
    )


@pytest.mark.parametrize("n_queries, is_built", [(3, False), (4, True)])
def test_an_index_is_built_for_four_queries_or_more(n_queries, is_built, feat, monkeypatch):
    built = []
    real = _find.RowIndex.build
    monkeypatch.setattr(_find.RowIndex, "build", lambda *args: built.append(args[1]) or real(*args))
    find_similar(feat, feat[:n_queries], k=2, alpha=None, metric="cosine")
    assert built == ["cosine"] * is_built
    built.clear()
    index = real(feat, "cosine")
    find_similar(feat, feat[:n_queries], k=2, alpha=None, metric="cosine", index=index)
    assert built == []


def test_alpha_1_takes_images_at_any_distance(feat):
    (answer,) = find_similar(feat, feat[:1] + 1e6, alpha=1.0)
    assert len(answer["y_idx"]) == 300 and answer["y_proba"].tolist() == [1.0] * 300


@pytest.mark.parametrize("metric", ["euclidean", "cityblock"])
def test_the_memory_is_checked_before_any_work(metric, feat):
    with pytest.raises(MemoryLimitError, match="Finding images among 300 takes about"):
        find_similar(feat, feat[:1], metric=metric, budget=Budget(1000))
    enough = plan_find(300, 10, n_queries=40, metric=metric).peak
    with pytest.raises(MemoryLimitError):
        find_similar(feat, feat[:40], metric=metric, budget=Budget(enough - 1))
    assert len(find_similar(feat, feat[:40], metric=metric, budget=Budget(enough))) == 40


def test_features_with_nan_are_named():
    with pytest.raises(InvalidDataError, match="'feat' contains NaN"):
        find_similar(np.array([[np.nan], [1.0]]), [[1.0]])

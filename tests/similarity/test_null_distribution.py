"""The null distribution of the p-values."""

from __future__ import annotations

import json
import tracemalloc
from math import comb

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import pdist

from clustimage._core.errors import InvalidDataError, InvalidParameterError, ModelFileError
from clustimage.similarity import (
    METRICS,
    PARAMS_FIND,
    NullDistribution,
    _fit_null,
    _null_distribution,
    check_find_params,
    fit_null,
    null_from_state,
)
from clustimage.similarity._null_distribution import DISTRIBUTIONS, anderson_darling, fit_named


@pytest.fixture(scope="module")
def feat() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(900, 20)).astype(np.float32)


@pytest.fixture(scope="module")
def heavy() -> np.ndarray:
    """Rows whose distances have heavy tails."""
    return np.random.default_rng(0).standard_t(3, size=(900, 4))


def _sample(monkeypatch, feat, **params) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs that a fit draws."""
    drawn = []
    real = _fit_null.paired_distances
    monkeypatch.setattr(
        _fit_null,
        "paired_distances",
        lambda a, i, b, j, m: drawn.append((i, j)) or real(a, i, b, j, m),
    )
    fit_null(feat, **params)
    return drawn[0]


def test_null_distribution_is_drawn_from_all_images_and_without_self_pairs(monkeypatch, feat):
    """Defect of clustimage 1.7.1: the first 499 images only, each with itself too."""
    i, j = _sample(monkeypatch, feat)
    assert len(i) == 50_000
    assert (i != j).all()
    assert set(i) == set(j) == set(range(900))
    counts = np.bincount(np.concatenate([i, j]), minlength=900)
    assert stats.chisquare(counts).pvalue > 1e-4


def test_all_pairs_are_taken_where_they_are_few(monkeypatch, feat):
    i, j = _sample(monkeypatch, feat[:50])
    assert len(set(zip(i, j, strict=True))) == 50 * 49 // 2
    assert (i < j).all()


def test_long_rows_are_compared_in_fewer_pairs(monkeypatch, feat):
    monkeypatch.setattr(_fit_null, "MAX_NUMBERS_OF_PAIRS", 200_000)
    monkeypatch.setattr(_fit_null, "MIN_PAIRS", 1_000)
    assert len(_sample(monkeypatch, feat[:, :10])[0]) == 20_000
    assert len(_sample(monkeypatch, np.tile(feat, 20))[0]) == 1_000


def test_no_matrix_of_all_pairs_is_built():
    """Defect of clustimage 1.7.1: an n x n matrix was built first."""
    feat = np.random.default_rng(0).normal(size=(20_000, 8)).astype(np.float32)
    tracemalloc.start()
    fit_null(feat)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000**2 * 4 / 40


def test_same_seed_gives_the_same_null_distribution(feat):
    """Defect of clustimage 1.7.1: find differed from run to run."""
    assert fit_null(feat, random_state=3) == fit_null(feat, random_state=3)
    assert fit_null(feat, random_state=3) != fit_null(feat, random_state=4)


@pytest.mark.parametrize("seed", [None, np.random.RandomState(0), np.random.default_rng(0)])
def test_every_kind_of_seed_is_taken(seed, feat):
    assert fit_null(feat, null="best", random_state=seed).name in DISTRIBUTIONS


@pytest.mark.parametrize(
    "name, params",
    [
        ("norm", {"loc": 50, "scale": 4}),
        ("expon", {"loc": 20, "scale": 4}),
        ("uniform", {"loc": 10, "scale": 5}),
        ("gamma", {"a": 2.5, "loc": 0, "scale": 3}),
        ("t", {"df": 4, "loc": 60, "scale": 2}),
    ],
)
def test_distribution_that_the_distances_come_from_is_recognised(monkeypatch, name, params):
    sample = np.abs(DISTRIBUTIONS[name].rvs(size=20_000, random_state=1, **params))
    monkeypatch.setattr(_fit_null, "paired_distances", lambda *args: sample.copy())
    null = fit_null(np.eye(300), null="best")
    assert null.name == name
    assert list(null.params) == list(params)
    for key, value in params.items():
        assert null.params[key] == pytest.approx(value, rel=0.1, abs=0.1)


def test_closed_fits_equal_those_of_scipy(feat):
    sample = np.sort(pdist(feat[:80].astype(float)))
    fits = _null_distribution._fits(sample)
    for name in ("norm", "expon", "uniform"):
        np.testing.assert_allclose(list(fits[name].values()), DISTRIBUTIONS[name].fit(sample))
    np.testing.assert_allclose(
        list(fits["gamma"].values()), stats.gamma.fit(sample, floc=0), rtol=0.02
    )


def test_smallest_anderson_darling_statistic_wins(feat):
    null = fit_null(feat, null="best")
    assert null.scores[null.name] == min(null.scores.values())
    assert set(null.scores) <= set(DISTRIBUTIONS)


def test_anderson_darling_equals_that_of_scipy():
    sample = np.sort(np.random.default_rng(0).normal(size=500))
    loc, scale = sample.mean(), sample.std(ddof=1)
    ours = 500 * anderson_darling(stats.norm.cdf(sample, loc, scale))
    # The formula of the textbook, term by term.
    p = stats.norm.cdf(sample, loc, scale)
    i = np.arange(1, 501)
    book = -500 - ((2 * i - 1) * (np.log(p) + np.log(1 - p[::-1]))).sum() / 500
    assert ours == pytest.approx(book, rel=1e-9)
    goodness = stats.goodness_of_fit(
        stats.norm,
        sample,
        statistic="ad",
        n_mc_samples=2,
        known_params={"loc": loc, "scale": scale},
    )
    assert ours == pytest.approx(goodness.statistic, rel=1e-9)


def test_p_value_is_the_lower_tail_of_the_distribution_above_zero():
    null = NullDistribution("norm", {"loc": 1.0, "scale": 1.0})
    cut = stats.truncnorm(-1, np.inf, loc=1, scale=1)
    at = np.array([0, 0.3, 1, 4])
    np.testing.assert_allclose(null.cdf(at), cut.cdf(at))
    assert null.quantile(0.2) == pytest.approx(cut.ppf(0.2))
    assert null.cdf(0.0) == 0


def test_p_values_follow_the_share_of_pairs_as_near(digits):
    """The chosen distribution of the digits' distances: near the truth in the lower tail."""
    feat = digits[0] * 16.0
    null = fit_null(feat, null="best")
    every = pdist(feat)
    for alpha in (0.05, 0.25, 0.5):
        assert (every <= null.quantile(alpha)).mean() == pytest.approx(alpha, abs=0.035)


@pytest.mark.parametrize("metric", METRICS)
def test_null_distribution_knows_its_metric(metric, feat):
    null = fit_null(feat, metric=metric)
    assert null.metric == metric
    assert np.isfinite(list(null.params.values())).all()


@pytest.mark.parametrize(
    "rows, width",
    [
        (np.ones((1, 3)), 0),
        (np.ones((2, 3)), 0),
        (np.ones((30, 3)), 0),
        ([[0.0], [4.0]], 4),
        (np.eye(20), 2**0.5),
    ],
    ids=["one image", "two equal images", "all images equal", "two images", "all equally far"],
)
def test_where_nothing_can_be_fitted_only_distance_zero_is_significant(rows, width):
    null = fit_null(rows)
    assert null.name == "uniform"
    assert null.params == pytest.approx({"loc": 0, "scale": width})
    np.testing.assert_allclose(null.cdf([0.0, width + 1e-9, 99.0]), [0, 1, 1])


@pytest.mark.parametrize(
    "rows",
    [
        np.vstack([np.zeros((19, 3)), np.ones((1, 3))]),
        np.repeat(np.eye(2), 500, axis=0),
        np.repeat(np.random.default_rng(0).normal(size=(10, 3)), 100, axis=0),
        [[0.0], [1.0], [3.0]],
        np.random.default_rng(0).integers(0, 2, (400, 64)),
        np.random.default_rng(0).normal(size=(300, 2)) * 1e-9,
        np.random.default_rng(0).normal(size=(300, 2)) * 1e9,
        np.vstack([np.random.default_rng(0).normal(size=(300, 2)), [[1e6, 1e6]]]),
    ],
    ids=["one differs", "two kinds", "duplicates", "three", "bits", "tiny", "huge", "outlier"],
)
@pytest.mark.parametrize("null", ["empirical", "best"])
def test_awkward_distances_get_p_values_that_grow(rows, null):
    null = fit_null(rows, null=null)
    p = null.cdf(np.linspace(0, 4e9, 50))
    equal = np.count_nonzero(pdist(rows) == 0) / comb(len(rows), 2)  # 0, but in a sample
    assert p[0] == (0 if null.name != "empirical" else pytest.approx(equal, abs=0.01))
    assert np.isfinite(p).all() and p[-1] > 0.9
    # Student's t of scipy before 1.12 may be off in its last digit.
    assert (np.diff(p) >= (-1e-15 if null.name == "t" else 0)).all()


@pytest.mark.parametrize("null", ["empirical", "best"])
def test_state_survives_json(null, feat):
    null = fit_null(feat, null=null)
    assert null_from_state(json.loads(json.dumps(null.get_state()))) == null


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"name": "pareto"},
        {"name": "t", "params": {"loc": 0, "scale": 1}},
        {"name": "empirical", "params": {}, "values": [2, 1], "cumulative": [0.5, 1]},
        None,
    ],
)
def test_broken_state_raises(state):
    with pytest.raises(ModelFileError, match="distribution of the distances"):
        null_from_state(state)


def test_bad_input_raises(feat):
    with pytest.raises(InvalidParameterError, match="'metric' must be one of"):
        fit_null(feat, metric="manhattan")
    with pytest.raises(InvalidDataError, match="NaN"):
        fit_null(np.array([[np.nan], [1.0]]))
    with pytest.raises(InvalidParameterError, match="'n_pairs'"):
        fit_null(feat, n_pairs=0)
    with pytest.raises(InvalidParameterError, match="'null' must be one of"):
        fit_null(feat, null="pareto")
    with pytest.raises(InvalidDataError, match="All images are of one cluster"):
        fit_null(feat, labels=np.zeros(900, dtype=int))
    with pytest.raises(InvalidDataError, match="gamma cannot be fitted"):
        fit_null(np.vstack([np.zeros((19, 3)), np.ones((1, 3))]), null="gamma")


def test_state_of_an_older_version_has_no_words_on_pairs(feat):
    """Then the best distribution of all pairs was all there was."""
    state = fit_null(feat, null="best").get_state()
    old = {key: value for key, value in state.items() if key not in ("null", "pairs")}
    assert null_from_state(old) == null_from_state(state)
    assert (null_from_state(old).null, null_from_state(old).pairs) == ("best", "all")


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_each_named_distribution_survives_json(name, heavy):
    labels = np.arange(900) % 5
    null = fit_null(heavy, null=name, metric="cityblock", labels=labels)
    assert (null.name, null.null, null.pairs, null.metric) == (name, name, "between", "cityblock")
    assert null_from_state(json.loads(json.dumps(null.get_state()))) == null


def test_the_message_of_a_broken_state_names_what_is_missing(feat):
    state = fit_null(feat, null="norm").get_state()
    for key in ("params", "metric", "n_pairs", "scores"):
        broken = {name: value for name, value in state.items() if name != key}
        with pytest.raises(ModelFileError) as missing:
            null_from_state(broken)
        assert str(missing.value) == (
            f"The distribution of the distances is broken: KeyError('{key}')."
        )


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_p_values_are_those_of_scipy_above_zero(name, heavy):
    null = fit_null(heavy, null=name)
    theirs = DISTRIBUTIONS[name](**null.params)
    at = np.array([[0.0, 1.0], [null.quantile(0.01), null.quantile(0.9)]])
    above = (theirs.cdf(at) - theirs.cdf(0)) / (1 - theirs.cdf(0))
    np.testing.assert_allclose(null.cdf(at), above, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(null.cdf(at[1]), [0.01, 0.9])
    assert (null.quantile(1), null.quantile(1.5)) == (np.inf, np.inf)


def test_where_all_distances_are_equal_that_distance_is_all_there_is():
    null = NullDistribution("norm", {"loc": 2.0, "scale": 0.0})
    assert null.cdf([1.9, 2.0, 2.1]).tolist() == [0, 0, 1]
    assert null.quantile(0.5) == 2.0


def test_named_fits_are_of_maximum_likelihood(feat):
    """As scipy fits them, to the sample or its quantiles."""
    sample = np.sort(pdist(feat[:100].astype(float)))
    assert len(sample) > 2000
    fits = _null_distribution._fits(sample)
    quantiles = np.quantile(sample, (np.arange(2000) + 0.5) / 2000)
    a, loc, scale = stats.gamma.fit(quantiles, floc=0)
    assert fits["gamma"] == pytest.approx({"a": a, "loc": loc, "scale": scale})
    few = _null_distribution._fits(sample[::10])
    a, loc, scale = stats.gamma.fit(sample[::10], floc=0)
    assert few["gamma"] == pytest.approx({"a": a, "loc": loc, "scale": scale})


def test_a_t_distribution_of_many_degrees_of_freedom_is_a_normal_one():
    """Thin tails: no finite number of degrees fits better."""
    sample = np.sort(np.random.default_rng(0).uniform(10, 11, 1000))
    assert "t" not in _null_distribution._fits(sample)
    heavy = np.sort(50 + stats.t.rvs(3, size=1500, random_state=0))
    fit = _null_distribution._fits(heavy)["t"]
    assert fit == pytest.approx({"df": 3, "loc": 50, "scale": 1}, rel=0.2)
    assert stats.t.nnlf(list(fit.values()), heavy) <= stats.t.nnlf(stats.t.fit(heavy), heavy)


def test_distances_of_zero_are_left_out_of_the_fit_of_gamma():
    sample = np.concatenate([np.zeros(50), np.sort(stats.gamma.rvs(3, size=900, random_state=0))])
    a, _, scale = stats.gamma.fit(sample[50:], floc=0)
    fit = _null_distribution._fits(sample)["gamma"]
    assert fit == pytest.approx({"a": a, "loc": 0, "scale": scale})


def test_the_statistic_of_values_beyond_the_ends_is_finite():
    """0 and 1 count as 1e-12 from there."""
    ours = anderson_darling(np.array([0.0, 0.5, 1.0]))
    assert ours == anderson_darling(np.array([1e-12, 0.5, 1 - 1e-12]))
    assert ours > anderson_darling(np.array([1e-9, 0.5, 1 - 1e-9]))


def test_what_cannot_be_fitted_is_named_with_the_number_of_pairs():
    rows = np.vstack([np.zeros((59, 3)), np.ones((1, 3))])
    with pytest.raises(InvalidDataError) as wrong:
        fit_null(rows, null="gamma")
    assert str(wrong.value) == (
        "The distribution gamma cannot be fitted to the distances of 1,770 pairs. "
        "Give null='empirical'."
    )


def test_the_scores_are_statistics_of_what_was_fitted(feat):
    null = fit_null(feat, null="best")
    assert set(null.scores) >= {"norm", "expon", "uniform", "gamma"}
    only = fit_null(feat, null="expon")
    assert only.name == "expon" and list(only.scores) == ["expon"]
    assert only.scores["expon"] == null.scores["expon"]
    assert null.n_pairs == only.n_pairs == 50_000


def test_as_many_pairs_of_different_clusters_are_drawn_as_asked_for(monkeypatch):
    """Nine in ten pairs are of one cluster: it is drawn until there are enough."""
    labels = np.repeat([0, 1], [190, 10])
    rows = np.where(labels, 100.0, 0.0)[:, None] + np.random.default_rng(0).random((200, 1))
    draws, real = [], _fit_null._draw_pairs
    monkeypatch.setattr(_fit_null, "_draw_pairs", lambda *args: draws.append(1) or real(*args))
    null = fit_null(rows, labels=labels, n_pairs=1000)
    assert null.n_pairs == 1000 and null.cdf(90.0) == 0
    assert 9 <= len(draws) <= 13
    n_every = 200 * 199 // 2
    assert fit_null(rows, labels=labels, n_pairs=n_every - 1).n_pairs == n_every - 1
    # All pairs, where there are not more than asked for.
    assert fit_null(rows, labels=labels, n_pairs=n_every).n_pairs == 1900
    assert fit_null(rows, n_pairs=n_every).n_pairs == n_every


def test_images_of_one_cluster_have_no_pairs_of_different_ones(feat):
    with pytest.raises(InvalidDataError) as wrong:
        fit_null(feat, labels=np.zeros(900, dtype=int))
    assert str(wrong.value) == (
        "All images are of one cluster, so that there are no pairs of different clusters. "
        "Give params_find={'pairs': 'all'}."
    )


def test_the_draw_counts_rows_in_the_given_order(feat):
    order = np.random.default_rng(5).permutation(900)
    labels = np.arange(900) % 7
    for options in ({}, {"labels": labels}):
        shuffled = {name: value[order] for name, value in options.items()}
        ours = fit_null(feat[order], n_pairs=500, **shuffled)
        assert fit_null(feat, n_pairs=500, order=order, **options) == ours
        assert fit_null(feat, n_pairs=500, **options) != ours


def test_a_random_state_gives_one_draw_and_then_another(feat):
    first, second, third = (np.random.RandomState(seed) for seed in (0, 0, 1))
    null = fit_null(feat, random_state=first)
    assert fit_null(feat, random_state=second) == null
    assert fit_null(feat, random_state=third) != null
    assert fit_null(feat, random_state=first) != null
    assert fit_null(feat, random_state=None) != fit_null(feat, random_state=None)
    assert fit_null(feat) == fit_null(feat, random_state=0)


@pytest.mark.parametrize("name", ["null", "pairs"])
def test_params_find_are_checked(name):
    check_find_params(PARAMS_FIND)
    with pytest.raises(InvalidParameterError, match=f"'{name}' must be one of"):
        check_find_params({**PARAMS_FIND, name: "gauss"})


@pytest.mark.parametrize("null", ["empirical", "gamma"])
def test_distances_in_float32_have_the_p_values_of_float64(null, feat):
    fitted = fit_null(feat, null=null)
    at = np.linspace(2, 9, 50).astype(np.float32)
    found = fitted.cdf(at)
    assert found.dtype == np.float64 and found.shape == (50,)
    np.testing.assert_array_equal(found, fitted.cdf(at.astype(np.float64)))
    assert fitted.cdf(3) == fitted.cdf(3.0)


def test_what_cannot_be_fitted_is_named():
    with pytest.raises(InvalidDataError) as wrong:
        fit_named(np.ones(3), names=("t", "gamma"))
    assert str(wrong.value) == (
        "The distribution gamma or t cannot be fitted to the distances of 3 pairs. "
        "Give null='empirical'."
    )
    assert fit_named(np.array([1.0, 2.0, 4.0])).metric == "euclidean"


def test_the_number_of_pairs_is_that_of_the_sample():
    rows = np.random.default_rng(0).normal(size=(30, 2))
    assert fit_null(np.eye(3)).n_pairs == 3  # all as far apart
    assert [fit_null(rows, n_pairs=n).n_pairs for n in (1, 434, 435, 436)] == [1, 434, 435, 435]
    with pytest.raises(InvalidDataError, match="'feat' must be a matrix"):
        fit_null(rows[0])

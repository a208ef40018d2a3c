"""The null distribution of the p-values."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import pdist

from clustimage._core.errors import InvalidDataError, InvalidParameterError, ModelFileError
from clustimage.similarity import (
    METRICS,
    NullDistribution,
    _fit_null,
    _null_distribution,
    fit_null,
    null_from_state,
)
from clustimage.similarity._null_distribution import DISTRIBUTIONS, anderson_darling


@pytest.fixture(scope="module")
def feat() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(900, 20)).astype(np.float32)


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
    assert p[0] == 0 and np.isfinite(p).all() and p[-1] > 0.9
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

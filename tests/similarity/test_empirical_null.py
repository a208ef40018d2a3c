"""The observed distribution of the distances, and its tail."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from clustimage._core.errors import ModelFileError
from clustimage._distances.pairs import paired_distances
from clustimage.similarity import find_similar, fit_null
from clustimage.similarity._empirical_null import EmpiricalNull, fit_empirical


def _groups(n_columns: int, rng: np.random.Generator) -> np.ndarray:
    centers = 3 * rng.normal(size=(8, n_columns))
    return centers[rng.integers(0, 8, 4000)] + rng.normal(size=(4000, n_columns))


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: rng.normal(size=(4000, 2)),
        lambda rng: rng.normal(size=(4000, 100)),
        lambda rng: _groups(50, rng),
        lambda rng: rng.standard_t(3, size=(4000, 20)),
    ],
    ids=["2 columns", "100 columns", "8 groups", "heavy tails"],
)
def test_alpha_is_the_share_of_pairs_that_are_found(draw):
    rng = np.random.default_rng(0)
    rows = draw(rng)
    fitted_to, others = rows[:2000], rows[2000:]
    null = fit_null(fitted_to)
    i, j = rng.integers(0, 2000, (2, 200_000))
    p_values = null.cdf(paired_distances(others, i, fitted_to, j, "euclidean"))
    for alpha, off in ((0.05, 0.2), (0.01, 0.2), (0.001, 1.0)):
        assert alpha / (1 + off) <= (p_values <= alpha).mean() <= alpha * (1 + off)


def test_above_the_tail_it_is_the_observed_distribution():
    sample = np.sort(np.random.default_rng(0).gamma(9, size=30_000))
    null = fit_empirical(sample, "euclidean")
    at = np.quantile(sample, [0.02, 0.3, 0.9])
    observed = np.searchsorted(sample, at, side="right") / len(sample)
    np.testing.assert_allclose(null.cdf(at), observed, atol=5e-4)
    assert len(null.values) == 2000


def test_tail_equals_that_of_scipy_cut_off_at_zero():
    sample = np.sort(np.random.default_rng(0).gamma(9, size=30_000))
    null = fit_empirical(sample, "euclidean")
    threshold, lowest = sample[300], sample[:300]
    c, _, scale = stats.genpareto.fit(threshold - lowest, floc=0)
    assert null.params == pytest.approx(
        {"threshold": threshold, "share": 0.01, "c": c, "scale": scale}
    )
    fitted = stats.genpareto(c, scale=scale)
    at = np.array([0.3, 0.8]) * threshold
    above_zero = fitted.sf(threshold - at) - fitted.sf(threshold)
    np.testing.assert_allclose(null.cdf(at), 0.01 * above_zero / fitted.cdf(threshold))


@pytest.mark.parametrize("n", [60, 1500, 30_000])
def test_quantile_is_the_inverse(n):
    null = fit_empirical(np.sort(np.random.default_rng(0).gamma(9, size=n)), "euclidean")
    for p in (1e-5, 1e-3, 0.009, 0.02, 0.5, 0.999):
        radius = null.quantile(p)
        below = np.nextafter(radius, 0)
        assert null.cdf(below * (1 - 1e-9)) <= p + 1e-9
        assert null.cdf(radius * (1 + 1e-9)) >= p - 1e-6
    assert null.quantile(1.0) == np.inf


def test_bits_have_steps_and_no_tail():
    rng = np.random.default_rng(0)
    null = fit_null(rng.integers(0, 2, (500, 64)), metric="hamming")
    assert null.params == {}
    assert null.cdf(0.5) == null.cdf(0.505) < null.cdf(33 / 64)


def test_pairs_of_different_clusters_know_nothing_of_the_groups():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 200)
    rows = 50.0 * labels[:, None] + rng.normal(size=(400, 3))
    within = 2.0
    between = fit_null(rows, labels=labels)
    assert between.pairs == "between" and between.cdf(within) == 0
    assert fit_null(rows).cdf(within) > 0.05
    # Images that are in no cluster are strangers to each other.
    alone = fit_null(rows, labels=np.full(400, -1))
    assert alone.cdf(within) > 0.05


def test_every_pair_of_few_images_is_taken_once():
    labels = np.array([0, 0, 1])
    null = fit_null(np.array([[0.0], [1.0], [4.0]]), labels=labels)
    assert isinstance(null, EmpiricalNull)
    assert (null.values, null.n_pairs) == ((3.0, 4.0), 2)


def test_the_tail_ends_at_distance_zero():
    """Distances that reach down to 0: what the fit gives to values below belongs to none."""
    sample = np.sort(np.random.default_rng(0).random(30_000))
    null = fit_empirical(sample, "euclidean")
    c, scale, threshold = (null.params[key] for key in ("c", "scale", "threshold"))
    fitted = stats.genpareto(c, scale=scale)
    for p in (1e-6, 1e-4, 0.005):
        at = null.quantile(p)
        assert 0 < at < threshold and null.cdf(at) == pytest.approx(p, rel=1e-9)
        above_zero = fitted.sf(threshold - at) - fitted.sf(threshold)
        assert p == pytest.approx(0.01 * above_zero / fitted.cdf(threshold), rel=1e-9)
    assert null.cdf([0.0, -1.0]).tolist() == [0, 0]


def test_a_tail_that_reaches_below_zero_is_cut_off_there():
    params = {"threshold": 1.0, "share": 0.1, "c": 0.0, "scale": 2.0}
    null = EmpiricalNull("empirical", params, values=(1.0, 2.0), cumulative=(0.1, 1.0))
    fitted = stats.expon(scale=2)
    np.testing.assert_allclose(
        null.cdf([0.0, 0.25, 0.999999]),
        0.1 * (fitted.sf([1.0, 0.75, 0.000001]) - fitted.sf(1)) / fitted.cdf(1),
    )
    np.testing.assert_allclose(null.cdf([1.0, 1.5, 2.0, 3.0]), [0.1, 0.1, 1, 1])
    assert null.cdf(null.quantile(0.03)) == pytest.approx(0.03)


@pytest.mark.parametrize("metric", ["cityblock", "hamming"])
def test_state_of_each_kind_survives(metric):
    """With a tail and without one."""
    rows = np.random.default_rng(0).normal(size=(500, 64))
    rows = (rows > 0).astype(float) if metric == "hamming" else rows
    null = fit_null(rows, metric=metric, labels=np.arange(500) % 3)
    assert bool(null.params) == (metric == "cityblock")
    back = EmpiricalNull.from_state(null.get_state())
    assert back == null and (back.metric, back.pairs) == (metric, "between")
    assert back.null == "empirical" and back.n_pairs == null.n_pairs


@pytest.mark.parametrize("key", ["params", "metric", "n_pairs", "null", "pairs", "values"])
def test_a_state_without_a_field_is_broken(key):
    null = fit_empirical(np.arange(1.0, 101.0), "euclidean")
    broken = {name: value for name, value in null.get_state().items() if name != key}
    with pytest.raises(ModelFileError) as missing:
        EmpiricalNull.from_state(broken)
    assert str(missing.value) == f"The distribution of the distances is broken: KeyError('{key}')."


@pytest.mark.parametrize(
    "values, cumulative, words",
    [
        ([], [], "its distances do not ascend"),
        ([2.0, 1.0], [0.5, 1.0], "its distances do not ascend"),
        ([1.0, 2.0], [1.0, 0.5], "its distances do not ascend"),
        ([1.0, 2.0], [1.0], "setting an array element with a sequence"),
    ],
)
def test_distances_that_do_not_ascend_are_broken(values, cumulative, words):
    state = fit_empirical(np.arange(1.0, 101.0), "euclidean").get_state()
    start = r"^The distribution of the distances is broken: ValueError\('"
    with pytest.raises(ModelFileError, match=start + words):
        EmpiricalNull.from_state({**state, "values": values, "cumulative": cumulative})
    EmpiricalNull.from_state({**state, "values": [1.0, 1.0], "cumulative": [0.5, 0.5]})


def test_of_few_distances_all_are_kept_with_their_shares():
    sample = np.array([1.0, 1.0, 3.0, 4.0])
    null = fit_empirical(sample, "cosine")
    assert null.values == (1.0, 3.0, 4.0) and null.cumulative == (0.5, 0.75, 1.0)
    assert (null.metric, null.n_pairs, null.params) == ("cosine", 4, {})
    assert null.cdf([0.9, 1.0, 2.9, 3.0, 4.0, 9.0]).tolist() == [0, 0.5, 0.5, 0.75, 1, 1]
    # A quantile is the next distance, up to which the p-value stays.
    assert [null.quantile(p) for p in (0.1, 0.5, 0.6, 0.75, 0.99)] == [1, 3, 3, 4, 4]


def test_a_tail_is_fitted_where_there_are_enough_distances_above_zero():
    rng = np.random.default_rng(0)
    sample = np.sort(rng.gamma(9, size=4901))
    assert set(fit_empirical(sample, "euclidean").params) == {"threshold", "share", "c", "scale"}
    assert fit_empirical(sample, "euclidean").params["share"] == 50 / 4901
    assert fit_empirical(sample[:4900], "euclidean").params == {}
    with_zero = np.concatenate([[0.0], sample])
    assert fit_empirical(with_zero, "euclidean").params == {}


def test_of_many_distances_two_thousand_quantiles_are_kept():
    sample = np.sort(np.random.default_rng(0).gamma(9, size=30_000))
    null = fit_empirical(sample, "euclidean")
    cumulative = np.linspace(1 / 30_000, 1, 2000)
    np.testing.assert_allclose(null.cumulative, cumulative)
    np.testing.assert_array_equal(
        null.values, np.quantile(sample, cumulative, method="inverted_cdf")
    )
    assert (null.values[0], null.values[-1], null.n_pairs) == (sample[0], sample[-1], 30_000)
    exactly = fit_empirical(sample[::15], "euclidean")
    assert len(exactly.values) == 2000 and exactly.values == tuple(sample[::15])


def test_distance_0_has_the_share_of_pairs_that_are_equal():
    # Hashes of which most are the same: nine of ten, so that 81 % of the pairs are equal.
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 2, (600, 16)) * (np.arange(600) % 10 == 0)[:, None]
    fitted_to, others = rows[:300], rows[300:]
    null = fit_null(fitted_to, metric="hamming")
    assert null.cdf(0.0) == pytest.approx(0.81, abs=0.02)
    assert null.quantile(0.05) == -np.inf
    for alpha in (0.05, 0.9):
        found = find_similar(fitted_to, others, alpha=alpha, null=null, metric="hamming")
        share = sum(len(one["y_idx"]) for one in found) / 300**2
        assert share <= 1.2 * alpha
    copies = np.random.default_rng(0).normal(size=(300, 5))
    copies[1] = copies[0]  # one pair of 44,850
    assert fit_null(copies).cdf(0.0) == pytest.approx(1 / 44_850)


def test_distances_below_all_others_have_the_p_value_0():
    null = EmpiricalNull("empirical", {}, values=(0.0, 1.0), cumulative=(0.5, 1.0))
    assert null.cdf([0.0, 0.5, 1.0]).tolist() == [0.5, 0.5, 1]
    thinned = fit_empirical(np.linspace(1, 2, 3000), "euclidean")
    assert len(thinned.values) == 2000 and thinned.params == {}
    assert thinned.cdf([0.5, 0.999]).tolist() == [0, 0] and thinned.cdf(1.0) > 0

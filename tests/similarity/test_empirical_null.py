"""The observed distribution of the distances, and its tail."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from clustimage._distances.pairs import paired_distances
from clustimage.similarity import fit_null
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

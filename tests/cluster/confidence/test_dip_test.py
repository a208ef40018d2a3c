"""The dip against its definition, solved as a linear program."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from clustimage.cluster.confidence._dip_test import (
    QUANTILES,
    SAMPLE_SIZES,
    dip_statistic,
    is_multimodal,
)


def dip_by_definition(x: np.ndarray) -> float:
    """Return the least largest distance to a distribution, convex and then concave."""
    values, counts = np.unique(x, return_counts=True)
    upper = np.cumsum(counts) / len(x)
    lower, m, best = upper - counts / len(x), len(values), 1.0
    for mode in range(m):
        # Unknown: the distribution left of the mode and at it from the left, then from the
        # right on, and the distance.
        left, n_unknown = mode + 1, m + 2
        rows, bounds = [], []

        def at_most(bound: float, terms: dict[int, float], n=n_unknown, rows=rows, to=bounds):
            row = np.zeros(n)
            for at, factor in terms.items():
                row[at] += factor
            rows.append(row)
            to.append(bound)

        for i in range(m):
            place = i if i < mode else left + i - mode
            near = [(place, upper[i]), (place, lower[i])]
            if i == mode:
                near = [(mode, lower[i]), (left, upper[i])]
            for at, target in near:
                at_most(target, {at: 1, n_unknown - 1: -1})
                at_most(-target, {at: -1, n_unknown - 1: -1})
        at_most(0, {mode: 1, left: -1})
        for side, sign in ((range(mode + 1), 1), (range(mode, m), -1)):
            place = {i: i if sign == 1 else left + i - mode for i in side}
            steps = list(side)
            for i, j in zip(steps, steps[1:], strict=False):
                at_most(0, {place[i]: 1, place[j]: -1})
            for i, j, k in zip(steps, steps[1:], steps[2:], strict=False):
                a, b = 1 / (values[j] - values[i]), 1 / (values[k] - values[j])
                at_most(0, {place[i]: -sign * a, place[j]: sign * (a + b), place[k]: -sign * b})
        goal = np.zeros(n_unknown)
        goal[-1] = 1
        best = min(best, linprog(goal, A_ub=np.array(rows), b_ub=bounds, bounds=(0, 1)).fun)
    return max(best, 1 / (2 * len(x)))


@pytest.mark.parametrize("seed", range(8))
def test_the_dip_is_the_distance_to_the_nearest_unimodal_distribution(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rng.integers(5, 20)) * 2
    x = np.round(x) if seed % 2 else np.concatenate([x, x[:5] + 9])
    assert dip_statistic(x) == pytest.approx(dip_by_definition(x), abs=1e-6)


def test_two_far_groups_have_two_modes_and_one_cloud_has_one():
    rng = np.random.default_rng(0)
    one = rng.normal(size=300)
    assert not is_multimodal(one)
    assert is_multimodal(np.concatenate([one, one + 5]))
    assert not is_multimodal(np.zeros(50))
    assert not is_multimodal(np.array([0.0, 9.0]))


def test_one_in_twenty_uniform_samples_is_beyond_the_quantile():
    rng = np.random.default_rng(0)
    for n in (10, 70):
        quantile = np.interp(np.log(n), np.log(SAMPLE_SIZES), QUANTILES)
        dips = [np.sqrt(n) * dip_statistic(rng.uniform(size=n)) for _ in range(1000)]
        assert np.mean(np.array(dips) > quantile) == pytest.approx(0.05, abs=0.025)

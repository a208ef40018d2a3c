"""Subsamples: agreement, counts, Jaccard similarities."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from clustimage.cluster.confidence._resampling import resample


def by_sign(rows, positions, k):
    return (rows[:, 0] > 0).astype(int)


def test_a_cluster_that_is_found_again_is_stable_and_one_that_is_cut_is_not():
    rows = np.array([[-1.0]] * 40 + [[1.0]] * 40)
    labels = np.array([0] * 40 + [1] * 20 + [2] * 20)
    found = resample(rows, np.arange(80), labels, by_sign)
    assert found.jaccard[0] == 1
    assert found.jaccard[1] == pytest.approx(0.5, abs=0.1)
    assert found.counts.tolist() == [2] * 10
    whole = adjusted_rand_score(labels, by_sign(rows, None, None))
    assert found.agreement.mean() == pytest.approx(whole, abs=0.05)


def test_positions_and_the_number_of_clusters_are_given_to_the_procedure():
    seen = []

    def procedure(rows, positions, k):
        seen.append((rows[:, 0], positions, k))
        return np.zeros(len(rows), dtype=int)

    rows, positions = np.arange(50.0)[:, None], np.arange(100, 150)
    resample(rows, positions, np.zeros(50, dtype=int), procedure, n_clusters=7, n_subsamples=3)
    for values, some, k in seen:
        assert len(some) == 40
        assert k == 7
        assert np.array_equal(values + 100, some)
    assert not np.array_equal(seen[0][1], seen[1][1])


def test_unclustered_rows_are_not_compared():
    rows = np.array([[-1.0]] * 30 + [[1.0]] * 30)
    labels = np.array([0] * 30 + [1] * 15 + [-1] * 15)
    found = resample(rows, np.arange(60), labels, by_sign)
    assert found.agreement.tolist() == [1.0] * 10

"""Distances by blocks equal those of scipy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from clustimage._distances import pairs
from clustimage._distances.pairs import distances, paired_distances
from clustimage.similarity import METRICS


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks so small that there are many of them."""
    monkeypatch.setattr(pairs, "CACHE_BYTES", 3200)


@pytest.fixture
def rows() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (70, 12)).astype(np.float32)


@pytest.mark.parametrize("metric", METRICS)
def test_distances_equal_those_of_scipy(metric, rows, small_blocks):
    expected = cdist(rows[:9].astype(float), rows.astype(float), metric)
    np.testing.assert_allclose(distances(rows[:9], rows, metric), expected, atol=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_paired_distances_equal_those_of_scipy(metric, rows, small_blocks):
    i, j = np.random.default_rng(1).integers(0, 70, (2, 200))
    expected = cdist(rows.astype(float), rows.astype(float), metric)[i, j]
    np.testing.assert_allclose(paired_distances(rows, i, rows, j, metric), expected, atol=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_rows_are_at_distance_zero_from_themselves(metric, rows):
    assert (np.diag(distances(rows, rows, metric)) == 0).all()
    each = np.arange(len(rows))
    assert (paired_distances(rows, each, rows, each, metric) == 0).all()


@pytest.mark.parametrize("metric", METRICS)
def test_rows_of_zeros_have_a_distance_in_every_metric(metric):
    rows = np.array([[0.0, 0, 0], [0, 0, 0], [1, 2, 4]])
    found = distances(rows, rows, metric)
    assert np.isfinite(found).all()
    assert found[0, 1] == 0 and found[0, 2] > 0
    i, j = np.array([0, 0]), np.array([1, 2])
    np.testing.assert_allclose(paired_distances(rows, i, rows, j, metric), found[0, 1:])

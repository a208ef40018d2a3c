"""Distances by blocks equal those of scipy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from clustimage._core import batches
from clustimage._distances.pairs import distances, nearest, paired_distances
from clustimage.similarity import METRICS


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks so small that there are many of them."""
    monkeypatch.setattr(batches, "BLOCK_BYTES", 3200)


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
    ours = nearest(rows, rows, metric, skip_self=True)
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
    index, distance = nearest(np.ones((1, 2)), np.ones((1, 2)), "euclidean", skip_self=True)
    assert index[0] == -1 and np.isinf(distance[0])

"""The nearest rows of each row."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from clustimage._distances import neighbours
from clustimage._distances.neighbours import nearest_of, nearest_rows

rng = np.random.default_rng(0)
ROWS = rng.normal(size=(300, 7)).astype(np.float32)
# Few distances, so that many neighbours are equally near.
BITS = rng.integers(0, 2, (400, 12)).astype(np.float32)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(neighbours, "MAX_QUERIES_PER_BLOCK", 64)


def test_neighbours_are_the_nearest_ones(small_blocks):
    indices, distances = nearest_rows(ROWS, 9, n_jobs=2)
    among = cdist(ROWS, ROWS)
    np.fill_diagonal(among, np.inf)
    np.testing.assert_array_equal(indices, among.argsort(axis=1)[:, :9])
    np.testing.assert_allclose(distances, np.sort(among, axis=1)[:, :9], rtol=1e-6)


@pytest.mark.parametrize("n_jobs", [2, 3, -1])
def test_equally_near_rows_are_chosen_whatever_n_jobs_is(n_jobs, small_blocks):
    one, several = (nearest_rows(BITS, 20, n_jobs=jobs) for jobs in (1, n_jobs))
    np.testing.assert_array_equal(one[0], several[0])
    np.testing.assert_array_equal(one[1], several[1])


def test_no_row_is_its_own_neighbour_even_among_many_equal_ones():
    rows = np.repeat(ROWS[:2], 30, axis=0)
    indices, distances = nearest_rows(rows, 5, n_jobs=1)
    assert (indices != np.arange(60)[:, None]).all()
    np.testing.assert_allclose(distances, 0, atol=1e-5)
    np.testing.assert_array_equal(indices // 30, np.repeat([[0], [1]], 30, axis=0) + 0 * indices)


def test_all_other_rows_can_be_neighbours():
    indices = nearest_rows(ROWS[:5], 4, n_jobs=1)[0]
    np.testing.assert_array_equal(np.sort(indices)[0], [1, 2, 3, 4])


def test_queries_find_the_nearest_rows():
    queries = rng.normal(size=(150, 7)).astype(np.float32)
    indices, distances = nearest_of(queries, ROWS, 3)
    among = cdist(queries, ROWS)
    np.testing.assert_array_equal(indices, among.argsort(axis=1)[:, :3])
    np.testing.assert_allclose(distances, np.sort(among, axis=1)[:, :3], rtol=1e-6)

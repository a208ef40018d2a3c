"""The graph of nearest neighbours: weights as UMAP's, any metric, few rows."""

import numpy as np
import pytest

from clustimage._distances.neighbours import nearest_rows
from clustimage.cluster import METRICS
from clustimage.cluster.graph._fuzzy_graph import fuzzy_graph, fuzzy_weights, neighbour_rows


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    return rng.normal(size=(5, 64))[rng.integers(0, 5, 300)] * 2 + rng.normal(size=(300, 64))


def test_weights_are_those_of_umap(rows):
    umap_ = pytest.importorskip("umap.umap_")
    reduced = neighbour_rows(rows)
    at, distances = nearest_rows(reduced, 14, n_jobs=1)
    itself = np.arange(len(rows))[:, None]
    expected, _, _ = umap_.fuzzy_simplicial_set(
        reduced,
        15,
        np.random.RandomState(0),
        "euclidean",
        knn_indices=np.hstack([itself, at]),
        knn_dists=np.hstack([np.zeros(itself.shape), distances]),
    )
    graph = fuzzy_graph(rows, n_neighbours=15)
    assert abs(graph - expected).max() < 1e-5
    assert graph.nnz == expected.nnz


def test_weights_near_equal_rows_are_those_of_umap():
    umap_ = pytest.importorskip("umap.umap_")
    rng = np.random.default_rng(0)
    rows = np.repeat(rng.normal(size=(20, 8)), 20, axis=0)
    rows[::3] += 1e-3 * rng.normal(size=rows[::3].shape)
    at, distances = nearest_rows(rows.astype(np.float32), 14, n_jobs=1)
    known = np.hstack([np.zeros((len(rows), 1)), distances]).astype(np.float32)
    sigmas, rhos = umap_.smooth_knn_dist(known, 15.0)
    names = np.hstack([np.arange(len(rows))[:, None], at]).astype(np.int32)
    _, _, expected, _ = umap_.compute_membership_strengths(names, known, sigmas, rhos, False)
    # Both end their search where a sum of weights is right to 1e-5.
    np.testing.assert_allclose(fuzzy_weights(distances), expected.reshape(-1, 15)[:, 1:], atol=2e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_gives_a_symmetric_graph(metric, rows):
    graph = fuzzy_graph(np.abs(rows), metric)
    assert abs(graph - graph.T).max() < 1e-12
    assert graph.data.min() > 0 and graph.data.max() <= 1
    assert graph.diagonal().sum() == 0 and (graph.getnnz(axis=1) >= 14).all()


def test_the_metric_decides_who_is_near():
    rows = np.array([[1.0, 0.0], [10.0, 0.0], [0.0, 1.0], [0.0, 10.0]])
    by_direction = fuzzy_graph(rows, "cosine", n_neighbours=2).toarray()
    assert by_direction[0, 1] == by_direction[2, 3] == 1 and by_direction[0, 2] == 0
    by_place = fuzzy_graph(rows, "cityblock", n_neighbours=2).toarray()
    assert by_place[0, 2] == 1 and by_place[2, 3] == 1 and by_place[1, 3] == 0


@pytest.mark.parametrize("n", [1, 2, 3, 16])
def test_few_rows_are_all_neighbours(n):
    graph = fuzzy_graph(np.random.default_rng(0).normal(size=(n, 30)), n_neighbours=20)
    assert graph.shape == (n, n) and graph.nnz == n * (n - 1)


def test_threads_change_nothing(rows):
    one, two = (fuzzy_graph(rows, n_jobs=n_jobs) for n_jobs in (1, 2))
    assert (one != two).nnz == 0

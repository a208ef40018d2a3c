import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist

from clustimage._distances.metrics import METRICS
from clustimage.cluster import plan_clusters
from clustimage.cluster.clusterers import _spanning_forest
from clustimage.cluster.clusterers._spanning_forest import span_by_density


def groups(n: int, d: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(7, d))[rng.integers(0, 7, n)] * 3 + rng.normal(size=(n, d)) + 20


def reachability(X: np.ndarray, metric: str, k: int) -> tuple[np.ndarray, np.ndarray]:
    distances = cdist(X, X, metric)
    core = np.sort(distances, axis=1)[:, k - 1]
    return core, np.maximum(np.maximum(distances, core), core[:, None])


@pytest.mark.parametrize("metric", METRICS)
def test_the_tree_is_that_of_scipy(metric, monkeypatch):
    """The weights of a minimum spanning tree are the same, whichever one it is."""
    monkeypatch.setattr(_spanning_forest, "EXTRA_NEIGHBOURS", 2)
    monkeypatch.setattr(_spanning_forest, "ROWS_PER_BLOCK", 50)
    monkeypatch.setattr(_spanning_forest, "OTHERS_PER_BLOCK", 70)
    X = groups(400, 6)
    if metric == "hamming":
        X = X.round()
    core, full = reachability(X, metric, 5)
    found = span_by_density(X, metric=metric, min_samples=5, n_jobs=2)
    np.testing.assert_allclose(found.core, core, atol=1e-9)
    theirs = np.sort(minimum_spanning_tree(full).data)
    np.testing.assert_allclose(np.sort(found.weights), theirs, atol=1e-7)
    np.testing.assert_allclose(found.weights, full[tuple(found.edges.T)], atol=1e-7)
    assert len(np.unique(found.edges)) == len(X)


def test_each_row_is_compared_with_all_others_only_where_it_has_to_be(monkeypatch):
    X = groups(2000, 3)
    compared = []
    search = _spanning_forest._Forest._first_outside

    def count(self, rows, *rest):
        compared.append(len(rows))
        return search(self, rows, *rest)

    monkeypatch.setattr(_spanning_forest._Forest, "_first_outside", count)
    found = span_by_density(X, metric="euclidean", min_samples=8)
    assert len(found.edges) == 1999
    assert sum(compared) < 2 * len(X)


def test_equal_rows_have_edges_of_weight_zero():
    X = np.repeat(groups(40, 3), 6, axis=0)
    found = span_by_density(X, metric="euclidean", min_samples=4)
    assert (found.weights < 1e-6).sum() == 40 * 5
    core, full = reachability(X, "euclidean", 4)
    # scipy takes a zero, or nearly one, of a full matrix for no edge.
    theirs = np.sort(minimum_spanning_tree(csr_matrix(full + 1)).data - 1)
    np.testing.assert_allclose(np.sort(found.weights), theirs, atol=1e-6)


def test_rings_of_equal_distances_are_cut_open():
    grid = np.stack(np.meshgrid(*[np.arange(9.0)] * 2), axis=-1).reshape(-1, 2)
    found = span_by_density(grid, metric="cityblock", min_samples=1)
    assert found.edges.shape == (80, 2)
    assert set(found.weights) == {1}


def test_float32_and_the_number_of_threads_change_nothing():
    X = groups(1500, 8).astype(np.float32)
    one = span_by_density(X, metric="euclidean", min_samples=7, n_jobs=1)
    two = span_by_density(X, metric="euclidean", min_samples=7, n_jobs=2)
    np.testing.assert_array_equal(one.edges, two.edges)
    np.testing.assert_array_equal(one.weights, two.weights)
    whole = span_by_density(X.astype(np.float64), metric="euclidean", min_samples=7)
    np.testing.assert_allclose(np.sort(one.weights), np.sort(whole.weights), atol=1e-6)


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "cityblock"])
def test_no_more_memory_is_taken_than_was_said(metric):
    X = groups(30_000, 2).astype(np.float32)
    tracemalloc.start()
    span_by_density(X, metric=metric, min_samples=10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    said = plan_clusters(*X.shape, cluster="hdbscan", metric=metric, n_jobs=1).peak
    assert said / 8 < peak < said

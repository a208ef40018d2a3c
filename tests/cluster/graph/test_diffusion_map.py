"""Coordinates of a graph: eigenvectors, parts that no edge connects, equal rows."""

import numpy as np
import pytest
from scipy.sparse import block_diag, csr_matrix
from scipy.spatial.distance import pdist
from sklearn.manifold import SpectralEmbedding

from clustimage.cluster import build_graph_space
from clustimage.cluster.graph._diffusion_map import diffusion_map
from clustimage.cluster.graph._fuzzy_graph import fuzzy_graph


@pytest.fixture(scope="module")
def graph():
    rng = np.random.default_rng(0)
    return fuzzy_graph(rng.normal(size=(400, 3)) + rng.integers(0, 4, 400)[:, None] * 3)


def diffusion_distances(graph, n_steps):
    """Distances by their definition: of the rows of the walk, weighted by its limit."""
    walk = graph.toarray()
    degrees = walk.sum(axis=1)
    walk = np.linalg.matrix_power(walk / degrees[:, None], n_steps)
    return pdist(walk / np.sqrt(degrees / degrees.sum()))


@pytest.mark.parametrize("n", [200, 400])
def test_distances_are_those_of_random_walks(graph, n):
    part = graph[:n][:, :n] + csr_matrix(np.full((n, n), 1e-6))
    found = pdist(diffusion_map(part, n_coordinates=n - 1))
    expected = diffusion_distances(part, 8)
    np.testing.assert_allclose(found / found.mean(), expected / expected.mean(), atol=1e-3)


def test_coordinates_are_the_laplacian_eigenmap_scaled(graph):
    ours = diffusion_map(graph, n_coordinates=4)
    theirs = SpectralEmbedding(4, affinity="precomputed", random_state=0).fit_transform(
        graph.toarray()
    )
    for column, expected in zip(ours.T, theirs.T, strict=True):
        assert abs(np.corrcoef(column, expected)[0, 1]) > 0.999


def test_parts_that_no_edge_connects_are_places_of_their_own(graph):
    parts = block_diag([graph, graph, np.ones((2, 2)), np.zeros((1, 1))]).tocsr()
    coordinates = diffusion_map(parts)
    part = np.repeat([0, 1, 2, 3], [400, 400, 2, 1])
    own = coordinates[:, :4] != 0
    np.testing.assert_array_equal(own, part[:, None] == np.arange(4))


def test_more_parts_than_coordinates():
    coordinates = diffusion_map(csr_matrix(np.kron(np.eye(80), np.ones((3, 3)))), n_coordinates=60)
    assert len(np.unique(coordinates.round(9), axis=0)) == 80


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_nodes(n):
    coordinates = diffusion_map(csr_matrix(np.ones((n, n)) - np.eye(n)))
    assert coordinates.shape[0] == n and np.isfinite(coordinates).all()


def test_equal_rows_are_at_one_place():
    rng = np.random.default_rng(0)
    names = rng.integers(0, 50, 300)
    space = build_graph_space(rng.normal(size=(50, 64))[names])
    assert space.weights.shape == (50, 50)
    places = np.unique(np.column_stack([names, space.coordinates.round(12)]), axis=0)
    assert len(places) == 50
    everything_equal = build_graph_space(np.ones((9, 30)))
    assert np.ptp(everything_equal.coordinates, axis=0).max() == 0


def test_the_seed_decides(graph):
    np.testing.assert_array_equal(diffusion_map(graph, seed=1), diffusion_map(graph, seed=1))

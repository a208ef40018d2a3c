import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

from clustimage._core.errors import InvalidParameterError, MemoryLimitError
from clustimage._core.step_order import StepOrderError
from clustimage._distances.metrics import METRICS
from clustimage.cluster._labels import order_labels
from clustimage.cluster.tree._linkage import (
    EUCLIDEAN_LINKAGES,
    LINKAGES,
    build_tree,
    check_linkage,
    cut_heights,
    cut_tree_at,
    cut_tree_k,
)


@pytest.mark.parametrize("name", LINKAGES)
def test_tree_equals_scipy(name, blobs):
    np.testing.assert_array_equal(build_tree(blobs[0], linkage_name=name), linkage(blobs[0], name))


@pytest.mark.parametrize("metric", METRICS)
def test_tree_takes_every_metric(metric, blobs):
    tree = build_tree(blobs[0], linkage_name="average", metric=metric)
    reference = linkage(pdist(blobs[0], metric), "average")
    np.testing.assert_allclose(tree[:, 2], reference[:, 2], atol=1e-9)


@pytest.mark.parametrize("name", LINKAGES)
def test_cut_gives_exactly_k_clusters(name, blobs):
    tree = build_tree(blobs[0][:60], linkage_name=name)
    for k in range(1, 61):
        assert len(np.unique(cut_tree_k(tree, k))) == k


@pytest.mark.parametrize("name", ["ward", "single", "complete", "average"])
def test_cut_equals_scipy_where_there_are_no_ties(name, blobs):
    tree = build_tree(blobs[0], linkage_name=name)
    for k in (1, 2, 3, 7, 24, 298):  # old versions of scipy never give n - 1 clusters
        theirs = order_labels(fcluster(tree, k, "maxclust"))
        np.testing.assert_array_equal(cut_tree_k(tree, k), theirs)


def test_cut_gives_k_clusters_of_equal_rows():
    tree = build_tree(np.zeros((7, 2)))
    assert [cut_tree_k(tree, k).max() + 1 for k in range(1, 8)] == list(range(1, 8))


def test_cut_at_a_height_equals_scipy(blobs):
    tree = build_tree(blobs[0])
    for height in (0.0, tree[100, 2], tree[-3, 2] + 1e-9, tree[-1, 2]):
        theirs = order_labels(fcluster(tree, height, "distance"))
        np.testing.assert_array_equal(cut_tree_at(tree, height), theirs)


@pytest.mark.parametrize("k", [1, 2, 5, 299, 300])
def test_cut_heights_give_that_number_of_clusters(k, blobs):
    tree = build_tree(blobs[0])
    max_d, lower, upper = cut_heights(tree, k)
    assert lower <= max_d <= upper
    assert len(np.unique(cut_tree_at(tree, max_d))) == k


def test_one_image_has_an_empty_tree():
    tree = build_tree(np.ones((1, 3)))
    assert tree.shape == (0, 4)
    assert cut_tree_k(tree, 1).tolist() == cut_tree_at(tree, 1.0).tolist() == [0]


@pytest.mark.parametrize("name", EUCLIDEAN_LINKAGES)
def test_euclidean_linkages_refuse_other_metrics(name):
    with pytest.raises(InvalidParameterError, match=f"'{name}'.*euclidean.*average"):
        check_linkage(name, "cosine")


def test_wrong_cuts_are_refused(blobs):
    tree = build_tree(blobs[0][:5])
    with pytest.raises(InvalidParameterError, match="from 1 to 5"):
        cut_tree_k(tree, 6)
    with pytest.raises(InvalidParameterError, match="max_d"):
        cut_tree_at(tree, -1)
    with pytest.raises(StepOrderError, match="agglomerative"):
        cut_tree_at(None, 1)


@pytest.mark.parametrize("name, n_bytes", [("ward", "31.2 kB"), ("single", "17.6 kB")])
def test_memory_is_asked_for_before_distances_are_taken(name, n_bytes, blobs, monkeypatch):
    monkeypatch.setattr("clustimage._core.memory.available_memory", lambda: 1000)
    monkeypatch.setattr("clustimage.cluster.tree._linkage.condensed_distances", lambda *args: 1 / 0)
    with pytest.raises(
        MemoryLimitError, match=f"A tree of 63 images takes about {n_bytes} .*'kmeans'"
    ):
        build_tree(blobs[0][:63], linkage_name=name)

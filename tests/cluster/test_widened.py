"""Where nobody said how many clusters there are at most, the search goes on past the last one."""

import logging

import numpy as np
import pytest

from clustimage.cluster import cut_tree_k, search_k
from clustimage.cluster._candidates import Candidates
from clustimage.cluster._search import _with_more
from clustimage.cluster.clusterers._agglomerative import AgglomerativeClusterer


def groups(k, size=12, seed=0):
    rng = np.random.default_rng(seed)
    kinds = np.repeat(np.arange(k), size)
    return rng.normal(size=(k, 6))[kinds] * 20 + rng.normal(size=(len(kinds), 6)), kinds


@pytest.mark.parametrize("cluster", ["agglomerative", "kmeans", "hdbscan", "dbscan"])
def test_forty_groups_are_found_by_every_clusterer(cluster, caplog):
    rows, kinds = groups(40)
    with caplog.at_level(logging.INFO):
        found = search_k(rows, cluster=cluster)
    assert found.n_found == 40 and found.params["max_clust"] == 97
    assert len({(a, b) for a, b in zip(found.labels, kinds, strict=True)}) == 40
    assert "goes on to 96" in caplog.text


@pytest.mark.parametrize("cluster", ["agglomerative", "kmeans", "dbscan"])
def test_thirty_small_groups_are_found_too(cluster, caplog):
    rows, kinds = groups(30, size=5)
    with caplog.at_level(logging.INFO):
        found = search_k(rows, cluster=cluster)
    which = "found" if cluster == "dbscan" else "searched"
    assert f"is the largest of those {which}: the search goes on to 30." in caplog.text
    assert found.n_found == 30 and len(set(zip(found.labels, kinds, strict=True))) == 30
    assert found.params["max_clust"] == 31 and max(found.score["clusters"]) >= 30
    tried = found.score["cluster_threshold"]
    assert len(set(tried)) == len(tried)


def test_the_tree_of_micro_clusters_is_cut_further():
    rows, _ = groups(40, size=30)
    found = search_k(rows, micro_clusters=300)
    assert found.n_found == 40 and found.micro is not None


def test_the_search_goes_on_to_the_micro_clusters_that_were_asked_for():
    rows, _ = groups(40, size=30)
    found = search_k(rows, micro_clusters=50)
    assert found.score["clusters"] == [*range(3, 51)] and len(found.tree) == 49
    assert found.params["max_clust"] == 51
    assert search_k(rows, micro_clusters=24).score["clusters"] == [*range(3, 25)]


def test_a_tree_is_cut_into_no_more_clusters_than_it_has_leaves():
    rows, _ = groups(6, size=5)
    found = search_k(rows, max_clust=5)
    first = Candidates([cut_tree_k(found.tree, k) for k in (3, 4)], [3, 4], Z=found.tree)
    more = _with_more(first, AgglomerativeClusterer(), rows, range(3, 50))
    assert list(more.thresholds) == list(range(3, 31))
    for k, labels in zip(more.thresholds, more.labels, strict=True):
        assert len(np.unique(labels)) == k


def test_in_the_graph():
    assert search_k(groups(40)[0], cluster_space="graph").n_found == 40


def test_a_best_number_inside_stays_as_it_was():
    rows, _ = groups(8)
    found, asked = search_k(rows), search_k(rows, max_clust=25)
    assert found.score == asked.score and found.params == asked.params
    np.testing.assert_array_equal(found.labels, asked.labels)


def test_what_was_asked_for_is_kept(caplog):
    found = search_k(groups(40)[0], max_clust=25)
    assert found.n_found == 24 and "try a larger 'max_clust'" in caplog.text


def test_the_scores_up_to_there_stay():
    rows, _ = groups(40)
    found, asked = search_k(rows), search_k(rows, max_clust=25)
    np.testing.assert_allclose(found.score["score"][:22], asked.score["score"], atol=1e-12)
    assert found.score["clusters"] == found.score["cluster_threshold"] == [*range(3, 97)]


def test_few_images_are_not_parted_further():
    rng = np.random.default_rng(0)
    pairs = np.repeat(rng.normal(size=(30, 5)), 2, axis=0) + 1e-3 * rng.normal(size=(60, 5))
    assert max(search_k(pairs).score["clusters"]) == 24

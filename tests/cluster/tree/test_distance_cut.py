"""A cut at a distance: the same for all sets of images."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist
from sklearn.cluster import AgglomerativeClustering

from clustimage._core.errors import InvalidParameterError
from clustimage.adapters import to_clusteval
from clustimage.cluster import (
    LINKAGES,
    AgglomerativeClusterer,
    cut_tree_k,
    order_labels,
    search_k,
    with_other_labels,
    with_unclustered,
)


@pytest.fixture(scope="module")
def X(blobs):
    return blobs[0][:120]


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 2.0])
def test_the_cut_equals_those_of_scipy_and_scikit_learn(share, metric, X):
    distances = pdist(X, metric)
    threshold = share * distances.max()
    found = search_k(X, distance_threshold=threshold, metric=metric)
    theirs = fcluster(linkage(distances, "average"), threshold, "distance")
    np.testing.assert_array_equal(found.labels, order_labels(theirs))
    other = AgglomerativeClustering(
        n_clusters=None, distance_threshold=threshold + 1e-12, metric=metric, linkage="average"
    )
    np.testing.assert_array_equal(found.labels, order_labels(other.fit_predict(X)))
    assert found.height == threshold and not found.searched
    assert found.params["linkage"] == "average"


@pytest.mark.parametrize("name", LINKAGES)
def test_every_linkage_is_cut_in_units_of_its_tree(name, X):
    found = search_k(X, distance_threshold=1e9, linkage=name)
    assert set(found.labels) == {0} and found.params["linkage"] == name


def test_a_cut_above_what_is_allowed_keeps_images_apart(X):
    groups = np.arange(len(X)) // 3
    found = search_k(X, distance_threshold=1e9, cannot_link=groups)
    assert found.n_found == found.least >= 3
    for group in np.unique(groups):
        assert len(set(found.labels[groups == group])) == (groups == group).sum()


def test_the_estimator_takes_it_too(X):
    labels = search_k(X, distance_threshold=4.0).labels
    found = AgglomerativeClusterer(distance_threshold=4.0).fit_predict(X)
    np.testing.assert_array_equal(found, labels)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"distance_threshold": -1}, "'distance_threshold' must be a number of at least 0"),
        ({"distance_threshold": 1, "sim": 0.5}, "'sim' and 'distance_threshold' both say"),
        ({"distance_threshold": 1, "n_clusters": 3}, "'distance_threshold' and 'n_clusters' both"),
        ({"distance_threshold": 1, "level": "fine"}, "both say where to cut"),
        ({"distance_threshold": 1, "cluster": "kmeans"}, "distance_threshold=1.* needs a tree"),
        ({"distance_threshold": 1, "micro_clusters": 9}, "cannot be combined with distance_thr"),
        ({"distance_threshold": 1, "cluster_space": "graph"}, "distance_threshold=1.* compares"),
    ],
)
def test_what_cannot_be_is_refused(options, words, X):
    with pytest.raises(InvalidParameterError, match=words):
        search_k(X, **options)


def test_small_clusters_can_be_left_out(X):
    labels = search_k(X, distance_threshold=3.0, min_size=4).labels
    assert np.bincount(labels[labels >= 0]).min() >= 4


def test_the_plot_tells_the_distance(X):
    fig, axes = to_clusteval(search_k(X, distance_threshold=3.5), X).plot()
    texts = [text.get_text() for text in fig.findobj(lambda part: hasattr(part, "get_text"))]
    assert any("distance 3.5:" in text for text in texts)


@pytest.mark.parametrize("cannot_link", [None, "pairs"])
def test_rows_that_are_left_out_join_last_and_belong_nowhere(cannot_link, X):
    kept = np.setdiff1d(np.arange(len(X)), [0, 5, 119])
    groups = None if cannot_link is None else np.arange(len(kept)) // 2
    found = search_k(X[kept], distance_threshold=4.0, cannot_link=groups)
    whole = with_unclustered(found, kept, len(X))
    np.testing.assert_array_equal(whole.labels[kept], found.labels)
    assert whole.labels[[0, 5, 119]].tolist() == [-1, -1, -1]
    assert whole.tree.shape == (len(X) - 1, 4) and whole.tree[-1, 3] == len(X)
    assert (np.diff(whole.tree[:, 2]) >= 0).all()
    # The same clusters, where each of the others is one of its own.
    labels = cut_tree_k(whole.tree, whole.n_found)
    np.testing.assert_array_equal(order_labels(labels[kept]), found.labels)
    again = with_other_labels(whole, np.zeros(len(X), dtype=int))
    assert again.n_found == whole.least == found.least + 3

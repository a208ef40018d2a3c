import logging

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_score

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage.cluster import cut_tree_k, search_k


def test_ten_digits_are_found(digits, digit_features):
    found = search_k(digit_features)
    assert found.labels.dtype == np.int64
    assert sorted(set(found.labels)) == [*range(10)]
    assert (np.diff(np.bincount(found.labels)) <= 0).all()
    assert adjusted_rand_score(digits[1], found.labels) >= 0.74


def test_scores_and_labels_equal_clusteval(digit_features):
    from clusteval import clusteval

    X = digit_features.astype(float)
    theirs = clusteval(min_clust=3, max_clust=25, verbose="silent")
    theirs.fit(X)
    ours = search_k(digit_features)
    table = theirs.results["score"]
    assert ours.score["clusters"] == table["clusters"].tolist()
    assert ours.score["cluster_threshold"] == table["cluster_threshold"].tolist()
    np.testing.assert_allclose(ours.score["score"], table["score"], atol=1e-4)
    assert adjusted_rand_score(theirs.results["labx"], ours.labels) == 1


@pytest.mark.parametrize("linkage", ["average", "complete", "single", "weighted"])
def test_tree_and_scores_share_the_metric(linkage, blobs):
    found = search_k(blobs[0], metric="cosine", linkage=linkage, max_clust=9)
    best = max(
        range(3, 9),
        key=lambda k: silhouette_score(blobs[0], cut_tree_k(found.tree, k), metric="cosine"),
    )
    assert found.n_found == best


def test_k_runs_over_a_half_open_range(blobs):
    assert search_k(blobs[0], min_clust=4, max_clust=9).score["clusters"] == [4, 5, 6, 7, 8]
    assert search_k(blobs[0], min_clust=2, max_clust=3).score["clusters"] == [2]


@pytest.mark.parametrize("k", [1, 2, 7, 299, 300])
def test_exactly_k_clusters_are_made(k, blobs):
    labels = search_k(blobs[0], n_clusters=k).labels
    assert sorted(set(labels)) == [*range(k)]
    if k > 1:
        np.testing.assert_array_equal(search_k(blobs[0], min_clust=k, max_clust=k).labels, labels)


def test_the_linkage_is_ward_unless_another_is_asked_for(blobs):
    found = search_k(blobs[0], n_clusters=6)
    np.testing.assert_array_equal(found.tree, search_k(blobs[0], linkage="ward").tree)
    assert found.params["linkage"] == "ward"


def test_n_clusters_wins_over_the_range(blobs):
    assert search_k(blobs[0], min_clust=3, max_clust=9, n_clusters=20).n_found == 20


def test_k_ends_below_the_number_of_images():
    X = np.random.default_rng(0).normal(size=(6, 3))
    assert search_k(X).score["clusters"] == [3, 4, 5]


def test_small_clusters_are_left_out_after_the_choice(blobs):
    whole = search_k(blobs[0], n_clusters=30)
    cut = search_k(blobs[0], n_clusters=30, min_size=10)
    small = np.isin(whole.labels, np.flatnonzero(np.bincount(whole.labels) < 10))
    np.testing.assert_array_equal(cut.labels, np.where(small, -1, whole.labels))
    assert cut.n_found == 30


def test_three_images_are_too_few_for_the_defaults():
    X = np.random.default_rng(0).normal(size=(3, 4))
    with pytest.raises(InvalidParameterError, match=r"3 images.*min_clust=2 or give 'n_clusters'"):
        search_k(X)
    assert sorted(np.bincount(search_k(X, n_clusters=2).labels)) == [1, 2]
    assert search_k(X, min_clust=2).score["clusters"] == [2]


def test_more_clusters_than_images_are_refused():
    with pytest.raises(InvalidParameterError, match=r"5 images.*6 clusters.*n_clusters"):
        search_k(np.eye(5), n_clusters=6)


def test_one_image_is_refused_unless_one_cluster_is_asked_for():
    with pytest.raises(InvalidParameterError, match="images or give n_clusters=1"):
        search_k(np.ones((1, 4)))
    with pytest.raises(InvalidParameterError, match="'agglomerative' with n_clusters=1"):
        search_k(np.ones((1, 4)), cluster="dbscan")
    assert search_k(np.ones((1, 4)), n_clusters=1).labels.tolist() == [0]


def test_equal_images_are_one_cluster_with_one_warning(caplog):
    with caplog.at_level(logging.WARNING, logger="clustimage"):
        found = search_k(np.ones((10, 4)))
    assert found.labels.tolist() == [0] * 10
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "10 images" in caplog.messages[0]
    assert found.score["clusters"] == [1]


@pytest.mark.parametrize("cluster", ["agglomerative", "kmeans", "dbscan", "hdbscan"])
def test_images_that_differ_too_little_are_a_cluster_each(cluster, caplog):
    X = np.repeat(np.array([[3.0, 1.0], [0.0, 7.0]]), [4, 6], axis=0)
    with caplog.at_level(logging.WARNING, logger="clustimage"):
        found = search_k(X, cluster=cluster)
    assert found.labels.tolist() == [1] * 4 + [0] * 6
    assert found.n_found == 2
    assert [text[:38] for text in caplog.messages] == ["Only 2 of the 10 images have different"]
    assert search_k(X, cluster=cluster, min_size=5).labels.tolist() == [-1] * 4 + [0] * 6


@pytest.mark.parametrize("evaluate", ["silhouette", "elbow", "derivative"])
def test_equal_images_are_not_parted_by_a_search(evaluate, caplog):
    X = np.repeat(np.random.default_rng(0).normal(size=(5, 3)), 4, axis=0)
    with caplog.at_level(logging.WARNING, logger="clustimage"):
        found = search_k(X, evaluate=evaluate)
    assert found.score["clusters"] == [3, 4, 5]
    assert (found.labels.reshape(5, 4) == found.labels[::4, None]).all()
    assert not [text for text in caplog.messages if "max_clust" in text]


def test_equal_images_that_are_parted_are_named(caplog):
    X = np.repeat(np.eye(3), 4, axis=0)
    with caplog.at_level(logging.WARNING, logger="clustimage"):
        assert search_k(X, n_clusters=3).n_found == 3
        assert caplog.messages == []
        assert search_k(X, n_clusters=5).n_found == 5
    assert caplog.messages == ["5 clusters split equal images: only 3 of the 12 images differ."]


@pytest.mark.parametrize(
    "asked, words",
    [
        ({"min_clust": 6}, "6, is the least that was searched: try min_clust=2."),
        ({"max_clust": 7}, "6, is the largest that was searched: try a larger 'max_clust'."),
        ({"cluster": "kmeans", "max_clust": 7}, "6, is the largest"),
        ({}, None),
        ({"n_clusters": 6}, None),
        ({"min_clust": 6, "max_clust": 7}, None),
    ],
)
def test_the_best_number_at_the_end_of_the_range_is_named(asked, words, blobs, caplog):
    with caplog.at_level(logging.WARNING, logger="clustimage"):
        assert search_k(blobs[0], **asked).n_found == 6
    assert len(caplog.messages) == (words is not None)
    assert words is None or words in caplog.messages[0]


def test_an_end_that_nothing_lies_beyond_is_not_named(caplog):
    X = np.array([[0.0], [0.1], [5.0], [5.1], [9.0]])
    with caplog.at_level(logging.WARNING, logger="clustimage"):
        assert search_k(X[:4], min_clust=2).n_found == 2
        assert search_k(np.repeat(X[::2], 2, axis=0), min_clust=2).n_found == 3
    assert caplog.messages == []


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(value):
    X = np.eye(5)
    X[2, 3] = value
    with pytest.raises(InvalidDataError, match="NaN"):
        search_k(X)


@pytest.mark.parametrize("X", [np.arange(5.0), np.empty((4, 0)), [["a"], ["b"]]])
def test_what_is_no_matrix_is_refused(X):
    with pytest.raises(InvalidDataError):
        search_k(X)


def test_the_given_array_is_not_changed(blobs):
    X = blobs[0].copy()
    search_k(X)
    np.testing.assert_array_equal(X, blobs[0])


@pytest.mark.parametrize(
    "request_, words",
    [
        ({"cluster": "agglomerate"}, "Did you mean 'agglomerative'"),
        ({"evaluate": "silhouete"}, "Did you mean 'silhouette'"),
        ({"linkage": "wards"}, "Did you mean 'ward'"),
        ({"metric": "euclid"}, "Did you mean 'euclidean'"),
        ({"metric": "cosine"}, "'ward'.*'average'"),
        ({"metric": "cityblock", "linkage": "average", "evaluate": "dbindex"}, "dbindex.*euclid"),
        ({"metric": "cityblock", "linkage": "average", "evaluate": "calinski"}, "calinski"),
        ({"metric": "cityblock", "linkage": "average", "evaluate": "elbow"}, "elbow"),
        ({"cluster": "dbscan", "evaluate": "derivative"}, "derivative.*'silhouette', 'dbindex'"),
        ({"cluster": "hdbscan", "evaluate": "elbow"}, "elbow.*'silhouette', 'dbindex'"),
        ({"cluster": "kmeans", "evaluate": "derivative"}, "derivative.*'elbow'"),
        ({"min_clust": 1}, "'min_clust' must be at least 2.*n_clusters=1"),
        ({"min_clust": 0, "evaluate": "elbow"}, "'min_clust' must be at least 1"),
        ({"min_clust": 9, "max_clust": 4}, "'max_clust'.*9"),
        ({"min_clust": 2.5}, "min_clust"),
        ({"n_clusters": 0}, "n_clusters"),
        ({"min_size": 0}, "min_size"),
        ({"linkage": ["ward"]}, "linkage"),
    ],
)
def test_a_wrong_request_is_refused_before_any_work(request_, words):
    with pytest.raises(InvalidParameterError, match=words):
        search_k(None, **request_)

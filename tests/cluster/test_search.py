import logging

import numpy as np
import pytest
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score, silhouette_score

from clustimage._core.errors import InvalidDataError, InvalidParameterError, MemoryLimitError
from clustimage._core.memory import Budget
from clustimage.cluster import ClusterRequest, _search, cut_tree_k, search_k
from clustimage.cluster.evaluators import _silhouette
from clustimage.cluster.graph._graph_space import build_graph_space


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
    with pytest.raises(InvalidDataError, match="'feat' contains NaN"):
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


def messages(caplog, X, **asked):
    """Return what a search says, at all levels."""
    with caplog.at_level(logging.INFO, logger="clustimage"):
        search_k(X, **asked)
    return caplog.messages


@pytest.mark.parametrize(
    "asked, words",
    [
        ({}, "All 4 images have equal features: they are one cluster, 0."),
        (
            {"time_weight": 0.5, "timestamps": [7] * 4},
            "All 4 images have equal features and timestamps: they are one cluster, 0.",
        ),
        (
            {"place_weight": 0.5, "locations": [[1, 2]] * 4},
            "All 4 images have equal features and locations: they are one cluster, 0.",
        ),
        (
            {"cannot_link": ["a", "a", "", ""]},
            "Only 2 of the 4 images have different features or are kept apart: "
            "equal images are one cluster each.",
        ),
        (
            {"time_weight": 0.5, "timestamps": [7, 7, 8, 8]},
            "Only 2 of the 4 images have different features or timestamps: "
            "equal images are one cluster each.",
        ),
    ],
)
def test_the_warning_says_what_the_images_have_in_common(asked, words, caplog):
    assert messages(caplog, np.ones((4, 3)), linkage="average", **asked) == [words]


def test_a_cluster_for_each_of_the_images_that_differ_has_no_score():
    found = search_k(np.repeat(np.eye(2), [1, 3], axis=0))
    assert list(found.score) == ["cluster_threshold", "clusters", "score"]
    assert (found.score["cluster_threshold"], found.score["clusters"]) == ([2], [2])
    assert np.isnan(found.score["score"]).tolist() == [True]
    assert (found.n_found, found.tree, found.best) == (2, None, 0)
    assert found.params["cluster"] == "agglomerative"


def test_nothing_is_said_of_a_search_without_surprises(blobs, caplog):
    assert messages(caplog, blobs[0]) == []


def test_the_level_is_said(blobs, caplog):
    assert messages(caplog, blobs[0], level="coarse")[-1] == "Level coarse: 6 clusters."


def test_what_was_asked_for_is_kept(blobs):
    found = search_k(blobs[0], max_clust=9, metric="cosine", linkage="average", random_state=7)
    assert found.params == {
        **ClusterRequest(max_clust=9, metric="cosine", linkage="average").params,
        "random_state": 7,
        "max_clust": 9,
        "cluster": "agglomerative",
        "cannot_link": None,
    }
    assert search_k(blobs[0]).params["max_clust"] == 25
    groups = ["a", "a", "b", "b", "b", *[""] * 295]
    assert search_k(blobs[0], cannot_link=groups, max_clust=9).params["cannot_link"] is not None
    own = AgglomerativeClustering(4)
    found = search_k(blobs[0], cluster=own)
    assert found.params["cluster"] == repr(own) and found.n_found == 4


def test_a_request_is_taken_as_an_object_too(blobs):
    request = ClusterRequest(n_clusters=4, linkage="complete")
    found = search_k(blobs[0], request)
    np.testing.assert_array_equal(
        found.labels, search_k(blobs[0], n_clusters=4, linkage="complete").labels
    )
    assert found.n_found == 4


def test_the_table_has_a_row_for_each_number_and_the_best_is_marked(blobs):
    found = search_k(blobs[0], max_clust=9)
    assert found.score["cluster_threshold"] == found.score["clusters"] == [3, 4, 5, 6, 7, 8]
    assert list(found.score) == ["cluster_threshold", "clusters", "score"]
    assert found.best == int(np.argmax(found.score["score"])) == 3 and found.n_found == 6
    assert found.varied == "cluster_threshold" and found.height is None and found.micro is None
    assert all(isinstance(score, float) for score in found.score["score"])


def test_of_a_cut_at_a_height_the_height_and_the_tree_are_kept(blobs):
    found = search_k(blobs[0], sim=0.5, cannot_link=["a", "a", *[""] * 298])
    assert found.varied == "height" and found.height > 0
    assert found.n_allowed is not None and len(found.tree) == 299
    assert found.score["cluster_threshold"] == [found.height]
    assert found.score["clusters"] == [found.n_found]
    assert np.isnan(found.score["score"]).tolist() == [True]


def test_scores_of_a_sample_have_errors_and_depend_on_the_seed(blobs, monkeypatch):
    monkeypatch.setattr(_silhouette, "MAX_ROWS_SCORED_EXACTLY", 299)
    monkeypatch.setattr(_silhouette, "N_SAMPLED", 100)
    first, again, other = (search_k(blobs[0], max_clust=9, random_state=i) for i in (0, 0, 1))
    assert list(first.score) == ["cluster_threshold", "clusters", "score", "standard_error"]
    assert len(first.score["standard_error"]) == 6 and min(first.score["standard_error"]) > 0
    assert first.score == again.score != other.score
    exact = [silhouette_score(blobs[0], cut_tree_k(first.tree, k)) for k in range(3, 9)]
    off = (np.array(first.score["score"]) - exact) / first.score["standard_error"]
    assert np.abs(off).max() < 4


def test_kmeans_depends_on_the_seed():
    X = np.random.default_rng(0).normal(size=(200, 2))
    first, again, other = (
        search_k(X, cluster="kmeans", n_clusters=9, random_state=seed).labels for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert adjusted_rand_score(first, other) < 1
    request = ClusterRequest(cluster="kmeans", n_clusters=9)
    for by_default in (search_k(X, request), _search.search_with_remark(X, request)[0]):
        np.testing.assert_array_equal(by_default.labels, first)


def test_a_budget_that_is_too_small_is_named_before_any_work(blobs):
    with pytest.raises(MemoryLimitError, match="max_memory='1.0 kB'"):
        search_k(blobs[0], budget=Budget(1000))
    assert search_k(blobs[0], budget=Budget(10**9)).n_found == 6


def test_more_workers_take_more_memory(blobs):
    budget = Budget(2 * 16 * blobs[0].size)
    assert search_k(blobs[0], cluster="kmeans", budget=budget, n_jobs=1).n_found == 6
    with pytest.raises(MemoryLimitError, match="Clustering 300 images by kmeans"):
        search_k(blobs[0], cluster="kmeans", budget=budget, n_jobs=4)


def test_a_small_copy_as_float64_is_made_and_a_large_one_is_not(caplog):
    X = np.ones((50, 4), dtype=np.float32)
    n_bytes = 50 * 4 * 8
    for budget in (None, Budget(4 * n_bytes), Budget(10**9)):
        copied = _search._as_floats(X, budget)
        assert copied.dtype == np.float64 and copied.shape == (50, 4)
    with caplog.at_level(logging.INFO, logger="clustimage"):
        assert _search._as_floats(X, Budget(4 * n_bytes - 1)) is X
    assert caplog.messages == [
        "Clustering 4 columns of float32 as they are: a copy as float64 would take 1.6 kB "
        "(max_memory='6.4 kB')."
    ]


def test_a_search_copies_its_rows_where_the_budget_allows_it(blobs, caplog):
    X = blobs[0].astype(np.float32)
    options = {"cluster": "kmeans", "n_clusters": 6, "n_jobs": 1}
    assert messages(caplog, X, budget=Budget(32 * X.size), **options) == []
    (message,) = messages(caplog, X, budget=Budget(32 * X.size - 1), **options)
    assert message.startswith(f"Clustering {X.shape[1]} columns of float32 as they are")


def test_the_rows_of_many_images_are_not_copied(monkeypatch):
    X = np.ones((50, 4), dtype=np.float32)
    monkeypatch.setattr(_search, "MAX_ROWS_COPIED", 50)
    assert _search._as_floats(X, None) is not X
    monkeypatch.setattr(_search, "MAX_ROWS_COPIED", 49)
    assert _search._as_floats(X, None) is X


def test_a_graph_space_that_is_given_is_taken(blobs):
    X = blobs[0].astype(np.float32)
    found = search_k(X, cluster_space="graph", random_state=3)
    space = build_graph_space(X, "euclidean", random_state=3, n_jobs=1)
    given = search_k(X, cluster_space="graph", space=space)
    np.testing.assert_array_equal(given.labels, found.labels)
    assert given.score == found.score
    other = build_graph_space(X[::-1].copy(), "cosine", random_state=3, n_jobs=1)
    assert search_k(X, cluster_space="graph", space=other).score != found.score


def test_the_graph_is_that_of_the_metric(blobs):
    X = blobs[0] + 5
    space = build_graph_space(X, "cosine", random_state=0, n_jobs=1)
    ours = search_k(X, cluster_space="graph", metric="cosine")
    assert ours.score == search_k(X, cluster_space="graph", metric="cosine", space=space).score
    assert ours.score != search_k(X, cluster_space="graph").score


@pytest.mark.parametrize(
    "given, words",
    [
        ({"time_weight": 0.5, "timestamps": [1.0, 2.0]}, "timestamps"),
        ({"place_weight": 0.5, "locations": [[1.0, 2.0]]}, "locations"),
        ({"cannot_link": ["a"]}, "cannot_link"),
    ],
)
def test_what_belongs_to_images_has_one_value_for_each(given, words, blobs):
    with pytest.raises((InvalidParameterError, InvalidDataError), match=f"'{words}'"):
        search_k(blobs[0], linkage="average", **given)


def test_time_and_location_count_as_they_are_weighted():
    """Features alone part the first four from the others; time and location even from odd."""
    X = np.repeat([[0.0], [1.0]], 4, axis=0) + np.linspace(0, 0.1, 8)[:, None]
    even = np.tile([0.0, 1000.0], 4)
    far = np.column_stack([np.zeros(8), np.tile([0.0, 90.0], 4)])
    assert len(set(search_k(X, n_clusters=2, linkage="average").labels[:4])) == 1
    by_time = search_k(X, n_clusters=2, linkage="average", time_weight=1, timestamps=even)
    by_place = search_k(X, n_clusters=2, linkage="average", place_weight=1, locations=far)
    for found in (by_time, by_place):
        assert len(set(found.labels[::2])) == len(set(found.labels[1::2])) == 1
        assert found.labels[0] != found.labels[1]


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "cityblock", "correlation"])
def test_the_scores_are_those_of_scikit_learn_in_the_metric(metric, blobs):
    found = search_k(blobs[0], metric=metric, linkage="average", max_clust=8)
    theirs = [
        silhouette_score(blobs[0], cut_tree_k(found.tree, k), metric=metric) for k in range(3, 8)
    ]
    np.testing.assert_allclose(found.score["score"], theirs, atol=1e-9)

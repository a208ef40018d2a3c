import logging
import re
import tracemalloc

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score

from clustimage._core.errors import InvalidDataError, InvalidParameterError, MemoryLimitError
from clustimage._core.memory import Budget
from clustimage._distances.condensed import needs_of_pairs
from clustimage.cluster import (
    LINKAGES,
    AgglomerativeClusterer,
    Clustering,
    ClusterRequest,
    cut_tree_at,
    cut_tree_k,
    plan_clusters,
    search_k,
    with_other_labels,
)
from clustimage.cluster.tree._linkage import EUCLIDEAN_LINKAGES, tree_bytes
from clustimage.cluster.tree._strategy import choose_tree

GB = 10**9


@pytest.mark.parametrize(
    "n, options, micro",
    [
        (20_000, {}, 0),
        (20_001, {}, 4000),
        (1_000_000, {}, 4000),
        (60_000, {"most": 3000}, 6000),
        (20_000, {"budget": Budget(4 * GB)}, 0),
        (20_000, {"budget": Budget(4 * GB, held=GB)}, 4000),
        (5_000, {"budget": Budget(GB // 10)}, 1000),
        (5_000, {"micro_clusters": 300}, 300),
        (300, {"micro_clusters": 300}, 0),
        (5_000, {"micro_clusters": 0}, 0),
        (60_000, {"micro_clusters": 0}, 0),
        (60_000, {"needs_pairs": "sim=0.5"}, 0),
        (5_000, {"budget": Budget(GB // 10), "most": 2500}, 0),
    ],
)
def test_the_tree_is_chosen_by_the_number_of_images_and_the_budget(n, options, micro):
    tree = choose_tree(n, 10, **options)
    assert tree.micro == micro
    assert tree.leaves == (micro or n)
    assert (f"{micro:,} micro-clusters" if micro else "all images") in tree.what


def test_the_reason_has_the_numbers_that_were_compared():
    assert choose_tree(60_000, 10).why == (
        "60,000 images are more than 20,000; their distances would take 28.8 GB"
    )
    assert choose_tree(1_000, 10).why.endswith("at most 20,000; their distances take 8.0 MB")
    assert "200.4 MB, more than is left" in choose_tree(5_000, 10, budget=Budget(10**8)).why


def test_blocks_of_wide_rows_count_beside_their_distances():
    of_tree = choose_tree(1000, 100).peak
    assert of_tree == tree_bytes(1000, "ward")
    made = choose_tree(1000, 50_000, n_jobs=2).peak
    assert made == 4000 * 999 + needs_of_pairs(1000, 50_000, n_jobs=2) > of_tree
    assert choose_tree(1000, 50_000, metric="canberra").peak == of_tree


@pytest.mark.parametrize(
    "n, options, words",
    [
        (60_000, {"micro_clusters": 0}, r"28\.8 GB.*'28,805 MB'.*micro_clusters=4000.*'kmeans'"),
        (60_000, {"needs_pairs": "sim=0.5"}, r"28\.8 GB.*leave out sim=0\.5"),
        (60_000, {"most": 20_000}, r"40,000 micro-clusters of 60,000 images.*fewer clusters"),
        (60_000, {"most": 40_000}, "A tree of 60,000 images.*fewer clusters"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_do(n, options, words):
    budget = Budget(3 * GB)
    tree = choose_tree(n, 10, budget=budget, **options)
    with pytest.raises(MemoryLimitError, match=words):
        budget.check(tree.peak, what=tree.work, instead=tree.instead)


def test_memory_that_is_there_counts_where_there_is_no_budget(blobs, monkeypatch):
    monkeypatch.setattr("clustimage._core.memory.available_memory", lambda: 400_000)
    with pytest.raises(MemoryLimitError, match="A tree of 300 images.*Or give fewer images"):
        AgglomerativeClusterer(n_clusters=6).fit_predict(blobs[0])
    monkeypatch.setattr("clustimage._core.memory.available_memory", lambda: GB)
    AgglomerativeClusterer(n_clusters=6).fit_predict(blobs[0])


@pytest.mark.parametrize(
    "asked, words",
    [
        ({"micro_clusters": 1}, "at least 2, 0 for the tree of all images, or None. Got 1"),
        ({"micro_clusters": -3}, "'micro_clusters'.*-3"),
        ({"micro_clusters": 2.5}, "'micro_clusters'.*2.5"),
        ({"micro_clusters": 20}, "at least 24, the largest.*Got 20"),
        ({"micro_clusters": 20, "n_clusters": 30}, "at least 30"),
        ({"micro_clusters": 90, "sim": 0.5}, "micro_clusters=90 cannot be combined with sim=0.5"),
        ({"micro_clusters": 90, "time_weight": 0.5, "linkage": "average"}, "time_weight=0.5"),
        ({"micro_clusters": 90, "cannot_link": ["a"] * 300}, "'cannot_link'"),
        ({"micro_clusters": 90, "cluster": "kmeans"}, "micro_clusters=90 needs a tree.*'kmeans'"),
        ({"micro_clusters": 90, "metric": "datetime"}, "the dates of the photos"),
    ],
)
def test_a_wrong_request_is_refused_before_any_work(asked, words):
    with pytest.raises(InvalidParameterError, match=words):
        search_k(None, **asked)


def test_what_forbids_micro_clusters_goes_with_everything():
    for asked in ({"sim": 0.5}, {"cluster": "kmeans"}, {"cannot_link": ["a"]}):
        assert ClusterRequest(micro_clusters=0, **asked).micro_clusters == 0


@pytest.fixture(scope="module")
def over_micro(blobs):
    return search_k(blobs[0], micro_clusters=60, min_size=25)


def test_all_of_a_clustering_is_of_the_images(blobs, over_micro):
    found, exact = over_micro, search_k(blobs[0], min_size=25)
    assert found.n_found == exact.n_found == 6
    np.testing.assert_array_equal(found.labels, exact.labels)
    assert found.labels.min() == -1
    assert found.score["clusters"] == exact.score["clusters"]
    np.testing.assert_allclose(found.score["score"][:10], exact.score["score"][:10], atol=1e-9)
    assert found.tree.shape == (59, 4) and found.micro.shape == (300,)
    np.testing.assert_allclose(found.cut, exact.cut, rtol=1e-6)
    assert found.params["micro_clusters"] == 60 and exact.micro is None


def test_state_brings_the_micro_clusters_back(over_micro):
    back = Clustering.from_state(over_micro.get_state())
    np.testing.assert_equal(back.get_state(), over_micro.get_state())
    assert back.micro.dtype == np.int32
    old = {key: value for key, value in over_micro.get_state().items() if key != "micro"}
    old["params"] = {k: v for k, v in old["params"].items() if k != "micro_clusters"}
    older = Clustering.from_state(old)
    assert older.micro is None and older.params["micro_clusters"] is None


def test_another_cut_is_of_the_images(over_micro):
    height = (over_micro.tree[-8, 2] + over_micro.tree[-9, 2]) / 2
    of_leaves = cut_tree_at(over_micro.tree, height)
    of_images = cut_tree_at(over_micro.tree, height, over_micro.micro)
    assert (len(of_leaves), len(of_images)) == (60, 300)
    assert (np.diff(np.bincount(of_images)) <= 0).all()
    for labels in (of_leaves, of_images):
        recut = with_other_labels(over_micro, labels)
        assert recut.n_found == 9 and recut.labels.shape == (300,)
        assert np.bincount(recut.labels[recut.labels >= 0]).min() >= 25
        inside = recut.labels >= 0
        assert adjusted_rand_score(recut.labels[inside], of_images[inside]) == 1
    np.testing.assert_array_equal(cut_tree_k(over_micro.tree, 9, over_micro.micro), of_images)
    assert cut_tree_at(np.empty((0, 4)), 1.0, np.zeros(7, dtype=int)).tolist() == [0] * 7


@pytest.mark.parametrize("evaluate", ["silhouette", "dbindex", "calinski", "derivative", "elbow"])
@pytest.mark.parametrize("name", LINKAGES)
def test_every_linkage_and_evaluator_goes_with_micro_clusters(name, evaluate, blobs):
    asked = {"linkage": name, "evaluate": evaluate, "max_clust": 9}
    found = search_k(blobs[0], micro_clusters=100, **asked)
    assert 3 <= found.n_found < 9
    metric = "euclidean" if name in EUCLIDEAN_LINKAGES else "cosine"
    if evaluate in ("silhouette", "derivative"):
        found = search_k(blobs[0], micro_clusters=100, metric=metric, **asked)
        assert sorted(set(found.labels)) == [*range(found.n_found)]


def test_the_clusterer_alone_takes_micro_clusters(blobs):
    model = AgglomerativeClusterer(n_clusters=6, micro_clusters=50, budget=Budget(GB))
    labels = model.fit_predict(blobs[0])
    np.testing.assert_array_equal(
        labels, AgglomerativeClusterer(n_clusters=6).fit_predict(blobs[0])
    )
    assert clone(model).get_params() == model.get_params()


def test_fewer_different_images_than_clusters_are_named(blobs):
    X = np.repeat(blobs[0][:20], 10, axis=0)
    assert search_k(X, micro_clusters=100, n_clusters=20).n_found == 20
    with pytest.raises(InvalidDataError, match="30 clusters: only 20 of the 200 images differ"):
        search_k(X, micro_clusters=100, n_clusters=30)


@pytest.fixture
def few_are_many(monkeypatch):
    monkeypatch.setattr("clustimage.cluster.tree._strategy.MAX_ROWS_OF_FULL_TREE", 200)
    for name in ("_search", "_plan"):
        monkeypatch.setattr(f"clustimage.cluster.{name}.MAX_ROWS_COPIED", 200)


def test_the_choice_is_logged_once(blobs, few_are_many, caplog):
    with caplog.at_level(logging.INFO, logger="clustimage"):
        found = search_k(blobs[0], max_clust=9)
    assert len(found.tree) == 59
    assert [record.levelname for record in caplog.records] == ["INFO"]
    assert caplog.messages == [
        "Clustering: the tree of 60 micro-clusters, because 300 images are more than 200; their "
        "distances would take 717.6 kB. micro_clusters=0 asks for the tree of all images."
    ]
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="clustimage"):
        assert len(search_k(blobs[0], micro_clusters=60).tree) == 59
        assert len(search_k(blobs[0], micro_clusters=0).tree) == 299
    assert caplog.messages == [
        "Clustering: the tree of 60 micro-clusters, because micro_clusters=60 was asked for."
    ]


def test_a_budget_for_nothing_is_refused(blobs, caplog):
    with caplog.at_level(logging.INFO, logger="clustimage"):
        exact = search_k(blobs[0], n_clusters=6, budget=Budget(10**6))
        with pytest.raises(MemoryLimitError, match="A tree of 300 images takes about"):
            search_k(blobs[0], n_clusters=6, budget=Budget(600_000))
    assert len(exact.tree) == 299
    assert caplog.messages == []


def test_a_small_budget_leaves_room_for_micro_clusters_and_a_warning(caplog):
    X = np.random.default_rng(0).normal(size=(3500, 4)).astype(np.float32)
    budget = Budget(90_000_000)
    with caplog.at_level(logging.WARNING, logger="clustimage"):
        found = search_k(X, n_clusters=5, evaluate="derivative", budget=budget, n_jobs=1)
    assert len(found.tree) == 699
    assert caplog.messages[0].startswith("Clustering: the tree of 700 micro-clusters, because that")
    np.testing.assert_array_equal(
        found.labels, search_k(X, micro_clusters=700, n_clusters=5).labels
    )


def test_many_rows_stay_as_they_are(blobs, few_are_many, monkeypatch):
    seen = []
    candidates = AgglomerativeClusterer.candidates
    monkeypatch.setattr(
        AgglomerativeClusterer,
        "candidates",
        lambda self, X, counts: seen.append(X) or candidates(self, X, counts),
    )
    X = blobs[0].astype(np.float32)
    search_k(X, max_clust=9)
    search_k(X[:200], max_clust=9)
    search_k(X[:200], max_clust=9, budget=Budget(10 * GB))
    assert seen[0] is X
    assert [rows.dtype for rows in seen[1:]] == [np.float64] * 2


def test_a_copy_that_is_too_large_is_not_made(caplog):
    X = np.random.default_rng(0).normal(size=(30, 20_000)).astype(np.float32)
    with caplog.at_level(logging.INFO, logger="clustimage"):
        search_k(X, cluster="kmeans", n_clusters=2, budget=Budget(19_000_000), n_jobs=1)
    assert [text[:40] for text in caplog.messages] == ["Clustering 20000 columns of float32 as t"]


@pytest.mark.parametrize(
    "options, what",
    [
        ({}, "the tree of all images, exact silhouettes"),
        ({"sim": 0.5}, "the tree of all images"),
        ({"evaluate": "elbow", "micro_clusters": 90}, "the tree of 90 micro-clusters, elbow"),
        ({"cluster": "kmeans"}, "k-means from 10 starts, exact silhouettes"),
        ({"cluster": "hdbscan", "evaluate": "dbindex"}, "HDBSCAN, anew for each size, dbindex"),
        ({"cluster": "dbscan"}, "one spanning tree for all radii of DBSCAN.*"),
        ({"cluster": AgglomerativeClusterer()}, "fit_predict of AgglomerativeClusterer.*"),
    ],
)
def test_the_plan_names_what_is_done(options, what):
    step = plan_clusters(1000, 50, Budget(GB), n_jobs=2, **options)
    assert step.stage == "cluster" and re.fullmatch(what, step.what)
    assert step.why and step.peak > step.kept >= 8000 and step.problem == ""


def test_the_plan_is_what_happens(blobs):
    n, d = blobs[0].shape
    for options, budget in (
        ({}, Budget(GB)),
        ({"micro_clusters": 100}, Budget(GB)),
        ({}, Budget(200_000)),
        ({"cluster": "kmeans"}, Budget(20_000)),
        ({"micro_clusters": 0}, Budget(700_000)),
    ):
        step = plan_clusters(n, d, budget, n_jobs=1, **options)
        if step.problem:
            with pytest.raises(MemoryLimitError) as raised:
                search_k(blobs[0], budget=budget, n_jobs=1, **options)
            assert str(raised.value) == step.problem
        else:
            found = search_k(blobs[0], budget=budget, n_jobs=1, **options)
            leaves = n if found.micro is None else len(np.unique(found.micro))
            assert step.kept == 8 * n + 32 * leaves + 4 * n * (leaves < n)


@pytest.mark.parametrize("n, d", [(300, 50), (1000, 64), (300, 2000)])
@pytest.mark.parametrize("name", ["agglomerative", "hdbscan"])
def test_the_plan_of_few_images_says_what_they_take(name, n, d):
    X = np.random.default_rng(0).normal(size=(n, d)).astype(np.float32)
    X[::3] += 9
    X[1::3] -= 9
    asked = {"cluster": name, "budget": Budget(GB), "n_jobs": 1, "max_clust": 9}
    search_k(X[:50], **asked)
    tracemalloc.start()
    search_k(X, **asked)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    said = plan_clusters(n, d, **asked).peak
    assert 0.5 * said < peak < 1.2 * said


def test_the_plan_refuses_what_the_search_refuses():
    with pytest.raises(InvalidParameterError, match="elbow"):
        plan_clusters(100, 5, cluster="dbscan", evaluate="elbow")
    with pytest.raises(TypeError, match="bogus"):
        plan_clusters(100, 5, bogus=1)


def test_photos_by_time_are_planned_without_a_tree():
    step = plan_clusters(1000, 3, metric="datetime")
    assert step.what.endswith("by DBSCAN") and step.why == "metric='datetime' was asked for"


def test_a_tree_of_micro_clusters_that_takes_more_than_that_of_all_says_so():
    forced = choose_tree(1_000, 64, micro_clusters=990, budget=Budget(1_000_000))
    exact = choose_tree(1_000, 64, budget=Budget(1_000_000))
    assert forced.peak > exact.peak and exact.micro == 0
    assert forced.instead.startswith("Or ask for micro_clusters=0, which takes 8")


def test_as_many_micro_clusters_as_images_are_the_images():
    tree = choose_tree(1_000, 64, micro_clusters=10**9)
    assert tree.micro == 0 and "1,000,000,000 micro-clusters are no fewer" in tree.why

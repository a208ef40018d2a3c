import json
import logging

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform

from clustimage._core.errors import InvalidParameterError, MemoryLimitError
from clustimage.adapters import to_clusteval
from clustimage.cluster import (
    LINKAGES,
    AgglomerativeClusterer,
    Clustering,
    cut_tree_at,
    order_labels,
    search_k,
    with_other_labels,
)
from clustimage.cluster.tree._linkage import EUCLIDEAN_LINKAGES

GENERAL = [name for name in LINKAGES if name not in EUCLIDEAN_LINKAGES]


@pytest.fixture(scope="module")
def X(blobs):
    return blobs[0][:120]


@pytest.mark.parametrize("metric", ["euclidean", "cityblock", "cosine"])
@pytest.mark.parametrize("sim", [0.0, 0.3, 0.5, 0.8, 0.95])
def test_the_cut_equals_scipy(sim, metric, X):
    distances = pdist(X, metric)
    tree = linkage(distances, "average")
    theirs = order_labels(fcluster(tree, distances.max() * (1 - sim), "distance"))
    found = search_k(X, sim=sim, metric=metric)
    np.testing.assert_array_equal(found.labels, theirs)
    assert found.cut[0] == found.height == pytest.approx(distances.max() * (1 - sim), rel=1e-12)
    assert found.params["linkage"] == "average"


@pytest.mark.parametrize("name", LINKAGES)
def test_bounds_are_one_cluster_and_every_image(name, X):
    rows = np.vstack([X, X[:7]])
    assert set(search_k(rows, sim=0, linkage=name).labels) == {0}
    assert search_k(rows, sim=1, linkage=name).labels.tolist() == [*range(127)]


@pytest.mark.parametrize("name", ["ward", "centroid"])
def test_a_tree_may_be_higher_than_the_largest_distance(name, X):
    found = search_k(X, sim=0.5, linkage=name)
    highest = max(pdist(X).max(), found.tree[:, 2].max())
    assert found.height == highest * 0.5
    np.testing.assert_array_equal(found.labels, cut_tree_at(found.tree, highest * 0.5))
    _, lower, upper = found.cut
    assert lower <= found.height <= upper


def test_equal_images_stay_together_below_one():
    X = np.repeat(np.eye(3), 2, axis=0)
    assert search_k(X, sim=0.999).labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert search_k(np.ones((4, 2)), sim=0.5).labels.tolist() == [0] * 4
    assert search_k(np.ones((4, 2)), sim=1).labels.tolist() == [0, 1, 2, 3]


def test_one_image_is_one_cluster():
    for sim in (0, 0.5, 1):
        assert search_k(np.ones((1, 3)), sim=sim).labels.tolist() == [0]
    found = search_k(np.ones((1, 3)), sim=1, time_weight=0.5, timestamps=[3.0])
    assert found.labels.tolist() == [0]


def test_small_clusters_are_left_out(X):
    whole, cut = search_k(X, sim=0.9), search_k(X, sim=0.9, min_size=3)
    small = np.isin(whole.labels, np.flatnonzero(np.bincount(whole.labels) < 3))
    assert small.any()
    np.testing.assert_array_equal(cut.labels, np.where(small, -1, whole.labels))
    assert cut.n_found == whole.n_found == len(set(whole.labels))


def test_nothing_is_searched_or_scored(X, caplog):
    with caplog.at_level(logging.WARNING, logger="clustimage"):
        found = search_k(X[:3], sim=0.5, evaluate="elbow", metric="cityblock", min_clust=1)
    assert caplog.messages == []
    assert list(found.score) == ["cluster_threshold", "clusters", "score"]
    assert found.score["cluster_threshold"] == [found.height]
    assert found.score["clusters"] == [found.n_found]
    assert np.isnan(found.score["score"]).tolist() == [True]
    assert found.varied == "height"


def test_state_comes_back_with_the_height(X):
    found = search_k(X, sim=0.4, time_weight=0.5, timestamps=np.arange(120))
    state = found.get_state()
    assert json.loads(json.dumps(state["params"])) == state["params"]
    assert (state["params"]["sim"], state["params"]["time_weight"]) == (0.4, 0.5)
    back = Clustering.from_state(state)
    assert back.cut == found.cut
    np.testing.assert_equal(back.get_state(), state)


def test_a_state_of_an_older_version_comes_back(X):
    found = search_k(X)
    state = found.get_state()
    del state["height"], state["params"]["sim"], state["params"]["time_weight"]
    back = Clustering.from_state(state)
    assert back.cut == found.cut
    assert (back.params["sim"], back.params["time_weight"]) == (None, 0.0)


def test_another_cut_forgets_the_height(X):
    found = search_k(X, sim=0.5)
    recut = with_other_labels(found, cut_tree_at(found.tree, found.tree[-4, 2]))
    assert recut.n_found == 4
    assert recut.cut[1:] == (found.tree[-4, 2], found.tree[-3, 2])


@pytest.mark.parametrize("sim", [0, 0.5, 1])
def test_the_evaluation_shows_the_cut(sim, X):
    found = search_k(X, sim=sim)
    ce = to_clusteval(found, X)
    assert ce.results["max_d"] == found.height
    assert ce.results["score"]["clusters"].tolist() == [found.n_found]
    fig, ax = ce.plot()
    steps, mark = ax.lines
    assert isinstance(fig, Figure)
    assert list(mark.get_xdata()) == [found.height] * 2
    heights, counts = steps.get_data()
    assert counts[np.searchsorted(heights, found.height, side="right") - 1] == found.n_found
    words = "1 cluster" if sim == 0 else f"{found.n_found} clusters"
    assert ax.get_legend().get_texts()[0].get_text() == f"sim={sim:g}: {words}"
    assert len(set(ce.dendrogram()["labx"])) == found.n_found


@pytest.mark.parametrize("n", [1, 2, 5])
def test_small_sets_can_be_drawn(n):
    ax = to_clusteval(search_k(np.zeros((n, 2)), sim=0.5), np.zeros((n, 2))).plot(title="mine")[1]
    assert ax.lines[0].get_ydata()[0] == n
    assert ax.get_title() == "mine"


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "canberra"])
@pytest.mark.parametrize("weight", [0.1, 0.5, 1.0])
def test_combined_distances_equal_the_formula(weight, metric, X):
    timestamps = 1.7e9 + np.random.default_rng(0).random(120) * 1e7
    content, time = squareform(pdist(X, metric)), np.abs(timestamps[:, None] - timestamps)
    naive = (1 - weight) * content / content.max() + weight * time / time.max()
    model = AgglomerativeClusterer(
        metric=metric, linkage="single", sim=0.7, time_weight=weight, timestamps=timestamps
    )
    candidates = model.candidates(X, [])
    between = candidates.combined.pairs(X, metric)
    np.testing.assert_allclose(between(slice(3, 50), slice(0, 120)), naive[3:50], atol=1e-7)
    tree = linkage(squareform(naive, checks=False), "single")
    np.testing.assert_allclose(candidates.Z[:, 2], tree[:, 2], rtol=0, atol=1e-12)
    assert candidates.height == pytest.approx(naive.max() * (1 - 0.7), abs=1e-12)


def test_no_time_is_content_alone(X):
    for options in ({"sim": 0.5}, {"max_clust": 10}):
        plain = search_k(X, **options)
        timed = search_k(X, time_weight=0, timestamps=np.arange(120), **options)
        np.testing.assert_array_equal(timed.tree, plain.tree)
        assert timed.params == plain.params


def test_time_alone_follows_the_clock(X):
    """Four bursts of 125 photos, a million seconds apart."""
    bursts = np.repeat(np.arange(4), 125)
    timestamps = bursts * 1e6 + np.tile(np.arange(125.0), 4)
    features = np.random.default_rng(0).normal(size=(500, 8))
    order = np.random.default_rng(1).permutation(500)
    found = search_k(features, sim=0.9, time_weight=1.0, timestamps=timestamps[order])
    assert found.labels.tolist() == order_labels(bursts[order]).tolist()


def test_time_parts_equal_images_and_joins_unlike_ones():
    timestamps = np.array([0, 1, 2, 1000, 1001, 1002.0])
    same = search_k(np.ones((6, 2)), sim=0.5, time_weight=0.2, timestamps=timestamps)
    assert same.labels.tolist() == [0, 0, 0, 1, 1, 1]
    at_once = search_k(np.eye(6), sim=0.5, time_weight=1, timestamps=np.full(6, 7.0))
    assert at_once.labels.tolist() == [0] * 6


@pytest.mark.parametrize("evaluate", ["silhouette", "derivative"])
def test_the_number_of_clusters_is_searched_with_time(evaluate, caplog):
    # Equal pictures, but of three afternoons: content alone would give one cluster.
    timestamps = np.repeat([0.0, 1e5, 3e5], 5) + np.tile(np.arange(5.0), 3)
    with caplog.at_level(logging.WARNING, logger="clustimage"):
        found = search_k(
            np.ones((15, 2)), min_clust=2, evaluate=evaluate, time_weight=0.5, timestamps=timestamps
        )
    assert caplog.messages == []
    assert found.labels.tolist() == np.repeat(np.arange(3), 5).tolist()
    assert found.params["linkage"] == "average"
    assert len(found.score["score"]) == 13


def test_silhouettes_are_those_of_the_mixed_distances(X):
    from sklearn.metrics import silhouette_score

    timestamps = np.random.default_rng(0).random(120)
    found = search_k(X, time_weight=0.3, timestamps=timestamps, max_clust=8)
    content, time = squareform(pdist(X)), np.abs(timestamps[:, None] - timestamps)
    naive = 0.7 * content / content.max() + 0.3 * time / time.max()
    for k, score in zip(found.score["clusters"], found.score["score"], strict=True):
        labels = fcluster(found.tree, k, "maxclust")
        assert score == pytest.approx(silhouette_score(naive, labels, metric="precomputed"))


def test_exactly_k_clusters_are_made_with_time(X):
    found = search_k(X, n_clusters=7, time_weight=0.5, timestamps=np.arange(120))
    assert sorted(set(found.labels)) == [*range(7)]
    assert isinstance(to_clusteval(found, X).plot()[0], Figure)


def test_images_equal_in_all_that_counts_are_named(caplog):
    X = np.arange(8.0)[:, None]
    with caplog.at_level(logging.WARNING, logger="clustimage"):
        found = search_k(X, time_weight=1, timestamps=np.repeat([0, 5], 4))
    assert found.labels.tolist() == [0] * 4 + [1] * 4
    assert caplog.messages == [
        "Only 2 of the 8 images have different features or timestamps: equal images are one "
        "cluster each."
    ]


def test_the_clusterer_alone_takes_similarity_and_time(X):
    timestamps = np.arange(120)
    labels = AgglomerativeClusterer(sim=0.6, time_weight=0.5, timestamps=timestamps).fit_predict(X)
    ours = search_k(X, sim=0.6, time_weight=0.5, timestamps=timestamps).labels
    np.testing.assert_array_equal(labels, ours)


def test_the_timestamps_are_not_changed(X):
    timestamps = np.arange(120.0)
    search_k(X, sim=0.5, time_weight=0.5, timestamps=timestamps)
    np.testing.assert_array_equal(timestamps, np.arange(120.0))


@pytest.mark.parametrize("options", [{}, {"sim": 0.5}, {"sim": 0.5, "time_weight": 0.5}])
def test_memory_is_asked_for_before_distances_are_taken(options, monkeypatch):
    def never(*args):
        raise AssertionError("distances were taken")

    monkeypatch.setattr("clustimage._core.memory.available_memory", lambda: 20_000)
    monkeypatch.setattr("clustimage._distances.condensed.pdist", never)
    words = r"A tree of 100 images takes about 79\.2 kB .*20\.0 kB.* fewer images, .*'kmeans'"
    with pytest.raises(MemoryLimitError, match=words):
        search_k(np.random.default_rng(0).random((100, 2)), timestamps=np.arange(100), **options)


@pytest.mark.parametrize(
    "request_, words",
    [
        ({"sim": 1.1}, "'sim' must be a number from 0 to 1. Got 1.1"),
        ({"sim": "high"}, "'sim' must be a number"),
        ({"sim": np.nan}, "'sim' must be a number"),
        ({"time_weight": -0.1}, "'time_weight' must be a number from 0 to 1. Got -0.1"),
        ({"time_weight": None}, "'time_weight' must be a number"),
        ({"sim": 0.5, "n_clusters": 4}, "'sim' and 'n_clusters'.*sim=0.5 and n_clusters=4"),
        ({"sim": 0.5, "cluster": "kmeans"}, "sim=0.5 needs a tree.*'kmeans'.*'agglomerative'"),
        ({"time_weight": 0.5, "cluster": "dbscan"}, "time_weight=0.5 needs a tree.*'dbscan'"),
        ({"time_weight": 0.5, "evaluate": "elbow"}, "'elbow'.*there: 'silhouette', 'derivative'"),
        ({"time_weight": 0.5, "evaluate": "dbindex"}, "'dbindex'.*'silhouette', 'derivative'"),
        ({"time_weight": 1, "evaluate": "calinski"}, "'calinski'.*'silhouette', 'derivative'"),
        ({"sim": 0.5, "evaluate": "silhouete"}, "Did you mean 'silhouette'"),
        ({"sim": 0.5, "linkage": "wards"}, "Did you mean 'ward'"),
        *(
            ({"time_weight": 0.5, "linkage": name}, f"'{name}'.*with time.*'single', 'complete'")
            for name in EUCLIDEAN_LINKAGES
        ),
    ],
)
def test_a_wrong_request_is_refused_before_any_work(request_, words):
    with pytest.raises(InvalidParameterError, match=words):
        search_k(None, **request_)


@pytest.mark.parametrize(
    "timestamps, words",
    [
        (None, "time_weight=0.5 needs 'timestamps', the seconds of each image"),
        (np.arange(9), r"10 numbers.*\(9,\)"),
        (np.zeros((10, 1)), r"\(10, 1\)"),
        (np.array(["2020"] * 10), "10 numbers of seconds"),
        (np.zeros(10, "datetime64[s]"), "datetime64"),
        ([0.0] * 8 + [np.nan, np.inf], "2 of 10 are not, the first one at row 8"),
    ],
)
def test_timestamps_that_are_none_are_refused(timestamps, words):
    with pytest.raises(InvalidParameterError, match=words):
        search_k(np.eye(10), time_weight=0.5, timestamps=timestamps)


def test_general_linkages_go_with_time(X):
    for name in GENERAL:
        found = search_k(X, sim=0.8, linkage=name, time_weight=0.5, timestamps=np.arange(120))
        assert 1 < found.n_found < 120

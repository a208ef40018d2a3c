"""The graph of neighbours in a model: which features, what it keeps, what it cannot do."""

import pickle

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from clustimage import Clustimage
from clustimage._core.errors import InvalidParameterError
from clustimage._model.row_order import row_order
from clustimage.cluster import search_k


@pytest.fixture(scope="module")
def long_groups():
    """Four parallel groups, six times as long as wide, and which one each row is of."""
    rng = np.random.default_rng(0)
    kind = np.repeat(np.arange(4), 100)
    rows = rng.normal(size=(400, 12))
    rows[:, 0] *= 6
    rows[:, 1] += 8 * kind
    return rows.astype(np.float32), kind


@pytest.fixture
def model(long_groups):
    cl = Clustimage(method="precomputed", embedding=None, verbose="silent")
    cl.fit_transform(features=long_groups[0], cluster_space="graph")
    return cl


def test_brought_features_are_clustered_by_their_graph(model, long_groups):
    kinds = long_groups[1]
    assert adjusted_rand_score(kinds, model.cluster(n_clusters=4)) > 0.95
    assert model.clustering_.params["cluster_space"] == "graph"
    assert adjusted_rand_score(kinds, model.cluster(n_clusters=4, cluster_space="high")) < 0.8


@pytest.mark.parametrize("method", ["pca", "hog", "phash", None])
def test_pixels_edges_and_hashes_are_clustered_themselves(method, digits):
    cl = Clustimage(method=method, embedding=None, verbose="silent")
    labels = cl.fit_transform(digits[0][:120])["labels"]
    assert cl.clustering_.params["cluster_space"] == "high"
    order = row_order(cl._state)  # which decides ties
    expected = search_k(cl.results["feat"][order], cluster_space="high")
    np.testing.assert_array_equal(labels[order], expected.labels)
    assert cl.cluster(cluster_space="graph").min() == 0
    assert cl.clustering_.params["cluster_space"] == "graph"


@pytest.mark.parametrize(
    "asked",
    [
        {"metric": "cosine", "linkage": "average"},
        {"linkage": "complete"},
        {"sim": 0.5},
        {"cannot_link": ["a", "a", *[""] * 398]},
        {"cluster": "dbscan", "min_clust": 2},
    ],
)
def test_what_compares_features_clusters_the_features(model, asked):
    model.cluster(**asked)
    assert model.clustering_.params["cluster_space"] == "high"


@pytest.mark.parametrize("asked", [{"sim": 0.5}, {"time_weight": 0.5}, {"place_weight": 0.5},
                                   {"cannot_link": [1] * 400}])  # fmt: skip
def test_what_compares_features_is_refused_in_the_graph(model, asked):
    with pytest.raises(InvalidParameterError, match="compares the features themselves"):
        model.cluster(cluster_space="graph", **asked)


def test_few_clear_groups_of_the_features_are_taken(caplog):
    """Ten far groups, one of which is many smaller ones, as persons among objects."""
    rng = np.random.default_rng(0)
    kind = np.repeat([0, 1, 2, *range(3, 15)], [40, 40, 40, *[20] * 12])
    far = rng.normal(size=(4, 50)) * 3
    centres = far[np.minimum(np.arange(15), 3)] + 0.8 * rng.normal(size=(15, 50))
    rows = centres[kind] + 0.4 * rng.normal(size=(len(kind), 50))
    cl = Clustimage(method="precomputed", embedding=None, verbose="info")
    cl.fit_transform(features=rows)
    assert cl.clustering_.params["cluster_space"] == "high" and cl.clustering_.n_found == 4
    assert "fewer and clearer groups" in caplog.text
    assert len(set(cl.cluster(cluster_space="graph"))) >= 12


def test_fewer_than_thirty_images_are_clustered_themselves():
    cl = Clustimage(method="precomputed", embedding=None, verbose="silent")
    cl.fit_transform(features=np.random.default_rng(0).normal(size=(29, 30)))
    assert cl.clustering_.params["cluster_space"] == "high"


def test_own_images_get_their_own_labels_after_everything(model, long_groups, tmp_path):
    labels = model.results["labels"]
    np.testing.assert_array_equal(model.predict(features=long_groups[0]), labels)
    model.save(tmp_path / "m")
    for again in (Clustimage.load(tmp_path / "m"), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(again.predict(features=long_groups[0]), labels)
        np.testing.assert_array_equal(again.clusteval.X, model.clusteval.X)
        assert again.levels.equals(model.levels)
        np.testing.assert_array_equal(again.cluster(cluster_space="graph"), labels)
    new = long_groups[0] + np.float32(0.01)
    assert (model.predict(features=new) == labels).mean() > 0.99


def test_the_plots_are_of_the_graph(model):
    figure, axes = model.clusteval.plot()
    assert axes.get_xlabel() == "Nr. clusters"
    model.clusteval.plot_silhouette()
    model.dendrogram()
    highest = model.clustering_.tree[-1, 2]
    assert set(model.dendrogram(max_d=highest * 0.99)["labels"]) == {0, 1}


@pytest.mark.parametrize("cluster", ["kmeans", "dbscan", "hdbscan"])
def test_every_clusterer_works_in_the_graph(cluster, blobs):
    cl = Clustimage(method="precomputed", embedding=None, verbose="silent")
    cl.extract_feat(features=blobs[0])
    labels = cl.cluster(cluster, cluster_space="graph")
    assert adjusted_rand_score(blobs[1], labels) > 0.6
    cl.clusteval.plot()


def test_the_metric_stays_that_of_the_features(model):
    model.cluster(cluster_space="graph", metric="cityblock")
    assert model.clustering_.params["metric"] == "cityblock"
    assert model.clusteval.metric == "euclidean"


def test_the_graph_is_built_once_for_the_same_features(model, long_groups):
    graph = model._state.graph
    model.cluster(n_clusters=3)
    assert model._state.graph is graph
    model.extract_feat(features=long_groups[0] * 2)
    assert model._state.graph is None


def test_levels_follow_the_clusters(model):
    table = model.levels
    assert list(table.columns) == ["clusters", "score", "prominence", "stability", "chosen"]
    assert table["chosen"].sum() == 1 and table["clusters"].is_monotonic_increasing
    model.cluster(n_clusters=5, cluster_space="graph")  # which compares no other numbers
    assert model.levels[["clusters", "score"]].equals(table[["clusters", "score"]])
    model.cluster("dbscan", min_clust=2)
    assert len(model.levels) == 1 and model.levels["chosen"].all()


def test_the_plan_says_graph():
    cl = Clustimage(method="precomputed", embedding=None)
    assert "the graph of" in cl.plan(1000).steps[3].what
    assert "graph" not in cl.plan(1000, cluster_space="high").steps[3].what
    assert "graph" not in Clustimage(method="pca").plan(1000).steps[3].what

"""The scores of the last search stay when a number of clusters is asked for."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from clustimage import Clustimage
from clustimage.cluster import search_k, with_last_search
from clustimage.cluster._result import Clustering


@pytest.fixture
def rows(blobs):
    return blobs[0].astype(np.float32)


def then(rows, first, second):
    """Return a search, and a clustering after it."""
    before = search_k(rows, **first)
    return before, with_last_search(search_k(rows, **second), before)


@pytest.mark.parametrize("k", [2, 5, 9, 40])
@pytest.mark.parametrize("evaluate", ["silhouette", "dbindex", "derivative", "elbow", "calinski"])
def test_the_curve_stays_and_the_number_asked_for_is_marked(rows, evaluate, k):
    before, after = then(rows, {"evaluate": evaluate}, {"evaluate": evaluate, "n_clusters": k})
    clusters = after.score["clusters"]
    assert clusters == sorted({*range(3, 25), k}) and clusters[after.best] == k
    at = [clusters.index(i) for i in range(3, 25)]
    np.testing.assert_array_equal(np.array(after.score["score"])[at], before.score["score"])
    alone = search_k(rows, evaluate=evaluate, n_clusters=k)
    if evaluate != "derivative" or k > 24:
        np.testing.assert_allclose(after.score["score"][after.best], alone.score["score"][0])
    np.testing.assert_array_equal(after.labels, alone.labels)


def test_several_numbers_one_after_the_other_and_a_similarity_cut_between(rows):
    before, after = then(rows, {"max_clust": 8}, {"n_clusters": 12})
    after = with_last_search(search_k(rows, sim=0.5), after)
    assert after.score["clusters"] == [after.n_found] and after.varied == "height"
    after = with_last_search(search_k(rows, n_clusters=4), after)
    assert after.score["clusters"] == [3, 4, 5, 6, 7] and after.score["clusters"][after.best] == 4
    assert after.score["score"] == before.score["score"]


@pytest.mark.parametrize(
    "other",
    [
        {"evaluate": "dbindex"},
        {"metric": "cosine", "linkage": "average"},
        {"linkage": "complete"},
        {"cluster": "kmeans"},
        {"cannot_link": ["a", "a"] + [""] * 298},
    ],
)
def test_another_search_has_other_scores(rows, other):
    after = then(rows, {}, {**other, "n_clusters": 5})[1]
    assert after.score["clusters"] == [5]


def test_with_other_times_the_scores_are_others(rows):
    hours = np.arange(300.0)
    first = search_k(rows, time_weight=0.5, timestamps=hours, max_clust=6)
    for taken, clusters in ((hours, [3, 4, 5]), (hours[::-1] ** 2, [4])):
        new = search_k(rows, time_weight=0.5, timestamps=taken, n_clusters=4)
        assert with_last_search(new, first).score["clusters"] == clusters


def test_a_search_and_a_first_clustering_are_returned_as_they_are(rows):
    found = search_k(rows, n_clusters=3)
    assert with_last_search(found, None) is found
    found = search_k(rows, max_clust=6)
    assert with_last_search(found, search_k(rows)) is found


def test_they_are_saved(rows):
    after = then(rows, {"max_clust": 6}, {"n_clusters": 9})[1]
    again = Clustering.from_state(pickle.loads(pickle.dumps(after.get_state())))
    assert again.score == after.score and again.earlier == after.earlier
    older = {name: value for name, value in after.get_state().items() if name != "earlier"}
    assert Clustering.from_state(older).earlier is None


@pytest.fixture
def model(rows):
    found = Clustimage(method="precomputed", embedding="pca", verbose="error")
    found.fit_transform(features=rows)
    return found


def curve(model):
    """Return the numbers of clusters of the curve that is drawn, and the marked one."""
    fig, ax = model.clusteval.plot()
    points = max((line.get_xdata() for line in ax.lines), key=len)
    (marked,) = {line.get_xdata()[0] for line in ax.lines if len(set(line.get_xdata())) == 1}
    return list(points), marked


def test_the_plot_shows_the_curve_with_the_number_marked(model, tmp_path):
    assert curve(model)[0] == list(range(3, 25))
    model.cluster(n_clusters=11)
    assert curve(model) == (list(range(3, 25)), 11)
    assert model.clusteval.plot()[1].get_legend().get_texts()[0].get_text() == (
        "11 clusters, as asked for"
    )
    model.save(tmp_path / "model")
    for again in (Clustimage.load(tmp_path / "model"), pickle.loads(pickle.dumps(model))):
        assert curve(again) == (list(range(3, 25)), 11)
        again.cluster(n_clusters=5)
        assert curve(again) == (list(range(3, 25)), 5)


def test_other_features_or_another_space_have_no_scores_yet(model, rows):
    model.cluster(n_clusters=5, cluster_space="low")
    assert list(model.clusteval.results["score"]["clusters"]) == [5]
    model.cluster(n_clusters=5)
    assert list(model.clusteval.results["score"]["clusters"]) == [5]
    model.cluster()
    model.extract_feat(features=rows[:, ::-1].copy())
    model.embedding()
    model.cluster(n_clusters=5)
    assert list(model.clusteval.results["score"]["clusters"]) == [5]


def test_after_a_cut_the_number_that_it_gives_is_marked(model):
    tree = model.clustering_.tree
    model.dendrogram(max_d=float(tree[-7:-5, 2].mean()))
    assert model.labels_.max() + 1 == 7 and curve(model)[1] == 7

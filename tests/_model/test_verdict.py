"""Verdict, table of clusters and known labels on the class."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from clustimage import Clustimage, InvalidDataError, StepOrderError


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    features = np.repeat(8 * np.eye(5, 20), 24, axis=0) + rng.normal(size=(120, 20))
    cl = Clustimage(method="precomputed", embedding=None, verbose="silent")
    cl.fit_transform(features=features)
    return cl


def test_the_verdict_is_made_once_and_goes_with_the_clusters(model):
    assert model.verdict is model.verdict
    assert (model.verdict.k, model.verdict.confidence) == (5, "high")
    before = model.verdict
    model.cluster(n_clusters=9)
    assert model.verdict.k == 9
    assert model.verdict.score < before.score
    model.cluster()
    assert model.verdict == before


def test_the_verdict_is_saved_and_pickled(model, tmp_path):
    verdict, table = model.verdict, model.cluster_table()
    for back in (Clustimage.load(model.save(tmp_path / "m")), pickle.loads(pickle.dumps(model))):
        assert back._state.verdict == verdict
        assert back.cluster_table().equals(table)


def test_the_table_names_images_by_their_paths(model):
    model.cluster(n_clusters=4)
    table = model.cluster_table()
    assert table["size"].sum() == 120
    split = table[table["split"]]
    assert len(split) == 1  # two of five groups are in one cluster
    assert set(split["images"].iloc[0]) <= set(model.results["pathnames"])
    assert list(table["unique"]) == list(model.results_unique["pathnames"])
    model.cluster()


def test_frames_say_how_sure_each_image_is(model):
    frame = model.to_frame()
    assert frame["confidence"].between(0, 1).all()
    assert (frame["runner_up"] != frame["label"]).all()
    assert frame["confidence"].mean() > 0.4


def test_known_labels_are_compared(model):
    y = np.repeat(list("abcde"), 24)
    found = model.evaluate_labels(y)
    assert found["ari"] == adjusted_rand_score(y, model.results["labels"]) == 1
    assert found["contingency"].shape == (5, 5)
    with pytest.raises(InvalidDataError, match="120 images"):
        model.evaluate_labels(y[:9])


@pytest.mark.parametrize(
    "arguments",
    [
        {"cluster": "kmeans", "n_clusters": 4},
        {"cluster": "dbscan", "min_clust": 2, "cluster_space": "low"},
        {"sim": 0.5},
        {"metric": "cosine", "linkage": "average"},
        {"cannot_link": np.arange(120) // 2},
        {"n_clusters": 1},
        {"cluster_space": "low"},
        {"min_size": 25},
    ],
    ids=str,
)
def test_every_kind_of_clustering_has_a_verdict(model, arguments):
    model.cluster(**arguments)
    assert model.verdict.confidence in ("high", "medium", "low", "no groups")
    assert len(model.cluster_table()) == len(model.results_unique["labels"])
    model.cluster()


def test_what_is_missing_is_said():
    for ask in (lambda cl: cl.verdict, Clustimage.cluster_table):
        with pytest.raises(StepOrderError, match=r"cluster\(\)"):
            ask(Clustimage())
    with pytest.raises(StepOrderError, match=r"cluster\(\)"):
        Clustimage().evaluate_labels([1])


def test_the_curve_and_the_tree_say_the_verdict_once_it_was_asked_for(digits):
    cl = Clustimage(embedding=None, verbose="silent").fit(digits[0][:120])
    curve, tree = cl.clusteval.plot()[1], cl.dendrogram()["ax"]
    assert "Verdict" not in curve.get_title() + tree.get_title()
    words = f"\nVerdict: {cl.verdict.confidence}, score {cl.verdict.score:.2f}"
    assert cl.clusteval.plot()[1].get_title().endswith(words)
    assert cl.dendrogram()["ax"].get_title().endswith(words)
    assert cl.clusteval.plot(title="Mine")[1].get_title() == "Mine"
    cl.cluster(n_clusters=4)
    assert "Verdict" not in cl.dendrogram()["ax"].get_title()

import re
import tracemalloc

import numpy as np
import pytest
from sklearn.metrics import silhouette_samples, silhouette_score

from clustimage._core.logs import at_verbosity
from clustimage._distances.metrics import METRICS
from clustimage.cluster import ClusterRequest
from clustimage.cluster._candidates import Candidates
from clustimage.cluster._plan import _plan_scores
from clustimage.cluster.evaluators import _silhouette
from clustimage.cluster.evaluators._silhouette import Silhouette, mean_silhouettes
from clustimage.cluster.tree._combined_distance import Weights, combined_distances
from clustimage.cluster.tree._linkage import build_tree, cut_tree_k


def nested(X, ks=range(2, 25)):
    tree = build_tree(X)
    return [cut_tree_k(tree, k) for k in ks]


def unrelated(n, ks):
    rng = np.random.default_rng(0)
    return [np.concatenate([np.arange(k), rng.integers(0, k, n - k)]) for k in ks]


@pytest.mark.parametrize("labellings", ["nested", "unrelated"])
def test_all_scores_equal_scikit_learn(labellings, blobs):
    X = blobs[0]
    chosen = nested(X) if labellings == "nested" else unrelated(len(X), range(2, 12))
    theirs = [silhouette_score(X, labels) for labels in chosen]
    np.testing.assert_allclose(mean_silhouettes(X, chosen)[0], theirs, atol=1e-9)


@pytest.mark.parametrize("metric", METRICS)
def test_the_silhouette_uses_the_metric_asked_for(metric, blobs):
    """The incumbent ignored the metric in its silhouette."""
    X = blobs[0]
    chosen = nested(blobs[0], (2, 6, 20))
    theirs = [silhouette_score(X, labels, metric=metric) for labels in chosen]
    np.testing.assert_allclose(mean_silhouettes(X, chosen, metric=metric)[0], theirs, atol=1e-9)
    if metric not in ("euclidean", "sqeuclidean"):
        assert not np.allclose(theirs[1], silhouette_score(blobs[0], chosen[1]), atol=1e-3)


def test_many_blocks_give_what_one_gives(blobs, monkeypatch):
    chosen = unrelated(len(blobs[0]), range(2, 12))
    whole = mean_silhouettes(blobs[0], chosen)[0]
    monkeypatch.setattr(_silhouette, "BLOCK_BYTES", 9000)
    monkeypatch.setattr(_silhouette, "SUMS_BYTES", 9000)
    monkeypatch.setattr(_silhouette, "MAX_CELLS", 3)
    np.testing.assert_allclose(mean_silhouettes(blobs[0], chosen)[0], whole, atol=1e-12)


def test_a_bar_counts_blocks_where_there_are_several(blobs, monkeypatch, capsys):
    with at_verbosity("info"):
        mean_silhouettes(blobs[0], [blobs[1]])
        assert capsys.readouterr().err == ""
        monkeypatch.setattr(_silhouette, "MAX_ROWS_AT_ONCE", 23)
        mean_silhouettes(blobs[0], [blobs[1]])
    expected = r"\rEvaluating clusters:   0%\| *\| 0/14 \[.*block/s\]"
    assert re.search(expected, capsys.readouterr().err)


@pytest.mark.parametrize("metric", METRICS)
def test_the_number_of_threads_changes_nothing(metric, blobs):
    one, two = (
        mean_silhouettes(blobs[0], nested(blobs[0]), metric=metric, n_jobs=n) for n in (1, 2)
    )
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("metric, n_jobs", [("euclidean", 1), ("cosine", 1), ("cityblock", 2)])
@pytest.mark.parametrize("n, d", [(300, 1500), (2000, 20), (5000, 3)])
def test_what_is_taken_is_what_was_said(n, d, metric, n_jobs):
    X = np.random.default_rng(0).random((n, d))
    labels = [np.arange(n) % k for k in (2, 4, 12)]
    mean_silhouettes(X[:20], [np.arange(20) % 3], metric=metric)
    tracemalloc.start()
    mean_silhouettes(X, labels, metric=metric, n_jobs=n_jobs)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    request = ClusterRequest(metric=metric, n_clusters=12, linkage="average")
    said = _plan_scores(n, d, n_jobs, request, cuts=True)[1]
    assert 0.5 * said < peak < 1.4 * said


def test_equal_rows_and_a_far_offset_do_no_harm():
    rng = np.random.default_rng(0)
    X = np.repeat(rng.normal(size=(30, 6)), 4, axis=0) + 1e4
    chosen = nested(X, (2, 5, 30, 60))
    theirs = [silhouette_score(X - X.mean(axis=0), labels) for labels in chosen]
    np.testing.assert_allclose(mean_silhouettes(X, chosen)[0], theirs, atol=1e-6)


def test_unclustered_images_count_as_zero(blobs):
    X, labels = blobs[0], blobs[1].copy()
    labels[::5] = -1
    inside = labels >= 0
    expected = silhouette_samples(X[inside], labels[inside]).sum() / len(X)
    mixed = [labels, blobs[1]]
    scores = mean_silhouettes(X, mixed)[0]
    np.testing.assert_allclose(scores, [expected, silhouette_score(*blobs)], atol=1e-9)


def test_undefined_scores_are_nan():
    X = np.arange(4.0)[:, None]
    labellings = [np.zeros(4, int), np.arange(4), np.full(4, -1), np.array([0, 1, -1, -1])]
    assert np.isnan(mean_silhouettes(X, labellings)).all()
    some = mean_silhouettes(X, [*labellings, np.array([0, 0, 1, 1])])[0]
    assert np.isfinite(some).tolist() == [False] * 4 + [True]


@pytest.mark.parametrize("metric", METRICS)
def test_the_silhouette_of_each_image_equals_that_of_scikit_learn(metric, blobs):
    X, labels = blobs
    ours = _silhouette.silhouette_samples(X, labels, metric=metric)
    np.testing.assert_allclose(ours, silhouette_samples(X, labels, metric=metric), atol=1e-9)


def test_images_alone_or_in_no_cluster_have_the_silhouette_0():
    X = np.array([[0.0], [1.0], [10.0], [12.0], [50.0], [99.0]])
    labels = np.array([0, 0, 1, 1, 2, -1])
    ours = _silhouette.silhouette_samples(X, labels, metric="euclidean")
    theirs = silhouette_samples(X[:5], labels[:5])
    np.testing.assert_allclose(ours, [*theirs, 0])
    assert ours[4] == 0


def test_all_images_of_two_clusters_at_one_point_have_the_silhouette_0():
    X = np.array([[1.0], [1.0], [1.0], [1.0]])
    labels = np.array([0, 0, 1, 1])
    assert _silhouette.silhouette_samples(X, labels, metric="euclidean").tolist() == [0] * 4
    # The images of one cluster are at one point, the others are not.
    X, labels = np.array([[1.0], [1.0], [3.0], [4.0]]), np.array([0, 0, 1, 1])
    ours = _silhouette.silhouette_samples(X, labels, metric="euclidean")
    np.testing.assert_allclose(ours, silhouette_samples(X, labels))


def test_a_cluster_whose_members_are_farther_apart_than_from_the_next_is_negative():
    X = np.array([[0.0], [10.0], [4.0], [5.0]])
    labels = np.array([0, 0, 1, 1])
    ours = _silhouette.silhouette_samples(X, labels, metric="euclidean")
    np.testing.assert_allclose(ours, silhouette_samples(X, labels))
    assert ours.min() < 0 < ours.max()


def test_labellings_of_very_different_numbers_are_scored_together(blobs):
    """Through the cells that they share, and through the clusters where those are many."""
    X = blobs[0]
    chosen = [*nested(X, (2, 100)), *unrelated(len(X), (3, 50, 290))]
    theirs = [silhouette_score(X, labels) for labels in chosen]
    np.testing.assert_allclose(mean_silhouettes(X, chosen)[0], theirs, atol=1e-9)
    one_by_one = [mean_silhouettes(X, [labels])[0][0] for labels in chosen]
    np.testing.assert_allclose(one_by_one, theirs, atol=1e-9)


@pytest.mark.parametrize("max_cells", [0, 10**6])
def test_cells_and_clusters_give_the_same_also_without_some_images(max_cells, blobs, monkeypatch):
    monkeypatch.setattr(_silhouette, "MAX_CELLS", max_cells)
    X, labels = blobs[0], blobs[1].copy()
    labels[::7] = -1
    others = unrelated(len(X), (5, 9))
    scores = mean_silhouettes(X, [labels, *others])[0]
    inside = labels >= 0
    expected = silhouette_samples(X[inside], labels[inside]).sum() / len(X)
    theirs = [expected, *(silhouette_score(X, other) for other in others)]
    np.testing.assert_allclose(scores, theirs, atol=1e-9)


@pytest.mark.parametrize("weights", [(0.5, 0.0), (0.3, 0.4)])
def test_time_and_location_count_in_the_silhouette_too(weights, blobs):
    X, labels = blobs
    rng = np.random.default_rng(0)
    seconds = rng.random(300) * 1000
    degrees = np.column_stack([rng.uniform(-80, 80, 300), rng.uniform(-180, 180, 300)])
    _, combined = combined_distances(
        X, "euclidean", Weights(*weights), seconds, degrees if weights[1] else None
    )
    every = combined.pairs(X, "euclidean")(slice(0, 300), np.arange(300))
    np.fill_diagonal(every, 0)
    score = mean_silhouettes(X, [labels], combined=combined)[0][0]
    assert score == pytest.approx(silhouette_score(every, labels, metric="precomputed"))
    assert score != pytest.approx(silhouette_score(X, labels))


def test_combined_distances_are_scored_exactly_however_many_images(blobs, monkeypatch, caplog):
    X, labels = blobs
    _, combined = combined_distances(X, "euclidean", Weights(0.5, 0), np.arange(300.0), None)
    candidates = Candidates([labels], [6], combined=combined)
    evaluator = Silhouette()
    exact = evaluator.score(X, candidates)
    assert exact == mean_silhouettes(X, [labels], combined=combined)[0]
    assert exact != mean_silhouettes(X, [labels])[0]
    monkeypatch.setattr(_silhouette, "MAX_ROWS_SCORED_EXACTLY", 10)
    monkeypatch.setattr(_silhouette, "N_SAMPLED", 20)
    with caplog.at_level("INFO", "clustimage"):
        assert evaluator.score(X, candidates) == exact
    assert evaluator.errors_ is None and caplog.messages == []


def test_the_metric_of_the_evaluator_is_euclidean_unless_another_is_asked_for(blobs):
    candidates = Candidates([blobs[1]], [6])
    for options, metric in (({}, "euclidean"), ({"metric": "cosine"}, "cosine")):
        score = Silhouette().score(blobs[0], candidates, **options)
        np.testing.assert_allclose(score, silhouette_score(*blobs, metric=metric))


def test_errors_are_0_where_all_images_are_measured(blobs):
    scores, errors = mean_silhouettes(blobs[0], [blobs[1], np.zeros(300, dtype=int)])
    assert errors[0] == 0 and np.isnan(errors[1]) and np.isnan(scores[1])


def test_neither_the_rows_nor_the_labels_are_changed(blobs):
    X, labels = blobs[0].copy(), blobs[1].copy()
    labels[:3] = -1
    kept = labels.copy()
    mean_silhouettes(X, [labels], n_sampled=100)
    np.testing.assert_array_equal(X, blobs[0])
    np.testing.assert_array_equal(labels, kept)

import tracemalloc

import numpy as np
import pytest
from sklearn.metrics import silhouette_samples, silhouette_score

from clustimage._distances.metrics import METRICS
from clustimage.cluster import ClusterRequest
from clustimage.cluster._plan import _plan_scores
from clustimage.cluster.evaluators import _silhouette
from clustimage.cluster.evaluators._silhouette import mean_silhouettes
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

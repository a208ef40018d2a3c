import numpy as np
import pytest
from sklearn.cluster import HDBSCAN
from sklearn.metrics import adjusted_rand_score

from clustimage._core.errors import InvalidDataError
from clustimage._distances.metrics import METRICS
from clustimage.cluster import HDBSCANClusterer, search_k
from clustimage.cluster.clusterers import _hdbscan


def test_groups_are_found_and_the_rest_is_noise(blobs):
    found = search_k(blobs[0], cluster="hdbscan")
    inside = found.labels >= 0
    assert found.varied == "min_cluster_size"
    assert inside.mean() > 0.8
    assert adjusted_rand_score(blobs[1][inside], found.labels[inside]) > 0.9


def test_labels_equal_scikit_learn(blobs):
    found = search_k(blobs[0], cluster="hdbscan")
    size = found.score["cluster_threshold"][found.best]
    model = HDBSCAN(min_cluster_size=size, min_samples=6, copy=True).fit(blobs[0])
    assert adjusted_rand_score(model.labels_, found.labels) == 1


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_works(metric, blobs):
    X = blobs[0][:120] + 20
    if metric == "hamming":
        groups = np.random.default_rng(0).random((4, 40)) > 0.5
        noise = np.random.default_rng(1).random((120, 40)) < 0.05
        X = (groups[np.arange(120) % 4] ^ noise).astype(float)
    labels = HDBSCANClusterer(metric=metric).fit_predict(X)
    assert labels.max() >= 1


def test_no_labelling_with_an_allowed_number_says_what_was_seen(blobs):
    with pytest.raises(InvalidDataError, match="min_cluster_size"):
        search_k(blobs[0], cluster="hdbscan", n_clusters=100)


def groups(n: int, d: int) -> np.ndarray:
    """Groups of many densities, and noise, `(n, d)`."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(9, d))[rng.integers(0, 9, n)] * 4
    X += rng.normal(size=(n, d)) * rng.uniform(0.2, 1.2, size=(n, 1))
    X[: n // 20] = rng.uniform(X.min(), X.max(), (n // 20, d))
    return X + 30


# Of pairs at one distance it is arbitrary which one is in the tree: with a core distance that
# many pairs share, scikit-learn's own labels differ as much once the rows are shuffled. That
# is all there is for hamming, and shows in clusters of two.
@pytest.mark.parametrize("metric", [name for name in METRICS if name != "hamming"])
def test_one_tree_for_all_sizes_gives_the_labels_of_scikit_learn(metric, monkeypatch):
    X = groups(900, 5)
    anew = HDBSCANClusterer(metric=metric, n_sizes=8).candidates(X, range(901))
    monkeypatch.setattr(_hdbscan, "MAX_ROWS_WITHOUT_SHARED_TREE", 500)
    once = HDBSCANClusterer(metric=metric, n_sizes=8).candidates(X, range(901))
    assert once.thresholds == anew.thresholds == [2, 5, 11, 27, 66, 157, 376, 900]
    for ours, theirs in list(zip(once.labels, anew.labels, strict=True))[1:]:
        assert adjusted_rand_score(ours, theirs) > 0.98


def test_many_rows_are_grouped_as_scikit_learn_groups_them():
    X = groups(5200, 2).astype(np.float32)
    found = HDBSCANClusterer(n_jobs=2, n_sizes=4).candidates(X, range(2, 25))
    for size, labels in zip(found.thresholds, found.labels, strict=True):
        theirs = HDBSCAN(min_cluster_size=size, min_samples=9, copy=True).fit_predict(X)
        assert adjusted_rand_score(labels, theirs) > 0.99


def test_equal_rows_among_many_are_clusters(monkeypatch):
    monkeypatch.setattr(_hdbscan, "MAX_ROWS_WITHOUT_SHARED_TREE", 50)
    X = np.repeat(np.arange(4.0)[:, None] * 10, 25, axis=0) + 1
    labels = HDBSCANClusterer().candidates(X, [4]).labels[0]
    assert adjusted_rand_score(labels, np.arange(100) // 25) == 1


def test_a_log_line_says_that_the_tree_is_built_once(monkeypatch, caplog):
    monkeypatch.setattr(_hdbscan, "MAX_ROWS_WITHOUT_SHARED_TREE", 200)
    with caplog.at_level("INFO", "clustimage"):
        HDBSCANClusterer().candidates(groups(300, 2), range(301))
    assert "one spanning tree for all sizes of HDBSCAN, because 300 images are more" in caplog.text

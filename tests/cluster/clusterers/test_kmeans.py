import tracemalloc

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage.cluster import KMeansClusterer, plan_clusters, search_k
from clustimage.cluster.clusterers import _kmeans


def test_labels_start_at_zero(blobs):
    """The incumbent subtracted 1 from the labels of k-means."""
    labels = search_k(blobs[0], cluster="kmeans", max_clust=8).labels
    assert np.unique(labels).tolist() == [*range(labels.max() + 1)]
    assert labels.min() == 0


def test_labels_equal_scikit_learn(blobs):
    ours = search_k(blobs[0], cluster="kmeans", n_clusters=6, random_state=5).labels
    theirs = KMeans(6, n_init=10, random_state=5).fit_predict(blobs[0])
    assert adjusted_rand_score(theirs, ours) == 1


def test_same_seed_gives_the_same_answer_on_any_number_of_workers():
    X = np.random.default_rng(0).normal(size=(400, 4))
    runs = [
        search_k(X, cluster="kmeans", max_clust=9, random_state=1, n_jobs=n_jobs)
        for n_jobs in (1, 2)
    ]
    np.testing.assert_array_equal(runs[0].labels, runs[1].labels)
    assert runs[0].score == runs[1].score
    other = search_k(X, cluster="kmeans", max_clust=9, random_state=2)
    assert other.score["score"] != runs[0].score["score"]


def test_other_metrics_are_refused(blobs):
    with pytest.raises(InvalidParameterError, match="^cluster='kmeans' works with metric='euclid"):
        search_k(blobs[0], cluster="kmeans", metric="cosine")


def test_fewer_different_images_than_clusters():
    X = np.repeat(np.eye(4), 5, axis=0)
    assert search_k(X, cluster="kmeans").score["clusters"] == [3, 4]
    with pytest.raises(InvalidDataError, match="4 of the 20 images differ"):
        search_k(X, cluster="kmeans", n_clusters=5)


def test_images_that_differ_by_less_than_distances_show():
    X = np.array([[-1.0], [3e-21], [4e-22], [1e-22]])
    assert set(search_k(X, cluster="kmeans", min_clust=2).score["clusters"]) == {2}
    with pytest.raises(InvalidDataError, match="'kmeans' found no labelling with 3 clusters"):
        search_k(X, cluster="kmeans", n_clusters=3)


def test_metric_is_checked_by_fit(blobs):
    with pytest.raises(InvalidParameterError, match="metric"):
        KMeansClusterer(metric="cosine").fit(blobs[0])


def inertia(X: np.ndarray, labels: np.ndarray) -> float:
    centres = np.array([X[labels == name].mean(axis=0) for name in np.unique(labels)])
    return float(((X - centres[labels]) ** 2).sum())


@pytest.fixture(scope="module")
def many() -> np.ndarray:
    """A mixture of 12 groups that overlap, `(25000, 4)`."""
    rng = np.random.default_rng(0)
    centres = rng.normal(scale=4, size=(12, 4))
    return centres[rng.choice(12, 25_000, p=rng.dirichlet(np.full(12, 4)))] + rng.normal(
        size=(25_000, 4)
    )


@pytest.mark.parametrize("k", [3, 12])
def test_many_rows_are_grouped_as_well_as_from_ten_full_starts(k, many, monkeypatch):
    monkeypatch.setattr(_kmeans, "N_SAMPLED", 2000)
    theirs = KMeans(k, n_init=10, random_state=0).fit(many).inertia_
    for X in (many, many.astype(np.float32)):
        labels = KMeansClusterer(n_clusters=k).candidates(X, [k]).labels[0]
        assert inertia(many, labels) < 1.01 * theirs


def test_many_rows_far_from_zero_lose_nothing_as_float32(many):
    near = KMeansClusterer().candidates(many, [5]).labels[0]
    far = KMeansClusterer().candidates(many + 1e6, [5]).labels[0]
    assert adjusted_rand_score(near, far) > 0.999


def test_many_rows_give_the_same_answer_on_any_number_of_workers(many):
    one, two = (
        KMeansClusterer(n_jobs=n_jobs, random_state=3).candidates(many, [2, 5]).labels
        for n_jobs in (1, 2)
    )
    np.testing.assert_array_equal(one, two)


def test_rows_that_a_sample_would_miss_are_found(monkeypatch):
    monkeypatch.setattr(_kmeans, "MAX_ROWS_AS_FLOAT64", 100)
    monkeypatch.setattr(_kmeans, "N_SAMPLED", 50)
    monkeypatch.setattr(_kmeans, "SAMPLED_PER_CLUSTER", 1)
    X = np.zeros((3000, 2))
    X[:3] = [[1, 0], [0, 1], [5, 5]]
    labels = KMeansClusterer().candidates(X, [4]).labels[0]
    assert np.sort(np.bincount(labels)).tolist() == [1, 1, 1, 2997]


def test_a_log_line_says_how_many_rows_are_grouped(many, caplog):
    with caplog.at_level("INFO", "clustimage"):
        KMeansClusterer().candidates(many[:20_000], [2])
        assert not caplog.text
        KMeansClusterer().candidates(many[:20_001], [2])
    assert "k-means in float32 from the best of 10 starts on a sample of 10,000" in caplog.text


def test_no_more_memory_is_taken_than_was_said():
    X = np.random.default_rng(0).normal(size=(60_000, 40)).astype(np.float32)
    tracemalloc.start()
    KMeansClusterer(n_jobs=2, n_init=1).candidates(X, [2, 3, 4])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    said = plan_clusters(*X.shape, cluster="kmeans", evaluate="dbindex", n_jobs=2).peak
    assert said / 5 < peak < said

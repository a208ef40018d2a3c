import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from clustimage._errors import InvalidDataError, InvalidParameterError
from clustimage.cluster import KMeansClusterer, search_k


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


def test_metric_is_checked_by_fit(blobs):
    with pytest.raises(InvalidParameterError, match="metric"):
        KMeansClusterer(metric="cosine").fit(blobs[0])

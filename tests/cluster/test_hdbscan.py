import numpy as np
import pytest
from sklearn.cluster import HDBSCAN
from sklearn.metrics import adjusted_rand_score

from clustimage._errors import InvalidDataError
from clustimage._metrics import METRICS
from clustimage.cluster import HDBSCANClusterer, search_k


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

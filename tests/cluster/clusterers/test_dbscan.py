import tracemalloc

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.cluster import DBSCAN
from sklearn.metrics import adjusted_rand_score

from clustimage._core.errors import InvalidDataError
from clustimage._distances.metrics import METRICS
from clustimage.cluster import DBSCANClusterer, plan_clusters, search_k
from clustimage.cluster.clusterers._dbscan import DensityForest, radii_to_try


def compare(X, forest, eps, metric, min_samples):
    ours = forest.labels_at(eps)
    # A hair further: ours takes the radii from the distances themselves.
    theirs = DBSCAN(eps=eps * (1 + 1e-9), metric=metric, min_samples=min_samples).fit(X)
    dense = theirs.core_sample_indices_
    assert adjusted_rand_score(theirs.labels_[dense], ours[dense]) == 1
    np.testing.assert_array_equal(theirs.labels_ < 0, ours < 0)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n", [9, 40, 300])
def test_labels_equal_scikit_learn_at_every_radius(metric, n, blobs):
    X = blobs[0][:n] + 20
    forest = DensityForest.build(X, metric=metric, min_samples=6, n_eps=50)
    for eps in forest.radii[::7]:
        compare(X, forest, eps, metric, 6)


@pytest.mark.parametrize("metric", METRICS)
def test_what_is_not_dense_joins_its_nearest_core_point(metric, blobs):
    X = np.concatenate([blobs[0] + 20, blobs[0][:40] + 20])
    forest = DensityForest.build(X, metric=metric, min_samples=5, n_eps=30)
    distances = cdist(X, X, metric)
    core = np.sort(distances, axis=1)[:, 4]
    np.testing.assert_allclose(forest.core, core, atol=1e-7)
    radius = np.maximum(distances, core)
    np.fill_diagonal(radius, np.inf)
    before = radius.min(axis=1) < core * (1 - 1e-9)  # it is dense itself
    assert before.any() or metric == "hamming"
    np.testing.assert_allclose(forest.joins_at[before], radius.min(axis=1)[before], atol=1e-7)


def test_of_several_core_points_at_one_radius_the_first_is_joined():
    X = np.array([[2.0], [2.5], [3.0], [0.0], [-2.0], [-2.5], [-3.0]])
    forest = DensityForest.build(X, metric="euclidean", min_samples=3, n_eps=10)
    assert forest.core[3] == 2.0 and forest.joins_at[3] == 2.0
    assert forest.nearest_core[3] == 0


def test_no_more_memory_is_taken_where_all_are_near_each_other():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6, 4))[rng.integers(0, 6, 12_000)] * 5 + rng.normal(size=(12_000, 4))
    X[0] = 1000  # so that all rows lie within the largest radius of each other
    X = X.astype(np.float32)
    tracemalloc.start()
    found = DBSCANClusterer().candidates(X, range(1, 25))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < plan_clusters(12_000, 4, cluster="dbscan", evaluate="dbindex", n_jobs=1).peak
    at = found.counts.index(max(found.counts))
    theirs = DBSCAN(eps=found.thresholds[at] * (1 + 1e-9), min_samples=9).fit_predict(X)
    assert adjusted_rand_score(theirs, found.labels[at]) > 0.999


def test_equal_images_are_dense_at_once():
    X = np.repeat(np.arange(4.0)[:, None] * 10, 6, axis=0)
    X = np.concatenate([X, [[100.0]]])
    labels = search_k(X, cluster="dbscan").labels
    assert labels[:24].reshape(4, 6).std(axis=1).max() == 0
    assert len(set(labels[:24])) == 4
    assert labels[-1] == -1


def test_radii_follow_the_scale_of_the_data(blobs):
    near = search_k(blobs[0], cluster="dbscan")
    far = search_k(blobs[0] * 1000, cluster="dbscan")
    np.testing.assert_array_equal(near.labels, far.labels)
    assert far.score["cluster_threshold"][far.best] == pytest.approx(
        1000 * near.score["cluster_threshold"][near.best]
    )
    assert adjusted_rand_score(blobs[1], near.labels) > 0.8


def test_radii_are_quantiles_up_to_the_largest():
    core = np.random.default_rng(0).random(500)
    radii = radii_to_try(core, 50)
    assert len(radii) <= 50
    assert (np.diff(radii) > 0).all()
    assert radii[-1] == core.max()
    assert (radii_to_try(np.zeros(9), 50) > 0).all()


def test_only_allowed_numbers_of_clusters_compete(blobs):
    found = search_k(blobs[0], cluster="dbscan", min_clust=5, max_clust=7)
    assert set(found.score["clusters"]) <= {5, 6}
    assert found.varied == "eps"
    exact = search_k(blobs[0], cluster="dbscan", n_clusters=6)
    assert len(set(exact.labels) - {-1}) == 6


def test_no_labelling_with_an_allowed_number_says_what_was_seen(blobs):
    with pytest.raises(InvalidDataError, match=r"40 to 49 clusters.*'eps'.*min_clust"):
        search_k(blobs[0], cluster="dbscan", min_clust=40, max_clust=50)
    with pytest.raises(InvalidDataError, match="no labelling with 50 clusters") as caught:
        search_k(blobs[0], cluster="dbscan", n_clusters=50)
    assert "Ask for another number, try cluster_space='low'" in str(caught.value)
    assert "min_clust" not in str(caught.value)

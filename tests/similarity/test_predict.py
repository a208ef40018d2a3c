"""The cluster of a new image."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from sklearn.cluster import DBSCAN
from sklearn.datasets import make_blobs, make_moons
from sklearn.neighbors import KNeighborsClassifier

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._distances.nearest import nearest
from clustimage.similarity import (
    METRICS,
    _predict,
    cluster_radius,
    join_clusters,
    predict_labels,
)


@pytest.fixture(scope="module")
def blobs() -> tuple[np.ndarray, np.ndarray]:
    feat, labels = make_blobs(300, 6, centers=4, cluster_std=4, random_state=0)
    return feat.astype(np.float32), labels


@pytest.mark.parametrize("metric", METRICS)
def test_images_that_were_clustered_get_their_own_label_back(metric, blobs):
    feat, labels = blobs
    np.testing.assert_array_equal(predict_labels(feat, labels, feat, metric=metric), labels)


@pytest.mark.parametrize("metric", ["euclidean", "cityblock", "cosine"])
def test_new_images_get_the_label_that_scikit_learn_gives(metric, blobs):
    feat, labels = blobs
    queries = np.random.default_rng(1).normal(size=(100, 6)) * 8
    reference = KNeighborsClassifier(1, metric=metric).fit(feat.astype(float), labels)
    ours = predict_labels(feat, labels, queries, metric=metric)
    np.testing.assert_array_equal(ours, reference.predict(queries))


def test_labels_of_dbscan_come_back_noise_included():
    feat, _ = make_moons(300, noise=0.12, random_state=0)
    labels = DBSCAN(eps=0.12, min_samples=5).fit_predict(feat)
    assert 0 < (labels == -1).sum() < 100
    np.testing.assert_array_equal(predict_labels(feat, labels, feat, radius=0.12), labels)
    np.testing.assert_array_equal(predict_labels(feat, labels, feat), labels)


def test_image_outside_every_cluster_is_noise_where_there_is_noise():
    feat = np.array([[0.0], [1.0], [2.0], [10.0], [11.0], [40.0]])
    labels = np.array([0, 0, 0, 1, 1, -1])
    queries = [[2.9], [3.1], [9.1], [25.0]]
    np.testing.assert_array_equal(predict_labels(feat, labels, queries), [0, -1, 1, -1])
    np.testing.assert_array_equal(predict_labels(feat, labels, queries, radius=2), [0, 0, 1, -1])


def test_without_noise_every_image_has_a_cluster():
    assert predict_labels([[0.0], [1.0]], [0, 1], [[1e6]], radius=0.5) == [1]


def test_all_noise_predicts_noise():
    np.testing.assert_array_equal(predict_labels(np.eye(3), [-1] * 3, np.eye(3)[:2]), [-1, -1])


def test_one_image_predicts_its_label():
    np.testing.assert_array_equal(predict_labels([[1.0]], [0], [[1.0], [7.0]]), [0, 0])


def test_equal_images_predict_the_label_of_the_first():
    feat = np.ones((40, 3))
    np.testing.assert_array_equal(predict_labels(feat, [1] + [0] * 39, feat[:2]), [1, 1])


def test_radius_is_the_largest_distance_to_the_nearest_other_member():
    feat = [[0.0], [1.0], [4.0], [20.0], [20.5], [90.0], [95.0]]
    radius = cluster_radius(feat, [0, 0, 0, 2, 2, 3, -1])
    np.testing.assert_allclose(radius, [3, 0, 0.5, 0.5])


@pytest.mark.parametrize("metric", METRICS)
def test_radius_is_that_of_measuring_every_pair(metric, monkeypatch):
    monkeypatch.setattr(_predict, "N_MEMBERS_AT_ONCE", 7)
    rng = np.random.default_rng(0)
    for rows in (rng.normal(size=(90, 5)), rng.integers(0, 3, (90, 3)) + 0.5, np.ones((20, 2))):
        radius = cluster_radius(rows, np.zeros(len(rows), dtype=int), metric=metric)
        brute = nearest(rows, rows, metric, skipped=np.arange(len(rows)))[1].max()
        np.testing.assert_array_equal(radius, [brute])


def test_radius_that_was_kept_gives_the_same_labels():
    feat, _ = make_moons(300, noise=0.12, random_state=0)
    labels = DBSCAN(eps=0.12, min_samples=5).fit_predict(feat)
    queries = feat[::3] + 0.05
    expected = predict_labels(feat, labels, queries)
    assert len(set(expected.tolist())) >= 3
    kept = cluster_radius(feat, labels)
    np.testing.assert_array_equal(predict_labels(feat, labels, queries, radius=kept), expected)


def test_few_members_are_compared_with_all_others(monkeypatch):
    """The radius is found long before every pair is measured."""
    compared = []
    real = _predict.nearest

    def counted(queries, rows, metric, skipped):
        compared.append(len(queries) * (len(rows) == 8000))
        return real(queries, rows, metric, skipped=skipped)

    monkeypatch.setattr(_predict, "nearest", counted)
    feat = np.random.default_rng(0).normal(size=(8000, 20)).astype(np.float32)
    cluster_radius(feat, np.zeros(8000, dtype=int))
    assert 0 < sum(compared) <= 1000


def test_radius_of_clusters_of_one_is_zero_where_nothing_can_be_measured():
    np.testing.assert_array_equal(cluster_radius(np.eye(3), [0, 1, -1]), [0, 0])


def test_no_matrix_of_all_images_is_built():
    feat = np.random.default_rng(0).normal(size=(20_000, 4)).astype(np.float32)
    labels = np.repeat([0, 1, -1, 2], 5_000)
    tracemalloc.start()
    predict_labels(feat, labels, feat)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000**2 * 4 / 8


def test_bad_input_raises(blobs):
    feat, labels = blobs
    with pytest.raises(InvalidDataError, match="'queries' must have 6 columns"):
        predict_labels(feat, labels, np.eye(4))
    with pytest.raises(InvalidDataError, match="'labels'"):
        predict_labels(feat, labels[:5], feat)
    with pytest.raises(InvalidParameterError, match="'radius'"):
        predict_labels(feat, labels, feat, radius=-1)
    with pytest.raises(InvalidParameterError, match="one for each label from 0 to 3"):
        predict_labels(feat, labels, feat, radius=[1.0, 2.0])
    with pytest.raises(InvalidParameterError, match="'metric'"):
        predict_labels(feat, labels, feat, metric="l2")


def test_features_that_are_no_matrix_are_named(blobs):
    feat, labels = blobs
    with pytest.raises(InvalidDataError, match="'feat' must be a matrix"):
        predict_labels(feat[0], labels, feat)
    with pytest.raises(InvalidDataError, match="'feat' must be a matrix"):
        cluster_radius(feat[0], labels)


@pytest.mark.parametrize("extra", [[], [[50.0]]])
def test_of_equally_near_images_the_first_of_the_given_order_counts(extra):
    feat = np.array([[0.0], [2.0], [4.0], *extra])
    labels = np.array([0, 1, 2, *[-1] * len(extra)])
    asked, order = [[1.0], [3.0]], np.arange(len(feat))
    assert predict_labels(feat, labels, asked, order=order, radius=5).tolist() == [0, 1]
    found = predict_labels(feat, labels, asked, order=order[::-1], radius=5)
    assert found.tolist() == [1, 2]
    joined = join_clusters(feat, labels, asked, order=order[::-1], alpha=0)
    assert joined.nearest.tolist() == [1, 2]


def test_an_image_as_far_as_the_radius_is_in_the_cluster():
    feat, labels = [[0.0], [1.0], [50.0]], [0, 0, -1]
    assert predict_labels(feat, labels, [[2.0], [2.0001]]).tolist() == [0, -1]
    assert predict_labels(feat, labels, [[4.0], [4.0001]], radius=3).tolist() == [0, -1]
    assert predict_labels(feat, labels, [[1.0], [1.0001]], radius=0).tolist() == [0, -1]


def test_of_equal_images_with_and_without_a_cluster_the_cluster_counts():
    feat, labels = [[0.0], [1.0], [1.0], [9.0]], [0, 0, -1, -1]
    assert predict_labels(feat, labels, [[1.0], [9.0]], radius=100).tolist() == [0, -1]


def test_each_cluster_has_its_own_radius():
    feat, labels = [[0.0], [10.0], [99.0]], [0, 1, -1]
    found = predict_labels(feat, labels, [[2.0], [8.0]], radius=[1.0, 3.0])
    assert found.tolist() == [-1, 1]
    found = predict_labels(feat, labels, [[0.0], [0.1], [8.0]], radius=[0, 3])
    assert found.tolist() == [0, -1, 1]


def test_the_radius_is_measured_in_the_metric():
    feat, labels = [[0.0, 0.0], [1.0, 1.0], [99.0, 99.0]], [0, 0, -1]
    queries = [[1.0, 2.9], [1.0, 3.1]]  # the members are 2 apart, or the square root of it
    assert predict_labels(feat, labels, queries, metric="cityblock").tolist() == [0, -1]
    assert predict_labels(feat, labels, queries).tolist() == [-1, -1]


def test_without_a_cluster_there_is_no_radius():
    assert cluster_radius(np.eye(3), [-1, -1, -1]).shape == (0,)
    for label in (-1, -5):
        found = predict_labels(np.eye(3), [label] * 3, np.eye(3), radius=[])
        assert found.tolist() == [-1] * 3


def test_a_radius_of_another_shape_is_named():
    with pytest.raises(InvalidParameterError) as wrong:
        predict_labels([[0.0], [1.0]], [0, 1], [[0.0]], radius=[1.0])
    assert str(wrong.value) == (
        "'radius' must be one distance from 0 up, or one for each label from 0 to 1, as "
        "cluster_radius returns them. Got [1.0]."
    )
    with pytest.raises(InvalidParameterError, match="'radius' must be one distance"):
        predict_labels([[0.0], [1.0]], [0, 1], [[0.0]], radius=[1.0, -1.0])
    with pytest.raises(InvalidParameterError, match="'radius' must be one distance"):
        predict_labels([[0.0], [1.0]], [0, 1], [[0.0]], radius=[1.0, None])

"""The image that stands for its cluster."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from sklearn.neighbors import NearestCentroid

from clustimage._core import batches
from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._distances.pairs import distances
from clustimage.similarity import METRICS, _mean_images, distance_to_center, pick_unique


@pytest.fixture
def some() -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(80, 6)).astype(np.float32), rng.integers(-1, 5, 80), rng


@pytest.mark.parametrize("metric", METRICS)
def test_unique_image_is_a_member_of_its_cluster(metric, some):
    """Defect of clustimage 1.7.1: the unique image could belong to another cluster."""
    feat, labels, _ = some
    answer = pick_unique(feat, labels, metric=metric)
    np.testing.assert_array_equal(answer["labels"], [0, 1, 2, 3, 4])
    np.testing.assert_array_equal(labels[answer["idx"]], answer["labels"])


def test_member_is_taken_where_an_image_of_another_cluster_is_nearer_to_the_centre():
    """Defect of clustimage 1.7.1: the unique image could belong to another cluster."""
    feat = [[-5.0], [6.0], [0.5]]  # the ring 0 around the only member of 1
    answer = pick_unique(feat, [0, 0, 1])
    np.testing.assert_array_equal(answer["idx"], [0, 2])


def test_unique_image_is_the_one_nearest_to_the_centroid_of_scikit_learn(some):
    feat, labels, _ = some
    answer = pick_unique(feat, labels)
    centres = NearestCentroid().fit(feat[labels >= 0], labels[labels >= 0]).centroids_
    for label, idx in zip(answer["labels"], answer["idx"], strict=True):
        members = np.flatnonzero(labels == label)
        nearest = np.linalg.norm(feat[members] - centres[label], axis=1).argmin()
        assert idx == members[nearest]


def test_of_equally_near_members_the_first_is_taken():
    assert pick_unique([[0.0], [2.0], [2.0], [0.0]], [0, 0, 0, 0])["idx"] == [0]


def test_middle_on_the_map_is_the_mean_of_the_members(some):
    feat, labels, rng = some
    xycoord = rng.normal(size=(80, 2)).astype(np.float32)
    centres = pick_unique(feat, labels, xycoord=xycoord)["xycoord_center"]
    assert centres.dtype == np.float32
    expected = [xycoord[labels == label].mean(axis=0) for label in range(5)]
    np.testing.assert_allclose(centres, expected, atol=1e-6)


def test_mean_image_is_the_rounded_mean_of_the_members(some, monkeypatch):
    monkeypatch.setattr(batches, "BLOCK_BYTES", 800)
    feat, labels, rng = some
    pixels = rng.integers(0, 256, (80, 4, 5, 3), dtype=np.uint8)
    means = pick_unique(feat, labels, pixels=pixels)["img_mean"]
    assert means.dtype == np.uint8
    expected = [np.rint(pixels[labels == label].mean(axis=0)).ravel() for label in range(5)]
    np.testing.assert_array_equal(means, expected)


@pytest.mark.parametrize("n_clusters", [1, 3, 70])
@pytest.mark.parametrize("metric", METRICS)
def test_blocks_do_not_change_the_last_digit(metric, n_clusters, monkeypatch):
    rng = np.random.default_rng(0)
    feat, labels = rng.normal(size=(900, 7)).astype(np.float32), rng.integers(0, n_clusters, 900)
    expected = np.empty(900)
    for label in range(n_clusters):
        own = feat[labels == label]
        expected[labels == label] = distances(own.mean(axis=0, dtype=float)[None], own, metric)[0]
    monkeypatch.setattr(batches, "BLOCK_BYTES", 2000)
    np.testing.assert_array_equal(distance_to_center(feat, labels, metric=metric), expected)


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_mean_images_from_a_file_are_those_from_memory(step, some, tmp_path, monkeypatch):
    """The images are read in the order of the file, each block once per pass."""
    monkeypatch.setattr(_mean_images, "MAX_BYTES_OF_IMAGES", step * 60)
    monkeypatch.setattr(_mean_images, "MAX_IMAGES_PER_SUM", 3)
    monkeypatch.setattr(_mean_images, "MAX_BYTES_OF_SUMS", 3 * 4 * 60)  # 5 clusters: two passes
    feat, labels, rng = some
    np.save(tmp_path / "img.npy", rng.integers(0, 256, (80, 4, 5, 3), dtype=np.uint8))
    pixels = np.load(tmp_path / "img.npy", mmap_mode="r").view(np.ndarray)
    read = []
    real = _mean_images.file_blocks

    def seen(array, size):
        assert array is pixels and size == step
        for block, rows in real(array, size):
            read.append(block.start)
            yield block, rows

    monkeypatch.setattr(_mean_images, "file_blocks", seen)
    means = pick_unique(feat, labels, pixels=pixels)["img_mean"]
    expected = [np.rint(pixels[labels == label].mean(axis=0)).ravel() for label in range(5)]
    np.testing.assert_array_equal(means, expected)
    assert read == 2 * list(range(0, 80, step))


def test_white_images_stay_white():
    """Sums of many large values do not overflow."""
    pixels = np.full((70_000, 2), 255, dtype=np.uint8)
    labels = np.arange(70_000) % 2
    means = pick_unique(np.ones((70_000, 1)), labels, pixels=pixels)["img_mean"]
    np.testing.assert_array_equal(means, [[255, 255], [255, 255]])


def test_memory_of_a_million_rows_is_bounded():
    feat = np.zeros((300_000, 16), dtype=np.float32)
    feat[:, 0] = np.arange(300_000) % 7
    tracemalloc.start()
    pick_unique(feat, np.zeros(300_000, dtype=int))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6  # in float64: 38 MB for the rows alone, and several arrays of that size


def test_map_and_images_may_be_absent(some):
    answer = pick_unique(*some[:2])
    assert answer["xycoord_center"] is None and answer["img_mean"] is None


def test_without_a_cluster_there_is_no_unique_image():
    pixels = np.zeros((3, 4), dtype=np.uint8)
    answer = pick_unique(np.eye(3), [-1, -1, -1], xycoord=np.ones((3, 2)), pixels=pixels)
    assert answer["labels"].shape == answer["idx"].shape == (0,)
    assert answer["xycoord_center"].shape == (0, 2)
    assert answer["img_mean"].shape == (0, 4)


def test_distance_to_center_is_measured_within_the_own_cluster(some):
    feat, labels, _ = some
    found = distance_to_center(feat, labels)
    np.testing.assert_array_equal(np.isnan(found), labels < 0)
    for label in range(5):
        own = feat[labels == label].astype(float)
        expected = np.linalg.norm(own - own.mean(axis=0), axis=1)
        np.testing.assert_allclose(found[labels == label], expected)


@pytest.mark.parametrize(
    "labels", [[0, 1], [0.0, 1.0, 2.0], [[0, 1, 2]], ["a", "b", "c"]], ids=repr
)
def test_labels_that_do_not_fit_raise(labels):
    with pytest.raises(InvalidDataError, match="'labels' must be one whole number per image, 3"):
        pick_unique(np.eye(3), labels)


def test_features_with_nan_and_unknown_metric_raise():
    with pytest.raises(InvalidDataError, match="NaN"):
        pick_unique([[np.nan]], [0])
    with pytest.raises(InvalidParameterError, match="Did you mean 'euclidean'"):
        pick_unique(np.eye(3), [0, 0, 0], metric="euclidian")


def test_images_of_another_type_raise():
    with pytest.raises(InvalidDataError, match="'pixels' must be of type uint8.* Got float64"):
        pick_unique(np.eye(3), [0, 0, 0], pixels=np.ones((3, 2)))


def test_map_and_images_of_another_length_raise():
    with pytest.raises(InvalidDataError, match="'xycoord' must have one row per image"):
        pick_unique(np.eye(3), [0, 0, 0], xycoord=np.ones((2, 2)))
    with pytest.raises(InvalidDataError, match="'pixels' must have one row per image"):
        pick_unique(np.eye(3), [0, 0, 0], pixels=np.ones((2, 2), dtype=np.uint8))

"""The image that stands for its cluster."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from sklearn.neighbors import NearestCentroid

from clustimage._core import batches
from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._core.memory import Budget
from clustimage._distances.pairs import distances
from clustimage.similarity import METRICS, _mean_images, distance_to_center, pick_unique
from clustimage.similarity._mean_images import mean_images, sums_at_once
from clustimage.similarity._representatives import group_members


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


def test_means_are_rounded_and_of_any_shape():
    pixels = np.array([[[1, 2]], [[2, 2]], [[2, 3]], [[9, 9]]], dtype=np.uint8)
    answer = pick_unique(np.zeros((4, 1)), [1, 1, 1, 0], pixels=pixels)
    assert answer["img_mean"].tolist() == [[9, 9], [2, 2]]


@pytest.mark.parametrize("n_images", [1, 256, 257, 258, 600])
def test_sums_of_white_images_do_not_overflow(n_images, monkeypatch):
    """In uint16 257 images of 255 fit, in blocks that end anywhere."""
    monkeypatch.setattr(_mean_images, "MAX_BYTES_OF_IMAGES", 550 * 3)
    pixels = np.full((n_images, 3), 255, dtype=np.uint8)
    assert mean_images(pixels, [np.arange(n_images)]).tolist() == [[255] * 3]


def test_images_of_no_group_are_left_out():
    pixels = np.array([[10], [20], [200], [30]], dtype=np.uint8)
    assert mean_images(pixels, [np.array([3]), np.array([0, 1])]).tolist() == [[30], [15]]
    assert mean_images(pixels, []).shape == (0, 1)
    assert mean_images(pixels[:, :0], [np.array([0])]).shape == (1, 0)


def test_a_quarter_of_the_budget_goes_to_sums_of_at_least_one_cluster():
    assert sums_at_once(50, 100, Budget(4 * 4 * 100 * 7)) == 7
    assert sums_at_once(50, 100, Budget(4 * 4 * 100 * 7 - 1)) == 6
    assert sums_at_once(50, 100, Budget(10)) == 1
    assert sums_at_once(50, 100, Budget(10**9, held=10**9)) == 1
    assert sums_at_once(50, 100) == sums_at_once(50, 100, Budget(10**12)) == 50
    assert sums_at_once(10**9, 100) == sums_at_once(10**9, 100, Budget(10**12)) == 2**27 // 400
    assert (sums_at_once(0, 100), sums_at_once(5, 0)) == (1, 5)


def test_the_budget_decides_how_often_the_images_are_read(some, monkeypatch):
    feat, labels, rng = some
    pixels = rng.integers(0, 256, (80, 60), dtype=np.uint8)
    passes = []
    real = _mean_images.file_blocks
    monkeypatch.setattr(_mean_images, "file_blocks", lambda *args: passes.append(1) or real(*args))
    expected = pick_unique(feat, labels, pixels=pixels)["img_mean"]
    assert len(passes) == 1
    means = mean_images(pixels, [np.flatnonzero(labels == i) for i in range(5)], Budget(4 * 480))
    assert len(passes) == 1 + 3
    np.testing.assert_array_equal(means, expected)


def test_labels_may_have_gaps_and_stand_in_any_order(some):
    feat, labels, _ = some
    names, groups = group_members(np.array([7, -3, 2, 7, -1, 2, 900]))
    assert names.tolist() == [2, 7, 900]
    assert [members.tolist() for members in groups] == [[2, 5], [0, 3], [6]]
    names, groups = group_members(np.full(3, -1))
    assert names.shape == (0,) and groups == []
    many = np.random.default_rng(0).integers(-1, 3, 5000)
    for name, members in zip(*group_members(many), strict=True):
        np.testing.assert_array_equal(members, np.flatnonzero(many == name))


def test_of_equally_near_members_the_first_of_the_order_is_taken():
    feat = np.array([[0.0], [2.0], [5.0], [9.0]])
    labels = [0, 0, 1, 1]
    assert pick_unique(feat, labels)["idx"].tolist() == [0, 2]
    for order, idx in (([3, 2, 1, 0], [1, 3]), ([0, 1, 3, 2], [0, 3])):
        answer = pick_unique(feat, labels, order=np.array(order))
        assert answer["idx"].tolist() == idx and answer["idx"].dtype == np.int64


def test_centres_on_the_map_are_means_in_float32(some):
    feat, labels, rng = some
    points = rng.normal(size=(80, 2)).astype(np.float32)
    centres = pick_unique(feat, labels, xycoord=points)["xycoord_center"]
    assert centres.dtype == np.float32
    expected = [points[labels == label].astype(float).mean(axis=0) for label in range(5)]
    np.testing.assert_array_equal(centres, np.array(expected, dtype=np.float32))
    with pytest.raises(InvalidDataError, match="'xycoord' must have 2 columns"):
        pick_unique(feat, labels, xycoord=np.ones((80, 3)))


@pytest.mark.parametrize("metric", METRICS)
def test_the_unique_image_is_the_nearest_to_the_centre_in_the_metric(metric, some):
    feat, labels, _ = some
    answer = pick_unique(feat, labels, metric=metric)
    apart = distance_to_center(feat, labels, metric=metric)
    for label, idx in zip(answer["labels"], answer["idx"], strict=True):
        members = np.flatnonzero(labels == label)
        assert idx == members[np.argmin(apart[members])]


def test_the_words_of_errors_name_argument_and_sizes():
    for labels, words in (
        ([0, 1], "Got an array of shape (2,) and type int64."),
        ([0.0, 1.0, 2.0], "Got an array of shape (3,) and type float64."),
    ):
        with pytest.raises(InvalidDataError) as wrong:
            distance_to_center(np.eye(3), labels)
        start = "'labels' must be one whole number per image, 3 in all. "
        assert str(wrong.value) == start + words
    with pytest.raises(InvalidDataError, match="'labels' must have no masked values"):
        distance_to_center(np.eye(3), np.ma.array([0, 1, 2], mask=[0, 1, 0]))
    with pytest.raises(InvalidDataError) as wrong:
        pick_unique(np.eye(3), [0, 0, 0], pixels=np.ones((2, 2), dtype=np.uint8))
    assert str(wrong.value) == "'pixels' must have one row per image, 3 in all. Got 2."
    with pytest.raises(InvalidDataError) as wrong:
        pick_unique(np.eye(3), [0, 0, 0], pixels=np.ones((3, 2)))
    assert str(wrong.value) == "'pixels' must be of type uint8, from 0 to 255. Got float64."
    for measured in (pick_unique, distance_to_center):
        with pytest.raises(InvalidDataError, match="'feat'"):
            measured(np.ones(3), [0, 0, 0])
        with pytest.raises(InvalidParameterError, match="'metric' must be one of"):
            measured(np.eye(3), [0, 0, 0], metric="l2")

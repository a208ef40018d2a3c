import logging
import re

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from clustimage._core import batches
from clustimage._core.logs import at_verbosity
from clustimage._distances.metrics import METRICS
from clustimage.similarity import _nearest_images, nearest_images


@pytest.fixture(scope="module")
def feat() -> np.ndarray:
    return np.random.default_rng(0).random((90, 6))


def by_scipy(feat: np.ndarray, k: int, metric: str) -> np.ndarray:
    """The nearest others by all distances, of equally near ones the first."""
    apart = cdist(feat, feat, metric)
    np.fill_diagonal(apart, np.inf)
    return np.argsort(apart, axis=1, kind="stable")[:, :k]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("metric", METRICS)
def test_neighbours_equal_those_of_scipy(metric, dtype, feat):
    rows = feat.astype(dtype)
    found = nearest_images(rows, 7, metric)
    assert found.shape == (90, 7) and found.dtype.kind == "i"
    if metric == "hamming":  # all values differ: all are equally near
        assert found[[0, 5]].tolist() == [[1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3, 4, 6, 7]]
    else:
        np.testing.assert_array_equal(found, by_scipy(rows.astype(np.float64), 7, metric))


def test_correlations_of_bright_rows_are_those_of_float64(feat):
    """In float32 the mean of such rows is off by as much as they differ."""
    rows = (feat + 1e5).astype(np.float32)
    expected = by_scipy(rows.astype(np.float64), 7, "correlation")
    np.testing.assert_array_equal(nearest_images(rows, 7, "correlation"), expected)


def test_the_metric_is_euclidean_unless_another_is_asked_for(feat):
    np.testing.assert_array_equal(nearest_images(feat, 3), by_scipy(feat, 3, "euclidean"))


def test_bits_are_compared_by_how_many_differ():
    bits = np.random.default_rng(1).integers(0, 2, (60, 64)).astype(np.float64)
    apart = cdist(bits, bits, "hamming")
    np.fill_diagonal(apart, np.inf)
    found = nearest_images(bits, 5, "hamming")
    # Many are equally near: the distances are those of the nearest.
    np.testing.assert_allclose(
        np.take_along_axis(apart, found, axis=1), np.sort(apart, axis=1)[:, :5]
    )


def test_other_values_than_bits_are_compared_by_how_many_differ():
    rows = np.array([[0.0, 0.0], [0.0, 9.0], [1.0, 1.0], [0.0, 8.0]])
    assert nearest_images(rows, 2, "hamming").tolist() == [[1, 3], [0, 3], [0, 1], [0, 1]]


def test_all_others_are_returned_where_there_are_no_more(feat):
    assert nearest_images(feat[:3], 50).shape == (3, 2)
    assert nearest_images(feat[:3], 50, "cityblock").shape == (3, 2)
    assert nearest_images(feat[:2], 1).tolist() == [[1], [0]]


def test_one_image_has_no_neighbours(feat):
    assert nearest_images(feat[:1], 5) is None


def test_the_rows_are_not_changed(feat):
    for metric in METRICS:
        rows = feat.astype(np.float32)
        nearest_images(rows, 3, metric)
        np.testing.assert_array_equal(rows, feat.astype(np.float32))


@pytest.mark.parametrize("metric", ["cityblock", "canberra"])
def test_the_size_of_a_block_changes_nothing(metric, feat, monkeypatch):
    monkeypatch.setattr(batches, "BLOCK_BYTES", 8 * 90 * 7)
    np.testing.assert_array_equal(nearest_images(feat, 7, metric), by_scipy(feat, 7, metric))


def test_of_equally_near_images_the_first_come_first():
    rows = np.random.default_rng(0).integers(0, 3, (90, 2)).astype(np.float64)
    expected = by_scipy(rows, 60, "cityblock")
    np.testing.assert_array_equal(nearest_images(rows, 60, "cityblock"), expected)


def test_a_bar_counts_blocks_where_there_are_several(feat, monkeypatch, capsys):
    with at_verbosity("info"):
        nearest_images(feat, 7, "cityblock")
        assert capsys.readouterr().err == ""
        monkeypatch.setattr(batches, "BLOCK_BYTES", 8 * 90 * 7)
        nearest_images(feat, 7, "cityblock")
    assert re.search(r"\rNeighbours:   0%\| *\| 0/13 \[.*block/s\]", capsys.readouterr().err)


def test_many_images_are_left_out_where_all_pairs_would_take_long(feat, monkeypatch, caplog):
    monkeypatch.setattr(_nearest_images, "MAX_VALUES_COMPARED", 90 * 90 * 6)
    assert nearest_images(feat, 3, "cityblock") is not None
    monkeypatch.setattr(_nearest_images, "MAX_VALUES_COMPARED", 90 * 90 * 6 - 1)
    assert nearest_images(feat, 3) is not None
    with caplog.at_level(logging.INFO, logger="clustimage"):
        assert nearest_images(feat, 3, "cityblock") is None
    assert caplog.messages == [
        "The nearest images of each of 90 are left out: cityblock takes long."
    ]


def test_bits_are_compared_however_many_they_are(monkeypatch):
    """By a product of matrices."""
    monkeypatch.setattr(_nearest_images, "MAX_VALUES_COMPARED", 1)
    bits = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 0.0]])
    assert nearest_images(bits, 2, "hamming").tolist() == [[1, 2], [0, 2], [1, 0]]
    assert nearest_images(bits + 1, 2, "hamming") is None

import tracemalloc

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import pairwise_distances

from clustimage._core import batches
from clustimage._core.errors import InvalidDataError
from clustimage._distances import blocks
from clustimage._distances.blocks import distance_rows, pair_distances
from clustimage._distances.condensed import condensed_distances
from clustimage._distances.metrics import METRICS
from clustimage.cluster import search_k


@pytest.mark.parametrize("metric", METRICS)
def test_distances_equal_scipy_and_scikit_learn(metric, blobs):
    X = blobs[0]
    ours = distance_rows(X, metric)(slice(10, 50))
    np.testing.assert_allclose(ours, cdist(X[10:50], X, metric), atol=1e-7)
    np.testing.assert_allclose(ours, pairwise_distances(X, metric=metric)[10:50], atol=1e-7)
    assert (ours[np.arange(40), np.arange(10, 50)] == 0).all()


@pytest.mark.parametrize("metric", ["cosine", "correlation"])
def test_rows_without_direction_are_near_their_kind_only(metric):
    X = np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 4.0], [0.0, 0.0, 0.0], [3.0, 1.0, 0.0]])
    distances = distance_rows(X, metric)(slice(0, 4))
    assert distances[0].tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(condensed_distances(X, metric)[:3], [1, 0, 1])


def test_braycurtis_of_two_zero_rows_is_zero():
    X = np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 2.0]])
    assert distance_rows(X, "braycurtis")(slice(0, 1)).tolist() == [[0, 0, 1]]


def test_infinite_distances_are_an_error():
    X = np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, 2.0]])
    with pytest.raises(InvalidDataError, match="braycurtis"):
        condensed_distances(X[:2], "braycurtis")


def test_far_offset_and_equal_rows_keep_their_distances():
    rng = np.random.default_rng(0)
    X = np.repeat(rng.normal(size=(20, 8)), 2, axis=0)
    ours = distance_rows(X + 1e6, "euclidean")(slice(0, 40))
    np.testing.assert_allclose(ours, cdist(X, X), atol=2e-7)


@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean"])
def test_wide_rows_in_parts_give_what_they_give_at_once(metric, blobs, monkeypatch):
    whole = distance_rows(blobs[0] + 50, metric)(slice(10, 200))
    monkeypatch.setattr(blocks, "KEPT_BYTES", 100)
    monkeypatch.setattr(batches, "BLOCK_BYTES", 1000)
    parts = distance_rows(blobs[0] + 50, metric)(slice(10, 200))
    np.testing.assert_allclose(parts, whole, rtol=1e-12)


def test_a_search_needs_little_more_than_the_features_as_float64():
    X = np.random.default_rng(0).random((200, 20_000), dtype=np.float32) * 255
    search_k(X[:, :50])  # what is only made once
    tracemalloc.start()
    search_k(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # As float64 they take twice their size; the rest is blocks of 16 to 32 MiB.
    assert peak < 2 * X.nbytes + 64 * 2**20


@pytest.mark.parametrize("metric", METRICS)
def test_distances_between_two_sets_of_rows_equal_scipy(metric, blobs):
    X = blobs[0] + 20
    some, others = np.array([3, 250, 7]), slice(40, 90)
    ours = pair_distances(X, metric)(some, others)
    np.testing.assert_allclose(ours, cdist(X[some], X[others], metric), atol=1e-7)


@pytest.mark.parametrize("metric", METRICS)
def test_float32_rows_are_compared_as_float64(metric, blobs, monkeypatch):
    X = (blobs[0] + 20).astype(np.float32)
    expected = cdist(X[10:50].astype(np.float64), X.astype(np.float64), metric)
    for kept in (blocks.KEPT_BYTES, 100):
        monkeypatch.setattr(blocks, "KEPT_BYTES", kept)
        ours = distance_rows(X, metric)(slice(10, 50))
        assert ours.dtype == np.float64
        np.testing.assert_allclose(ours, expected, atol=1e-7)
        assert (ours[np.arange(40), np.arange(10, 50)] == 0).all()
    np.testing.assert_allclose(
        condensed_distances(X, metric)[: len(X) - 1], cdist(X[:1], X[1:], metric)[0], atol=1e-7
    )


@pytest.mark.parametrize("metric", METRICS)
def test_no_copy_is_made_of_many_rows_of_float32(metric, monkeypatch):
    monkeypatch.setattr(blocks, "KEPT_BYTES", 2**20)
    monkeypatch.setattr(batches, "BLOCK_BYTES", 2**18)
    X = np.random.default_rng(0).random((1000, 4000), dtype=np.float32)
    tracemalloc.start()
    for distances in (
        distance_rows(X, metric)(slice(0, 2)),
        pair_distances(X, metric)(slice(0, 2), slice(2, 9)),
    ):
        assert np.isfinite(distances).all()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.nbytes // 4

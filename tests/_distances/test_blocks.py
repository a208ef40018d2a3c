"""Distances between two blocks of rows."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import pairwise_distances

from clustimage._core.errors import InvalidDataError
from clustimage._distances.blocks import block_distances
from clustimage._distances.condensed import condensed_distances
from clustimage._distances.metrics import METRICS
from clustimage.cluster import search_k

ALL = slice(None)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("metric", METRICS)
def test_distances_equal_scipy_and_scikit_learn(metric, kind, blobs):
    X = (blobs[0] + 20).astype(kind)
    some, others = np.array([3, 250, 7]), slice(40, 90)
    ours = block_distances(X, metric)(some, others)
    assert ours.dtype == np.float64
    X = X.astype(np.float64)
    np.testing.assert_allclose(ours, cdist(X[some], X[others], metric), atol=1e-7)
    theirs = pairwise_distances(X, metric=metric)[some, others]
    np.testing.assert_allclose(ours, theirs, atol=1e-7)
    np.testing.assert_allclose(
        condensed_distances(X, metric)[: len(X) - 1], cdist(X[:1], X[1:], metric)[0], atol=1e-7
    )


@pytest.mark.parametrize("metric", ["cosine", "correlation"])
def test_rows_without_direction_are_near_their_kind_only(metric):
    X = np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 4.0], [0.0, 0.0, 0.0], [3.0, 1.0, 0.0]])
    distances = block_distances(X, metric)(ALL, ALL)
    assert distances[0].tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(condensed_distances(X, metric)[:3], [1, 0, 1])


def test_braycurtis_of_two_zero_rows_is_zero():
    X = np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 2.0]])
    assert block_distances(X, "braycurtis")(slice(0, 1), ALL).tolist() == [[0, 0, 1]]


def test_infinite_distances_are_an_error():
    X = np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, 2.0]])
    with pytest.raises(InvalidDataError, match="braycurtis"):
        condensed_distances(X[:2], "braycurtis")
    with pytest.raises(InvalidDataError, match="braycurtis"):
        block_distances(X, "braycurtis")(ALL, ALL)


def test_far_offset_and_equal_rows_keep_their_distances():
    rng = np.random.default_rng(0)
    X = np.repeat(rng.normal(size=(20, 8)), 2, axis=0)
    ours = block_distances(X + 1e6, "euclidean")(ALL, ALL)
    np.testing.assert_allclose(ours, cdist(X, X), atol=2e-7)


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
def test_no_copy_is_made_of_many_rows_of_float32(metric):
    X = np.random.default_rng(0).random((1000, 4000), dtype=np.float32)
    tracemalloc.start()
    assert np.isfinite(block_distances(X, metric)(slice(0, 2), slice(2, 9))).all()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.nbytes // 4

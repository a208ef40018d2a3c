import tracemalloc

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist
from threadpoolctl import threadpool_limits

from clustimage import Clustimage
from clustimage._core.errors import InvalidDataError
from clustimage._distances import condensed
from clustimage._distances.condensed import condensed_distances, needs_of_pairs
from clustimage._distances.metrics import PRODUCT_METRICS
from clustimage.cluster import METRICS, AgglomerativeClusterer, cut_tree_k


@pytest.fixture
def by_products(monkeypatch):
    """Let the smallest number of rows be many wide ones, in blocks of 64."""
    monkeypatch.setattr(condensed, "MAX_DIFFERENCES", 0)
    monkeypatch.setattr(condensed, "MAX_ROWS_PER_BLOCK", 64)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("metric", PRODUCT_METRICS)
def test_distances_from_products_are_those_of_scipy(metric, kind, by_products, monkeypatch):
    X = np.random.default_rng(0).gamma(0.5, size=(300, 200)).astype(kind)
    expected = pdist(X.astype(np.float64), metric)
    monkeypatch.setattr(condensed, "pdist", None)
    np.testing.assert_allclose(condensed_distances(X, metric), expected, rtol=1e-11)


@pytest.mark.parametrize("far", [0.0, 1e4])
def test_near_rows_are_as_far_apart_as_row_less_row(far, by_products):
    rng = np.random.default_rng(1)
    X = np.repeat(rng.normal(size=(50, 120)), 4, axis=0) + far
    X[1::4] += 1e-6 * rng.normal(size=(50, 120))
    X[3::4] += 1e-3 * rng.normal(size=(50, 120))
    ours, theirs = condensed_distances(X, "euclidean"), pdist(X)
    np.testing.assert_array_equal(ours == 0, theirs == 0)
    assert np.count_nonzero(ours == 0) == 50
    np.testing.assert_allclose(ours, theirs, rtol=1e-11)
    np.testing.assert_allclose(condensed_distances(X, "sqeuclidean"), theirs**2, rtol=1e-11)


def test_tight_groups_far_apart_and_one_row_beyond_all(by_products):
    rng = np.random.default_rng(2)
    X = np.repeat(rng.normal(size=(2, 80)) * 1e4, 90, axis=0) + rng.normal(size=(180, 80))
    X[17] = 1e9
    np.testing.assert_allclose(condensed_distances(X, "euclidean"), pdist(X), rtol=1e-11)


@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean"])
def test_equal_distances_of_bits_stay_equal(metric, by_products):
    X = np.random.default_rng(3).integers(0, 2, (200, 64)).astype(np.float32)
    np.testing.assert_array_equal(
        condensed_distances(X, metric), pdist(X.astype(np.float64), metric)
    )


@pytest.mark.parametrize("metric", ["cosine", "correlation"])
def test_equal_directions_are_at_distance_0_and_none_at_1(metric, by_products):
    rows = np.random.default_rng(4).normal(size=(3, 9))
    X = np.concatenate([rows, rows * 7, np.zeros((2, 9))])
    ours = condensed_distances(X, metric)
    expected = condensed_distances(X[[0, 1, 2, 0, 1, 2, 6, 6]], metric)
    np.testing.assert_allclose(ours, expected, atol=1e-15)
    np.testing.assert_allclose(ours[[2, 5, 6, -1]], [0, 1, 1, 0], atol=1e-15)


def test_the_number_of_threads_changes_nothing(by_products):
    X = np.random.default_rng(5).normal(size=(333, 70))
    one = condensed_distances(X, "euclidean")
    with threadpool_limits(2, user_api="blas"):
        np.testing.assert_array_equal(condensed_distances(X, "euclidean", n_jobs=3), one)


def test_few_numbers_are_compared_by_scipy(monkeypatch):
    X = np.random.default_rng(6).normal(size=(90, 10))
    monkeypatch.setattr(condensed, "_from_products", None)
    for metric in METRICS:
        np.testing.assert_allclose(condensed_distances(X, metric), pdist(X, metric), atol=1e-14)
    assert (condensed_distances(X, "euclidean") == pdist(X)).all()
    monkeypatch.setattr(condensed, "MAX_DIFFERENCES", 90 * 89 // 2 * 10)
    assert (condensed_distances(X, "euclidean") == pdist(X)).all()
    monkeypatch.setattr(condensed, "MAX_DIFFERENCES", 90 * 89 // 2 * 10 - 1)
    with pytest.raises(TypeError):
        condensed_distances(X, "euclidean")


def test_what_overflows_is_refused(by_products):
    X = np.random.default_rng(7).normal(size=(40, 5)) * 1e200
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(InvalidDataError):
        condensed_distances(X, "sqeuclidean")


@pytest.mark.parametrize("metric", PRODUCT_METRICS)
def test_no_copy_as_a_whole_is_made(metric, by_products):
    X = np.random.default_rng(8).random((600, 3000), dtype=np.float32)
    tracemalloc.start()
    distances = condensed_distances(X, metric)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    said = needs_of_pairs(*X.shape, metric)
    assert said < X.nbytes
    assert 0.6 * said < peak - distances.nbytes < 1.1 * said


@pytest.mark.parametrize("name", ["ward", "average"])
def test_the_tree_is_cut_as_that_of_scipy(name, corel, tmp_path, by_products):
    model = Clustimage(method="hog", grayscale=True, dirpath=tmp_path, verbose="silent")
    model.import_data(corel[0])
    X = model.extract_feat()
    Z = linkage(pdist(X.astype(np.float64)), name)
    found = AgglomerativeClusterer(linkage=name).candidates(X, range(3, 25))
    for k, labels in zip(found.thresholds, found.labels, strict=True):
        np.testing.assert_array_equal(labels, cut_tree_k(Z, k))

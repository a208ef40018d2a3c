import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import pairwise_distances

from clustimage._errors import InvalidDataError
from clustimage._metrics import METRICS
from clustimage.cluster._distances import condensed_distances, distance_rows, row_blocks


@pytest.mark.parametrize("metric", METRICS)
def test_distances_equal_scipy_and_scikit_learn(metric, blobs):
    X = (blobs[0] > 0).astype(float) if metric == "jaccard" else blobs[0]
    ours = distance_rows(X, metric)(slice(10, 50))
    rows = X.astype(bool) if metric == "jaccard" else X
    np.testing.assert_allclose(ours, cdist(rows[10:50], rows, metric), atol=1e-7)
    np.testing.assert_allclose(ours, pairwise_distances(rows, metric=metric)[10:50], atol=1e-7)
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


def test_blocks_cover_all_rows_once():
    blocks = row_blocks(1000, 1000, n_bytes=100_000)
    assert len(blocks) > 10
    assert np.concatenate([np.arange(1000)[block] for block in blocks]).tolist() == [*range(1000)]

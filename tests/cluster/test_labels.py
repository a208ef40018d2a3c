import numpy as np
import pytest

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage.cluster._labels import count_clusters, order_labels


def test_labels_go_by_decreasing_size_then_by_first_member():
    labels = order_labels([5, 5, 2, 2, 9, 9, 9, 0])
    assert labels.tolist() == [1, 1, 2, 2, 0, 0, 0, 3]
    assert labels.dtype == np.int64


def test_unclustered_stay_minus_one():
    assert order_labels([-1, 4, -1, 4, -3]).tolist() == [-1, 0, -1, 0, -1]
    assert order_labels([-1, -1]).tolist() == [-1, -1]


def test_small_clusters_become_unclustered():
    assert order_labels([0, 0, 0, 1, 1, 2], min_size=2).tolist() == [0, 0, 0, 1, 1, -1]
    assert order_labels([0, 1, 2], min_size=2).tolist() == [-1, -1, -1]


def test_ordering_twice_changes_nothing():
    labels = order_labels(np.random.default_rng(0).integers(0, 9, 200))
    np.testing.assert_array_equal(order_labels(labels), labels)
    assert (np.diff(np.bincount(labels)) <= 0).all()


def test_wrong_input_is_refused():
    with pytest.raises(InvalidDataError, match="whole numbers"):
        order_labels([0.5, 1.0])
    with pytest.raises(InvalidDataError, match=r"\(1, 2\)"):
        order_labels([[0, 1]])
    with pytest.raises(InvalidParameterError, match="min_size"):
        order_labels([0, 1], min_size=0)


def test_noise_is_no_cluster():
    assert count_clusters(np.array([-1, 0, 0, 1])) == 2
    assert count_clusters(np.array([-1])) == 0


def test_ties_of_size_go_by_the_order_that_is_given():
    labels, order = np.array([5, 7, 5, 7, -1, 9]), np.array([4, 5, 3, 2, 0, 1])
    assert order_labels(labels).tolist() == [0, 1, 0, 1, -1, 2]
    assert order_labels(labels, order=order).tolist() == [1, 0, 1, 0, -1, 2]
    assert order_labels(labels, 2, order).tolist() == [1, 0, 1, 0, -1, -1]

"""An embedder that the user brings."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.decomposition import TruncatedSVD
from sklearn.manifold import MDS, Isomap

from clustimage._core.errors import InvalidDataError
from clustimage.embedding import make_embedder


class Plain:
    """No estimator of scikit-learn; returns what it was told to."""

    def __init__(self, returned):
        self.returned = returned

    def fit_transform(self, X):
        self.seen = X
        return self.returned


class Scaled(BaseEstimator):
    def __init__(self, factor=1):
        self.factor = factor

    def fit_transform(self, X, y=None):
        self.fitted_ = True
        return X[:, :2] * self.factor

    def transform(self, X):
        return X[:, :2] * self.factor


def test_estimator_of_scikit_learn_is_used_and_left_unfitted():
    rows = np.random.default_rng(0).normal(size=(20, 4))
    given = TruncatedSVD(2, random_state=0)
    own = make_embedder(given, {})
    np.testing.assert_allclose(
        own.fit_transform(rows), TruncatedSVD(2, random_state=0).fit_transform(rows), atol=1e-5
    )
    assert not hasattr(given, "components_")
    assert own.transform(rows[:3]).shape == (3, 2)


def test_transform_exists_only_where_the_object_has_it():
    assert hasattr(make_embedder(Isomap(), {}), "transform")
    assert not hasattr(make_embedder(MDS(), {}), "transform")


def test_settings_of_the_object_are_kept():
    own = make_embedder(Scaled(factor=3), {"factor": 5})
    np.testing.assert_array_equal(own.fit_transform(np.eye(3)), 3 * np.eye(3)[:, :2])
    assert own.get_params()["embedder__factor"] == 3


def test_plain_object_is_copied():
    given = Plain([[1, 2], [3, 4]])
    xycoord = make_embedder(given, {}).fit_transform(np.eye(2))
    assert xycoord.dtype == np.float32
    np.testing.assert_array_equal(xycoord, [[1, 2], [3, 4]])
    assert not hasattr(given, "seen")


@pytest.mark.parametrize(
    "returned, words",
    [
        (np.zeros((3, 3)), r"Plain must return one row of two coordinates per image, \(3, 2\)"),
        (np.zeros((2, 2)), r"Got the shape \(2, 2\)"),
        (np.full((3, 2), np.nan), "NaN"),
        ([["a", "b"]] * 3, "matrix of numbers"),
        (None, "Plain"),
    ],
)
def test_wrong_answer_of_the_object_is_named(returned, words):
    with pytest.raises(InvalidDataError, match=words):
        make_embedder(Plain(returned), {}).fit_transform(np.eye(3))


def test_new_rows_with_other_columns_raise():
    own = make_embedder(Scaled(), {})
    own.fit(np.eye(3))
    with pytest.raises(InvalidDataError, match="must have 3 columns"):
        own.transform(np.eye(4))

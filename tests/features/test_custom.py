"""Objects of the user's own."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import NMF

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage.features import CustomExtractor, make_extractor


class MeanColour(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.seen_ = X
        return self

    def transform(self, X):
        return np.asarray(X, dtype=float).reshape(len(X), -1, 3).mean(axis=1)


class Plain:
    """Two methods and nothing else."""

    def fit(self, rows):
        self.n = len(rows)

    def transform(self, rows):
        return rows[:, :2]


class Returns:
    def __init__(self, out):
        self.out = out

    def fit(self, rows):
        return self

    def transform(self, rows):
        return self.out


def test_the_object_gets_flat_bytes_and_stays_as_it_is(colour):
    own = MeanColour()
    extractor = make_extractor(own, {})
    feat = extractor.fit_transform(colour)
    np.testing.assert_allclose(feat, colour.reshape(40, -1, 3).mean(axis=1), rtol=1e-6)
    assert feat.dtype == np.float32
    seen = extractor.model_.seen_
    assert seen.dtype == np.uint8 and seen.shape == (40, 64 * 48 * 3)
    assert not hasattr(own, "seen_")


def test_an_object_without_get_params_is_used_itself(colour):
    own = Plain()
    feat = make_extractor(own, {}).fit_transform(colour)
    np.testing.assert_array_equal(feat, colour.reshape(40, -1)[:, :2])
    assert own.n == 40


def test_an_estimator_of_scikit_learn_works(digits):
    pixels = digits[0][:100].astype(np.uint8).reshape(-1, 8, 8, 1)
    model = NMF(n_components=4, init="nndsvda", random_state=0, max_iter=500)
    extractor = make_extractor(model, {})
    feat = extractor.fit_transform(pixels)
    assert feat.shape == (100, 4) and not hasattr(model, "components_")
    np.testing.assert_array_equal(extractor.transform(pixels), feat)


def test_sparse_output_becomes_dense(colour):
    from scipy.sparse import csr_matrix

    feat = CustomExtractor(Returns(csr_matrix(np.eye(40)))).fit_transform(colour)
    np.testing.assert_array_equal(feat, np.eye(40))


@pytest.mark.parametrize(
    "out, words",
    [
        (np.ones((39, 2)), r"one row per image, \(40, n_features\). Got shape \(39, 2\)"),
        (np.ones(40), r"Got shape \(40,\)"),
        (np.ones((40, 0)), r"Got shape \(40, 0\)"),
        (np.full((40, 2), 1e20), r"'Returns.transform\(\)' must have .* Got 1e\+20"),
        (np.full((40, 2), 1e300), r"Returns.transform\(\) returned NaN or infinity"),
        (np.full((40, 2), np.nan), r"Returns.transform\(\) returned NaN or infinity"),
        ([["a"]] * 40, "must return an array of numbers. Got list"),
        (None, "must return"),
    ],
)
def test_output_that_is_no_table_of_numbers_raises(out, words, colour):
    with pytest.raises(InvalidDataError, match=words):
        CustomExtractor(Returns(out)).fit_transform(colour)


def test_what_has_no_transform_raises(colour):
    from sklearn.cluster import DBSCAN

    with pytest.raises(InvalidParameterError, match=r"DBSCAN\(\), which has no transform\(\)"):
        make_extractor(DBSCAN(), {}).fit(colour)


def test_a_class_in_place_of_an_object_raises(colour):
    words = r"class MeanColour: give an object, such as MeanColour\(\)"
    with pytest.raises(InvalidParameterError, match=words):
        make_extractor(MeanColour, {})
    with pytest.raises(InvalidParameterError, match=words):
        CustomExtractor(MeanColour).fit(colour)


def test_images_of_another_size_raise(colour):
    extractor = make_extractor(MeanColour(), {}).fit(colour)
    with pytest.raises(InvalidDataError, match="expecting 9216"):
        extractor.transform(colour[:, :32])


def test_its_state_cannot_be_saved(colour):
    assert make_extractor(MeanColour(), {}).fit(colour).get_state() is None

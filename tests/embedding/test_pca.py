"""Principal components as a map."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError

from clustimage.embedding import PCAEmbedder


def test_map_equals_the_principal_components_of_scikit_learn(digits):
    rows = digits[0][:200]
    ours = PCAEmbedder().fit_transform(rows)
    np.testing.assert_allclose(ours, PCA(2, random_state=0).fit_transform(rows), atol=1e-4)


def test_fitted_rows_keep_their_positions(digits):
    embedder = PCAEmbedder()
    xycoord = embedder.fit_transform(digits[0])
    np.testing.assert_allclose(embedder.transform(digits[0][5:9]), xycoord[5:9], atol=1e-5)


def test_one_column_keeps_its_order_and_has_no_second_coordinate():
    xycoord = PCAEmbedder().fit_transform([[1.0], [3.0], [8.0]])
    np.testing.assert_allclose(np.abs(xycoord[:, 0]), [3, 1, 4], atol=1e-6)
    np.testing.assert_array_equal(xycoord[:, 1], 0)


def test_other_number_of_columns_raises():
    embedder = PCAEmbedder().fit(np.eye(5))
    with pytest.raises(ValueError, match="4 features"):
        embedder.transform(np.eye(4))


def test_transform_before_fit_raises():
    with pytest.raises(NotFittedError):
        PCAEmbedder().transform(np.eye(4))

"""No embedding: the first two features."""

from __future__ import annotations

import numpy as np

from clustimage.embedding import FirstTwoEmbedder


def test_first_two_features_are_the_coordinates():
    rows = np.arange(12.0).reshape(3, 4)
    embedder = FirstTwoEmbedder()
    np.testing.assert_array_equal(embedder.fit_transform(rows), rows[:, :2])
    np.testing.assert_array_equal(embedder.transform(rows[1:]), rows[1:, :2])


def test_missing_second_feature_is_zero():
    np.testing.assert_array_equal(
        FirstTwoEmbedder().fit_transform([[4.0], [5.0]]), [[4, 0], [5, 0]]
    )

"""``embedding=None``: the first two features are the coordinates."""

from __future__ import annotations

import numpy as np

from clustimage._core.parameters import setting
from clustimage._core.plan import Step
from clustimage.embedding._embedder import TransformingEmbedder

__all__ = ["FirstTwoEmbedder"]


class FirstTwoEmbedder(TransformingEmbedder):
    """Take the first two features as they are.

    With one feature, the second coordinate is 0.

    Attributes
    ----------
    embedding_ : ndarray of shape (n, 2)
        Coordinates of the fitted rows, float32.
    n_features_in_ : int
        Number of columns.

    Examples
    --------
    >>> FirstTwoEmbedder().fit_transform([[1, 2, 3], [4, 5, 6]])
    array([[1., 2.],
           [4., 5.]], dtype=float32)
    """

    learned = ("n_features_in_",)

    def _equal_rows(self, X: np.ndarray) -> None:
        return None  # they have equal coordinates already

    def _embed(self, X: np.ndarray) -> np.ndarray:
        return X

    def _embed_new(self, X: np.ndarray) -> np.ndarray:
        return X

    def _step(self, n: int, n_columns: int) -> Step:
        return Step("embedding", "the first two features", setting("embedding", None), 8 * n, 8 * n)

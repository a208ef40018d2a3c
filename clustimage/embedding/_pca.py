"""``embedding="pca"``: the first two principal components."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA

from clustimage._core.parameters import setting
from clustimage._core.plan import Step
from clustimage._decomposition.leading import leading_axes, project_on_axes
from clustimage.embedding._embedder import TransformingEmbedder

__all__ = ["PCAEmbedder", "principal_axes"]

# Up to here, 100 MB as float32, scikit-learn may copy the features.
MAX_VALUES_IN_MEMORY = 25_000_000


def principal_axes(
    X: np.ndarray, random_state: int | np.random.RandomState | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of `X` and its first two principal axes.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Features.
    random_state : int, RandomState or None
        Seed of the randomised solver that scikit-learn takes for large matrices.

    Returns
    -------
    mean : ndarray of shape (d,)
        Mean row.
    axes : ndarray of shape (2, d)
        Unit vectors; an axis along which nothing varies is all 0.
    """
    mean = X.mean(axis=0, dtype=np.float64)
    axes = np.zeros((2, X.shape[1]))
    if len(X) < 2 or not np.ptp(X, axis=0).any():
        return mean, axes
    n_axes = min(2, len(X) - 1, X.shape[1])
    if X.size > MAX_VALUES_IN_MEMORY:
        found = leading_axes(X, n_axes, random_state)[1].astype(np.float64)
        axes[:n_axes] = found / np.linalg.norm(found, axis=1, keepdims=True)
        return mean, axes
    solver = PCA(n_components=n_axes, random_state=random_state).fit(X)
    axes[:n_axes] = solver.components_
    return mean, axes


class PCAEmbedder(TransformingEmbedder):
    """Project the rows on their first two principal components.

    Computed by `sklearn.decomposition.PCA`; where the features have more than 25 million
    numbers, in blocks of rows, so that they are not copied. One row lies at (0, 0); rows that
    are all equal lie there too; where only one direction varies (two rows, one
    column), the second coordinate is 0.

    Parameters
    ----------
    random_state : int, RandomState or None, default=0
        Seed of the randomised solver, used for large matrices.

    Attributes
    ----------
    mean_ : ndarray of shape (d,)
        Mean of the fitted rows.
    components_ : ndarray of shape (2, d)
        Principal axes.
    embedding_ : ndarray of shape (n, 2)
        Coordinates of the fitted rows, float32.
    n_features_in_ : int
        Number of columns.

    Examples
    --------
    >>> PCAEmbedder().fit_transform([[0.0, 0.0, 1.0], [4.0, 0.0, 1.0]])
    array([[-2.,  0.],
           [ 2.,  0.]], dtype=float32)
    """

    learned = ("mean_", "components_", "n_features_in_")

    def __init__(self, *, random_state: int | np.random.RandomState | None = 0) -> None:
        self.random_state = random_state

    def _embed(self, X: np.ndarray) -> np.ndarray:
        self.mean_, self.components_ = principal_axes(X, self.random_state)
        return self._embed_new(X)

    def _embed_new(self, X: np.ndarray) -> np.ndarray:
        if X.size > MAX_VALUES_IN_MEMORY:
            return project_on_axes(X, self.mean_, self.components_)
        # Projected before centring: no second matrix of the size of X.
        return np.asarray(X @ self.components_.T - self.mean_ @ self.components_.T)

    def _step(self, n: int, n_columns: int) -> Step:
        what, why = "the first two principal components", setting("embedding", "pca")
        # Measured: 42 MB for 10,000 rows of 200 columns.
        peak = 21 * n * n_columns + 16 * n
        if n * n_columns > MAX_VALUES_IN_MEMORY:  # two blocks of 16 MiB, and random directions
            peak, why = 60_000_000 + 1000 * n_columns + 8 * n, f"{why}, in blocks of rows"
        return Step("embedding", what, why, peak, 8 * n + 24 * n_columns)

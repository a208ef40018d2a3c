"""The leading principal axes of rows of features, for maps: in blocks and from the seed alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.linalg import eigh
from sklearn.utils import check_random_state
from threadpoolctl import threadpool_limits

from clustimage._core.batches import row_blocks
from clustimage._decomposition.products import flip_signs

__all__ = ["leading_axes", "project_on_axes"]

MAX_COLUMNS_FOR_COVARIANCE = 1000  # up to here its eigenvectors are quickly found
# Halko, Martinsson, Tropp (2011): a few more directions than are asked for, and a few passes.
EXTRA_DIRECTIONS = 10
N_PASSES = 4


def leading_axes(
    X: np.ndarray, n_components: int, random_state: int | np.random.RandomState | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of `X` and its leading principal components, divided by the range of `X`.

    Up to 1,000 columns by their covariance; beyond, by randomised subspace iteration in
    four passes [1]_. Blocks of rows are centred one at a time: there is no second matrix of
    the size of `X`.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Features, not all rows equal.
    n_components : int
        How many; at most `d`.
    random_state : int, RandomState or None
        Seed of the subspace iteration.

    Returns
    -------
    mean : ndarray of shape (d,), float64
        Mean row.
    axes : ndarray of shape (n_components, d), float32
        Orthogonal directions, the one with the most variance first, all divided by the
        widest range of a column: projections on them are neither very large nor very
        small, whatever the unit of the features. The largest entry of each is positive.

    References
    ----------
    .. [1] N. Halko, P.-G. Martinsson, J. A. Tropp (2011). Finding structure with
       randomness. SIAM Review 53, 217-288.

    Examples
    --------
    >>> import numpy as np
    >>> mean, axes = leading_axes(np.array([[0.0, 1.0], [4.0, 1.0]]), 1, 0)
    >>> mean.tolist(), axes.tolist()
    ([2.0, 1.0], [[0.25, 0.0]])
    """
    n_columns = X.shape[1]
    mean = X.mean(axis=0, dtype=np.float64)
    scale = float(np.ptp(X, axis=0).max())
    n_searched = n_components + EXTRA_DIRECTIONS
    if n_columns <= max(MAX_COLUMNS_FOR_COVARIANCE, n_searched):
        covariance = np.zeros((n_columns, n_columns))
        for block in _centred(X, mean, scale):
            covariance += block.T @ block
        axes = _eigenvectors(covariance, n_components)
    else:
        basis = _random_basis(X, mean, scale, n_searched, random_state)
        covariance = np.zeros((n_searched, n_searched))
        for block in _centred(X, mean, scale):
            part = block @ basis
            covariance += part.T @ part
        axes = _eigenvectors(covariance, n_components) @ basis.T
    return mean, (flip_signs(axes) / scale).astype(np.float32)


def project_on_axes(X: np.ndarray, mean: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Return the rows of `X` on `axes`, float32 `(n, k)`.

    Examples
    --------
    >>> import numpy as np
    >>> project_on_axes(np.array([[1.0, 5.0]]), np.array([0.0, 3.0]), np.array([[0.0, 2.0]]))
    array([[4.]], dtype=float32)
    """
    projected = np.empty((len(X), len(axes)), dtype=np.float32)
    for rows in row_blocks(len(X), X.shape[1]):
        projected[rows] = (X[rows] - mean.astype(X.dtype)) @ axes.T
    return projected


def _centred(X: np.ndarray, mean: np.ndarray, scale: float) -> Iterator[np.ndarray]:
    """Yield `X` in blocks of rows, around 0 and at most 1 in size, float32."""
    for rows in row_blocks(len(X), X.shape[1]):
        yield ((X[rows] - mean.astype(X.dtype)) / X.dtype.type(scale)).astype(np.float32)


def _eigenvectors(covariance: np.ndarray, n_components: int) -> np.ndarray:
    """Return the eigenvectors of the largest eigenvalues as rows, largest first."""
    size = len(covariance)
    # One thread is faster than several that wait for each other.
    with threadpool_limits(1, user_api="blas"):
        vectors = eigh(covariance, subset_by_index=(size - n_components, size - 1))[1]
    return np.asarray(vectors.T[::-1])


def _random_basis(
    X: np.ndarray,
    mean: np.ndarray,
    scale: float,
    size: int,
    random_state: int | np.random.RandomState | None,
) -> np.ndarray:
    """Return orthonormal columns `(d, size)` that span nearly all of the leading axes."""
    basis = check_random_state(random_state).normal(size=(X.shape[1], size)).astype(np.float32)
    for _ in range(N_PASSES):
        image = np.zeros(basis.shape)
        for block in _centred(X, mean, scale):
            image += block.T @ (block @ basis)
        basis = np.asarray(np.linalg.qr(image)[0], dtype=np.float32)
    return np.asarray(basis)

"""The leading eigenpairs of large sparse matrices, by a Chebyshev filtered subspace iteration."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh
from scipy.sparse import csr_matrix, identity
from scipy.sparse.csgraph import reverse_cuthill_mckee
from threadpoolctl import threadpool_limits

from clustimage._core.parallel import run_ordered

__all__ = ["leading_eigenpairs"]

# Vectors beside those that are asked for: the filter parts the two.
EXTRA_VECTORS = 16
# Degree of the filter. It is applied until the residuals are small, but not more often than this.
DEGREE, MAX_ROUNDS = 10, 8
# Rows that are multiplied at once.
ROWS_PER_BLOCK = 4096


def leading_eigenpairs(
    matrix: csr_matrix,
    n_pairs: int,
    *,
    tolerance: float = 5e-3,
    power: int = 0,
    seed: int = 0,
    n_jobs: int | None = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest eigenvalues of a symmetric matrix, and their eigenvectors.

    A subspace is multiplied by a polynomial of the matrix that is small between -1 and its least
    Ritz value and grows beyond [1]_, in float32, until the residual of each pair times its value
    to the `power` is at most `tolerance`, and so is the last change of that power: vectors that
    hardly count need not be exact.

    Parameters
    ----------
    matrix : csr_matrix of shape (n, n)
        Symmetric, with eigenvalues from -1 to 1.
    n_pairs : int
        How many; below `n` - 16.
    tolerance : float, default=0.005
        The largest residual ``|A v - l v| l^power``.
    power : int, default=0
        What an eigenvector counts, as a power of its eigenvalue.
    seed : int, default=0
        Of the first subspace.
    n_jobs : int, default=1
        Number of threads; the result does not depend on it.

    Returns
    -------
    values : ndarray of float64, shape (n_pairs,)
        Decreasing.
    vectors : ndarray of float64, shape (n, n_pairs)
        Of length 1.

    References
    ----------
    .. [1] Y. Zhou, Y. Saad, M. L. Tiago, J. R. Chelikowsky, "Self-consistent-field calculations
       using Chebyshev-filtered subspace iteration", J. Comput. Phys. 219, 172-184, 2006.

    Examples
    --------
    >>> from scipy.sparse import diags
    >>> matrix = diags(np.linspace(-1, 1, 500)).tocsr()
    >>> leading_eigenpairs(matrix, 2)[0].round(3).tolist()
    [1.0, 0.996]
    """
    n = matrix.shape[0]
    # Neighbours get near each other in memory, where they are multiplied faster.
    order = reverse_cuthill_mckee(matrix.tocsr(), symmetric_mode=True)
    narrow = matrix[order][:, order].astype(np.float32)
    starts = range(0, n, ROWS_PER_BLOCK)

    def product(left: csr_matrix, right: np.ndarray) -> np.ndarray:
        out = np.empty_like(right)

        def multiply(start: int) -> None:
            block = slice(start, start + ROWS_PER_BLOCK)
            out[block] = left[block] @ right

        for _ in run_ordered(multiply, starts, n_jobs=n_jobs):
            pass
        return out

    rng = np.random.default_rng(seed)
    basis: np.ndarray = rng.standard_normal((n, n_pairs + EXTRA_VECTORS), dtype=np.float32)
    with threadpool_limits(1, user_api="blas"):  # the same numbers on every machine
        basis = product(narrow, product(narrow, basis))
        counts = np.full(n_pairs, np.inf)
        for rounds in range(MAX_ROUNDS + 1):
            basis = _orthonormal(_orthonormal(basis))
            image = product(narrow, basis)
            values, rotation = eigh((basis.T @ image).astype(np.float64))
            values = values[::-1]
            rotation = np.ascontiguousarray(rotation[:, ::-1], dtype=np.float32)
            basis, image = basis @ rotation, image @ rotation
            image -= basis * values.astype(np.float32)
            residuals = np.linalg.norm(image[:, :n_pairs], axis=0)
            del image
            counts, before_it = np.maximum(values[:n_pairs], 0) ** power, counts
            error = np.maximum(residuals * counts, np.abs(counts - before_it)).max()
            if error <= tolerance or rounds == MAX_ROUNDS:
                break
            centre, half = (values[-1] - 1) / 2, (values[-1] + 1) / 2
            shifted = (narrow - centre * identity(n, dtype=np.float32)) * np.float32(2 / half)
            shifted = shifted.tocsr().astype(np.float32)
            before, basis = basis, product(shifted, basis) / 2
            for _ in range(DEGREE - 1):
                after = product(shifted, basis)
                after -= before
                before, basis = basis, after
            del before, after
    vectors = np.empty((n, n_pairs))
    vectors[order] = basis[:, :n_pairs]
    return values[:n_pairs], vectors


def _orthonormal(basis: np.ndarray) -> np.ndarray:
    """Return columns that span what `basis` does, nearly orthonormal: the second time quite.

    By the eigenvectors of their products [1]_, much faster than by reflections.

    References
    ----------
    .. [1] A. Stathopoulos, K. Wu, "A block orthogonalization procedure with constant
       synchronization requirements", SIAM J. Sci. Comput. 23, 2165-2182, 2002.

    Examples
    --------
    >>> basis = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    >>> found = _orthonormal(_orthonormal(basis))
    >>> bool(np.allclose(found.T @ found, np.eye(3), atol=1e-6))
    True
    """
    lengths = np.linalg.norm(basis, axis=0)
    basis = basis / np.where(lengths > 0, lengths, 1)
    squares, rotation = eigh((basis.T @ basis).astype(np.float64))
    least = np.finfo(basis.dtype).eps * squares[-1]
    scaled: np.ndarray = (rotation / np.sqrt(np.maximum(squares, least))).astype(basis.dtype)
    return np.asarray(basis @ scaled)

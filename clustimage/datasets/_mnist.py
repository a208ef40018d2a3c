"""Handwritten digits, shipped with scikit-learn."""

from __future__ import annotations

import numpy as np

__all__ = ["load_mnist"]


def load_mnist() -> tuple[np.ndarray, np.ndarray]:
    """Return scikit-learn's 1,797 digits of 8 × 8 pixels.

    Returns
    -------
    X : ndarray of shape (1797, 64), float64
        One flattened image per row; gray values from 0 to 16.
    y : ndarray of shape (1797,), int
        The digit that each row shows.

    References
    ----------
    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI
    Machine Learning Repository, 1998.

    Examples
    --------
    >>> X, y = load_mnist()
    >>> X.shape
    (1797, 64)
    """
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return X, y

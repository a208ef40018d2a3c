"""Features that the tests of this folder share."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.decomposition import PCA


@pytest.fixture(scope="session")
def blobs() -> tuple[np.ndarray, np.ndarray]:
    """Six groups of unequal size, `(300, 5)`, and what they are."""
    return make_blobs([90, 70, 50, 40, 30, 20], 5, cluster_std=1.0, random_state=3)


@pytest.fixture(scope="session")
def digit_features(digits: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Principal components of the digits with 95 % of the variance."""
    return PCA(0.95, random_state=0).fit_transform(digits[0]).astype(np.float32)

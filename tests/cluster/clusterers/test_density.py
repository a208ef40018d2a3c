import numpy as np
import pytest
from sklearn.cluster import DBSCAN

from clustimage.cluster import order_labels
from clustimage.cluster.clusterers import _density
from clustimage.cluster.clusterers._density import density_labels


def points(n: int, columns: int, seed: int = 0) -> np.ndarray:
    """Clumps of many sizes, some points alone, some twice."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, 60, (12, columns))
    found = centres[rng.integers(0, 12, n)] + rng.normal(0, 1, (n, columns))
    found[: n // 10] = rng.uniform(0, 60, (n // 10, columns))
    found[n - n // 8 :] = found[: n // 8]
    return found


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("min_samples", [1, 2, 5, 20])
@pytest.mark.parametrize("radius", [0.3, 1.0, 4.0, 200.0])
def test_labels_are_those_of_scikit_learn(columns, min_samples, radius):
    X = points(400, columns)
    theirs = DBSCAN(eps=radius, min_samples=min_samples).fit(X)
    ours = density_labels(X, radius, min_samples)
    np.testing.assert_array_equal(ours < 0, theirs.labels_ < 0)
    dense = theirs.core_sample_indices_
    np.testing.assert_array_equal(order_labels(ours[dense]), order_labels(theirs.labels_[dense]))
    # A point on the edge of two clusters is in that of its nearest dense point.
    if len(dense):
        for i in np.setdiff1d(np.flatnonzero(ours >= 0), dense):
            distances = np.abs(X[dense] - X[i]) if columns == 1 else X[dense] - X[i]
            assert ours[i] == ours[dense][np.linalg.norm(distances, axis=1).argmin()]


def test_a_bound_on_the_pairs_changes_nothing(monkeypatch):
    X = points(300, 3)
    whole = density_labels(X, 2.0, 4)
    monkeypatch.setattr(_density, "MAX_PAIRS", 7)
    np.testing.assert_array_equal(order_labels(density_labels(X, 2.0, 4)), order_labels(whole))


def test_equal_points_count_one_by_one():
    X = np.array([[0.0], [0.0], [0.0], [9.0], [9.0]])
    assert order_labels(density_labels(X, 1e-9, 3)).tolist() == [0, 0, 0, -1, -1]
    assert order_labels(density_labels(X, 1e-9, 2)).tolist() == [0, 0, 0, 1, 1]
    assert density_labels(X, 1e-9, 6).tolist() == [-1] * 5
    assert density_labels(X[:1], 1.0, 1).tolist() == [0]


def test_a_chain_is_one_cluster():
    X = np.arange(50.0)[::-1, None]
    assert set(density_labels(X, 1.0, 2)) == {0}
    assert set(density_labels(X, 0.999, 2)) == {-1}

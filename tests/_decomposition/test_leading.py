"""The leading principal axes, in blocks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA

from clustimage._core.batches import row_blocks
from clustimage._decomposition import leading
from clustimage._decomposition.leading import leading_axes, project_on_axes


def falling_variance(n_rows: int, n_columns: int) -> np.ndarray:
    """Return rows whose variance falls from column to column, turned at random."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(n_rows, n_columns)) / np.sqrt(1 + np.arange(n_columns))
    turned = rows @ np.linalg.qr(rng.normal(size=(n_columns, n_columns)))[0]
    return (turned + rng.normal(size=n_columns)).astype(np.float32)


@pytest.fixture
def small_blocks(monkeypatch):
    """Let a block have about a hundred rows."""
    monkeypatch.setattr(leading, "row_blocks", lambda n, size: row_blocks(n, size, 800 * size))


@pytest.fixture
def searched(monkeypatch, small_blocks):
    """Let 250 columns be many."""
    monkeypatch.setattr(leading, "MAX_COLUMNS_FOR_COVARIANCE", 100)


def test_components_are_those_of_scikit_learn(digits, small_blocks):
    rows = digits[0].astype(np.float32)
    mean, axes = leading_axes(rows, 20, 0)
    reference = PCA(20, svd_solver="full").fit(rows.astype(np.float64))
    np.testing.assert_allclose(mean, reference.mean_, atol=1e-6)
    scale = np.ptp(rows, axis=0).max()
    np.testing.assert_allclose(axes @ axes.T * scale**2, np.eye(20), atol=1e-5)
    same = np.abs(np.sum(axes * scale * reference.components_, axis=1))
    np.testing.assert_allclose(same, 1, atol=1e-5)
    variance = project_on_axes(rows, mean, axes).var(axis=0, ddof=1) * scale**2
    np.testing.assert_allclose(variance, reference.explained_variance_, rtol=1e-4)


def test_components_of_many_columns_hold_as_much_variance_as_those_of_scikit_learn(searched):
    rows = falling_variance(300, 250)
    axes = leading_axes(rows, 10, 0)[1]
    reference = PCA(10, svd_solver="full").fit(rows)
    unit = axes / np.linalg.norm(axes, axis=1, keepdims=True)
    held = ((rows - rows.mean(axis=0)) @ unit.T).var(axis=0, ddof=1).sum()
    assert held == pytest.approx(reference.explained_variance_.sum(), rel=0.005)
    assert subspace_angles(unit[:3].T, reference.components_[:3].T).max() < 0.01


def test_components_come_from_the_seed(searched):
    rows = falling_variance(40, 250)
    first, again, other = (leading_axes(rows, 5, seed)[1] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_largest_entry_of_each_component_is_positive(digits):
    axes = leading_axes(digits[0], 10, 0)[1]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    assert (largest > 0).all()


@pytest.mark.parametrize("unit", [1e-15, 1.0, 1e15])
def test_unit_of_the_features_does_not_matter(unit, digits):
    rows = digits[0][:100].astype(np.float32)
    expected = project_on_axes(rows, *leading_axes(rows, 5, 0))
    scaled = rows * np.float32(unit)
    found = project_on_axes(scaled, *leading_axes(scaled, 5, 0))
    np.testing.assert_allclose(found, expected, atol=1e-4)

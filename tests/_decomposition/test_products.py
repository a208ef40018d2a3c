"""Products of rows in memory and in a file: equal to numpy on whole arrays."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage._core.file_arrays import mapped_file
from clustimage._core.picked_rows import PickedRows
from clustimage._decomposition import products
from clustimage._decomposition.products import (
    apply_covariance,
    centred_gram,
    flip_signs,
    matmat,
    mean_and_sum_of_squares,
    project,
    right_vectors,
    rmatmat,
)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(products, "VALUES_PER_BLOCK", 64)
    monkeypatch.setattr(products, "MIN_ROWS_PER_BLOCK", 7)


@pytest.fixture(params=["bytes", "floats"])
def rows(request, small_blocks) -> np.ndarray:
    made = np.random.default_rng(0).integers(0, 256, (50, 30), dtype=np.uint8)
    return made if request.param == "bytes" else made / np.float32(7)


def in_file(rows: np.ndarray, folder) -> np.ndarray:
    """Return the same rows in a memory-mapped file."""
    file = np.memmap(folder / "rows", dtype=rows.dtype, mode="w+", shape=rows.shape)
    file[:] = rows
    found = file.view(np.ndarray)
    assert mapped_file(found) is not None
    return found


def test_mean_and_sum_of_squares_equal_numpy(rows):
    mean, total = mean_and_sum_of_squares(rows)
    np.testing.assert_array_equal(mean, rows.mean(axis=0, dtype=np.float64))
    assert total == pytest.approx(np.square(rows - rows.mean(axis=0, dtype=float)).sum(), rel=1e-12)


def test_the_variance_of_bytes_is_exact():
    """One pixel of many differs by one: the difference of two large sums would lose it."""
    rows = np.full((3000, 500), 255, np.uint8)
    assert mean_and_sum_of_squares(rows)[1] == 0.0
    rows[7, 3] = 254
    assert mean_and_sum_of_squares(rows)[1] == 1 - 1 / 3000


def test_equal_rows_of_floats_have_no_variance():
    rows = np.tile(np.random.default_rng(0).normal(size=9).astype(np.float32), (2500, 1))
    assert mean_and_sum_of_squares(rows)[1] == 0.0
    rows[-1, 0] += 1
    assert mean_and_sum_of_squares(rows)[1] > 0


def test_products_equal_numpy(rows):
    rng = np.random.default_rng(1)
    mean = rows.mean(axis=0, dtype=np.float64)
    centred = rows - mean
    right, left = rng.normal(size=(30, 4)), rng.normal(size=(50, 4))
    tol = 1e-5 if rows.dtype == np.uint8 else 1e-12
    for found, expected in (
        (apply_covariance(rows, mean, right), centred.T @ (centred @ right)),
        (rmatmat(rows, mean, left), centred.T @ left),
        (matmat(rows, mean, right), centred @ right),
    ):
        np.testing.assert_allclose(found, expected, atol=tol * np.abs(expected).max())


def test_rows_in_a_file_give_what_rows_in_memory_give(tmp_path, small_blocks, monkeypatch):
    rows = np.random.default_rng(2).integers(0, 256, (300, 450), dtype=np.uint8)
    mapped = in_file(rows, tmp_path)
    mean = mean_and_sum_of_squares(rows)[0]
    components = np.eye(5, 450, dtype=np.float32)
    expected = [
        centred_gram(rows, mean),
        right_vectors(rows, mean, np.eye(300)[:, :3]),
        project(rows, mean, components, np.zeros(5)),
        apply_covariance(rows, mean, components.T),
        mean_and_sum_of_squares(rows)[1],
    ]
    # Many pairs of blocks of the Gram matrix, and many groups of columns.
    monkeypatch.setattr(products, "FILE_BYTES", 450 * 130)
    found = [
        centred_gram(mapped, mean),
        right_vectors(mapped, mean, np.eye(300)[:, :3]),
        project(mapped, mean, components, np.zeros(5)),
        apply_covariance(mapped, mean, components.T),
        mean_and_sum_of_squares(mapped)[1],
    ]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_columns_per_pass_change_nothing(monkeypatch):
    rng = np.random.default_rng(3)
    rows = rng.integers(0, 256, (90, 700), dtype=np.uint8)
    left, mean = rng.normal(size=(90, 6)), mean_and_sum_of_squares(rows)[0]
    monkeypatch.setattr(products, "BLOCK_SIDE", 64)
    whole = right_vectors(rows, mean, left)
    monkeypatch.setattr(products, "COLUMNS_PER_PASS", 130)
    np.testing.assert_array_equal(right_vectors(rows, mean, left), whole)
    np.testing.assert_allclose(whole, (left - left.mean(axis=0)).T @ (rows - mean), atol=1e-3)


def test_signs_are_those_of_scikit_learn():
    rows = np.random.default_rng(4).normal(size=(6, 40)).astype(np.float32)
    expected = rows * np.sign([row[np.abs(row).argmax()] for row in rows])[:, np.newaxis]
    np.testing.assert_array_equal(flip_signs(rows), expected)


@pytest.mark.parametrize("shape", [(40, 90), (90, 40)])
def test_rows_in_another_order_give_what_a_copy_of_them_gives(shape, small_blocks, tmp_path):
    rows = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    order = np.random.default_rng(1).permutation(len(rows))
    left = np.random.default_rng(2).normal(size=(len(rows), 3))
    for given in (rows, in_file(rows, tmp_path), rows / np.float32(7)):
        some, copy = PickedRows(given, order), np.array(given[order])
        mean, total = mean_and_sum_of_squares(copy)
        np.testing.assert_array_equal(mean_and_sum_of_squares(some)[0], mean)
        assert mean_and_sum_of_squares(some)[1] == total
        np.testing.assert_array_equal(centred_gram(some, mean), centred_gram(copy, mean))
        for product in (right_vectors, rmatmat):
            found, expected = product(some, mean, left), product(copy, mean, left)
            np.testing.assert_array_equal(found, expected)

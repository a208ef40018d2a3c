"""Digests of rows, and ranks by them."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage._core.file_arrays import new_array
from clustimage._core.row_digests import rank_rows, row_digests


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int64])
def test_equal_rows_have_equal_digests_wherever_they_stand(dtype):
    rows = np.random.default_rng(0).integers(0, 3, size=(200, 3)).astype(dtype)
    digests = row_digests(rows)
    names = np.unique(rows, axis=0, return_inverse=True)[1].ravel()
    for name in range(names.max() + 1):
        assert len(np.unique(digests[names == name])) == 1
    assert len(np.unique(digests)) == names.max() + 1
    np.testing.assert_array_equal(row_digests(rows[::-1]), digests[::-1])


def test_images_in_a_file_have_the_digests_of_those_in_memory():
    pixels = np.random.default_rng(0).integers(0, 256, size=(9, 700, 1000, 3)).astype(np.uint8)
    stored = new_array(pixels.shape, np.uint8, folder=None, what="Nine images")
    stored[:] = pixels
    np.testing.assert_array_equal(row_digests(stored), row_digests(pixels))


def test_the_first_key_counts_most_and_equal_rows_share_a_rank():
    first, second = np.array([3, 1, 3, 1, 3]), np.array([0.5, 9.0, 0.25, 7.0, 0.5])
    assert rank_rows(first, second).tolist() == [3, 1, 2, 0, 3]
    assert rank_rows(np.array([], dtype=int)).tolist() == []

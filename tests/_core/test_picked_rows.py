"""Rows in another order, without a copy."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage._core.file_arrays import file_blocks, new_array
from clustimage._core.picked_rows import PickedRows


@pytest.mark.parametrize("in_file", [False, True])
def test_they_are_read_like_a_copy(in_file):
    rows = np.random.default_rng(0).integers(0, 256, size=(50, 4, 6)).astype(np.uint8)
    at = np.random.default_rng(1).permutation(50)[:40]
    copy = rows[at]
    if in_file:
        stored = new_array(rows.shape, np.uint8, folder=None, what="Rows")
        stored[:] = rows
        rows = stored
    some = PickedRows(rows, at)
    assert (len(some), some.shape, some.dtype) == (40, copy.shape, copy.dtype)
    np.testing.assert_array_equal(some[3], copy[3])
    np.testing.assert_array_equal(some[5:9], copy[5:9])
    np.testing.assert_array_equal(some[np.array([7, 2])], copy[[7, 2]])
    np.testing.assert_array_equal(some[5:9, 1:3], copy[5:9, 1:3])
    np.testing.assert_array_equal(some[:, :, 2], copy[:, :, 2])
    blocks = [block for _, block in file_blocks(some, 7)]
    np.testing.assert_array_equal(np.concatenate(blocks), copy)

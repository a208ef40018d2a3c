"""The pixels as features."""

from __future__ import annotations

import numpy as np

from clustimage.features import RawExtractor


def test_rows_are_the_pixels(colour):
    feat = RawExtractor().fit_transform(colour)
    np.testing.assert_array_equal(feat, colour.reshape(40, -1))


def test_rows_are_a_copy(digits):
    rows = digits[0].astype(np.float32)
    feat = RawExtractor().fit_transform(rows)
    feat[:] = -1
    assert rows.min() == 0

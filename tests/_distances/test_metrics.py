"""The distances that every room knows, and the check of rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from clustimage._core.batches import row_blocks
from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._distances.metrics import METRICS, check_metric, check_rows, has_no_direction


@pytest.mark.parametrize("metric", METRICS)
def test_scipy_knows_every_metric(metric):
    assert check_metric(metric) == metric
    assert np.isfinite(cdist([[1.0, 2.0]], [[3.0, 5.0]], metric)).all()


@pytest.mark.parametrize("metric", ["l2", None, 3, "Euclidean"])
def test_unknown_metric_raises(metric):
    with pytest.raises(InvalidParameterError, match="'distance' must be one of 'euclidean'"):
        check_metric(metric, name="distance")


def test_float32_rows_are_passed_on_as_they_are():
    rows = np.ones((2, 3), dtype=np.float32)
    assert check_rows("feat", rows) is rows


def test_numbers_become_float64():
    assert check_rows("feat", np.eye(2, dtype=bool)).dtype == np.float64


def test_large_values_are_no_infinity():
    rows = np.full((4, 4), 1e308)
    assert check_rows("feat", rows) is rows


@pytest.mark.parametrize(
    "rows, words",
    [
        ([1.0, 2.0], r"Got the shape \(2,\)"),
        (np.empty((0, 3)), r"Got the shape \(0, 3\)"),
        ([[1.0, np.nan]], "NaN or infinite"),
        ([[1.0, np.inf], [1.0, -np.inf]], "NaN or infinite"),
        ([["x"]], "matrix of numbers"),
        ([[1.0], [1.0, 2.0]], "matrix of numbers"),
        (None, "'feat'"),
    ],
)
def test_rows_that_cannot_be_compared_raise(rows, words):
    with pytest.raises(InvalidDataError, match=words):
        check_rows("feat", rows)


def test_blocks_cover_all_rows_once():
    blocks = row_blocks(1000, 1000, n_bytes=100_000)
    assert len(blocks) > 10
    assert np.concatenate([np.arange(1000)[block] for block in blocks]).tolist() == [*range(1000)]
    assert row_blocks(3, 10**12) == [slice(0, 1), slice(1, 2), slice(2, 3)]


@pytest.mark.parametrize("metric", ["cosine", "correlation", "braycurtis"])
def test_rows_without_direction_are_those_that_scipy_cannot_compare(metric):
    rows = np.array([[0.0, 0.0, 0.0], [2.0, 2.0, 2.0], [1.0, 2.0, 4.0]])
    with np.errstate(invalid="ignore", divide="ignore"):
        itself = cdist(rows, rows, metric).diagonal()
    np.testing.assert_array_equal(has_no_direction(rows, metric), np.isnan(itself))

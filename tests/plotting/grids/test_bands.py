"""Where columns of images go."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage.plotting.grids._bands import GAP, PAD, Bands, arrange


def test_a_cluster_that_does_not_fit_into_a_column_goes_on_in_the_next():
    bands = Bands(np.array([7, 3, 1]), rows=3)
    assert bands.widths.tolist() == [3, 1, 1]
    assert bands.heights.tolist() == [3]
    assert bands.wide() == pytest.approx(5 * (1 + PAD) + 2 * GAP + PAD)
    assert bands.high(2.0, 0.5) == pytest.approx(3 * (2 + PAD) + 0.5)


@pytest.mark.parametrize("size", [1, 14, 15, 16, 25, 31, 99])
def test_the_columns_of_a_cluster_are_even(size):
    bands = Bands(np.array([120, size]), rows=15)
    column, row = bands.spots(1)
    lengths = np.bincount(column)
    assert len(lengths) == bands.widths[1] and np.ptp(lengths) <= 1 and lengths.max() <= 15
    assert (np.diff(lengths) <= 0).all() and (np.diff(column) >= 0).all()
    assert row.tolist() == [i for length in lengths for i in range(length)]


def test_a_band_is_as_high_as_its_longest_column():
    assert Bands(np.array([25, 3]), rows=15).heights.tolist() == [13]
    assert Bands(np.array([25, 14, 16]), rows=15, starts=(0, 1)).heights.tolist() == [13, 14]


def test_bands_below_each_other():
    bands = Bands(np.array([7, 3, 1, 2]), rows=3, starts=(0, 1))
    assert bands.band_of.tolist() == [0, 1, 1, 1]
    assert bands.heights.tolist() == [3, 3]
    assert bands.wide() == pytest.approx(3 * (1 + PAD) + 2 * GAP + PAD)
    assert bands.high(1.0, 0.5) == pytest.approx(2 * (3 * (1 + PAD) + 0.5))


@pytest.mark.parametrize(
    "sizes",
    [[1], [3, 1], [962, 38], [173, 149, 116, 113, 102, 87, 83, 81, 58, 38], list(range(29, 6, -1))],
)
def test_few_clusters_are_in_one_band_that_fills_the_frame(sizes):
    bands = arrange(sizes)
    assert bands.starts == (0,)
    fits = min(13 / bands.wide(), 7.6 / bands.high(1.0, 0.0))
    others = [Bands(np.array(sizes), rows) for rows in range(1, max(sizes) + 1)]
    best = max(min(13 / other.wide(), 7.6 / other.high(1.0, 0.0)) for other in others)
    assert fits >= 0.93 * best


def test_many_clusters_get_more_bands_and_larger_images():
    sizes = np.array([200, 150, 100, 60, 40, *[3] * 20, *[1] * 75])
    bands = arrange(sizes)
    assert len(bands.starts) > 1
    assert bands.starts[0] == 0 and list(bands.starts) == sorted(set(bands.starts))
    inches = min(13 / bands.wide(), (8 - 0.4 * len(bands.starts)) / bands.high(1.0, 0.0))
    assert inches > 2 * 13 / (len(sizes) * (1 + PAD + GAP))


@pytest.mark.parametrize("tall", [0.2, 1.0, 5.0])
@pytest.mark.parametrize("n", [1, 7, 100, 3000])
def test_every_arrangement_fits_its_frame(n, tall):
    sizes = np.sort(np.random.default_rng(n).geometric(0.1, n))[::-1]
    for rows in (None, 4):
        bands = arrange(np.minimum(sizes, rows or n * 99), tall=tall, frame=(10.0, 5.0), rows=rows)
        inches = 10 / bands.wide()
        inches = min(inches, (5 - 0.4 * len(bands.starts)) / bands.high(tall, 0.0))
        assert inches > 0
        assert rows is None or bands.rows == rows
        assert (np.diff(bands.starts) > 0).all()

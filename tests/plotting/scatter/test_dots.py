"""The dots of the map."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from clustimage.plotting.scatter._dots import draw_dots, size_of_dots, to_rgb

COLORS = {-1: "#9e9e9e", 0: "#0072B2", 1: "#D55E00"}


def test_dots_shrink_where_there_are_many_and_stay_what_was_asked_for_where_not():
    assert [size_of_dots(15, n) for n in (0, 1, 5000)] == [15, 15, 15]
    assert size_of_dots(15, 60_000) == pytest.approx(15 * 12**-0.75)
    assert size_of_dots(30, 60_000) == 2 * size_of_dots(15, 60_000)
    assert size_of_dots(15, 10_000_000) == 0.4
    assert size_of_dots(0.2, 10_000_000) == 0.2 and size_of_dots(0, 9) == 0


def test_colours_are_those_of_the_labels():
    found = to_rgb(COLORS, np.array([1, -1, 1]))
    assert found.tolist() == [[213, 94, 0], [158, 158, 158], [213, 94, 0]]
    assert to_rgb(COLORS, np.zeros(0, int)).shape == (0, 3)


@pytest.mark.parametrize("n", [50, 30_000])
def test_each_image_is_a_dot_of_its_colour_whatever_the_order(n):
    rng = np.random.default_rng(0)
    labels = np.sort(rng.integers(-1, 2, n))
    places = rng.normal(size=(n, 2))
    fig, ax = plt.subplots()
    draw_dots(ax, places, labels, COLORS, 15)
    noise, clustered = ax.collections
    assert len(noise.get_offsets()) == (labels < 0).sum()
    drawn, colors = np.asarray(clustered.get_offsets()), clustered.get_facecolor()[:, :3]
    expected = places[labels >= 0]
    order, known = np.lexsort(drawn.T), np.lexsort(expected.T)
    np.testing.assert_array_equal(drawn[order], expected[known])
    np.testing.assert_allclose(
        colors[order] * 255, to_rgb(COLORS, labels[labels >= 0])[known], atol=1e-6
    )
    # Of many the second cluster does not cover the first.
    share = np.mean(colors[: len(colors) // 2, 0] > 0.5)
    assert share == pytest.approx(0.5, abs=0.05) if n > 5000 else share < 0.1
    assert bool(clustered.get_rasterized()) == (len(drawn) > 20_000)


def test_the_order_of_many_dots_is_always_the_same():
    places, labels = np.random.default_rng(0).normal(size=(6000, 2)), np.zeros(6000, int)
    fig, (one, two) = plt.subplots(1, 2)
    for ax in (one, two):
        draw_dots(ax, places, labels, COLORS, 15)
    np.testing.assert_array_equal(
        one.collections[0].get_offsets(), two.collections[0].get_offsets()
    )

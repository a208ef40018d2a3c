"""Axes, colour maps and texts."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from clustimage._core import errors
from clustimage._core.text import pluralize
from clustimage.plotting._figure import (
    check_cmap,
    many_figures,
    new_axes,
    number,
    shorten,
)


def test_given_axes_are_used_also_those_of_a_subfigure():
    fig = plt.figure()
    ax = fig.subfigures(1, 2)[1].add_subplot()
    assert new_axes(ax) == (fig, ax)
    other = plt.figure().add_subplot()
    assert new_axes(other)[0] is other.figure


def test_what_is_no_axes_is_named():
    with pytest.raises(errors.InvalidParameterError, match=r"'ax'.*ndarray"):
        new_axes(np.array([1]))


def test_unknown_colour_map_names_the_nearest():
    with pytest.raises(errors.InvalidParameterError, match="'cmap'.*'binari'.*'binary'"):
        check_cmap("binari")
    with pytest.raises(errors.InvalidParameterError, match="'cmap'.*7"):
        check_cmap(7)
    assert check_cmap(None).name == "gray"
    own = check_cmap("viridis")
    assert check_cmap(own) is own


def test_many_figures_open_without_a_warning():
    with many_figures():
        figures = [new_axes()[0] for _ in range(25)]
    assert len(figures) == 25 and plt.rcParams["figure.max_open_warning"] == 20


@pytest.mark.parametrize("width", [4, 5, 11, 12, 40])
def test_long_names_lose_their_middle(width):
    name = "a_very_long_file_name_0017.jpeg"
    short = shorten(name, width)
    assert len(short) == min(width, len(name))
    assert short[0] == "a" and short.endswith("g")


def test_numbers_with_their_nouns():
    assert [pluralize(n, "image") for n in (0, 1, 5000)] == ["0 images", "1 image", "5,000 images"]
    assert [number(d) for d in (0, 0.00123456, 12.345, 123456.7)] == [
        "0",
        "0.00123",
        "12.3",
        "123,457",
    ]

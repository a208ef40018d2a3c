"""Colours of clusters on a map."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from clustimage.plotting import label_colors, map_colors, palette
from clustimage.plotting._map_colors import (
    MIN_DIFFERENCES,
    color_differences,
    neighbours_on_map,
)


def clusters_on_a_map(k, n=20, seed=0, spread=0.35):
    """Return k clusters, their labels in no order on the map."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(k)))
    middle = np.stack(np.divmod(rng.permutation(side * side)[:k], side), axis=1).astype(float)
    labels = np.repeat(np.arange(k), n)
    return middle[labels] + spread * rng.normal(size=(k * n, 2)), labels


def least_differences(colors, pairs):
    """Return the least difference of neighbours, for each kind of eye."""
    labels = sorted(colors)
    at = np.searchsorted(labels, np.array(sorted(pairs)))
    names = tuple(colors[label] for label in labels)
    return {v: color_differences(names, v)[at[:, 0], at[:, 1]].min() for v in MIN_DIFFERENCES}


@pytest.mark.parametrize("k", [2, 3, 8, 15, 30, 60, 100])
def test_neighbours_are_easy_to_tell_apart_also_for_colour_blind_eyes(k):
    xycoord, labels = clusters_on_a_map(k)
    colors = map_colors(xycoord, labels)
    assert list(colors) == list(range(k)) and len(set(colors.values())) == k
    found = least_differences(colors, neighbours_on_map(xycoord, labels))
    assert all(found[vision] >= least for vision, least in MIN_DIFFERENCES.items()), found


@pytest.mark.parametrize("k", [2, 15, 60, 100])
def test_dots_stand_out_from_white(k):
    colors = tuple(map_colors(*clusters_on_a_map(k)).values())
    assert color_differences((*colors, "#ffffff"))[-1, :-1].min() > 14


def test_where_all_clusters_meet_neighbours_are_no_more_alike_than_before():
    rng = np.random.default_rng(0)
    xycoord, labels = rng.normal(size=(900, 2)), rng.integers(0, 60, 900)
    pairs = neighbours_on_map(xycoord, labels)
    before = least_differences(label_colors(labels), pairs)["normal"]
    assert least_differences(map_colors(xycoord, labels), pairs)["normal"] >= before


def test_the_same_map_has_the_same_colours_and_first_ones_stay_where_they_can():
    xycoord, labels = clusters_on_a_map(12)
    colors = map_colors(xycoord, labels)
    assert map_colors(xycoord.copy(), labels.copy()) == colors
    assert [colors[i] for i in range(6)] == list(palette(6))


def test_clusters_are_neighbours_across_an_empty_space_but_not_across_another():
    xycoord = np.concatenate(
        [np.random.default_rng(i).normal((9 * i, 0), 1, (50, 2)) for i in range(3)]
    )
    assert neighbours_on_map(xycoord, np.repeat([0, 1, 2], 50)) >= {(0, 1), (1, 2)}
    middle = np.array([[0.0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1], [0, 2], [1, 2], [2, 2]])
    assert (0, 8) not in neighbours_on_map(middle, np.arange(9))


@pytest.mark.parametrize(
    "xycoord",
    [
        np.zeros((6, 2)),
        np.full((6, 2), np.nan),
        np.stack([np.arange(6.0), np.arange(6.0)], axis=1),
        np.array([[0.0, 0], [1, 0], [np.nan, 0], [0, 1], [1e9, 1], [5, 5]]),
    ],
)
def test_maps_of_any_shape_have_colours(xycoord):
    labels = np.array([0, 0, 1, 1, 2, -1])
    colors = map_colors(xycoord, labels)
    assert list(colors) == [-1, 0, 1, 2] and len(set(colors.values())) == 4
    assert colors[-1] == label_colors([-1])[-1]


def test_more_clusters_than_colours_to_choose_from_are_drawn_too():
    xycoord, labels = clusters_on_a_map(600, n=2)
    assert map_colors(xycoord, labels) == label_colors(labels)


def test_of_very_many_dots_some_are_looked_at():
    few, many = (neighbours_on_map(*clusters_on_a_map(9, n=n, spread=0.1)) for n in (500, 2_000))
    assert len(few & many) >= 12  # the sides of three by three


def test_a_cluster_has_one_colour_in_all_plots(build):
    model = build(np.repeat(np.arange(30), 4), shape=(6, 6))
    model.results["xycoord"] = clusters_on_a_map(30, n=4)[0].astype(np.float32)
    expected = map_colors(model.results["xycoord"], model.results["labels"])
    assert expected != label_colors(model.results["labels"])
    frames = [to_hex(color) for color in model.plot_unique()[1].collections[0].get_edgecolor()]
    assert frames == [color.lower() for color in expected.values()]
    dots = model.scatter(zoom=None)[1].collections[0].get_facecolors()[::4, :3]
    assert [to_hex(color) for color in dots] == frames
    picture = model.plot(layout="columns")[1].images[0].get_array()
    assert {tuple(c) for c in picture.reshape(-1, 3).tolist()} >= {
        tuple(int(color[i : i + 2], 16) for i in (1, 3, 5)) for color in expected.values()
    }

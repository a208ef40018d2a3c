"""Colours of clusters: distinct, steady, and far apart for colour-blind eyes."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage.plotting._colors import NOISE, VISIONS, label_colors, palette, seen_as


def rgb(colors):
    return np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colors])


def least_distance(colors, vision):
    lab = seen_as(rgb(colors), vision)
    return (np.linalg.norm(lab[:, None] - lab[None], axis=2) + 9 * np.eye(len(lab))).min()


@pytest.mark.parametrize("size", [1, 10, 60, 500])
def test_every_cluster_has_a_colour_of_its_own(size):
    assert len(set(palette(size))) == size


def test_a_cluster_keeps_its_colour_whatever_the_number_of_clusters():
    assert palette(700)[:40] == palette(40)
    assert palette(40)[:3] == palette(3)


def test_colours_repeat_after_the_last_one():
    many = palette(1500)
    assert len(many) == 1500 and many[1024] == many[0]


@pytest.mark.parametrize("vision", sorted(VISIONS))
def test_ten_colours_are_farther_apart_than_in_the_usual_palette(vision):
    from matplotlib import colormaps

    usual = [
        "#" + "".join(f"{round(255 * part):02x}" for part in c) for c in colormaps["tab10"].colors
    ]
    assert least_distance(palette(10), vision) > least_distance(usual, vision)
    assert least_distance(palette(10), vision) > 0.07


def test_oklab_lightness_and_hue_of_known_colours():
    """Values of the author's own page: https://bottosson.github.io/posts/oklab/"""
    lab = seen_as(np.array([[1.0, 1, 1], [0, 0, 0], [1, 0, 0], [0, 0, 1]]))
    expected = [[1, 0, 0], [0, 0, 0], [0.628, 0.225, 0.126], [0.452, -0.032, -0.312]]
    np.testing.assert_allclose(lab, expected, atol=1e-3)


def test_red_and_green_come_near_each_other_without_green_cones():
    pair = np.array([[0.8, 0.2, 0.2], [0.35, 0.5, 0.1]])
    normal, blind = (np.linalg.norm(np.diff(seen_as(pair, v), axis=0)) for v in list(VISIONS)[:2])
    assert blind < normal / 2


def test_unclustered_images_are_gray():
    colors = label_colors(np.array([2, -1, 0, 0, -2]))
    assert list(colors) == [-2, -1, 0, 2]
    assert colors[-1] == NOISE != colors[-2]
    assert colors[2] == palette(3)[2]


def test_only_unclustered_images():
    assert label_colors([-1, -1]) == {-1: NOISE}

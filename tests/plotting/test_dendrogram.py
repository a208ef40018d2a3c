"""The tree."""

from __future__ import annotations

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from scipy.cluster import hierarchy

from clustimage._core import errors
from clustimage._core.step_order import StepOrderError
from clustimage.plotting import dendrogram, draw_dendrogram, palette
from clustimage.plotting._dendrogram import MIXED, TRUNK, implied_cut, node_labels


@pytest.fixture
def points():
    rng = np.random.default_rng(0)
    return np.repeat([[0.0, 0], [9, 0], [0, 30]], [20, 12, 8], axis=0) + rng.normal(size=(40, 2))


@pytest.fixture
def tree(points):
    return hierarchy.linkage(points, "ward")


LABELS = np.repeat([0, 1, 2], [20, 12, 8])


def test_the_tree_is_that_of_scipy(tree):
    fig, ax, info = draw_dendrogram(tree)
    expected = hierarchy.dendrogram(tree, no_plot=True)
    for key in ("icoord", "dcoord", "ivl", "leaves"):
        assert info[key] == expected[key]
    segments = ax.collections[0].get_segments()
    np.testing.assert_allclose(segments[5], np.array([info["icoord"][5], info["dcoord"][5]]).T)
    assert len(segments) == 39 and fig.axes == [ax]
    assert ax.get_title() == "40 images"


def test_branches_have_the_colours_of_their_clusters(tree):
    _, ax, info = draw_dendrogram(tree, labels_of_leaf=LABELS)
    colors = [c.lower() for c in palette(3)]
    drawn = [to_hex(c) for c in ax.collections[0].get_color()]
    assert sorted(set(drawn)) == sorted({*colors, TRUNK})
    assert [drawn.count(c) for c in colors] == [19, 11, 7] and drawn.count(TRUNK) == 2
    ticks = [to_hex(t.get_color()) for t in ax.get_xticklabels()]
    assert ticks == [colors[LABELS[leaf]] for leaf in info["leaves"]]
    assert ax.get_title() == "40 images in 3 clusters"


def test_a_cut_is_drawn_and_gives_the_clusters(tree):
    height = (tree[-3, 2] + tree[-2, 2]) / 2
    _, ax, info = draw_dendrogram(tree, max_d=height)
    assert ax.lines[0].get_ydata() == [height, height] and info["max_d"] == height
    assert ax.texts[0].get_text().startswith("cut at\n")
    _, other, _ = draw_dendrogram(tree, labels_of_leaf=LABELS)
    np.testing.assert_array_equal(ax.collections[0].get_color(), other.collections[0].get_color())


def test_the_height_of_a_cut_stands_where_no_branch_is(tree):
    height = (tree[-3, 2] + tree[-2, 2]) / 2
    fig, ax, _ = draw_dendrogram(tree, max_d=height)
    fig.canvas.draw()
    box = ax.texts[0].get_window_extent()
    assert box.x0 > ax.get_window_extent().x1 and box.x1 <= fig.bbox.x1
    fig, axes = plt.subplots(1, 2, figsize=(14, 4))
    _, ax, info = draw_dendrogram(tree, max_d=height, ax=axes[0])
    fig.canvas.draw()
    box, frame = ax.texts[0].get_window_extent(), ax.get_window_extent()
    assert ax.texts[0].get_text() == f"cut at {height:.3g}"
    assert frame.x0 < box.x0 and box.x1 < frame.x1
    for x, y in zip(info["icoord"], info["dcoord"], strict=True):
        for side in (0, 3):
            (place, top), low = ax.transData.transform((x[side], max(y))), y[side]
            crosses = low <= height and top > box.y0
            assert not (crosses and box.x0 < place < box.x1)


def test_the_title_of_a_small_tree_is_no_wider_than_its_axes(tree):
    fig, axes = plt.subplots(1, 3, figsize=(9, 3))
    _, ax, _ = draw_dendrogram(tree, labels_of_leaf=LABELS, truncate_p=5, ax=axes[1])
    fig.canvas.draw()
    title, frame = ax.title.get_window_extent(), ax.get_window_extent()
    assert frame.x0 <= title.x0 and title.x1 <= frame.x1


def test_labels_that_come_from_a_cut_show_its_height(tree):
    _, ax, info = draw_dendrogram(tree, labels_of_leaf=LABELS)
    assert info["max_d"] == pytest.approx((tree[-3, 2] + tree[-2, 2]) / 2)
    assert len(ax.lines) == 1


@pytest.mark.parametrize("labels", [np.arange(40) % 2, np.zeros(40, int), np.arange(40)])
def test_labels_that_come_from_no_cut_show_none(tree, labels):
    _, ax, info = draw_dendrogram(tree, labels_of_leaf=labels)
    assert info["max_d"] is None and len(ax.lines) == 0
    assert implied_cut(tree, None) is None


def test_labels_of_joints(tree):
    of_node = node_labels(tree, LABELS)
    assert of_node.shape == (79,) and (of_node[-2:] == MIXED).all()
    assert np.bincount(of_node[40:-2]).tolist() == [19, 11, 7]


def test_unclustered_leaves_are_gray(tree):
    labels = np.where(LABELS == 2, -1, LABELS)
    _, ax, _ = draw_dendrogram(tree, labels_of_leaf=labels)
    assert "#9e9e9e" in {to_hex(c) for c in ax.collections[0].get_color()}
    assert ax.get_title() == "40 images in 2 clusters"


def test_a_large_tree_shows_its_uppermost_branches():
    tree = hierarchy.linkage(np.random.default_rng(0).normal(size=(1500, 3)), "single")
    fig, ax, info = draw_dendrogram(tree)
    assert len(info["ivl"]) == 100
    assert ax.get_title() == "1,500 images, the uppermost 100 branches"
    sizes = [int(w[1:-1]) if w.startswith("(") else 1 for w in info["ivl"]]
    assert sum(sizes) == 1500
    _, _, info = draw_dendrogram(tree, truncate_p=12)
    assert len(info["ivl"]) == 12


def test_a_line_says_what_stands_below_the_leaves(tree):
    names = [f"({i}).jpg" for i in range(40)]
    _, ax, info = draw_dendrogram(tree)
    first = info["ivl"][0]
    assert ax.get_xlabel() == f"{first}: the image of row {first}"
    assert draw_dendrogram(tree, names_of_leaf=names)[1].get_xlabel() == ""
    _, ax, info = draw_dendrogram(tree, truncate_p=20)
    single = next(word for word in info["ivl"] if word[0] != "(")
    branch = next(word for word in info["ivl"] if word[0] == "(")
    count = f"{branch}: a branch of {branch[1:-1]} images"
    assert ax.get_xlabel() == f"{single}: the image of row {single}; {count}"
    assert draw_dendrogram(tree, truncate_p=20, names_of_leaf=names)[1].get_xlabel() == count
    _, ax, _ = draw_dendrogram(tree, truncate_p=2, sizes_of_leaf=np.full(40, 200))
    assert ax.get_xlabel() == "(1,600): a branch of 1,600 images"
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["(1,600)", "(6,400)"]


def test_the_line_lies_below_the_leaves(tree):
    fig, axes = plt.subplots(1, 2, figsize=(12, 4))
    for ax in (None, axes[0]):
        fig, ax, _ = draw_dendrogram(tree, truncate_p=30, ax=ax)
        fig.canvas.draw()
        line = ax.xaxis.label.get_window_extent()
        leaves = [tick.get_window_extent().y0 for tick in ax.get_xticklabels()]
        assert line.y0 >= 0 and line.y1 <= min(leaves)
        assert fig.bbox.x0 <= line.x0 and line.x1 <= fig.bbox.x1


def test_names_of_images(tree):
    names = [f"a$b_{{photo_with_a_long_name_{i}.jpg" for i in range(40)]
    fig, ax, info = draw_dendrogram(tree, names_of_leaf=names)
    fig.canvas.draw()
    shown = [t.get_text() for t in ax.get_xticklabels()]
    assert all(len(word) <= 26 and word.startswith("a$b_{") for word in shown)
    assert shown[0].endswith(f"{info['leaves'][0]}.jpg")


@pytest.mark.parametrize("method", ["centroid", "median", "complete", "average", "weighted"])
def test_every_linkage_fits_into_the_axes(points, method):
    tree = hierarchy.linkage(points, method)
    fig, ax, info = draw_dendrogram(tree, max_d=float(tree[-4, 2]))
    assert ax.get_ylim()[1] > max(map(max, info["dcoord"]))
    fig.canvas.draw()


def test_two_images_and_equal_images():
    for tree in ([[0, 1, 2.0, 2]], [[0, 1, 0.0, 2], [2, 3, 0.0, 3]]):
        fig, ax, info = draw_dendrogram(np.array(tree))
        fig.canvas.draw()
        assert len(info["ivl"]) == len(tree) + 1


def test_given_axes_are_drawn_on(tree):
    fig, axes = plt.subplots(1, 2)
    assert draw_dendrogram(tree, ax=axes[0])[:2] == (fig, axes[0])
    assert plt.get_fignums() == [fig.number]


def test_a_clustering_is_drawn_with_its_labels(tree):
    clustering = SimpleNamespace(tree=tree, labels=LABELS)
    fig, ax, info = dendrogram(clustering, max_leaves=10)
    assert len(info["ivl"]) == 10 and ax.get_title().startswith("40 images in 3 clusters")
    names = [f"image {i}" for i in range(40)]
    fig, own = plt.subplots()
    assert dendrogram(clustering, names_of_leaf=names, ax=own)[:2] == (fig, own)
    assert own.get_xticklabels()[0].get_text().startswith("image ")
    with pytest.raises(errors.InvalidParameterError, match="'max_leaves'"):
        dendrogram(clustering, max_leaves=1)
    with pytest.raises(TypeError, match=r"^dendrogram\(\).*'bogus'"):
        dendrogram(clustering, bogus=1)
    with pytest.raises(StepOrderError, match="agglomerative"):
        dendrogram(SimpleNamespace(tree=None, labels=LABELS))


@pytest.fixture
def over_micro(tree):
    """A tree whose leaves hold 1, 2, 3, 1, 2, 3 … images."""
    micro = np.repeat(np.arange(40), 1 + np.arange(40) % 3)
    return SimpleNamespace(tree=tree, labels=LABELS[micro], micro=micro)


def test_leaves_that_are_micro_clusters_count_their_images(over_micro, tree):
    _, ax, info = dendrogram(over_micro, max_leaves=10)
    expected = hierarchy.dendrogram(tree, p=10, truncate_mode="lastp", no_plot=True)
    assert info["leaves"] == expected["leaves"]
    counts = [int(word.strip("()")) for word in info["ivl"]]
    assert sum(counts) == len(over_micro.micro) == 79
    assert [text.get_text() for text in ax.get_xticklabels()] == info["ivl"]
    assert ax.get_title() == (
        "79 images in 3 clusters, built from 40 micro-clusters, the uppermost 10 branches"
    )
    _, ax, info = dendrogram(over_micro)
    assert ax.get_title() == "79 images in 3 clusters, built from 40 micro-clusters"
    colors = [c.lower() for c in palette(3)]
    assert sorted({to_hex(c) for c in ax.collections[0].get_color()}) == sorted({*colors, TRUNK})


def test_a_micro_cluster_of_one_image_has_its_name(over_micro):
    names = [f"image {i}" for i in range(79)]
    for given, first in ((None, "0"), (names, "image 0")):
        _, ax, info = dendrogram(over_micro, names_of_leaf=given)
        words = {
            node: text.get_text()
            for node, text in zip(info["leaves"], ax.get_xticklabels(), strict=True)
        }
        assert (words[0], words[1], words[2]) == (first, "(2)", "(3)")
        assert words[3] == first.replace("0", "6")
    with pytest.raises(errors.InvalidDataError, match="79 images need 79 names. Got 40"):
        dendrogram(over_micro, names_of_leaf=names[:40])


@pytest.mark.parametrize(
    "options, error, words",
    [
        ({"sizes_of_leaf": [1, 2]}, errors.InvalidDataError, "40 sizes. Got 2"),
        ({"max_d": -1}, errors.InvalidParameterError, "'max_d'"),
        ({"truncate_p": 1}, errors.InvalidParameterError, "'truncate_p'"),
        ({"labels_of_leaf": [0, 1]}, errors.InvalidDataError, "40 labels. Got 2"),
        ({"names_of_leaf": ["a"]}, errors.InvalidDataError, "40 names. Got 1"),
    ],
)
def test_wrong_values_are_named(tree, options, error, words):
    with pytest.raises(error, match=words):
        draw_dendrogram(tree, **options)
    assert not plt.get_fignums()


def test_what_is_no_tree_is_said():
    with pytest.raises(errors.InvalidDataError, match=r"\(n - 1, 4\).*\(3, 3\)"):
        draw_dendrogram(np.zeros((3, 3)))

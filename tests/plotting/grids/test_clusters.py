"""One figure per cluster."""

from __future__ import annotations

import logging

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from clustimage._core import errors
from clustimage._core.step_order import StepOrderError
from clustimage.plotting import plot_clusters


def titles(axes):
    return [ax.get_title() for ax in axes]


def test_one_figure_and_one_axes_per_cluster(model):
    figs, axes = model.plot()
    assert all(isinstance(fig, Figure) for fig in figs)
    assert titles(axes) == ["Cluster 0: 30 images", "Cluster 1: 20 images", "Cluster 2: 6 images"]
    assert [len(fig.axes) for fig in figs] == [1, 1, 1]
    assert [len(ax.images) for ax in axes] == [1, 1, 1]
    assert [fig.number for fig in figs] == plt.get_fignums()


@pytest.mark.parametrize(
    "options, expected",
    [
        ({"labels": [1, 0]}, [1, 0]),
        ({"labels": 2}, [2]),
        ({"labels": np.array([2, 2])}, [2]),
        ({"labels": {2, 0}}, [0, 2]),
        ({"labels": [-1]}, [-1]),
        ({"labels": [2], "min_samples": 10}, [2]),
        ({"min_samples": 7}, [0, 1]),
        ({"blacklist": [0, 9]}, [1, 2]),
        ({"blacklist": 1, "labels": [0, 1]}, [0]),
    ],
)
def test_which_clusters_are_drawn(model, options, expected):
    names = {-1: "Unclustered (-1)", **{i: f"Cluster {i}" for i in range(3)}}
    drawn = [title.partition(":")[0] for title in titles(model.plot(**options)[1])]
    assert drawn == [names[label] for label in expected]


def test_a_cluster_of_one_image_is_left_out_unless_asked_for(build):
    model = build([0, 0, 0, 1])
    assert titles(model.plot()[1]) == ["Cluster 0: 3 images"]
    assert titles(model.plot(labels=1)[1]) == ["Cluster 1: 1 image"]


def test_nothing_left_to_draw_is_said_in_the_log(model, caplog):
    with caplog.at_level(logging.WARNING, logger="clustimage"):
        figs, axes = model.plot(min_samples=31)
    assert figs == [] and axes.shape == (0,)
    assert "at least 31 images" in caplog.text


@pytest.mark.parametrize(
    "options, words",
    [
        ({"labels": [7]}, "'labels'.*-1, 0, 1, 2.*Got 7"),
        ({"labels": "all"}, "'labels'.*'all'"),
        ({"labels": [0.5]}, "'labels'.*0.5"),
        ({"ncols": 0}, "'ncols'.*0"),
        ({"max_images": 0}, "'max_images' must be a whole number of at least 1, None .*Got 0"),
        ({"max_images": "all"}, "'max_images'.*None for no limit, or 'auto'. Got 'all'"),
        ({"max_clusters": "auto"}, "'max_clusters'.*None for no limit. Got 'auto'"),
        ({"min_samples": 0}, "'min_samples'"),
        ({"cmap": "grey5"}, "'cmap'"),
        ({"show_hog": True}, "'show_hog'.*method='pca'"),
    ],
)
def test_wrong_values_are_named(model, options, words):
    with pytest.raises(errors.InvalidParameterError, match=words):
        model.plot(**options)
    assert not plt.get_fignums()


def test_before_clustering_the_step_is_named(model):
    model.results["labels"] = None
    with pytest.raises(StepOrderError, match="cluster"):
        model.plot()


def test_the_images_are_in_the_picture_in_their_order(model):
    _, axes = model.plot(labels=[2], ncols=3)
    picture = np.asarray(axes[0].images[0].get_array())
    members = model.results["img"][50:56].reshape(6, 8, 8)
    corner = [
        picture[y : y + 64 : 8, x : x + 64 : 8, 0]
        for y in (4, 4 + 64 + 4 + (picture.shape[0] - 4 - 2 * 68) // 2)
        for x in (4, 72, 140)
    ]
    np.testing.assert_array_equal(corner, members)


def test_names_are_written_in_small_clusters_only(model, build):
    _, axes = model.plot(labels=[2])
    assert [t.get_text() for t in axes[0].texts] == [f"image_{i:04d}.png" for i in range(50, 56)]
    _, axes = build([0] * 41).plot()
    assert len(axes[0].texts) == 0


def test_names_with_dollars_and_braces_are_written_as_they_are(model):
    model.results["filenames"][50] = "a$x_{$.jpg"
    model.results["filenames"][51] = "x" * 300 + ".jpg"
    figs, axes = model.plot(labels=[2])
    figs[0].canvas.draw()
    assert axes[0].texts[0].get_text() == "a$x_{$.jpg"
    assert len(axes[0].texts[1].get_text()) < 60


def test_captions_stay_inside_the_figure_and_off_the_images(model):
    figs, axes = model.plot(labels=[2])
    figs[0].canvas.draw()
    boxes = [text.get_window_extent() for text in axes[0].texts]
    frame = figs[0].bbox
    assert all(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= frame.x1 for box in boxes)
    assert axes[0].title.get_window_extent().y1 <= frame.y1
    assert all(a.x1 <= b.x0 or a.y0 > b.y0 for a, b in zip(boxes, boxes[1:], strict=False))


def test_of_a_large_cluster_some_are_drawn_and_the_title_says_so(build):
    model = build([0] * 5000, shape=(4, 4))
    _, axes = model.plot()
    assert titles(axes) == ["Cluster 0: showing 400 of 5,000 images, spread evenly"]
    assert axes[0].images[0].get_array().size < 3 * 3_000_000


def shades(ax):
    """Return the shades of images of one shade each, in the order they are drawn."""
    picture = np.asarray(ax.images[0].get_array())[..., 0]
    tops = np.flatnonzero((picture != 255).any(axis=1) & ~(np.roll(picture, 1, 0) != 255).any(1))
    rows = [picture[top + 2] for top in tops]
    return [
        int(v) for row in rows for v in row[np.flatnonzero(np.diff(row, prepend=255))] if v < 255
    ]


def test_those_drawn_go_evenly_from_the_centre_of_the_cluster_to_its_edge(build, caplog):
    model = build([0] * 30 + [1] * 5)
    far = np.random.default_rng(1).permutation(30)
    # Around 0, as many on each side, so that the mean stays there.
    model.results["feat"] = np.zeros((35, 2), dtype=np.float32)
    model.results["feat"][:30, 0] = far + 1
    model.results["feat"][:30, 0] -= model.results["feat"][:30, 0].mean()
    distance = np.abs(model.results["feat"][:30, 0])
    model.results["img"][:] = np.arange(35, dtype=np.uint8)[:, None]
    with caplog.at_level(logging.INFO, logger="clustimage"):
        _, axes = model.plot(max_images=6)
    nearest = np.argsort(distance, kind="stable")
    assert shades(axes[0]) == nearest[[0, 6, 12, 17, 23, 29]].tolist()
    assert shades(axes[1]) == [30, 31, 32, 33, 34]
    assert titles(axes) == [
        "Cluster 0: showing 6 of 30 images, from its centre to its edge",
        "Cluster 1: 5 images",
    ]
    assert [record.getMessage() for record in caplog.records] == [
        "Drawing 11 of 35 images: at most 6 of a cluster, from its centre to its edge. "
        "A larger max_images= draws more, max_images=None all."
    ]


def test_of_images_in_no_cluster_some_are_spread_evenly(build):
    model = build([0] * 9 + [-1] * 20)
    model.results["feat"] = np.zeros((29, 2), dtype=np.float32)
    model.results["img"][:] = np.arange(29, dtype=np.uint8)[:, None]
    _, axes = model.plot(labels=[-1], max_images=5)
    assert titles(axes) == ["Unclustered (-1): showing 5 of 20 images, spread evenly"]
    assert shades(axes[0]) == [9, 13, 17, 21, 25]


def test_without_a_limit_all_are_drawn_and_nothing_is_said(build, caplog):
    with caplog.at_level(logging.INFO, logger="clustimage"):
        _, axes = build([0] * 500, shape=(4, 4)).plot(max_images=None)
    assert titles(axes) == ["Cluster 0: 500 images"]
    assert caplog.records == []


def test_of_very_many_clusters_the_largest_have_a_figure(build, caplog):
    model = build(np.arange(12).repeat(3), shape=(2, 2))
    with caplog.at_level(logging.INFO, logger="clustimage"):
        figs, axes = model.plot(max_clusters=10)
    assert len(figs) == len(axes) == 10 and titles(axes)[9] == "Cluster 9: 3 images"
    assert "Drawing 10 of 12 clusters: the first ones. A larger max_clusters=" in caplog.text
    assert len(model.plot(labels=range(12), max_clusters=10)[0]) == 12
    assert len(model.plot(max_clusters=None)[0]) == 12


def test_the_figures_of_many_clusters_take_a_bounded_amount_of_memory(monkeypatch):
    monkeypatch.setattr("clustimage.plotting.grids._clusters.ALL_PIXELS", 400_000)
    images = np.zeros((400, 128, 128, 3), dtype=np.uint8)
    _, axes = plot_clusters(images, np.arange(400) % 10)
    assert sum(ax.images[0].get_array().size for ax in axes) < 3 * 700_000


def test_the_montage_of_many_large_photos_stays_small():
    images = np.zeros((150, 500, 400, 3), dtype=np.uint8)
    _, axes = plot_clusters(images, np.zeros(150, dtype=int))
    assert axes[0].images[0].get_array().size < 3 * 10_000_000


def test_sixty_clusters_open_sixty_figures_without_a_warning(build):
    figs, axes = build(np.arange(60).repeat(2)).plot()
    assert len(figs) == len(axes) == 60


@pytest.mark.parametrize("shape", [(8, 8), (5, 30), (30, 5), (12, 8, 3), (40, 40, 3), (200, 3)])
def test_every_shape_of_image_is_drawn_in_its_proportions(build, shape):
    figs, axes = build([0] * 9, shape=shape).plot()
    height, width = axes[0].images[0].get_array().shape[:2]
    assert axes[0].get_aspect() == 1
    assert figs[0].get_size_inches().max() <= 46
    assert height > 0 and width > 0
    figs[0].canvas.draw()


def test_one_column_of_many_images_is_a_figure_that_can_be_saved(build, tmp_path):
    figs, _ = build([0] * 300).plot(ncols=1)
    assert figs[0].get_size_inches()[1] <= 46
    figs[0].savefig(tmp_path / "column.png")


def test_more_columns_than_images_leave_no_empty_ones(model):
    _, axes = model.plot(labels=[2], ncols=50)
    height, width = axes[0].images[0].get_array().shape[:2]
    assert width == 4 + 6 * 68


def test_each_image_needs_a_label():
    with pytest.raises(errors.InvalidDataError, match="3 images and 2 labels"):
        plot_clusters(np.zeros((3, 2, 2), dtype=np.uint8), np.zeros(2, dtype=int))


def test_all_digits_in_ten_figures(digits_model):
    figs, axes = digits_model.plot(cmap="binary")
    assert len(figs) == 10
    assert sum(int(title.split()[2]) for title in titles(axes)) == 1797


def test_photos(corel, build):
    from PIL import Image

    photos = [np.asarray(Image.open(p).convert("RGB").resize((48, 32))) for p in corel[0][:6]]
    model = build([0] * 6, shape=(32, 48, 3))
    model.results["img"] = np.stack(photos).reshape(6, -1)
    _, axes = model.plot(ncols=6)
    picture = np.asarray(axes[0].images[0].get_array())
    scale = 64 // 48
    np.testing.assert_array_equal(
        picture[3 : 3 + 32 * scale, 3 : 3 + 48 * scale][::scale, ::scale], photos[0]
    )

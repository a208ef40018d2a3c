"""One image per cluster."""

from __future__ import annotations

import logging

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from clustimage._core import errors
from clustimage.plotting import palette, plot_representatives


def first_tile(ax, side=64):
    picture = np.asarray(ax.images[0].get_array())
    return picture[4 : 4 + side : 8, 4 : 4 + side : 8, 0]


def test_label_and_size_stand_below_each_image(model):
    fig, ax = model.plot_unique(img_mean=True)
    assert fig.axes == [ax] and len(ax.images) == 1
    assert [t.get_text() for t in ax.texts] == ["0: 30 images", "1: 20 images", "2: 6 images"]
    assert ax.get_title() == "Average image of 3 clusters"


def test_frames_have_the_colours_of_the_map(model):
    _, ax = model.plot_unique()
    frames = ax.collections[0]
    assert [to_hex(c) for c in frames.get_edgecolor()] == [c.lower() for c in palette(3)]


def test_average_or_unique_image(model):
    rows = model.results["img"][:30]
    np.testing.assert_array_equal(
        first_tile(model.plot_unique(img_mean=True)[1]), np.rint(rows.mean(axis=0)).reshape(8, 8)
    )
    _, ax = model.plot_unique(img_mean=False)
    np.testing.assert_array_equal(first_tile(ax), rows[0].reshape(8, 8))
    assert ax.get_title().startswith("Unique image")


def test_given_axes_are_drawn_on(model):
    fig, axes = plt.subplots(1, 2)
    assert model.plot_unique(ax=axes[1]) == (fig, axes[1])
    assert plt.get_fignums() == [fig.number]
    assert not axes[0].images and axes[1].images


def test_what_was_picked_before_is_used(model, monkeypatch):
    model.unique()
    monkeypatch.setattr(model, "unique", lambda: pytest.fail("computed again"))
    model.plot_unique()


@pytest.mark.parametrize("k", [1, 2, 60])
def test_any_number_of_clusters(build, k):
    _, ax = build(np.arange(k).repeat(2), shape=(6, 9, 3)).plot_unique()
    assert len(ax.texts) == k


def test_only_the_largest_of_very_many_clusters(caplog):
    images = np.zeros((500, 4, 4), dtype=np.uint8)
    with caplog.at_level(logging.INFO, logger="clustimage"):
        _, ax = plot_representatives(images, np.arange(500), np.arange(500) + 1)
    assert ax.get_title() == "Average image of 500 clusters: showing the 400 largest"
    assert len(ax.texts) == 400 and ax.texts[0].get_text() == "100: 101 images"
    assert "Drawing 400 of 500 clusters: the largest ones." in caplog.text


def test_the_number_of_clusters_is_asked_for(model):
    _, ax = model.plot_unique(max_images=2)
    assert [t.get_text() for t in ax.texts] == ["0: 30 images", "1: 20 images"]
    assert len(model.plot_unique(max_images=None)[1].texts) == 3
    with pytest.raises(errors.InvalidParameterError, match="'max_images'.*Got 0"):
        model.plot_unique(max_images=0)


def test_unclustered_images_are_no_cluster():
    images = np.zeros((2, 4, 4), dtype=np.uint8)
    _, ax = plot_representatives(images, np.array([-1, 0]), np.array([5, 3]))
    assert [t.get_text() for t in ax.texts] == ["0: 3 images"]


def test_no_cluster_at_all_is_said(build):
    model = build([-1] * 4)
    model.unique = lambda: {
        "labels": np.zeros(0, dtype=int),
        "idx": np.zeros(0, dtype=int),
        "img_mean": np.zeros((0, 64)),
        "xycoord_center": np.zeros((0, 2)),
    }
    _, ax = model.plot_unique()
    assert "No clusters" in ax.get_title()


def test_numbers_that_do_not_match_are_an_error():
    with pytest.raises(errors.InvalidDataError, match="Got 2, 1 and 2"):
        plot_representatives(np.zeros((2, 4, 4), np.uint8), np.zeros(1, int), np.zeros(2, int))

"""All clusters in one picture, a column each."""

from __future__ import annotations

import logging

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from clustimage._core.errors import InvalidDataError, InvalidParameterError, MemoryLimitError
from clustimage._core.step_order import StepOrderError
from clustimage.plotting import label_colors, plot_columns


def words(ax):
    """Return label and size above each column, from left to right in the order drawn."""
    texts = [text.get_text() for text in ax.texts]
    return list(zip(texts[1::2], texts[::2], strict=True))


def picture(ax):
    return np.asarray(ax.images[0].get_array())


def test_one_figure_with_one_axes_and_one_picture(model):
    fig, ax = model.plot(layout="columns")
    assert plt.get_fignums() == [fig.number]
    assert fig.axes == [ax] and len(ax.images) == 1
    assert ax.get_title() == "3 clusters: 56 images"
    assert words(ax) == [
        ("Cluster 0", "30 images"),
        ("Cluster 1", "20 images"),
        ("Cluster 2", "6 images"),
    ]


def test_the_largest_cluster_is_on_the_left(build):
    _, ax = build([0] * 3 + [1] * 9 + [2] * 5 + [-1] * 20).plot(
        layout="columns", labels=[-1, 0, 1, 2]
    )
    assert [name for name, _ in words(ax)] == ["Cluster 1", "Cluster 2", "Cluster 0", "Unclustered"]
    places = [text.xy[0] for text in ax.texts[1::2]]
    assert places == sorted(places)
    assert ax.get_title() == "3 clusters: 37 images"


@pytest.mark.parametrize(
    "options, drawn, title",
    [
        ({"labels": [2, 0]}, [0, 2], "2 of 3 clusters: 36 images"),
        ({"labels": 1}, [1], "1 of 3 clusters: 20 images"),
        ({"min_samples": 7}, [0, 1], "2 of 3 clusters: 50 images"),
        ({"blacklist": [0]}, [1, 2], "2 of 3 clusters: 26 images"),
    ],
)
def test_which_clusters_are_drawn(model, options, drawn, title):
    _, ax = model.plot(layout="columns", **options)
    assert [int(name.split()[-1]) for name, _ in words(ax)] == drawn
    assert ax.get_title().startswith(title)


def tile_at(ax, place, side):
    """Return the first image of the column under a word: below its coloured bar."""
    x, y = (round(value + 0.5) for value in place)
    drawn = picture(ax)
    bar = drawn[y, x]
    while (drawn[y, x] == bar).all():
        y += 1
    while (drawn[y, x] == 255).all():
        y += 1
    return drawn[y : y + side, x - side // 2 : x - side // 2 + side], bar


def test_images_go_downwards_below_a_bar_of_the_colour_of_the_cluster():
    shades = np.array([10, 20, 30, 40, 50, 60], dtype=np.uint8)
    images = np.broadcast_to(shades[:, None, None], (6, 64, 64))
    labels = np.array([0, 0, 1, 0, 1, 0])
    _, ax = plot_columns(images, labels, max_rows=9)
    for label, text in zip([0, 1], ax.texts[1::2], strict=True):
        tile, bar = tile_at(ax, text.xy, 64)
        assert tile.shape == (64, 64, 3) and (tile == shades[labels == label][0]).all()
        np.testing.assert_array_equal(
            bar, np.rint(255 * np.array(to_rgb(label_colors([0, 1])[label])))
        )
        x = round(text.xy[0] + 0.5)
        column = picture(ax)[:, x, 0]
        seen = [value for value in dict.fromkeys(column.tolist()) if value in shades]
        assert seen == shades[labels == label].tolist()


def test_every_image_is_in_the_picture_once(build):
    model = build([0] * 90 + [1] * 30 + [2] * 3, shape=(64, 64))
    model.results["img"][:] = np.arange(123, dtype=np.uint8)[:, None]
    _, ax = model.plot(layout="columns")
    drawn = picture(ax)
    gray = (drawn == drawn[..., :1]).all(axis=2)
    values, counts = np.unique(drawn[gray][:, 0], return_counts=True)
    pixels = dict(zip(values.tolist(), counts.tolist(), strict=True))
    assert [pixels.get(i, 0) for i in range(123)] == [pixels[5]] * 123


def test_at_most_so_many_images_spread_evenly_and_said(build):
    model = build([0] * 30 + [1] * 4, shape=(64, 64))
    model.results["img"][:] = np.arange(34, dtype=np.uint8)[:, None]
    _, ax = model.plot(layout="columns", max_rows=5)
    assert words(ax) == [("Cluster 0", "5 of 30"), ("Cluster 1", "4 images")]
    assert ax.get_title() == "2 clusters: 9 of 34 images, at most 5 of each, evenly"
    present = set(np.unique(picture(ax)[..., 0]).tolist())
    assert present & set(range(34)) == {0, 6, 12, 18, 24, 30, 31, 32, 33}


def test_those_shown_go_from_the_centre_of_the_cluster_to_its_edge(build):
    model = build([0] * 30 + [1] * 4, shape=(64, 64))
    model.results["img"][:] = np.arange(34, dtype=np.uint8)[:, None]
    model.results["feat"] = np.r_[np.arange(30.0), np.zeros(4)][:, None]
    _, ax = model.plot(layout="columns", max_rows=3)
    assert ax.get_title() == (
        "2 clusters: 6 of 34 images, at most 3 of each, from its centre to its edge"
    )
    x = round(ax.texts[1].xy[0] + 0.5)
    gray = picture(ax)[..., 0][:, x]
    seen = [v for v in dict.fromkeys(gray[60:].tolist()) if v < 30]
    # The mean is 14.5: of as many on both sides the first comes first.
    assert seen == [14, 7, 29]


def test_of_very_many_images_each_cluster_has_its_share(build, caplog):
    model = build([0] * 900 + [1] * 90 + [2] * 9 + [3] * 2, shape=(2, 2))
    with caplog.at_level(logging.INFO, logger="clustimage"):
        _, ax = model.plot(layout="columns", max_images=100)
    assert words(ax) == [
        ("Cluster 0", "87 of 900"),
        ("Cluster 1", "9 of 90"),
        ("Cluster 2", "1 of 9"),
        ("Cluster 3", "1 of 2"),
    ]
    assert ax.get_title() == "4 clusters: 98 of 1,001 images, a share of each, evenly"
    assert "Drawing 98 of 1,001 images: a share of each, evenly." in caplog.text


def test_of_more_clusters_than_images_the_largest_are_drawn(build):
    _, ax = build([0] * 4 + [1] * 3 + [2] * 2).plot(layout="columns", max_images=2)
    assert words(ax) == [("Cluster 0", "1 of 4"), ("Cluster 1", "1 of 3")]
    assert ax.get_title() == "2 of 3 clusters: 2 of 7 images, a share of each, evenly"


def test_five_thousand_images_are_drawn_unless_more_are_asked_for(build):
    model = build(np.arange(6000) % 2, shape=(1, 1))
    title = "2 clusters: 5,000 of 6,000 images, a share of each, evenly"
    assert model.plot(layout="columns")[1].get_title() == title
    for options in ({"max_images": None}, {"max_rows": 3000}):
        title = model.plot(layout="columns", **options)[1].get_title()
        assert title.startswith("2 clusters: 6,000 images")


def test_a_picture_that_takes_too_much_memory_is_not_made(model):
    said = (
        r"The picture of 56 images in 3 clusters would take [\d.]+ kB, more than 'max_memory', "
        r"1.0 kB. Draw fewer images \(labels, min_samples, max_rows\), or give a larger 'max_m"
    )
    with pytest.raises(MemoryLimitError, match=said):
        model.plot(layout="columns", max_memory=1000)
    assert not plt.get_fignums()


def test_the_limit_is_the_size_of_the_picture(model):
    n_bytes = picture(model.plot(layout="columns")[1]).nbytes
    model.plot(layout="columns", max_memory=n_bytes)
    with pytest.raises(MemoryLimitError):
        model.plot(layout="columns", max_memory=n_bytes - 1)


def test_a_million_images_are_refused_before_they_are_touched():
    images = np.broadcast_to(np.uint8(0), (3_000_000, 100, 100, 3))
    with pytest.raises(MemoryLimitError, match="3,000,000 images in 2 clusters"):
        plot_columns(images, np.arange(3_000_000) % 2)


@pytest.mark.parametrize(
    "labels",
    [
        [0],
        [0, 0, 1],
        [0] * 700 + [1] * 300,
        np.repeat(np.arange(100), [200, *[5] * 30, *[1] * 69]),
        np.arange(900) // 2,
        np.repeat([0, 1], [3000, 5]),
    ],
)
def test_figures_of_any_clustering_have_a_sensible_size_and_readable_words(build, labels):
    fig, ax = build(labels).plot(layout="columns", min_samples=1)
    wide, high = fig.get_size_inches()
    assert 4 <= wide <= 46 and 1 <= high <= 30
    assert high <= 2.5 * wide
    fig.canvas.draw()
    frame = fig.bbox
    boxes = [text.get_window_extent() for text in (*ax.texts, ax.title)]
    assert all(box.x0 >= -1 and box.x1 <= frame.x1 + 1 and box.y1 <= frame.y1 for box in boxes)
    names = sorted(ax.texts[1::2], key=lambda text: (-text.xy[1], text.xy[0]))
    assert min((text.get_fontsize() for text in names), default=9) >= 5
    rows = [(text.xy[1], text.get_window_extent()) for text in names]
    for (above, one), (same, other) in zip(rows, rows[1:], strict=False):
        assert above != same or one.x1 <= other.x0


def test_hundreds_of_clusters_go_on_below_each_other(build):
    _, ax = build(np.arange(900) // 3).plot(layout="columns")
    lines = {text.xy[1] for text in ax.texts}
    assert len(lines) >= 4
    assert ax.get_title().endswith("(above each: its label, its size)")
    assert words(ax)[0] == ("0", "3")


def test_a_short_heading_tells_the_size_of_the_cluster_not_what_is_shown(build):
    _, ax = build(np.arange(900) // 10).plot(layout="columns", max_rows=6)
    assert words(ax)[0] == ("0", "10")


@pytest.mark.parametrize("shape", [(8, 8), (5, 30), (30, 5), (12, 8, 3), (200, 3), (1, 1)])
def test_every_shape_of_image_is_drawn_in_its_proportions(build, shape):
    fig, ax = build([0] * 9 + [1] * 4, shape=shape).plot(layout="columns")
    assert ax.get_aspect() == 1
    assert fig.get_size_inches().max() <= 46
    fig.canvas.draw()


def test_on_given_axes(model):
    fig, axes = plt.subplots(1, 2, figsize=(12, 5))
    drawn, ax = model.plot(layout="columns", ax=axes[1])
    assert drawn is fig and ax is axes[1]
    assert plt.get_fignums() == [fig.number]
    fig.canvas.draw()
    inside = axes[1].get_window_extent()
    for text in ax.texts:
        box = text.get_window_extent()
        assert inside.x0 - 1 <= box.x0 and box.x1 <= inside.x1 + 1


def test_gray_images_take_a_colour_map(model):
    _, plain = model.plot(layout="columns", labels=2)
    _, mapped = model.plot(layout="columns", labels=2, cmap="binary")
    above = round(plain.texts[0].xy[1] + 0.5) + 10
    np.testing.assert_array_equal(np.sort(picture(plain)[above:].ravel())[[0, -1]], [0, 255])
    assert (picture(plain)[above:] != picture(mapped)[above:]).any()


def test_nothing_left_to_draw_is_said_in_the_log(model, caplog):
    with caplog.at_level(logging.WARNING, logger="clustimage"):
        _, ax = model.plot(layout="columns", min_samples=31)
    assert not ax.images and ax.get_title() == "No cluster to draw"
    assert "at least 31 images" in caplog.text


@pytest.mark.parametrize(
    "options, said",
    [
        ({"layout": "column"}, "'layout'.*Did you mean 'columns'"),
        ({"max_rows": 0}, "'max_rows'.*0"),
        ({"max_memory": 0}, "'max_memory'.*0"),
        ({"max_memory": "1GB"}, "'max_memory'"),
        ({"labels": [7]}, "'labels'.*Got 7"),
        ({"cmap": "grey5"}, "'cmap'"),
        ({"ncols": 3}, "'ncols' cannot be combined with layout='columns'. Got 3"),
        ({"show_hog": True}, "'show_hog' cannot be combined with layout='columns'"),
        (
            {"layout": "clusters", "max_rows": 3},
            "'max_rows' cannot be combined with layout='clusters'",
        ),
    ],
)
def test_wrong_values_are_named(model, options, said):
    with pytest.raises(InvalidParameterError, match=said):
        model.plot(**{"layout": "columns", **options})
    assert not plt.get_fignums()


def test_before_clustering_the_step_is_named(model):
    model.results["labels"] = None
    with pytest.raises(StepOrderError, match="cluster"):
        model.plot(layout="columns")


def test_each_image_needs_a_label():
    with pytest.raises(InvalidDataError, match="3 images and 2 labels"):
        plot_columns(np.zeros((3, 2, 2), dtype=np.uint8), np.zeros(2, dtype=int))

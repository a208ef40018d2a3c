"""The map."""

from __future__ import annotations

import logging

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.offsetbox import AnnotationBbox
from matplotlib.patches import ConnectionPatch
from sklearn.preprocessing import FunctionTransformer

from clustimage._core import errors
from clustimage._core.step_order import StepOrderError
from clustimage.plotting import draw_map, palette
from clustimage.plotting._colors import NOISE


def boxes(ax):
    return [artist for artist in ax.artists if isinstance(artist, AnnotationBbox)]


def words(ax):
    return [t.get_text() for t in ax.texts]


def dots(ax):
    return [c for c in ax.collections if hasattr(c, "get_offsets") and len(c.get_offsets()) > 1]


def test_dots_are_coloured_by_cluster_and_gray_where_there_is_none(model):
    fig, ax = model.scatter(zoom=None)
    noise, clustered = dots(ax)
    assert {to_hex(c) for c in noise.get_facecolor()} == {NOISE}
    assert [to_hex(c) for c in clustered.get_facecolor()[[0, 30, 50]]] == [
        c.lower() for c in palette(3)
    ]
    np.testing.assert_allclose(clustered.get_offsets(), model.results["xycoord"][:56], rtol=1e-6)
    assert ax.get_title() == "60 images in 3 clusters, 4 unclustered"
    assert fig.axes == [ax]


def test_each_cluster_has_one_picture_and_one_number(model):
    _, ax = model.scatter()
    assert len(boxes(ax)) == 3 and words(ax) == ["0", "1", "2"]
    assert all(t.get_path_effects() for t in ax.texts)
    assert [to_hex(b.patch.get_facecolor()) for b in boxes(ax)] == [c.lower() for c in palette(3)]
    np.testing.assert_allclose(boxes(ax)[0].xy, model.results_unique["xycoord_center"][0])


@pytest.mark.parametrize("img_mean", [True, False])
def test_the_picture_is_the_average_or_the_unique_image(model, img_mean):
    _, ax = model.scatter(img_mean=img_mean)
    shown = np.asarray(boxes(ax)[1].offsetbox.get_data())[..., 0]
    step = len(shown) // 8
    rows = model.results["img"][30:50]
    expected = np.rint(rows.mean(axis=0)) if img_mean else rows[0]
    np.testing.assert_array_equal(shown[::step, ::step], expected.reshape(8, 8))


@pytest.mark.parametrize("zoom, points", [(0.3, 30), (4, 32), (10, 80)])
@pytest.mark.parametrize("dpi", [50, 200])
def test_pictures_have_a_size_in_points_whatever_the_resolution(model, zoom, points, dpi):
    fig, ax = model.scatter(zoom=zoom)
    fig.set_dpi(dpi)
    fig.canvas.draw()
    extent = boxes(ax)[0].offsetbox.get_window_extent(fig.canvas.get_renderer())
    assert extent.width * 72 / dpi == pytest.approx(points, abs=0.5)


def test_zoom_none_and_text_false_leave_the_dots(model):
    _, ax = model.scatter(zoom=None, text=False)
    assert not boxes(ax) and not words(ax) and not ax.images
    _, ax = model.scatter(zoom=None, plt_all=True)
    assert not ax.images and len(dots(ax)) == 2


def test_all_thumbnails_are_one_picture(model):
    _, ax = model.scatter(plt_all=True)
    assert len(ax.images) == 1 and not boxes(ax) and not dots(ax)
    picture = np.asarray(ax.images[0].get_array())
    assert picture.shape[2] == 4 and set(np.unique(picture[..., 3])) == {0, 255}


def test_thumbnails_lie_where_their_dots_would(build):
    model = build([0] * 40, shape=(8, 8))
    model.results["img"][:] = 200
    _, ax = model.scatter(plt_all=True, zoom=1.5)
    image = ax.images[0]
    x0, x1, y0, y1 = image.get_extent()
    alpha = np.asarray(image.get_array())[..., 3]
    x, y = model.results["xycoord"].T
    cols = ((x - x0) / (x1 - x0) * alpha.shape[1]).astype(int)
    rows = ((y1 - y) / (y1 - y0) * alpha.shape[0]).astype(int)
    assert (alpha[rows, cols] == 255).all()
    assert x0 < x.min() and x1 > x.max() and y0 < y.min() and y1 > y.max()
    limits = ax.get_xlim() + ax.get_ylim()
    assert limits[0] <= x0 and x1 <= limits[1] and limits[2] <= y0 and y1 <= limits[3]


def test_thumbnails_of_many_images_are_one_picture(build):
    _, ax = build(np.arange(3000) % 7, shape=(4, 6, 3)).scatter(plt_all=True)
    assert len(ax.images) == 1 and max(ax.images[0].get_array().shape) <= 4200


@pytest.fixture
def crowded(build):
    """Three thousand images on a map, each of the shade of its number."""
    model = build(np.arange(3000) % 7, shape=(8, 8))
    model.results["img"][:] = (np.arange(3000) % 251).astype(np.uint8)[:, None]
    return model


def test_of_many_images_one_is_drawn_for_each_place_and_the_others_are_dots(crowded, caplog):
    with caplog.at_level(logging.INFO, logger="clustimage"):
        fig, ax = crowded.scatter(plt_all=True, zoom=1.5)
    n_drawn = 3000 - len(dots(ax)[0].get_offsets())
    assert 50 < n_drawn < 2000
    assert ax.get_title() == f"3,000 images in 7 clusters: showing {n_drawn:,}, evenly over the map"
    assert [record.getMessage() for record in caplog.records] == [
        f"Drawing {n_drawn:,} of 3,000 images: one for each position, evenly over the map. "
        "A larger max_images= draws more, max_images=None all."
    ]
    # Wherever there is a dot, there is an image near by.
    image = ax.images[0]
    alpha = np.asarray(image.get_array())[..., 3] > 0
    x0, x1, y0, y1 = image.get_extent()
    x, y = dots(ax)[0].get_offsets().T
    cols = ((x - x0) / (x1 - x0) * alpha.shape[1]).astype(int)
    rows = ((y1 - y) / (y1 - y0) * alpha.shape[0]).astype(int)
    side = round(12 * alpha.shape[1] / ((x1 - x0) * unit_length(fig, ax)))
    near = [
        alpha[max(0, r - side) : r + side, max(0, c - side) : c + side].any()
        for r, c in zip(rows.tolist(), cols.tolist(), strict=True)
    ]
    assert all(near)


def unit_length(fig, ax):
    """Return the points of a unit of the map."""
    fig.canvas.draw()
    return ax.get_window_extent().width * 72 / fig.dpi / np.diff(ax.get_xlim())[0]


@pytest.mark.parametrize("limit", [1, 40, 700, 2500])
def test_a_number_of_images_is_drawn_as_asked_for(crowded, limit):
    _, ax = crowded.scatter(plt_all=True, max_images=limit)
    n_drawn = 3000 - sum(len(found.get_offsets()) for found in ax.collections)
    assert 0.8 * limit <= n_drawn <= limit
    assert f"showing {n_drawn:,}, evenly over the map" in ax.get_title()


def test_up_to_the_limit_and_without_one_all_are_drawn_and_nothing_is_said(crowded, build, caplog):
    with caplog.at_level(logging.INFO, logger="clustimage"):
        for model, limit in ((crowded, None), (crowded, 3000), (build([0] * 2000), "auto")):
            _, ax = model.scatter(plt_all=True, max_images=limit)
            assert not dots(ax) and "showing" not in ax.get_title()
    assert caplog.records == []


def test_which_images_are_drawn_is_always_the_same(crowded):
    one, two = (crowded.scatter(plt_all=True)[1].images[0].get_array() for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_images_without_a_place_are_not_among_those_drawn(crowded):
    crowded.results["xycoord"][::2] = np.nan
    _, ax = crowded.scatter(plt_all=True, max_images=100)
    n_dots = sum(len(found.get_offsets()) for found in ax.collections)
    assert 1400 <= n_dots < 1500


def test_sixty_thousand_dots_are_one_artist_and_small(build):
    model = build(np.arange(60_000) % 25, shape=(2, 2))
    _, ax = model.scatter(zoom=None, legend=True)
    (found,) = dots(ax)
    assert len(found.get_offsets()) == 60_000 and found.get_rasterized()
    assert found.get_sizes().tolist() == pytest.approx([15 * 12**-0.75])


def test_legend_lists_every_cluster_beside_the_map(model, build):
    fig, ax = model.scatter(legend=True)
    entries = [t.get_text() for t in ax.get_legend().get_texts()]
    assert entries == ["0 (30)", "1 (20)", "2 (6)", "none, -1 (4)"]
    fig.canvas.draw()
    box = ax.get_legend().get_window_extent()
    assert box.x0 >= ax.get_window_extent().x1 and box.x1 <= fig.bbox.x1
    assert model.scatter()[1].get_legend() is None
    fig, ax = build(np.arange(70).repeat(2)).scatter(legend=True)
    fig.canvas.draw()
    entries = [t.get_text() for t in ax.get_legend().get_texts()]
    assert len(entries) == 61 and entries[-1] == "and 10 more"
    assert ax.get_legend().get_window_extent().x1 <= fig.bbox.x1


def reach(ax):
    return ax.get_legend().get_window_extent()


@pytest.mark.parametrize("clusters, listed", [(4, 4), (12, 12), (58, None)])
@pytest.mark.parametrize("figsize", [(4, 3), (11, 8.5)])
def test_a_legend_fits_into_a_figure_of_any_size(build, clusters, listed, figsize):
    fig, ax = build(np.arange(clusters).repeat(3)).scatter(legend=True, figsize=figsize)
    fig.canvas.draw()
    box, entries = reach(ax), [t.get_text() for t in ax.get_legend().get_texts()]
    assert ax.get_window_extent().x1 < box.x0 and box.x1 <= fig.bbox.x1 and box.y0 >= 0
    assert len(entries) == (listed or len(entries))
    named = [entry for entry in entries if not entry.startswith("and")]
    assert len(named) == clusters or entries[-1] == f"and {clusters - len(named)} more"
    for words in (ax.title, ax.xaxis.label, ax.yaxis.label):
        spot = words.get_window_extent()
        assert spot.x0 >= 0 and spot.x1 <= fig.bbox.x1 and spot.y0 >= 0 and spot.y1 <= fig.bbox.y1


@pytest.mark.parametrize("layout", [None, "constrained", "tight"])
def test_a_legend_leaves_the_neighbours_of_given_axes_alone(model, layout):
    fig, axes = plt.subplots(1, 3, figsize=(12, 4), layout=layout)
    for ax in axes:
        model.scatter(ax=ax, legend=True)
    fig.canvas.draw()
    for ax, neighbour in zip(axes, axes[1:], strict=False):
        assert ax.get_window_extent().x1 <= reach(ax).x0
        assert reach(ax).x1 <= neighbour.get_window_extent().x0
    assert reach(axes[-1]).x1 <= fig.bbox.x1


def test_density_draws_shades_behind_the_dots(model):
    plain, shaded = model.scatter(zoom=None)[1], model.scatter(zoom=None, density=True)[1]
    assert len(shaded.collections) > len(plain.collections)
    assert min(c.get_zorder() for c in shaded.collections) < 1


@pytest.mark.parametrize("place", ["one", "line", "two"])
def test_density_of_places_without_area_draws_none(build, place):
    n = {"one": 5, "line": 5, "two": 2}[place]
    model = build([0] * n)
    xy = np.zeros((n, 2), dtype=np.float32)
    if place == "line":
        xy[:, 0] = xy[:, 1] = np.arange(n)
    model.results["xycoord"] = xy
    _, ax = model.scatter(density=True)
    assert len(ax.collections) == 1


def test_queries_are_stars_with_their_names(model):
    model.find([0, 40], k=5)
    _, ax = model.scatter()
    stars = ax.collections[-1]
    np.testing.assert_allclose(
        stars.get_offsets(), model.results["xycoord"][[0, 40]].astype(float), rtol=1e-6
    )
    assert words(ax)[-2:] == ["query_0.png", "query_40.png"]


def test_names_of_many_queries_do_not_meet_and_stay_inside(model):
    model.find(list(range(50)), k=3)
    fig, ax = model.scatter(text=False)
    fig.canvas.draw()
    spots = [t.get_window_extent() for t in ax.texts]
    frame = ax.get_window_extent()
    assert 2 <= len(spots) <= 20 and len(ax.collections[-1].get_offsets()) == 50
    assert not any(a.overlaps(b) for i, a in enumerate(spots) for b in spots[:i])
    assert all(frame.x0 <= spot.x0 and spot.x1 <= frame.x1 for spot in spots)


def test_the_name_of_one_query_is_written_even_where_there_is_no_room(model):
    model.find([0], k=3)
    assert words(model.scatter(text=False, figsize=(1, 1))[1]) == ["query_0.png"]


def test_places_of_queries_that_the_embedding_tells_are_used(model):
    model.find([0], k=5)
    model._state.embedder = FunctionTransformer(lambda rows: np.array([[1.5, -2.5]]))
    stars = model.scatter()[1].collections[-1]
    np.testing.assert_allclose(stars.get_offsets(), [[1.5, -2.5]])


def test_given_axes_are_drawn_on(model):
    fig, axes = plt.subplots(1, 2, sharex=True, sharey=True)
    assert model.scatter(ax=axes[0], legend=True) == (fig, axes[0])
    assert plt.get_fignums() == [fig.number]
    assert axes[0].get_aspect() == 1
    fig.canvas.draw()


def test_the_size_of_a_new_figure(model):
    assert model.scatter(figsize=(4, 3))[0].get_size_inches().tolist() == [4, 3]
    assert model.scatter()[0].get_size_inches().tolist() == [11, 8.5]


def test_a_size_for_given_axes_is_refused(model):
    fig, ax = plt.subplots()
    with pytest.raises(errors.InvalidParameterError, match="'figsize'.*'ax'"):
        model.scatter(figsize=(4, 3), ax=ax)


def test_settings_of_the_user_for_layouts_change_nothing(model):
    with plt.rc_context({"figure.constrained_layout.use": True}):
        fig, ax = model.scatter(legend=True)
        fig.canvas.draw()
    assert fig.get_layout_engine() is None


def test_axes_are_equal_and_quiet(model):
    fig, ax = model.scatter()
    fig.canvas.draw()
    box = ax.get_window_extent()
    x, y = np.diff(ax.get_xlim())[0], np.diff(ax.get_ylim())[0]
    assert x / box.width == pytest.approx(y / box.height)
    assert len(ax.get_xticks()) == len(ax.get_yticks()) == 0
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("t-SNE 1", "t-SNE 2")


def test_no_picture_is_cut_at_the_border(model):
    fig, ax = model.scatter(zoom=8)
    fig.canvas.draw()
    frame = ax.get_window_extent()
    for box in boxes(ax):
        extent = box.offsetbox.get_window_extent(fig.canvas.get_renderer())
        assert frame.x0 <= extent.x0 and extent.x1 <= frame.x1
        assert frame.y0 <= extent.y0 and extent.y1 <= frame.y1


@pytest.mark.parametrize("clusters, figsize", [(1, (4, 3)), (12, (11, 8.5)), (20, (4, 3))])
def test_large_pictures_shrink_to_fit_the_map(build, clusters, figsize):
    model = build(np.arange(clusters).repeat(3), shape=(128, 96, 3))
    fig, ax = model.scatter(zoom=1.5, figsize=figsize)
    fig.canvas.draw()
    frame = ax.get_window_extent()
    spots = [box.get_window_extent(fig.canvas.get_renderer()) for box in boxes(ax)]
    assert len(spots) == clusters
    assert all(frame.x0 <= spot.x0 and spot.x1 <= frame.x1 for spot in spots)
    assert all(frame.y0 <= spot.y0 and spot.y1 <= frame.y1 for spot in spots)
    assert not any(a.overlaps(b) for i, a in enumerate(spots) for b in spots[:i])
    image = model.scatter(zoom=9, plt_all=True, figsize=figsize)[1].images[0]
    x0, x1, y0, y1 = image.get_extent()
    limits = image.axes.get_xlim() + image.axes.get_ylim()
    assert limits[0] <= x0 and x1 <= limits[1] and limits[2] <= y0 and y1 <= limits[3]


@pytest.mark.parametrize("options", [{}, {"plt_all": True}, {"density": True}, {"zoom": None}])
@pytest.mark.parametrize("labels", [[0], [0, 0], [-1, -1, -1], [0, 1]])
def test_very_few_images(build, labels, options):
    fig, ax = build(labels, shape=(6, 9, 3)).scatter(**options)
    fig.canvas.draw()
    assert ax.get_title().startswith(f"{len(labels)} image")


def test_equal_places_are_one_place(build):
    model = build([0] * 5 + [1] * 5)
    model.results["xycoord"][:] = 3
    fig, ax = model.scatter()
    fig.canvas.draw()
    extents = [b.offsetbox.get_window_extent(fig.canvas.get_renderer()) for b in boxes(ax)]
    assert not extents[0].overlaps(extents[1])


def test_images_without_a_place_are_counted(build):
    model = build([0] * 5 + [1] * 5)
    model.results["xycoord"][5:] = np.nan
    for options in ({}, {"plt_all": True}, {"density": True}):
        fig, ax = model.scatter(**options)
        fig.canvas.draw()
        assert "5 without a position" in ax.get_title() and "1" not in words(ax)


def test_at_most_a_hundred_pictures(build):
    _, ax = build(np.arange(130).repeat(2)).scatter()
    assert len(boxes(ax)) == 100 == len(words(ax))


def test_pictures_of_sixty_clusters_do_not_cover_each_other(build):
    fig, ax = build(np.arange(60).repeat(3), shape=(6, 9, 3)).scatter()
    fig.canvas.draw()
    spots = [b.offsetbox.get_window_extent(fig.canvas.get_renderer()) for b in boxes(ax)]
    covered = sum(a.overlaps(b) for i, a in enumerate(spots) for b in spots[:i])
    assert len(spots) == 60 and covered == 0


def leaders(ax):
    return [artist for artist in ax.patches if isinstance(artist, ConnectionPatch)]


@pytest.mark.parametrize("dpi", [60, 150])
def test_pictures_of_tight_clusters_leave_most_dots_visible(build, dpi):
    model = build(np.arange(12).repeat(25), shape=(32, 32, 3))
    # Groups of some twenty points across, under pictures of thirty-eight.
    model.results["xycoord"] /= 3
    middle = model.unique()["xycoord_center"][model.results["labels"]]
    model.results["xycoord"] = middle + (model.results["xycoord"] - middle) * 0.5
    fig, ax = model.scatter(zoom=1.2)
    fig.set_dpi(dpi)
    fig.canvas.draw()
    seen = ax.transData.transform(dots(ax)[0].get_offsets())
    spots = [box.get_window_extent(fig.canvas.get_renderer()) for box in boxes(ax)]
    hidden = np.array([[spot.contains(*dot) for dot in seen] for spot in spots]).any(axis=0)
    assert len(spots) == 12 and hidden.mean() < 0.1
    assert len(leaders(ax)) == 12 and len(words(ax)) == 12
    covered = sum(a.overlaps(b) for i, a in enumerate(spots) for b in spots[:i])
    assert covered == 0


def test_a_leader_joins_the_centre_and_its_picture_whatever_the_resolution(build):
    model = build([0] * 25 + [1] * 2, shape=(32, 32, 3))
    model.results["xycoord"][:25] *= 0.01
    model.results["xycoord"][25:] = [[0, 9], [9, 0]]
    fig, ax = model.scatter()
    for dpi in (50, 200):
        fig.set_dpi(dpi)
        fig.canvas.draw()
        (line,) = leaders(ax)
        ends = line.get_transform().transform(line.get_path().vertices)
        center = ax.transData.transform(model.results_unique["xycoord_center"][0])
        spot = boxes(ax)[0].get_window_extent(fig.canvas.get_renderer())
        np.testing.assert_allclose(ends[0], center, atol=2)
        np.testing.assert_allclose(
            ends[-1], [(spot.x0 + spot.x1) / 2, (spot.y0 + spot.y1) / 2], atol=3
        )


@pytest.mark.parametrize(
    "options, words",
    [
        ({"zoom": 0}, "'zoom'"),
        ({"zoom": "big"}, "'zoom'.*'big'"),
        ({"dotsize": -1}, "'dotsize'"),
        ({"legend": "yes"}, "'legend'"),
        ({"plt_all": 3}, "'plt_all'"),
        ({"density": None}, "'density'"),
        ({"text": "no"}, "'text'"),
        ({"cmap": "nosuch"}, "'cmap'"),
        ({"max_images": 0}, "'max_images'.*Got 0"),
        ({"max_images": "all"}, "'max_images'.*'auto'. Got 'all'"),
        ({"ax": 5}, "'ax'"),
        ({"figsize": 3}, "'figsize'.*inches.*3"),
        ({"figsize": (3, 4, 5)}, "'figsize'"),
        ({"figsize": (3, 0)}, "'figsize'"),
        ({"figsize": ("a", 3)}, "'figsize'.*'a'"),
    ],
)
def test_wrong_values_are_named(model, options, words):
    with pytest.raises(errors.InvalidParameterError, match=words):
        model.scatter(**options)
    assert not plt.get_fignums()


@pytest.mark.parametrize("key, step", [("labels", "cluster"), ("xycoord", "embedding")])
def test_before_its_steps_the_step_is_named(model, key, step):
    model.results[key] = None
    with pytest.raises(StepOrderError, match=step):
        model.scatter()


def test_coordinates_and_labels_have_to_match():
    with pytest.raises(errors.InvalidDataError, match=r"\(4, 3\) and 4 labels"):
        draw_map(np.zeros((4, 3)), np.zeros(4, dtype=int))


def test_arrays_alone_make_a_map():
    _, ax = draw_map(np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) % 2)
    assert words(ax) == ["0", "1"]


def test_digits(digits_model):
    fig, ax = digits_model.scatter(zoom=4, img_mean=False, legend=True, density=True)
    fig.canvas.draw()
    assert ax.get_title() == "1,797 images in 10 clusters" and len(boxes(ax)) == 10


@pytest.mark.parametrize("limit", [5, None])
def test_a_number_of_images_needs_images(model, limit):
    words = f"'max_images' is for plt_all=True.*Got {limit} without it. Add plt_all=True"
    with pytest.raises(errors.InvalidParameterError, match=words):
        model.scatter(max_images=limit)

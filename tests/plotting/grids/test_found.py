"""Queries and what was found for them."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from matplotlib.colors import to_hex

from clustimage._core import errors
from clustimage._core.step_order import StepOrderError
from clustimage.plotting import palette, plot_hits, position_queries
from clustimage.plotting.grids._found import QUERY


def test_one_axes_per_query_in_one_figure(model):
    model.find([0, 40], k=5)
    fig, axes = model.plot_find()
    assert fig.axes == list(axes) and axes.shape == (2,)
    assert [ax.get_title() for ax in axes] == [
        "Nearest to query_0.png: 5 images",
        "Nearest to query_40.png: 5 images",
    ]
    assert [len(ax.images) for ax in axes] == [1, 1]


def test_the_query_is_first_then_the_hits_with_their_numbers(model):
    found = model.find([3], k=4)
    _, axes = model.plot_find()
    words = [t.get_text().split("\n") for t in axes[0].texts]
    table = found["query_3.png"]
    assert words[0] == ["query_3.png", "query"]
    assert words[1] == ["image_0003.png", "d 0, p < 0.001", "cluster 0"]
    assert words[4][1] == f"d {table['distance'].iloc[3]:.3g}, p 0.050"
    edges = [to_hex(c) for c in axes[0].collections[0].get_edgecolor()]
    assert edges == [QUERY.lower()] + [palette(1)[0].lower()] * 4


def test_files_of_one_name_are_told_apart_by_their_folders(model):
    found = model.find([3], k=4)
    table = found["query_3.png"]
    table["y_filenames"] = ["1.png", "1.png", "2.png", "3.png"]
    table["y_pathnames"] = ["/a/cat/1.png", "/a/cat/1.png", "/a/dog/2.png", "/a/dog/3.png"]
    first = [t.get_text().split("\n")[0] for t in model.plot_find()[1][0].texts]
    assert first == ["query_3.png", "1.png", "1.png", "2.png", "3.png"]
    table["y_pathnames"] = ["/a/cat/1.png", "/a/dog/1.png", "/a/dog/2.png", "/a/dog/3.png"]
    first = [t.get_text().split("\n")[0] for t in model.plot_find()[1][0].texts]
    assert first == ["query_3.png", "cat/1.png", "dog/1.png", "dog/2.png", "dog/3.png"]


@pytest.mark.parametrize("k", [3, 15, 47])
def test_captions_are_read_and_not_cut_and_do_not_meet(model, k):
    model.results["filenames"][:] = "MMM…_a_long_name_of_a_file_that_is_cut.png"
    table = model.find([3], k=k)["query_3.png"]
    table["distance"], table["y_proba"] = 12345.6, 0.0
    fig, axes = model.plot_find()
    fig.canvas.draw()
    captions = axes[0].texts[1:]
    assert all("d 12,346, p < 0.001" in t.get_text().split("\n") for t in captions)
    assert all(t.get_fontsize() >= 7.5 for t in captions)
    spots = [t.get_window_extent() for t in captions]
    assert all(a.x1 < b.x0 for a, b in zip(spots, spots[1:], strict=False) if a.y0 == b.y0)


def test_pictures_are_those_of_query_and_hits(model):
    model.find([3], k=4)
    picture = np.asarray(model.plot_find()[1][0].images[0].get_array())
    tiles = [picture[4:68:8, x : x + 64 : 8, 0] for x in (4, 72)]
    np.testing.assert_array_equal(tiles[0], model.results["img"][3].reshape(8, 8))
    np.testing.assert_array_equal(tiles[1], tiles[0])


def test_without_the_pictures_of_the_queries_only_hits_are_drawn(model):
    model.find([3], k=4, pixels=False)
    assert len(model.plot_find()[1][0].texts) == 4


def test_unclustered_hits_and_missing_probabilities(model):
    table = model.find([58], k=2)["query_58.png"]
    table["y_proba"] = np.nan
    _, axes = model.plot_find()
    assert axes[0].texts[1].get_text().split("\n")[1:] == ["d 0", "unclustered (-1)"]


def test_a_query_without_hits_is_said(model):
    found = model.find([3, 4], k=4)
    found["query_3.png"] = found["query_3.png"].iloc[:0]
    for queries in (model._state.queries, None):
        model._state.queries = queries
        _, axes = model.plot_find()
        assert axes[0].get_title() == "Nearest to query_3.png: nothing found"


def test_more_hits_and_queries_than_fit_are_said(model):
    model.find([0], k=60)
    _, axes = model.plot_find()
    assert axes[0].get_title().endswith("showing 47 of 60 images") and len(axes[0].texts) == 48
    model.find(list(range(25)), k=30)
    fig, axes = model.plot_find()
    assert len(axes) == 20 and fig.texts[0].get_text() == "Showing 20 of 25 queries"
    assert axes[0].get_title().endswith("showing 23 of 30 images")


def test_how_many_are_shown_is_asked_for_and_said(model, caplog):
    model.find([0, 1, 2], k=30)
    with caplog.at_level(logging.INFO, logger="clustimage"):
        fig, axes = model.plot_find(max_images=4, max_queries=2)
    assert [len(ax.texts) for ax in axes] == [5, 5]
    assert fig.texts[0].get_text() == "Showing 2 of 3 queries"
    assert axes[0].get_title().endswith("showing 4 of 30 images")
    assert [record.getMessage().partition(". A")[0] for record in caplog.records] == [
        "Drawing 2 of 3 queries: the first ones",
        "Drawing 8 of 60 images found: the nearest 4 of each query",
    ]
    _, axes = model.plot_find(max_images=None, max_queries=None)
    assert [len(ax.texts) for ax in axes] == [31, 31, 31]
    with pytest.raises(errors.InvalidParameterError, match="'max_images'.*Got -1"):
        model.plot_find(max_images=-1)


def test_all_of_very_many_hits_fit_into_a_figure_that_can_be_saved(build):
    model = build([0] * 400, shape=(4, 4))
    model.find([0], k=400)
    fig, axes = model.plot_find(max_images=None)
    assert len(axes[0].texts) == 401 and axes[0].get_title().endswith(": 400 images")
    wide, high = fig.get_size_inches()
    assert wide <= 48 and high <= 48 and 0.4 < wide / high < 2.5


def test_rows_do_not_cover_each_other(model):
    model.find([0, 1, 40], k=12)
    fig, axes = model.plot_find()
    fig.canvas.draw()
    boxes = [ax.get_tightbbox() for ax in axes]
    assert boxes[0].y1 <= fig.bbox.y1 and boxes[-1].y0 >= -1
    assert all(a.y0 >= b.y1 for a, b in zip(boxes, boxes[1:], strict=False))


@pytest.mark.parametrize("n", [2, 13, 24])
def test_how_many_queries_are_drawn_stands_above_the_first_row(model, n):
    model.find(list(range(n + 1)), k=7)
    fig, axes = model.plot_find(max_queries=n)
    fig.canvas.draw()
    (words,) = fig.texts
    assert words.get_text() == f"Showing {n} of {n + 1} queries"
    box, row = words.get_window_extent(), axes[0].get_tightbbox()
    assert row.y1 <= box.y0 and box.y1 <= fig.bbox.y1


def test_before_find_the_step_is_named(model):
    with pytest.raises(StepOrderError, match=r"find\(\)"):
        model.plot_find()


def test_each_query_needs_an_image(model):
    found = model.find([0, 1], k=3)
    images = model.results["img"].reshape(-1, 8, 8)
    with pytest.raises(errors.InvalidDataError, match="2 tables, 1"):
        plot_hits(images, found, query_images=images[:1])
    with pytest.raises(errors.InvalidDataError, match="0 tables, no"):
        plot_hits(images, {"feat": found["feat"]})


def test_a_query_lies_at_the_weighted_mean_of_its_nearest(model):
    table = model.find([0], k=8)["query_0.png"]
    table["distance"] = [1.0, 2, 4, 8, 8, 9, 9, 9]
    xycoord = model.results["xycoord"].astype(float)
    weight = np.array([1, 1 / 2, 1 / 4, 1 / 8, 1 / 8]) / 2
    place = position_queries(model.results["predict"], xycoord)["query_0.png"]
    np.testing.assert_allclose(place, weight @ xycoord[table["y_idx"][:5]])


def test_a_query_that_is_in_the_set_lies_on_itself(model):
    model.find([7], k=8)
    place = position_queries(model.results["predict"], model.results["xycoord"])["query_7.png"]
    np.testing.assert_allclose(place, model.results["xycoord"][7])


def test_the_order_of_the_table_does_not_move_a_query(model):
    found = model.find([7], k=8)
    found["query_7.png"] = found["query_7.png"].iloc[::-1]
    place = position_queries(found, model.results["xycoord"])["query_7.png"]
    np.testing.assert_allclose(place, model.results["xycoord"][7])


def test_places_of_the_embedding_come_first(model):
    found = model.find([7, 8], k=3)
    places = position_queries(found, model.results["xycoord"], np.array([[1.0, 2], [np.nan, 0]]))
    assert list(places) == ["query_7.png"] and places["query_7.png"].tolist() == [1, 2]


def test_a_query_without_hits_has_no_place(model):
    found = model.find([7], k=3)
    found["query_7.png"] = found["query_7.png"].iloc[:0]
    assert position_queries(found, model.results["xycoord"]) == {}

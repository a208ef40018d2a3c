"""Which images are drawn where there are more than a picture can show."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage.plotting import (
    draw_dendrogram,
    draw_map,
    plot_clusters,
    plot_columns,
    plot_representatives,
)
from clustimage.plotting._limits import (
    apart,
    check_limit,
    nearest_first,
    one_per_cell,
    shares,
    spread_over_map,
)


@pytest.mark.parametrize("auto", [None, 7])
@pytest.mark.parametrize("value", [0, -3, np.int64(-1), 2.5, "all", True])
def test_what_is_no_limit_is_refused_with_all_that_is_one(value, auto):
    allowed = "a whole number of at least 1, None for no limit" + (", or 'auto'" if auto else "")
    with pytest.raises(InvalidParameterError) as info:
        check_limit("max_images", value, auto=auto)
    assert str(info.value) == f"'max_images' must be {allowed}. Got {value!r}."


@pytest.mark.parametrize("value", [0, -1, 2.5, "all"])
@pytest.mark.parametrize(
    ("plot", "name", "options", "auto"),
    [
        ("plot", "max_images", {}, True),
        ("plot", "max_images", {"layout": "columns"}, True),
        ("plot", "max_clusters", {}, False),
        ("plot", "max_rows", {"layout": "columns"}, False),
        ("plot_unique", "max_images", {}, False),
        ("plot_find", "max_images", {}, True),
        ("plot_find", "max_queries", {}, False),
        ("plot_faces", "max_photos", {}, False),
        ("plot_faces", "max_faces", {}, False),
        ("scatter", "max_images", {"plt_all": True}, True),
        ("scatter", "max_images", {}, True),
    ],
)
def test_every_plot_says_what_a_limit_may_be(model, value, plot, name, options, auto):
    model.find([0, 1], k=3)
    model._state.faces = {}
    allowed = "a whole number of at least 1, None for no limit" + (", or 'auto'" if auto else "")
    with pytest.raises(InvalidParameterError) as info:
        getattr(model, plot)(**options, **{name: value})
    assert str(info.value) == f"'{name}' must be {allowed}. Got {value!r}."


def test_large_numbers_are_written_with_separators():
    images, labels, tree = np.zeros((1, 2, 2), np.uint8), np.zeros(5501, int), [[0, 1, 1.0, 2]]
    for plot in (plot_clusters, plot_columns):
        with pytest.raises(InvalidDataError, match="Got 1 images and 5,501 labels"):
            plot(images, labels)
    with pytest.raises(InvalidDataError, match="and 5,501 labels"):
        draw_map(np.zeros((1, 2)), labels)
    with pytest.raises(InvalidDataError, match="Got 1, 5,501 and 5,501"):
        plot_representatives(images, labels, labels)
    with pytest.raises(InvalidDataError, match="2 leaves need 2 labels. Got 5,501"):
        draw_dendrogram(np.array(tree), labels_of_leaf=labels)


def test_auto_is_refused_where_it_is_nothing():
    with pytest.raises(InvalidParameterError, match="'n' must be a whole number.*Got 'auto'"):
        check_limit("n", "auto")


def test_limits_are_whole_numbers_auto_or_none():
    assert check_limit("n", np.int64(3)) == 3
    assert check_limit("n", "auto", auto=7) == 7
    assert check_limit("n", None, auto=7) is None


def test_distances_are_sampled_from_the_least_to_the_largest():
    distance = np.random.default_rng(0).permutation(1000).astype(float)
    found = distance[nearest_first(distance, 10)]
    np.testing.assert_array_equal(found, np.arange(10) * 111)
    assert nearest_first(distance, 1000).tolist() == np.argsort(distance).tolist()
    assert nearest_first(distance, 1)[0] == distance.argmin()


@pytest.mark.parametrize("seed", range(5))
def test_shares_are_in_proportion_and_never_more_than_there_is(seed):
    sizes = np.random.default_rng(seed).geometric(0.01, 30)
    for limit in (30, 31, 100, int(sizes.sum()) - 1, int(sizes.sum())):
        found = shares(sizes, limit)
        assert found.min() >= 1 and (found <= sizes).all()
        assert limit - 30 <= found.sum() <= limit
        assert np.abs(found - sizes * limit / sizes.sum()).max() <= 2 + 30 * sizes.max() / 1000


@pytest.fixture
def crowd():
    """Ten thousand points in one spot of a map, and a hundred all over it."""
    rng = np.random.default_rng(0)
    return np.r_[rng.normal(0.3, 0.01, (10_000, 2)), rng.uniform(0, 1, (100, 2))]


def cells(points, size):
    return {tuple(cell) for cell in np.floor((points - points.min(axis=0)) / size).tolist()}


def test_each_cell_of_the_map_has_one_image_nearest_to_its_middle(crowd):
    found = one_per_cell(crowd, (0.1, 0.1), 500)
    low = crowd.min(axis=0)
    number = np.floor((crowd - low) / 0.1).astype(int)
    assert len(found) == len(cells(crowd, 0.1)) == len({tuple(number[row]) for row in found})
    for row in found:
        rivals = crowd[(number == number[row]).all(axis=1)]
        middle = low + (number[row] + 0.5) * 0.1
        least = np.linalg.norm(rivals - middle, axis=1).min()
        assert np.linalg.norm(crowd[row] - middle) == pytest.approx(least)


@pytest.mark.parametrize("limit", [1, 5, 60, 300])
def test_cells_grow_until_there_are_no_more_than_the_limit(crowd, limit):
    found = one_per_cell(crowd, (0.001, 0.002), limit)
    assert 0.6 * limit <= len(found) <= limit and len(set(found.tolist())) == len(found)


def test_cells_may_be_smaller_where_more_images_are_asked_for(crowd):
    assert len(one_per_cell(crowd, (0.5, 0.5), 3000)) <= 9
    assert 2500 < len(one_per_cell(crowd, (0.5, 0.5), 3000, least=1e-4)) <= 3000


@pytest.mark.parametrize("points", [np.zeros((50, 2)), np.c_[np.arange(50), np.zeros(50)]])
def test_places_without_an_area_have_cells_too(points):
    found = one_per_cell(points, (1.0, 1.0), 10)
    assert 1 <= len(found) <= 10
    assert len(spread_over_map(points, 10)) == 10


def test_pictures_that_hide_much_of_one_before_are_left_out(crowd):
    kept = apart(crowd[:2000], (0.01, 0.02))
    x, y = (np.abs(crowd[kept][:, None] - crowd[kept]) / (0.01, 0.02)).transpose(2, 0, 1)
    shared = np.maximum(1 - x, 0) * np.maximum(1 - y, 0)
    np.fill_diagonal(shared, 0)
    assert kept[0] == 0 and shared.max() <= 0.4
    left = np.setdiff1d(np.arange(2000), kept)
    x, y = (np.abs(crowd[left][:, None] - crowd[kept]) / (0.01, 0.02)).transpose(2, 0, 1)
    assert (np.maximum(1 - x, 0) * np.maximum(1 - y, 0)).max(axis=1).min() > 0.4


def test_lonely_places_are_not_lost_in_a_crowd(crowd):
    found = spread_over_map(crowd, 300)
    assert len(found) == len(set(found.tolist())) == 300
    assert (np.diff(found) > 0).all()
    assert (found >= 10_000).sum() > 80
    assert cells(crowd[found], 1 / 8) == cells(crowd, 1 / 8)


def test_equal_places_are_chosen_evenly_over_their_order():
    found = spread_over_map(np.zeros((1000, 2)), 10)
    assert len(found) == 10 and found[0] == 0 and np.diff(found).max() < 200

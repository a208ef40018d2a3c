"""Groups of duplicates in rows: what is kept first and framed, below the others what differs."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from skimage.data import astronaut, chelsea

from clustimage import Clustimage, InvalidDataError, InvalidParameterError
from clustimage.plotting.grids._duplicate_grid import KEPT


@pytest.fixture(scope="module")
def groups(tmp_path_factory):
    """Two groups: a photo with a mirrored and a smaller copy, and a cat with a lighter one."""
    folder = tmp_path_factory.mktemp("album")
    photo, cat = Image.fromarray(astronaut()), Image.fromarray(chelsea())
    photo.save(folder / "a.png")
    photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "a mirrored.png")
    photo.resize((256, 256)).save(folder / "a small.png")
    cat.save(folder / "cat.png")
    cat.point(lambda value: min(255, value + 30)).save(folder / "cat lighter.png")
    return Clustimage(verbose="error").duplicates(str(folder), keep="largest")


@pytest.fixture
def cl():
    return Clustimage(verbose="error")


def words(ax):
    return [text.get_text().split("\n") for text in ax.texts]


def test_a_row_for_each_group_with_what_is_kept_first(cl, groups):
    fig, axes = cl.plot_duplicates(groups)
    assert fig.axes == list(axes)
    assert [ax.get_title("left") for ax in axes] == ["Group 0: 3 images", "Group 1: 2 images"]
    kept = groups[groups["keep"]]
    for ax, row in zip(axes, kept.itertuples(), strict=True):
        name = row.pathname.rpartition("/")[2]
        assert words(ax)[0][:2] == [name, "kept: most bytes"]
        assert words(ax)[0][2].startswith(f"{row.width} x {row.height}, ")


def test_below_each_copy_stands_how_it_differs(cl, groups):
    by_name = {some[0]: some[1:-1] for ax in cl.plot_duplicates(groups)[1] for some in words(ax)}
    assert by_name["a small.png"][-1].startswith("smaller (50%)")
    assert "mirrored" in {*by_name["a mirrored.png"], *by_name["a.png"]}
    assert {"lighter", "darker"} & {*by_name["cat.png"], *by_name["cat lighter.png"]}


def test_the_picture_that_is_kept_has_a_frame_and_no_other(cl, groups):
    _, axes = cl.plot_duplicates(groups.iloc[::-1])  # the kept one is last in its group here
    for ax in axes:
        picture = np.asarray(ax.images[0].get_array())
        green = (np.abs(picture[..., :3].astype(int) - KEPT) < 3).all(axis=2)
        columns = np.flatnonzero(green.any(axis=0))
        assert len(columns) and columns.max() < picture.shape[1] / 2
        assert green.mean() > 0.002


def test_what_is_left_out_is_said(cl, groups, caplog):
    cl.set_params(verbose="info")
    with caplog.at_level(logging.INFO, logger="clustimage"):
        fig, axes = cl.plot_duplicates(groups, max_groups=1, max_images=2)
    assert [ax.get_title("left") for ax in axes] == ["Group 0: 3 images, showing 2"]
    assert fig._suptitle.get_text() == "Showing 1 of 2 groups"
    assert "Drawing 1 of 2 groups: the first ones. A larger max_groups=" in caplog.text
    assert "Drawing 2 of 3 images: the first 2 of each group." in caplog.text
    assert len(words(axes[0])) == 2
    _, axes = cl.plot_duplicates(groups, max_groups=None, max_images=None)
    assert [len(words(ax)) for ax in axes] == [3, 2]


def test_a_file_that_is_gone_is_a_gray_tile(cl, groups):
    table = groups.assign(pathname=[f"gone/{i}.png" for i in range(len(groups))])
    _, axes = cl.plot_duplicates(table)
    picture = np.asarray(axes[0].images[0].get_array())
    assert (picture[..., :3] == 225).all(axis=2).mean() > 0.3


def test_arrays_that_were_imported_are_drawn(cl):
    photos = [astronaut(), astronaut()[:, ::-1], chelsea()]
    cl.set_params(dim=(64, 64))
    cl.import_data(photos)
    fig, axes = cl.plot_duplicates(cl.duplicates())
    picture = np.asarray(axes[0].images[0].get_array())
    assert len(axes) == 1 and len(words(axes[0])) == 2
    assert picture[..., :3].std() > 30


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        (lambda table: table.drop(columns=["kind", "width"]), InvalidDataError, "kind, width"),
        (lambda table: table.iloc[:0], InvalidDataError, "Without a group"),
        (lambda table: "photos", InvalidParameterError, "'groups' must be a table"),
    ],
)
def test_tables_that_are_none_are_refused(cl, groups, change, error, sentence):
    with pytest.raises(error, match=sentence):
        cl.plot_duplicates(change(groups))


@pytest.mark.parametrize("name", ["max_groups", "max_images"])
def test_limits_are_checked(cl, groups, name):
    with pytest.raises(InvalidParameterError, match=f"'{name}' must be a whole number"):
        cl.plot_duplicates(groups, **{name: 0})


def test_a_table_with_more_columns_is_drawn_in_the_order_of_its_groups(cl, groups):
    order = pd.concat([groups[groups["group"] == 1], groups[groups["group"] == 0]]).assign(x=1)
    titles = [ax.get_title("left") for ax in cl.plot_duplicates(order)[1]]
    assert titles == ["Group 1: 2 images", "Group 0: 3 images"]

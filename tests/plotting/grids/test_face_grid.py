"""Photos with boxes, and crops with eyes."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clustimage import Clustimage
from clustimage._core.errors import InvalidParameterError
from clustimage._core.step_order import StepOrderError
from clustimage.plotting import plot_faces


@pytest.fixture
def results(tmp_path):
    """Three photos with two, one and no face; sizes as `extract_faces` gives them."""
    paths = [tmp_path / name for name in ("wide.png", "high.png", "none.png")]
    for path, size in zip(paths, [(400, 200), (200, 400), (300, 300)], strict=True):
        Image.new("RGB", size, "teal").save(path)
    return {
        "pathnames": np.array([str(path) for path in paths], dtype=object),
        "filenames": np.array([path.name for path in paths], dtype=object),
        "pathnames_face": [["a", "b"], ["c"], []],
        "img": [np.zeros((n, 8 * 8 * 3), dtype=np.uint8) for n in (2, 1, 0)],
        "coord_faces": [
            np.array([[0, 0, 100, 100], [300, 100, 100, 100]]),
            np.array([[50, 50, 100, 100]]),
            np.zeros((0, 4), dtype=int),
        ],
        "coord_eyes": [
            [np.array([[0, 0, 50, 25], [50, 50, 50, 50]]), np.zeros((0, 4), dtype=int)],
            [np.array([[25, 25, 50, 50]])],
            [],
        ],
        "size_faces": [np.full((n, 2), 100) for n in (2, 1, 0)],
        "scores": [np.ones(n) for n in (2, 1, 0)],
    }


def outlines(ax):
    """Return width and height of the boxes on axes, in the order they were drawn."""
    (boxes,) = ax.collections
    corners = [path.vertices for path in boxes.get_paths()]
    return np.array([vertices.max(axis=0) - vertices.min(axis=0) for vertices in corners])


def test_photos_first_then_faces(results):
    figs, axes = plot_faces(results, (8, 8))
    assert len(figs) == len(axes) == 2
    assert axes[0].get_title() == "3 faces in 3 photos"
    assert axes[1].get_title() == "3 faces, 3 eyes found"
    assert [text.get_text() for text in axes[0].texts] == [
        "wide.png: 2 faces",
        "high.png: 1 face",
        "none.png: 0 faces",
    ]


def test_boxes_have_the_scale_of_their_photo(results):
    ax = plot_faces(results, (8, 8), eyes=False)[1][0]
    (wide, first), (same, _), (narrow, _) = outlines(ax)
    assert wide == pytest.approx(first, rel=0.02) and wide == pytest.approx(same)
    high = ax.images[0].get_array().shape[0]
    assert 0.1 * high < narrow < 0.3 * high


def test_eyes_have_the_scale_of_their_crop(results):
    ax = plot_faces(results, (8, 8), faces=False)[1][0]
    sizes = outlines(ax)
    np.testing.assert_allclose(sizes / sizes[1], [[1, 0.5], [1, 1], [1, 1]])


def test_a_photo_that_is_gone_is_a_gray_field(results):
    Path(results["pathnames"][1]).unlink()
    ax = plot_faces(results, (8, 8), eyes=False)[1][0]
    assert ax.texts[1].get_text() == "high.png: 1 face, photo not there"
    assert len(outlines(ax)) == 2


def test_without_faces_there_are_only_photos(results):
    results["coord_faces"] = [np.zeros((0, 4), dtype=int)] * 3
    figs, _ = plot_faces(results, (8, 8))
    assert len(figs) == 1


def test_many_photos_and_gray_faces(results):
    many = {
        name: np.tile(value, 40) if isinstance(value, np.ndarray) else value * 40
        for name, value in results.items()
    }
    many["img"] = [rows[:, :64] for rows in many["img"]]
    axes = plot_faces(many, (8, 8), cmap="binary")[1]
    assert axes[0].get_title() == "120 faces in 120 photos: showing 60 of the photos"
    assert axes[1].images[0].get_array()[..., 0].max() == 255


def test_how_many_are_drawn_is_asked_for_and_said(results, caplog):
    with caplog.at_level(logging.INFO, logger="clustimage"):
        axes = plot_faces(results, (8, 8), max_photos=2, max_faces=1)[1]
    assert axes[0].get_title() == "3 faces in 3 photos: showing 2 of the photos"
    assert axes[1].get_title() == "3 faces, 3 eyes found: showing 1 of the faces"
    assert [text.get_text() for text in axes[0].texts] == ["wide.png: 2 faces", "high.png: 1 face"]
    assert len(outlines(axes[1])) == 2
    assert [record.getMessage().partition(". ")[0] for record in caplog.records] == [
        "Drawing 2 of 3 photos: spread evenly over all",
        "Drawing 1 of 3 faces: spread evenly over all",
    ]
    axes = plot_faces(results, (8, 8), max_photos=None, max_faces=None)[1]
    assert axes[1].get_title() == "3 faces, 3 eyes found"
    with pytest.raises(InvalidParameterError, match="'max_faces'.*Got 0"):
        plot_faces(results, (8, 8), max_faces=0)


def test_wrong_values_are_told(results):
    with pytest.raises(InvalidParameterError, match="nothing to draw"):
        plot_faces(results, (8, 8), faces=False, eyes=False)
    with pytest.raises(InvalidParameterError, match="cmap"):
        plot_faces(results, (8, 8), cmap="grey scale")


def test_before_extract_faces_the_method_says_so():
    with pytest.raises(StepOrderError, match=r"extract_faces\(\) first"):
        Clustimage(verbose="error").plot_faces()

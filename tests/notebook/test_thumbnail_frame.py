"""A table whose pictures a notebook shows."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from clustimage import Clustimage, InvalidDataError
from clustimage.notebook import Thumbnail


@pytest.fixture(scope="module")
def fitted(digits):
    return Clustimage(embedding=None, verbose="error").fit(digits[0][:90], n_clusters=3)


def test_it_is_the_table_with_one_column_more(fitted):
    frame = fitted.to_frame(thumbnails=True)
    assert isinstance(frame, pd.DataFrame)
    pd.testing.assert_frame_equal(pd.DataFrame(frame.iloc[:, 1:]), fitted.to_frame())
    assert frame.columns[0] == "thumbnail" and str(frame["thumbnail"][0]) == "8 x 8 pixels"
    np.testing.assert_array_equal(frame["thumbnail"][4].pixels.ravel(), fitted.results["img"][4])
    assert "8 x 8 pixels" in frame.to_csv()


def test_what_is_selected_shows_its_pictures_too(fitted):
    frame = fitted.to_frame(thumbnails=True)
    assert frame._repr_html_().count("<img") == 10  # pandas cuts long tables
    assert frame[frame["label"] == 2].head(3)._repr_html_().count("<img") == 3
    joined = frame.merge(pd.DataFrame({"filename": ["image_0007"], "kind": ["<b>"]}))
    assert joined._repr_html_().count("<img") == 1 and "&lt;b&gt;" in joined._repr_html_()
    with pd.option_context("display.max_colwidth", 10):
        assert frame.head(2)._repr_html_().count("<img") == 2
    with pd.option_context("display.notebook_repr_html", False):
        assert frame._repr_html_() is None


def test_a_pickle_holds_the_pictures_and_nothing_else(fitted):
    frame = pickle.loads(pickle.dumps(fitted.to_frame(thumbnails=True).head(2)))
    assert frame._repr_html_().count("<img") == 2
    assert len(pickle.dumps(frame)) < 20_000


def test_pictures_are_as_they_were_read(tmp_path):
    Image.new("RGB", (90, 40), "red").save(tmp_path / "wide.png")
    Image.new("RGB", (40, 40), "blue").save(tmp_path / "square.png")
    cl = Clustimage(dim=(64, 64), verbose="error")
    cl.import_data(tmp_path)
    wide = next(p for p in cl.to_frame(thumbnails=True)["thumbnail"] if p.name == "wide.png")
    assert 'width="100" height="56"' in wide._repr_html_()
    assert "data:image/jpeg;base64," in wide._repr_html_()


def test_without_images_the_error_says_so(digits):
    cl = Clustimage(method="precomputed", embedding=None, verbose="error")
    cl.fit(features=digits[0][:20], n_clusters=2)
    with pytest.raises(InvalidDataError, match="features without images"):
        cl.to_frame(thumbnails=True)


def test_a_thumbnail_is_made_of_any_kind_of_image():
    for shape in [(1, 200, 300, 3), (1, 200, 300, 1), (1, 200, 300), (1, 1, 5000), (1, 5000, 1, 3)]:
        page = Thumbnail(np.zeros(shape, np.uint8), 0)._repr_html_()
        assert page.startswith('<img src="data:image/') and len(page) < 3_000

"""The object that stage 1 hands on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clustimage.images import Images, ImageStatus


def make() -> Images:
    names = np.array(["a", "b"], dtype=object)
    status = [
        ImageStatus("a", "ok", "", 30, 20),
        ImageStatus("x", "skipped", "does not exist"),
        ImageStatus("b", "ok", "", 5, 6),
    ]
    pixels = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)
    return Images(names, names, np.array([None, None], dtype=object), pixels, status)


def test_sizes():
    images = make()
    assert len(images) == images.n_images == 2
    assert images.shape == (4, 5, 3)


def test_flat_is_a_view_of_the_same_memory():
    images = make()
    assert images.flat.shape == (2, 60)
    assert np.shares_memory(images.flat, images.pixels)


def test_the_table_has_a_row_for_every_input():
    frame = make().status_frame()
    columns = ["pathname", "status", "reason", "width", "height"]
    columns += ["timestamp", "timestamp_from", "exif"]
    assert frame.columns.tolist() == columns
    assert frame["pathname"].tolist() == ["a", "x", "b"]
    assert frame["reason"].tolist() == ["", "does not exist", ""]
    assert frame["width"].tolist()[::2] == [30, 5] and frame["width"].isna().tolist()[1]
    assert isinstance(frame["height"].dtype, pd.Int64Dtype)

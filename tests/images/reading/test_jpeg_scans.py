"""JPEGs of several scans: their memory counts, and very many are refused."""

from __future__ import annotations

import io

import pytest
from _large_pictures import channels_apart, many_scans, saved
from PIL import Image

from clustimage._core.errors import ImageReadError
from clustimage._core.memory import Budget
from clustimage.images import imread, load_images
from clustimage.images.reading import _jpeg_scans
from clustimage.images.reading._jpeg_scans import has_scans


@pytest.mark.parametrize(
    ("content", "several"),
    [
        (saved("JPEG", (30, 20), "RGB"), False),
        (saved("JPEG", (30, 20), "L"), False),
        (saved("JPEG", (30, 20), "CMYK", comment=b"\xff\xda" * 9), False),
        (saved("JPEG", (30, 20), "L", progressive=True), True),
        (channels_apart(30, 20), True),
    ],
    ids=["colour", "gray", "four", "progressive", "channels apart"],
)
def test_scans_are_seen_before_decoding(content, several):
    with Image.open(io.BytesIO(content)) as picture:
        assert has_scans(picture, (30, 20)) is several
        picture.load()


def test_coefficients_count_where_channels_are_apart(tmp_path):
    (tmp_path / "a.jpg").write_bytes(channels_apart(4000, 3000))
    with pytest.raises(ImageReadError, match="4,000 x 3,000 pixels takes about 73"):
        load_images(tmp_path, dim=(100, 100), budget=Budget(60_000_000))
    assert imread(tmp_path / "a.jpg", dim=(1, 1)).size == 3


def test_many_scans_of_a_large_picture_are_refused_however_small_it_is_asked_for(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(_jpeg_scans, "MAX_SCANNED", 800 * 800 * 50)
    (tmp_path / "a.jpg").write_bytes(many_scans(800, 800, 60))
    with pytest.raises(ImageReadError, match=r"a JPEG of \d+ scans, which take too long"):
        imread(tmp_path / "a.jpg", dim=(9, 9))
    (tmp_path / "b.jpg").write_bytes(many_scans(800, 800, 9))
    assert imread(tmp_path / "b.jpg", dim=(9, 9)).size == 243

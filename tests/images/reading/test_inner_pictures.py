"""Pictures inside icons and textures are no larger than is allowed for."""

from __future__ import annotations

import io
import struct

import pytest
from _large_pictures import (
    EMPTY_ICON,
    boxed,
    coded_larger,
    icns,
    png,
    saved,
    texture,
    two_icons,
)
from PIL import Image

from clustimage._core.errors import ImageReadError
from clustimage.images import imread, load_images


def test_the_largest_picture_of_an_icon_counts_beside_a_bitmap_of_os2(tmp_path):
    (tmp_path / "a.ico").write_bytes(two_icons(png(3000, 2000)))
    with pytest.raises(ImageReadError, match="3,000 x 2,000 pixels are more than are decoded"):
        imread(tmp_path / "a.ico", max_pixels=5_000_000)
    assert imread(tmp_path / "a.ico", dim=(2, 2)).tolist() == [0] * 12


def test_what_begins_as_an_icon_and_is_none_is_read_as_what_it_is(tmp_path):
    head = struct.pack("<BBBHHBHHHHBB", 0, 0, 1, 0, 0, 0, 0, 0, 2, 2, 24, 0)
    (tmp_path / "a.tga").write_bytes(b"\0\0\x02\0" + head[4:] + b"\0\0\xff" * 4 + bytes(60))
    assert imread(tmp_path / "a.tga", dim=(1, 1)).tolist() == [255, 0, 0]
    # An entry that is no picture, and then one that Pillow would decode as it opens it.
    content = bytearray(two_icons(png(3000, 2000)))
    content[38:42] = struct.pack("<L", 20)
    (tmp_path / "a.ico").write_bytes(content)
    with pytest.raises(ImageReadError, match="no image in a format that is read here"):
        imread(tmp_path / "a.ico")


@pytest.mark.parametrize(
    ("inside", "before"),
    [(png(9000, 9), EMPTY_ICON), (boxed(saved("JPEG2000", (9000, 9), "L")), b"")],
    ids=["behind an empty part", "behind a box"],
)
def test_pictures_of_an_icon_of_apple_are_found_wherever_they_are(tmp_path, inside, before):
    (tmp_path / "a.icns").write_bytes(icns(inside, before=before))
    with pytest.raises(ImageReadError, match="an icon whose picture is 9,000 x 9 pixels"):
        imread(tmp_path / "a.icns")


def test_a_jpeg_in_a_texture_is_not_larger_than_the_texture(tmp_path):
    (tmp_path / "a.blp").write_bytes(texture(saved("JPEG", (16, 17), "RGB")))
    with pytest.raises(ImageReadError, match="a texture whose picture is 16 x 17 pixels"):
        imread(tmp_path / "a.blp")
    (tmp_path / "b.blp").write_bytes(texture(saved("JPEG", (16, 16), "RGB")))
    assert imread(tmp_path / "b.blp", dim=(1, 1)).tolist() == [0, 0, 0]
    Image.new("RGB", (16, 16)).quantize().save(tmp_path / "c.blp", blp_version="BLP1")
    assert imread(tmp_path / "c.blp", dim=(1, 1)).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: icns(png(9000, 9)), "an icon whose picture is 9,000 x 9 pixels large"),
        (lambda: texture(saved("JPEG", (16, 17), "RGB")), "a texture whose picture is 16 x 17"),
        pytest.param(
            lambda: coded_larger((3000, 2000), (16, 9)),
            "an AVIF of 16 x 9 pixels that holds a picture of",
            marks=pytest.mark.skipif("AVIF" not in Image.SAVE, reason="Pillow writes no AVIF"),
        ),
    ],
    ids=["icns", "blp", "avif"],
)
def test_pictures_that_were_opened_elsewhere_are_checked_too(tmp_path, make, reason):
    content = make()
    (tmp_path / "a").write_bytes(content)
    given = [Image.open(tmp_path / "a"), Image.open(io.BytesIO(content)), Image.new("L", (2, 2))]
    images = load_images(given, dim=(2, 2))
    assert [bool(one.reason) for one in images.status] == [True, True, False]
    assert all(reason in one.reason for one in images.status[:2])
    given[0].close()


@pytest.mark.parametrize("format", ["ICO", "ICNS"])
def test_icons_that_were_opened_elsewhere_are_read_before_and_after_they_are_loaded(format):
    given = Image.open(io.BytesIO(saved(format, (64, 64), "RGB")))
    for _ in range(2):
        assert len(load_images([given], dim=(2, 2))) == 1

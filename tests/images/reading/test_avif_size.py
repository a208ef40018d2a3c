"""Sizes of the coded pictures in an AVIF."""

from __future__ import annotations

import io

import pytest
from _large_pictures import after, coded_larger, saved
from PIL import Image

from clustimage._core.errors import ImageReadError
from clustimage._core.memory import Budget
from clustimage.images import imread, load_images
from clustimage.images.reading._avif_size import coded_sizes


@pytest.mark.parametrize("size", [(1, 1), (333, 17), (8193, 5), (2000, 1500)])
def test_sizes_are_those_of_colour_and_of_alpha(size):
    assert coded_sizes(saved("AVIF", size, "RGB", speed=10)) == [size]
    assert coded_sizes(saved("AVIF", size, "RGBA", speed=10)) == [size, size]


def test_of_a_track_the_first_picture_counts():
    file = io.BytesIO()
    others = [Image.new("RGB", (70, 60), (50 * number, 0, 0)) for number in range(4)]
    Image.new("RGB", (70, 60)).save(file, "AVIF", save_all=True, append_images=others)
    assert set(coded_sizes(file.getvalue())) == {(70, 60)}


def test_a_picture_of_a_track_that_says_another_size_counts_as_what_it_can_be():
    file = io.BytesIO()
    other = Image.new("RGB", (70, 60), "red")
    Image.new("RGB", (70, 60)).save(file, "AVIF", save_all=True, append_images=[other])
    content = bytearray(file.getvalue())
    at = content.index(b"\x0a", after(content, b"mdat"))
    at += 2 + content[at + 1] + 2  # the header of the first picture, behind that of the sequence
    assert content[at] == 0b00010000 and set(coded_sizes(bytes(content))) == {(70, 60)}
    content[at] = 0b00010010  # shown, without tools for screens, of a size of its own
    assert set(coded_sizes(bytes(content))) == {(128, 64)}
    content[at : at + 2] = 0b00010101_00000000.to_bytes(2, "big")  # with the tools
    assert set(coded_sizes(bytes(content))) == {(128, 64)}


def test_a_picture_that_is_larger_than_the_container_says_is_refused(tmp_path):
    (tmp_path / "a.avif").write_bytes(coded_larger((3000, 2000), (16, 9)))
    with pytest.raises(ImageReadError, match="an AVIF of 16 x 9 pixels that holds a picture of "):
        imread(tmp_path / "a.avif")
    (tmp_path / "b.avif").write_bytes(coded_larger((300, 200), (16, 9)))
    assert imread(tmp_path / "b.avif", dim=(2, 2)).shape == (12,)


def test_a_picture_that_is_somewhat_larger_counts(tmp_path):
    (tmp_path / "a.avif").write_bytes(coded_larger((5000, 4000), (2000, 1500)))
    with pytest.raises(ImageReadError, match="2,000 x 1,500 pixels takes about 123.0 MB"):
        load_images(tmp_path, dim=(4, 4), budget=Budget(100_000_000))


def test_damaged_files_are_no_error_of_another_kind():
    content = saved("AVIF", (64, 64), "RGBA")
    for at in range(len(content)):
        for value in (0, 1, 127, 255):
            damaged = content[:at] + bytes([value]) + content[at + 1 :]
            try:
                coded_sizes(damaged)
            except ValueError as error:
                assert "an AVIF" in str(error)


def test_parts_that_are_the_whole_file_again_and_again_are_not_joined():
    content = bytearray(saved("AVIF", (64, 64), "RGB"))
    at = after(content, b"iloc")
    # One item in 60,000 parts, each of which is the whole file.
    place = bytes(4) + b"\x44\0\0\1\0\1\0\0" + (60_000).to_bytes(2, "big") + bytes(8) * 60_000
    box = (8 + len(place)).to_bytes(4, "big") + b"iloc" + place
    old = int.from_bytes(content[at - 8 : at - 4], "big")
    content[at - 8 : at - 8 + old] = box
    meta = after(content, b"meta") - 8
    longer = int.from_bytes(content[meta : meta + 4], "big") + len(box) - old
    content[meta : meta + 4] = longer.to_bytes(4, "big")
    with pytest.raises(ValueError, match="a picture is larger than the file"):
        coded_sizes(bytes(content))

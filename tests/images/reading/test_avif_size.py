"""Sizes of the coded pictures in an AVIF."""

from __future__ import annotations

import io
import struct

import pytest
from _large_pictures import after, coded_larger, saved
from PIL import Image

from clustimage._core.errors import ImageReadError
from clustimage._core.memory import Budget
from clustimage.images import imread, load_images
from clustimage.images.reading._avif_size import coded_sizes

Image.init()
pytestmark = pytest.mark.skipif("AVIF" not in Image.SAVE, reason="Pillow writes no AVIF")


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">L", 8 + len(body)) + kind + body


def grid(side: int, tile: bytes) -> bytes:
    """Return an AVIF of two tiles, one beside the other, of a picture that Pillow has written."""
    config = tile[after(tile, b"av1C") - 8 :][: 4 + 8]
    data = tile[after(tile, b"mdat") :]
    kinds = (b"grid", b"av01", b"av01")
    entries = [
        box(b"infe", b"\2\0\0\0", struct.pack(">HH", 1 + n, 0), kind, b"\0")
        for n, kind in enumerate(kinds)
    ]
    properties = [
        box(b"ispe", bytes(4), struct.pack(">LL", 2 * side, side)),
        box(b"pixi", bytes(4), b"\3\x08\x08\x08"),
        box(b"ispe", bytes(4), struct.pack(">LL", side, side)),
        config,
    ]
    of_items = b"\0\1\2\1\2" + b"".join(bytes([0, n, 3, 3, 2, 0x84]) for n in (2, 3))
    head = box(b"ftyp", b"avif", bytes(4), b"avifmif1miaf")

    def meta(at: int) -> bytes:
        places = [(1, 1, 0, 8), (2, 0, at, len(data)), (3, 0, at, len(data))]
        return box(
            b"meta",
            bytes(4),
            box(b"hdlr", bytes(8), b"pict", bytes(13)),
            box(b"pitm", bytes(4), b"\0\1"),
            box(
                b"iloc",
                b"\1\0\0\0\x44\0\0\3",
                *(struct.pack(">HHHHLL", n, kind, 0, 1, *where) for n, kind, *where in places),
            ),
            box(b"iinf", bytes(4), b"\0\3", *entries),
            box(b"iref", bytes(4), box(b"dimg", struct.pack(">HHHH", 1, 2, 2, 3))),
            box(
                b"iprp",
                box(b"ipco", *properties),
                box(b"ipma", bytes(4), struct.pack(">L", 3), of_items),
            ),
            box(b"idat", struct.pack(">BBBBHH", 0, 0, 0, 1, 2 * side, side)),
        )

    return head + meta(len(head) + len(meta(0)) + 8) + box(b"mdat", data)


def test_a_grid_of_tiles_is_read(tmp_path):
    content = grid(64, saved("AVIF", (64, 64), "RGB"))
    (tmp_path / "a.avif").write_bytes(content)
    assert coded_sizes(content) == [(64, 64), (64, 64)]
    images = load_images(tmp_path, dim=(2, 2))
    assert (images.status[0].width, images.status[0].height) == (128, 64)


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


def test_a_picture_that_is_not_found_is_refused(tmp_path):
    content = bytearray(saved("AVIF", (16, 16), "RGB"))
    at = content.index(b"\x0a", after(content, b"mdat"))
    content[at] = 0x7A  # padding, in the place of the header of a sequence
    (tmp_path / "a.avif").write_bytes(content)
    with pytest.raises(ImageReadError, match="an AVIF whose coded picture is not found"):
        imread(tmp_path / "a.avif")


def test_a_picture_that_is_loaded_already_is_read_again():
    with Image.open(io.BytesIO(saved("AVIF", (64, 64), "RGB"))) as given:
        for _ in range(2):
            assert len(load_images([given], dim=(2, 2))) == 1


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

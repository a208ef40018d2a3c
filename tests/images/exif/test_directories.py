"""Tags that take much memory are refused before Pillow reads them."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from clustimage.images.exif import _directories
from clustimage.images.exif._directories import TooManyNumbersError, check_directories
from clustimage.images.exif._facts import read_facts


def directory(*tags: tuple[int, int, int, int], at: int = 8, big: bool = False) -> bytes:
    """Return a TIFF of one directory: tag, type, number of values, and value or position."""
    entry, count, pointer = ("<HHQQ", "<Q", "<Q") if big else ("<HHLL", "<H", "<L")
    head = b"II+\0\x08\0\0\0" + struct.pack("<Q", 16) if big else b"II*\0" + struct.pack("<L", at)
    body = b"".join(struct.pack(entry, *tag) for tag in tags)
    return head + struct.pack(count, len(tags)) + body + struct.pack(pointer, 0)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(("kind", "size", "weight"), [(3, 2, 1), (4, 4, 1), (5, 8, 10), (12, 8, 1)])
def test_numbers_are_counted_as_the_memory_they_take(monkeypatch, big, kind, size, weight):
    monkeypatch.setattr(_directories, "MAX_NUMBERS", 1000)
    for n_values, refused in ((1000 // weight, False), (1000 // weight + 1, True)):
        content = directory((271, kind, n_values, 200), big=big).ljust(200) + bytes(n_values * size)
        if refused:
            with pytest.raises(TooManyNumbersError, match="more than the 1,000 numbers"):
                check_directories(io.BytesIO(content))
        else:
            check_directories(io.BytesIO(content))


def test_directories_below_are_counted_and_circles_end(monkeypatch):
    monkeypatch.setattr(_directories, "MAX_NUMBERS", 100)
    below = directory((33434, 5, 11, 200))[8:]
    content = directory((34665, 4, 1, 60), (34853, 4, 1, 8)).ljust(60, b"\0") + below
    with pytest.raises(TooManyNumbersError):
        check_directories(io.BytesIO(content.ljust(400, b"\0")))
    check_directories(io.BytesIO(directory((34665, 4, 1, 8), (34853, 4, 1, 8))))


def test_text_bytes_and_what_is_cut_off_count_as_no_numbers(monkeypatch):
    monkeypatch.setattr(_directories, "MAX_NUMBERS", 10)
    content = directory((270, 2, 500, 100), (37500, 7, 400, 100), (271, 3, 1 << 30, 100))
    check_directories(io.BytesIO(content.ljust(700, b"\0")))


def test_values_that_many_tags_share_are_refused():
    tags = [(1000 + i, 7, 10_000, 200) for i in range(3)]
    with pytest.raises(TooManyNumbersError, match="share their values"):
        check_directories(io.BytesIO(directory(*tags).ljust(10_200, b"\0")))


@pytest.mark.parametrize("content", [b"", b"II", b"II*\0\xff\xff\xff\xff", b"no TIFF" * 9])
def test_what_is_no_directory_is_left_to_others(content):
    check_directories(io.BytesIO(content))


def test_facts_say_that_tags_hold_too_much(monkeypatch):
    monkeypatch.setattr(_directories, "MAX_NUMBERS", 100)
    picture = Image.new("L", (4, 4))
    picture.info["exif"] = b"Exif\0\0" + directory((271, 5, 20, 60)).ljust(300, b"\0")
    facts = read_facts(picture)
    assert facts.make == ""
    assert facts.problem == (
        "EXIF data cannot be used: its tags hold more than the 100 numbers that are read"
    )

"""Files that were made to take long: refused by their header, or named while they are read."""

from __future__ import annotations

import io
import logging
import struct
import time
import zlib

import pytest
from PIL import Image

from clustimage import ImageReadError, imread
from clustimage.images.reading import _slow_files
from clustimage.images.reading._quiet import quiet_pillow
from clustimage.images.reading._slow_files import named_when_slow

N_BYTES = 3_000_000


def picture(format: str, mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.new(mode, (64, 64), 100 if mode == "P" else (200, 30, 30)).save(file, format)
    return file.getvalue()


def jpeg_of(part: bytes) -> bytes:
    segment = b"\xff\xe1" + struct.pack(">H", len(part) + 2) + part
    whole = picture("JPEG")
    return whole[:2] + segment * (N_BYTES // len(segment)) + whole[2:]


def png_of(kind: bytes, part: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + part))
    chunk = struct.pack(">I", len(part)) + kind + part + checksum
    whole = picture("PNG")
    return whole[:33] + chunk * (N_BYTES // len(chunk)) + whole[33:]


def gif_of(extension: bytes) -> bytes:
    whole = picture("GIF", "P")
    begin = 13 + 3 * (2 << (whole[10] & 7)) if whole[10] & 0x80 else 13
    return whole[:begin] + extension * (N_BYTES // len(extension)) + whole[begin:]


HARMFUL = {
    "small EXIF segments": jpeg_of(b"Exif\0\0" + b"x" * 40),
    "large EXIF segments": jpeg_of(b"Exif\0\0" + b"x" * 60_000),
    "text": png_of(b"tEXt", b"k\0v"),
    "unknown chunks": png_of(b"aaAa", b""),
    "comments": gif_of(b"!\xfe\x05abcde\0"),
    "comment of a PPM": b"P6\n#" + b"c" * N_BYTES + b"\n8 8\n255\n" + bytes(192),
}


@pytest.mark.parametrize("content", HARMFUL.values(), ids=HARMFUL.keys())
def test_a_header_that_would_take_long_is_not_read(tmp_path, content):
    path = tmp_path / "photo"
    path.write_bytes(content)
    with pytest.raises(ImageReadError, match="too many parts|EXIF data have more than the 1048576"):
        imread(path)


def test_large_metadata_in_few_parts_are_read(tmp_path):
    profile = b"\xff\xe2" + struct.pack(">H", 60_002) + b"ICC_PROFILE\0\1\1" + bytes(59_986)
    whole = picture("JPEG")
    path = tmp_path / "photo.jpg"
    path.write_bytes(whole[:2] + profile * 50 + whole[2:])
    assert imread(path, dim=(8, 8), flatten=False).shape == (8, 8, 3)


def test_a_file_that_takes_long_is_named_once(monkeypatch, caplog):
    monkeypatch.setattr(_slow_files, "SECONDS", 0.1)
    with caplog.at_level(logging.WARNING, logger="clustimage"), quiet_pillow():
        with named_when_slow("quick.jpg"):
            pass
        with named_when_slow("slow\n.jpg"):
            until = time.monotonic() + 20
            while not caplog.records and time.monotonic() < until:
                time.sleep(0.01)
            time.sleep(0.2)
    assert [record.getMessage() for record in caplog.records] == [
        "Reading slow\\n.jpg takes more than 0 s."
    ]

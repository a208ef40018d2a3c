"""The orientation of photos whose tag is of another type than it should be."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clustimage.images.exif._metadata_table import read_metadata
from clustimage.images.reading._decoding_limits import DecodingLimits
from clustimage.images.reading._pillow import Decoded, read_pixels
from clustimage.images.reading._quiet import quiet_pillow

PIXELS = np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3)
UPRIGHT = np.rot90(PIXELS, -1)  # what orientation 6 stands for
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8}
TAG, OFFSETS = 274, 273

# Type, count and value, as ImageMagick reads them of a JPEG: orientation 6, or none.
SIX = [(3, 1, b"\6\0"), (1, 1, b"\6"), (7, 1, b"\6"), (6, 1, b"\6"), (4, 1, b"\6\0\0\0")]
SIX += [(8, 1, b"\6\0"), (9, 1, b"\6\0\0\0"), (2, 2, b"6\0"), (2, 1, b"6"), (2, 4, b"6 cm")]
SIX += [(5, 1, b"\6\0\0\0\1\0\0\0"), (10, 1, b"\6\0\0\0\1\0\0\0"), (1, 2, b"\6\1")]
SIX += [(3, 2, b"\6\0\1\0"), (4, 2, b"\6\0\0\0\1\0\0\0")]
NONE = [(3, 1, b"\0\0"), (3, 1, b"\11\0"), (1, 2, b"\0\6"), (3, 2, b"\1\0\6\0"), (7, 1, b"6")]
NONE += [(2, 14, b"Rotate 90 CW\0\0"), (3, 0, b"\6\0")]


def tiff(entries: list[tuple[int, int, int, bytes]], behind: bytes = b"") -> bytes:
    """A TIFF file; long values and then `behind`, which tag 273 points to, follow the tags."""
    start = 8 + 2 + 12 * len(entries) + 4
    extra = b"".join(value for *_, value in entries if len(value) > 4)
    body, at = struct.pack("<H", len(entries)), start
    for tag, kind, count, value in entries:
        if tag == OFFSETS:
            value = struct.pack("<L", start + len(extra))
        elif len(value) > 4:
            value, at = struct.pack("<L", at), at + len(value)
        body += struct.pack("<HHL", tag, kind, count) + value.ljust(4, b"\0")
    return b"II*\0" + struct.pack("<L", 8) + body + bytes(4) + extra + behind


def save(path: Path, kind: int, count: int, value: bytes) -> None:
    entry = (TAG, kind, count, value)
    if path.suffix != ".tif":
        Image.fromarray(PIXELS).save(path, exif=b"Exif\0\0" + tiff([entry]), lossless=True)
        return
    size = struct.pack("<H", 30), struct.pack("<H", 20), struct.pack("<L", PIXELS.size)
    short = [(256, size[0]), (257, size[1]), (258, b"\10\0"), (259, b"\1\0"), (262, b"\2\0")]
    tags = [(tag, 3, 1, data) for tag, data in short] + [(OFFSETS, 4, 1, b""), entry]
    tags += [(277, 3, 1, b"\3\0"), (278, 3, 1, size[1]), (279, 4, 1, size[2])]
    path.write_bytes(tiff(tags, PIXELS.tobytes()))


def read(path: Path) -> Decoded:
    with quiet_pillow(), DecodingLimits().turn() as turn:
        decoded = read_pixels(str(path), None, False, turn)
    assert isinstance(decoded, Decoded)
    return decoded


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_an_orientation_of_any_type_is_applied_once(tmp_path, suffix):
    for n, case in enumerate(SIX):
        path = tmp_path / f"{n}.{suffix}"
        save(path, *case)
        decoded = read(path)
        assert (decoded.width, decoded.height) == (20, 30), case
        if suffix != "jpg":
            assert np.array_equal(decoded.pixels, UPRIGHT), case
        columns = read_metadata([path])
        assert [columns[name][0] for name in ("width", "height", "orientation")] == [20, 30, 6]


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_without_a_usable_orientation_a_photo_stays_as_it_is(tmp_path, suffix):
    for n, case in enumerate(NONE):
        path = tmp_path / f"{n}.{suffix}"
        save(path, *case)
        decoded = read(path)
        assert (decoded.width, decoded.height) == (30, 20), case
        columns = read_metadata([path])
        assert [columns[name][0] for name in ("width", "height", "orientation")] == [30, 20, 1]

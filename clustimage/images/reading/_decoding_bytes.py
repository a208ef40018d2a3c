"""How much memory decoding a picture takes, and how far a JPEG 2000 can be decoded reduced.

It is known from the header: pixels of the decoder, of Pillow, of the copy that is turned upright,
and the array that is made of them. Measured with Pillow 13 on pictures of 10 million pixels.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

from PIL import Image
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from clustimage.images.reading._avif_size import coded_sizes
from clustimage.images.reading._jpeg_scans import has_scans

__all__ = ["coding_style", "decoding_bytes"]

# Bytes per pixel that Pillow holds; 4 where the mode is not named.
HELD = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}
# Bytes per pixel of the array, and of what is copied for it while Pillow holds the picture.
ARRAY = {"1": 1, "L": 1, "I;16": 4, "I;16L": 4, "I;16B": 4, "I;16N": 4, "I": 12, "F": 12}
RGB = 3
# Bytes per pixel of decoders that make the whole picture before Pillow has it.
DECODER = {"WEBP": 10, "AVIF": 6, "HEIF": 6, "ICO": 2}
JPEG2000 = 5  # for each channel
# Bytes for each block of each channel of a JPEG 2000, also where it is decoded reduced.
BLOCK = 1024
COEFFICIENT = 2  # bytes, of a JPEG whose scans can be combined only when all have been read

TILE = 16_384  # bytes for each tile of a JPEG 2000
# Bytes per pixel of a PNG of which colours of 16 bits are transparent: it is decoded twice.
DEEP_CLEAR = 12

# Coded pixels per pixel of an AVIF, which may have alpha, a thumbnail and another exposure, and
# those that are harmless.
MAX_CODED, FEW_CODED = 8, 4_000_000

# Tags of TIFF.
BITS, SAMPLES, ROWS_PER_STRIP, PLANAR, TILE_WIDTH, TILE_HEIGHT = 258, 277, 278, 284, 322, 323
SEPARATE = 2

# Markers of JPEG 2000, and boxes that its codestream may be in.
START, SIZE, TILE_PART, PIXELS, END = b"\xff\x4f", 0xFF51, 0xFF90, 0xFF93, 0xFFD9
CODING_STYLE, CODING_OF_CHANNEL = 0xFF52, 0xFF53
MAX_LEVELS = 32
CODESTREAM = b"jp2c"
MAX_BITS = 38
MAX_SEGMENTS = 1 << 18  # that are looked at


def decoding_bytes(
    picture: Image.Image, size: tuple[int, int], original: tuple[int, int], *, turned: bool
) -> int:
    """Return the bytes that decoding takes at its peak.

    Parameters
    ----------
    picture : PIL image
        Opened.
    size, original : (width, height)
        Size at which it is decoded, and in the file.
    turned : bool
        Whether it will be turned upright.

    Examples
    --------
    >>> decoding_bytes(Image.new("RGB", (50, 40)), (1000, 1000), (1000, 1000), turned=False)
    7000000
    """
    array = ARRAY.get(picture.mode, RGB)
    per_pixel = HELD.get(picture.mode, 4) * (2 if turned else 1) + array
    per_pixel += DECODER.get(picture.format or "", 0)
    if isinstance(picture, Jpeg2KImageFile):
        per_pixel += JPEG2000 * len(picture.getbands())
    per_original, n_bytes = 0.0, 0
    if picture.format in ("JPEG", "MPO") and has_scans(picture, original):
        per_original = _coefficients(picture) * COEFFICIENT
    elif isinstance(picture, Jpeg2KImageFile):
        style = coding_style(picture)
        per_original = BLOCK * style.blocks_per_pixel * len(picture.getbands())
        n_bytes += TILE * style.n_tiles
    elif isinstance(picture, TiffImageFile):
        n_bytes += _tiff_bytes(picture)
    elif picture.format == "AVIF":
        n_bytes += DECODER["AVIF"] * _hidden_pixels(picture)
    elif isinstance(picture, PngImageFile) and isinstance(picture.info.get("transparency"), tuple):
        per_pixel += DEEP_CLEAR
    return n_bytes + (
        size[0] * size[1] * max(per_pixel, 2 * array)  # of two arrays one is scaled
        + math.ceil(original[0] * original[1] * per_original)
    )


def _coefficients(picture: Any) -> float:
    """Return how many coefficients a JPEG has per pixel: 1.5 where colour is subsampled."""
    factors: list[int] = [across * down for _, across, down, _ in getattr(picture, "layer", ())]
    return sum(factors) / max(factors, default=1)


def _tiff_bytes(picture: TiffImageFile) -> int:
    """Return the bytes of a compressed TIFF, which is held, and of one strip or tile of it."""
    file, tags = picture.fp, picture.tag_v2
    if file is None or picture.info.get("compression") == "raw":
        return 0
    begin = file.tell()
    n_bytes = file.seek(0, os.SEEK_END)
    file.seek(begin)
    samples = 1 if tags.get(PLANAR) == SEPARATE else int(tags.get(SAMPLES, 1))
    per_pixel = max(4, -(-samples * int(max(tags.get(BITS, (1,)))) // 8))
    if TILE_WIDTH in tags:
        return n_bytes + int(tags[TILE_WIDTH]) * int(tags.get(TILE_HEIGHT, 0)) * per_pixel
    width, height = int(tags.get(256, 0)), int(tags.get(257, 0))
    return n_bytes + width * min(height, int(tags.get(ROWS_PER_STRIP, height))) * per_pixel


def _hidden_pixels(picture: Any) -> int:
    """Return how many pixels of an AVIF are decoded beside those that it says it has."""
    if picture.fp is None or not picture.tile:  # is loaded
        return 0
    begin = picture.fp.tell()
    picture.fp.seek(0)
    sizes = coded_sizes(picture.fp.read())
    picture.fp.seek(begin)
    n_pixels = int(picture.width * picture.height)
    n_coded: int = sum(map(math.prod, sizes))
    if not n_coded:
        raise ValueError("an AVIF whose coded picture is not found")
    if n_coded > max(FEW_CODED, MAX_CODED * n_pixels):
        says, holds = (
            f"{width:,} x {height:,}" for width, height in (picture.size, max(sizes, key=math.prod))
        )
        raise ValueError(f"an AVIF of {says} pixels that holds a picture of {holds} pixels")
    return max(0, n_coded - 2 * n_pixels)  # colour and alpha are in `DECODER`


class CodingStyle(NamedTuple):
    """How a JPEG 2000 is stored: bits per channel, how often it can be halved, its parts."""

    n_bits: int
    n_levels: int
    blocks_per_pixel: float
    n_tiles: int


def coding_style(picture: Jpeg2KImageFile) -> CodingStyle:
    """Return what the header of a JPEG 2000 and those of its tiles say, the worst of each.

    Raises
    ------
    ValueError
        If its codestream is not found, or has too many parts.
    """
    file = picture.fp
    assert file is not None
    begin = file.tell()
    n_bits, levels, blocks, n_tiles = MAX_BITS, [], [0.0], 1
    for marker, segment in _segments(file):
        if marker == SIZE and len(segment) > 36:
            n_bits = max((depth % 128 + 1 for depth in segment[36::3]), default=MAX_BITS)
            right, bottom, _, _, width, height, left, top = struct.unpack_from(">8L", segment, 2)
            n_tiles = (left - right) // max(1, width) * ((top - bottom) // max(1, height))
        elif marker in (CODING_STYLE, CODING_OF_CHANNEL):
            level, density = _coding(marker, segment)
            levels.append(level)
            blocks.append(density)
    file.seek(begin)
    return CodingStyle(n_bits, min(levels, default=0), max(blocks), n_tiles)


def _coding(marker: int, segment: bytes) -> tuple[int, float]:
    """Return how often a channel can be halved, and how many blocks it has per pixel."""
    style = segment[0] if marker == CODING_STYLE else segment[1]
    at = 5 if marker == CODING_STYLE else 2
    n_levels, across, down = segment[at], segment[at + 1] % 16 + 2, segment[at + 2] % 16 + 2
    precincts = segment[at + 5 :] if style & 1 else b""
    blocks = 0.0
    for level in range(min(n_levels, MAX_LEVELS) + 1):
        size = precincts[level] if level < len(precincts) else 0xFF
        # Those of all but the smallest level are shared by bands of half the size.
        half = level > 0
        width = min(across, max(0, size % 16 - half))
        height = min(down, max(0, size // 16 - half))
        blocks += 0.25 ** (n_levels - level) / (1 << width + height)
    return n_levels, blocks


def _segments(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield markers and segments of the header of a JPEG 2000, and of those of its tiles."""
    at = _codestream(file)
    file.seek(at)
    if file.read(2) != START:
        raise ValueError("a JPEG 2000 whose codestream is not found")
    next_tile = None
    for _ in range(MAX_SEGMENTS):
        at = file.tell()
        head = file.read(4)
        if len(head) < 4:
            return
        marker, length = struct.unpack(">HH", head)
        if marker == PIXELS:
            if next_tile is None:
                return
            file.seek(next_tile)
            continue
        if marker < 0xFF00 or marker == END or length < 2:
            return
        segment = file.read(length - 2)
        if marker == TILE_PART and len(segment) == 8:
            size = int.from_bytes(segment[2:6], "big")
            next_tile = at + size if size else None
        yield marker, segment
    raise ValueError("a JPEG 2000 of too many parts")


def _codestream(file: IO[bytes]) -> int:
    """Return where the codestream begins, which a JPEG 2000 has in a box."""
    file.seek(0)
    if file.read(2) == START:
        return 0
    at = 0
    for _ in range(MAX_SEGMENTS):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            break
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        start = 8
        if length == 1:
            length, start = int.from_bytes(head[8:16], "big"), 16
        if kind == CODESTREAM:
            return at + start
        if length < start:
            break
        at += length
    raise ValueError("a JPEG 2000 whose codestream is not found")

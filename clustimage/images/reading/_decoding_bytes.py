"""How much memory decoding a picture takes, and how far a JPEG 2000 can be decoded reduced.

It is known from the header: pixels of the decoder, of Pillow, of the copy that is turned upright,
and the array that is made of them. Measured with Pillow 13 on pictures of 10 million pixels.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from PIL import Image
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

__all__ = ["coding_style", "decoding_bytes"]

# Bytes per pixel that Pillow holds; 4 where the mode is not named.
HELD = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}
# Bytes per pixel of the array, and of what is copied for it while Pillow holds the picture.
ARRAY = {"1": 1, "L": 1, "I;16": 4, "I;16L": 4, "I;16B": 4, "I;16N": 4, "I": 12, "F": 12}
RGB = 3
# Bytes per pixel of decoders that make the whole picture before Pillow has it.
DECODER = {"WEBP": 10, "AVIF": 6, "HEIF": 6, "ICO": 2}
JPEG2000 = 5  # for each channel
BLOCK = 1024  # bytes for each block of a JPEG 2000, also where it is decoded reduced
COEFFICIENT = 2  # bytes, of a JPEG whose scans can be combined only when all have been read

# Markers of JPEG 2000.
START, SIZE, CODING_STYLE = b"\xff\x4f", b"\xff\x51", b"\xff\x52"
MAX_BITS = 38
HEADER_BYTES = 1 << 16


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
    per_original = 0.0
    if "progressive" in picture.info:
        per_original = _coefficients(picture) * COEFFICIENT
    elif isinstance(picture, Jpeg2KImageFile):
        per_original = BLOCK / coding_style(picture).block_area
    return (
        size[0] * size[1] * max(per_pixel, 2 * array)  # of two arrays one is scaled
        + math.ceil(original[0] * original[1] * per_original)
    )


def _coefficients(picture: Any) -> float:
    """Return how many coefficients a JPEG has per pixel: 1.5 where colour is subsampled."""
    factors: list[int] = [across * down for _, across, down, _ in getattr(picture, "layer", ())]
    return sum(factors) / max(factors, default=1)


class CodingStyle(NamedTuple):
    """How a JPEG 2000 is stored: its bits per channel, how often it can be halved, its blocks."""

    n_bits: int
    n_levels: int
    block_area: int  # pixels


def coding_style(picture: Jpeg2KImageFile) -> CodingStyle:
    """Return what the header of a JPEG 2000 says; what is worst where it says nothing."""
    file = picture.fp
    assert file is not None
    begin = file.tell()
    file.seek(0)
    head = file.read(HEADER_BYTES)
    file.seek(begin)
    at = head.find(START + SIZE) + len(START)
    n_bits = max((depth % 128 + 1 for depth in _depths(head[at:])), default=MAX_BITS)
    while at >= len(START) and head[at : at + 1] == b"\xff":
        if head[at : at + 2] == CODING_STYLE and len(head) > at + 11:
            return CodingStyle(
                n_bits, head[at + 9], 1 << (head[at + 10] % 16 + head[at + 11] % 16 + 4)
            )
        at += 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return CodingStyle(n_bits, 0, 16)


def _depths(segment: bytes) -> bytes:
    """Return the byte for the depth of each channel in the segment of the size."""
    n_channels = int.from_bytes(segment[38:40], "big")
    return segment[40 : 40 + 3 * n_channels : 3]

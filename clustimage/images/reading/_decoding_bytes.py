"""How much memory decoding a picture takes, and how far a JPEG 2000 can be decoded reduced.

It is known from the header: pixels of the decoder, of Pillow, of the copy that is turned upright,
and the array that is made of them. Measured with Pillow 13 on pictures of 10 million pixels.
"""

from __future__ import annotations

from typing import Any

from PIL import Image
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

__all__ = ["decoding_bytes", "n_reductions"]

# Bytes per pixel that Pillow holds; 4 where the mode is not named.
HELD = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}
# Bytes per pixel of the array, and of what is copied for it while Pillow holds the picture.
ARRAY = {"1": 1, "L": 1, "I;16": 4, "I;16L": 4, "I;16B": 4, "I;16N": 4, "I": 12, "F": 12}
RGB = 3
# Bytes per pixel of decoders that make the whole picture before Pillow has it.
DECODER = {"WEBP": 10, "AVIF": 6, "HEIF": 6, "ICO": 2}
JPEG2000 = 5  # for each channel
COEFFICIENT = 2  # bytes, of a JPEG whose scans can be combined only when all have been read

# Markers of JPEG 2000.
START, SIZE, CODING_STYLE = b"\xff\x4f", b"\xff\x51", b"\xff\x52"
HEADER_BYTES = 1 << 16


def decoding_bytes(picture: Image.Image, original: tuple[int, int], *, turned: bool) -> int:
    """Return the bytes that decoding takes at its peak.

    Parameters
    ----------
    picture : PIL image
        Opened; its size is that at which it is decoded.
    original : (width, height)
        Size in the file.
    turned : bool
        Whether it will be turned upright.

    Examples
    --------
    >>> decoding_bytes(Image.new("RGB", (1000, 1000)), (1000, 1000), turned=False)
    7000000
    """
    array = ARRAY.get(picture.mode, RGB)
    per_pixel = HELD.get(picture.mode, 4) * (2 if turned else 1) + array
    per_pixel += DECODER.get(picture.format or "", 0)
    if picture.format == "JPEG2000":
        per_pixel += JPEG2000 * len(picture.getbands())
    per_pixel = max(per_pixel, 2 * array)  # the second is scaled
    n_bytes = picture.width * picture.height * per_pixel
    if "progressive" in picture.info:
        n_bytes += round(original[0] * original[1] * _coefficients(picture) * COEFFICIENT)
    return n_bytes


def _coefficients(picture: Any) -> float:
    """Return how many coefficients a JPEG has per pixel: 1.5 where colour is subsampled."""
    factors = [across * down for _, across, down, _ in getattr(picture, "layer", ())]
    return sum(factors) / max(factors, default=1)


def n_reductions(picture: Jpeg2KImageFile) -> int:
    """Return how many times a JPEG 2000 can be halved while it is decoded."""
    file = picture.fp
    assert file is not None
    begin = file.tell()
    file.seek(0)
    head = file.read(HEADER_BYTES)
    file.seek(begin)
    at = head.find(START + SIZE) + len(START)
    while at >= len(START) and head[at : at + 1] == b"\xff":
        length = int.from_bytes(head[at + 2 : at + 4], "big")
        if head[at : at + 2] == CODING_STYLE:
            return head[at + 9] if at + 9 < len(head) else 0
        at += 2 + length
    return 0

"""PBM, PGM and PPM, which Pillow decodes in Python where they are text or have other values."""

from __future__ import annotations

import math
from io import BytesIO
from typing import IO

import numpy as np
from PIL.PpmImagePlugin import PpmImageFile

__all__ = ["load_netpbm"]

# Comments between pixels that are text. For each of them Pillow copies what it has read: a
# million would take an hour.
MAX_COMMENTS = 10_000
BLOCK = 1 << 20  # bytes, or values


def load_netpbm(picture: PpmImageFile) -> None:
    """Decode a picture; the values are those of Pillow.

    Raises
    ------
    ValueError
        If it is text with very many comments.
    """
    decoder = picture.tile[0][0] if picture.tile else ""
    if decoder == "ppm_plain":
        _check_comments(picture)
    elif decoder == "ppm":
        _scale(picture)
    picture.load()
    if decoder == "ppm":
        picture.fp = None  # which has the pixels once more


def _check_comments(picture: PpmImageFile) -> None:
    file = picture.fp
    assert file is not None
    file.seek(picture.tile[0][2])
    n_comments = 0
    while block := file.read(BLOCK):
        n_comments += block.count(b"#")
        if n_comments > MAX_COMMENTS:
            raise ValueError(f"more than {MAX_COMMENTS:,} comments between its pixels")


def _scale(picture: PpmImageFile) -> None:
    """Put pixels that reach white in the place of those whose white is another value."""
    tile, file = picture.tile[0], picture.fp
    assert file is not None and isinstance(tile.args, tuple)
    rawmode, white = tile.args[0], int(tile.args[-1])
    file.seek(tile.offset)
    n_values = math.prod(picture.size) * len(picture.getbands())
    pixels = _scaled(file, n_values, white, 65_535 if picture.mode == "I" else 255)
    if getattr(picture, "_exclusive_fp", False):
        file.close()
    picture.fp = BytesIO(pixels.data)
    rawmode = "I;32" if picture.mode == "I" else rawmode
    picture.tile = [tile._replace(codec_name="raw", offset=0, args=(rawmode, 0, 1))]


def _scaled(file: IO[bytes], n_values: int, white: int, top: int) -> np.ndarray:
    """Return `n_values` of a file, or those that it has, with `white` at `top`."""
    kind = np.dtype(np.uint8 if white < 256 else ">u2")
    table = np.array(
        [min(top, round(value / white * top)) for value in range(256**kind.itemsize)],
        dtype=np.uint8 if top == 255 else "<i4",
    )
    pixels = np.zeros(n_values, dtype=table.dtype)
    for start in range(0, n_values, BLOCK):
        block = file.read(min(BLOCK, n_values - start) * kind.itemsize)
        values = np.frombuffer(block, kind, len(block) // kind.itemsize)
        pixels[start : start + len(values)] = table[values]
        if len(values) < min(BLOCK, n_values - start):
            return pixels[: start + len(values)]
    return pixels

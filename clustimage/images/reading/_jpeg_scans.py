"""How often a JPEG is passed over: once, or in scans that can be combined only at its end."""

from __future__ import annotations

import os
from typing import Any

from PIL import Image

__all__ = ["has_scans"]

START_OF_SCAN = b"\xff\xda"
WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD9)}  # markers
BLOCK = 1 << 20

# Pixels that all scans together may have: those of a small file of a thousand scans would take
# hours. Photos have up to a dozen scans.
MAX_SCANNED = 10_000_000_000


def has_scans(picture: Image.Image, size: tuple[int, int]) -> bool:
    """Return whether a JPEG has several scans, so that all of it is held until the last one.

    Parameters
    ----------
    picture : PIL image
        Opened.
    size : (width, height)
        In the file.

    Raises
    ------
    ValueError
        If they are too many for its size.
    """
    file: Any = picture.fp  # type: ignore[attr-defined]
    n_channels = len(getattr(picture, "layer", ()))
    if file is None:
        return "progressive" in picture.info
    begin = file.tell()
    try:
        several = "progressive" in picture.info or _n_channels_of_scan(file) < n_channels
        if several:
            n_scans = _count(file)
            if n_scans * size[0] * size[1] > MAX_SCANNED:
                raise ValueError(f"a JPEG of {n_scans:,} scans, which take too long")
    finally:
        file.seek(begin)
    return several


def _n_channels_of_scan(file: Any) -> int:
    """Return how many channels the first scan has."""
    file.seek(2)
    while len(head := file.read(4)) == 4:
        length = int.from_bytes(head[2:], "big")
        if head[:2] == START_OF_SCAN:
            return int.from_bytes(file.read(1), "big")
        if head[0] != 0xFF or head[1] in WITHOUT_LENGTH or head[1] == 0xFF:
            file.seek(-3, os.SEEK_CUR)  # bytes that fill
        else:
            file.seek(length - 2, os.SEEK_CUR)
    return 0


def _count(file: Any) -> int:
    """Return how many scans begin in a file; what follows the picture can add a few."""
    file.seek(0)
    n_scans, last = 0, b""
    while block := file.read(BLOCK):
        n_scans += (last + block).count(START_OF_SCAN)
        last = block[-1:]
    return n_scans

"""When a photo was taken, as its EXIF data say."""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from PIL import Image

__all__ = ["read_taken"]

# Tags of EXIF 2.32 (CIPA DC-008-2019), section 4.6.5.
DATE_TIME = 0x0132  # in the first directory, all others in the one that EXIF_IFD points to
EXIF_IFD = 0x8769
DATE_TIME_ORIGINAL = 0x9003
OFFSET_TIME = 0x9010
OFFSET_TIME_ORIGINAL = 0x9011
SUB_SEC_TIME = 0x9290
SUB_SEC_TIME_ORIGINAL = 0x9291

FIRST_YEAR = 1900
LATEST = 24 * 3600.0  # seconds by which a date may be ahead of this computer's clock

DATE = re.compile(r"(\d{4})[:/.-](\d\d)[:/.-](\d\d)[ T](\d\d):(\d\d):(\d\d)", re.ASCII)
OFFSET = re.compile(r"([+-])(\d\d):?([0-5]\d)", re.ASCII)
FARTHEST = 14 * 60  # minutes by which any place is ahead of UTC or behind it

# What Pillow raises where EXIF data are cut off, damaged or made to harm.
EXIF_ERRORS = (
    *(OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, AttributeError),
    *(EOFError, OverflowError, MemoryError, RuntimeError, struct.error),
)


def read_taken(picture: Image.Image) -> tuple[float | None, str]:
    """Return when a picture was taken, and the tag that says so.

    DateTimeOriginal (36867) counts first, then DateTime (306), which is when the file was
    last edited. The fractions of SubSecTimeOriginal or SubSecTime are added. The offset from
    UTC of OffsetTimeOriginal or OffsetTime is taken off; a camera that does not tell it is
    taken to be set to UTC. Dates that are blank, impossible, before 1900 or more than a day
    ahead of now are no dates.

    Parameters
    ----------
    picture : PIL image
        Opened; loaded, where the format has its EXIF data behind the pixels.

    Returns
    -------
    taken : float or None
        Seconds since 1970-01-01 UTC; None where there is no date that can be used.
    taken_from : {"DateTimeOriginal", "DateTime", ""}
        The tag.

    Examples
    --------
    >>> picture = Image.new("L", (4, 4))
    >>> read_taken(picture)
    (None, '')
    >>> picture.getexif()[306] = "1970:01:02 00:00:00"
    >>> read_taken(picture)
    (86400.0, 'DateTime')
    """
    first, second = _directories(picture)
    if not first:
        return None, ""
    offset = second.get(OFFSET_TIME_ORIGINAL), second.get(OFFSET_TIME)
    taken = _moment(
        second.get(DATE_TIME_ORIGINAL),
        (second.get(SUB_SEC_TIME_ORIGINAL), second.get(SUB_SEC_TIME)),
        offset,
    )
    if taken is not None:
        return taken, "DateTimeOriginal"
    taken = _moment(first.get(DATE_TIME), (second.get(SUB_SEC_TIME),), offset[::-1])
    return taken, "" if taken is None else "DateTime"


def _directories(picture: Image.Image) -> tuple[Mapping[int, Any], Mapping[int, Any]]:
    """Return what counts of the first directory of tags, and that of EXIF.

    They are empty where there is nothing or nothing can be read.
    """
    try:
        exif = picture.getexif()
        if not len(exif):
            return {}, {}
        first = {DATE_TIME: exif.get(DATE_TIME)}
    except EXIF_ERRORS:
        return {}, {}
    try:
        return first, exif.get_ifd(EXIF_IFD)
    except EXIF_ERRORS:
        return first, {}


def _moment(date: Any, fractions: tuple[Any, ...], offsets: tuple[Any, ...]) -> float | None:
    """Return seconds since 1970 UTC, of the first fraction and the first offset that is one."""
    found = DATE.fullmatch(_text(date))
    if found is None:
        return None
    year, month, day, hour, minute, second = map(int, found.groups())
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    except ValueError:
        return None
    if year < FIRST_YEAR:
        return None
    digits = next((text for text in map(_text, fractions) if text.isdecimal()), "0")
    ahead = next((minutes for minutes in map(_minutes, offsets) if minutes is not None), 0)
    taken = (moment - timedelta(minutes=ahead)).timestamp() + float(f"0.{digits}")
    return taken if taken <= time.time() + LATEST else None


def _minutes(offset: Any) -> int | None:
    """Return the minutes by which a clock is ahead of UTC; None where that is not told."""
    text = _text(offset)
    found = OFFSET.fullmatch(text)
    if found is None:
        return 0 if text == "Z" else None
    minutes = 60 * int(found[2]) + int(found[3])
    if minutes > FARTHEST:
        return None
    return -minutes if found[1] == "-" else minutes


def _text(value: Any) -> str:
    """Return the characters of an ASCII value without what fills it up; others are empty."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return value.strip(" \t\r\n\0") if isinstance(value, str) else ""

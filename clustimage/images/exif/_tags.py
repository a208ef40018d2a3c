"""The tags of a picture that count here, read by Pillow, and what is wrong with them."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, NamedTuple

from PIL import Image

__all__ = ["NO_TAGS", "Tag", "Tags", "read_tags"]

# What Pillow raises where EXIF data are cut off, damaged or made to harm.
EXIF_ERRORS = (
    *(OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, AttributeError),
    *(EOFError, OverflowError, ArithmeticError, MemoryError, RuntimeError, struct.error),
)

HEAD = b"Exif\0\0"
ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
# Bytes of one value of each type of TIFF 6.0, and of 13, a pointer to a directory.
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
POINTERS = (4, 13)


class Tag:
    """Numbers of tags, of EXIF 2.32 (CIPA DC-008-2019), sections 4.6.4 to 4.6.6."""

    MAKE = 0x010F
    MODEL = 0x0110
    ORIENTATION = 0x0112
    SOFTWARE = 0x0131
    DATE_TIME = 0x0132
    EXIF_IFD = 0x8769  # points to the second directory
    GPS_IFD = 0x8825  # and to that of the place

    EXPOSURE_TIME = 0x829A
    F_NUMBER = 0x829D
    ISO = 0x8827
    DATE_TIME_ORIGINAL = 0x9003
    OFFSET_TIME = 0x9010
    OFFSET_TIME_ORIGINAL = 0x9011
    FOCAL_LENGTH = 0x920A
    SUB_SEC_TIME = 0x9290
    SUB_SEC_TIME_ORIGINAL = 0x9291
    LENS_MODEL = 0xA434

    LATITUDE_REF, LATITUDE, LONGITUDE_REF, LONGITUDE = 1, 2, 3, 4
    ALTITUDE_REF, ALTITUDE, DIRECTION = 5, 6, 17


FIRST_TAGS = (Tag.MAKE, Tag.MODEL, Tag.ORIENTATION, Tag.SOFTWARE, Tag.DATE_TIME)

# Those whose loss is told.
FIRST_NAMES = {
    Tag.DATE_TIME: "DateTime",
    Tag.EXIF_IFD: "The directory of EXIF tags",
    Tag.GPS_IFD: "The directory of GPS tags",
    Tag.MAKE: "Make",
    Tag.MODEL: "Model",
}
SECOND_NAMES = {
    Tag.DATE_TIME_ORIGINAL: "DateTimeOriginal",
    Tag.EXPOSURE_TIME: "ExposureTime",
    Tag.F_NUMBER: "FNumber",
    Tag.FOCAL_LENGTH: "FocalLength",
    Tag.LENS_MODEL: "LensModel",
}
GPS_NAMES = {
    Tag.LATITUDE: "GPSLatitude",
    Tag.LONGITUDE: "GPSLongitude",
    Tag.ALTITUDE: "GPSAltitude",
    Tag.DIRECTION: "GPSImgDirection",
}


class Tags(NamedTuple):
    """The directories of tags of a picture, empty where there is none, and what is wrong."""

    first: Mapping[int, Any]
    second: Mapping[int, Any]
    gps: Mapping[int, Any]
    problems: tuple[str, ...] = ()


NO_TAGS = Tags({}, {}, {})


def read_tags(picture: Image.Image) -> Tags:
    """Return the tags of a picture; never raises where they are damaged.

    Parameters
    ----------
    picture : PIL image
        Opened; loaded, where the format has its EXIF data behind the pixels.

    Examples
    --------
    >>> picture = Image.new("L", (4, 4))
    >>> picture.getexif()[Tag.MAKE] = "NIKON"
    >>> read_tags(picture).first[Tag.MAKE]
    'NIKON'
    """
    raw = picture.info.get("exif")
    problems = _damage(raw) if isinstance(raw, bytes) and raw else []
    try:
        # That of PNG would decode the pixels, as tags may be behind them.
        exif = Image.Image.getexif(picture)
        n_tags = len(exif)
    except EXIF_ERRORS:
        n_tags = 0
    if not n_tags:
        return NO_TAGS._replace(problems=tuple(problems)) if problems else NO_TAGS
    below: dict[int, Mapping[int, Any]] = {}
    for pointer in (Tag.EXIF_IFD, Tag.GPS_IFD):
        try:
            below[pointer] = exif.get_ifd(pointer) or {}  # None in older versions of Pillow
        except EXIF_ERRORS:
            below[pointer] = {}
            if not any(problem.startswith(FIRST_NAMES[pointer]) for problem in problems):
                problems.append(f"{FIRST_NAMES[pointer]} cannot be read")
    first = {}
    for tag in FIRST_TAGS:
        try:
            first[tag] = exif.get(tag)
        except EXIF_ERRORS:
            problems.append(f"{FIRST_NAMES.get(tag, 'A tag')} cannot be read")
    return Tags(first, below[Tag.EXIF_IFD], below[Tag.GPS_IFD], tuple(problems))


def _damage(raw: bytes) -> list[str]:
    """Return what of EXIF data (a TIFF file in itself) lies beyond their end."""
    data = raw
    while data.startswith(HEAD):
        data = data[len(HEAD) :]
    order = ORDERS.get(data[:4])
    if len(data) < 8:
        return ["EXIF data are cut off"]
    if order is None:
        return ["EXIF data do not begin as such"]
    problems: list[str] = []
    (start,) = struct.unpack_from(order + "L", data, 4)
    pointers = _walk(data, order, start, FIRST_NAMES, "EXIF data", problems)
    for pointer, names in ((Tag.EXIF_IFD, SECOND_NAMES), (Tag.GPS_IFD, GPS_NAMES)):
        if pointer in pointers:
            _walk(data, order, pointers[pointer], names, FIRST_NAMES[pointer], problems)
    return problems


def _walk(
    data: bytes, order: str, start: int, names: Mapping[int, str], title: str, problems: list[str]
) -> dict[int, int]:
    """Add what is wrong with one directory to `problems`; return the pointers in it."""
    pointers: dict[int, int] = {}
    cut_off = f"{title} {'are' if title.endswith('data') else 'is'} cut off"
    if start + 2 > len(data):
        problems.append(cut_off)
        return pointers
    (n_entries,) = struct.unpack_from(order + "H", data, start)
    for number in range(n_entries):
        place = start + 2 + 12 * number
        if place + 12 > len(data):
            problems.append(cut_off)
            break
        tag, kind, count, value = struct.unpack_from(order + "HHLL", data, place)
        if tag not in names:
            continue
        size = count * SIZES.get(kind, 0)
        if kind not in SIZES:
            problems.append(f"{names[tag]} is of an unknown type ({kind})")
        elif size > 4 and value + size > len(data):
            problems.append(f"{names[tag]} is cut off")
        elif names is FIRST_NAMES and tag in (Tag.EXIF_IFD, Tag.GPS_IFD):
            if kind in POINTERS and count == 1:
                pointers[tag] = value
            else:
                problems.append(f"{names[tag]} is of a wrong type")
    return pointers

"""When, where and how a photo was taken, as its EXIF data say."""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, NamedTuple

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from clustimage.images.exif._dates import Moment, as_moment, as_offset, format_offset
from clustimage.images.exif._directories import TYPE_SIZES, TooManyNumbersError, check_directories
from clustimage.images.exif._values import (
    Unusable,
    as_altitude,
    as_degrees,
    as_number,
    as_orientation,
    as_text,
    shown,
)

__all__ = ["Facts", "read_exif", "read_facts"]

# What Pillow raises where EXIF data are cut off, damaged or made to harm.
EXIF_ERRORS = (
    *(OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, AttributeError),
    *(EOFError, OverflowError, ArithmeticError, MemoryError, RuntimeError, struct.error),
)

MARKS = rb"^(Exif\0\0)+"  # before EXIF data

ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
POINTERS = (4, 13)

FIRST_TAGS = (Base.Make, Base.Model, Base.Orientation, Base.Software, Base.DateTime)
SIZES = {
    "iso": Base.ISOSpeedRatings,
    "exposure_time": Base.ExposureTime,
    "f_number": Base.FNumber,
    "focal_length": Base.FocalLength,
}

MAX_SECONDS_AHEAD = 24 * 3600.0  # by which a date may be ahead of this computer's clock

# When a photo was taken, the best first: its digits of a second and its offset, and those of other
# dates, which count where it has none.
DATES = ORIGINAL, DIGITIZED, EDITED = Base.DateTimeOriginal, Base.DateTimeDigitized, Base.DateTime
FRACTIONS = {
    ORIGINAL: (Base.SubsecTimeOriginal, Base.SubsecTime),
    DIGITIZED: (Base.SubsecTimeDigitized, Base.SubsecTime),
    EDITED: (Base.SubsecTime,),
}
OFFSETS = {
    ORIGINAL: (Base.OffsetTimeOriginal, Base.OffsetTimeDigitized, Base.OffsetTime),
    DIGITIZED: (Base.OffsetTimeDigitized, Base.OffsetTimeOriginal, Base.OffsetTime),
    EDITED: (Base.OffsetTime, Base.OffsetTimeOriginal, Base.OffsetTimeDigitized),
}

TITLES: dict[int, str] = {
    IFD.Exif: "The directory of EXIF tags",
    IFD.GPSInfo: "The directory of GPS tags",
}
# The tags whose loss is a problem, by their directory; the first one has no number.
NEEDED: dict[int, dict[int, str]] = {
    0: {
        **TITLES,
        **{tag: tag.name for tag in (EDITED, Base.Make, Base.Model, Base.Orientation)},
    },
    IFD.Exif: {
        tag: tag.name
        for tag in (ORIGINAL, DIGITIZED, *OFFSETS[ORIGINAL], Base.LensModel, *SIZES.values())
    },
    IFD.GPSInfo: {
        tag: tag.name
        for tag in (GPS.GPSLatitude, GPS.GPSLongitude, GPS.GPSAltitude, GPS.GPSImgDirection)
    },
}
del NEEDED[IFD.Exif][Base.ISOSpeedRatings]


class Facts(NamedTuple):
    """What EXIF data say of a photo; None and empty text where they say nothing usable.

    Attributes
    ----------
    taken : float or None
        Seconds since 1970-01-01 UTC.
    taken_from : {"DateTimeOriginal", "DateTimeDigitized", "DateTime", ""}
        The tag that says so.
    offset : str
        What was taken off to come to UTC, as ``"+02:00"``; empty where the camera does not
        tell it, and is taken to be set to UTC.
    latitude, longitude : float or None
        Degrees, positive in the north and the east. Both or none.
    altitude : float or None
        Metres above sea level, negative below it.
    direction : float or None
        Where the camera looked: degrees clockwise from north, 0 to 360.
    make, model, lens, software : str
        Of the camera.
    iso, exposure_time, f_number, focal_length : float or None
        Sensitivity, seconds, f-number and millimetres; above 0.
    orientation : int
        1 (upright) to 8.
    problem : str
        Why what is there cannot be used; empty where all can.
    """

    taken: float | None = None
    taken_from: str = ""
    offset: str = ""
    latitude: float | None = None
    longitude: float | None = None
    altitude: float | None = None
    direction: float | None = None
    make: str = ""
    model: str = ""
    lens: str = ""
    software: str = ""
    iso: float | None = None
    exposure_time: float | None = None
    f_number: float | None = None
    focal_length: float | None = None
    orientation: int = 1
    problem: str = ""


def read_facts(picture: Image.Image) -> Facts:
    """Return all that the EXIF data of a picture say; never raises where they are damaged.

    DateTimeOriginal (36867) counts first, then DateTimeDigitized (36868), then DateTime (306),
    which is when the file was last edited. The fraction of a second and the offset from UTC are
    those in the date itself, or else those of the tags that go with it (SubSecTimeOriginal,
    OffsetTimeOriginal …), or else those of another date; a camera that does not tell the
    offset is taken to be set to UTC. Dates that are blank, impossible, before 1900 or more than
    a day ahead of now are no dates. Where a better date is there but cannot be used, `problem`
    says so, and which one is taken instead.

    A location is used whole or not at all: one of its two angles alone, out of range or 0/0
    is missing, and so is exactly (0, 0), which cameras write that have not found it.

    Parameters
    ----------
    picture : PIL image
        Opened; loaded, where the format has its EXIF data behind the pixels.

    Returns
    -------
    Facts

    Examples
    --------
    >>> picture = Image.new("L", (4, 4))
    >>> picture.getexif().update({0x010F: "NIKON", 0x0132: "2999:01:01 00:00:00"})
    >>> facts = read_facts(picture)
    >>> facts.make, facts.taken, facts.problem
    ('NIKON', None, 'DateTime is in the future (2999:01:01 00:00:00)')
    """
    first, second, gps, problems = _read_tags(picture)
    taken, taken_from, offset = _taken(first, second, problems)
    latitude, longitude = _location(gps, problems)
    orientation = _use(as_orientation, first, Base.Orientation, problems)
    return Facts(
        taken,
        taken_from,
        offset,
        latitude,
        longitude,
        altitude=_use(
            lambda value: as_altitude(value, gps.get(GPS.GPSAltitudeRef)),
            gps,
            GPS.GPSAltitude,
            problems,
        ),
        direction=_use(_direction, gps, GPS.GPSImgDirection, problems),
        make=as_text(first.get(Base.Make)),
        model=as_text(first.get(Base.Model)),
        lens=as_text(second.get(Base.LensModel)),
        software=as_text(first.get(Base.Software)),
        **{name: _use(_size, second, tag, problems) for name, tag in SIZES.items()},
        orientation=int(orientation or 1),
        problem="; ".join(dict.fromkeys(problems)),
    )


Tags = Mapping[int, Any]


def _read_tags(picture: Image.Image) -> tuple[Tags, Tags, Tags, list[str]]:
    """Return the three directories of tags, empty where there is none, and what is wrong."""
    raw = picture.info.get("exif")
    problems = _damage(raw) if isinstance(raw, bytes) and raw else []
    first: dict[int, Any] = {}
    below: dict[int, Tags] = {IFD.Exif: {}, IFD.GPSInfo: {}}
    try:
        exif = read_exif(picture)
        n_tags = len(exif)
    except EXIF_ERRORS as exc:
        if isinstance(exc, TooManyNumbersError):
            problems = [f"EXIF data cannot be used: {exc}"]
        n_tags = 0
    if n_tags:
        for pointer in below:
            try:
                below[pointer] = exif.get_ifd(pointer) or {}  # None in older versions of Pillow
            except EXIF_ERRORS:
                if not any(problem.startswith(TITLES[pointer]) for problem in problems):
                    problems.append(f"{TITLES[pointer]} cannot be read")
        for tag in FIRST_TAGS:
            try:
                first[tag] = exif.get(tag)
            except EXIF_ERRORS:
                problems.append(f"{NEEDED[0].get(tag, 'A tag')} cannot be read")
    return first, below[IFD.Exif], below[IFD.GPSInfo], problems


def read_exif(picture: Image.Image) -> Image.Exif:
    """Return the EXIF data that were found so far; raise one of `EXIF_ERRORS` where they harm."""
    raw = picture.info.get("exif")
    if isinstance(raw, bytes):
        check_directories(BytesIO(re.sub(MARKS, b"", raw)))
    # That of PNG would decode the pixels, as tags may be behind them.
    return Image.Image.getexif(picture)


def _damage(raw: bytes) -> list[str]:
    """Return what of EXIF data (a TIFF file in itself) Pillow leaves out without an error.

    That is what lies beyond their end, and what is of a type that is not known or wrong.
    """
    data = re.sub(MARKS, b"", raw)
    order = ORDERS.get(data[:4])
    if len(data) < 8:
        return ["EXIF data are cut off"]
    if order is None:
        return ["EXIF data do not begin as such"]
    problems: list[str] = []
    starts: dict[int, int] = {0: struct.unpack_from(order + "L", data, 4)[0]}
    for directory, needed in NEEDED.items():
        if directory not in starts:
            continue
        start = starts[directory] + 2
        (n_entries,) = struct.unpack(order + "H", data[start - 2 : start].ljust(2, b"\0"))
        entries = data[start : start + 12 * n_entries]
        entries = entries[: len(entries) // 12 * 12]
        for tag, kind, count, value in struct.iter_unpack(order + "HHLL", entries):
            name = needed.get(tag)
            size = count * TYPE_SIZES.get(kind, 0)
            if name is None:
                continue
            if kind not in TYPE_SIZES:
                problems.append(f"{name} is of an unknown type ({kind})")
            elif size > 4 and value + size > len(data):
                problems.append(f"{name} is cut off")
            elif tag in TITLES and (kind not in POINTERS or count != 1):
                problems.append(f"{name} is of a wrong type")
            elif tag in TITLES:
                starts[tag] = value
        if start + 12 * n_entries > len(data):
            title = f"{TITLES[directory]} is" if directory else "EXIF data are"
            problems.append(f"{title} cut off")
    return problems


def _taken(first: Tags, second: Tags, problems: list[str]) -> tuple[float | None, str, str]:
    """Return when, by which tag, and the offset that was taken off."""
    for tag in DATES:
        said: list[str] = []
        value = (first if tag is EDITED else second).get(tag)
        try:
            moment = as_moment(value)
            if moment is None:
                continue
            offset = _offset(moment, tag, second, said)
            digits = (as_text(second.get(name)) for name in FRACTIONS[tag])
            fraction = next((text for text in digits if text.isdecimal()), "0")
            seconds = moment.timestamp(float(f"0.{fraction}"), offset or 0)
            if seconds > time.time() + MAX_SECONDS_AHEAD:
                raise Unusable(f"is in the future ({shown(as_text(value))})")
        except Unusable as exc:
            problems.append(f"{tag.name} {exc}")
            continue
        better = tuple(f"{name.name} " for name in DATES[: DATES.index(tag)])
        if any(problem.startswith(better) for problem in problems):
            problems.append(f"{tag.name} is taken instead")
        problems.extend(said)
        return seconds, tag.name, "" if offset is None else format_offset(offset)
    return None, "", ""


def _offset(moment: Moment, tag: Base, second: Tags, problems: list[str]) -> int | None:
    """Return the minutes by which the clock of a date is ahead of UTC; None if not told."""
    if moment.offset is not None:
        return moment.offset
    for name in OFFSETS[tag]:
        try:
            offset = as_offset(second.get(name))
        except Unusable as exc:
            problems.append(f"{name.name} {exc}")
            continue
        if offset is not None:
            if problems:
                problems.append(f"{name.name} is taken instead")
            return offset
    if problems:
        problems.append("the clock is taken to show UTC")
    return None


def _location(gps: Tags, problems: list[str]) -> tuple[float | None, float | None]:
    """Return latitude and longitude; both are None where one cannot be used."""
    tags = (GPS.GPSLatitude, GPS.GPSLongitude)
    absent = [tag.name for tag in tags if gps.get(tag) is None]
    if absent:
        if len(absent) == 1 and not any(problem.startswith(absent[0]) for problem in problems):
            problems.append(f"{absent[0]} is absent")
        return None, None
    south, west = gps.get(GPS.GPSLatitudeRef), gps.get(GPS.GPSLongitudeRef)
    latitude = _use(lambda value: as_degrees(value, south, "NS"), gps, tags[0], problems)
    longitude = _use(lambda value: as_degrees(value, west, "EW"), gps, tags[1], problems)
    if latitude is None or longitude is None:
        return None, None
    if latitude == longitude == 0:
        problems.append("The GPS position is (0, 0), as of a camera that has not found it")
        return None, None
    return latitude, longitude


def _use(
    read: Callable[[Any], float | None], tags: Tags, tag: Base | GPS, problems: list[str]
) -> float | None:
    """Return what `read` makes of the value of a tag, or None and say why in `problems`."""
    value = tags.get(tag)
    if value is None:
        return None
    try:
        return read(value)
    except Unusable as exc:
        problems.append(f"{tag.name} {exc}")
        return None


def _direction(value: Any) -> float:
    degrees = as_number(value)
    if not 0 <= degrees <= 360:
        raise Unusable(f"is out of range ({degrees:g})")
    return degrees % 360


def _size(value: Any) -> float | None:
    """Return a number above 0; 0 is what cameras write that do not know it."""
    number = as_number(value[0] if isinstance(value, tuple) and value else value)
    if number < 0:
        raise Unusable(f"is out of range ({number:g})")
    return number or None

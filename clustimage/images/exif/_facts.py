"""When, where and how a photo was taken, as its EXIF data say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from PIL import Image

from clustimage.images.exif._tags import NO_TAGS, Tag, Tags, read_tags
from clustimage.images.exif._values import (
    Unusable,
    as_altitude,
    as_degrees,
    as_moment,
    as_number,
    as_text,
)

__all__ = ["NO_FACTS", "Facts", "read_facts", "read_taken"]


class Facts(NamedTuple):
    """What EXIF data say of a photo; None and empty text where they say nothing usable.

    Attributes
    ----------
    taken : float or None
        Seconds since 1970-01-01 UTC.
    taken_from : {"DateTimeOriginal", "DateTime", ""}
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


NO_FACTS = Facts()


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
    facts = read_facts(picture)
    return facts.taken, facts.taken_from


def read_facts(picture: Image.Image) -> Facts:
    """Return all that the EXIF data of a picture say; never raises where they are damaged.

    Parameters
    ----------
    picture : PIL image
        As for `read_taken`, where it is said what counts as a date.

    Returns
    -------
    Facts

    Notes
    -----
    A place is used whole or not at all: one of its two angles alone, out of range or 0/0
    is missing, and so is exactly (0, 0), which cameras write that have not found it.

    Examples
    --------
    >>> picture = Image.new("L", (4, 4))
    >>> picture.getexif().update({0x010F: "NIKON", 0x0132: "2999:01:01 00:00:00"})
    >>> facts = read_facts(picture)
    >>> facts.make, facts.taken, facts.problem
    ('NIKON', None, 'DateTime is in the future (2999:01:01 00:00:00)')
    """
    tags = read_tags(picture)
    if tags is NO_TAGS:
        return NO_FACTS
    problems = list(tags.problems)
    first, second, gps = tags.first, tags.second, tags.gps
    taken, taken_from, offset = _taken(tags, problems)
    latitude, longitude = _place(gps, problems)
    orientation: Any = first.get(Tag.ORIENTATION)
    return Facts(
        taken,
        taken_from,
        offset,
        latitude,
        longitude,
        altitude=_use(
            lambda value: as_altitude(value, gps.get(Tag.ALTITUDE_REF)),
            gps.get(Tag.ALTITUDE),
            "GPSAltitude",
            problems,
        ),
        direction=_use(_direction, gps.get(Tag.DIRECTION), "GPSImgDirection", problems),
        make=as_text(first.get(Tag.MAKE)),
        model=as_text(first.get(Tag.MODEL)),
        lens=as_text(second.get(Tag.LENS_MODEL)),
        software=as_text(first.get(Tag.SOFTWARE)),
        **{name: _use(_size, second.get(tag), words, problems) for name, tag, words in SIZES},
        orientation=orientation if orientation in range(1, 9) else 1,
        problem="; ".join(dict.fromkeys(problems)),
    )


SIZES = (
    ("iso", Tag.ISO, "ISOSpeedRatings"),
    ("exposure_time", Tag.EXPOSURE_TIME, "ExposureTime"),
    ("f_number", Tag.F_NUMBER, "FNumber"),
    ("focal_length", Tag.FOCAL_LENGTH, "FocalLength"),
)


def _taken(tags: Tags, problems: list[str]) -> tuple[float | None, str, str]:
    """Return when, by which tag, and the offset that was taken off."""
    second = tags.second
    offsets = second.get(Tag.OFFSET_TIME_ORIGINAL), second.get(Tag.OFFSET_TIME)
    edited = second.get(Tag.SUB_SEC_TIME)
    tries = (
        (
            "DateTimeOriginal",
            second.get(Tag.DATE_TIME_ORIGINAL),
            (second.get(Tag.SUB_SEC_TIME_ORIGINAL), edited),
            offsets,
        ),
        ("DateTime", tags.first.get(Tag.DATE_TIME), (edited,), offsets[::-1]),
    )
    for name, date, fractions, ahead in tries:
        try:
            found = as_moment(date, fractions, ahead)
        except Unusable as exc:
            problems.append(f"{name} {exc}")
            continue
        if found is not None:
            return found[0], name, found[1]
    return None, "", ""


def _place(gps: Mapping[int, Any], problems: list[str]) -> tuple[float | None, float | None]:
    """Return latitude and longitude; both are None where one cannot be used."""
    given = gps.get(Tag.LATITUDE), gps.get(Tag.LONGITUDE)
    if given == (None, None):
        return None, None
    names = ("GPSLatitude", "GPSLongitude")
    lone = next((name for name, value in zip(names, given, strict=True) if value is None), None)
    if lone is not None:
        if not any(problem.startswith(lone) for problem in problems):
            problems.append(f"{lone} is absent")
        return None, None
    south, west = gps.get(Tag.LATITUDE_REF), gps.get(Tag.LONGITUDE_REF)
    latitude = _use(lambda value: as_degrees(value, south, "NS"), given[0], names[0], problems)
    longitude = _use(lambda value: as_degrees(value, west, "EW"), given[1], names[1], problems)
    if latitude is None or longitude is None:
        return None, None
    if latitude == longitude == 0:
        problems.append("The GPS position is (0, 0), as of a camera that has not found it")
        return None, None
    return latitude, longitude


def _use(
    read: Callable[[Any], float | None], value: Any, name: str, problems: list[str]
) -> float | None:
    """Return what `read` makes of the value of a tag, or None and say why in `problems`."""
    if value is None:
        return None
    try:
        return read(value)
    except Unusable as exc:
        problems.append(f"{name} {exc}")
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

"""What EXIF tags hold, as text, numbers and degrees; what cannot be used says why."""

from __future__ import annotations

import math
import numbers
import re
from contextlib import suppress
from typing import Any

__all__ = [
    "Unusable",
    "as_altitude",
    "as_degrees",
    "as_number",
    "as_orientation",
    "as_text",
    "shown",
]

DECIMAL = re.compile(r"[+-]?\d{1,15}(\.\d{0,15})?", re.ASCII)
MAX_ALTITUDE = 100_000.0  # metres, up or down: what is beyond was taken by no camera on earth
MAX_CHARACTERS = 200  # of a text that are kept
SHOWN_CHARACTERS = 40  # of a value, in a reason


class Unusable(ValueError):
    """A value is there and cannot be used; the words say why and follow the tag's name.

    The functions below raise it.
    """


def as_text(value: Any) -> str:
    """Return the characters of a text value up to its end, without what fills it up.

    Other types are empty. Bytes that are UTF-8 are read so, all others as Latin-1.

    Examples
    --------
    >>> as_text("CYBERSHOT\\0\\0"), as_text(b"NIKON  "), as_text(7)
    ('CYBERSHOT', 'NIKON', '')
    """
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if not isinstance(value, str):
        return ""
    text = value.partition("\0")[0]
    if not text.isascii():
        with suppress(UnicodeError):
            text = text.encode("latin-1").decode("utf-8")
    return "".join(filter(str.isprintable, text)).strip()[:MAX_CHARACTERS].rstrip()


def as_number(value: Any) -> float:
    """Return a finite number: whole, a ratio, a float, or a decimal number as text.

    Examples
    --------
    >>> as_number(" 37.5"), as_number(4)
    (37.5, 4.0)
    """
    if isinstance(value, (str, bytes)) and DECIMAL.fullmatch(as_text(value)):
        return float(as_text(value))
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise Unusable(f"is of a wrong type ({shown(value)})")
    if getattr(value, "denominator", 1) == 0:
        raise Unusable(f"is {getattr(value, 'numerator', '')}/0")
    number = float(value)
    if not math.isfinite(number):
        raise Unusable(f"is {number}")
    return number


def as_degrees(value: Any, reference: Any, letters: str) -> float:
    """Return a latitude or a longitude in degrees.

    Parameters
    ----------
    value : number, or sequence of one to three
        Degrees, minutes and seconds, each of any kind that `as_number` takes; 60 minutes
        or seconds and more are carried over, as by ExifTool.
    reference : object
        Hemisphere, of which the first letter counts, in any case; None or empty is positive.
    letters : {"NS", "EW"}
        Those of the positive and of the negative hemisphere.

    Examples
    --------
    >>> as_degrees((43, 28.5), "s", "NS"), as_degrees(11.25, None, "EW")
    (-43.475, 11.25)
    """
    parts = value if isinstance(value, (tuple, list)) else (value,)
    if not 1 <= len(parts) <= 3:
        raise Unusable(f"has {len(parts)} parts")
    degrees, *smaller = (as_number(part) for part in parts)
    angle: float = abs(degrees) + sum(part / 60**n for n, part in enumerate(smaller, start=1))
    limit = 90 if letters == "NS" else 180
    if angle > limit or not all(part >= 0 for part in smaller):
        raise Unusable(f"is out of range ({shown(parts)})")
    if reference is not None and not isinstance(reference, (str, bytes)):
        raise Unusable(f"is of an unknown hemisphere ({shown(reference)})")
    letter = as_text(reference).upper()[:1]
    if letter and letter not in letters:
        raise Unusable(f"is of an unknown hemisphere ({shown(reference)})")
    return -angle if letter == letters[1] or degrees < 0 else angle


def as_altitude(value: Any, reference: Any) -> float:
    """Return metres above sea level, negative below it.

    Parameters
    ----------
    value : number
        Metres.
    reference : object
        0 above and 1 below sea level (in EXIF 3.0 also 2 and 3), as a number, byte or digit.

    Examples
    --------
    >>> as_altitude(12.5, b"\\x01"), as_altitude(12.5, None)
    (-12.5, 12.5)
    """
    metres = as_number(value)
    if abs(metres) > MAX_ALTITUDE:
        raise Unusable(f"is out of range ({shown(metres)})")
    below = reference in (1, 3, b"\x01", b"\x03", b"1", b"3", "\x01", "\x03", "1", "3")
    return -abs(metres) if below else metres


def as_orientation(value: Any) -> int:
    """Return the orientation, 1 (upright) to 8; 1 where there is none.

    It should be one short number. Of other types, and of several numbers, the first one
    counts, and of text the number that it begins with, as for ImageMagick.

    Examples
    --------
    >>> as_orientation(6), as_orientation(b"\\x06"), as_orientation("6"), as_orientation(None)
    (6, 6, 6, 1)
    """
    given = value
    if isinstance(value, str):
        found = re.match(r"\s*(\d+)", value, re.ASCII)
        value = int(found[1][:5]) if found else (value.strip(" \0") or None)
    elif isinstance(value, (bytes, tuple, list)):
        value = value[0] if value else None
    if value is None or value == 0:  # 0 is what software writes that does not know it
        return 1
    for orientation in range(1, 9):
        if value == orientation:  # of any type of number
            return orientation
    raise Unusable(f"is no number from 1 to 8 ({shown(given)})")


def shown(value: Any) -> str:
    """Return a value as one short line of printable characters."""
    if isinstance(value, (tuple, list)):
        text = ", ".join(map(str, value[:4]))
    else:
        text = value if isinstance(value, str) else str(value)
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"

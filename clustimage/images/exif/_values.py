"""What EXIF tags hold, as text, numbers, timestamps and degrees; what cannot be used says why."""

from __future__ import annotations

import math
import numbers
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any

__all__ = [
    "Unusable",
    "as_altitude",
    "as_degrees",
    "as_timestamp",
    "as_number",
    "as_text",
]

FIRST_YEAR = 1900
MAX_SECONDS_AHEAD = 24 * 3600.0  # by which a date may be ahead of this computer's clock

DATE = re.compile(r"(\d{4})[:/.-](\d\d)[:/.-](\d\d)[ T](\d\d):(\d\d):(\d\d)", re.ASCII)
OFFSET = re.compile(r"([+-])(\d\d):?([0-5]\d)", re.ASCII)
MAX_OFFSET = 14 * 60  # minutes by which a clock is ahead of UTC or behind it
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
        raise Unusable(f"is of a wrong type ({_shown(value)})")
    if getattr(value, "denominator", 1) == 0:
        raise Unusable(f"is {getattr(value, 'numerator', '')}/0")
    number = float(value)
    if not math.isfinite(number):
        raise Unusable(f"is {number}")
    return number


def as_timestamp(
    date: Any, fractions: Sequence[Any], offsets: Sequence[Any]
) -> tuple[float, str] | None:
    """Return seconds since 1970 UTC, and the offset from UTC that was taken off.

    Parameters
    ----------
    date : object
        As ``"2015:06:01 12:00:00"``.
    fractions : sequence
        Digits of a second; the first that are digits count.
    offsets : sequence
        As ``"+02:00"`` or ``"Z"``; the first that is one counts. Without one, the clock is
        taken to show UTC.

    Returns
    -------
    (float, str) or None
        The offset as ``"+02:00"``, or empty; None where there is no date, or a blank one.

    Examples
    --------
    >>> as_timestamp("1970:01:02 02:00:00", ["5"], ["+0200"])
    (86400.5, '+02:00')
    >>> as_timestamp("    :  :     :  :  ", [], []) is None
    True
    """
    text = as_text(date)
    if not text.strip(" :"):
        if date is None or isinstance(date, (str, bytes)):
            return None
        raise Unusable(f"is of a wrong type ({_shown(date)})")
    found = DATE.fullmatch(text)
    if found is None:
        raise Unusable(f"is no date ({_shown(text)})")
    year, month, day, hour, minute, second = map(int, found.groups())
    try:
        shown = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    except ValueError:
        raise Unusable(f"is no date ({_shown(text)})") from None
    if year < FIRST_YEAR:
        raise Unusable(f"is before {FIRST_YEAR} ({_shown(text)})")
    digits = next((text for text in map(as_text, fractions) if text.isdecimal()), "0")
    ahead = next((minutes for minutes in map(_minutes, offsets) if minutes is not None), None)
    seconds = (shown - timedelta(minutes=ahead or 0)).timestamp() + float(f"0.{digits}")
    if seconds > time.time() + MAX_SECONDS_AHEAD:
        raise Unusable(f"is in the future ({_shown(text)})")
    if ahead is None:
        return seconds, ""
    hours, rest = divmod(abs(ahead), 60)
    return seconds, f"{'-' if ahead < 0 else '+'}{hours:02}:{rest:02}"


def _minutes(offset: Any) -> int | None:
    """Return the minutes by which a clock is ahead of UTC; None where that is not told."""
    text = as_text(offset)
    found = OFFSET.fullmatch(text)
    if found is None:
        return 0 if text == "Z" else None
    minutes = 60 * int(found[2]) + int(found[3])
    if minutes > MAX_OFFSET:
        return None
    return -minutes if found[1] == "-" else minutes


def as_degrees(value: Any, reference: Any, letters: str) -> float:
    """Return a latitude or a longitude in degrees.

    Parameters
    ----------
    value : number, or sequence of one to three
        Degrees, minutes and seconds, each of any kind that `as_number` takes.
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
    if angle > limit or not all(0 <= part <= 60 for part in smaller):
        raise Unusable(f"is out of range ({_shown(parts)})")
    if reference is not None and not isinstance(reference, (str, bytes)):
        raise Unusable(f"is of an unknown hemisphere ({_shown(reference)})")
    letter = as_text(reference).upper()[:1]
    if letter and letter not in letters:
        raise Unusable(f"is of an unknown hemisphere ({_shown(reference)})")
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
        raise Unusable(f"is out of range ({_shown(metres)})")
    below = reference in (1, 3, b"\x01", b"\x03", b"1", b"3", "\x01", "\x03", "1", "3")
    return -abs(metres) if below else metres


def _shown(value: Any) -> str:
    """Return a value as one short line of printable characters."""
    if isinstance(value, (tuple, list)):
        text = ", ".join(map(str, value[:4]))
    else:
        text = value if isinstance(value, str) else str(value)
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"

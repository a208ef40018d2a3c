"""What EXIF tags hold as dates and as offsets from UTC, however they are spelled."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any, NamedTuple

from clustimage.images.exif._values import Unusable, as_text, shown

__all__ = ["Moment", "as_moment", "as_offset", "format_offset"]

FIRST_YEAR = 1900
MAX_OFFSET = 14 * 60  # minutes by which a clock is ahead of UTC or behind it

# As in EXIF data and in ISO 8601, where a blank may stand for a leading zero and the seconds may
# be absent; and the basic format of ISO 8601, without marks between the numbers.
REST = r"(?:[.,](?P<fraction>\d*))? *(?P<zone>.*)"
DATES = (
    re.compile(
        r"(\d{4})[:/.-]([ \d]?\d)[:/.-]([ \d]?\d)(?:[Tt:]| +)([ \d]?\d):([ \d]?\d)"
        rf"(?::([ \d]?\d){REST}|(?P<alone> *.*))",
        re.ASCII,
    ),
    re.compile(rf"(\d{{4}})(\d\d)(\d\d)[Tt ]?(\d\d)(\d\d)(\d\d){REST}", re.ASCII),
)
# "+02:00", "+0200", "+2:00", "+02.00", "+02:00:00", "+02", "UTC+2", "Z".
OFFSET = re.compile(
    r"(?:UTC|GMT|Z)|(?:UTC|GMT)? ?(?P<sign>[+-])(?P<hours>[ \d]?\d)"
    r"(?:[:.]?(?P<minutes>[0-5]\d)(?:[:.]?00)?)?",
    re.ASCII | re.IGNORECASE,
)
MINUS = "\N{MINUS SIGN}"


class Moment(NamedTuple):
    """What a clock showed.

    Attributes
    ----------
    seconds : float
        Since 1970-01-01 00:00 on that clock.
    fraction : float or None
        Of a second, in addition; None where the date has none.
    offset : int or None
        Minutes by which the clock is ahead of UTC; None where the date does not tell.
    """

    seconds: float
    fraction: float | None
    offset: int | None

    def timestamp(self, fraction: float, offset: int) -> float:
        """Return seconds since 1970 UTC; fraction and offset are taken where it has none."""
        ahead = offset if self.offset is None else self.offset
        return self.seconds - 60 * ahead + (fraction if self.fraction is None else self.fraction)


def as_moment(value: Any) -> Moment | None:
    """Return what a clock showed, of a date as EXIF data or ISO 8601 spell it.

    Parameters
    ----------
    value : object
        As ``"2015:06:01 12:00:00"``; ``"2015: 6: 1"``, ``"2015-06-01T12:00:00.5+02:00"``
        and ``"20150601T120000Z"`` are read as well.

    Returns
    -------
    Moment or None
        None where there is no date, or a blank one.

    Raises
    ------
    Unusable
        If it is no date, has no time of day, or is before 1900.

    Examples
    --------
    >>> as_moment("1970:01:02 02:00:00")
    Moment(seconds=93600.0, fraction=None, offset=None)
    >>> as_moment("1970-01-02T02:00:00.5+02:00")
    Moment(seconds=93600.0, fraction=0.5, offset=120)
    >>> as_moment("    :  :     :  :  ") is None
    True
    """
    text = as_text(value)
    if not text.strip(" :"):
        if value is None or isinstance(value, (str, bytes)):
            return None
        raise Unusable(f"is of a wrong type ({shown(value)})")
    found = next(filter(None, (pattern.fullmatch(text) for pattern in DATES)), None)
    if found is None:
        raise Unusable(f"is no date ({shown(text)})")
    groups = found.groupdict()
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    zone = (groups["zone"] or groups.get("alone") or "").strip()
    try:
        offset = as_offset(zone)
        # The 60th second is a leap second, or one that was rounded up.
        whole = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=timezone.utc)
    except ValueError:
        raise Unusable(f"is no date ({shown(text)})") from None
    if second > 60:
        raise Unusable(f"is no date ({shown(text)})")
    if year < FIRST_YEAR:
        raise Unusable(f"is before {FIRST_YEAR} ({shown(text)})")
    digits = groups["fraction"]
    fraction = float(f"0.{digits}") if digits else None
    return Moment(whole.timestamp() + (second == 60), fraction, offset)


def as_offset(value: Any) -> int | None:
    """Return the minutes by which a clock is ahead of UTC; None where there is no value.

    Parameters
    ----------
    value : object
        As ``"+02:00"``; ``"+0200"``, ``"+2"``, ``"UTC+2"`` and ``"Z"`` are read as well.

    Raises
    ------
    Unusable
        If it is no offset, or more than 14 hours.

    Examples
    --------
    >>> as_offset("+02:00"), as_offset("UTC-5"), as_offset("Z"), as_offset("   :  ")
    (120, -300, 0, None)
    """
    text = as_text(value).replace(MINUS, "-")
    if not text.strip(" :"):
        if value is None or isinstance(value, (str, bytes)):
            return None
        raise Unusable(f"is of a wrong type ({shown(value)})")
    found = OFFSET.fullmatch(text)
    if found is None:
        raise Unusable(f"is no offset from UTC ({shown(text)})")
    minutes = 60 * int(found["hours"] or 0) + int(found["minutes"] or 0)
    if minutes > MAX_OFFSET:
        raise Unusable(f"is no offset from UTC ({shown(text)})")
    return -minutes if found["sign"] == "-" else minutes


def format_offset(minutes: int) -> str:
    """Return minutes ahead of UTC as text.

    Examples
    --------
    >>> format_offset(-330)
    '-05:30'
    """
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"

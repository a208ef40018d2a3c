"""Dates and offsets from UTC in every spelling that is met, and what is neither."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from clustimage.images.exif._dates import Moment, as_moment, as_offset, format_offset
from clustimage.images.exif._values import Unusable

NOON = datetime(2015, 6, 1, 12, tzinfo=timezone.utc).timestamp()
EARLY = datetime(2004, 1, 5, 9, 3, 2, tzinfo=timezone.utc).timestamp()


@pytest.mark.parametrize(
    "text",
    ["2015:06:01 12:00:00", "2015-06-01T12:00:00", "2015/06/01 12:00:00", "2015.06.01 12:00:00"]
    + ["2015:6:1 12:0:0", "2015: 6: 1 12: 0: 0", "2015:06:01  12:00:00", "2015:06:01:12:00:00"]
    + ["2015-06-01T12:00", "2015-06-01t12:00:00", "20150601T120000", "20150601120000"]
    + [" 2015:06:01 12:00:00 \0", b"2015:06:01 12:00:00\0rest", "2015:06:01 12:00:00."],
)
def test_dates_are_read_in_every_spelling(text):
    assert as_moment(text) == Moment(NOON, None, None)


@pytest.mark.parametrize(
    "text", ["2004: 1: 5  9: 3: 2", "2004-01-05T09:03:02", "2004:1:5 9:3:2", "20040105T090302"]
)
def test_blanks_stand_for_zeros(text):
    assert as_moment(text) == Moment(EARLY, None, None)


@pytest.mark.parametrize(
    "fraction, value", [(".67", 0.67), (".5", 0.5), (",25", 0.25), (".000", 0)]
)
@pytest.mark.parametrize("zone, offset", [("", None), ("Z", 0), ("+02:00", 120), (" -0530", -330)])
def test_a_date_may_hold_its_fraction_and_its_zone(fraction, value, zone, offset):
    for date in ("2015:06:01 12:00:00", "2015-06-01T12:00:00", "20150601T120000"):
        assert as_moment(f"{date}{fraction}{zone}") == Moment(NOON, value, offset)
        assert as_moment(f"{date}{zone}") == Moment(NOON, None, offset)
    assert as_moment(f"2015-06-01T12:00{zone}") == Moment(NOON, None, offset)


def test_the_sixtieth_second_is_the_next_minute():
    leap = as_moment("2016:12:31 23:59:60")
    assert leap == Moment(datetime(2017, 1, 1, tzinfo=timezone.utc).timestamp(), None, None)


@pytest.mark.parametrize(
    "date, words",
    [
        ("0000:00:00 00:00:00", r"is no date \(0000:00:00 00:00:00\)"),
        ("2015:02:30 12:00:00", "is no date"),
        ("2015:06:01 24:00:00", "is no date"),
        ("2015:06:01 12:00:61", "is no date"),
        ("2015:06:01", "is no date"),
        ("2015:06:01   :  :  ", "is no date"),
        ("2015:06:01 12", "is no date"),
        ("01:06:2015 12:00:00", "is no date"),
        ("15:06:01 12:00:00", "is no date"),
        ("2015:06:01 02:00:00 PM", "is no date"),
        ("2015:06:01 12:00:00 CET", "is no date"),
        ("2015:06:01 12:00:00+25:00", "is no date"),
        ("2015:06:01 12:00 noon", "is no date"),
        ("٢٠١٥:06:01 12:00:00", "is no date"),
        ("yesterday", r"is no date \(yesterday\)"),
        ("1899:12:31 23:59:59", "is before 1900"),
        (20150601, r"wrong type \(20150601\)"),
        ((2015, 6), "wrong type"),
    ],
)
def test_what_is_no_date_says_why(date, words):
    with pytest.raises(Unusable, match=words):
        as_moment(date)


def test_a_blank_date_is_no_lie():
    for blank in (None, "", "    :  :     :  :  ", b"\0\0", "\0"):
        assert as_moment(blank) is None


@pytest.mark.parametrize(
    "text, minutes",
    [("+02:00", 120), ("+0200", 120), ("+2:00", 120), ("+02", 120), ("+2", 120), ("+ 2:00", 120)]
    + [("UTC+2", 120), ("UTC+02:00", 120), ("GMT+0200", 120), ("utc +2", 120), ("+02.00", 120)]
    + [("+02:00:00", 120), ("−02:00", -120), ("−02:00".encode(), -120), ("-05:30", -330)]
    + [("+05.30", 330), ("-530", -330), ("Z", 0), ("z", 0), ("UTC", 0), ("GMT", 0), ("-00:00", 0)]
    + [("+13:45", 825), ("+14:00", 840), (" +01:00\0", 60), (b"+01:00", 60)]
    + [("   :  ", None), ("", None), (None, None), ("\0", None)],
)
def test_offsets_are_read_in_every_spelling(text, minutes):
    assert as_offset(text) == minutes


@pytest.mark.parametrize(
    "value",
    ["+25:00", "+14:15", "+02:60", "02:00", "2", "two", "CET", "Europe/Berlin", "+5.5", "+02:00:30"]
    + [b"\xff", 5, (2, 0), "+", "UTC2", "+02:00 DST", "Z+2", "++2"],
)
def test_what_is_no_offset_says_why(value):
    with pytest.raises(Unusable, match="is no offset from UTC|is of a wrong type"):
        as_offset(value)


def test_offsets_are_shown_in_one_spelling():
    shown = [format_offset(minutes) for minutes in (120, -330, 0, 825)]
    assert shown == ["+02:00", "-05:30", "+00:00", "+13:45"]


def test_the_fraction_and_the_offset_in_the_date_count_first():
    assert Moment(NOON, None, None).timestamp(0.25, 60) == NOON - 3600 + 0.25
    assert Moment(NOON, 0.5, -60).timestamp(0.25, 60) == NOON + 3600 + 0.5
    assert Moment(NOON, 0.0, 0).timestamp(0.25, 60) == NOON


def test_the_last_dates_that_text_can_hold_are_read():
    for last in ("9999:12:31 23:59:60", "9999:12:31 23:59:59-14:00"):
        assert as_moment(last).timestamp(0.0, 0) > 2.5e11

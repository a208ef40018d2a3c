"""Values of EXIF tags: every form a place comes in, and what is no number, date or place."""

from __future__ import annotations

import time
from datetime import datetime, timezone

import pytest
from PIL.TiffImagePlugin import IFDRational

from clustimage.images.exif._values import (
    Unusable,
    as_altitude,
    as_degrees,
    as_number,
    as_text,
    as_timestamp,
)


def ratio(above: int, below: int = 1) -> IFDRational:
    return IFDRational(above, below)


@pytest.mark.parametrize(
    "value",
    [
        (ratio(33), ratio(51), ratio(3618, 100)),
        (33.0, 51.0, 36.18),
        (33, 51, 36.18),
        (ratio(33), ratio(51603, 1000)),
        (ratio(33), ratio(51603, 1000), ratio(0)),
        [33, 51.603],
        (ratio(3386005, 100000),),
        ratio(3386005, 100000),
        33.86005,
        "33.86005",
        ("33", "51", "36.18"),
        b"33.86005\0",
    ],
)
@pytest.mark.parametrize("letter, sign", [("N", 1), ("S", -1), ("s", -1), ("n", 1), (b"S\0", -1)])
def test_latitudes_come_in_many_forms(value, letter, sign):
    assert as_degrees(value, letter, "NS") == pytest.approx(sign * 33.86005, abs=1e-12)


@pytest.mark.parametrize("letter, sign", [("E", 1), ("w", -1), ("West", -1), (None, 1), ("", 1)])
def test_all_hemispheres_and_none_is_positive(letter, sign):
    assert as_degrees((151, 12, 30), letter, "EW") == pytest.approx(sign * 151.208333, abs=1e-6)


def test_a_minus_counts_as_the_other_hemisphere_does():
    for letter in (None, "S", "N"):
        assert as_degrees(-33.5, letter, "NS") == -33.5
    assert as_degrees((ratio(-33), ratio(30)), None, "NS") == -33.5


@pytest.mark.parametrize(
    "value, letter, words",
    [
        ((ratio(0, 0), ratio(0, 0), ratio(0, 0)), "N", "is 0/0"),
        ((ratio(43), ratio(28), ratio(0, 0)), "N", "is 0/0"),
        ((ratio(43), ratio(7, 0)), "N", "is 7/0"),
        (float("nan"), "N", "is nan"),
        (float("inf"), "N", "is inf"),
        ((91, 0, 0), "N", r"out of range \(91, 0, 0\)"),
        ((90, 0, 1), "N", "out of range"),
        ((43, 61, 0), "N", "out of range"),
        ((43, 28, 2814), "N", "out of range"),
        ((43, -28, 0), "N", "out of range"),
        ((1, 2, 3, 4), "N", "has 4 parts"),
        ((), "N", "has 0 parts"),
        ("north", "N", r"wrong type \(north\)"),
        (True, "N", "wrong type"),
        ({}, "N", "wrong type"),
        (43.5, "E", r"hemisphere \(E\)"),
        (43.5, 7, r"hemisphere \(7\)"),
    ],
)
def test_what_is_no_angle_says_why(value, letter, words):
    with pytest.raises(Unusable, match=words):
        as_degrees(value, letter, "NS")


def test_the_poles_and_the_date_line_are_places():
    assert as_degrees((90, 0, 0), "S", "NS") == -90
    assert as_degrees((179, 59, 60), "W", "EW") == -180
    with pytest.raises(Unusable):
        as_degrees((180, 0, 1), "W", "EW")


@pytest.mark.parametrize("reference", [1, 3, b"\x01", "1", b"1", "\x01", b"\x03"])
def test_below_the_sea_is_negative(reference):
    assert as_altitude(ratio(25, 2), reference) == -12.5


@pytest.mark.parametrize("reference", [0, 2, b"\x00", "0", None, b"", "x", (1, 2)])
def test_above_the_sea_is_positive(reference):
    assert as_altitude(ratio(25, 2), reference) == 12.5
    assert as_altitude(-3.0, reference) == -3


def test_altitudes_that_are_none_say_why():
    for value, words in ((ratio(0, 0), "is 0/0"), (4294967295, "out of range"), ("x", "type")):
        with pytest.raises(Unusable, match=words):
            as_altitude(value, 0)


def test_texts_end_at_their_end():
    assert as_text("ION230\0F") == "ION230"
    assert as_text(b"NIKON \0\0") == "NIKON"
    assert as_text("Fuji\x1b[31m\nfilm") == "Fuji[31mfilm"
    assert as_text("GrÃ¶Ã\x9fe") == as_text("Größe".encode()) == as_text("Größe") == "Größe"
    assert len(as_text("x" * 100_000)) == 200
    assert as_text(None) == as_text(7) == as_text((1, 2)) == ""


def test_numbers_are_those_that_are_finite():
    assert [as_number(value) for value in (7, 0.5, ratio(1, 8), "+2.50", "-3.")] == [
        7, 0.5, 0.125, 2.5, -3
    ]  # fmt: skip
    for value in (None, "", "1e5", "1,5", (1,), b"\xff", "9" * 400, ratio(1, 0)):
        with pytest.raises(Unusable):
            as_number(value)


def test_a_moment_tells_the_offset_that_was_taken_off():
    noon = datetime(2015, 6, 1, 12, tzinfo=timezone.utc).timestamp()
    date = "2015:06:01 12:00:00"
    assert as_timestamp(date, [], []) == (noon, "")
    assert as_timestamp(date, [], ["-0530"]) == (noon + 19800, "-05:30")
    assert as_timestamp(date, [None, "25"], ["two", "Z"]) == (noon + 0.25, "+00:00")


@pytest.mark.parametrize(
    "date, words",
    [
        ("0000:00:00 00:00:00", r"is no date \(0000:00:00 00:00:00\)"),
        ("2015:02:30 12:00:00", "is no date"),
        ("yesterday", r"is no date \(yesterday\)"),
        ("1899:12:31 23:59:59", "is before 1900"),
        ("2999:01:01 00:00:00", "is in the future"),
        (20150601, r"wrong type \(20150601\)"),
        ((2015, 6), "wrong type"),
    ],
)
def test_what_is_no_date_says_why(date, words):
    with pytest.raises(Unusable, match=words):
        as_timestamp(date, [], [])


def test_a_blank_date_is_no_lie():
    for blank in (None, "", "    :  :     :  :  ", b"\0\0", "\0"):
        assert as_timestamp(blank, [], []) is None


def test_a_year_from_now_is_no_date():
    year = time.gmtime().tm_year + 1
    with pytest.raises(Unusable, match="future"):
        as_timestamp(f"{year}:12:31 00:00:00", [], [])

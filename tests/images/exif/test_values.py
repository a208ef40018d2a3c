"""Values of EXIF tags: every form a place comes in, and what is no number, date or place."""

from __future__ import annotations

import pytest
from PIL.TiffImagePlugin import IFDRational

from clustimage.images.exif._values import (
    Unusable,
    as_altitude,
    as_degrees,
    as_number,
    as_orientation,
    as_text,
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
        ((0, 0, 324001), "N", "out of range"),
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


@pytest.mark.parametrize(
    "value, degrees",
    [
        ((43, 61, 0), 44.0166666666667),
        ((43, 28, 2814), 44.2483333333333),
        ((43, 60, 60), 44.0166666666667),
        ((0, 2608, 0), 43.4666666666667),
        ((0, 0, 156480), 43.4666666666667),
    ],
)
def test_sixty_minutes_or_seconds_and_more_are_carried_as_by_exiftool(value, degrees):
    assert as_degrees(tuple(map(ratio, value)), "N", "NS") == pytest.approx(degrees, abs=1e-12)
    assert as_degrees(tuple(map(ratio, value)), "W", "EW") == pytest.approx(-degrees, abs=1e-12)


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


@pytest.mark.parametrize(
    "value",
    [6, 6.0, ratio(6), b"\x06", "6", " 6\0", "06", "6 cm", (6, 1), (6.0, 1), b"\x06\x01", "6.0"],
)
def test_an_orientation_of_another_type_counts_by_its_first_number(value):
    assert as_orientation(value) == 6
    assert type(as_orientation(value)) is int


@pytest.mark.parametrize("value", [None, 0, "", " \0", b"", b"\0\x06", (), (1, 6), 1, "1"])
def test_an_orientation_that_is_not_known_is_upright(value):
    assert as_orientation(value) == 1


@pytest.mark.parametrize(
    "value", [9, -6, 65535, 6.7, ratio(20, 3), ratio(6, 0), b"6", "Rotate 90 CW", "60", (9, 6), {}]
)
def test_an_orientation_that_is_none_says_why(value):
    with pytest.raises(Unusable, match="is no number from 1 to 8"):
        as_orientation(value)

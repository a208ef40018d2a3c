"""When a photo was taken: which tag counts, what belongs to it, and what is no date."""

from __future__ import annotations

import re
import struct
import time
import warnings
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from clustimage.images import ImageStatus, load_images
from clustimage.images.exif._facts import read_facts

DATE_TIME, EXIF_IFD, ORIENTATION = 306, 0x8769, 0x0112
ORIGINAL, OFFSET, OFFSET_ORIGINAL, SUB_SEC, SUB_SEC_ORIGINAL = 36867, 36880, 36881, 37520, 37521
DIGITIZED, OFFSET_DIGITIZED, SUB_SEC_DIGITIZED = 36868, 36882, 37522


def seconds(*when: int) -> float:
    return datetime(*when, tzinfo=timezone.utc).timestamp()


NOON = seconds(2015, 6, 1, 12, 0, 0)


def exif_of(first: dict[int, object], second: dict[int, object] | None = None) -> Image.Exif:
    exif = Image.Exif()
    exif.update(first)
    if second:
        exif[EXIF_IFD] = second
    return exif


def facts(first: dict[int, object], second: dict[int, object] | None = None):
    """What is read from a picture that holds these tags."""
    picture = Image.new("L", (4, 4))
    picture.getexif().update({ORIENTATION: 1, **first})
    # There is no other way with every version of Pillow, nor one to write such values.
    picture.getexif()._ifds[EXIF_IFD] = second or {}
    return read_facts(picture)


def taken(first: dict[int, object], second: dict[int, object] | None = None):
    return facts(first, second)[:2]


def status_of(path: Path) -> ImageStatus:
    return load_images([path], dim=(8, 8)).status[0]


# --- which tag ------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_the_date_is_read_from_every_format(tmp_path, suffix):
    first = {DATE_TIME: "2016:01:01 00:00:00", ORIENTATION: 6}
    second = {ORIGINAL: "2015:06:01 12:00:00", SUB_SEC_ORIGINAL: "25", OFFSET_ORIGINAL: "+02:00"}
    settings = {"exif": exif_of(first, second)}
    if suffix == "tif":
        tags = ImageFileDirectory_v2()
        for tag, value in {**first, EXIF_IFD: second}.items():
            tags[tag] = value
        settings = {"tiffinfo": tags}
    Image.new("RGB", (60, 40)).save(tmp_path / f"a.{suffix}", **settings)
    row = status_of(tmp_path / f"a.{suffix}")
    assert (row.taken, row.taken_from) == (NOON - 7200 + 0.25, "DateTimeOriginal")
    assert (row.width, row.height) == (40, 60)


def test_the_date_is_read_from_heic(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    exif = exif_of({}, {ORIGINAL: "2015:06:01 12:00:00"})
    picture = heif.from_pillow(Image.new("RGB", (64, 64)))
    picture.save(tmp_path / "a.heic", exif=exif.tobytes())
    row = status_of(tmp_path / "a.heic")
    assert (row.taken, row.taken_from) == (NOON, "DateTimeOriginal")


def test_the_time_of_editing_counts_where_that_of_taking_is_absent():
    assert taken({DATE_TIME: "2015:06:01 12:00:00"}) == (NOON, "DateTime")
    later = {DATE_TIME: "2016:06:01 12:00:00"}
    assert taken(later, {ORIGINAL: "2015:06:01 12:00:00"}) == (NOON, "DateTimeOriginal")
    for blank in ("    :  :     :  :  ", "0000:00:00 00:00:00", "", "\0", 7, b"\xff\xfe"):
        assert taken({DATE_TIME: "2015:06:01 12:00:00"}, {ORIGINAL: blank}) == (NOON, "DateTime")


def test_the_time_of_digitizing_counts_before_that_of_editing():
    noon = "2015:06:01 12:00:00"
    first, second = {DATE_TIME: "2020:01:01 00:00:00"}, {DIGITIZED: noon, SUB_SEC_DIGITIZED: "5"}
    assert taken(first, second) == (NOON + 0.5, "DateTimeDigitized")
    own = {**second, OFFSET_ORIGINAL: "+01:00", OFFSET_DIGITIZED: "+02:00"}
    assert taken(first, own) == (NOON - 7200 + 0.5, "DateTimeDigitized")
    assert taken(first, {**second, ORIGINAL: "2014:06:01 12:00:00"})[1] == "DateTimeOriginal"


@pytest.mark.parametrize(
    "original, says",
    [
        ("2015:06:01", "DateTimeOriginal is no date (2015:06:01); "),
        ("0000:00:00 00:00:00", "DateTimeOriginal is no date (0000:00:00 00:00:00); "),
        ("1850:01:01 12:00:00", "DateTimeOriginal is before 1900 (1850:01:01 12:00:00); "),
        ("2999:01:01 12:00:00", "DateTimeOriginal is in the future (2999:01:01 12:00:00); "),
        (7, "DateTimeOriginal is of a wrong type (7); "),
    ],
)
def test_no_other_date_stands_in_without_a_word(original, says):
    other = {DIGITIZED: "2015:06:01 12:00:00"}
    found = facts({DATE_TIME: "2020:01:01 00:00:00"}, {ORIGINAL: original, **other})
    assert (found.taken, found.problem) == (NOON, f"{says}DateTimeDigitized is taken instead")
    found = facts({DATE_TIME: "2015:06:01 12:00:00"}, {ORIGINAL: original})
    assert (found.taken, found.problem) == (NOON, f"{says}DateTime is taken instead")
    found = facts({}, {ORIGINAL: original})
    assert (found.taken, found.problem) == (None, says[:-2])


def test_a_blank_date_is_passed_over_in_silence():
    found = facts({DATE_TIME: "2015:06:01 12:00:00"}, {ORIGINAL: "    :  :     :  :  "})
    assert (found.taken, found.problem) == (NOON, "")


def test_a_word_on_the_date_reaches_the_import_status(tmp_path):
    first = {DATE_TIME: "2015:06:01 12:00:00"}
    Image.new("L", (8, 8)).save(tmp_path / "a.jpg", exif=exif_of(first, {ORIGINAL: "June 2014"}))
    status = load_images(tmp_path, dim=(8, 8)).status_frame(None)
    words = "DateTimeOriginal is no date (June 2014); DateTime is taken instead"
    assert status["exif"].tolist() == [words]
    assert status["timestamp_from"].tolist() == ["DateTime"]


def test_without_dates_nothing_is_said(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg")
    row = status_of(tmp_path / "a.jpg")
    assert (row.taken, row.taken_from) == (None, "")
    assert read_facts(Image.new("L", (4, 4)))[:2] == (None, "")
    assert taken({}, {SUB_SEC_ORIGINAL: "5"}) == (None, "")


# --- what belongs to it ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "offset, ahead",
    [("+02:00", 7200), ("-05:30", -19800), ("Z", 0), ("+0100", 3600), (" +01:00\0", 3600)]
    + [("+25:00", 0), ("two", 0), (b"\xff", 0), (5, 0), ("", 0)],
)
def test_the_offset_is_taken_off_and_without_one_the_clock_shows_utc(offset, ahead):
    found = taken({}, {ORIGINAL: "2015:06:01 12:00:00", OFFSET_ORIGINAL: offset})
    assert found == (NOON - ahead, "DateTimeOriginal")


def test_an_offset_that_is_none_says_so_and_what_is_taken_instead():
    date = "2015:06:01 12:00:00"
    found = facts({}, {ORIGINAL: date, OFFSET_ORIGINAL: "CET"})
    assert (found.taken, found.offset, found.problem) == (
        NOON,
        "",
        "OffsetTimeOriginal is no offset from UTC (CET); the clock is taken to show UTC",
    )
    found = facts({}, {ORIGINAL: date, OFFSET_ORIGINAL: "CET", OFFSET: "+1"})
    assert (found.taken, found.offset, found.problem) == (
        NOON - 3600,
        "+01:00",
        "OffsetTimeOriginal is no offset from UTC (CET); OffsetTime is taken instead",
    )
    for blank in ("   :  ", "", None):
        assert facts({}, {ORIGINAL: date, OFFSET_ORIGINAL: blank}).problem == ""


def test_the_zone_in_the_date_counts_before_the_tags():
    second = {ORIGINAL: "2015-06-01T12:00:00.5+02:00", OFFSET_ORIGINAL: "CET", SUB_SEC: "25"}
    found = facts({}, second)
    assert (found.taken, found.offset, found.problem) == (NOON - 7200 + 0.5, "+02:00", "")


def test_the_offset_of_the_other_date_is_taken_where_there_is_one_alone():
    date = "2015:06:01 12:00:00"
    assert taken({}, {ORIGINAL: date, OFFSET: "+01:00"})[0] == NOON - 3600
    both = {OFFSET: "+01:00", OFFSET_ORIGINAL: "+02:00"}
    assert taken({}, {ORIGINAL: date, **both})[0] == NOON - 7200
    assert taken({DATE_TIME: date}, both) == (NOON - 3600, "DateTime")


@pytest.mark.parametrize(
    "digits, fraction",
    [("5", 0.5), ("05", 0.05), ("054", 0.054), ("500 ", 0.5), ("x", 0), (5, 0), ("-1", 0)],
)
def test_the_digits_of_sub_seconds_are_decimals(digits, fraction):
    found = taken({}, {ORIGINAL: "2015:06:01 12:00:00", SUB_SEC_ORIGINAL: digits})[0]
    assert found == pytest.approx(NOON + fraction, abs=1e-6)
    if isinstance(digits, str):
        found = taken({DATE_TIME: "2015:06:01 12:00:00"}, {SUB_SEC: digits})[0]
        assert found == pytest.approx(NOON + fraction, abs=1e-6)


# --- what is no date ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "date",
    ["0000:00:00 00:00:00", "    :  :     :  :  ", "", "2015:13:01 12:00:00", "2015:02:30 12:00:00"]
    + ["2015:06:01 25:00:00", "1899:12:31 12:00:00", "2015:06:01", "yesterday", "9999:12:31 0:0:0"]
    + ["٢٠١٥:06:01 12:00:00", b"\x00\xff", 2015, (2015, 6)],
)
def test_what_cannot_be_a_date_is_missing(date):
    assert taken({DATE_TIME: date}) == (None, "")


@pytest.mark.parametrize("days, expected", [(0.5, True), (1.5, False), (400, False)])
def test_a_clock_may_be_a_day_ahead_but_no_more(days, expected):
    when = datetime.now(timezone.utc) + timedelta(days=days)
    assert (taken({DATE_TIME: f"{when:%Y:%m:%d %H:%M:%S}"})[0] is not None) == expected


@pytest.mark.parametrize(
    "date", ["2015-06-01 12:00:00", "2015/06/01 12:00:00", "2015:06:01T12:00:00"]
)
def test_other_marks_between_the_numbers_are_read(date):
    assert taken({DATE_TIME: date}) == (NOON, "DateTime")
    assert taken({DATE_TIME: f" {date}\0"}) == (NOON, "DateTime")


def test_exif_data_that_are_cut_off_or_broken_never_stop_the_reading(tmp_path):
    whole = exif_of(
        {DATE_TIME: "2015:06:01 12:00:00"}, {ORIGINAL: "2014:06:01 12:00:00", OFFSET: "+01:00"}
    ).tobytes()
    for length in range(len(whole)):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{length:03}.jpg", exif=whole[:length])
    broken = bytearray(whole)
    place = whole.index(struct.pack(">H" if b"MM" in whole else "<H", EXIF_IFD)) + 8
    broken[place : place + 4] = b"\xff" * 4  # the directory lies behind the end
    Image.new("RGB", (8, 8)).save(tmp_path / "z.jpg", exif=bytes(broken))
    images = load_images(tmp_path, dim=(8, 8))
    assert {row.status for row in images.status} == {"ok"}
    assert images.status[-1].taken == NOON - 0 and images.status[-1].taken_from == "DateTime"
    known = {None, NOON, NOON - 3600, seconds(2014, 6, 1, 12, 0, 0), seconds(2014, 6, 1, 11, 0, 0)}
    assert {row.taken for row in images.status} <= known


# --- real photos ----------------------------------------------------------------------------------


def independent(path: Path) -> tuple[float | None, str]:
    """Date of a file, read by Pillow's own words and parsed by the standard library."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path) as picture:
            exif = picture.getexif()
            second = exif.get_ifd(EXIF_IFD) or {}
    for value, tag in ((second.get(ORIGINAL), "DateTimeOriginal"), (exif.get(306), "DateTime")):
        try:
            when = datetime.strptime(re.sub(r"[\0 ]+$", "", value), "%Y:%m:%d %H:%M:%S")
        except (TypeError, ValueError):
            continue
        if tag == "DateTimeOriginal":
            fraction = second.get(SUB_SEC_ORIGINAL) or second.get(SUB_SEC)
            offset = second.get(OFFSET_ORIGINAL) or second.get(OFFSET)
        else:
            fraction, offset = second.get(SUB_SEC), second.get(OFFSET)
        when = datetime.fromisoformat(when.isoformat() + (offset or "+00:00"))
        moment = when.timestamp() + float(f"0.{fraction or 0}")
        if moment < time.time() + 86400:
            return moment, tag
    return None, ""


def test_dates_of_real_photos_are_those_that_pillow_tells(lent_data):
    folder = lent_data / "exif_samples"
    endings = (".jpg", ".jpeg", ".tiff")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in endings)
    images = load_images(paths, dim=(8, 8))
    rows = [row for row in images.status if row.status == "ok"]
    assert len(rows) > 90
    found = {row.pathname: (row.taken, row.taken_from) for row in rows}
    assert found == {row.pathname: independent(Path(row.pathname)) for row in rows}
    assert sum(moment is not None for moment, _ in found.values()) == 63


def test_dates_of_real_heic_photos(lent_data):
    pytest.importorskip("pillow_heif")
    images = load_images(lent_data / "exif_samples" / "heic", ext=("heic",))
    expected = [
        seconds(2021, 4, 11, 20, 47, 53) + 0.054,
        seconds(2022, 2, 16, 11, 55, 41) + 0.762,
    ]
    assert [row.taken for row in images.status] == pytest.approx(expected, abs=1e-6)

"""When each image was made: which clock counts, and what an array of times may hold."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage.images import Images, ImageStatus, check_timestamps, load_images, read_timestamps

UTC = timezone.utc
DAYS = [datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, 12, 0, 0, 250_000, tzinfo=UTC)]
SECONDS = [1577836800.0, 1577966400.25]


def make(*rows: ImageStatus) -> Images:
    """Images that were read, with these rows of status."""
    n_images = sum(row.status == "ok" for row in rows)
    names = np.array([row.pathname for row in rows if row.status == "ok"], dtype=object)
    urls = np.full(n_images, None, dtype=object)
    return Images(names, names, urls, np.zeros((n_images, 2, 2, 3), dtype=np.uint8), list(rows))


def photo(name: str, taken: float | None = None, tag: str = "DateTimeOriginal", modified=9.0):
    return ImageStatus(name, "ok", "", 4, 4, taken, "" if taken is None else tag, modified)


@pytest.fixture
def mixed() -> Images:
    return make(
        photo("a", 5.5),
        ImageStatus("x", "skipped", "does not exist"),
        photo("b", 6.0, "DateTime"),
        photo("c", modified=7.0),
    )


# --- words ----------------------------------------------------------------------------------------


def test_auto_takes_the_exif_data_and_else_the_time_of_the_file(mixed):
    found = read_timestamps(mixed.status, "auto")
    assert found.seconds.tolist() == [5.5, 6.0, 7.0] and found.seconds.dtype == np.float64
    assert found.origin == ["DateTimeOriginal", "DateTime", "file"]


def test_stat_takes_the_time_of_the_file_alone(mixed):
    found = read_timestamps(mixed.status, "stat")
    assert found.seconds.tolist() == [9.0, 9.0, 7.0]
    assert found.origin == ["file"] * 3


def test_exif_counts_and_names_the_photos_without_a_date(mixed):
    with pytest.raises(
        InvalidDataError, match=r"1 of 3 images have no date.*first: c\. timestamps='auto' falls"
    ):
        read_timestamps(mixed.status, "exif")
    with pytest.raises(InvalidDataError, match=r"5 of 6 images.*first: p1, p2, p3\. "):
        read_timestamps(
            make(photo("p0", 1.0), *(photo(f"p{n}") for n in range(1, 6))).status, "exif"
        )
    with_date = make(photo("a", 5.5), photo("b", 6.0, "DateTime"))
    assert read_timestamps(with_date.status, "exif").origin == ["DateTimeOriginal", "DateTime"]


@pytest.mark.parametrize("word", ["auto", "exif", "stat"])
def test_arrays_have_no_time_of_their_own(word):
    for X in (np.ones((2, 16)), [np.ones((4, 4)), np.ones((5, 5))]):
        with pytest.raises(
            InvalidDataError, match=r"2 of 2 .*no file.*image_0000, .*Give an array of times"
        ):
            read_timestamps(load_images(X, dim=(4, 4)).status, word)


def test_no_file_is_opened_again(tmp_path):
    exif = Image.Exif()
    exif[306] = "2020:01:01 00:00:00"
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", exif=exif)
    Image.new("RGB", (8, 8)).save(tmp_path / "b.jpg")
    os.utime(tmp_path / "b.jpg", (12.0, 1234.5))
    images = load_images(tmp_path)
    for path in tmp_path.iterdir():
        path.unlink()
    found = read_timestamps(images.status, "auto")
    assert found.seconds.tolist() == [SECONDS[0], 1234.5]
    assert found.origin == ["DateTime", "file"]


# --- arrays ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        SECONDS,
        tuple(SECONDS),
        np.array(SECONDS),
        pd.Series(SECONDS, index=[7, 8]),
        pd.Series(SECONDS, dtype="Float64"),
        DAYS,
        [day.replace(tzinfo=None) for day in DAYS],
        [day.astimezone(timezone(timedelta(hours=5))) for day in DAYS],
        np.array([day.replace(tzinfo=None) for day in DAYS], dtype="datetime64[ms]"),
        np.array([day.replace(tzinfo=None) for day in DAYS], dtype="datetime64[ns]"),
        list(np.array([day.replace(tzinfo=None) for day in DAYS], dtype="datetime64[us]")),
        pd.Series(DAYS),
        pd.Series(DAYS).dt.tz_localize(None),
        pd.DatetimeIndex(DAYS).tz_convert("Asia/Tokyo"),
        [pd.Timestamp(DAYS[0]), SECONDS[1]],
    ],
    ids=lambda given: type(given).__name__,
)
def test_times_of_every_kind_are_taken(given):
    check_timestamps(given)
    found = read_timestamps(make(photo("a", 5.5), photo("b")).status, given)
    assert found.seconds.tolist() == SECONDS and found.seconds.dtype == np.float64
    assert found.origin == ["given", "given"]


def test_whole_numbers_and_years_are_taken():
    images = make(photo("a"), photo("b"))
    assert read_timestamps(images.status, [3, 1]).seconds.tolist() == [3.0, 1.0]
    years = np.array(["1970", "1971"], dtype="datetime64[Y]")
    assert read_timestamps(images.status, years).seconds.tolist() == [0.0, 365 * 86400.0]


def test_the_length_must_be_that_of_the_images_that_were_read(mixed):
    assert read_timestamps(mixed.status, [1, 2, 3]).seconds.tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(InvalidDataError, match=r"each of the 3 images that were read.*Got 4"):
        read_timestamps(mixed.status, [1, 2, 3, 4])


@pytest.mark.parametrize(
    "given",
    [
        [1.0, np.nan],
        [1.0, np.inf],
        [1.0, None],
        np.array(["2020-01-01", "NaT"], dtype="datetime64[s]"),
        [DAYS[0], pd.NaT],
        pd.Series([1.0, None], dtype="Float64"),
        pd.Series([DAYS[0], None]),
    ],
    ids=str,
)
def test_a_missing_time_is_named_by_its_position(given):
    with pytest.raises(InvalidDataError, match=r"1 of 2 are missing .* at position 1: "):
        check_timestamps(given)


@pytest.mark.parametrize(
    "given, words",
    [
        ("exiff", "Did you mean 'exif'"),
        (None, "Got NoneType"),
        (3.0, "Got float"),
        (True, "Got bool"),
        ({"a": 1}, "Got dict"),
        (np.ones((2, 2)), r"Got ndarray of shape \(2, 2\)"),
        (pd.DataFrame({"a": [1]}), r"Got DataFrame of shape \(1, 1\)"),
        (["2020-01-01", "2020-01-02"], r"Got str_? '2020-01-01' at position 0"),
        ([1.0, "2020-01-02"], r"Got str_? "),
        ([True, False], "Got bool_? 'True' at position 0"),
        ([DAYS[0], timedelta(1)], "Got timedelta '1 day, 0:00:00' at position 1"),
        ([1, [2, 3]], r"Got list '\[2, 3\]' at position 1"),
        ("", "must be one of"),
    ],
    ids=str,
)
def test_what_is_no_time_is_refused(given, words):
    with pytest.raises(InvalidParameterError, match=f"timestamps.*{words}"):
        check_timestamps(given)


# --- the table ------------------------------------------------------------------------------------


def test_the_table_tells_what_auto_would_use(mixed):
    frame = mixed.status_frame()
    assert str(frame["timestamp"].dtype) == "datetime64[ns, UTC]"
    assert frame["timestamp_from"].tolist() == ["DateTimeOriginal", "", "DateTime", "file"]
    assert frame["timestamp"].isna().tolist() == [False, True, False, False]
    assert frame["timestamp"][0] == pd.Timestamp("1970-01-01 00:00:05.5", tz="UTC")


def test_the_table_tells_what_was_used(mixed):
    frame = mixed.status_frame(read_timestamps(mixed.status, [86400.054, 1e300, -2]))
    assert frame["timestamp_from"].tolist() == ["given", "", "given", "given"]
    assert frame["timestamp"].isna().tolist() == [False, True, True, False]
    assert frame["timestamp"][0].isoformat() == "1970-01-02T00:00:00.054000+00:00"
    assert frame["timestamp"][3].isoformat() == "1969-12-31T23:59:58+00:00"
    assert (
        mixed.status_frame(read_timestamps(mixed.status, "stat"))["timestamp_from"].tolist()[0]
        == "file"
    )


def test_the_table_of_arrays_has_no_times():
    frame = load_images(np.ones((2, 16))).status_frame()
    assert frame["timestamp"].isna().all() and frame["timestamp_from"].tolist() == ["", ""]
    assert str(frame["timestamp"].dtype) == "datetime64[ns, UTC]"

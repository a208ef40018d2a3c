"""When, where and how photos were taken: from files that the test makes, and from real ones."""

from __future__ import annotations

import re
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational, ImageFileDirectory_v2

from clustimage.images import load_images, locations_of, metadata_frame, photos_of, read_metadata
from clustimage.images.exif._facts import Facts, read_facts
from clustimage.images.exif._metadata_table import METADATA

EXIF_IFD, GPS_IFD, ORIENTATION, DATE, ORIGINAL = 0x8769, 0x8825, 0x0112, 306, 36867

FIRST = {0x010F: "NIKON ", 0x0110: "D70\0", 0x0131: "Ver.1", ORIENTATION: 6}
SECOND = {
    ORIGINAL: "2015:06:01 12:00:00",
    36881: "+02:00",
    0x829A: IFDRational(1, 125),
    0x829D: IFDRational(28, 10),
    0x8827: 400,
    0x920A: IFDRational(50, 1),
    0xA434: "50 mm f/1.8",
}
GPS = {
    1: "S",
    2: (IFDRational(33), IFDRational(51), IFDRational(3618, 100)),
    3: "E",
    4: (IFDRational(151), IFDRational(12), IFDRational(30)),
    5: b"\x01",
    6: IFDRational(25, 2),
    17: IFDRational(27050, 100),
}
EXPECTED = {
    "timestamp": 1433152800.0,
    "timestamp_from": "DateTimeOriginal",
    "offset": "+02:00",
    "latitude": -33.86005,
    "longitude": 151.2083333333,
    "altitude": -12.5,
    "direction": 270.5,
    "make": "NIKON",
    "model": "D70",
    "lens": "50 mm f/1.8",
    "iso": 400,
    "exposure_time": 0.008,
    "f_number": 2.8,
    "focal_length": 50,
    "software": "Ver.1",
    "orientation": 6,
    "width": 40,
    "height": 60,
    "reason": "",
}


def exif_of(first=(), second=(), gps=()) -> Image.Exif:
    exif = Image.Exif()
    exif.update(dict(first))
    for pointer, tags in ((EXIF_IFD, second), (GPS_IFD, gps)):
        if tags:
            exif[pointer] = dict(tags)
    return exif


def write(path: Path, first=(), second=(), gps=()) -> Path:
    if path.suffix == ".tif":
        tags = ImageFileDirectory_v2()
        pointers = {EXIF_IFD: dict(second), GPS_IFD: dict(gps)}
        for tag, value in {**dict(first), **pointers}.items():
            tags[tag] = value
        Image.new("RGB", (60, 40)).save(path, tiffinfo=tags)
    else:
        Image.new("RGB", (60, 40)).save(path, exif=exif_of(first, second, gps))
    return path


def row_of(item, at: int = 0) -> dict:
    return {name: column[at] for name, column in read_metadata([item]).items()}


def facts(first=(), second=(), gps=()):
    picture = Image.new("L", (4, 4))
    picture.getexif().update({ORIENTATION: 1, **dict(first)})
    for pointer, tags in ((EXIF_IFD, second), (GPS_IFD, gps)):
        # There is no other way with every version of Pillow, nor one to write such values.
        picture.getexif()._ifds[pointer] = dict(tags)
    return read_facts(picture)


# --- what is read ---------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_all_columns_are_read_from_every_format(tmp_path, suffix):
    path = write(tmp_path / f"a.{suffix}", FIRST, SECOND, GPS)
    row = row_of(path)
    for name, value in EXPECTED.items():
        assert row[name] == (pytest.approx(value, abs=1e-9) if name != "reason" else "")
    names = {"jpg": "JPEG", "png": "PNG", "tif": "TIFF", "webp": "WEBP"}
    assert (row["format"], row["bytes"]) == (names[suffix], path.stat().st_size)


def test_heic_is_read_without_its_pixels(tmp_path, monkeypatch):
    heif = pytest.importorskip("pillow_heif")
    exif = exif_of({**FIRST, ORIENTATION: 1}, SECOND, GPS)
    heif.from_pillow(Image.new("RGB", (64, 32))).save(tmp_path / "a.heic", exif=exif.tobytes())
    monkeypatch.setattr(heif.HeifImage, "load", None)
    row = row_of(tmp_path / "a.heic")
    assert (row["latitude"], row["make"]) == (pytest.approx(-33.86005), "NIKON")
    assert (row["width"], row["height"], row["format"]) == (64, 32, "HEIF")


def test_a_png_may_have_them_behind_its_pixels(tmp_path, monkeypatch):
    plain = (write(tmp_path / "a.png", FIRST, SECOND, GPS)).read_bytes()
    start = plain.index(b"eXIf") - 4
    end = start + 12 + struct.unpack(">L", plain[start : start + 4])[0]
    last = plain.index(b"IEND") - 4
    moved = plain[:start] + plain[end:last] + plain[start:end] + plain[last:]
    (tmp_path / "b.png").write_bytes(moved)
    Image.new("L", (4, 4)).save(tmp_path / "c.png")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", None)  # nothing is decoded
    assert row_of(tmp_path / "b.png")["latitude"] == pytest.approx(-33.86005)
    assert row_of(tmp_path / "c.png")["make"] == ""


@pytest.mark.parametrize("suffix", ["jpg", "tif", "webp"])
@pytest.mark.parametrize("north", ["N", "S"])
@pytest.mark.parametrize("east", ["E", "W"])
def test_all_hemispheres(tmp_path, suffix, north, east):
    gps = {**GPS, 1: north, 3: east}
    row = row_of(write(tmp_path / f"a.{suffix}", FIRST, (), gps))
    assert row["latitude"] == pytest.approx(33.86005 * (1 if north == "N" else -1))
    assert row["longitude"] == pytest.approx(151.208333 * (1 if east == "E" else -1))


def test_a_place_needs_no_altitude_and_an_altitude_no_place(tmp_path):
    without = {tag: value for tag, value in GPS.items() if tag not in (5, 6)}
    row = row_of(write(tmp_path / "a.jpg", FIRST, (), without))
    assert row["latitude"] == pytest.approx(-33.86005) and np.isnan(row["altitude"])
    row = row_of(write(tmp_path / "b.jpg", FIRST, (), {5: b"\0", 6: IFDRational(7)}))
    assert np.isnan(row["latitude"]) and row["altitude"] == 7
    assert row["reason"] == ""


def test_what_is_no_file_has_no_metadata(tmp_path):
    columns = read_metadata(["image_0000", tmp_path, None, 7, "a\0b"], n_jobs=1)
    for name, kind in METADATA.items():
        if kind is str:
            assert columns[name] == [""] * 5
        else:
            assert np.isnan(columns[name]).all() and columns[name].dtype == np.float64


def test_a_file_that_cannot_be_read_says_so(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8 no photo")
    row = row_of(tmp_path / "a.jpg")
    assert row["reason"] == "The file cannot be read (UnidentifiedImageError)"
    assert row["bytes"] == 11 and np.isnan(row["width"])


def test_the_table_has_times_and_whole_numbers(tmp_path):
    paths = [write(tmp_path / "a.jpg", FIRST, SECOND, GPS), "image_0001"]
    frame = metadata_frame(read_metadata(paths))
    assert frame.columns.tolist() == list(METADATA)
    assert str(frame["timestamp"].dtype) == "datetime64[ns, UTC]"
    assert str(frame["timestamp"][0]) == "2015-06-01 10:00:00+00:00"
    assert frame["timestamp"].isna().tolist() == [False, True]
    assert str(frame["width"].dtype) == "Int64" and frame["width"].isna().tolist() == [False, True]
    assert len(metadata_frame(read_metadata([]))) == 0


# --- what lies ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "gps, words",
    [
        ({2: IFDRational(0, 0)}, "GPSLatitude is 0/0"),
        ({4: (1, 2, 3, 4)}, "GPSLongitude has 4 parts"),
        ({4: 200.0}, "GPSLongitude is out of range (200.0)"),
        ({1: "X"}, "GPSLatitude is of an unknown hemisphere (X)"),
        ({2: None}, "GPSLatitude is absent"),
        ({2: (0, 0, 0), 4: 0.0}, "The GPS position is (0, 0), as of a camera that has not found"),
        ({6: IFDRational(0, 0)}, "GPSAltitude is 0/0"),
        ({17: 361.0}, "GPSImgDirection is out of range (361)"),
        ({2: 95, 6: "high"}, "GPSLatitude is out of range (95); GPSAltitude is of a wrong type"),
    ],
)
def test_places_that_cannot_be_used_are_missing_with_a_reason(gps, words):
    found = facts(gps={tag: value for tag, value in {**GPS, **gps}.items() if value is not None})
    assert found.problem.startswith(words)
    if not {2, 4, 1}.isdisjoint(gps):
        assert found.latitude is None and found.longitude is None
    else:
        assert found.latitude == pytest.approx(-33.86005)
        assert (found.altitude, found.direction).count(None) == 1


def test_on_the_equator_and_on_the_meridian_are_places():
    assert facts(gps={2: 0.0, 4: 0.001}).longitude == 0.001
    assert facts(gps={2: 5.0, 4: 0.0}).latitude == 5


def test_dates_that_cannot_be_used_are_missing_with_a_reason():
    found = facts({DATE: "2099:01:01 00:00:00"}, {ORIGINAL: "0000:00:00 00:00:00"})
    assert found.taken is None
    assert found.problem == (
        "DateTimeOriginal is no date (0000:00:00 00:00:00); "
        "DateTime is in the future (2099:01:01 00:00:00)"
    )


def test_settings_of_the_camera_that_cannot_be_used_are_missing():
    second = {0x829A: IFDRational(0, 0), 0x829D: IFDRational(0), 0x8827: (64, 64), 0x920A: "long"}
    found = facts(second=second)
    assert (found.exposure_time, found.f_number, found.iso, found.focal_length) == (
        None, None, 64, None
    )  # fmt: skip
    assert found.problem == "ExposureTime is 0/0; FocalLength is of a wrong type (long)"


def test_an_orientation_that_is_none_is_upright():
    found = [facts({ORIENTATION: value}) for value in (0, 9, "west", (1, 2), 8)]
    assert [row.orientation for row in found] == [1, 1, 1, 1, 8]
    assert [row.problem for row in found] == [
        "",
        "Orientation is no number from 1 to 8 (9)",
        "Orientation is no number from 1 to 8 (west)",
        "",
        "",
    ]


def test_data_that_are_cut_off_at_any_byte_are_told(tmp_path):
    whole = exif_of({DATE: "2015:06:01 12:00:00", **FIRST}, SECOND, GPS).tobytes()
    for length in range(6, len(whole)):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{length:04}.jpg", exif=whole[:length])
    columns = read_metadata(sorted(tmp_path.iterdir()))
    reasons = columns["reason"]
    assert all("cut off" in reason for reason in reasons)
    assert "EXIF data are cut off" in reasons
    assert any("The directory of GPS tags is cut off" in reason for reason in reasons)
    assert any("LensModel is cut off" in reason for reason in reasons)
    # What is read from the parts is what there is, or nothing.
    places = columns["latitude"][~np.isnan(columns["latitude"])]
    np.testing.assert_allclose(places, -33.86005)


def test_the_reason_is_kept_when_images_are_imported(tmp_path):
    write(tmp_path / "a.jpg", FIRST, SECOND, {**GPS, 2: IFDRational(95)})
    write(tmp_path / "b.jpg", FIRST, SECOND, GPS)
    (tmp_path / "c.jpg").write_bytes(b"none")
    images = load_images(tmp_path, dim=(8, 8))
    frame = images.status_frame()
    assert frame["exif"].tolist() == ["GPSLatitude is out of range (95.0)", "", ""]
    assert frame["status"].tolist() == ["ok", "ok", "skipped"]
    assert read_metadata(images.pathnames)["reason"] == ["GPSLatitude is out of range (95.0)", ""]


def test_the_reason_comes_from_the_cache_too(tmp_path):
    from clustimage.images import open_cache

    photos = tmp_path / "photos"
    photos.mkdir()
    write(photos / "a.jpg", FIRST, SECOND, {**GPS, 2: IFDRational(95)})
    for _ in range(2):
        images = load_images(photos, dim=(8, 8), cache=open_cache(tmp_path / "cache"))
        assert [row.exif_problem for row in images.status] == ["GPSLatitude is out of range (95.0)"]


def test_pictures_without_tags_cost_nothing():
    assert read_facts(Image.new("L", (4, 4))) == Facts()


# --- real photos ----------------------------------------------------------------------------------


def sample_paths(lent_data: Path) -> list[Path]:
    files = [path for path in (lent_data / "exif_samples").rglob("*") if path.is_file()]
    return sorted(path for path in files if not path.name.startswith("README"))


def degrees(value, letter) -> float:
    """An independent reading of an angle."""
    whole = sum(float(part) / 60**n for n, part in enumerate(value))
    return -whole if letter in ("S", "W") else whole


def independent(path: Path) -> dict:
    """Place and camera of a file, read by Pillow's own words."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path) as picture:
            exif = picture.getexif()
            second, gps = (exif.get_ifd(pointer) or {} for pointer in (EXIF_IFD, GPS_IFD))
            size = picture.size
    sideways = exif.get(ORIENTATION, 1) in (5, 6, 7, 8) and path.suffix.lower() != ".heic"
    place = (np.nan, np.nan)
    if 2 in gps:
        place = degrees(gps[2], gps[1]), degrees(gps[4], gps[3])
    return {
        "latitude": place[0],
        "longitude": place[1],
        "altitude": float(gps.get(6, np.nan)),
        "f_number": float(second.get(0x829D, np.nan)),
        "exposure_time": float(second.get(0x829A, np.nan)),
        "focal_length": float(second.get(0x920A, 0)) or np.nan,
        "make": re.sub(r"\0.*", "", exif.get(0x010F, "")).strip(),
        "model": re.sub(r"\0.*", "", exif.get(0x0110, "")).strip(),
        "width": float(size[::-1][0] if sideways else size[0]),
        "height": float(size[::-1][1] if sideways else size[1]),
    }


def test_real_photos_are_read_as_pillow_reads_them(lent_data):
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    paths = sample_paths(lent_data)
    try:
        expected = [independent(path) for path in paths]
    finally:
        heif.unregister_heif_opener() if hasattr(heif, "unregister_heif_opener") else None
    found = read_metadata(paths)
    for name in expected[0]:
        column = [row[name] for row in expected]
        if isinstance(column[0], str):
            assert found[name] == column
        else:
            np.testing.assert_allclose(found[name], column, rtol=1e-12, err_msg=name)


def test_reasons_of_real_photos(lent_data):
    pytest.importorskip("pillow_heif", reason="some of them are HEIC")
    paths = sample_paths(lent_data)
    reasons = dict(zip((path.name for path in paths), read_metadata(paths)["reason"], strict=True))
    told = {name: reason for name, reason in reasons.items() if reason}
    told.pop("WWL_(Polaroid)_ION230.jpg", None)  # a date that is in the future until 2026-11-23
    assert told == {
        "30-type_error.jpg": "The directory of EXIF tags is of a wrong type",
        "45-gps_ifd.jpg": "The directory of GPS tags is of a wrong type",
    }


def test_turned_photos_have_the_size_that_they_are_seen_in(lent_data):
    paths = sorted((lent_data / "exif_orientation").glob("*.jpg"))
    found = read_metadata(paths)
    wide = np.array([path.name.startswith("Landscape") for path in paths])
    np.testing.assert_array_equal(found["width"] > found["height"], wide)
    assert sorted(set(found["orientation"])) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_the_documentation_tells_what_is_in_the_samples(lent_data):
    pytest.importorskip("pillow_heif")
    page = Path(__file__).parents[3] / "docs" / "stages" / "time_place.rst"
    told = {}
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = line.split()
        if cells and re.fullmatch(r"exif_(samples/\w+|orientation)", cells[0]):
            told[cells[0]] = [int(cell) for cell in cells[1:]]
    assert len(told) == 4
    for folder, numbers in told.items():
        paths = [
            path
            for path in sorted((lent_data / folder).rglob("*"))
            if path.suffix.lower() in (".jpg", ".jpeg", ".tiff", ".heic", ".heif")
        ]
        found = read_metadata(paths)
        images = load_images(paths, dim=(8, 8))
        lies = [reason for reason in found["reason"] if reason and "future" not in reason]
        assert [row.exif_problem for row in images.status] == found["reason"]
        assert numbers == [
            len(paths),
            len(images),
            np.isfinite(found["timestamp"]).sum(),
            sum(map(bool, found["offset"])),
            np.isfinite(found["latitude"]).sum(),
            np.isfinite(found["altitude"]).sum(),
            np.isfinite(found["direction"]).sum(),
            sum(map(bool, found["model"])),
            (found["orientation"] > 1).sum(),
            len(lies),
        ]


def test_places_of_images_that_were_read(tmp_path):
    write(tmp_path / "a.jpg", FIRST, SECOND, GPS)
    images = load_images([tmp_path / "a.jpg", np.ones((8, 8))], dim=(8, 8))
    places = locations_of(read_metadata(photos_of(images), n_jobs=1))
    np.testing.assert_allclose(places, [[-33.86005, 151.208333], [np.nan, np.nan]], atol=1e-6)
    images.sources = None
    np.testing.assert_array_equal(locations_of(read_metadata(photos_of(images))), places)

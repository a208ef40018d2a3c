"""``clustimage trips``, run as a user runs it."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

from clustimage.cli import main


def write(path, location, date):
    """Write a photo of noise that says where and when it was taken, or not."""
    rng = np.random.default_rng(list(path.name.encode()))
    picture = Image.fromarray(rng.integers(0, 255, (40, 60, 3), dtype=np.uint8))
    exif = picture.getexif()
    if date:
        exif[306] = date
    if location:
        latitude, longitude = location
        exif[34853] = {1: "N", 2: (latitude, 0.0, 0.0), 3: "E", 4: (longitude, 0.0, 0.0)}
    picture.save(path, exif=exif)


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        write(folder / f"a{number}.jpg", (52.5, 13.4), f"2015:06:01 1{number}:00:00")
        write(folder / f"b{number}.jpg", (48.1, 11.5), f"2015:06:07 1{number}:00:00")
    write(folder / "c.jpg", None, None)
    return folder


def test_events_places_and_the_map_are_written(photos, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["trips", str(photos), "--out", str(out), "--verbose", "error"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "2 events; 0 photos alone, 1 without a date." in said
    assert "2 places; 0 photos alone, 1 without a location." in said
    with (out / "trips.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["filename"] for row in rows][:2] == ["a0.jpg", "a1.jpg"]
    assert [row["event"] for row in rows] == ["0", "0", "0", "1", "1", "1", "-2"]
    assert [row["place"] for row in rows] == ["0", "0", "0", "1", "1", "1", "-2"]
    assert sorted(path.name for path in out.glob("[!.]*")) == [
        "events.png",
        "map.html",
        "model.clustimage",
        "places.png",
        "trips.csv",
    ]
    assert main(words) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main([*words, "--overwrite"]) == 0


def test_photos_without_a_location_get_no_map(photos, tmp_path, capsys):
    for path in photos.iterdir():
        write(path, None, "2015:06:01 10:00:00")
    out = tmp_path / "out"
    assert main(["trips", str(photos), "--out", str(out), "--verbose", "error"]) == 0
    assert "No places: no photo has a location that can be used." in capsys.readouterr().out
    assert not (out / "map.html").exists() and (out / "events.png").exists()


def test_photos_without_either_are_named_in_a_sentence(photos, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["trips", str(photos / "c.jpg"), "--out", str(out), "--verbose", "error"]
    assert main(words) == 2
    assert "None of 1 photos says when or where it was taken." in capsys.readouterr().err


def test_a_wrong_number_of_hours_is_refused_before_any_photo_is_read(tmp_path, capsys):
    words = ["trips", "no/such/folder", "--out", str(tmp_path), "--hours", "0"]
    assert main(words) == 2
    assert "'--hours' must be" in capsys.readouterr().err

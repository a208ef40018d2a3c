"""``clustimage trips``, run as a user runs it."""

from __future__ import annotations

import csv
import logging
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from clustimage import Clustimage
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
    assert [row["event_name"] for row in rows][2:] == [
        *("2015-06-01", "2015-06-07", "2015-06-07", "2015-06-07", "Without date"),
    ]
    assert [row["place_name"] for row in rows][2:4] == [
        "52.5000 N, 13.4000 E",
        "48.1000 N, 11.5000 E",
    ]
    assert rows[-1]["place_name"] == "Without location"
    assert sorted(path.name for path in out.glob("[!.]*")) == [
        "events.png",
        "map.html",
        "model.clustimage",
        "places.png",
        "report.html",
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
    assert (out / "report.html").stat().st_size > 50_000


def test_photos_without_either_are_named_in_a_sentence(photos, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["trips", str(photos / "c.jpg"), "--out", str(out), "--verbose", "error"]
    assert main(words) == 2
    assert "None of 1 photos says when or where it was taken." in capsys.readouterr().err


def test_a_wrong_number_of_hours_is_refused_before_any_photo_is_read(tmp_path, capsys):
    words = ["trips", "no/such/folder", "--out", str(tmp_path), "--hours", "0"]
    assert main(words) == 2
    assert "'--hours' must be" in capsys.readouterr().err


@pytest.fixture
def trip(tmp_path):
    """Two photos of one evening, one taken alone, one without a date."""
    folder = tmp_path / "trip"
    folder.mkdir()
    write(folder / "a.jpg", (52.5, 13.4), "2015:06:01 23:00:00")
    write(folder / "b.jpg", (52.5, 13.4), "2015:06:02 01:00:00")
    write(folder / "c.jpg", (48.1, 11.5), "2015:08:01 12:00:00")
    write(folder / "d.jpg", None, None)
    return folder


def test_photos_alone_are_told_from_those_without_a_date(trip, tmp_path, capsys):
    out, links = tmp_path / "out", tmp_path / "links"
    words = ["trips", str(trip), "--out", str(out), "--verbose", "error", "--links", str(links)]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "1 event; 1 photo alone, 1 without a date." in said
    assert "1 place; 1 photo alone, 1 without a location." in said
    with (out / "trips.csv").open(encoding="utf-8") as file:
        names = [row["event_name"] for row in csv.DictReader(file)]
    assert names == [*["2015-06-01 to 2015-06-02"] * 2, "Alone", "Without date"]
    made = sorted(path.relative_to(links).as_posix() for path in links.glob("*/*/*"))
    assert made == [
        *("events/alone/c.jpg", "events/cluster_0/a.jpg", "events/cluster_0/b.jpg"),
        *("events/without_date/d.jpg", "places/alone/c.jpg", "places/cluster_0/a.jpg"),
        *("places/cluster_0/b.jpg", "places/without_location/d.jpg"),
    ]
    with (out / "links.csv").open(encoding="utf-8") as file:
        assert [row["group"] for row in csv.DictReader(file)] == ["event"] * 4 + ["place"] * 4


def test_groups_have_their_dates_or_coordinates_in_figures(trip, tmp_path):
    cl = Clustimage(method="exif", embedding=None, verbose="error")
    cl.extract_feat(cl.import_data(str(trip)))
    for metric, name, without in (
        ("datetime", ["2015-06-01 to", "2015-06-02"], "Without date"),
        ("latlon", ["52.5000 N,", "13.4000 E"], "Without location"),
    ):
        cl.cluster(metric=metric)
        _, ax = cl.plot(layout="columns", labels=[0, -1, -2])
        words = [text.get_text() for text in ax.texts]
        assert words[:4] == ["2 images", name[1], name[0], "Cluster 0"]
        assert {"Alone", without} < set(words)
        figures, axes = cl.plot(labels=[0, -1, -2])
        assert [ax.get_title().partition(":")[0] for ax in axes] == [
            *(f"Cluster 0, {' '.join(name)}", "Alone (-1)", f"{without} (-2)"),
        ]
        for figure in figures:
            plt.close(figure)
    assert f'"{" ".join(name)}"' in Path(cl.plot_map(tmp_path / "m.html")).read_text("utf-8")


def test_advice_is_one_that_helps(trip, caplog):
    cl = Clustimage(method="exif", embedding=None, verbose="info")
    cl.extract_feat(cl.import_data(str(trip)))
    with caplog.at_level(logging.INFO, "clustimage"):
        caplog.clear()
        cl.cluster(metric="datetime")
        cl.set_params(params_exif={"timeframe": 1})
        cl.cluster(metric="datetime")
    assert caplog.messages == [
        "Groups by date: 1; photos that lie alone: 1; without a date: 1.",
        "Groups by date: 0; photos that lie alone: 3; without a date: 1. A larger "
        "params_exif['timeframe'] joins more of them.",
    ]


def test_a_photo_of_two_groups_is_not_moved(trip, tmp_path, capsys):
    words = ["trips", str(trip), "--out", str(tmp_path / "out"), "--links", str(tmp_path / "l")]
    assert main([*words, "--action", "move"]) == 2
    said = capsys.readouterr().err
    assert "--action move. Allowed here: symlink, hardlink, copy." in said
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text here")
def test_names_that_are_not_unicode_are_written(trip, tmp_path):
    (trip / "a.jpg").rename(trip / "caf\udce9.jpg")
    assert main(["trips", str(trip), "--out", str(tmp_path / "out"), "--verbose", "error"]) == 0
    with (tmp_path / "out" / "trips.csv").open(encoding="utf-8") as file:
        assert "caf\\udce9.jpg" in [row["filename"] for row in csv.DictReader(file)]

"""What is written into a page: the data, the small pictures, and both or nothing."""

from __future__ import annotations

import base64
import io
import json
import os
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from clustimage.report import _page, page_text, write_page
from clustimage.report._binary_columns import map_order, map_positions
from clustimage.report._page import SCRIPTS, page_script
from clustimage.report._payload import page_order
from clustimage.report._sprites import encode_sheets

KINDS = {"u1": "u1", "u2": "<u2", "u4": "<u4", "i1": "i1", "i2": "<i2", "i4": "<i4"}
KINDS |= {"f4": "<f4", "f8": "<f8"}


def data_of(html):
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)
    data = json.loads(text[1])
    for name, column in data["columns"].items():
        values = np.frombuffer(base64.b64decode(column["data"]), KINDS[column["type"]])
        data["columns"][name] = values
    return data


def sheets_of(html):
    found = re.findall(r'<script type="text/plain" id="sheet-(\d+)">(.*?)</script>', html)
    assert [int(number) for number, _ in found] == list(range(len(found)))
    return [decoded(base64.b64decode(text)) for _, text in found]


def decoded(webp):
    return np.asarray(Image.open(io.BytesIO(webp)).convert("RGB"))


def cell(sheets, i, side):
    top, left = (part * side for part in divmod(i % 1024, 32))
    return sheets[i // 1024][top : top + side, left : left + side]


def test_columns_come_in_the_order_of_the_pictures(make_report):
    report = make_report(40, 4, copies=np.arange(40) // 2)
    data = data_of(page_text(report))
    row = data["columns"]["row"]
    order, positions = page_order(report)
    np.testing.assert_array_equal(row, order)
    np.testing.assert_array_equal(data["columns"]["label"], report.labels[row])
    np.testing.assert_allclose(data["columns"]["distance"], report.distance[row])
    np.testing.assert_array_equal(data["columns"]["x"], positions[:, 0])
    np.testing.assert_array_equal(data["columns"]["copies"], report.copies[row])
    assert data["names"] == [report.filenames[i] for i in row]
    # Neighbours and unique images are known by their index in the page.
    neighbors = data["columns"]["neighbors"].reshape(40, data["neighborCount"])
    np.testing.assert_array_equal(row[neighbors], report.neighbors[row])
    assert [row[one["unique"]] for one in data["clusters"]] == [0, 1, 2, 3]


def test_pictures_are_those_of_the_images(make_report):
    report = make_report(1100, 5, side=16)
    html = page_text(report, thumbnail=16)
    data, sheets = data_of(html), sheets_of(html)
    assert data["sprites"] == {"side": 16, "columns": 32, "n": 2, "folder": None}
    assert [sheet.shape for sheet in sheets] == [(512, 512, 3), (48, 512, 3)]
    for i in (0, 1, 500, 1023, 1024, 1099):
        wanted = report.pixels[data["columns"]["row"][i]].astype(int)
        # The quarters of an image are of one colour; WebP keeps that but for a little.
        assert np.abs(cell(sheets, i, 16)[3:6, 3:6].mean((0, 1)) - wanted[4, 4]).max() < 16
        assert np.abs(cell(sheets, i, 16)[10:13, 3:6].mean((0, 1)) - wanted[12, 4]).max() < 16


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 9, 1), (8, 8), (300, 2, 3)])
def test_pictures_of_any_shape_fill_their_squares(shape):
    images = np.full((3, *shape), 200, dtype=np.uint8)
    (sheet,) = encode_sheets(images, np.array([2, 0, 1]), 32, n_jobs=1)
    picture = decoded(sheet)
    assert picture.shape == (32, 1024, 3)
    assert np.abs(picture[:, :96].astype(int) - 200).max() < 4
    assert picture[:, 112:].max() < 4


def test_larger_pictures_are_read_anew_and_held_ones_where_the_file_is_gone(make_report):
    asked = []

    def read(i, side):
        asked.append((i, side))
        return None if i == 1 else np.full((side, side, 3), 250, dtype=np.uint8)

    report = make_report(3, 1, side=8, read=read)
    html = page_text(report, thumbnail=64, n_jobs=1)
    assert sorted(asked) == [(0, 64), (1, 64), (2, 64)]
    row = data_of(html)["columns"]["row"].tolist()
    sheets = sheets_of(html)
    assert cell(sheets, row.index(0), 64).min() > 230
    assert cell(sheets, row.index(1), 64)[40:].max() < 200
    asked.clear()
    assert data_of(page_text(report, thumbnail=8 * 2, n_jobs=1))["sprites"]["side"] == 16
    held = replace(report, pixels=np.zeros((3, 64, 64, 3), dtype=np.uint8))
    asked.clear()
    page_text(held, n_jobs=1)
    assert asked == []


def test_neighbours_on_the_map_are_neighbours_in_the_sheets():
    grid = np.stack(np.meshgrid(np.arange(32.0), np.arange(32.0)), axis=-1).reshape(-1, 2)
    shuffled = grid[np.random.default_rng(0).permutation(1024)]
    along = shuffled[map_order(map_positions(shuffled))]
    # A Hilbert curve goes from cell to cell of a grid; here the corners are off by rounding.
    assert np.median(np.abs(np.diff(along, axis=0)).sum(axis=1)) == 1
    assert np.abs(np.diff(along, axis=0)).sum(axis=1).mean() < 1.5
    assert (
        map_positions(np.array([[np.nan, 0.0], [3.0, 1.0], [3.0, 1.0]])).tolist()
        == [[32768] * 2] * 3
    )


def test_without_pictures_and_without_a_map(make_report):
    html = page_text(make_report(6, 2, pixels=None, sizes=None, xycoord=None))
    data = data_of(html)
    assert data["sprites"]["n"] == 0 and "x" not in data["columns"]
    assert data["columns"]["label"].tolist() == [0, 0, 0, 1, 1, 1]
    assert sheets_of(html) == []


NAMES = [
    "</script><script>alert(1)</script>.jpg",
    "a\nb\t\x00.jpg",
    "\udce9 not UTF-8.jpg",
    "é" * 120 + ".jpg",
    "שלום \u202e gpj.exe",
    "<!--<script>.png",
    "{{data}}{{sheets}}.png",
    "back\\slash ' \" &amp; %41.jpg",
    "",
]


def test_names_stay_text_whatever_is_in_them(make_report, tmp_path):
    n = len(NAMES)
    paths = [f"{tmp_path}/a b/{name}" for name in NAMES]
    report = make_report(n, 1, filenames=NAMES, pathnames=paths)
    write_page(report, tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text("utf-8")
    data = data_of(html)
    expected = [name.encode("utf-8", "backslashreplace").decode() for name in NAMES]
    row = data["columns"]["row"].tolist()
    assert [data["names"][row.index(i)] for i in range(n)] == expected
    assert html.count("<script") == 3 + page_script().count("<script")
    assert "alert(1)</script>" not in html
    if os.sep == "/":
        assert data["addresses"][str(row.index(2))] == "a%20b/%E9%20not%20UTF-8.jpg"
        assert data["base"] == "a b" and data["root"] == f"{tmp_path}/a b"


def test_the_policy_allows_the_script_and_nothing_else(make_report):
    html = page_text(make_report(3, 1))
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', html)[1]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy and "http" not in policy and "connect-src" not in policy
    assert page_script() in html


def test_scripts_are_those_that_are_there():
    folder = os.path.join(os.path.dirname(_page.__file__), "assets", "js")  # noqa: PTH118, PTH120
    there = {name.removesuffix(".js") for name in os.listdir(folder)}  # noqa: PTH208
    assert there - {"widget"} == set(SCRIPTS) and len(set(SCRIPTS)) == len(SCRIPTS)


@pytest.fixture
def many(make_report, monkeypatch):
    """A report of more images than go into a page."""
    monkeypatch.setattr(_page, "MAX_IMAGES_IN_PAGE", 20)
    return make_report(30, 3)


def test_sheets_of_many_images_lie_beside_the_page(many, tmp_path):
    target = tmp_path / "my page.html"
    write_page(many, target)
    html, folder = target.read_text("utf-8"), tmp_path / "my page_files"
    assert sheets_of(html) == []
    assert data_of(html)["sprites"]["folder"] == "my page_files"
    assert sorted(path.name for path in folder.iterdir()) == [".clustimage-output", "sheet-0.webp"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my page.html", "my page_files"]
    with pytest.raises(ValueError, match=r"my page_files, which exists already\. Give overwrite"):
        write_page(many, target)
    write_page(many, target, overwrite=True)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_smaller_page_takes_the_folder_of_the_one_before_away(many, make_report, tmp_path):
    target = tmp_path / "page.html"
    write_page(many, target)
    write_page(make_report(5, 1), target, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_a_folder_of_someone_else_is_never_touched(many, make_report, tmp_path):
    target, folder = tmp_path / "page.html", tmp_path / "page_files"
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match="clustimage has not made it"):
        write_page(many, target, overwrite=True)
    write_page(make_report(5, 1), target, overwrite=True)
    assert (folder / "thesis.txt").read_text() == "mine"


def test_page_and_folder_are_both_written_or_none(many, tmp_path, monkeypatch):
    target = tmp_path / "page.html"
    write_page(many, target)
    before = target.read_bytes(), (tmp_path / "page_files/sheet-0.webp").read_bytes()

    def broken(*args, **options):
        yield b"RIFF"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_page, "encode_sheets", broken)
    changed = replace(many, summary={**many.summary, "title": "other"})
    with pytest.raises(OSError, match="No space"):
        write_page(changed, target, overwrite=True)
    assert (target.read_bytes(), (tmp_path / "page_files/sheet-0.webp").read_bytes()) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html", "page_files"]

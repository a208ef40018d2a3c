"""File names and EXIF data of every kind through the chain, made by Hypothesis."""

from __future__ import annotations

import json
import os
import struct
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from clustimage import Clustimage, ClustimageError

N_IMAGES = 5
AWKWARD = (
    *("=1+1", "-rf", "~", "%s", "{}", "$HOME", "a\nb", "\t", " ", "'", '"', "<b>", "&lt;", "]]>"),
    *("\u202egnp", "\u05d0\u05d1", "e\u0301", "\u00e9", "\U0001f600", "\ufeff", "\x1b[31m"),
    *("#", "?", "a;b", "a,b", "CON", "http:", "*.png", "[a]", "\\", "file:", "a.tar.gz", "\x7f"),
)


def names() -> st.SearchStrategy[bytes]:
    """Bytes that can be the name of a file, without its ending."""
    text = st.text(st.characters(exclude_characters="/\0"), max_size=40)
    text = st.one_of(text, st.lists(st.sampled_from(AWKWARD), max_size=4).map("".join))
    spelled = text.map(lambda name: name.encode("utf-8", "surrogatepass"))
    other = st.binary(max_size=240).map(lambda name: name.translate(None, b"/\0"))
    long = st.sampled_from([b"a" * 251, "ü".encode() * 125])
    # Those of hidden files begin with a dot.
    return st.one_of(spelled, other, long).map(lambda name: name.lstrip(b".")[:251] or b"a")


def picture(i: int) -> Image.Image:
    """Return one of a few images, which differ."""
    down, right = np.mgrid[0:16, 0:16]
    pixels = np.stack([down * 16, right * 16, (down + right * i) * 7 % 256], axis=-1)
    return Image.fromarray(np.roll(pixels, 3 * i, axis=i % 2).astype(np.uint8))


def quiet(**settings: Any) -> Clustimage:
    return Clustimage(**{"embedding": "pca", "verbose": "silent", "dim": (16, 16), **settings})


@pytest.mark.skipif(sys.platform != "linux", reason="other systems restrict names of files")
# An example takes half a second.
@settings(max_examples=max(8, settings.default.max_examples // 6))
@given(st.lists(names(), min_size=N_IMAGES, max_size=N_IMAGES, unique=True), st.booleans())
def test_files_of_every_name_are_read_found_and_written(given, as_list):
    with TemporaryDirectory() as base:
        folder = Path(base, "photos")
        folder.mkdir()
        paths = []
        for i, name in enumerate(given):
            paths.append(f"{folder}/{os.fsdecode(name)}.png")
            picture(i).save(paths[-1], "PNG")
        cl = quiet(method="ahash")
        cl.fit_transform(paths if as_list else folder, n_clusters=2)
        assert sorted(cl.results["pathnames"]) == sorted(paths)
        assert [path.name for path in map(Path, cl.results["pathnames"])] == list(
            cl.results["filenames"]
        )
        for table in (cl.to_frame(), cl.import_status, cl.metadata, cl.cluster_table()):
            table.to_csv(Path(base, "table.csv"), encoding="utf-8")
            json.loads(table.to_json(date_format="iso"))
        for path in paths:
            found = cl.find(path, k=1, alpha=None)
            (table,) = [found[key] for key in found if key != "feat"]
            assert table["y_pathnames"][0] == path.encode("utf-8", "backslashreplace").decode()
        back = Clustimage.load(cl.save(Path(base, "model")))
        assert back.results["pathnames"].tolist() == cl.results["pathnames"].tolist()
        assert back.to_frame().equals(cl.to_frame())
        page = Path(cl.report(Path(base, "report.html"))).read_text(encoding="utf-8")
        assert page.count("<script") == 3
        made = cl.to_dirs(Path(base, "groups"), action="copy")
        assert len(made) == N_IMAGES
        copies = [file for file in Path(base, "groups").rglob("*") if file.is_file()]
        assert len([file for file in copies if file.suffix == ".png"]) == N_IMAGES
        groups = cl.duplicates()
        assert len(groups) == 0


FIRST = (Base.DateTime, Base.Make, Base.Model, Base.Orientation, Base.Software)
SECOND = (Base.DateTimeOriginal, Base.DateTimeDigitized, Base.OffsetTimeOriginal, Base.OffsetTime)
SECOND += (Base.SubsecTimeOriginal, Base.LensModel, Base.ISOSpeedRatings, Base.ExposureTime)
SECOND += (Base.FNumber, Base.FocalLength)
PLACE = (GPS.GPSLatitude, GPS.GPSLatitudeRef, GPS.GPSLongitude, GPS.GPSLongitudeRef)
PLACE += (GPS.GPSAltitude, GPS.GPSAltitudeRef, GPS.GPSImgDirection, GPS.GPSDateStamp)
LETTERS = {1: "B", 3: "H", 4: "L", 6: "b", 8: "h", 9: "l", 11: "f", 12: "d"}

Entry = tuple[int, int, int, bytes]  # tag, type, count, value


@st.composite
def entries(draw: st.DrawFn, tags: tuple[int, ...]) -> list[Entry]:
    """Entries of a directory of tags: sensible values, others, and bytes that fit nothing."""
    made = []
    for tag in draw(st.lists(st.sampled_from(tags), unique=True, max_size=8)):
        kind = draw(st.sampled_from(["text", "text", "numbers", "rationals", "rationals", "bytes"]))
        if kind == "text":
            dates = st.datetimes().map(lambda date: f"{date:%Y:%m:%d %H:%M:%S}")
            date = st.one_of(
                dates, st.datetimes().map(str), st.sampled_from(["+02:00", "Z", "N", "W"])
            )
            value = draw(st.one_of(date, st.text(max_size=30))).encode("utf-8", "replace") + b"\0"
            made.append((tag, 2, len(value), value))
        elif kind == "numbers":
            type_ = draw(st.sampled_from(sorted(LETTERS)))
            numbers = st.floats(width=32) if type_ > 10 else st.integers(0, 127)
            few = draw(st.lists(numbers, max_size=4))
            made.append((tag, type_, len(few), struct.pack(f"<{len(few)}{LETTERS[type_]}", *few)))
        elif kind == "rationals":
            n = draw(st.integers(0, 4))
            wide = st.one_of(st.integers(0, 90), st.integers(0, 2**31 - 1))
            few = draw(st.lists(wide, min_size=2 * n, max_size=2 * n))
            made.append((tag, draw(st.sampled_from([5, 10])), n, struct.pack(f"<{2 * n}L", *few)))
        else:
            value = draw(st.binary(max_size=20))
            count = draw(st.one_of(st.just(len(value)), st.integers(0, 2**32 - 1)))
            made.append((tag, draw(st.integers(0, 14)), count, value))
    return made


@st.composite
def exif(draw: st.DrawFn) -> bytes:
    """EXIF data, whole or damaged."""
    parts = [draw(entries(tags)) for tags in (FIRST, SECOND, PLACE)]
    starts = [8]
    sizes = [2 + 12 * len(part) + 4 + sum(len(e[3]) + 4 for e in part) for part in parts]
    sizes[0] += 24
    starts += [8 + sizes[0], 8 + sizes[0] + sizes[1]]
    pointers = [(IFD.Exif, 4, 1, struct.pack("<L", starts[1]))]
    pointers += [(IFD.GPSInfo, 4, 1, struct.pack("<L", starts[2]))]
    parts[0] += pointers
    out = b"Exif\0\0" + b"II*\0" + struct.pack("<L", 8)
    for start, size, part in zip(starts, sizes, parts, strict=True):
        head, tail = struct.pack("<H", len(part)), b""
        at = start + 2 + 12 * len(part) + 4
        for tag, type_, count, value in sorted(part):
            if len(value) <= 4:
                field = value.ljust(4, b"\0")
            else:
                field, tail = struct.pack("<L", at + len(tail)), tail + value
            head += struct.pack("<HHL", tag, type_, count) + field
        out += (head + bytes(4) + tail).ljust(size, b"\0")
    how = draw(st.integers(0, 5))
    if how == 1:
        out = out[: draw(st.integers(0, len(out)))]
    elif how == 2:
        at = draw(st.integers(0, len(out) - 1))
        out = out[:at] + bytes([draw(st.integers(0, 255))]) + out[at + 1 :]
    return out


@settings(max_examples=settings.default.max_examples // 2)
@given(st.lists(exif(), min_size=4, max_size=4), st.sampled_from(["jpg", "png", "webp", "tiff"]))
def test_photos_with_exif_data_of_every_kind_are_read(given, suffix):
    with TemporaryDirectory() as base:
        for i, data in enumerate(given):
            options = {"exif": data} if suffix != "tiff" else {}
            picture(i).save(Path(base, f"{i}.{suffix}"), **options)
        cl = quiet(method="ahash")
        cl.fit_transform(base, n_clusters=2)
        assert (cl.import_status["status"] == "ok").all()
        table = cl.metadata
        assert len(table) == 4
        assert table["latitude"].dropna().between(-90, 90).all()
        assert table["longitude"].dropna().between(-180, 180).all()
        assert (table["latitude"].isna() == table["longitude"].isna()).all()
        for name in ("make", "model", "lens", "software", "reason"):
            assert table[name].map(str.isprintable).all()
        table.to_csv(Path(base, "table.csv"), encoding="utf-8")
        json.loads(table.to_json(date_format="iso"))
        for metric in ("datetime", "latlon"):
            times = quiet(method="exif", embedding=None, params_exif={"min_samples": 1})
            try:
                labels = times.fit_transform(base, metric=metric)["labels"]
            except ClustimageError as error:
                assert str(error).endswith("."), error
            else:
                assert labels.shape == (4,) and labels.min() >= -2
        back = Clustimage.load(cl.save(Path(base, "model")))
        assert back.metadata.equals(table)

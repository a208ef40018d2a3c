"""Descriptors in the files of crops."""

from __future__ import annotations

import io
import json
import zlib

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from clustimage.faces import photo_of
from clustimage.images import Descriptor, descriptor_text, read_descriptor, recognizer_name

VALUES = np.array([0.1, -2.5, 3e-9], dtype=np.float32)


def write(path, *text):
    info = PngInfo()
    if text:
        info.add_text(*text)
    Image.new("RGB", (4, 4)).save(path, pnginfo=info)
    return path


def test_what_is_written_is_read(tmp_path):
    descriptor = Descriptor("dlib", "euclidean", 0.52, VALUES, 0.25)
    path = write(tmp_path / "face.png", *descriptor_text(descriptor))
    found = read_descriptor(path)
    np.testing.assert_array_equal(found.values, VALUES)
    assert (found.recognizer, found.metric) == ("dlib", "euclidean")
    assert (found.distance_threshold, found.quality) == (0.52, 0.25)


@pytest.mark.parametrize("name", ["gone.png", "text.png", "photo.jpg", "plain.png", "folder.png"])
def test_other_files_have_none(name, tmp_path):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "text.png").write_text("no picture")
    Image.new("RGB", (4, 4)).save(tmp_path / "photo.jpg")
    write(tmp_path / "plain.png")
    assert read_descriptor(tmp_path / name) is None


@pytest.mark.parametrize(
    "change",
    [
        {"values": "no base64!"},
        {"values": "AAA="},  # half a number
        {"values": ""},
        {"values": 7},
        {"values": "AADAfw=="},  # NaN
        {"recognizer": None, "metric": None, "distance_threshold": "far"},
        {"quality": []},
    ],
)
def test_what_is_broken_counts_as_none(change, tmp_path):
    key, text = descriptor_text(Descriptor("dlib", "euclidean", 0.52, VALUES))
    path = write(tmp_path / "face.png", key, json.dumps({**json.loads(text), **change}))
    assert read_descriptor(path) is None
    for other in ("[]", "no json", "{}", "1"):
        assert read_descriptor(write(tmp_path / "face.png", key, other)) is None


def test_the_name_of_a_recognizer_tells_its_file(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"a")
    (tmp_path / "b.onnx").write_bytes(b"b")
    names = {recognizer_name("sface", tmp_path / f"{letter}.onnx") for letter in "ab"}
    assert len(names) == 2 and all(name.startswith("sface ") for name in names)
    assert recognizer_name("dlib") == "dlib"


def test_a_file_that_says_it_is_huge_has_none(tmp_path):
    saved = tmp_path / "a.png"
    content = bytearray(_small_png())
    content[16:24] = b"\0\1\0\0" * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    saved.write_bytes(content)
    assert read_descriptor(saved) is None
    assert photo_of([str(saved)]) == [None]


def _small_png() -> bytes:
    file = io.BytesIO()
    Image.new("L", (4, 4)).save(file, "PNG")
    return file.getvalue()

"""PBM, PGM and PPM are decoded as Pillow does it, and soon."""

from __future__ import annotations

import io
import logging

import numpy as np
import pytest
from PIL import Image

from clustimage._core.errors import ImageReadError
from clustimage.images import imread
from clustimage.images.reading import _netpbm, _slow_files
from clustimage.images.reading._modes import load


@pytest.mark.parametrize("white", [1, 3, 100, 254, 255, 256, 1023, 4095, 65_534, 65_535])
@pytest.mark.parametrize("kind", [5, 6])
@pytest.mark.parametrize("block", [7, 1 << 20])
def test_values_are_those_of_pillow(monkeypatch, white, kind, block):
    monkeypatch.setattr(_netpbm, "BLOCK", block)
    values = np.random.default_rng(white).integers(0, white + 2, (5, 9 * (1 if kind == 5 else 3)))
    values = values.clip(max=255 if white < 256 else 65_535)
    pixels = values.astype(np.uint8 if white < 256 else ">u2").tobytes()
    content = b"P%d\n9 5\n%d\n" % (kind, white) + pixels
    with Image.open(io.BytesIO(content)) as ours, Image.open(io.BytesIO(content)) as pillow:
        load(ours)
        assert ours.mode == pillow.mode
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(pillow))


def test_a_picture_that_is_cut_off_has_a_reason(tmp_path):
    (tmp_path / "a.pgm").write_bytes(b"P5\n90 50\n1023\n" + bytes(99))
    with pytest.raises(ImageReadError, match="truncated|broken"):
        imread(tmp_path / "a.pgm")


def test_text_with_very_many_comments_is_refused(tmp_path):
    few = b"P2\n2 2\n9\n# made by hand\n0 9\n# and more\n9 0\n"
    (tmp_path / "few.pgm").write_bytes(few)
    assert imread(tmp_path / "few.pgm", colorscale=0, dim=None).tolist() == [0, 255, 255, 0]
    (tmp_path / "many.pgm").write_bytes(b"P2\n2 2\n9\n" + b"#\n" * 20_000 + b"0 9 9 0\n")
    with pytest.raises(ImageReadError, match="more than 10,000 comments between its pixels"):
        imread(tmp_path / "many.pgm")


def test_what_is_decoded_slowly_is_named(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(_slow_files, "SECONDS", 0.03)
    side = 1000
    head = b"qoif" + side.to_bytes(4, "big") * 2 + b"\3\0"
    (tmp_path / "a.qoi").write_bytes(head + b"\x55" * side**2 + bytes(7) + b"\1")
    with caplog.at_level(logging.WARNING, logger="clustimage"):
        imread(tmp_path / "a.qoi", dim=(4, 4))
    assert [record.getMessage() for record in caplog.records] == [
        f"Reading {tmp_path / 'a.qoi'} takes more than 0 s."
    ]

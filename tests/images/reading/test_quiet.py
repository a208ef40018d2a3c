"""Libraries say nothing while files are read, and afterwards all is as it was."""

from __future__ import annotations

import io
import threading
import warnings

import pytest
from PIL import Image

from clustimage.images import load_images, quiet_pillow


def damaged_tiff() -> bytes:
    """A deflated TIFF of 256 strips whose data are no deflated data."""
    buffer = io.BytesIO()
    Image.effect_noise((64, 256), 50).save(
        buffer, "TIFF", compression="tiff_adobe_deflate", strip_size=64
    )
    content = bytearray(buffer.getvalue())
    content[8 : len(content) // 2] = b"\xa5" * (len(content) // 2 - 8)
    return bytes(content)


@pytest.fixture
def damaged(tmp_path):
    (tmp_path / "a.tif").write_bytes(damaged_tiff())
    Image.new("L", (9, 9)).save(tmp_path / "good.png")
    return tmp_path


def test_libtiff_writes_nothing_and_its_words_are_the_reason(damaged, capfd):
    images = load_images(damaged)
    assert "ZIPDecode: Decoding error at scanline 0" in images.status[0].reason
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_afterwards_libtiff_speaks_as_before(damaged, capfd):
    def decode() -> None:
        with (
            pytest.raises(OSError, match="decoder error|-2"),
            Image.open(damaged / "a.tif") as picture,
        ):
            picture.load()

    decode()
    before = capfd.readouterr().err
    load_images(damaged)
    assert capfd.readouterr().err == ""
    decode()
    assert capfd.readouterr().err == before


def test_threads_that_overlap_leave_no_setting_behind():
    filters, most = list(warnings.filters), Image.MAX_IMAGE_PIXELS
    begun, end = threading.Event(), threading.Event()

    def other() -> None:
        with quiet_pillow(10**9):
            begun.set()
            end.wait(10)

    thread = threading.Thread(target=other)
    with quiet_pillow(5):
        thread.start()
        begun.wait(10)
        assert Image.MAX_IMAGE_PIXELS == 5 * 10**8
    assert Image.MAX_IMAGE_PIXELS == 5 * 10**8  # one still runs
    end.set()
    thread.join()
    assert list(warnings.filters) == filters and most == Image.MAX_IMAGE_PIXELS

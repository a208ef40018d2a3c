"""What decoding takes is known before, taken from the budget, and waited for."""

from __future__ import annotations

import pickle
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from _large_pictures import SAY, gif, icns, jpeg2000, png, webp
from PIL import Image

from clustimage import Clustimage
from clustimage._core.errors import ImageReadError
from clustimage._core.memory import Budget
from clustimage.images import DecodingLimits, Frame, imread, load_images
from clustimage.images.reading import _decoding_limits
from clustimage.images.reading._decoding_limits import TooLargeError

# --- turns ----------------------------------------------------------------------------------------


def test_images_wait_for_one_another_and_never_take_more_than_there_is(monkeypatch):
    monkeypatch.setattr(_decoding_limits, "ALWAYS", 0)
    limits = DecodingLimits(budget=Budget(100))
    lock, now, most = threading.Lock(), [0], [0]

    def decode(n_bytes: int) -> None:
        with limits.turn() as turn:
            turn.take(n_bytes, (1, 1))
            with lock:
                now[0] += n_bytes
                most[0] = max(most[0], now[0])
            time.sleep(0.002)
            with lock:
                now[0] -= n_bytes

    sizes = [30, 60, 100, 10, 50, 40, 100, 5] * 3
    threads = [threading.Thread(target=decode, args=(size,)) for size in sizes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert not any(thread.is_alive() for thread in threads)
    assert 60 < most[0] <= 100 and limits.fits(100)


def test_a_turn_ends_with_an_error_and_takes_anew_in_place_of_what_it_had(monkeypatch):
    monkeypatch.setattr(_decoding_limits, "ALWAYS", 0)
    limits = DecodingLimits(budget=Budget(100))
    with pytest.raises(ValueError, match="damaged"), limits.turn() as turn:
        turn.take(80, (1, 1))
        turn.take(90, (1, 1))
        assert not limits.fits(20)
        raise ValueError("damaged")
    assert limits.fits(100)
    with pytest.raises(TooLargeError, match="takes about 101 bytes"), limits.turn() as turn:
        turn.take(101, (1, 1))


def test_small_images_are_decoded_however_little_is_left(tmp_path):
    Image.new("RGB", (60, 40), "red").save(tmp_path / "a.png")
    assert len(load_images(tmp_path, dim=(4, 4), budget=Budget(6_000_000), n_jobs=1)) == 1


def test_limits_are_kept_for_the_second_reading_and_in_a_pickle(tmp_path):
    Image.new("RGB", (60, 40), "red").save(tmp_path / "a.png")
    images = load_images(tmp_path, dim=(4, 4), max_pixels=2400)
    again = pickle.loads(pickle.dumps(images))
    assert again.limits == images.limits and again.limits.max_pixels == 2400
    Image.new("RGB", (60, 41), "red").save(tmp_path / "a.png")
    with pytest.raises(ImageReadError, match=r"60 x 41 pixels are more .*max_pixels=2400"):
        list(again.batches(Frame((8, 8))))


# --- what counts ----------------------------------------------------------------------------------


def test_a_jpeg_counts_as_it_is_decoded(tmp_path):
    Image.new("L", (1600, 1200), 77).save(tmp_path / "a.jpg")
    images = load_images(tmp_path, dim=(100, 100), max_pixels=200 * 150)
    assert (images.status[0].width, images.status[0].height) == (1600, 1200)
    with pytest.raises(ImageReadError, match="1,600 x 1,200 pixels"):
        imread(tmp_path / "a.jpg", dim=None, max_pixels=200 * 150)


def test_the_coefficients_of_a_progressive_jpeg_count(tmp_path):
    picture = Image.new("RGB", (4000, 3000), "red")
    picture.save(tmp_path / "a.jpg", progressive=True, subsampling=0, quality=30)
    budget = Budget(60_000_000)
    with pytest.raises(ImageReadError, match="4,000 x 3,000 pixels takes about 73.*'60.0 MB'"):
        load_images(tmp_path, dim=(100, 100), budget=budget)
    assert len(load_images(tmp_path, dim=(100, 100), budget=Budget(100_000_000))) == 1


def test_a_jpeg_2000_is_reduced_where_it_is_too_large_otherwise(tmp_path):
    ramp = np.tile(np.linspace(0, 255, 640), (480, 1)).astype(np.uint8)
    Image.fromarray(ramp).save(tmp_path / "a.jp2")
    whole = imread(tmp_path / "a.jp2", dim=(30, 40)).astype(int)
    reduced = imread(tmp_path / "a.jp2", dim=(30, 40), max_pixels=160 * 120).astype(int)
    assert 0 < np.abs(reduced - whole).max() < 6
    images = load_images(tmp_path, dim=(30, 40), max_pixels=160 * 120)
    assert (images.status[0].width, images.status[0].height) == (640, 480)
    with pytest.raises(ImageReadError, match="640 x 480 pixels"):  # dim allows no reduction
        imread(tmp_path / "a.jp2", dim=(300, 400), max_pixels=160 * 120)


def test_a_photo_of_200_megapixels_is_read(tmp_path):
    Image.new("L", (16320, 12240), 77).save(tmp_path / "phone.jpg", quality=50)
    images = load_images(tmp_path)
    assert (images.status[0].width, images.status[0].height) == (16320, 12240)


def test_the_sentence_names_the_bytes_and_the_setting(tmp_path):
    (tmp_path / "a.gif").write_bytes(gif(13_000, 13_000))
    (tmp_path / "b.webp").write_bytes(webp(16_383, 16_383))
    (tmp_path / "c.gif").write_bytes(gif(65_000, 65_000))
    Image.new("RGB", (6, 4)).save(tmp_path / "d.png")
    model = Clustimage(embedding=None, max_memory="500MB", verbose="silent")
    model.import_data(str(tmp_path))
    reasons = model.import_status["reason"].tolist()
    assert "decoding its 13,000 x 13,000 pixels takes about 1.0 GB of memory" in reasons[0]
    assert "max_memory='500.0 MB'" in reasons[0] and "max_pixels=250000000" in reasons[1]
    assert reasons[2:] == [
        "65,000 x 65,000 pixels are more than are decoded (max_pixels=250000000)",
        "",
    ]


@pytest.mark.parametrize("side", [16_000, 30_000, 65_535])
def test_small_files_of_every_format_that_say_they_are_large_have_a_reason(tmp_path, side):
    for name, say in SAY.items():
        if name == "heic":
            continue
        (tmp_path / f"a{name}" if "." in name else tmp_path / f"a.{name}").write_bytes(
            say(side, side)
        )
    Image.new("RGB", (6, 4)).save(tmp_path / "z.png")
    model = Clustimage(embedding=None, max_memory="500MB", verbose="silent", n_jobs=1)
    model.import_data(str(tmp_path))
    status = model.import_status
    assert len(status) == len(SAY)
    assert (status["reason"][status["status"] != "ok"] != "").all()


@pytest.mark.parametrize(
    "inside", [png(9000, 9), jpeg2000(9000, 9), jpeg2000(2, 9000, in_box=False)]
)
def test_an_icon_of_apple_has_no_picture_that_is_larger_than_icons_are(tmp_path, inside):
    (tmp_path / "a.icns").write_bytes(icns(inside))
    with pytest.raises(ImageReadError, match="an icon whose picture is (9,000 x 9|2 x 9,000) pix"):
        imread(tmp_path / "a.icns")
    Image.new("RGB", (1024, 1024), "red").save(tmp_path / "b.icns")
    assert imread(tmp_path / "b.icns", dim=(2, 2)).tolist() == [255, 0, 0] * 4


SCRIPT = """
import sys
from clustimage import Clustimage
from PIL import Image
import cv2
model = Clustimage(method=None, embedding=None, max_memory="150MB", n_jobs=4, verbose="silent")
Image.init()
model.import_data(sys.argv[1])
print([int(line.split()[1]) for line in open("/proc/self/status") if line[:5] == "VmHWM"][0])
print(",".join(model.import_status["status"]))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is not known")
def test_a_run_over_bombs_stays_within_its_memory(tmp_path):
    (tmp_path / "a.gif").write_bytes(gif(13_000, 13_000))
    (tmp_path / "a.webp").write_bytes(webp(13_000, 13_000))
    content = png(12_000, 12_000)
    (tmp_path / "a.png").write_bytes(content)
    entry = struct.pack("<BBBBHHLL", 0, 0, 0, 0, 1, 32, len(content), 22)
    (tmp_path / "a.ico").write_bytes(struct.pack("<HHH", 0, 1, 1) + entry + content)
    head = struct.pack("<BBBHHBHHHHBB", 0, 0, 10, *[0] * 5, 13_000, 13_000, 32, 40)
    (tmp_path / "b.tga").write_bytes(head)
    content = png(7_000, 6_000)  # takes 84 MB
    for number in range(3):
        (tmp_path / f"ok{number}.png").write_bytes(content)
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    peak, status = done.stdout.split()
    assert status == ",".join(["skipped"] * 5 + ["ok"] * 3)
    assert int(peak) * 1024 < 450e6
    assert done.stderr == ""

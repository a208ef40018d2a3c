"""What of a file is held in memory, and reading that ends."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from _large_pictures import chunk, one_colour, png, riff
from PIL import Image

from clustimage._core.errors import ImageReadError
from clustimage._core.memory import Budget
from clustimage._core.parallel import run_ordered
from clustimage.images import DecodingLimits, load_images
from clustimage.images.reading import _header
from clustimage.images.reading._decode import decode
from clustimage.images.reading._header import Header


def long_webp(n_bytes: int) -> bytes:
    """Return a WebP of one pixel with other data in it."""
    return riff((b"VP8X", bytes(10)), one_colour(1, 1), (b"NONE", bytes(n_bytes)))


@pytest.mark.parametrize(
    "content",
    [long_webp(3_000_000), png(9, 9, before=chunk(b"noNe", bytes(3_000_000)))],
    ids=["webp", "png"],
)
def test_a_file_that_is_held_counts(tmp_path, monkeypatch, content):
    monkeypatch.setattr(_header, "MAX_HELD", 1 << 20)
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(ImageReadError, match=r"reading so large a file takes about .* MB of mem"):
        load_images([tmp_path / "a"], dim=(4, 4), budget=Budget(4_000_000))
    assert len(load_images([tmp_path / "a"], dim=(4, 4), budget=Budget(20_000_000))) == 1


def test_files_that_are_held_are_read_one_after_another(monkeypatch):
    monkeypatch.setattr(_header, "MAX_HELD", 1 << 20)
    limits = DecodingLimits(budget=Budget(40_000_000))
    lock, now, most = threading.Lock(), [0], [0]

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            time.sleep(0.01)
            content = super().read(size)
            with lock:
                now[0] -= 1
            return content

    def read(_: int) -> int:
        with limits.turn() as turn:
            header = Header(Slow(bytes(3 << 20)), turn)
            return sum(len(header.read(2 << 20)) for _ in range(3))

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(read, range(8))) == {3 << 20}
    assert most[0] == 1 and limits.fits(40_000_000)


def test_held_files_and_others_all_get_their_turn(tmp_path, monkeypatch):
    monkeypatch.setattr(_header, "MAX_HELD", 1 << 20)
    contents = [long_webp(3_000_000), png(2000, 2000), png(9, 9)] * 5
    limits = DecodingLimits(budget=Budget(80_000_000))
    decoded = list(run_ordered(lambda one: decode(one, (2, 2), True, limits), contents, n_jobs=4))
    assert [image.width for image in decoded] == [1, 2000, 9] * 5


READ = """
import sys
from clustimage import imread, ImageReadError
print("now", flush=True)
try:
    imread(sys.argv[1])
except ImageReadError as error:
    print(error)
"""


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits"])
def test_a_tiff_that_is_cut_off_while_it_is_read_does_not_end_the_process(tmp_path, compression):
    pixels = np.random.default_rng(0).integers(0, 256, (2000, 2000, 3), dtype=np.uint8)
    path = tmp_path / "a.tif"
    Image.fromarray(pixels).save(path, compression=compression)
    command = [sys.executable, "-c", READ, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        time.sleep(0.08)
        os.truncate(path, 1000)
        process.communicate()
    assert process.returncode == 0


def test_libtiff_gets_no_file_that_it_could_map(tmp_path):
    with (tmp_path / "a").open("w+b") as file, pytest.raises(OSError):
        Header(file).fileno()


def test_reading_ends_where_the_work_is_interrupted():
    ended = []

    class Endless(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return b"\0"

    def read(number: int) -> None:
        header, late = Header(Endless()), time.monotonic() + 20
        header.lift_limits()
        try:
            while number and time.monotonic() < late:
                header.read(1)
        except OSError as error:
            ended.append(str(error))

    results = run_ordered(read, [0, 1, 2, 3], n_jobs=2)
    next(results)
    results.close()
    assert set(ended) == {"it was interrupted"}


HELD_BY_THREADS = """
import sys
from clustimage._core.memory import Budget
from clustimage.images import load_images
def peak():
    return [int(line.split()[1]) for line in open("/proc/self/status") if line[:5] == "VmHWM"][0]
load_images(sys.argv[1:2], dim=(4, 4), n_jobs=8)
before = peak()
load_images(sys.argv[2:], dim=(4, 4), n_jobs=8, budget=Budget(400_000_000))
print((peak() - before) // 1000)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is not known")
def test_threads_keep_nothing_of_files_that_they_held(tmp_path):
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    with (tmp_path / "b.png").open("wb") as file:  # has a chunk of which 200 MB may be held
        file.write(png(9, 9)[:33] + struct.pack(">L", 250_000_000) + b"eXIf")
        file.truncate(300_000_000)
    paths = [tmp_path / "a.png"] * 9 + [tmp_path / "b.png"] * 8
    command = [sys.executable, "-c", HELD_BY_THREADS, *map(str, [paths[0], *paths])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 450  # MB

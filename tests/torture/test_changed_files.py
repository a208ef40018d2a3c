"""Image files with bytes that are others, gone or there twice: read, or skipped with a reason."""

from __future__ import annotations

import io
import random
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from _processes import Child
from PIL import Image

from clustimage import Clustimage, ClustimageError

METHOD = "spawn" if sys.platform == "win32" else "forkserver"
BATCH = 100  # files that one process reads
FORMATS = {
    "JPEG": "jpg",
    "PNG": "png",
    "WEBP": "webp",
    "TIFF": "tif",
    "GIF": "gif",
    "BMP": "bmp",
    "PPM": "ppm",
    "ICO": "ico",
    "JPEG2000": "jp2",
    "TGA": "tga",
    "SGI": "sgi",
    "PCX": "pcx",
}


def picture(format: str, rng: np.random.Generator) -> bytes:
    """Return a photo of some mode as a file of a format."""
    pixels = rng.integers(0, 256, (rng.integers(8, 60), rng.integers(8, 60), 3), dtype=np.uint8)
    image = Image.fromarray(np.repeat(np.repeat(pixels, 2, axis=0), 2, axis=1))
    mode = rng.choice(["RGB", "L", "P"]) if format in ("PNG", "TIFF", "GIF", "BMP") else "RGB"
    exif = Image.Exif()
    exif[0x0110], exif[0x0132] = "a camera", "2020:01:02 03:04:05"
    options = {"exif": exif} if format in ("JPEG", "PNG", "WEBP", "TIFF") else {}
    file = io.BytesIO()
    image.convert(mode).save(file, format, **options)
    return file.getvalue()


def changed(content: bytes, rng: random.Random) -> bytes:
    """Return a file with bytes that are others, gone or there twice, or without its end."""
    data = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 5, 20])):
        at, length = rng.randrange(len(data)), rng.choice([1, 1, 2, 4, 16])
        kind = rng.choice(["flip", "set", "large", "gone", "twice", "cut"])
        if kind == "flip":
            data[at] ^= 1 << rng.randrange(8)
        elif kind == "set":
            data[at] = rng.choice([0, 1, 127, 128, 255])
        elif kind == "large":
            data[at : at + 4] = rng.choice(
                [b"\xff\xff\xff\x7f", b"\x7f\xff\xff\xff", b"\0\0\0\x80"]
            )
        elif kind == "gone":
            del data[at : at + length]
        elif kind == "twice":
            data[at:at] = data[at : at + length]
        else:
            del data[max(1, at) :]
        if not data:
            return b"\0"
    return bytes(data)


def read(folder: Path, n_files: int) -> dict[str, int]:
    """Return how many files of a folder were read, skipped, and skipped without a reason."""
    cl = Clustimage(verbose="silent", dim=(32, 32), n_jobs=1)
    try:
        cl.import_data(folder)
    except ClustimageError:  # none of them can be read
        return {"skipped": n_files}
    status = cl.import_status
    skipped = status[status["status"] != "ok"]
    return {
        "read": len(status) - len(skipped),
        "skipped": len(skipped),
        "without a reason": int((skipped["reason"] == "").sum()),
    }


@pytest.mark.parametrize("n_files", [240, pytest.param(5000, marks=pytest.mark.torture)])
def test_changed_files_are_read_or_skipped_with_a_reason(tmp_path, count_row, n_files):
    made, rng, counts = np.random.default_rng(0), random.Random(0), Counter()
    for first in range(0, n_files, BATCH):
        folder = tmp_path / str(first)
        folder.mkdir()
        numbers = range(first, min(first + BATCH, n_files))
        for number in numbers:
            format, ending = list(FORMATS.items())[number % len(FORMATS)]
            path = folder / f"{number:04d}.{ending}"
            path.write_bytes(changed(picture(format, made), rng))
        try:
            counts.update(Child(read, folder, len(numbers), method=METHOD).answer())
        except ChildProcessError:
            counts["crashed"] += 1
    count_row(
        "image files of twelve formats, changed at random",
        n_files,
        f"{counts['read']:,} read, {counts['skipped']:,} skipped with a reason, "
        f"{counts['crashed']} crashes, {counts['without a reason']} without a reason",
    )
    assert (counts["crashed"], counts["without a reason"]) == (0, 0)
    assert counts["read"] + counts["skipped"] == n_files
    assert min(counts["read"], counts["skipped"]) > n_files / 12

"""The floor of reading: nothing but scaled decoding and a resize, over two threads.

A JPEG decoder can leave out frequencies and so give a half, a quarter or an eighth of a
picture for less work. Each photo is reduced to the next of those sizes that is not
below what is asked for, and then resized.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
from _job import Clock, image_files, run_job
from PIL import Image

SIDE = 128
REDUCED = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4}
REDUCED[8] = cv2.IMREAD_REDUCED_COLOR_8


def _resize(pixels: np.ndarray) -> np.ndarray:
    return cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def _with_pillow(path: str) -> np.ndarray:
    with Image.open(path) as image:
        image.draft("RGB", (SIDE, SIDE))
        return _resize(np.asarray(image))


def _with_opencv(path: str) -> np.ndarray:
    with Image.open(path) as image:  # reads the header only
        short = min(image.size)
    divisor = max(by for by in REDUCED if by == 1 or short // by >= SIDE)
    pixels = cv2.imread(path, REDUCED[divisor])
    assert pixels is not None, path
    return _resize(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))


def decoding(clock: Clock, *, folder: str, decoder: str, threads: int = 2) -> dict[str, Any]:
    """Read photos to 128 × 128."""
    read = {"Pillow": _with_pillow, "OpenCV": _with_opencv}[decoder]
    paths = image_files(folder)
    cv2.setNumThreads(1)
    with clock.measured(), ThreadPoolExecutor(threads) as pool:
        pixels = np.stack(list(pool.map(read, paths)))
    return {"n": len(pixels)}


if __name__ == "__main__":
    run_job({"decoding": decoding}, ("numpy", "opencv-python-headless", "Pillow"))

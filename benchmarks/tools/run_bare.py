"""Lower bounds: nothing but decoding, and nothing but the forward pass of a network."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from _job import Clock, image_files, run_job
from PIL import Image

SIDE = 128
REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


def _resize(pixels: np.ndarray) -> np.ndarray:
    return cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def _with_pillow(path: str) -> np.ndarray:
    with Image.open(path) as image:
        image.draft("RGB", (SIDE, SIDE))
        return _resize(np.asarray(image))


def _with_opencv(path: str) -> np.ndarray:
    """Decode at the smallest of a JPEG's sizes that is not below `SIDE`, then resize."""
    with Image.open(path) as image:  # reads the header only
        short = min(image.size)
    divisor = max(by for by in REDUCED if by == 1 or short // by >= SIDE)
    pixels = cv2.imread(path, REDUCED[divisor])
    assert pixels is not None, path
    return _resize(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))


def _bytes_only(path: str) -> np.ndarray:
    return np.frombuffer(Path(path).read_bytes(), np.uint8)


DECODERS = {"Pillow": _with_pillow, "OpenCV": _with_opencv, "bytes": _bytes_only}


def decoding(clock: Clock, *, folder: str, decoder: str, keep: bool = True) -> dict[str, Any]:
    """Read photos to 128 × 128 over two threads; without `keep` each is dropped at once."""
    read, paths = DECODERS[decoder], image_files(folder)
    cv2.setNumThreads(1)
    with clock.measured(), ThreadPoolExecutor(2) as pool:
        if keep:
            np.stack(list(pool.map(read, paths)))
        else:
            list(pool.map(lambda path: read(path).size, paths))
    return {"n": len(paths)}


def forward_pass(
    clock: Clock, *, folder: str, network: str, weights: str, count: int,
    batch: int = 32, widen_heap: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Run batches of photos that are ready as tensors through a network, up to its classifier."""
    import torch
    from torchvision import models
    from torchvision.transforms import functional

    net = models.get_model(network, weights=None)
    net.load_state_dict(torch.load(f"{weights}/{network}.pth", weights_only=True))
    net.classifier = torch.nn.Identity()
    net = net.eval().to(memory_format=torch.channels_last)
    prepare = models.get_model_weights(network)["IMAGENET1K_V1"].transforms()
    paths, batches = image_files(folder)[:count], []
    for start in range(0, len(paths), batch):
        photos = [Image.open(path).convert("RGB") for path in paths[start : start + batch]]
        tensors = torch.stack([prepare(functional.pil_to_tensor(photo)) for photo in photos])
        batches.append(tensors.to(memory_format=torch.channels_last))
    if widen_heap:
        np.empty(33_000_000, dtype=np.uint8)
    with torch.inference_mode():
        net(batches[0])
        with clock.measured():
            rows = [net(tensors) for tensors in batches]
    return {"n": sum(map(len, rows))}


if __name__ == "__main__":
    run_job(decoding, forward_pass)

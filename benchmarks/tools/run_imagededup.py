"""Job of imagededup, run in an environment of its own."""

from __future__ import annotations

import importlib
from typing import Any

from _job import Clock, run_job


def hashing(clock: Clock, *, folder: str) -> dict[str, Any]:
    """Read and hash the photos of a folder, over as many processes as it takes by itself."""
    _import_without_download()
    from imagededup.methods import PHash

    hasher = PHash(verbose=False)
    with clock.measured():
        hashes = hasher.encode_images(image_dir=folder, recursive=True)
    return {"n": len(hashes)}


def _import_without_download() -> None:
    """Import imagededup with random weights in the network that it builds on import.

    Its `methods` package makes a MobileNet while it is imported and fetches its weights
    where they are not on the disk. Hashing never uses that network.
    """
    from torchvision import models

    build = models.mobilenet_v3_small
    models.mobilenet_v3_small = lambda weights=None: build(weights=None)
    try:
        importlib.import_module("imagededup.methods")
    finally:
        models.mobilenet_v3_small = build


if __name__ == "__main__":
    run_job(hashing)

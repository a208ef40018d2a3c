"""Images that the tests of this room share."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image


def _structured(n: int, height: int, width: int, channels: int) -> np.ndarray:
    """Make seeded images of a few soft blobs, so that neighbours are alike, with full range."""
    rng = np.random.default_rng(7)
    down, right = np.mgrid[0:height, 0:width]
    images = np.empty((n, height, width, channels), dtype=np.uint8)
    for image in images:
        field = np.zeros((height, width, channels))
        for _ in range(6):
            y, x = rng.uniform(0, height), rng.uniform(0, width)
            size = rng.uniform(0.05, 0.3) * min(height, width)
            blob = np.exp(-((down - y) ** 2 + (right - x) ** 2) / (2 * size**2))
            field += blob[..., None] * rng.uniform(-1, 1, channels)
        field += rng.normal(0, 0.02, field.shape)
        field -= field.min()
        image[:] = np.round(255 * field / field.max())
    return images


@pytest.fixture(scope="session")
def colour() -> np.ndarray:
    """Forty made images, (40, 64, 48, 3)."""
    return _structured(40, 64, 48, 3)


@pytest.fixture(scope="session")
def gray() -> np.ndarray:
    """Forty made images, (40, 64, 64, 1)."""
    return _structured(40, 64, 64, 1)


@pytest.fixture(scope="session")
def photos(corel: tuple[list[str], np.ndarray]) -> np.ndarray:
    """Forty real photos, (40, 128, 128, 3)."""
    size = (128, 128)
    return np.stack(
        [np.asarray(Image.open(path).convert("RGB").resize(size)) for path in corel[0][::5]]
    )


@pytest.fixture(scope="session")
def awkward() -> dict[str, np.ndarray]:
    """Images at the edge of what there can be, by name."""
    checker = (np.indices((32, 32)).sum(axis=0) % 2 * 255).astype(np.uint8)
    return {
        "black": np.zeros((2, 32, 32, 3), np.uint8),
        "white": np.full((2, 32, 32, 3), 255, np.uint8),
        "even": np.repeat(np.arange(0, 256, 5, dtype=np.uint8), 32 * 32).reshape(-1, 32, 32, 1),
        "checker": checker[None, :, :, None],
        "noise": np.random.default_rng(0).integers(0, 256, (8, 40, 56, 3), dtype=np.uint8),
        "narrow": np.random.default_rng(1).integers(0, 256, (4, 8, 50, 3), dtype=np.uint8),
        "tiny": np.random.default_rng(2).integers(0, 256, (8, 8, 8, 1), dtype=np.uint8),
    }

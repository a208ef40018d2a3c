"""Photos, read again from their files, as tiles of one size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage.images import gather_photos, imresize, read_upright

__all__ = ["into_tile", "read_photo", "tile_ratio"]

FLAT, STEEP = 0.5, 1.5  # bounds on height by width
GONE = 225  # gray of a photo that cannot be read any more


def tile_ratio(photos: Sequence[np.ndarray | None]) -> float:
    """Return height by width of the tiles for some photos."""
    ratios = [img.shape[0] / img.shape[1] for img in photos if img is not None]
    return float(np.clip(np.median(ratios), FLAT, STEEP)) if ratios else 0.75


def read_photo(path: str, side: int) -> tuple[np.ndarray | None, float]:
    """Return a photo no larger than a square, and its scale; None where it cannot be read."""

    def enough(height: int, width: int) -> tuple[int, int]:
        share = min(1.0, side / max(height, width))
        return max(1, round(height * share)), max(1, round(width * share))

    try:
        (source,) = gather_photos([path]).items
    except (InvalidDataError, OSError, ValueError):
        return None, 1.0
    photo = read_upright(source, enough)
    if isinstance(photo, str):
        return None, 1.0
    small = imresize(photo.pixels, enough(photo.height, photo.width))
    return small, small.shape[1] / photo.width


def into_tile(
    img: np.ndarray | None, height: int, width: int
) -> tuple[np.ndarray, tuple[int, int], float]:
    """Paste a photo into the middle of a white tile; return tile, upper left corner and factor."""
    tile = np.full((height, width, 3), 255, dtype=np.uint8)
    if img is None:
        tile[:] = GONE
        return tile, (0, 0), 0.0
    factor = min(height / img.shape[0], width / img.shape[1])
    size = max(1, round(img.shape[0] * factor)), max(1, round(img.shape[1] * factor))
    img = imresize(img, size)
    x, y = (width - size[1]) // 2, (height - size[0]) // 2
    tile[y : y + size[0], x : x + size[1]] = img
    return tile, (x, y), factor

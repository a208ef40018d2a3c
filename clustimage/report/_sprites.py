"""Small pictures of all images, many in one file."""

from __future__ import annotations

from io import BytesIO

import numpy as np

from clustimage._core.parallel import run_ordered
from clustimage.plotting._pictures import row_pixels

__all__ = ["COLUMNS_PER_SHEET", "default_side", "encode_sheets", "to_webp"]

COLUMNS_PER_SHEET = 32
QUALITY = 60


def default_side(n_images: int) -> int:
    """Return the side in pixels of a picture: 64 for up to 10,000 images, else 32."""
    return 64 if n_images <= 10_000 else 32


def encode_sheets(
    images: np.ndarray, order: np.ndarray, side: int, *, n_jobs: int | None = -1
) -> list[bytes]:
    """Return sheets of 32 × 32 pictures as WebP, picture after picture in rows.

    Parameters
    ----------
    images : array of shape (n, height, width) or (n, height, width, 3), uint8
        Gray or RGB, in memory or in a file.
    order : array of shape (n,), int
        In which order they come.
    side : int
        Of a picture, in pixels; the image fills the square.
    n_jobs : int, default=-1
        Threads.
    """
    per_sheet = COLUMNS_PER_SHEET**2

    def sheet(start: int) -> bytes:
        rows = order[start : start + per_sheet]
        high = -(-len(rows) // COLUMNS_PER_SHEET)
        canvas = np.zeros((high * side, COLUMNS_PER_SHEET * side, 3), dtype=np.uint8)
        for at, some in row_pixels(images, rows):
            for position, image in zip(at.tolist(), some, strict=True):
                top, left = (part * side for part in divmod(position, COLUMNS_PER_SHEET))
                canvas[top : top + side, left : left + side] = _fitted(image, side)
        return to_webp(canvas)

    return list(run_ordered(sheet, range(0, len(order), per_sheet), n_jobs=n_jobs))


def to_webp(image: np.ndarray) -> bytes:
    """Return an image as WebP."""
    from PIL import Image

    file = BytesIO()
    Image.fromarray(image).save(file, "WEBP", quality=QUALITY, method=4)
    return file.getvalue()


def _fitted(image: np.ndarray, side: int) -> np.ndarray:
    """Return an image as (side, side, 3)."""
    from PIL import Image

    gray = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    if gray.shape[:2] != (side, side):
        smaller = min(gray.shape[:2]) >= side
        filtered = Image.Resampling.BOX if smaller else Image.Resampling.NEAREST
        gray = np.asarray(Image.fromarray(gray).resize((side, side), filtered))
    return gray if gray.ndim == 3 else np.repeat(gray[..., None], 3, axis=2)

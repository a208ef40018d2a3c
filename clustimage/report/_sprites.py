"""Small pictures of all images, many in one file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO

import numpy as np

from clustimage._core.parallel import run_ordered
from clustimage.plotting._pictures import row_pixels

__all__ = [
    "COLUMNS_PER_SHEET",
    "MAX_IMAGES_IN_PAGE",
    "choose_side",
    "encode_sheets",
    "n_sheets",
    "to_webp",
]

COLUMNS_PER_SHEET = 32
PER_SHEET = COLUMNS_PER_SHEET**2
QUALITY, QUALITY_OF_MANY = 50, 40
METHOD = 4  # effort: more takes longer and saves little

# Sides in pixels, and up to how many images they are the default.
SIDE, MAX_IMAGES_OF_SIDE, SMALLER_SIDE = 64, 10_000, 32
# Of more images the sheets lie in a folder beside the page.
MAX_IMAGES_IN_PAGE = 60_000


def choose_side(n_images: int, held: int, *, has_files: bool) -> int:
    """Return the side in pixels of a picture: 64 for up to 10,000 images, else 32.

    Parameters
    ----------
    n_images : int
        Number of images.
    held : int
        Longer side of the pixels that there are.
    has_files : bool
        Whether larger ones can be read from files; else pictures are not enlarged.

    Examples
    --------
    >>> choose_side(100, 128, has_files=True), choose_side(60_000, 128, has_files=True)
    (64, 32)
    >>> choose_side(1797, 8, has_files=False)
    8
    """
    side = SIDE if n_images <= MAX_IMAGES_OF_SIDE else SMALLER_SIDE
    return side if has_files else min(side, held)


def n_sheets(n_images: int) -> int:
    """Return how many sheets of 32 × 32 pictures hold so many."""
    return -(-n_images // PER_SHEET)


def encode_sheets(
    images: np.ndarray,
    order: np.ndarray,
    side: int,
    *,
    read: Callable[[int], np.ndarray | None] | None = None,
    n_jobs: int | None = -1,
) -> Iterator[bytes]:
    """Yield sheets of 32 × 32 pictures as WebP, picture after picture in rows.

    Parameters
    ----------
    images : array of shape (n, height, width) or (n, height, width, 1 | 3), uint8
        Gray or RGB, in memory or in a file.
    order : array of shape (n,), int
        In which order they come.
    side : int
        Of a picture, in pixels; the image fills the square.
    read : callable, optional
        Takes an index and returns the image in a larger size, or None where it cannot be read
        any more: then that of `images` is taken.
    n_jobs : int, default=-1
        Threads.

    Yields
    ------
    bytes
        A sheet; the last one is lower where it is not full.

    Examples
    --------
    >>> images = np.zeros((40, 8, 8), dtype=np.uint8)
    >>> [sheet[8:12] for sheet in encode_sheets(images, np.arange(40), 8, n_jobs=1)]
    [b'WEBP']
    """

    def sheet(start: int) -> bytes:
        rows = order[start : start + PER_SHEET]
        high = -(-len(rows) // COLUMNS_PER_SHEET)
        canvas = np.zeros((high * side, COLUMNS_PER_SHEET * side, 3), dtype=np.uint8)
        for at, some in row_pixels(images, rows):
            for position, held in zip(at.tolist(), some, strict=True):
                larger = None if read is None else read(int(rows[position]))
                top, left = (part * side for part in divmod(position, COLUMNS_PER_SHEET))
                picture = _fitted(held if larger is None else larger, side)
                canvas[top : top + side, left : left + side] = picture
        return to_webp(canvas, quality)

    quality = QUALITY if len(order) <= MAX_IMAGES_OF_SIDE else QUALITY_OF_MANY
    starts = range(0, len(order), PER_SHEET)
    return run_ordered(sheet, starts, n_jobs=n_jobs, desc="Small pictures", unit="sheet")


def to_webp(image: np.ndarray, quality: int = QUALITY) -> bytes:
    """Return an image, gray or RGB, as WebP."""
    from PIL import Image

    file = BytesIO()
    Image.fromarray(image).save(file, "WEBP", quality=quality, method=METHOD)
    return file.getvalue()


def _fitted(image: np.ndarray, side: int) -> np.ndarray:
    """Return an image as (side, side, 3), or (side, side, 1) where it is gray."""
    import cv2

    flat = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    if flat.shape[:2] != (side, side):
        smaller = max(flat.shape[:2]) >= side
        flat = cv2.resize(
            flat, (side, side), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        )
    return flat if flat.ndim == 3 else flat[..., None]

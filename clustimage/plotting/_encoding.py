"""Images as small files in memory, for pages."""

from __future__ import annotations

from io import BytesIO

import numpy as np

__all__ = ["to_jpeg", "to_png"]


def to_jpeg(image: np.ndarray, side: int, quality: int) -> bytes:
    """Return an image as JPEG, its longer side at most `side` pixels.

    Parameters
    ----------
    image : array of shape (height, width) or (height, width, 3), uint8
        Gray or RGB.
    side : int
        Larger images are averaged down, smaller ones are left as they are.
    quality : int
        Of JPEG, up to 95.

    Examples
    --------
    >>> to_jpeg(np.zeros((8, 8), dtype=np.uint8), 8, 80)[:2].hex()
    'ffd8'
    """
    from PIL import Image

    picture = Image.fromarray(image)
    longer = max(picture.size)
    if longer > side:
        wide, high = (max(1, round(length * side / longer)) for length in picture.size)
        picture = picture.resize((wide, high), Image.Resampling.BOX)
    file = BytesIO()
    picture.save(file, "JPEG", quality=quality, optimize=True)
    return file.getvalue()


def to_png(image: np.ndarray) -> bytes:
    """Return an image as PNG, every pixel as it is.

    Examples
    --------
    >>> to_png(np.zeros((8, 8), dtype=np.uint8))[1:4]
    b'PNG'
    """
    from PIL import Image

    file = BytesIO()
    Image.fromarray(image).save(file, "PNG", optimize=True)
    return file.getvalue()

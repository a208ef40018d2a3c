"""Pictures for a page: JPEG as text, as large as the page has room for."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from io import BytesIO

import numpy as np

from clustimage._errors import MemoryLimitError
from clustimage._memory import in_words
from clustimage._parallel import run_ordered
from clustimage.plotting._montage import evenly

__all__ = ["encode_pictures", "shown_sizes"]

# Longer side in pixels and quality of JPEG, best first.
STEPS = ((256, 85), (192, 82), (128, 80), (112, 75), (96, 72), (80, 70), (64, 66), (48, 60))
TRIED = 48
SHOWN = 240
TINY = 40


def encode_pictures(images: np.ndarray, room: float, *, n_jobs: int = -1) -> list[str]:
    """Return images as JPEG in base64, in at most `room` characters.

    Parameters
    ----------
    images : array of shape (n, height, width) or (n, height, width, 3), uint8
        Gray or RGB.
    room : float
        Characters for all of them.
    n_jobs : int, default=-1
        Threads.

    Returns
    -------
    list of n str
        The first of `STEPS` that fits; images are never enlarged.

    Raises
    ------
    MemoryLimitError
        If they do not fit in the smallest of them.

    Examples
    --------
    >>> import numpy as np
    >>> encode_pictures(np.zeros((1, 8, 8), dtype=np.uint8), 2000)[0][:5]
    '/9j/4'
    """
    tried = images[evenly(len(images), TRIED)]
    need = 0.0
    for side, quality in STEPS:
        need = sum(map(len, _encoded(tried, side, quality, n_jobs))) * len(images) / len(tried)
        if need > 1.1 * room:
            continue
        pictures = list(_encoded(images, side, quality, n_jobs))
        need = sum(map(len, pictures))
        if need <= room:
            return pictures
    raise MemoryLimitError(
        f"The smallest pictures of {len(images):,} photos take {in_words(need)} in the page, which "
        f"has {in_words(room)} for them. Give a 'max_memory' that is larger by the difference."
    )


def shown_sizes(images: np.ndarray, sizes: np.ndarray | None) -> tuple[list[list[int]], bool]:
    """Return width and height at which each picture is shown, and whether all are tiny.

    Parameters
    ----------
    images : array of shape (n, height, width, ...)
        Their pixels, in which photos may be squeezed to one shape.
    sizes : array of shape (n, 2), optional
        Width and height of the originals, which give the shape; NaN where not known.
    """
    high, wide = images.shape[1:3]
    shape = np.tile(np.array([wide, high], dtype=float), (len(images), 1))
    if sizes is not None:
        known = np.isfinite(sizes).all(axis=1) & (sizes > 0).all(axis=1)
        shape[known] = sizes[known]
    scale = SHOWN / shape.max(axis=1, keepdims=True)
    shown = np.maximum(np.rint(shape * scale), 12).astype(int)
    return shown.tolist(), max(high, wide) <= TINY


def _encoded(images: np.ndarray, side: int, quality: int, n_jobs: int) -> Iterator[str]:
    def encode(image: np.ndarray) -> str:
        from PIL import Image

        picture = Image.fromarray(image)
        longer = max(picture.size)
        if longer > side:
            wide, high = (max(1, round(length * side / longer)) for length in picture.size)
            picture = picture.resize((wide, high), Image.Resampling.BOX)
        file = BytesIO()
        picture.save(file, "JPEG", quality=quality, optimize=True)
        return base64.b64encode(file.getvalue()).decode("ascii")

    return run_ordered(encode, list(images), n_jobs=n_jobs)

"""Pictures for a page: JPEG as text, as large as the page has space for."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import numpy as np

from clustimage._core.errors import MemoryLimitError
from clustimage._core.memory import format_bytes
from clustimage._core.parallel import run_ordered
from clustimage._core.parameters import named
from clustimage.plotting._encoding import to_jpeg
from clustimage.plotting._limits import spread_over_map
from clustimage.plotting._montage import evenly
from clustimage.plotting._pictures import row_pixels

__all__ = ["encode_pictures", "encode_some", "shown_sizes"]

# Longer side in pixels and quality of JPEG, best first.
STEPS = ((256, 85), (192, 82), (128, 80), (112, 75), (96, 72), (80, 70), (64, 66), (48, 60))
MAX_IMAGES_TRIED = 48
# What is hoped to fit, by those that were tried, as a part of what would just fit.
SAFETY = 0.95
SHOWN_PIXELS = 240
MAX_TINY_PIXELS = 40


def encode_pictures(
    images: np.ndarray, space: float, *, rows: np.ndarray | None = None, n_jobs: int = -1
) -> list[str]:
    """Return images as JPEG in base64, in at most `space` characters.

    Parameters
    ----------
    images : array of shape (n, height, width) or (n, height, width, 3), uint8
        Gray or RGB, in memory or in a file.
    space : float
        Characters for all of them.
    rows : array of shape (m,), int, optional
        Which images, ascending; default is all.
    n_jobs : int, default=-1
        Threads.

    Returns
    -------
    list of m str
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
    rows = np.arange(len(images)) if rows is None else rows
    need = 0.0
    for step in STEPS:
        need = _expected(images, rows, step, n_jobs) * len(rows)
        if need > 1.1 * space:
            continue
        pictures = list(_encoded(images, rows, step, n_jobs))
        need = sum(map(len, pictures))
        if need <= space:
            return pictures
    raise MemoryLimitError(
        f"The smallest pictures of {len(rows):,} photos take {format_bytes(need)} in the page, "
        f"which has {format_bytes(max(space, 0))} for them. Give a {named('max_memory')} that is "
        "larger by the difference, or a smaller 'max_images'."
    )


def encode_some(
    images: np.ndarray, space: float, *, rows: np.ndarray, locations: np.ndarray, n_jobs: int = -1
) -> tuple[np.ndarray, list[str]]:
    """Return as many pictures as there is space for, evenly over the locations where not all fit.

    Parameters
    ----------
    images, space, rows, n_jobs
        As for `encode_pictures`.
    locations : array of shape (m, 2)
        Where each of `rows` is on the map.

    Returns
    -------
    array of int
        Which of `rows` have a picture, ascending.
    list of str
        Their pictures.

    Raises
    ------
    MemoryLimitError
        If there is no space for one.
    """
    everything = np.arange(len(rows))
    fitting = space / max(1.0, _expected(images, rows, STEPS[-1], n_jobs))
    if fitting < len(rows):
        fitting *= SAFETY
    while fitting >= 1:
        some = spread_over_map(locations, int(fitting)) if fitting < len(rows) else everything
        try:
            return some, encode_pictures(images, space, rows=rows[some], n_jobs=n_jobs)
        except MemoryLimitError:  # they are larger than those that were tried
            fitting = 0.9 * len(some)
    return everything, encode_pictures(images, space, rows=rows, n_jobs=n_jobs)


def shown_sizes(
    shape: tuple[int, ...], sizes: np.ndarray | None, n: int
) -> tuple[list[list[int]], bool]:
    """Return width and height at which each picture is shown, and whether all are tiny.

    Parameters
    ----------
    shape : (height, width, ...)
        Of the pixels, in which photos may be squeezed to one shape.
    sizes : array of shape (n, 2), optional
        Width and height of the originals, which give the shape; NaN where not known.
    n : int
        Number of pictures.
    """
    high, wide = shape[:2]
    shapes = np.tile(np.array([wide, high], dtype=float), (n, 1))
    if sizes is not None:
        known = np.isfinite(sizes).all(axis=1) & (sizes > 0).all(axis=1)
        shapes[known] = sizes[known]
    scale = SHOWN_PIXELS / shapes.max(axis=1, keepdims=True)
    shown = np.maximum(np.rint(shapes * scale), 12).astype(int)
    return shown.tolist(), max(high, wide) <= MAX_TINY_PIXELS


def _expected(images: np.ndarray, rows: np.ndarray, step: tuple[int, int], n_jobs: int) -> float:
    """Return the mean length of a picture, by some of them."""
    tried = rows[evenly(len(rows), MAX_IMAGES_TRIED)]
    return sum(map(len, _encoded(images, tried, step, n_jobs))) / max(1, len(tried))


def _encoded(
    images: np.ndarray, rows: np.ndarray, step: tuple[int, int], n_jobs: int
) -> Iterator[str]:
    """Yield the pictures of some rows, ascending, for a longer side and a quality."""
    side, quality = step

    def encode(image: np.ndarray) -> str:
        return base64.b64encode(to_jpeg(image, side, quality)).decode("ascii")

    for _, pixels in row_pixels(images, rows):
        yield from run_ordered(encode, list(pixels), n_jobs=n_jobs)

"""Some of the images that were read, and several reads as one."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from clustimage._core.file_arrays import file_blocks
from clustimage._core.memory import Budget
from clustimage.images._images import Images
from clustimage.images._status import ImageStatus
from clustimage.images._storage import choose_storage, scaling_options

__all__ = ["join_images", "take_images"]

ROWS_AT_ONCE = 256


def take_images(images: Images, rows: np.ndarray) -> Images:
    """Return some images in the order of `rows`, with their pixels copied.

    Inputs that were skipped are left out.

    Examples
    --------
    >>> from clustimage.images import load_images
    >>> take_images(load_images(np.eye(4).reshape(2, 8), dim=(2, 4)), np.array([1])).filenames
    array(['image_0001'], dtype=object)
    """
    read = [row for row in images.status if row.status == "ok"]
    return Images(
        images.pathnames[rows],
        images.filenames[rows],
        images.url[rows],
        np.ascontiguousarray(images.pixels[rows]),
        [read[row] for row in rows],
        images.white,
        None if images.sources is None else [images.sources[row] for row in rows],
        None if images.keys is None else [images.keys[row] for row in rows],
        images.cache,
        images.limits,
    )


def join_images(
    images: Images,
    kept: np.ndarray,
    more: Images,
    others: Sequence[ImageStatus] = (),
    *,
    budget: Budget | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> Images:
    """Return the rows `kept` of some images, and after them more images.

    Parameters
    ----------
    images, more : Images
        Of one shape; not changed.
    kept : ndarray of int, shape (k,)
        Rows of `images`, ascending.
    others : sequence of ImageStatus
        What is said of inputs that are no image.
    budget, folder
        As for `load_images`: what takes more than half of the budget goes into a file.
    """
    n, shape = len(kept) + len(more), images.shape
    storage = choose_storage(n, shape, budget, scaling_options(n, int(np.prod(shape))))
    pixels = storage.make(folder)
    chosen = np.zeros(len(images), dtype=bool)
    chosen[kept] = True
    at = 0
    for part, wanted in ((images.pixels, chosen), (more.pixels, np.ones(len(more), dtype=bool))):
        for block, rows in file_blocks(part, ROWS_AT_ONCE):
            some = rows[wanted[block]]
            pixels[at : at + len(some)] = some
            at += len(some)
    read = [row for row in images.status if row.status == "ok"]
    added = [row for row in more.status if row.status == "ok"]
    sources = keys = None
    if images.sources is not None and more.sources is not None:
        sources = [*(images.sources[row] for row in kept), *more.sources]
    if images.keys is not None and more.keys is not None:
        keys = [*(images.keys[row] for row in kept), *more.keys]
    return Images(
        np.concatenate([images.pathnames[kept], more.pathnames]),
        np.concatenate([images.filenames[kept], more.filenames]),
        np.concatenate([images.url[kept], more.url]),
        pixels,
        [*(read[row] for row in kept), *added, *others],
        images.white,
        sources,
        keys,
        more.cache if more.cache is not None else images.cache,
        more.limits,
    )

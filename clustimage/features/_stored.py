"""Features that an earlier run has kept: only what is missing is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from clustimage.features._base import FeatureExtractor
    from clustimage.images import Images

__all__ = ["Compute", "stored_fit", "stored_rows"]

Rows = npt.NDArray[np.float32]
Positions = npt.NDArray[np.intp]
Compute = Callable[[Positions], Iterator[tuple[Positions, npt.NDArray[Any]]]]

# Raise when an extractor gives other numbers than before: what was kept is then made again.
VERSION = 1


def stored_rows(images: Images, recipe: Mapping[str, Any] | None, compute: Compute) -> Rows:
    """Return one row of features per image; rows of known files come from the cache.

    Parameters
    ----------
    images : Images
        What stage 1 has read. Without ``images.cache`` every row is computed.
    recipe : mapping or None
        Everything that a row depends on beside the content of the file: names, numbers,
        lists and dicts of them. The versions of what decodes a file, and whether it was
        read in gray, are added here. None keeps nothing.
    compute : callable
        Takes positions, `(m,)` of int, of at least one image, and yields positions and
        their rows, `(b, d)`, in batches that together cover what was asked for. It is not
        called where every row is known. Each batch is kept as soon as it is there.

    Returns
    -------
    ndarray of shape (n, d), float32

    Examples
    --------
    >>> import numpy as np
    >>> from clustimage.images import load_images
    >>> images = load_images(np.arange(8.0).reshape(2, 4))
    >>> stored_rows(images, None, lambda positions: iter([(positions, images.flat[positions])]))
    array([[  0.,  36.,  73., 109.], [146., 182., 219., 255.]], dtype=float32)
    """
    return _collect(compute(np.arange(len(images), dtype=np.intp)), len(images))


def _collect(batches: Iterator[tuple[Positions, npt.NDArray[Any]]], n_images: int) -> Rows:
    """Return rows that come in batches as one array."""
    feat = None
    for positions, rows in batches:
        if feat is None:
            feat = np.empty((n_images, rows.shape[1]), dtype=np.float32)
        feat[positions] = rows
    if feat is None:
        raise ValueError("'compute' gave no rows.")
    return feat


def stored_fit(
    extractor: FeatureExtractor, images: Images, recipe: Mapping[str, Any] | None
) -> Rows:
    """Fit an extractor that learns from the whole set, or take what it learned last time."""
    return extractor.fit_transform(images.pixels)

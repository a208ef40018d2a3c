"""``method="hog"``: histograms of oriented gradients."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from skimage.feature import hog as skimage_hog

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._core.parallel import check_jobs
from clustimage._core.parameters import named, setting
from clustimage._core.plain_arrays import plain_array
from clustimage._core.validation import check_bool, check_int, merge_defaults
from clustimage.features._extractor import ImageExtractor, in_batches
from clustimage.images import to_gray

__all__ = ["PARAMS_HOG", "HOGExtractor", "cell_histograms", "extract_hog"]

PARAMS_HOG: dict[str, Any] = {
    "orientations": 8,
    "pixels_per_cell": (8, 8),
    "cells_per_block": (1, 1),
}

EPS = 1e-5  # keeps the norm of an empty block from being zero
CLIP = 0.2  # what Lowe cuts large values at
STEPS = 511  # differences between two bytes: -255 ... 255
PIXELS_PER_BATCH = 2**18  # what the caches of the processor hold


class HOGExtractor(ImageExtractor):
    """Describe images by histograms of the directions of their edges.

    The image is cut into cells. In each cell, the gradients vote for one of
    `orientations` directions between 0 and 180 degrees, each with its length;
    blocks of cells are scaled to a common length (L2-Hys). The numbers equal
    those of `skimage.feature.hog`. It works on gray images; three channels are
    turned to gray by the luma of ITU-R BT.601.

    Parameters
    ----------
    orientations : int, default=8
        Number of directions.
    pixels_per_cell : tuple of int, default=(8, 8)
        Height and width of a cell in pixels. Rows and columns of pixels that do
        not fill a cell are left out.
    cells_per_block : tuple of int, default=(1, 1)
        Height and width of a block in cells.
    n_jobs : int, default=-1
        Number of threads; -1 is all cores.

    Attributes
    ----------
    image_shape_ : tuple of int
        Height and width of the images fitted.

    References
    ----------
    .. [1] Dalal N, Triggs B (2005). Histograms of oriented gradients for human
       detection. CVPR, 886-893. :doi:`10.1109/CVPR.2005.177`

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> pixels = load_digits().images.astype("uint8")
    >>> HOGExtractor(orientations=9, pixels_per_cell=(4, 4)).fit_transform(pixels).shape
    (1797, 36)
    """

    needs_gray: ClassVar[bool] = True
    title: ClassVar[str] = "HOG"
    bytes_per_pixel: ClassVar[int] = 48

    def __init__(
        self,
        *,
        orientations: int = PARAMS_HOG["orientations"],
        pixels_per_cell: tuple[int, int] = PARAMS_HOG["pixels_per_cell"],
        cells_per_block: tuple[int, int] = PARAMS_HOG["cells_per_block"],
        n_jobs: int | None = -1,
    ) -> None:
        self.orientations = orientations
        self.pixels_per_cell = pixels_per_cell
        self.cells_per_block = cells_per_block
        self.n_jobs = n_jobs

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> HOGExtractor:
        """Make an unfitted extractor from ``params_hog`` and ``n_jobs``."""
        given = merge_defaults("params_hog", settings.get("params_hog"), PARAMS_HOG)
        return cls(**given, n_jobs=settings.get("n_jobs", -1))

    def check(self) -> None:
        self._layout()
        if self.n_jobs is not None:
            check_jobs(self.n_jobs)

    def _check_size(self, height: int, width: int) -> None:
        self._layout((height, width))

    def _batch_size(self, height: int, width: int) -> int:
        return max(1, PIXELS_PER_BATCH // (height * width))

    def _layout(self, shape: tuple[int, int] | None = None) -> Layout:
        return check_layout(self.orientations, self.pixels_per_cell, self.cells_per_block, shape)

    def instead(self) -> str:
        """Return how to get fewer columns, as a whole sentence."""
        cells = setting("params_hog", {"pixels_per_cell": ...})
        return f"Take larger cells ({cells}), or a smaller {named('dim')}."

    def _describe(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        height, width = images.shape[1:3]
        layout = self._layout((height, width))
        size = self._batch_size(height, width)
        describe = partial(describe_batch, layout=layout)
        return in_batches(describe, images, size=size, n_jobs=self.n_jobs, desc="Extracting HOG")


Layout = tuple[int, tuple[int, int], tuple[int, int]]


def check_layout(
    orientations: Any,
    pixels_per_cell: Any,
    cells_per_block: Any,
    shape: tuple[int, int] | None = None,
) -> Layout:
    """Return the three settings of HOG if they suit images of `shape` (height, width), or any.

    Raises
    ------
    InvalidParameterError
        If one has a value that is not allowed, or a block is larger than the image.
    """
    orientations = check_int("orientations", orientations, low=1)
    cell = _check_pair("pixels_per_cell", pixels_per_cell)
    block = _check_pair("cells_per_block", cells_per_block)
    if shape is not None and any(
        c * b > size for c, b, size in zip(cell, block, shape, strict=True)
    ):
        raise InvalidParameterError(
            f"'pixels_per_cell' {cell} times 'cells_per_block' {block} must fit into the images, "
            f"which have {shape[0]} by {shape[1]} pixels (height by width). Take smaller cells or "
            f"a larger {named('dim')}."
        )
    return orientations, cell, block


def _check_pair(name: str, value: Any) -> tuple[int, int]:
    try:
        first, second = value
    except (TypeError, ValueError):
        raise InvalidParameterError(
            f"{name!r} must be two whole numbers, (height, width). Got {value!r}."
        ) from None
    return check_int(name, first, low=1), check_int(name, second, low=1)


@lru_cache(maxsize=8)
def _tables(orientations: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Return direction and length of each gradient that bytes can have.

    Both are of length 511 * 511; the index is ``(down + 255) * 511 + right + 255``.
    """
    difference = np.arange(-255.0, 256.0)
    down, right = difference[:, np.newaxis], difference[np.newaxis]
    length = np.hypot(right, down)
    angle = np.rad2deg(np.arctan2(down, right)) % 180
    step = 180.0 / orientations
    direction = np.zeros(length.shape, dtype=np.intp)
    inside = np.zeros(length.shape, dtype=bool)
    for index in range(orientations):
        here = (angle >= step * index) & (angle < step * (index + 1))
        direction[here] = index
        inside |= here
    return direction.ravel(), np.where(inside, length, 0).ravel()


def describe_batch(images: npt.NDArray[np.uint8], layout: Layout) -> npt.NDArray[np.float32]:
    """Return the descriptors of some images (n, height, width, 1 or 3), one row each."""
    orientations, cell, block = layout
    return _normalised_blocks(cell_histograms(images, orientations, cell), block)


def cell_histograms(
    images: npt.NDArray[np.uint8], orientations: int, cell: tuple[int, int]
) -> npt.NDArray[np.float64]:
    """Return how strong the gradients of each direction are in each cell.

    Parameters
    ----------
    images : ndarray of shape (n, height, width, 1 or 3), uint8
        Gray or RGB.
    orientations : int
        Number of directions.
    cell : (int, int)
        Height and width of a cell in pixels.

    Returns
    -------
    ndarray of shape (n, height // cell height, width // cell width, orientations)
        The sums of the lengths of the gradients, per pixel; of directions from 0 to 180
        degrees.
    """
    gray = (to_gray(images) if images.shape[3] == 3 else images[..., 0]).astype(np.int32)
    n, height, width = gray.shape
    down, right = np.zeros_like(gray), np.zeros_like(gray)
    np.subtract(gray[:, 2:], gray[:, :-2], out=down[:, 1:-1])
    np.subtract(gray[:, :, 2:], gray[:, :, :-2], out=right[:, :, 1:-1])
    n_down, n_right = height // cell[0], width // cell[1]
    inside = np.s_[:, : n_down * cell[0], : n_right * cell[1]]
    index = (down[inside] + 255) * STEPS + (right[inside] + 255)

    direction, length = _tables(orientations)
    votes = direction[index]
    row = np.arange(n_down * cell[0]) // cell[0] * n_right
    column = np.arange(n_right * cell[1]) // cell[1]
    votes += (row[:, np.newaxis] + column) * orientations
    size = n_down * n_right * orientations
    votes += np.arange(n)[:, np.newaxis, np.newaxis] * size
    sums: Any = np.bincount(votes.ravel(), weights=length[index].ravel(), minlength=n * size)
    histogram: npt.NDArray[np.float64] = sums / (cell[0] * cell[1])
    return histogram.reshape(n, n_down, n_right, orientations)


def _normalised_blocks(
    histogram: npt.NDArray[np.float64], block: tuple[int, int]
) -> npt.NDArray[np.float32]:
    """Scale each block of cells to length 1, cut off large values, and scale again (L2-Hys)."""
    blocks = np.lib.stride_tricks.sliding_window_view(histogram, block, axis=(1, 2))
    blocks = np.moveaxis(blocks, 3, -1)  # (n, rows, columns, block height, block width, direction)
    flat = np.ascontiguousarray(blocks).reshape(*blocks.shape[:3], -1)
    for bound in (CLIP, np.inf):
        squares = np.einsum("...i,...i->...", flat, flat)
        flat = np.minimum(flat / np.sqrt(squares + EPS**2)[..., np.newaxis], bound)
    return flat.reshape(len(flat), -1).astype(np.float32)


def extract_hog(
    img: npt.ArrayLike,
    orientations: int = PARAMS_HOG["orientations"],
    pixels_per_cell: tuple[int, int] = PARAMS_HOG["pixels_per_cell"],
    cells_per_block: tuple[int, int] = PARAMS_HOG["cells_per_block"],
    flatten: bool = True,
) -> npt.NDArray[np.float32]:
    """Return the HOG descriptor of one image, or its picture.

    Parameters
    ----------
    img : array-like of shape (height, width), (height, width, channels) or (n_pixels,)
        Gray image of any unit, or bytes in RGB (turned to gray). A flat row is
        read as a square, of one channel if that fits, else of three.
    orientations, pixels_per_cell, cells_per_block
        As in `HOGExtractor`.
    flatten : bool, default=True
        False draws the histogram of each cell as a star of lines.

    Returns
    -------
    ndarray of shape (d,) or (height, width), float32
        The descriptor, or the picture.

    Raises
    ------
    InvalidDataError
        If the array is no image.
    InvalidParameterError
        If a setting is not allowed, or a block is larger than the image.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> img = load_digits().images[0]
    >>> extract_hog(img, pixels_per_cell=(4, 4)).shape
    (32,)
    >>> extract_hog(img, flatten=False).shape
    (8, 8)
    """
    gray = _one_gray_image(np.asarray(plain_array("img", img)))
    layout = check_layout(orientations, pixels_per_cell, cells_per_block, gray.shape)
    draw = not check_bool("flatten", flatten)
    found = skimage_hog(gray, *layout, block_norm="L2-Hys", visualize=draw)
    return np.asarray(found[1] if draw else found, dtype=np.float32)


def _one_gray_image(img: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if img.ndim == 1 and img.size:
        side = math.isqrt(img.size)
        if side**2 == img.size:
            img = img.reshape(side, side)
        elif img.size % 3 == 0 and math.isqrt(img.size // 3) ** 2 == img.size // 3:
            side = math.isqrt(img.size // 3)
            img = img.reshape(side, side, 3)
    if img.ndim == 3 and img.shape[2] == 1:
        img = img[:, :, 0]
    if img.ndim == 3 and img.shape[2] == 3 and img.dtype == np.uint8:
        img = to_gray(img)
    if img.ndim != 2 or img.size == 0 or img.dtype.kind not in "buif":
        raise InvalidDataError(
            "'img' must be one image, (height, width), (height, width, 3) as uint8, or a flat row "
            f"of a square image. Got shape {img.shape} of {img.dtype}."
        )
    if not np.isfinite(img).all():
        raise InvalidDataError("'img' has NaN or infinity.")
    return img

"""``method="color"``: histograms of hue, saturation and value."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from clustimage.features._extractor import FixedExtractor, in_batches

__all__ = ["ColorExtractor"]

N_HUES, N_SATURATIONS, N_VALUES = 16, 4, 4
N_BINS = N_HUES * N_SATURATIONS * N_VALUES
TILES = 2  # along each side
N_PARTS = 1 + TILES**2

PIXELS_PER_BATCH = 2**18  # what the caches of the processor hold


class ColorExtractor(FixedExtractor):
    """Describe images by which colours there are, and roughly where.

    The pixels of the whole image, and of each quarter of it, are counted in 16 bins of hue, 4 of
    saturation and 4 of value (HSV). The shares are square-rooted, so that the Euclidean distance
    is that of Hellinger, and the five histograms have together length 1. What is shown does not
    count, nor where in a quarter. Of gray images, only the brightness is left.

    Parameters
    ----------
    n_jobs : int, default=-1
        Number of threads; -1 is all cores.

    Attributes
    ----------
    image_shape_ : tuple of int
        Height and width of the images fitted.

    Notes
    -----
    Hue, saturation and value are those of `skimage.color.rgb2hsv`. A side of an odd number of
    pixels is cut so that the second half is the larger one; of a side of one pixel the first
    half is empty, and its histogram zero.

    References
    ----------
    .. [1] Swain MJ, Ballard DH (1991). Color indexing. International Journal of Computer Vision
       7(1), 11-32.
    .. [2] Arandjelovic R, Zisserman A (2012). Three things everyone should know to improve object
       retrieval. CVPR, 2911-2918 (square roots of histograms).

    Examples
    --------
    >>> red_over_gray = np.full((1, 8, 8, 3), 128, dtype=np.uint8)
    >>> red_over_gray[:, :4] = [255, 0, 0]
    >>> feat = ColorExtractor().fit_transform(red_over_gray)
    >>> feat.shape, int((feat > 0).sum())
    ((1, 1280), 6)
    """

    title: ClassVar[str] = "histograms of colours"
    bytes_per_pixel: ClassVar[int] = 64

    def _batch_size(self, height: int, width: int) -> int:
        return max(1, PIXELS_PER_BATCH // (height * width))

    def _describe(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        size = self._batch_size(*images.shape[1:3])
        return in_batches(
            describe_colors, images, size=size, n_jobs=self.n_jobs, desc="Counting colours"
        )


def describe_colors(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return the histograms of some images (n, height, width, 1 or 3), (n, 1280), of length 1."""
    n, height, width, _ = images.shape
    down, right = height // 2, width // 2
    bins = color_bins(images)
    bins += np.arange(n, dtype=np.intp)[:, np.newaxis, np.newaxis] * N_BINS
    quarters = []
    for rows in (slice(0, down), slice(down, height)):
        for columns in (slice(0, right), slice(right, width)):
            some = bins[:, rows, columns].ravel()
            quarters.append(np.bincount(some, minlength=n * N_BINS).reshape(n, N_BINS))
    counts = np.stack([np.sum(quarters, axis=0), *quarters], axis=1)
    n_pixels = np.maximum(counts.sum(axis=2, keepdims=True), 1)
    roots: npt.NDArray[np.float64] = np.sqrt(counts / (n_pixels * N_PARTS)).reshape(n, -1)
    return roots.astype(np.float32)


def color_bins(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.intp]:
    """Return the bin of each pixel, (n, height, width), in whole numbers without rounding.

    With the largest and the smallest channel and their difference ``d``, the value is the largest
    one, the saturation ``d / largest``, and the hue, in sixths of the circle, counts from red (0)
    over green (2) and blue (4) on, by the difference of the other two channels over ``d``.
    """
    if images.shape[3] == 1:
        value = np.minimum(images[..., 0].astype(np.intp) * N_VALUES // 255, N_VALUES - 1)
        return np.asarray(value)
    red, green, blue = np.moveaxis(images, -1, 0).astype(np.int16)
    largest = np.maximum(np.maximum(red, green), blue)
    span = largest - np.minimum(np.minimum(red, green), blue)
    is_red, is_green = largest == red, largest == green
    sixths = np.where(is_red, green - blue, np.where(is_green, blue - red, red - green))
    sixths += np.where(is_red, 0, np.where(is_green, 2, 4)).astype(np.int16) * span
    gray = span == 0
    span[gray] = 1  # the bins of gray pixels are 0 all the same
    sixths %= 6 * span
    hue = sixths * np.int16(N_HUES) // (6 * span)
    saturation = np.minimum(span * N_SATURATIONS // np.maximum(largest, 1), N_SATURATIONS - 1)
    saturation[gray] = 0
    value = np.minimum(largest * N_VALUES // 255, N_VALUES - 1)
    return np.asarray((hue * N_SATURATIONS + saturation) * N_VALUES + value, dtype=np.intp)

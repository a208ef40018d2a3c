"""``method="crop-resistant"``: a hash of each large bright or dark region."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter
from scipy import ndimage

from clustimage._core.validation import check_int
from clustimage.features._hash import PARAMS_HASH, HashExtractor

__all__ = ["CropResistantHash"]

SIDE = 300  # pixels of the square in which regions are searched
BRIGHT = 128  # gray values above are hills, the others valleys
MIN_PIXELS = 500  # a region has more

Box = tuple[float, float, float, float]


class CropResistantHash(HashExtractor):
    """Describe an image by the difference hashes of its largest regions.

    The gray image is blurred and split into connected bright and dark regions; the
    box around each large one is hashed, so that regions that stay in a cropped
    image keep their bits. Equals ``imagehash.crop_resistant_hash`` with
    ``limit_segments=max_segments``.

    Images have different numbers of regions. A row holds `max_segments` hashes,
    largest region first, and zeros for what the image does not fill. (Zeros find
    a cropped photo again more often than a value between the two bits does.)

    Parameters
    ----------
    hash_size : int, default=8
        Side of the square of bits of each region, at least 2.
    max_segments : int, default=4
        Number of regions that are kept. A row has
        ``max_segments * hash_size ** 2`` columns.
    n_jobs : int, default=-1
        Number of threads; -1 is all cores.

    References
    ----------
    .. [1] Steinebach M, Liu H, Yannikos Y (2014). Efficient cropping-resistant
       robust image hashing. ARES, 579-585. :doi:`10.1109/ARES.2014.85`

    Examples
    --------
    >>> from skimage.data import astronaut
    >>> CropResistantHash(max_segments=4).fit_transform(astronaut()[None]).shape
    (1, 256)
    """

    title: ClassVar[str] = "hashes of the largest regions"
    settings: ClassVar[tuple[str, ...]] = ("hash_size", "max_segments")

    def __init__(
        self,
        *,
        hash_size: int = PARAMS_HASH["hash_size"],
        max_segments: int = PARAMS_HASH["max_segments"],
        n_jobs: int | None = -1,
    ) -> None:
        super().__init__(hash_size=hash_size, n_jobs=n_jobs)
        self.max_segments = max_segments

    def check(self) -> None:
        super().check()
        check_int("max_segments", self.max_segments, low=1)

    def _bits_of(self, image: Image.Image) -> npt.NDArray[Any]:
        import imagehash

        bits = np.zeros((self.max_segments, self.hash_size, self.hash_size), dtype=bool)
        gray = image.convert("L")
        for out, box in zip(bits, boxes(gray)[: self.max_segments], strict=False):
            out[:] = imagehash.dhash(gray.crop(_at_least_one_pixel(box)), self.hash_size).hash
        return bits


def boxes(image: Image.Image) -> list[Box]:
    """Return the boxes (left, top, right, bottom) around the regions, largest region first.

    In pixels of `image`. An image without a large region gives one box around all.
    """
    gray = image.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    smooth = gray.filter(ImageFilter.GaussianBlur()).filter(ImageFilter.MedianFilter())
    bright = np.asarray(smooth) > BRIGHT
    found = _large_regions(bright)
    wide, high = (float(size) / SIDE for size in image.size)
    if not found:
        return [(0.0, 0.0, SIDE * wide, SIDE * high)]
    # sorted() keeps regions of one size in their order.
    found = sorted(found, key=lambda region: region[0], reverse=True)
    return [
        (box[1].start * wide, box[0].start * high, box[1].stop * wide, box[0].stop * high)
        for _, box in found
    ]


def _large_regions(bright: npt.NDArray[np.bool_]) -> list[tuple[int, tuple[slice, ...]]]:
    """Return size and bounds of the large regions: hills first, each in reading order."""
    found: list[tuple[int, tuple[slice, ...]]] = []
    # imagehash ends when the pixels it has seen number those of the image, and it
    # counts the frame around the image among them: its last valleys may go unseen.
    seen = 4 * SIDE
    for mask, is_valley in ((bright, False), (~bright, True)):
        labels, _ = ndimage.label(mask)
        sizes = np.bincount(labels.ravel())[1:]
        for size, box in zip(sizes, ndimage.find_objects(labels), strict=True):
            if is_valley and seen >= SIDE * SIDE:
                break
            if size > MIN_PIXELS:
                found.append((int(size), box))
            seen += int(size) if size > 1 else 0  # a region of one pixel is not counted
    return found


def _at_least_one_pixel(box: Box) -> tuple[int, int, int, int]:
    """Round a box to whole pixels; in tiny images a region may else have none."""
    left, top, right, bottom = (round(edge) for edge in box)
    left, top = min(left, right - 1), min(top, bottom - 1)
    if left < 0 or top < 0:
        left, top, right, bottom = max(left, 0), max(top, 0), max(right, 1), max(bottom, 1)
    return left, top, right, bottom

"""Hashes of images: the bits that `imagehash` gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parallel import check_jobs
from clustimage._core.validation import check_int, merge_defaults
from clustimage.features._extractor import ImageExtractor, in_batches

__all__ = [
    "PARAMS_HASH",
    "AverageHash",
    "ColorHash",
    "DaubechiesHash",
    "DifferenceHash",
    "HaarHash",
    "HashExtractor",
    "PerceptualHash",
    "pillow_image",
]

PARAMS_HASH: dict[str, Any] = {"hash_size": 8, "binbits": 3, "max_segments": 4}

IMAGES_PER_BATCH = 64

Bytes = npt.NDArray[np.uint8]
Bits = npt.NDArray[np.bool_]


class HashExtractor(ImageExtractor):
    """Base of the hashes: rows of bits, 0 and 1 as float32.

    The squared Euclidean distance of two rows is the number of bits in which
    the hashes differ.

    Parameters
    ----------
    hash_size : int, default=8
        Side of the square of bits, at least 2.
    n_jobs : int, default=-1
        Number of threads; -1 is all cores.

    Attributes
    ----------
    image_shape_ : tuple of int
        Height and width of the images fitted.

    References
    ----------
    .. [1] Buchner J. ImageHash, https://github.com/JohannesBuchner/imagehash
    """

    settings: ClassVar[tuple[str, ...]] = ("hash_size",)
    built_on: ClassVar[tuple[str, ...]] = (
        "numpy",
        "scipy",
        "Pillow",
        "PyWavelets",
        "ImageHash",
    )

    def __init__(self, *, hash_size: int = PARAMS_HASH["hash_size"], n_jobs: int | None = -1):
        self.hash_size = hash_size
        self.n_jobs = n_jobs

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> HashExtractor:
        """Make an unfitted extractor from ``params_hash`` and ``n_jobs``."""
        given = merge_defaults("params_hash", settings.get("params_hash"), PARAMS_HASH)
        mine = {name: given[name] for name in cls.settings}
        return cls(**mine, n_jobs=settings.get("n_jobs", -1))

    def check(self) -> None:
        check_int("hash_size", self.hash_size, low=2)
        if self.n_jobs is not None:
            check_jobs(self.n_jobs)

    def _describe(self, images: Bytes) -> npt.NDArray[Any]:
        size = self._batch_size(*images.shape[1:3])
        return in_batches(self._flat_bits, images, size=size, n_jobs=self.n_jobs, desc="Hashing")

    def _batch_size(self, height: int, width: int) -> int:
        return IMAGES_PER_BATCH

    def _flat_bits(self, images: Bytes) -> npt.NDArray[np.float32]:
        return self._bits(images).reshape(len(images), -1).astype(np.float32)

    def _bits(self, images: Bytes) -> npt.NDArray[Any]:
        """Return the bits of some images, one entry of the first axis per image."""
        return np.stack([self._bits_of(pillow_image(image)) for image in images])

    def _bits_of(self, image: Image.Image) -> npt.NDArray[Any]:
        """Return the bits of one image, in gray or RGB."""
        raise NotImplementedError


def pillow_image(image: Bytes) -> Image.Image:
    """Return pixels (height, width, 1 or 3) as a picture of Pillow in gray or RGB."""
    return Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)


class AverageHash(HashExtractor):
    """``method="ahash"``: which pixels of the small gray image are brighter than its mean.

    By ``imagehash.average_hash``; `hash_size` squared bits. See `HashExtractor`
    for the parameters.

    Examples
    --------
    >>> import numpy as np
    >>> black_above_white = np.zeros((1, 8, 8), np.uint8)
    >>> black_above_white[:, 4:] = 255
    >>> AverageHash(hash_size=2).fit_transform(black_above_white)
    array([[0., 0., 1., 1.]], dtype=float32)
    """

    title: ClassVar[str] = "average hash"

    def _bits_of(self, image: Image.Image) -> Bits:
        import imagehash

        return np.asarray(imagehash.average_hash(image, self.hash_size).hash)


class DifferenceHash(HashExtractor):
    """``method="dhash"``: where the small gray image gets brighter from left to right.

    By ``imagehash.dhash``; `hash_size` squared bits. See `HashExtractor` for the
    parameters.
    """

    title: ClassVar[str] = "difference hash"

    def _bits_of(self, image: Image.Image) -> Bits:
        import imagehash

        return np.asarray(imagehash.dhash(image, self.hash_size).hash)


class PerceptualHash(HashExtractor):
    """``method="phash"``: which low frequencies are stronger than their median.

    The frequencies are those of a discrete cosine transform (type II) of the gray
    image, resized to four times `hash_size`. By ``imagehash.phash``;
    `hash_size` squared bits. See `HashExtractor` for the parameters.
    """

    title: ClassVar[str] = "perceptual hash"

    def _bits_of(self, image: Image.Image) -> Bits:
        import imagehash

        return np.asarray(imagehash.phash(image, self.hash_size).hash)


class HaarHash(HashExtractor):
    """``method="whash-haar"``: where the low band of wavelets is above its median.

    The gray image is resized to the largest power of two that fits, its mean is
    taken out, and wavelets halve it until `hash_size` is left. Equals
    ``imagehash.whash`` with ``mode="haar"``, in 0.6 of its time, since wavelets of many
    images are computed at once; `hash_size`, a power of two, squared bits. See
    `HashExtractor` for the other parameters.
    """

    title: ClassVar[str] = "wavelet hash (Haar)"
    wavelet: ClassVar[str] = "haar"
    bytes_per_pixel: ClassVar[int] = 48

    def check(self) -> None:
        super().check()
        if self.hash_size & (self.hash_size - 1):
            raise InvalidParameterError(
                f"'hash_size' must be a power of two for a wavelet hash: 2, 4, 8, 16 ... "
                f"Got {self.hash_size!r}."
            )

    def _bits(self, images: Bytes) -> Bits:
        import pywt

        side = max(2 ** int(np.log2(min(images.shape[1:3]))), self.hash_size)
        pixels = np.empty((len(images), side, side))
        for out, image in zip(pixels, images, strict=True):
            gray = pillow_image(image).convert("L")
            out[:] = np.asarray(gray.resize((side, side), Image.Resampling.LANCZOS)) / 255.0
        bands = pywt.wavedec2(pixels, "haar", level=int(np.log2(side)), axes=(1, 2))
        bands[0] *= 0
        low = pywt.waverec2(bands, "haar", axes=(1, 2))
        for _ in range(int(np.log2(side)) - int(np.log2(self.hash_size))):
            low = pywt.dwt2(low, self.wavelet, axes=(1, 2))[0]
        return np.asarray(low > np.median(low, axis=(1, 2), keepdims=True))


class DaubechiesHash(HaarHash):
    """``method="whash-db4"``: `HaarHash` with Daubechies wavelets of 4 vanishing moments.

    Equals ``imagehash.whash`` with ``mode="db4"``. These wavelets go beyond the
    edge, so there are more bits than `hash_size` squared (196 for images of 128 by
    128 pixels).
    """

    title: ClassVar[str] = "wavelet hash (Daubechies)"
    wavelet: ClassVar[str] = "db4"


class ColorHash(HashExtractor):
    """``method="colorhash"``: which share of the image is black, gray, and of each hue.

    Fourteen fractions of the pixels (black; gray; six hues, pale; six hues,
    bright), each as a number of `binbits` bits. Equals ``imagehash.colorhash``, in 0.7 of
    its time.

    Parameters
    ----------
    binbits : int, default=3
        Bits per fraction, from 1 to 16.
    n_jobs : int, default=-1
        Number of threads; -1 is all cores.
    """

    title: ClassVar[str] = "hash of colours"
    settings: ClassVar[tuple[str, ...]] = ("binbits",)

    def __init__(self, *, binbits: int = PARAMS_HASH["binbits"], n_jobs: int | None = -1):
        self.binbits = binbits
        self.n_jobs = n_jobs

    def check(self) -> None:
        check_int("binbits", self.binbits, low=1, high=16)
        if self.n_jobs is not None:
            check_jobs(self.n_jobs)

    def _bits_of(self, image: Image.Image) -> Bits:
        hsv = np.asarray(image.convert("HSV")).astype(np.intp)
        kind = _KIND[hsv[..., 1], hsv[..., 0]]
        kind[np.asarray(image.convert("L")) < 256 // 8] = BLACK
        counts = np.bincount(kind.ravel(), minlength=N_KINDS)
        # Black and gray are fractions of all pixels, hues of the coloured ones.
        whole = np.full(14, max(1, counts[2:].sum()))
        whole[:2] = kind.size
        levels = 2**self.binbits
        fractions = np.minimum(levels - 1, (counts[:14] * levels * 1.0 / whole).astype(np.intp))
        # A quirk of imagehash: all bits from the highest one that is set on carry
        # what is left of the number, not its single digits.
        digits = np.arange(self.binbits)
        shifted = fractions[:, np.newaxis] // 2 ** (self.binbits - digits - 1)
        return np.asarray(shifted % 2 ** (self.binbits - digits) > 0)


BLACK, GRAY, PALE, BRIGHT, NO_HUE, N_KINDS = 0, 1, 2, 8, 14, 15


def _table_of_kinds() -> npt.NDArray[np.uint8]:
    """Return the kind of each saturation and hue, (256, 256): gray, pale or bright in a hue.

    The edges are those of ``imagehash.colorhash``; the saturation between pale and
    bright belongs to neither there, but counts as coloured.
    """
    edges = np.linspace(0, 255, 7)
    hue = np.minimum(np.searchsorted(edges, np.arange(256), side="right") - 1, 5)
    kind = np.full((256, 256), GRAY, dtype=np.uint8)
    kind[256 // 3 :] = PALE + hue
    kind[256 * 2 // 3] = NO_HUE
    kind[256 * 2 // 3 + 1 :] = BRIGHT + hue
    return kind


_KIND = _table_of_kinds()

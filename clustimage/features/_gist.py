"""``method="gist"``: the spatial envelope of a scene."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from scipy.fft import fft2, ifft2

from clustimage.features._extractor import FixedExtractor, in_batches
from clustimage.features._square import SIDE, gray_squares

__all__ = ["GistExtractor"]

N_SCALES, N_ORIENTATIONS, N_BLOCKS = 4, 8, 4
BORDER = 32  # pixels that the image is continued by, mirrored, on each side
PADDED = SIDE + 2 * BORDER

# Local contrast: what a Gaussian leaves that passes half of 4 cycles per image.
SIGMA = SIDE * math.sqrt(math.log(2)) / (math.sqrt(2) * math.pi * 4)
LEAST_CONTRAST = 0.2

# Gabor filters: cycles per pixel of the finest scale, the ratio of two scales, and how fast the
# gain falls along the radius and around the circle.
FINEST, RATIO = 0.3, 1.85
RADIAL, ANGULAR = 3.5, 2 * math.pi * (16 * N_ORIENTATIONS**2 / 32**2)

# Where the responses of each scale are taken, per side of the padded image: an even number in
# each block. The filters are cut off where their gain is below that.
SAMPLES = (96, 72, 48, 36)

IMAGES_PER_BATCH = 16

Floats = npt.NDArray[np.float32]


class GistExtractor(FixedExtractor):
    """Describe images by how much there is of each spatial frequency and direction, and where.

    The gray image, at 128 by 128 pixels, is brought to an even local contrast; Gabor filters of 4
    scales and 8 orientations are applied in the Fourier domain, and the magnitudes of the responses
    are averaged over a grid of 4 by 4 blocks: 512 numbers, scaled to length 1. So open and closed,
    natural and built places differ, without any object being recognised. An image of one gray
    level has a row of zeros.

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
    The parameters are those of the implementation that the authors published (LMgist, in MATLAB):
    logarithm of the intensities; minus a Gaussian that passes half of 4 cycles per image;
    over 0.2 plus the local standard deviation; mirrored by 32 pixels; filters at 0.3 cycles per
    pixel, each scale 1.85 times as coarse as the one before. Different are gray by luma
    in place of the mean of the channels, and rows of length 1.

    The magnitude of a response has few high frequencies. So each filter is cut out of the
    spectrum where its gain counts, and transformed back at half to a fifth of the pixels,
    in single precision, in a fifth of the time. A row differs from the one by all pixels, in
    double precision, by less than 0.01 (of its length 1).

    References
    ----------
    .. [1] Oliva A, Torralba A (2001). Modeling the shape of the scene: a holistic representation of
       the spatial envelope. International Journal of Computer Vision 42(3), 145-175.

    Examples
    --------
    >>> stripes = np.zeros((2, 64, 64), dtype=np.uint8)
    >>> stripes[0, :, ::8], stripes[1, ::8] = 255, 255
    >>> feat = GistExtractor().fit_transform(stripes)
    >>> feat.shape, feat.reshape(2, 4, 8, 16).mean(axis=(1, 3)).argmax(axis=1)
    ((2, 512), array([0, 4]))
    """

    title: ClassVar[str] = "GIST"
    built_on: ClassVar[tuple[str, ...]] = ("numpy", "scipy", "opencv-python-headless")
    bytes_per_worker: ClassVar[int] = 4_000_000

    def _batch_size(self, height: int, width: int) -> int:
        return IMAGES_PER_BATCH

    def _describe(self, images: npt.NDArray[np.uint8]) -> Floats:
        size = self._batch_size(*images.shape[1:3])
        return in_batches(
            describe_scenes, images, size=size, n_jobs=self.n_jobs, desc="Extracting GIST"
        )


def describe_scenes(images: npt.NDArray[np.uint8]) -> Floats:
    """Return the rows of some images (n, height, width, 1 or 3), (n, 512), of length 1."""
    return np.stack([_describe_scene(square) for square in gray_squares(images)])


class _Bank(NamedTuple):
    """The filters of one scale, cut out of the spectrum around what each of them passes."""

    gains: npt.NDArray[np.complex64]  # (8, m, m)
    windows: list[tuple[slice, slice]]


@lru_cache(maxsize=1)
def _filter_banks() -> list[_Bank]:
    frequency = np.fft.fftshift(np.fft.fftfreq(PADDED))  # cycles per pixel
    radius = np.hypot(frequency[:, np.newaxis], frequency)
    angle = np.arctan2(frequency[:, np.newaxis], frequency)
    banks = []
    for scale, n_samples in enumerate(SAMPLES):
        gains = np.empty((N_ORIENTATIONS, n_samples, n_samples), dtype=np.complex64)
        windows = []
        # A sample stands for the pixels around it: half of them to its left.
        shift = np.exp(1j * np.pi * (PADDED / n_samples - 1) * frequency)
        for orientation in range(N_ORIENTATIONS):
            turned = angle + np.pi / N_ORIENTATIONS * orientation
            turned -= 2 * np.pi * np.round(turned / (2 * np.pi))
            off = radius / (FINEST / RATIO**scale) - 1
            gain = np.exp(-RADIAL * off**2 - ANGULAR * turned**2)
            middle = np.unravel_index(gain.argmax(), gain.shape)
            start = np.clip(np.subtract(middle, n_samples // 2), 0, PADDED - n_samples)
            rows, columns = (slice(int(low), int(low) + n_samples) for low in start)
            phase = shift[rows, np.newaxis] * shift[columns]
            gains[orientation] = gain[rows, columns] * phase * (n_samples / PADDED) ** 2
            windows.append((rows, columns))
        banks.append(_Bank(gains, windows))
    return banks


@lru_cache(maxsize=1)
def _tables() -> tuple[Floats, Floats]:
    """Return the logarithm of each gray level, and signs that put frequency 0 in the middle."""
    levels = np.log1p(np.arange(256)).astype(np.float32)
    signs = 1 - 2 * (np.indices((PADDED, PADDED)).sum(axis=0) % 2)
    return levels, signs.astype(np.float32)


def _describe_scene(gray: npt.NDArray[np.uint8]) -> Floats:
    """Return the row of one image (128, 128)."""
    padded = cv2.copyMakeBorder(
        _even_contrast(gray), BORDER, BORDER, BORDER, BORDER, cv2.BORDER_REFLECT
    )
    spectrum = fft2(padded * _tables()[1])
    row = np.empty((N_SCALES, N_ORIENTATIONS, N_BLOCKS**2), dtype=np.float32)
    for means, (gains, windows) in zip(row, _filter_banks(), strict=True):
        responses = np.empty_like(gains)
        for response, gain, window in zip(responses, gains, windows, strict=True):
            np.multiply(spectrum[window], gain, out=response)
        means[:] = _block_means(ifft2(responses, overwrite_x=True))
    length = float(np.linalg.norm(row))
    return row.ravel() / (length or 1)


def _even_contrast(gray: npt.NDArray[np.uint8]) -> Floats:
    """Return log intensities without their low frequencies, over their local deviation."""
    levels = _tables()[0][gray]
    # Without this, images of one level would be rounding errors, brought to length 1.
    levels -= levels.min()
    details = levels - _blurred(levels)
    details /= LEAST_CONTRAST + np.sqrt(_blurred(details * details))
    return details


def _blurred(values: Floats) -> Floats:
    blurred: Any = cv2.GaussianBlur(values, (0, 0), SIGMA, borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, dtype=np.float32)


def _block_means(responses: npt.NDArray[np.complex64]) -> Floats:
    """Return the mean magnitude of responses (8, m, m) in each block, (8, 16)."""
    border = BORDER * responses.shape[1] // PADDED
    inside = responses[:, border:-border, border:-border]
    magnitudes = inside.real**2
    magnitudes += inside.imag**2
    np.sqrt(magnitudes, out=magnitudes)
    side = inside.shape[1] // N_BLOCKS
    blocks = magnitudes.reshape(N_ORIENTATIONS, N_BLOCKS, side, N_BLOCKS, side)
    means: Floats = blocks.mean(axis=(2, 4)).reshape(N_ORIENTATIONS, N_BLOCKS**2)
    return means

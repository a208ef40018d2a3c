"""GIST: the formulas of the paper, in double precision on all pixels, beside what is computed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.transform import resize

from clustimage.features import GistExtractor
from clustimage.images import to_gray


def reference(gray: np.ndarray) -> np.ndarray:
    """Return the row of one image (128, 128) as LMgist of A. Oliva and A. Torralba defines it."""
    half_gain = 4 / np.sqrt(np.log(2))  # of the low-pass filter, in cycles per image
    sigma = 128 / (np.sqrt(2) * np.pi * half_gain)

    def blurred(values: np.ndarray) -> np.ndarray:
        return gaussian_filter(values, sigma, mode="reflect", truncate=6)

    image = np.log1p(gray.astype(np.float64))
    image -= blurred(image)
    image /= 0.2 + np.sqrt(blurred(image**2))
    spectrum = np.fft.fft2(np.pad(image, 32, mode="symmetric"))
    frequency = np.fft.fftfreq(192)
    radius = np.hypot(frequency[:, None], frequency[None])
    angle = np.arctan2(frequency[:, None], frequency[None])
    row = []
    for scale in range(4):
        for orientation in range(8):
            turned = angle + np.pi / 8 * orientation
            turned += 2 * np.pi * (turned < -np.pi) - 2 * np.pi * (turned > np.pi)
            off = radius / (0.3 / 1.85**scale) - 1
            gain = np.exp(-10 * 0.35 * off**2 - 2 * (16 * 8**2 / 32**2) * np.pi * turned**2)
            magnitude = np.abs(np.fft.ifft2(spectrum * gain))[32:-32, 32:-32]
            row.append(magnitude.reshape(4, 32, 4, 32).mean(axis=(1, 3)).ravel())
    whole = np.concatenate(row)
    return whole / np.linalg.norm(whole)


def test_photos_have_the_rows_of_the_paper(photos):
    rows = GistExtractor().fit_transform(photos[::4])
    expected = np.stack([reference(gray) for gray in to_gray(photos[::4])])
    assert np.linalg.norm(rows - expected, axis=1).max() < 0.01
    assert min(np.corrcoef(a, b)[0, 1] for a, b in zip(rows, expected, strict=True)) > 0.9998


@pytest.mark.parametrize("angle", [0, 22.5, 45, 90, 135])
@pytest.mark.parametrize("scale", [0, 1, 2, 3])
def test_a_grating_is_strongest_in_its_own_filter(angle, scale):
    down, right = np.mgrid[:128, :128]
    along = right * np.cos(np.deg2rad(angle)) - down * np.sin(np.deg2rad(angle))
    grating = 128 + 60 * np.sin(2 * np.pi * 0.3 / 1.85**scale * along)
    rows = GistExtractor().fit_transform(np.rint(grating).astype(np.uint8)[None])
    strengths = rows.reshape(4, 8, 16).mean(axis=2)
    assert np.unravel_index(strengths.argmax(), strengths.shape) == (scale, round(angle / 22.5))


def test_light_and_contrast_count_little_and_what_is_where_counts(photos):
    extractor = GistExtractor()
    rows = extractor.fit_transform(photos)
    darker = extractor.transform((photos * 0.6).astype(np.uint8))
    mirrored = extractor.transform(photos[:, :, ::-1])
    apart = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    typical = np.median(apart[apart > 0])
    assert np.median(np.linalg.norm(rows - darker, axis=1)) < 0.25 * typical
    assert np.median(np.linalg.norm(rows - mirrored, axis=1)) > 0.5 * typical


def test_rows_have_length_one_and_one_gray_level_has_none(colour, awkward):
    rows = GistExtractor().fit_transform(colour)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    for name in ("black", "white", "even"):
        assert (GistExtractor().fit_transform(awkward[name]) == 0).all()


def test_the_size_of_the_image_counts_little(photos):
    small = GistExtractor().fit_transform(photos[:8])
    large = np.stack([resize(photo, (256, 256), order=1) for photo in photos[:8]])
    rows = GistExtractor().fit_transform(np.rint(large * 255).astype(np.uint8))
    assert np.linalg.norm(rows - small, axis=1).max() < 0.2

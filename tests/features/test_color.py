"""Histograms of colours: those of numpy on the HSV of scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import rgb2hsv

from clustimage.features import ColorExtractor


def reference(image: np.ndarray) -> np.ndarray:
    """Return the row of one image by numpy and scikit-image."""
    height, width = image.shape[:2]
    parts = [image]
    for rows in (slice(0, height // 2), slice(height // 2, height)):
        parts += [image[rows, : width // 2], image[rows, width // 2 :]]
    counts = []
    for part in parts:
        # Rounding may put what lies on an edge just below it.
        hsv = rgb2hsv(part).reshape(-1, 3) + 1e-9
        edges = [np.linspace(0, 1, bins + 1) for bins in (16, 4, 4)]
        shares, _ = np.histogramdd(np.minimum(hsv, 1), edges)
        counts.append(np.sqrt(shares.ravel() / len(hsv)))
    return np.concatenate(counts) / np.sqrt(5)


@pytest.mark.parametrize(
    "levels", [256, 8, 4, 2], ids=lambda levels: f"{levels} levels of each channel"
)
def test_rows_are_the_histograms_of_numpy(levels):
    rng = np.random.default_rng(levels)
    images = (rng.integers(0, levels, (3, 31, 24, 3)) * (255 // (levels - 1))).astype(np.uint8)
    expected = np.stack([reference(image) for image in images])
    np.testing.assert_allclose(ColorExtractor().fit_transform(images), expected, atol=1e-6)


def test_real_photos_too(photos):
    expected = np.stack([reference(image) for image in photos[:6]])
    np.testing.assert_allclose(ColorExtractor().fit_transform(photos[:6]), expected, atol=1e-6)


def test_gray_is_a_colour_without_hue(gray):
    in_colour = np.repeat(gray, 3, axis=-1)
    extractor = ColorExtractor()
    np.testing.assert_array_equal(extractor.fit_transform(gray), extractor.fit_transform(in_colour))


def test_what_is_shown_does_not_count_but_its_quarter_does(colour):
    rng = np.random.default_rng(0)
    extractor = ColorExtractor()
    rows = extractor.fit_transform(colour)
    shuffled = colour.copy()
    for half in (slice(0, 32), slice(32, 64)):
        for side in (slice(0, 24), slice(24, 48)):
            pixels = shuffled[:, half, side].reshape(len(colour), -1, 3)
            shuffled[:, half, side] = rng.permutation(pixels, axis=1).reshape(-1, 32, 24, 3)
    np.testing.assert_allclose(extractor.transform(shuffled), rows, atol=1e-7)
    turned = extractor.transform(colour[:, ::-1])
    np.testing.assert_allclose(turned[:, :256], rows[:, :256], atol=1e-7)
    assert np.abs(turned[:, 256:] - rows[:, 256:]).max() > 0.1


@pytest.mark.parametrize("name", ["black", "white", "even", "checker", "noise", "narrow", "tiny"])
def test_rows_have_length_one(name, awkward):
    rows = ColorExtractor().fit_transform(awkward[name])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)

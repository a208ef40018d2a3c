"""Fisher vectors: those of scikit-image, on the descriptors of OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage.feature import fisher_vector
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

from clustimage.features import FisherExtractor
from clustimage.features._fisher import describe_points
from clustimage.images import to_gray


@pytest.fixture(scope="module")
def fitted(photos) -> FisherExtractor:
    return FisherExtractor().fit(photos)


def test_rows_are_the_improved_fisher_vectors_of_scikit_image(fitted, photos):
    mixture = GaussianMixture(16, covariance_type="diag")
    mixture.weights_, mixture.means_ = fitted.weights_, fitted.means_
    mixture.covariances_ = fitted.covariances_
    mixture.precisions_cholesky_ = fitted.covariances_**-0.5
    rows = fitted.transform(photos[:5])
    assert rows.shape == (5, 16 * 65)
    for gray, row in zip(to_gray(photos[:5]), rows, strict=True):
        scores = (describe_points(gray) - fitted.mean_) @ fitted.axes_
        np.testing.assert_allclose(row, fisher_vector(scores, mixture, improved=True), atol=1e-5)


def test_descriptors_are_those_of_opencv_rooted(photos):
    gray = to_gray(photos[:1])[0]
    points = [
        cv2.KeyPoint(x + 4.0, y + 4.0, 8.0, 0) for y in range(0, 128, 8) for x in range(0, 128, 8)
    ]
    _, found = cv2.SIFT_create().compute(gray, points)
    rooted = describe_points(gray)
    assert rooted.shape == (256, 128)
    np.testing.assert_allclose(rooted**2 * found.sum(axis=1, keepdims=True), found, atol=1e-3)


def test_axes_are_the_components_of_all_descriptors_where_there_are_few(photos):
    few = photos[:10]
    extractor = FisherExtractor().fit(few)
    points = np.concatenate([describe_points(gray) for gray in to_gray(few)])
    expected = PCA(32, svd_solver="full").fit(points)
    np.testing.assert_allclose(extractor.mean_, points.mean(axis=0), atol=1e-5)
    overlap = np.abs(np.sum(extractor.axes_[:, :8] * expected.components_[:8].T, axis=0))
    np.testing.assert_allclose(overlap, 1, atol=1e-3)


def test_another_seed_is_another_mixture(photos, fitted):
    other = FisherExtractor(random_state=1).fit(photos)
    assert not np.allclose(np.sort(other.weights_), np.sort(fitted.weights_))


def test_few_different_descriptors_have_few_gaussians(awkward):
    assert FisherExtractor().fit_transform(awkward["white"]).shape == (2, 65)
    assert len(FisherExtractor().fit(awkward["noise"]).weights_) == 16


def test_the_same_scene_is_nearer_than_others(photos, fitted):
    rows = fitted.transform(photos)
    cropped = np.stack([cv2.resize(photo[6:-6, 6:-6], (128, 128)) for photo in photos])
    apart = np.linalg.norm(fitted.transform(cropped)[:, None] - rows[None], axis=2)
    assert (apart.argmin(axis=1) == np.arange(len(photos))).mean() > 0.9

"""PCA: equal to scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._core.file_arrays import new_array
from clustimage.features import PCAExtractor, PCAHOGExtractor, make_extractor
from clustimage.images import load_images


def assert_equals_sklearn(found, feat, rows, n_components, tol=1e-6):
    """Compare with scikit-learn; `tol` is relative to the largest score."""
    model = PCA(n_components=n_components, svd_solver="full").fit(rows)
    scores = model.transform(rows)
    assert found.n_components_ == model.n_components_ == feat.shape[1]
    np.testing.assert_allclose(found.mean_, model.mean_)
    variance = model.explained_variance_
    np.testing.assert_allclose(
        found.explained_variance_, variance, rtol=1e-7, atol=1e-9 * variance[0]
    )
    np.testing.assert_allclose(
        found.explained_variance_ratio_, model.explained_variance_ratio_, rtol=1e-7, atol=1e-9
    )
    np.testing.assert_allclose(
        found.singular_values_, model.singular_values_, atol=1e-6 * model.singular_values_[0]
    )
    real = variance > 1e-9 * variance[0]  # the others have no direction of their own
    sign = np.sign(np.einsum("kd,kd->k", found.components_, model.components_))[real]
    ours, theirs = found.components_[real], sign[:, None] * model.components_[real]
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    np.testing.assert_allclose(
        feat[:, real], sign * scores[:, real], atol=tol * np.abs(scores).max()
    )


@pytest.mark.parametrize("n_components", [0.5, 0.95, 0.999, 1, 7, 40, None])
def test_fewer_images_than_pixels_equals_sklearn(n_components, colour):
    extractor = PCAExtractor(n_components)
    feat = extractor.fit_transform(colour)
    assert_equals_sklearn(extractor, feat, colour.reshape(40, -1), n_components)


@pytest.mark.parametrize("n_components", [0.5, 0.95, 1, 20, 64, None])
def test_more_images_than_pixels_equals_sklearn(n_components, digits):
    pixels = np.round(digits[0] * (255 / 16)).astype(np.uint8)
    extractor = PCAExtractor(n_components)
    feat = extractor.fit_transform(pixels.reshape(-1, 8, 8, 1))
    assert_equals_sklearn(extractor, feat, pixels, n_components)


@pytest.mark.parametrize("shape", [(30, 200), (200, 30)])
def test_rows_of_floats_equal_sklearn(shape):
    rng = np.random.default_rng(3)
    rows = rng.normal(size=shape) * np.linspace(1, 5, shape[1]) + 1000
    extractor = PCAExtractor(0.9)
    assert_equals_sklearn(extractor, extractor.fit_transform(rows), rows, 0.9)


def test_photos_equal_sklearn(photos):
    extractor = PCAExtractor(0.95)
    feat = extractor.fit_transform(photos)
    assert_equals_sklearn(extractor, feat, photos.reshape(40, -1), 0.95)


def test_components_have_their_largest_weight_positive(colour):
    weights = PCAExtractor(10).fit(colour).components_
    assert (weights[np.arange(10), np.abs(weights).argmax(axis=1)] > 0).all()


def test_blocks_larger_and_smaller_than_the_images_give_the_same(monkeypatch, photos):
    from clustimage._decomposition import products

    expected = PCAExtractor(0.95).fit_transform(photos)
    monkeypatch.setattr(products, "EXACT_TERMS", 96)
    monkeypatch.setattr(products, "BLOCK_SIDE", 37)
    np.testing.assert_allclose(PCAExtractor(0.95).fit_transform(photos), expected, atol=0.05)


def test_the_gram_matrix_of_pixels_is_exact():
    """The worst case: images all black or all white, of sizes that fill single precision."""
    from clustimage._decomposition.products import centred_gram

    for n, d in ((6, 5000), (5000, 6)):
        rows = np.zeros((n, d), np.uint8)
        rows[: n // 2, : d // 2] = 255
        rows[0, 0] = 254
        mean = rows.mean(axis=0)
        centred = rows - mean
        expected = centred @ centred.T if n <= d else centred.T @ centred
        np.testing.assert_allclose(
            centred_gram(rows, mean), expected, atol=1e-12 * np.abs(expected).max()
        )


def test_a_row_does_not_depend_on_its_batch(photos, digits):
    pixels = digits[0].astype(np.uint8).reshape(-1, 8, 8, 1)
    for images in (photos, pixels):
        extractor = PCAExtractor(0.95)
        feat = extractor.fit_transform(images)
        for size in (1, 3, 17, len(images)):
            np.testing.assert_array_equal(extractor.transform(images[:size]), feat[:size])


def test_a_flat_row_is_the_image(colour):
    extractor = PCAExtractor(5).fit(colour)
    flat = colour.reshape(40, -1)
    np.testing.assert_array_equal(extractor.transform(flat), extractor.transform(colour))
    np.testing.assert_allclose(
        extractor.transform(flat.astype(float)), extractor.transform(colour), atol=1e-3
    )


@pytest.fixture
def decaying(monkeypatch) -> np.ndarray:
    """Pixels (300, 450) whose variance decays like that of photos; steps to suit."""
    from clustimage._decomposition import krylov

    monkeypatch.setattr(krylov, "DIRECTIONS_PER_PASS", 32)
    rng = np.random.default_rng(5)
    left = rng.normal(size=(300, 300)) * np.arange(1, 301) ** -0.9
    rows = left @ rng.normal(size=(300, 450))
    return np.clip(np.round(128 + rows * (25 / rows.std())), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("n_components", [10, 50, 0.7])
@pytest.mark.parametrize("turned", [False, True])
def test_the_randomised_solver_comes_close_to_sklearn(n_components, turned, decaying):
    rows = np.ascontiguousarray(decaying.T) if turned else decaying
    found = PCAExtractor(n_components, solver="randomized", random_state=1)
    feat = found.fit_transform(rows)
    model = PCA(n_components=n_components, svd_solver="full").fit(rows)
    assert abs(found.n_components_ - model.n_components_) <= 1
    k = min(found.n_components_, model.n_components_)
    np.testing.assert_allclose(
        found.explained_variance_[:k], model.explained_variance_[:k], rtol=5e-3
    )
    assert found.explained_variance_ratio_.sum() == pytest.approx(
        model.explained_variance_ratio_.sum(), rel=5e-3
    )
    np.testing.assert_allclose(
        found.components_.astype(float) @ found.components_.T, np.eye(len(found.components_)),
        atol=1e-4,
    )  # fmt: skip
    lead = k // 2
    cosines = np.linalg.svd(
        found.components_[:lead].astype(float) @ model.components_[:lead].T, compute_uv=False
    )
    assert cosines.min() > 0.99
    np.testing.assert_allclose(feat.var(axis=0, ddof=1), found.explained_variance_, rtol=5e-3)
    np.testing.assert_array_equal(found.transform(rows[:1]), feat[:1])


def test_the_randomised_solver_repeats_itself(decaying):
    a, b = (PCAExtractor(0.6, solver="randomized").fit_transform(decaying) for _ in range(2))
    np.testing.assert_array_equal(a, b)


def test_the_randomised_solver_is_taken_for_large_data(monkeypatch, decaying):
    from clustimage._decomposition import solver
    from clustimage.features import _pca

    monkeypatch.setattr(solver, "MAX_EXACT_SIZE", 250)
    monkeypatch.setattr(_pca, "centred_gram", None)  # would be called
    assert PCAExtractor(5).fit_transform(decaying).shape == (300, 5)


def test_the_randomised_solver_ends_where_all_directions_are_needed():
    rows = np.random.default_rng(0).integers(0, 256, (150, 300), dtype=np.uint8)
    found = PCAExtractor(0.99, solver="randomized").fit(rows)
    assert found.n_components_ == PCA(0.99, svd_solver="full").fit(rows).n_components_


def test_images_without_variance_give_one_column_of_zeros(awkward):
    for images in (awkward["black"], awkward["white"], awkward["even"][:1]):
        extractor = PCAExtractor(0.95)
        np.testing.assert_array_equal(extractor.fit_transform(images), np.zeros((len(images), 1)))
        assert extractor.explained_variance_ratio_.tolist() == [0]
        assert extractor.transform(images[:1]).tolist() == [[0]]


def test_a_pixel_that_differs_by_one_is_variance_enough():
    images = np.full((50, 8, 8, 3), 255, np.uint8)
    images[7, 3, 3, 0] = 254
    extractor = PCAExtractor(0.95)
    feat = extractor.fit_transform(images)
    assert feat.shape == (50, 1)
    assert abs(feat[7, 0] - feat[0, 0]) == pytest.approx(1, abs=1e-5)
    assert extractor.explained_variance_ratio_[0] == pytest.approx(1)


def test_components_beyond_the_rank_are_zero(colour):
    images = np.concatenate([colour[:5], colour[:5]])
    extractor = PCAExtractor(10)
    feat = extractor.fit_transform(images)
    assert (np.abs(feat[:, :4]).max(axis=0) > 1).all()
    assert not feat[:, 4:].any() and not extractor.components_[4:].any()


@pytest.mark.parametrize("value", [0, 41, -1, 1.0, 0.0, 1.5, "0.95", True, float("nan")])
def test_wrong_n_components_raise(value, colour):
    with pytest.raises(InvalidParameterError, match="'n_components' must be"):
        PCAExtractor(value).fit(colour)


def test_too_many_components_say_what_there_can_be(colour):
    with pytest.raises(InvalidParameterError, match=r"at most 40.*images \(40\).*\(9216\).*0.95"):
        PCAExtractor(50).fit(colour)


def test_an_unknown_solver_raises(colour):
    with pytest.raises(InvalidParameterError, match="'solver' must be one of 'auto'"):
        PCAExtractor(2, solver="arpack").fit(colour)


def test_images_of_another_size_raise(colour):
    extractor = PCAExtractor(2).fit(colour)
    with pytest.raises(InvalidDataError, match="4608 features.*expecting 9216"):
        extractor.transform(colour[:, :32])


def test_nan_raises():
    rows = np.ones((4, 5))
    rows[2, 2] = np.nan
    with pytest.raises(InvalidDataError, match="NaN"):
        PCAExtractor(1).fit(rows)


def test_pca_of_hog_is_pca_after_hog(gray):
    hog = make_extractor("hog", {}).fit_transform(gray)
    expected = PCA(0.95, svd_solver="full").fit(hog.astype(float))
    extractor = PCAHOGExtractor(0.95)
    feat = extractor.fit_transform(gray)
    assert_equals_sklearn(extractor, feat, hog.astype(float), 0.95, tol=1e-5)
    assert feat.shape[1] == expected.n_components_
    assert extractor.image_shape_ == (64, 64)


def test_pca_of_hog_takes_both_settings(gray):
    settings = {"params_pca": {"n_components": 3}, "params_hog": {"orientations": 4}}
    extractor = make_extractor("pca-hog", settings)
    assert extractor.fit_transform(gray).shape == (40, 3)
    assert extractor.components_.shape == (3, 8 * 8 * 4)


@pytest.mark.parametrize("solver", ["full", "randomized"])
def test_components_depend_neither_on_the_order_of_images_nor_on_where_they_lie(solver):
    pixels = np.random.default_rng(0).integers(0, 256, (90, 12, 12, 3), dtype=np.uint8)
    expected = PCAExtractor(20, solver=solver).fit_images(load_images(pixels))
    for seed in (1, 2):
        order = np.random.default_rng(seed).permutation(90)
        images = load_images(pixels[order])
        stored = new_array(images.pixels.shape, np.uint8, folder=None, what="Ninety images")
        stored[:] = images.pixels
        images.pixels = stored
        feat = PCAExtractor(20, solver=solver).fit_images(images)
        np.testing.assert_array_equal(feat, expected[order])

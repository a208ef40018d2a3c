"""Randomised PCA of real photos: equal to scikit-learn within what it promises."""

from __future__ import annotations

import io
import zipfile

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA

from clustimage._decomposition import krylov, solver
from clustimage._decomposition.krylov import _orthogonal, count_for
from clustimage.features import PCAExtractor


@pytest.fixture(autouse=True)
def several_passes(monkeypatch):
    """Add few directions at a time, as with many images: else one block would span them all."""
    monkeypatch.setattr(krylov, "DIRECTIONS_PER_PASS", 24)


@pytest.fixture(scope="module")
def enlarged(lent_data) -> np.ndarray:
    """Photos of 32 by 32 pixels, reduced to 8 by 8 and enlarged, (250, 40, 40, 3).

    Of the 4,800 values 192 are free, as are 249 of the images: the other eigenvalues are
    as good as zero.
    """
    with zipfile.ZipFile(lent_data / "cifar10_test.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))[::40]
        read = [Image.open(io.BytesIO(archive.read(name))).convert("RGB") for name in names]
    return np.stack([np.asarray(image.resize((8, 8)).resize((40, 40))) for image in read])


@pytest.fixture(scope="module")
def reduced(corel) -> np.ndarray:
    """Photos at 40 by 40 pixels, (200, 40, 40, 3)."""
    read = [cv2.imread(path) for path in corel[0]]
    return np.stack([cv2.resize(image, (40, 40), interpolation=cv2.INTER_AREA) for image in read])


@pytest.fixture(scope="module", params=["enlarged", "reduced"])
def images(request) -> np.ndarray:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def exact(images) -> PCA:
    return PCA(svd_solver="full").fit(images.reshape(len(images), -1).astype(np.float32))


def separated(values: np.ndarray, k: int) -> int:
    """Return a number of leading components, up to `k`, with a clear step behind them."""
    low = k // 2
    return low + 1 + int(np.argmax(values[low : k - 1] / values[low + 1 : k]))


@pytest.mark.parametrize("share", [0.8, 0.95])
@pytest.mark.parametrize("side", ["left", "right"])
def test_the_share_that_is_asked_is_reached_by_what_scikit_learn_finds(
    side, share, images, exact, monkeypatch
):
    choose = solver.choose_solver

    def chosen(*args, **options):
        return solver.Solver(side, "", 0, 0)

    assert choose(len(images), images[0].size, share, solver="randomized").name == "left"
    monkeypatch.setattr("clustimage.features._pca.choose_solver", chosen)
    found = PCAExtractor(share, solver="randomized", random_state=0).fit(images)
    k = found.n_components_
    assert found.explained_variance_ratio_.sum() > share
    wanted = int(np.searchsorted(np.cumsum(exact.explained_variance_ratio_), share, "right")) + 1
    assert wanted <= k <= wanted + 1
    # Explained variance within 0.5 %, of each component and of all.
    np.testing.assert_allclose(found.explained_variance_, exact.explained_variance_[:k], rtol=5e-3)
    np.testing.assert_allclose(
        found.explained_variance_ratio_.sum(), exact.explained_variance_ratio_[:k].sum(), rtol=1e-4
    )
    # The subspace: what it holds of the variance, and its angle where that is well defined.
    weights = found.components_.astype(np.float64)
    inside = exact.components_ @ weights.T
    held = exact.explained_variance_ @ np.square(inside).sum(axis=1)
    assert held == pytest.approx(exact.explained_variance_[:k].sum(), rel=1e-4)
    lead = separated(exact.explained_variance_, k)
    assert lead >= 5
    assert subspace_angles(weights[:lead].T, exact.components_[:lead].T).max() < 0.03
    np.testing.assert_allclose(weights @ weights.T, np.eye(k), atol=1e-5)


def test_scores_have_the_variance_that_is_said(images):
    found = PCAExtractor(0.9, solver="randomized")
    feat = found.fit_transform(images)
    np.testing.assert_allclose(feat.var(axis=0, ddof=1), found.explained_variance_, rtol=5e-3)
    np.testing.assert_allclose(feat.mean(axis=0), 0, atol=1e-2)
    np.testing.assert_array_equal(found.transform(images[3:4]), feat[3:4])


def test_both_sides_find_the_same(reduced, monkeypatch):
    rows = reduced[:, ::2, ::2].reshape(len(reduced), -1)
    found = [
        PCAExtractor(30, solver="randomized").fit(some)
        for some in (rows, np.ascontiguousarray(rows[:, :40]))
    ]
    assert [each.solver_ for each in found] == ["randomized", "full"]  # 30 of 40 are too many
    model = PCA(30, svd_solver="full").fit(rows)
    np.testing.assert_allclose(found[0].explained_variance_, model.explained_variance_, rtol=5e-3)


@pytest.mark.parametrize("n", [2, 3, 5])
@pytest.mark.parametrize("share", [0.5, 0.999])
def test_few_images_have_few_directions(n, share, reduced):
    found = PCAExtractor(share, solver="randomized").fit(reduced[:n])
    model = PCA(share, svd_solver="full").fit(reduced[:n].reshape(n, -1).astype(float))
    np.testing.assert_allclose(found.explained_variance_, model.explained_variance_, rtol=1e-5)


@pytest.mark.parametrize("pixels", [True, False])
def test_components_beyond_the_rank_are_zero(pixels, reduced):
    twice = np.concatenate([reduced[:12]] * 5)
    twice = twice if pixels else twice.reshape(60, -1) / 7
    found = PCAExtractor(20, solver="randomized").fit(twice)
    model = PCA(11, svd_solver="full").fit(twice.reshape(60, -1).astype(float))
    np.testing.assert_allclose(found.explained_variance_[:11], model.explained_variance_, rtol=1e-5)
    assert found.components_.shape == (20, 4800)
    assert not found.explained_variance_[11:].any() and not found.components_[11:].any()


def test_directions_that_are_not_new_are_left_out():
    rng = np.random.default_rng(0)
    block = rng.normal(size=(5000, 6)).astype(np.float32)
    basis = _orthogonal(block, [])
    np.testing.assert_allclose(basis.T @ basis, np.eye(6), atol=1e-6)
    new = rng.normal(size=(5000, 1)).astype(np.float32)
    for old in (basis[:, :3], 1e6 * basis[:, :3] + 1e-3 * basis[:, 3:], 0 * basis):
        found = _orthogonal(np.hstack([old, new]), [basis])
        assert found.shape == (5000, 1)
        assert np.abs(basis.T @ found).max() < 1e-6
        assert np.linalg.norm(found) == pytest.approx(1, abs=1e-6)


def test_a_count_and_a_share_are_counted_alike():
    shares = np.array([0.5, 0.25, 0.15])
    assert [count_for(wanted, shares) for wanted in (2, 3, 4)] == [2, 3, None]
    assert [count_for(wanted, shares) for wanted in (0.4, 0.5, 0.8, 0.95)] == [1, 2, 3, None]

"""The object of the package pca that carries our components."""

from __future__ import annotations

import logging

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from clustimage.adapters import make_pca_object
from clustimage.features import PCAExtractor, make_extractor

pca = pytest.importorskip("pca")


@pytest.fixture
def fitted(colour):
    extractor = PCAExtractor(0.9)
    return extractor, extractor.fit_transform(colour)


def test_it_holds_what_pca_itself_computes(digits):
    rows = digits[0][:200]
    rows = rows[:, rows.any(axis=0)]  # of a constant pixel, either may say anything
    theirs = pca.pca(n_components=0.95, detect_outliers=None, verbose="error")
    expected = theirs.fit_transform(rows)
    extractor = PCAExtractor(0.95)
    ours = make_pca_object(extractor, extractor.fit_transform(rows))
    assert isinstance(ours, pca.pca)
    assert set(ours.results) == set(expected)
    assert ours.n_components == theirs.n_components
    np.testing.assert_allclose(ours.results["explained_var"], expected["explained_var"])
    np.testing.assert_allclose(
        ours.results["variance_ratio"], expected["variance_ratio"], atol=1e-9
    )
    # Older versions of pca take the share of one component more.
    share = expected["explained_var"][theirs.n_components - 1]
    assert ours.results["pcp"] == pytest.approx(share)
    assert list(ours.results["PC"].columns) == list(expected["PC"].columns)
    assert list(ours.results["loadings"].index) == list(expected["loadings"].index)
    assert list(ours.results["loadings"].columns) == list(expected["loadings"].columns)
    sign = np.sign(np.sum(ours.results["PC"].values * expected["PC"].values, axis=0))
    np.testing.assert_allclose(ours.results["PC"].values, sign * expected["PC"].values, atol=1e-4)
    top, best = ours.results["topfeat"], expected["topfeat"]
    for column in ("PC", "feature", "type"):
        assert list(top[column]) == list(best[column])
    np.testing.assert_allclose(np.abs(top["loading"]), np.abs(best["loading"]), atol=1e-6)


def test_new_rows_can_be_mapped(fitted, colour):
    extractor, feat = fitted
    mapped = make_pca_object(extractor, feat).results["model"].transform(colour.reshape(40, -1))
    np.testing.assert_allclose(mapped, feat, atol=1e-2)


@pytest.mark.parametrize("n_components", [1, 2, 5])
@pytest.mark.parametrize("coloured", [False, True])
def test_it_can_be_drawn(n_components, coloured, colour):
    extractor = PCAExtractor(n_components)
    labels = np.arange(40) % 3 - 1 if coloured else None
    model = make_pca_object(extractor, extractor.fit_transform(colour), labels)
    fig, ax = model.plot()
    assert isinstance(fig, Figure)
    curve = ax.lines[0].get_ydata()
    np.testing.assert_allclose(curve, np.cumsum(extractor.spectrum_))
    fig, ax = model.scatter(legend=False, label=False)
    assert isinstance(fig, Figure) and "PC1" in ax.get_xlabel()
    assert sum(len(points.get_offsets()) for points in ax.collections) == 40
    if n_components >= 3:
        fig, ax = model.scatter3d(legend=False)
        assert ax.name == "3d"


def test_the_arrows_can_be_drawn(digits):
    extractor = PCAExtractor(3)
    model = make_pca_object(extractor, extractor.fit_transform(digits[0][:100]))
    fig, _ = model.biplot(legend=False, SPE=False, HT2=False)
    assert isinstance(fig, Figure)


def test_images_without_variance_can_be_drawn(awkward):
    extractor = PCAExtractor(0.95)
    model = make_pca_object(extractor, extractor.fit_transform(awkward["black"]))
    model.plot()
    model.scatter(legend=False)


def test_drawing_changes_no_settings(fitted):
    rc, root = dict(mpl.rcParams), logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    model = make_pca_object(*fitted)
    model.plot()
    model.scatter(legend=False)
    assert dict(mpl.rcParams) == rc
    assert root.level == level and root.handlers == handlers


def test_other_extractors_have_none(gray):
    extractor = make_extractor("phash", {})
    assert make_pca_object(extractor, extractor.fit_transform(gray)) is None


def test_components_of_hog_have_one(gray):
    extractor = make_extractor("pca-hog", {})
    model = make_pca_object(extractor, extractor.fit_transform(gray))
    assert model.results["PC"].shape == (40, extractor.n_components_)

"""What every embedder promises, over the whole registry."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.utils.estimator_checks import check_estimator

from clustimage._core.errors import InvalidParameterError
from clustimage.embedding import EMBEDDERS, CustomEmbedder, make_embedder

SETTINGS = {"random_state": 0, "n_jobs": 1, "method": "pca", "dim": (8, 8)}

without_umap = pytest.mark.skipif(
    importlib.util.find_spec("umap") is None, reason="umap-learn is not installed"
)
NAMES = [
    pytest.param(name, marks=[without_umap, pytest.mark.filterwarnings("ignore")])
    if name == "umap"
    else name
    for name in EMBEDDERS
]

rng = np.random.default_rng(0)
AWKWARD = {
    "one row": rng.normal(size=(1, 5)),
    "two rows": rng.normal(size=(2, 5)),
    "three rows": rng.normal(size=(3, 5)),
    "four rows": rng.normal(size=(4, 5)),
    "seven rows": rng.normal(size=(7, 5)),
    "one column": rng.normal(size=(30, 1)),
    "two rows of one column": rng.normal(size=(2, 1)),
    "one column varies": np.hstack([rng.normal(size=(30, 1)), np.ones((30, 3))]),
    "all rows equal": np.full((20, 4), 0.1),
    "two kinds of rows": np.repeat(rng.normal(size=(2, 6)), 25, axis=0),
    "all equal but one": np.vstack([np.zeros((39, 4)), np.ones((1, 4))]),
    "on one line": np.outer(np.arange(30.0), [1, 2, 3]),
    "bits": rng.integers(0, 2, (40, 64)),
    "large numbers": rng.normal(size=(20, 4)) * 1e6,
    "more columns than rows": rng.normal(size=(12, 600)),
}


@pytest.fixture(scope="module")
def blobs() -> np.ndarray:
    return make_blobs(60, 8, centers=3, random_state=0)[0].astype(np.float32)


@pytest.mark.parametrize("name", NAMES)
def test_coordinates_are_two_finite_float32_columns(name, blobs):
    xycoord = make_embedder(name, SETTINGS).fit_transform(blobs)
    assert xycoord.shape == (60, 2)
    assert xycoord.dtype == np.float32
    assert np.isfinite(xycoord).all()


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_gives_the_same_map_whatever_n_jobs_is(name, blobs):
    maps = [
        make_embedder(name, {**SETTINGS, "n_jobs": n_jobs}).fit_transform(blobs)
        for n_jobs in (1, 1, 2, -1)
    ]
    for other in maps[1:]:
        np.testing.assert_array_equal(maps[0], other)


@pytest.mark.parametrize("case", AWKWARD)
@pytest.mark.parametrize("name", NAMES)
def test_awkward_rows_get_coordinates(name, case):
    rows = AWKWARD[case].astype(np.float32)
    embedder = make_embedder(name, SETTINGS)
    xycoord = embedder.fit_transform(rows)
    assert xycoord.shape == (len(rows), 2)
    assert np.isfinite(xycoord).all()
    if name is not None and case in ("one row", "all rows equal"):
        np.testing.assert_allclose(xycoord, 0, atol=1e-6)
    if hasattr(embedder, "transform"):
        assert embedder.transform(rows[:1]).shape == (1, 2)


@pytest.mark.parametrize("name", NAMES)
def test_input_is_left_as_it_was_and_clones_are_unfitted(name, blobs):
    before = blobs.copy()
    embedder = make_embedder(name, SETTINGS)
    embedder.fit(blobs)
    np.testing.assert_array_equal(blobs, before)
    assert embedder.n_features_in_ == 8
    assert not hasattr(clone(embedder), "embedding_")
    assert clone(embedder).get_params() == embedder.get_params()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_are_refused(name, bad, blobs):
    rows = blobs.copy()
    rows[3, 3] = bad
    with pytest.raises(ValueError, match=r"(?i)nan|infinity"):
        make_embedder(name, SETTINGS).fit_transform(rows)


@pytest.mark.parametrize("name", [name for name in EMBEDDERS if name != "umap"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_embedder_passes_the_checks_of_scikit_learn(name):
    settings = {**SETTINGS, "n_iter": 250}
    check_estimator(make_embedder(name, settings))


def test_settings_reach_the_embedder():
    embedder = make_embedder("tsne", {**SETTINGS, "random_state": 7, "n_jobs": 3})
    assert (embedder.random_state, embedder.n_jobs) == (7, 3)


def test_unknown_name_raises_with_the_nearest_one():
    with pytest.raises(InvalidParameterError, match="Did you mean 'tsne'"):
        make_embedder("tnse", SETTINGS)


@pytest.mark.parametrize("thing", [3, CustomEmbedder, ["tsne"], object()])
def test_thing_without_fit_transform_raises(thing):
    with pytest.raises(InvalidParameterError, match="fit_transform"):
        make_embedder(thing, SETTINGS)

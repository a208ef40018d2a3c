"""What every extractor promises; a new line in the registry is tested by itself."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import estimator_checks as checks
from sklearn.utils.estimator_checks import check_estimator

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage.features import (
    EXTRACTORS,
    SETTINGS,
    CustomExtractor,
    PCAExtractor,
    RawExtractor,
    make_extractor,
    needs_gray,
)

pytestmark = pytest.mark.usefixtures("short_learning")

NAMES = sorted(EXTRACTORS, key=str)
# Those that need files, and no pixels, keep their promises in tests of their own.
OF_PIXELS = [name for name in NAMES if not EXTRACTORS[name].needs_files]

# Settings of a network that needs no file.
NETWORK = {"model": "squeezenet1_1", "weights": None}
# A row alone and among others differs by what rounding does.
NOT_TO_THE_BIT = ("pca-hog", "cnn")


@pytest.fixture(params=OF_PIXELS, ids=str)
def name(request):
    if request.param == "cnn":
        pytest.importorskip("torchvision")
    return request.param


@pytest.fixture
def images(name, colour, gray):
    return gray if needs_gray(name) else colour


def make(name, **settings):
    return make_extractor(name, {"n_jobs": 1, "params_cnn": NETWORK, **settings})


def test_rows_are_finite_float32(name, images):
    feat = make(name).fit_transform(images)
    assert feat.dtype == np.float32 and feat.ndim == 2 and len(feat) == 40
    assert feat.flags.c_contiguous and np.isfinite(feat).all()
    assert len(np.unique(feat, axis=0)) > 30  # different images, different rows


def test_same_seed_same_answer(name, images):
    a, b = (make(name, random_state=3).fit_transform(images) for _ in range(2))
    np.testing.assert_array_equal(a, b)


def test_fitting_again_forgets_what_was_fitted(name, images):
    extractor = make(name)
    expected = make(name).fit_transform(images[:20])
    extractor.fit(images[20:])
    assert extractor.fit(images[:20]) is extractor
    np.testing.assert_array_equal(extractor.transform(images[:20]), expected)


def test_new_images_are_described_like_old_ones(name, images):
    extractor = make(name)
    feat = extractor.fit_transform(images)
    np.testing.assert_array_equal(extractor.transform(images), feat)
    one_by_one = np.concatenate([extractor.transform(img[None]) for img in images])
    np.testing.assert_allclose(one_by_one, feat, atol=1e-5)
    if name not in NOT_TO_THE_BIT:
        np.testing.assert_array_equal(one_by_one, feat)


def test_pixels_are_not_changed(name, images):
    before = images.copy()
    images.setflags(write=False)
    make(name).fit_transform(images)
    images.setflags(write=True)
    np.testing.assert_array_equal(images, before)


def test_views_give_what_copies_give(name, images):
    view = images[::2, ::-1]
    np.testing.assert_array_equal(
        make(name).fit_transform(view), make(name).fit_transform(np.ascontiguousarray(view))
    )


@pytest.mark.parametrize("n", [1, 2])
def test_one_image_or_two(name, n, images):
    feat = make(name).fit_transform(images[:n])
    assert len(feat) == n and feat.shape[1] >= 1 and np.isfinite(feat).all()


@pytest.mark.parametrize("level", [0, 90, 255])
def test_equal_images_give_equal_rows(name, level, images):
    feat = make(name).fit_transform(np.full_like(images[:6], level))
    assert feat.shape[1] >= 1 and np.isfinite(feat).all()
    assert (feat == feat[0]).all()


def test_tiny_gray_images(name, awkward):
    feat = make(name).fit_transform(awkward["tiny"])
    assert len(feat) == 8 and np.isfinite(feat).all()


def test_state_goes_to_a_new_extractor(name, images):
    extractor = make(name)
    feat = extractor.fit_transform(images)
    state = extractor.get_state()
    for key, value in state.items():
        assert key.endswith("_") and isinstance(value, (np.ndarray, list, int, float, str))
        assert not isinstance(value, np.ndarray) or value.dtype.kind in "iuf"
    back = make(name).set_state(state)
    np.testing.assert_array_equal(back.transform(images), feat)


def test_too_early_raises(name, images):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        make(name).transform(images)


def test_another_size_raises(name, images):
    extractor = make(name).fit(images)
    with pytest.raises(InvalidDataError, match="expecting|fitted on"):
        extractor.transform(images[:, :50])


def test_no_image_raises(name, images):
    with pytest.raises(InvalidDataError):
        make(name).fit(images[:0])


@pytest.mark.parametrize("name", NAMES, ids=str)
def test_clone_and_parameters(name):
    extractor = make(name, random_state=5)
    twin = clone(extractor)
    assert twin.get_params() == extractor.get_params()
    for key, value in extractor.get_params().items():
        assert getattr(extractor.set_params(**{key: value}), key) is value
    assert set(vars(extractor)) == set(extractor.get_params())  # the constructor only assigns


def test_settings_reach_the_extractor():
    own = {"params_pca": {"n_components": 3}, "random_state": 9, "n_jobs": 2}
    assert make_extractor("pca", own).get_params() == {
        "n_components": 3, "random_state": 9, "solver": "auto"
    }  # fmt: skip
    assert make_extractor("phash", {"params_hash": {"hash_size": 4}}).hash_size == 4
    assert make_extractor("phash", own).n_jobs == 2
    assert make_extractor("hog", {"params_hog": {"orientations": 5}}).pixels_per_cell == (8, 8)


@pytest.mark.parametrize("name", NAMES, ids=str)
def test_defaults_are_those_of_the_settings(name):
    assert make_extractor(name, {}).get_params() == EXTRACTORS[name]().get_params()
    assert make_extractor(name, {**SETTINGS}).get_params() == EXTRACTORS[name]().get_params()


@pytest.mark.parametrize(
    "method, settings, words",
    [
        ("pca", {"params_pca": {"n_component": 3}}, "'n_component'.*Did you mean 'n_components'"),
        ("pca-hog", {"params_hog": {"orientation": 3}}, "Did you mean 'orientations'"),
        ("phash", {"params_hash": {"size": 3}}, "'params_hash' has no setting 'size'"),
        ("pca", {"params_pca": 3}, "'params_pca' must be a dict"),
        ("pcaa", {}, "'method' must be one of None, 'pca'.*Did you mean 'pca'"),
        (3, {}, "'method' must be one of"),
        ([], {}, "'method' must be one of"),
    ],
)
def test_unknown_names_raise(method, settings, words):
    with pytest.raises(InvalidParameterError, match=words):
        make_extractor(method, settings)


@pytest.mark.parametrize(
    "method, settings",
    [
        *(("pca", {"n_components": value}) for value in (0, 1.5, -3, "mle", True)),
        ("pca-hog", {"n_components": 0}),
        *(("hog", {"orientations": value}) for value in (0, 2.5)),
        *(("hog", {"pixels_per_cell": value}) for value in (8, (8, 0), (8, 8, 8), "88")),
        ("pca-hog", {"cells_per_block": 0}),
        *((name, {"hash_size": 1}) for name in ("ahash", "phash", "dhash", "crop-resistant")),
        *((name, {"hash_size": 6}) for name in ("whash-haar", "whash-db4")),
        ("colorhash", {"binbits": 0}),
        ("crop-resistant", {"max_segments": 0}),
        *(("exif", {"timeframe": value}) for value in (0, -1, "5")),
        *(("exif", {"radius_meters": value}) for value in (0, None)),
        *(("exif", {"min_samples": value}) for value in (0, 1.5)),
    ],
)
def test_settings_that_no_images_suit_raise_before_there_are_any(method, settings):
    (key,) = settings
    group = next(name for name, defaults in SETTINGS.items() if key in defaults)
    with pytest.raises(InvalidParameterError, match=f"'{key}' must"):
        make_extractor(method, {group: settings})


def test_only_hog_needs_gray():
    assert [name for name in NAMES if needs_gray(name)] == ["hog", "pca-hog"]
    assert not needs_gray(PCAExtractor())
    with pytest.raises(InvalidParameterError, match="pca"):
        needs_gray("pcaa")


class Columns(TransformerMixin, BaseEstimator):
    """Every other value; an extractor of a user's own."""

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return np.asarray(X, dtype=float)[:, ::2]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize(
    "extractor",
    [RawExtractor(), PCAExtractor(), PCAExtractor(1), CustomExtractor(Columns())],
    ids=repr,
)
def test_scikit_learn_checks_of_extractors_that_take_rows(extractor):
    if isinstance(extractor, CustomExtractor) and not hasattr(BaseEstimator, "__sklearn_tags__"):
        pytest.skip("scikit-learn before 1.6 cannot check a class that needs a model")
    check_estimator(extractor)


@pytest.mark.parametrize("name", NAMES, ids=str)
@pytest.mark.parametrize(
    "check",
    [
        checks.check_get_params_invariance,
        checks.check_no_attributes_set_in_init,
        checks.check_parameters_default_constructible,
        checks.check_set_params,
    ],
)
def test_scikit_learn_checks_that_need_no_data(name, check):
    extractor = make(name)
    check(type(extractor).__name__, extractor)

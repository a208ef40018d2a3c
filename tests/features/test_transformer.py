"""Features as a step of scikit-learn's pipelines."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from clustimage import Clustimage
from clustimage._core.errors import ImageReadError, InvalidDataError, InvalidParameterError
from clustimage.features import ImageTransformer


class Halves(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return np.asarray(X, dtype=float)[:, ::2]


@parametrize_with_checks(
    [
        ImageTransformer(verbose="silent"),
        ImageTransformer(None, verbose="silent"),
        ImageTransformer(params_pca={"n_components": 1}, verbose="silent"),
        ImageTransformer(Halves(), verbose="silent"),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("method", ["pca", None, "hog", "pca-hog", "phash", "colorhash"])
def test_features_are_those_of_the_model(digits, method):
    cl = Clustimage(method, None, params_hog={"pixels_per_cell": (4, 4)}, verbose="error")
    features = cl.as_transformer()
    feat = cl.extract_feat(cl.import_data(digits[0][:60]))
    np.testing.assert_array_equal(features.fit_transform(digits[0][:60]), feat)
    np.testing.assert_array_equal(
        features.transform(digits[0][60:80]), cl.transform(digits[0][60:80])
    )
    assert features.get_params(deep=False)["params_hog"] is cl.get_params()["params_hog"]


def test_paths_in_a_list_or_a_column_are_read(corel):
    paths = corel[0][:12]
    cl = Clustimage("pca", None, dim=(16, 16), verbose="error")
    feat = cl.extract_feat(cl.import_data(paths))
    for given in (
        paths,
        [Path(path) for path in paths],
        np.array(paths),
        np.array(paths, dtype=object)[:, None],
        pd.Series(paths, index=range(5, 17)),
        pd.DataFrame({"photo": paths}),
    ):
        features = cl.as_transformer().fit(given)
        np.testing.assert_array_equal(features.transform(given), feat)
        assert features.n_features_in_ == 1
    assert features.image_shape_ == (16, 16, 3)


def test_images_may_come_unflattened(colour):
    flat = colour.reshape(40, -1)
    features = ImageTransformer("phash", dim=colour.shape[1:3], verbose="error")
    np.testing.assert_array_equal(features.fit_transform(colour), features.fit_transform(flat))


def test_a_pipeline_classifies_digits(digits):
    X, y = digits
    steps = [
        ("features", ImageTransformer(verbose="error")),
        ("classifier", LogisticRegression(max_iter=2000)),
    ]
    pipe = Pipeline(steps).fit(X[:600], y[:600])
    assert pipe.score(X[600:900], y[600:900]) > 0.8
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(pipe)).predict(X[:9]),  # noqa: S301
        pipe.predict(X[:9]),
    )
    assert clone(pipe).get_params()["features__method"] == "pca"


def test_a_grid_search_compares_methods(digits):
    X, y = digits[0][:300], digits[1][:300]
    pipe = make_pipeline(ImageTransformer(verbose="error"), LogisticRegression(max_iter=2000))
    grid = {"imagetransformer__method": ["ahash", "pca"]}
    search = GridSearchCV(pipe, grid, cv=3, error_score="raise").fit(X, y)
    assert search.best_params_ == {"imagetransformer__method": "pca"}


def test_features_have_names_in_a_table(digits):
    features = ImageTransformer(verbose="error", params_pca={"n_components": 3})
    table = features.set_output(transform="pandas").fit_transform(
        pd.DataFrame(digits[0][:50], index=range(7, 57))
    )
    assert list(table) == ["imagetransformer0", "imagetransformer1", "imagetransformer2"]
    assert table.index[0] == 7
    assert list(features.get_feature_names_out()) == list(table)
    assert features.n_features_in_ == 64


def test_a_column_of_photos_beside_numbers(corel):
    table = pd.DataFrame({"photo": corel[0][::20], "year": np.arange(10.0)})
    photos = ImageTransformer("colorhash", dim=(16, 16), verbose="error")
    both = ColumnTransformer([("photo", photos, ["photo"])], remainder="passthrough")
    assert both.fit_transform(table)[:, -1].tolist() == np.arange(10.0).tolist()


def test_numbers_that_are_no_pixels_stay_as_they_are():
    rows = np.random.default_rng(0).normal(size=(30, 16))
    features = ImageTransformer(None, verbose="error").fit(rows)
    np.testing.assert_array_equal(features.transform(rows), rows.astype(np.float32))
    assert features.image_shape_ is None
    with pytest.raises(InvalidDataError, match="negative values"):
        ImageTransformer("hog", verbose="error").fit(rows)
    with pytest.raises(InvalidDataError, match="fitted on rows of numbers"):
        features.transform(["photo.jpg"])


def test_a_generator_draws_the_seed_at_each_fit(digits):
    rng = np.random.default_rng(0)
    features = ImageTransformer(random_state=rng, verbose="error").fit(digits[0][:30])
    first = features.extractor_.random_state
    assert first == np.random.default_rng(0).integers(2**31)
    assert features.fit(digits[0][:30]).extractor_.random_state != first


def test_a_file_that_cannot_be_read_is_an_error(corel, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    with pytest.raises(ImageReadError, match="1 of 2 images cannot be read"):
        ImageTransformer(verbose="silent").fit([corel[0][0], str(tmp_path / "broken.jpg")])


def test_wrong_settings_are_found_by_fit(digits):
    with pytest.raises(InvalidParameterError, match="'method' must be one of"):
        ImageTransformer("pcaa").fit(digits[0][:9])

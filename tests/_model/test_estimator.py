"""The habits of a scikit-learn estimator."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import sklearn.base
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.metrics import silhouette_samples, silhouette_score
from sklearn.model_selection import GridSearchCV
from sklearn.utils.validation import check_is_fitted

from clustimage import Clustimage, InvalidParameterError, StepOrderError
from clustimage._model.settings import PARAMS_CLUSTER


class MeanGray(TransformerMixin, BaseEstimator):
    def __init__(self, weight=1.0):
        self.weight = weight

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return self.weight * np.asarray(X, dtype=float).mean(axis=1, keepdims=True)


def quiet(**settings):
    return Clustimage(**{"verbose": "error", "embedding": "pca", **settings})


def test_parameters_are_returned_as_they_were_given():
    given = {"n_components": 20}
    params = quiet(params_pca=given).get_params()
    assert params["params_pca"] is given
    assert params["params_hash"]["hash_size"] == 8
    assert params["dim"] == (128, 128)


def test_clone_takes_the_parameters_and_no_results(digits):
    cl = quiet(params_pca={"n_components": 5}, dim=(8, 8))
    cl.fit(digits[0][:60])
    other = clone(cl)
    assert other.get_params() == cl.get_params()
    assert other.results["img"] is None
    np.testing.assert_array_equal(other.fit_predict(digits[0][:60]), cl.labels_)


def test_clone_copies_an_object_given_as_method():
    cl = quiet(method=MeanGray(weight=2.0))
    other = clone(cl)
    assert other.get_params()["method"] is not cl.get_params()["method"]
    assert other.get_params()["method__weight"] == 2.0


def test_set_params_reaches_into_an_object_and_refuses_unknown_names():
    cl = quiet(method=MeanGray())
    assert cl.set_params(method__weight=3.0, grayscale=True) is cl
    assert cl.get_params()["method__weight"] == 3.0
    assert cl.params["grayscale"] is True
    with pytest.raises(InvalidParameterError, match="Did you mean 'grayscale'"):
        cl.set_params(greyscale=False)
    with pytest.raises(InvalidParameterError, match="no setting 'embedding'"):
        cl.set_params(embedding__perplexity=3)


def test_set_params_changes_nothing_where_a_value_is_wrong():
    cl = quiet()
    with pytest.raises(InvalidParameterError, match="'method'"):
        cl.set_params(grayscale=True, method="nothing like it")
    assert cl.get_params()["grayscale"] is False


def test_a_setting_that_is_changed_is_used_by_the_next_step(digits):
    cl = quiet()
    cl.import_data(digits[0][:50])
    cl.set_params(params_pca={"n_components": 3})
    assert cl.extract_feat().shape == (50, 3)


def test_methods_of_ones_own_follow_the_same_road(digits):
    cl = quiet(method=PCA(n_components=4, random_state=0))
    cl.fit(digits[0][:100])
    assert cl.results["feat"].shape == (100, 4)
    assert cl.transform(digits[0][:5]).shape == (5, 4)


def test_fit_returns_the_object_and_labels_are_an_attribute(digits):
    cl = quiet()
    assert cl.fit(digits[0][:80], n_clusters=4) is cl
    assert cl.labels_ is cl.results["labels"]
    assert cl.transform(digits[0][:3]).dtype == np.float32


@pytest.mark.parametrize(
    "settings, text",
    [
        ({}, "Clustimage(method='pca')"),
        ({"method": "hog", "grayscale": True}, "Clustimage(method='hog', grayscale=True)"),
        (
            {"params_pca": {"n_components": 3}},
            "Clustimage(method='pca', params_pca={'n_components': 3})",
        ),
    ],
)
def test_repr_shows_what_differs_from_the_defaults(settings, text):
    assert repr(Clustimage(**settings)) == text


def test_the_page_of_a_notebook_shows_what_is_there(digits):
    cl = quiet(method=MeanGray())
    cl.import_data(digits[0][:50])
    page = cl._repr_html_()
    assert "50 x 64 uint8" in page
    assert page.count("not computed") == 2 * 4  # to be read, and while the mouse is over it
    assert "MeanGray()" in page


def test_a_setting_that_is_changed_leaves_the_shape_of_what_is_there(digits):
    cl = quiet()
    cl.import_data(digits[0][:30])
    cl.set_params(random_state=3)
    assert cl.params["dim"] == (8, 8)


def test_scikit_learn_knows_what_it_is(digits):
    cl = quiet()
    if hasattr(sklearn.base, "is_clusterer"):
        assert sklearn.base.is_clusterer(cl)
    else:  # before 1.6 it is told by this name alone
        assert cl._estimator_type == "clusterer"
    with pytest.raises(NotFittedError):
        check_is_fitted(cl)
    check_is_fitted(cl.fit(digits[0][:50]))


@pytest.mark.parametrize("kind", [np.random.RandomState, np.random.default_rng])
def test_a_generator_of_random_numbers_draws_the_seed(kind, digits, tmp_path):
    settings = {"method": "pca", "embedding": "tsne", "verbose": "error"}
    given = kind(3)
    cl = Clustimage(random_state=given, **settings)
    assert cl.get_params()["random_state"] is given
    seed = cl.params["random_state"]
    assert seed == Clustimage(random_state=kind(3), **settings).params["random_state"]
    assert seed != Clustimage(random_state=given, **settings).params["random_state"]  # the next one
    xycoord = cl.fit(digits[0][:60]).results["xycoord"]
    same = Clustimage(random_state=seed, **settings).fit(digits[0][:60]).results["xycoord"]
    np.testing.assert_array_equal(xycoord, same)
    assert Clustimage.load(cl.save(tmp_path / "model")).get_params()["random_state"] == seed
    assert isinstance(clone(cl), Clustimage)


def test_what_is_too_early_is_not_fitted_for_scikit_learn_too():
    cl = Clustimage(verbose="error")
    with pytest.raises(NotFittedError, match=r"fit_transform\(\)"):
        cl.labels_  # noqa: B018
    with pytest.raises(NotFittedError):
        cl.predict(np.zeros((1, 64)))
    assert not hasattr(cl, "labels_")


def test_load_on_an_instance_says_that_it_belongs_to_the_class(digits, tmp_path):
    cl = Clustimage(embedding=None, verbose="error").fit(digits[0][:40])
    path, before = cl.save(tmp_path / "model"), cl.labels_
    with pytest.raises(InvalidParameterError, match=r"model = Clustimage.load\(path\)"):
        cl.load(path)
    assert cl.labels_ is before


def test_arguments_of_cluster_can_be_set_once(digits):
    cl = quiet(params_cluster={"n_clusters": 5})
    assert cl.fit_transform(digits[0][:60])["labels"].max() == 4
    assert cl.cluster(n_clusters=3).max() == 2
    assert cl.cluster().max() == 4
    cl.set_params(params_cluster={"n_clusters": 4, "linkage": "average"})
    assert cl.cluster().max() == 3
    assert cl.clustering_.params["linkage"] == "average"
    assert cl.cluster(n_clusters=None, min_clust=2, max_clust=3).max() == 1


def test_arguments_by_position_win_too(digits):
    cl = quiet(params_cluster={"cluster": "agglomerative", "n_clusters": 3}, embedding=None)
    cl.extract_feat(cl.import_data(digits[0][:60]))
    assert cl.cluster("kmeans").max() == 2
    assert cl.clustering_.params["cluster"] == "kmeans"


def test_defaults_of_cluster_are_those_of_its_signature():
    of_cluster = inspect.signature(Clustimage.cluster).parameters
    of_chain = inspect.signature(Clustimage.fit_transform).parameters
    assert set(PARAMS_CLUSTER) == set(of_cluster) - {"self"}
    for name, default in PARAMS_CLUSTER.items():
        assert of_cluster[name].default == of_chain[name].default == default


@pytest.mark.parametrize(
    "wrong",
    [{"n_cluster": 5}, {"metric": "far"}, {"metric": "datetime"}, {"cluster_space": "middle"},
     {"timestamps": "now"}],
)  # fmt: skip
def test_wrong_arguments_of_cluster_are_found_when_the_model_is_made(wrong):
    with pytest.raises(InvalidParameterError):
        quiet(params_cluster=wrong)


def test_a_plan_takes_the_arguments_of_cluster_too():
    cl = quiet(params_cluster={"sim": 0.5, "timestamps": "exif"})
    assert "sim" in str(cl.plan(100)) or "cut" in str(cl.plan(100))
    assert str(cl.plan(100)) != str(cl.plan(100, sim=None))


def test_settings_in_dicts_can_be_set_one_by_one():
    cl = quiet(params_cluster={"linkage": "average"})
    cl.set_params(params_cluster__n_clusters=4, params_pca__n_components=3)
    assert cl.get_params()["params_cluster"] == {"linkage": "average", "n_clusters": 4}
    assert cl.params["params_pca"] == {"n_components": 3}
    with pytest.raises(InvalidParameterError, match="n_cluster"):
        cl.set_params(params_cluster__n_cluster=4)


def test_arrays_among_the_settings_are_shown_and_copied(digits):
    times = np.arange(60.0)
    cl = quiet(params_cluster={"timestamps": times, "time_weight": 0.5})
    assert clone(cl).get_params()["params_cluster"]["timestamps"].tolist() == times.tolist()
    assert "timestamps" in repr(cl)
    assert cl.fit(digits[0][:60], n_clusters=3).labels_.max() == 2


def test_an_object_among_the_settings_is_given_again_after_load(digits, tmp_path):
    cl = quiet(params_cluster={"cluster": MiniBatchKMeans(3, random_state=0)})
    cl.fit(digits[0][:60])
    path = cl.save(tmp_path / "model")
    loaded = Clustimage.load(path)
    np.testing.assert_array_equal(loaded.labels_, cl.labels_)
    with pytest.raises(StepOrderError, match="cluster=YourObject"):
        loaded.cluster()
    assert loaded.cluster("agglomerative").shape == (60,)
    again = Clustimage.load(path, cluster=MiniBatchKMeans(3, random_state=0))
    np.testing.assert_array_equal(again.cluster(), cl.labels_)


def test_the_score_is_the_mean_silhouette_by_predicted_labels(digits):
    cl = quiet().fit(digits[0][:100], n_clusters=6)
    new = digits[0][100:160]
    expected = silhouette_score(cl.transform(new).astype(float), cl.predict(new))
    assert cl.score(new) == pytest.approx(expected, abs=1e-12)
    assert cl.fit(digits[0][:100], sim=0).score(new) == -1


def test_images_that_are_not_assigned_to_a_cluster_count_nothing(digits):
    cl = quiet().fit(digits[0][:100], n_clusters=6, min_size=12)
    assert (cl.labels_ < 0).any()
    new = digits[0][:100]
    labels = cl.predict(new)
    inside = labels >= 0
    expected = silhouette_samples(cl.transform(new)[inside], labels[inside]).sum() / 100
    assert cl.score(new) == pytest.approx(expected, abs=1e-6)


def test_a_grid_search_finds_the_number_of_clusters(digits):
    grid = {"params_cluster__n_clusters": [2, 6, 10], "params_cluster__linkage": ["ward"]}
    search = GridSearchCV(quiet(embedding=None), grid, cv=3).fit(digits[0][:200])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_params_["params_cluster__n_clusters"] == 10
    assert search.predict(digits[0][200:203]).shape == (3,)
    dicts = [{"n_clusters": 2}, {"n_clusters": 10}]
    search = GridSearchCV(quiet(embedding=None), {"params_cluster": dicts}, cv=3)
    assert search.fit(digits[0][:200]).best_params_ == {"params_cluster": {"n_clusters": 10}}


def test_other_settings_leave_the_seed_that_a_generator_drew():
    cl = quiet(random_state=np.random.default_rng(0))
    seed = cl.params["random_state"]
    assert cl.set_params(n_jobs=1).params["random_state"] == seed
    assert cl.set_params(random_state=np.random.default_rng(1)).params["random_state"] != seed

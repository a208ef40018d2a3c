"""Everything works after load: plots, questions, another clustering; nothing is executed."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA

from clustimage import Clustimage, InvalidParameterError, ModelFileError, StepOrderError


class MeanGray(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.asarray(X, dtype=float).mean(axis=1, keepdims=True)


def quiet(**settings):
    return Clustimage(**{"verbose": "error", "embedding": "pca", **settings})


@pytest.fixture(scope="module")
def fitted(digits, tmp_path_factory):
    """A model, the file it was saved to, and the model that came back."""
    cl = quiet(params_pca={"n_components": 0.9}, dim=[8, 8])
    cl.fit_transform(digits[0][:200])
    cl.find(digits[0][:3], k=4)
    path = tmp_path_factory.mktemp("model") / "model.clustimage"
    cl.save(path)
    return cl, path, Clustimage.load(path)


def test_settings_and_results_come_back(fitted):
    cl, _, back = fitted
    assert repr(back).replace("(8, 8)", "[8, 8]") == repr(cl)
    assert back.params == cl.params
    for key in ("img", "feat", "xycoord", "labels", "pathnames", "filenames", "url"):
        np.testing.assert_array_equal(back.results[key], cl.results[key])
        assert back.results[key].dtype == cl.results[key].dtype
    for name, table in cl.results["predict"].items():
        assert back.results["predict"][name].equals(table)
    for key, value in cl.results_unique.items():
        np.testing.assert_array_equal(back.results_unique[key], value)
    assert back.import_status.equals(cl.import_status)


def test_the_image_is_one_memory_after_load(fitted):
    back = fitted[2]
    assert np.shares_memory(back.results["img"], back.images_.pixels)


def test_questions_give_the_same_answers(fitted, digits):
    cl, _, back = fitted
    new = digits[0][200:230]
    np.testing.assert_array_equal(back.transform(new), cl.transform(new))
    np.testing.assert_array_equal(back.predict(new), cl.predict(new))
    a, b = (model.find(new[:2], alpha=0.1) for model in (cl, back))
    assert list(a) == list(b)
    assert all(a[name].equals(b[name]) for name in a)
    assert back.distribution_.name == cl.distribution_.name


@pytest.mark.parametrize("draw", ["scatter", "plot", "plot_unique", "plot_find", "dendrogram"])
def test_plots_work_after_load(fitted, draw):
    assert getattr(Clustimage.load(fitted[1]), draw)() is not None


def test_fitted_objects_work_after_load(fitted):
    cl, path, _ = fitted
    back = Clustimage.load(path)
    np.testing.assert_allclose(
        back.clusteval.results["score"]["score"], cl.clusteval.results["score"]["score"]
    )
    assert back.pca.results["PC"].shape == cl.results["feat"].shape
    assert len(set(back.cluster(n_clusters=4))) == 4


def test_a_map_that_is_laid_out_again_after_load_drops_what_came_from_it(fitted, tmp_path):
    back = Clustimage.load(fitted[1])
    back.cluster(cluster_space="low")
    back.save(tmp_path / "low.clustimage")
    low = Clustimage.load(tmp_path / "low.clustimage")
    low.embedding()
    assert low.results["labels"] is None


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_a_model_can_be_saved_after_any_step(digits, tmp_path, steps):
    cl = quiet()
    chain = [lambda: cl.import_data(digits[0][:30]), cl.extract_feat, cl.embedding]
    for step in chain[:steps]:
        step()
    cl.save(tmp_path / "model.clustimage")
    back = Clustimage.load(tmp_path / "model.clustimage")
    there = [key for key, value in back.results.items() if value is not None]
    assert there == [key for key, value in cl.results.items() if value is not None]
    if steps == 3:
        np.testing.assert_array_equal(back.cluster(), cl.cluster())


def test_a_method_of_ones_own_is_given_again(digits, tmp_path):
    cl = quiet(method=MeanGray())
    cl.fit_transform(digits[0][:40])
    cl.save(tmp_path / "own.clustimage")
    without = Clustimage.load(tmp_path / "own.clustimage")
    assert len(set(without.cluster(n_clusters=3))) == 3
    for step in (lambda: without.find(digits[0][0], k=1), without.extract_feat):
        with pytest.raises(StepOrderError, match=r"MeanGray\(\), which no file.*method=YourObj"):
            step()
    without.save(tmp_path / "again.clustimage")
    back = Clustimage.load(tmp_path / "own.clustimage", method=MeanGray())
    assert back.find(digits[0][7], k=1, alpha=None)["image_0000"]["distance"].iloc[0] == 0


def test_a_map_of_ones_own_is_given_again(digits, tmp_path):
    cl = quiet(embedding=PCA(n_components=2))
    cl.fit_transform(digits[0][:40])
    cl.save(tmp_path / "own.clustimage")
    without = Clustimage.load(tmp_path / "own.clustimage")
    assert without.scatter() is not None
    with pytest.raises(StepOrderError, match="embedding=YourObject"):
        without.embedding()
    back = Clustimage.load(tmp_path / "own.clustimage", embedding=PCA(n_components=2))
    np.testing.assert_allclose(back.embedding(), cl.results["xycoord"], rtol=1e-4)


@pytest.mark.parametrize("embedding", ["pca", None])
def test_queries_keep_their_place_on_the_map_after_load(digits, tmp_path, embedding):
    cl = quiet(embedding=embedding)
    cl.fit_transform(digits[0][:60])
    cl.find(digits[0][60:63], k=2)
    cl.save(tmp_path / "model.clustimage")
    back = Clustimage.load(tmp_path / "model.clustimage")
    np.testing.assert_array_equal(back.query_xycoord_, cl.query_xycoord_)


def test_a_method_given_for_a_model_that_has_its_own_is_refused(fitted):
    with pytest.raises(InvalidParameterError, match="'method'"):
        Clustimage.load(fitted[1], method=MeanGray())


def test_a_model_that_lacks_a_part_says_so(fitted, tmp_path):
    changed = tmp_path / "changed.clustimage"
    with zipfile.ZipFile(fitted[1]) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "model.json":
                data = data.replace(b'"made_from"', b'"made_fr0m"')
                json.loads(data)
            new.writestr(name, data)
    with pytest.raises(ModelFileError):
        Clustimage.load(changed)


def test_settings_changed_after_the_features_do_not_reach_the_saved_extractor(digits, tmp_path):
    cl = quiet(method="phash")
    cl.fit_transform(digits[0][:60], n_clusters=4)
    cl.set_params(method="pca", params_pca={"n_components": 2})
    expected = cl.transform(digits[0][60:63])
    cl.save(tmp_path / "model.clustimage")
    back = Clustimage.load(tmp_path / "model.clustimage")
    np.testing.assert_array_equal(back.transform(digits[0][60:63]), expected)
    assert back.extract_feat().shape == (60, 2)


# --- networks -----------------------------------------------------------------------------------


@pytest.fixture
def small_network():
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchvision")
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 7, stride=4), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(3)
    )


def test_a_network_of_ones_own_is_given_again(digits, tmp_path, small_network):
    X = digits[0]
    cl = Clustimage("cnn", None, params_cnn={"model": small_network}, verbose="error")
    cl.fit_transform(X[:40], n_clusters=4)
    path = cl.save(tmp_path / "own.clustimage")
    without = Clustimage.load(path)
    assert (without.cluster(n_clusters=4) == cl.results["labels"]).all()
    with pytest.raises(StepOrderError, match=r"'model', Sequential.*model=YourObject\(\)"):
        without.predict(X[:2])
    again = without.save(tmp_path / "again.clustimage")
    back = Clustimage.load(again, model=small_network)
    np.testing.assert_allclose(back.transform(X[:3]), cl.results["feat"][:3], atol=1e-6)
    assert (back.predict(X[:3]) == cl.results["labels"][:3]).all()


def test_a_network_with_other_weights_is_refused(digits, tmp_path, small_network):
    cl = Clustimage("cnn", None, params_cnn={"model": small_network}, verbose="error")
    cl.fit_transform(digits[0][:10], n_clusters=2)
    path = cl.save(tmp_path / "own.clustimage")
    small_network[0].weight.data += 1
    with pytest.raises(ModelFileError, match="weights"):
        Clustimage.load(path, model=small_network).predict(digits[0][:2])


def test_a_network_by_name_comes_back_without_an_object(digits, tmp_path):
    pytest.importorskip("torchvision")
    settings = {"model": "squeezenet1_1", "weights": None, "n_components": 5}
    cl = Clustimage("cnn", None, params_cnn=settings, verbose="error")
    cl.fit_transform(digits[0][:12], n_clusters=2)
    back = Clustimage.load(cl.save(tmp_path / "named.clustimage"))
    np.testing.assert_allclose(back.transform(digits[0][:3]), cl.results["feat"][:3], atol=1e-5)
    with pytest.raises(InvalidParameterError, match="'model' is part of this model"):
        Clustimage.load(tmp_path / "named.clustimage", model=object())


def test_weights_are_found_again_from_elsewhere_and_where_they_moved(
    digits, tmp_path, monkeypatch, small_network
):
    torch = pytest.importorskip("torch")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    models = pytest.importorskip("torchvision.models")
    torch.save(models.squeezenet1_1(weights=None).state_dict(), "net.pth")
    settings = {"model": "squeezenet1_1", "weights": "net.pth"}
    cl = Clustimage("cnn", None, params_cnn=settings, verbose="error")
    cl.fit_transform(digits[0][:8], n_clusters=2)
    path = cl.save(tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    assert (Clustimage.load(path).predict(digits[0][:2]) == cl.labels_[:2]).all()
    moved = (tmp_path / "here" / "net.pth").rename(tmp_path / "moved.pth")
    with pytest.raises(InvalidParameterError, match="net.pth"):
        Clustimage.load(path).predict(digits[0][:2])
    back = Clustimage.load(path, weights=moved)
    assert (back.predict(digits[0][:2]) == cl.labels_[:2]).all()

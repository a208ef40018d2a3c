"""The whole flow by an engine that does all in this process."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

pd = pytest.importorskip("pandas")
pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")

from clustimage import Clustimage, InvalidDataError, InvalidParameterError  # noqa: E402
from clustimage import clustimage as chain  # noqa: E402
from clustimage._model import clustering, distributed  # noqa: E402

SOME = {"partition_size": 16, "sample_size": 100}


@pytest.fixture(autouse=True)
def in_this_process(serial, monkeypatch):
    @contextmanager
    def engine_of(model):
        yield serial

    for module in (chain, clustering, distributed):
        monkeypatch.setattr(module, "engine_of", engine_of)


@pytest.fixture(scope="module")
def photos(few_photos):
    return [str(path) for path in few_photos]


def quiet(**options):
    return Clustimage(**{"verbose": "silent", "embedding": None, "dim": (24, 24), **options})


@pytest.mark.parametrize("method", ["phash", "color+gist", "pca"])
def test_all_images_get_labels_from_a_sample(method, photos, tmp_path):
    one = quiet(method=method)
    one.fit_transform([*photos, *photos], n_clusters=6)
    many = quiet(method=method, engine="local", params_engine=SOME, dirpath=str(tmp_path))
    many.fit_transform([*photos, *photos], n_clusters=6)
    table = pd.read_parquet(many.dataset_)
    assert table["pathname"].tolist() == [*photos, *photos]
    first, second = np.split(table["label"].to_numpy(), 2)
    assert len(set(table["label"])) == 6
    assert adjusted_rand_score(first, second) > 0.9  # a photo and its copy
    names = {path: row for row, path in enumerate(one.results["pathnames"])}
    rows = [names[path] for path in many.results["pathnames"]]
    own, others = many.results["feat"], one.results["feat"][rows]
    # Signs of components apart, whose number may differ by one.
    count = min(own.shape[1], others.shape[1])
    if method == "pca":
        np.testing.assert_allclose(np.abs(own[:, :10]), np.abs(others[:, :10]), atol=1e-2)
    else:
        np.testing.assert_allclose(own[:, :count], others[:, :count], rtol=1e-5, atol=1e-6)


def test_components_of_many_columns_explain_as_much_as_on_one_machine(photos, monkeypatch):
    monkeypatch.setattr("clustimage.distributed._components.MAX_COLUMNS_OF_COVARIANCE", 100)
    given = [*photos, *photos]
    options = {"method": "pca", "params_pca": {"n_components": 20}}
    one = quiet(**options)
    one.fit_transform(given, n_clusters=3)
    many = quiet(**options, engine="local", params_engine=SOME)
    many.fit_transform(given, n_clusters=3)
    assert many.extractor_.solver_ == "randomized"
    np.testing.assert_allclose(
        many.extractor_.explained_variance_, one.extractor_.explained_variance_, rtol=0.005
    )


def test_equal_images_have_no_variance(tmp_path, photos):
    many = quiet(method="pca", engine="local", params_engine=SOME)
    many.fit_transform([photos[0]] * 120, n_clusters=1, min_clust=2)
    assert set(pd.read_parquet(many.dataset_)["label"]) == {0}


def test_images_far_from_all_clusters_are_in_none(tmp_path):
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(400, 2)), rng.normal(size=(400, 2)) + 20])
    X = rng.permutation(np.concatenate([X, rng.uniform(-90, 90, size=(40, 2))])).astype("f4")
    columns = {"a": X[:, 0], "b": X[:, 1], "id": [f"image {row}" for row in range(len(X))]}
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    many = quiet(method="precomputed", engine="local", params_engine=SOME)
    request = {"cluster": "dbscan", "cluster_space": "high", "min_clust": 2}
    many.fit_transform(features=str(tmp_path / "x.parquet"), **request)
    table = pd.read_parquet(many.dataset_)
    away = np.minimum(np.hypot(*X.T), np.hypot(*(X - 20).T))
    assert (table["label"][away < 2] >= 0).mean() > 0.95
    assert (table["label"][away > 8] == -1).mean() > 0.95
    assert table["distance_to_center"].isna().equals(table["label"] < 0)


@pytest.mark.parametrize("approximate", [False, True])
def test_find_names_rows_of_the_data_set(photos, approximate):
    if approximate:
        pytest.importorskip("faiss", reason="faiss is not installed")
    many = quiet(method="color", engine="local", params_engine=SOME)
    many.fit_transform([*photos, *photos], n_clusters=4)
    found = many.find(photos[5], k=3, alpha=None, approximate=approximate)[Path(photos[5]).name]
    assert found["y_idx"].tolist()[:2] == [5, 5 + len(photos)]
    assert found["distance"].tolist()[:2] == [0, 0]
    assert many.find(photos[5], k=3, alpha=None, approximate=approximate) is not None


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (pa.array([[1.0], [1.0, 2.0]]), "same length"),
        (pa.array(["a", "b"]), "neither lists nor floating numbers"),
        (pa.array([1.0, float("nan")]), "row 1"),
    ],
)
def test_features_that_are_none_are_refused(tmp_path, column, words):
    pq.write_table(pa.table({"x": column}), tmp_path / "x.parquet")
    with pytest.raises(InvalidDataError, match=words):
        quiet(method="precomputed", engine="local").fit_transform(features=str(tmp_path))


@pytest.mark.parametrize("features", [np.ones((3, 2)), "gone.parquet", "."])
def test_features_that_are_no_files_are_refused(tmp_path, monkeypatch, features):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidDataError, match="features"):
        quiet(method="precomputed", engine="local").fit_transform(features=features)


@pytest.mark.parametrize(
    ("method", "options", "words"),
    [
        ("hog", {"distance_threshold": 3.0}, "distance_threshold=3.0, which needs the distances"),
        ("hog", {"sim": 0.9}, "sim=0.9, which needs the distances"),
        ("face", {}, "method='face', which keeps the faces of one photo apart"),
        ("exif", {}, "which are learned from all images at once"),
    ],
)
def test_what_workers_cannot_do_is_refused_before_anything_is_read(
    method, options, words, tmp_path
):
    cl = quiet(method=method, engine="local", dirpath=str(tmp_path / "result"), grayscale=True)
    with pytest.raises(InvalidParameterError, match="'engine' cannot be combined with .*" + words):
        cl.fit_transform(str(tmp_path / "nothing"), **options)
    assert not (tmp_path / "result").exists()

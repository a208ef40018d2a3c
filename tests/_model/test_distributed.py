"""The chain on a real cluster of two processes beside the chain in one."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_samples

from clustimage import Clustimage, EngineError, InvalidDataError, InvalidParameterError

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
distributed = pytest.importorskip("distributed", reason="distributed is not installed")

SMALL = {"partition_size": 16, "sample_size": 20_000}


@pytest.fixture(scope="module")
def photos(few_photos):
    return [str(path) for path in few_photos]


def quiet(**options):
    return Clustimage(**{"verbose": "silent", "embedding": None, "dim": (32, 32), **options})


@pytest.mark.parametrize("method", ["phash", "color+gist", "pca", "hog", None])
def test_few_images_give_the_answers_of_one_machine(client, photos, tmp_path, method):
    one = quiet(method=method, embedding="pca")
    one.fit_transform(photos, n_clusters=5)
    many = quiet(
        method=method, embedding="pca", engine=client, params_engine=SMALL, dirpath=str(tmp_path)
    )
    many.fit_transform(photos, n_clusters=5)
    np.testing.assert_allclose(many.results["feat"], one.results["feat"], rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(many.labels_, one.labels_)
    table, own = pd.read_parquet(many.dataset_), one.to_frame()
    assert table["pathname"].tolist() == photos
    np.testing.assert_array_equal(table["label"], one.labels_)
    for name in ("x", "y", "distance_to_center"):
        np.testing.assert_allclose(table[name], own[name], rtol=1e-5, atol=1e-5)
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert [row["n_images"] for row in manifest["clusters"]] == np.bincount(one.labels_).tolist()
    assert {row["unique"] for row in manifest["clusters"]} == set(one.results_unique["pathnames"])


def test_all_others_join_the_clusters_of_a_sample(client, photos, tmp_path):
    some = {"partition_size": 16, "sample_size": 100}
    many = quiet(method="color", engine=client, params_engine=some, dirpath=str(tmp_path))
    many.fit_transform([*photos, *photos], n_clusters=6)
    one = quiet(method="color").fit_transform(photos, n_clusters=6)["labels"]
    table = pd.read_parquet(many.dataset_)
    assert len(many.labels_) < 2 * len(photos) == len(table)
    assert adjusted_rand_score(np.tile(one, 2), table["label"]) > 0.6
    known = dict(zip(many.results["pathnames"], many.labels_, strict=True))
    at = [name in known for name in table["pathname"]]
    own = [known[name] for name in table["pathname"][at]]
    assert table["label"][at].tolist() == own
    assert many.summary()["title"].endswith(f"in 6 clusters, a sample of {len(table)}")
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    values = silhouette_samples(many.results["feat"], many.labels_)
    share = len(values) / len(table)
    error = values.std(ddof=1) * np.sqrt((1 - share) / len(values))
    assert manifest["silhouette"] == pytest.approx(values.mean(), abs=1e-5)
    assert manifest["standard_error"] == pytest.approx(error, rel=1e-4)


def test_pca_is_fitted_to_all_images_not_to_the_sample(client, photos):
    some = {"partition_size": 16, "sample_size": 100}
    given = [*photos, *photos]
    options = {"method": "pca", "dim": (16, 16), "params_pca": {"n_components": 10}}
    one = quiet(**options)
    one.fit_transform(given, n_clusters=3)
    many = quiet(**options, engine=client, params_engine=some)
    many.fit_transform(given, n_clusters=3)
    assert len(many.labels_) < len(given)
    np.testing.assert_allclose(many.extractor_.mean_, one.extractor_.mean_, atol=1e-9)
    np.testing.assert_allclose(
        many.extractor_.explained_variance_, one.extractor_.explained_variance_, rtol=1e-6
    )
    np.testing.assert_allclose(many.extractor_.components_, one.extractor_.components_, atol=1e-5)


def test_find_looks_at_all_images(client, photos):
    some = {"partition_size": 16, "sample_size": 100}
    many = quiet(method="color", engine=client, params_engine=some)
    many.fit_transform([*photos, *photos], n_clusters=3)
    one = quiet(method="color")
    one.fit_transform([*photos, *photos], n_clusters=3)
    found, own = many.find(photos[7], k=5, alpha=None), one.find(photos[7], k=5, alpha=None)
    name = Path(photos[7]).name
    assert found[name]["y_idx"].tolist() == own[name]["y_idx"].tolist()
    np.testing.assert_allclose(found[name]["distance"], own[name]["distance"], atol=1e-6)
    table = pd.read_parquet(many.dataset_)
    np.testing.assert_array_equal(found[name]["labels"], table["label"][found[name]["y_idx"]])
    near = many.find(photos[7:9], alpha=0.01)
    assert all(
        (frame["y_proba"] <= 0.01 + 1e-9).all() for name, frame in near.items() if name != "feat"
    )
    with pytest.raises(InvalidParameterError, match="exclude_self"):
        many.find(photos[7], k=3, alpha=None, exclude_self=True)


def test_an_index_over_all_parts_finds_most_of_the_nearest(client, tmp_path):
    pytest.importorskip("faiss", reason="faiss is not installed")
    X = np.random.default_rng(0).normal(size=(3000, 8)).astype("f4")
    folder = write_features(tmp_path / "features", X)
    some = {"partition_size": 2, "sample_size": 1000}
    options = {"method": "precomputed", "engine": client, "params_engine": some}
    many = quiet(**options, dirpath=str(tmp_path / "out"))
    many.fit_transform(features=folder, n_clusters=4)
    exact = many.find(features=X[:20], k=5, alpha=None)
    likely = many.find(features=X[:20], k=5, alpha=None, approximate=True)
    names = list(exact)[1:]
    common = [len(set(exact[name]["y_idx"]) & set(likely[name]["y_idx"])) for name in names]
    assert np.mean(common) > 4.5
    for name in names:
        both = exact[name].merge(likely[name], on="y_idx")
        np.testing.assert_allclose(both["distance_x"], both["distance_y"], rtol=1e-6)
        assert (both["labels_x"] == both["labels_y"]).all()
        assert (both["y_pathnames_x"] == both["y_pathnames_y"]).all()
    lists = list((tmp_path / "out" / "work").glob("lists-*.faiss"))
    assert len(lists) == len(many._state.distributed.row_parts)


def test_clustering_again_reads_nothing_again(client, photos, tmp_path):
    many = quiet(method="phash", engine=client, params_engine=SMALL, dirpath=str(tmp_path))
    many.fit_transform(photos, n_clusters=3)
    first = many.dataset_
    made = {path: path.stat().st_mtime_ns for path in tmp_path.glob("work/images/*.parquet")}
    labels = many.cluster(n_clusters=4)
    assert many.dataset_ != first
    np.testing.assert_array_equal(pd.read_parquet(many.dataset_)["label"], labels)
    again = quiet(method="phash", engine=client, params_engine=SMALL, dirpath=str(tmp_path))
    again.fit_transform(photos, n_clusters=3)
    assert again.dataset_ == first
    assert {path: path.stat().st_mtime_ns for path in made} == made


def test_a_new_photo_makes_only_its_partition_anew(client, photos, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for path in photos[:40]:
        shutil.copy(path, folder)
    out = str(tmp_path / "out")
    options = {"method": "phash", "engine": client, "params_engine": SMALL, "dirpath": out}
    quiet(**options).fit_transform(str(folder), n_clusters=3)
    made = {path.name for path in (tmp_path / "out" / "work" / "images").iterdir()}
    shutil.copy(photos[50], folder / "zzz.png")
    many = quiet(**options)
    many.fit_transform(str(folder), n_clusters=3)
    now = {path.name for path in (tmp_path / "out" / "work" / "images").iterdir()}
    assert len(now - made) == 1
    assert len(pd.read_parquet(many.dataset_)) == 41


def test_each_input_has_a_row(client, photos, tmp_path):
    broken, empty = tmp_path / "broken.png", tmp_path / "empty.jpg"
    broken.write_bytes(b"no image")
    empty.touch()
    given = [photos[0], str(broken), *photos[1:20], str(tmp_path / "gone.png"), str(empty)]
    many = quiet(method="phash", engine=client, params_engine=SMALL)
    many.fit_transform(given, n_clusters=3)
    table = pd.read_parquet(many.dataset_)
    assert table["pathname"].tolist() == given
    assert table["status"].tolist().count("skipped") == 3
    skipped = table[table["status"] == "skipped"]
    assert skipped["label"].isna().all()
    assert skipped["reason"].str.len().min() > 5
    one = quiet(method="phash")
    one.fit_transform(given, n_clusters=3)
    assert table["label"].dropna().astype(int).tolist() == one.labels_.tolist()


def test_images_of_tar_files(client, photos, tmp_path):
    for number in range(3):
        with tarfile.open(tmp_path / f"{number}.tar", "w") as shard:
            for path in photos[number * 10 : number * 10 + 10]:
                shard.add(path, f"../{Path(path).name}")
            text = tarfile.TarInfo("class.txt")
            shard.addfile(text, io.BytesIO())
    (tmp_path / "3.tar").write_bytes(b"no tar")
    many = quiet(method="phash", engine=client, params_engine=SMALL)
    many.fit_transform(str(tmp_path), n_clusters=3)
    one = quiet(method="phash").fit_transform(photos[:30], n_clusters=3)["labels"]
    assert many.labels_.tolist() == one.tolist()
    table = pd.read_parquet(many.dataset_)
    assert table["pathname"][0] == f"tar://../{Path(photos[0]).name}::{tmp_path}/0.tar"
    assert table["filename"][0] == Path(photos[0]).name
    assert "no tar file" in table["reason"].iloc[-1]


def write_features(folder, rows, **columns):
    folder.mkdir(exist_ok=True)
    for number, part in enumerate(np.array_split(np.arange(len(rows)), 3)):
        lists = pa.array(list(rows[part]))
        table = pa.table(
            {"feat": lists, **{k: list(np.array(v)[part]) for k, v in columns.items()}}
        )
        pa.parquet.write_table(table, folder / f"{number}.parquet", row_group_size=100)
    return str(folder)


def test_features_of_the_users_own(client, tmp_path):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 5, 300)
    X = (rng.normal(size=(5, 8))[y] * 6 + rng.normal(size=(300, 8))).astype("f4")
    names = [f"image {i}" for i in range(len(X))]
    folder = write_features(tmp_path / "features", X, name=names)
    some = {"partition_size": 2, "sample_size": 100}
    many = quiet(method="precomputed", engine=client, params_engine=some)
    many.fit_transform(features=folder)
    table = pd.read_parquet(many.dataset_)
    assert table["pathname"].tolist() == names
    assert len(many.labels_) <= 100 < len(table)
    assert adjusted_rand_score(y, table["label"]) > 0.98
    found = many.find(features=X[5:6], k=1, alpha=None)
    assert list(found.values())[1]["y_idx"].tolist() == [5]


def test_features_that_are_not_finite_are_refused(client, blobs, tmp_path):
    X = blobs[0].astype("f4")
    X[7, 0] = np.nan
    folder = write_features(tmp_path / "features", X)
    with pytest.raises(InvalidDataError, match="row 7"):
        quiet(method="precomputed", engine=client).fit_transform(features=folder)


@pytest.mark.parametrize(
    ("options", "request_", "name"),
    [
        ({}, {"sim": 0.0}, "sim=0.0"),
        ({}, {"time_weight": 0.5}, "time_weight=0.5"),
        ({}, {"cannot_link": "photo"}, "cannot_link='photo'"),
        ({}, {"cluster_space": "low"}, "cluster_space='low'"),
        ({"method": "fisher"}, {}, "Fisher"),
        ({"method": "cnn", "params_cnn": {"n_components": 5}}, {}, "CNN"),
        ({"method": "exif"}, {}, "Exif"),
    ],
)
def test_what_cannot_be_distributed_is_refused_before_any_work(options, request_, name):
    with pytest.raises(InvalidParameterError, match="'engine' cannot be combined") as caught:
        quiet(engine="local", **options).fit_transform("/no/such/folder", **request_)
    assert name in str(caught.value)


def test_an_own_clusterer_is_refused_before_any_work():
    from sklearn.cluster import KMeans

    with pytest.raises(InvalidParameterError, match="an object as 'cluster'"):
        quiet(engine="local").fit_transform("/no/such/folder", cluster=KMeans(3))


@pytest.mark.parametrize("engine", ["dask", 3, object()])
def test_what_is_no_engine_is_refused(engine):
    with pytest.raises(InvalidParameterError, match="'engine' must be"):
        Clustimage(engine=engine)


def test_a_model_is_saved_without_its_engine(client, photos, tmp_path):
    many = quiet(method="phash", engine=client, params_engine=SMALL)
    many.fit_transform(photos, n_clusters=3)
    many.save(tmp_path / "m")
    again = Clustimage.load(tmp_path / "m")
    assert again.params["engine"] is None
    assert again.labels_.tolist() == many.labels_.tolist()
    assert again.predict(photos[:5]).tolist() == many.labels_[:5].tolist()
    assert list(again.find(photos[0], k=1, alpha=None).values())[1]["y_idx"].tolist() == [0]


def test_photos_and_result_in_an_object_store(s3, photos):
    for path in photos[:30]:
        s3.put(f"photos/{Path(path).name}", Path(path).read_bytes())
    many = quiet(
        method="phash", engine="local", n_jobs=1, params_engine=SMALL, dirpath=f"{s3.url}/out"
    )
    many.fit_transform(f"{s3.url}/photos", n_clusters=3)
    assert many.dataset_.startswith(f"{s3.url}/out/labels-")
    table = pd.read_parquet(many.dataset_)
    assert len(table) == 30
    assert table["pathname"].str.startswith(f"{s3.url}/photos/").all()
    local = sorted(photos[:30], key=lambda path: Path(path).name)
    one = quiet(method="phash").fit_transform(local, n_clusters=3)["labels"]
    assert table["label"].tolist() == one.tolist()


def test_no_scheduler_is_an_error_that_names_the_address(monkeypatch):
    monkeypatch.setattr("clustimage.distributed._engine.SECONDS_TO_ANSWER", 1)
    with pytest.raises(EngineError, match="tcp://127.0.0.1:9"):
        quiet(engine="tcp://127.0.0.1:9").fit_transform(["a.png"])

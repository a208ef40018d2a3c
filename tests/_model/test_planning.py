"""The limit on memory, through the class."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from clustimage import Clustimage, InvalidParameterError, MemoryLimitError, StepOrderError
from clustimage._core.file_arrays import held_bytes
from clustimage._core.plan import Step


def quiet(**settings):
    return Clustimage(**{"verbose": "error", "embedding": "pca", **settings})


def test_a_limit_that_is_no_size_is_refused_at_once():
    with pytest.raises(InvalidParameterError, match="'max_memory'.*Got 'much'"):
        quiet(max_memory="much")


def test_pixels_beyond_the_limit_live_in_a_file_and_are_the_same(digits, tmp_path):
    X = np.kron(digits[0][:300].reshape(-1, 8, 8), np.ones((1, 8, 8))).astype(np.uint8)
    free = quiet(dim=(64, 64))
    small = quiet(dim=(64, 64), max_memory="2 MB", dirpath=tmp_path)
    free.import_data(X)
    small.import_data(X)
    assert held_bytes(free.results["img"]) == 300 * 64 * 64
    assert held_bytes(small.results["img"]) == 0
    assert type(small.results["img"]) is np.ndarray
    np.testing.assert_array_equal(free.results["img"], small.results["img"])


def test_a_limit_too_small_for_one_block_says_what_would_do(digits):
    with pytest.raises(MemoryLimitError, match="Give max_memory='2 MB' or more") as said:
        quiet(dim=(64, 64), max_memory="1 kB").import_data(digits[0].reshape(-1, 8, 8))
    assert "max_memory='1.0 kB'" in str(said.value)


def test_an_index_is_made_once_and_again_for_another_metric(digits):
    cl = quiet()
    cl.fit_transform(digits[0][:300])
    cl.find(digits[0][5], k=3, alpha=None)
    index = cl._state.index
    cl.find(digits[0][6], k=3, alpha=None)
    assert cl._state.index is index
    cl.find(digits[0][6], k=3, alpha=None, metric="cosine")
    assert cl._state.index.metric == "cosine"
    cl.extract_feat()
    assert cl._state.index is None


def test_an_approximate_search_finds_the_same_among_few(digits):
    pytest.importorskip("faiss", reason="the extra index is not installed")
    cl = quiet()
    cl.fit_transform(digits[0][:300])
    exact = cl.find(digits[0][5], k=4, alpha=None)["image_0000"]
    found = cl.find(digits[0][5], k=4, alpha=None, approximate=True)["image_0000"]
    assert found["y_idx"].tolist() == exact["y_idx"].tolist()


def test_how_far_clusters_reach_is_measured_once(digits, monkeypatch):
    cl = quiet()
    cl.fit_transform(digits[0][:300], n_clusters=5, min_size=40)
    assert cl.labels_.min() == -1
    first = cl.predict(digits[0][300:320])
    monkeypatch.setattr("clustimage._model.estimator.cluster_radius", None)
    assert cl.predict(digits[0][300:320]).tolist() == first.tolist()
    cl.cluster(n_clusters=3)
    assert cl._state.radius is None


def test_the_plan_for_many_images_says_each_step_and_why():
    plan = quiet(embedding="tsne", max_memory="3GB").plan(60_000)
    steps = {step.stage: step for step in plan.steps}
    assert list(steps) == ["import_data", "extract_feat", "embedding", "cluster", "unique", "find"]
    assert steps["import_data"].on_disk == 60_000 * 128 * 128 * 3
    assert "randomised PCA" in steps["extract_feat"].what
    assert "4,000 micro-clusters" in steps["cluster"].what
    assert "28.8 GB" in steps["cluster"].why
    assert plan.problems == []
    assert plan.peak < 2e9


def test_the_plan_tells_what_cannot_be_done_and_plans_the_rest():
    plan = quiet(method=None, max_memory="3GB").plan(60_000)
    assert plan.problems[0].startswith("Taking the pixels of 60,000 images as features")
    assert "find" in {step.stage for step in plan.steps}


def test_the_plan_counts_a_folder_and_reads_nothing(digits, tmp_path, monkeypatch):
    for name in ("a.png", "b.jpg", "c.txt"):
        (tmp_path / name).write_bytes(b"no image")
    assert quiet().plan(tmp_path).n_images == 2


def test_without_images_there_is_nothing_to_plan_for(digits):
    cl = quiet(method="hog")
    with pytest.raises(StepOrderError, match="nothing to plan for"):
        cl.plan()
    cl.import_data(digits[0][:50])
    assert cl.plan().n_images == 50
    with pytest.raises(InvalidParameterError, match="'evaluate'"):
        cl.plan(evaluate="nothing")


@pytest.mark.parametrize("limit", ["12 MB", "1GB"])
def test_pixels_go_where_it_was_planned(digits, tmp_path, limit):
    X = np.kron(digits[0].reshape(-1, 8, 8), np.ones((1, 8, 8))).astype(np.uint8)
    cl = quiet(dim=(64, 64), max_memory=limit, dirpath=tmp_path)
    planned = cl.plan(X).steps[0].what
    cl.import_data(X)
    in_file = held_bytes(cl.results["img"]) == 0
    assert in_file == (limit == "12 MB") == ("in a file" in planned)


def test_micro_clusters_are_planned_and_made(digits):
    cl = quiet(method="phash")
    assert "the tree of 100 micro-clusters" in cl.plan(1797, micro_clusters=100).steps[3].what
    assert "the tree of all images" in cl.plan(1797).steps[3].what
    cl.fit_transform(digits[0], micro_clusters=100)
    assert cl.clustering_.micro.max() == 99
    cl.cluster()
    assert cl.clustering_.micro is None


def test_a_plan_for_arrays_counts_no_cache_as_they_fill_none(digits, tmp_path):
    X = digits[0][:300]
    cl = quiet(dirpath=tmp_path)
    assert cl.plan(X).on_disk == 0
    assert cl.plan(300).on_disk > 0
    cl.import_data(X)
    assert cl.plan().on_disk == 0


def test_a_plan_for_files_counts_the_cache_before_and_after_they_are_read(lent_data, tmp_path):
    folder = lent_data / "corel1k" / "dinosaurs"
    cl = quiet(dirpath=tmp_path, dim=(32, 32))
    before = cl.plan(folder).on_disk
    assert before == 100 * 32 * 32 * 3
    cl.import_data(folder)
    assert cl.plan().on_disk == before


def test_a_plan_speaks_of_as_many_clusters_as_are_searched():
    def unique(**request):
        (step,) = (step for step in quiet().plan(5000, **request).steps if step.stage == "unique")
        return step.what

    assert "each of 24 clusters" in unique()
    assert "each of 7 clusters" in unique(n_clusters=7)
    assert "about 50 clusters" in unique(sim=0.9)


def test_a_model_is_loaded_into_less_memory_than_it_was_made_in(digits, tmp_path):
    X = np.kron(digits[0][:300].reshape(-1, 8, 8), np.ones((1, 8, 8))).astype(np.uint8)
    cl = quiet(dim=(64, 64))
    cl.fit_transform(X, n_clusters=5)
    path = cl.save(tmp_path / "model")
    assert held_bytes(Clustimage.load(path).results["img"]) == 300 * 64 * 64
    again = Clustimage.load(path, max_memory="2 MB")
    assert held_bytes(again.results["img"]) == 0
    assert again.get_params()["max_memory"] == "2 MB"
    np.testing.assert_array_equal(again.results["img"], cl.results["img"])
    assert Clustimage.load(path).get_params()["max_memory"] is None
    with pytest.raises(InvalidParameterError, match="'max_memory'.*Got 'much'"):
        Clustimage.load(path, max_memory="much")


def test_a_model_does_after_loading_what_it_did_before(digits, tmp_path):
    X = np.kron(digits[0].reshape(-1, 8, 8), np.ones((1, 8, 8))).astype(np.uint8)
    cl = quiet(dim=(64, 64), max_memory="9 MB", dirpath=tmp_path / "work", method="phash")
    cl.import_data(X)
    cl.extract_feat()
    again = Clustimage.load(cl.save(tmp_path / "model"))
    assert held_bytes(cl.results["img"]) == held_bytes(again.results["img"]) == 0
    # So the next step has as much left, and is done in the same way.
    assert again._budget_for() == cl._budget_for()


def test_a_plan_says_how_much_is_enough_and_that_is_true(digits, tmp_path):
    X = np.kron(digits[0][:400].reshape(-1, 8, 8), np.ones((1, 8, 8))).astype(np.uint8)
    plan = quiet(dim=(64, 64), max_memory="1 MB").plan(X)
    assert plan.problems and plan.least > 10**6
    enough = f"{plan.least // 10**6:,} MB"
    assert f"max_memory='{enough}' is enough." in str(plan).splitlines()[0]
    cl = quiet(dim=(64, 64), max_memory=enough)
    assert cl.plan(X).problems == [] and cl.plan(X).least == 0
    assert len(cl.fit_transform(X)["labels"]) == 400
    cl.unique()
    assert len(cl.find(X[:1], k=3, alpha=None)) == 2


def test_features_that_cannot_be_made_are_known_before_an_image_is_read(digits, monkeypatch):
    X = np.kron(digits[0][:400].reshape(-1, 8, 8), np.ones((1, 8, 8))).astype(np.uint8)
    cl = quiet(dim=(64, 64), max_memory="3 MB")
    monkeypatch.setattr(cl, "import_data", None)
    with pytest.raises(MemoryLimitError, match="PCA of 400 images") as said:
        cl.fit_transform(X)
    assert str(said.value) in cl.plan(X).problems


def test_a_plan_for_features_that_are_there_knows_their_columns(digits):
    cl = quiet(method="phash")
    cl.fit_transform(digits[0][:300])
    cl.results["feat"] = cl.results["feat"][:, :7]
    (step,) = (step for step in cl.plan().steps if step.stage == "find")
    assert step.why == "metric='euclidean'; 8.4 kB of features"


@pytest.mark.parametrize("wrong", [{"n_clusterz": 3}, {"cluster_space": "mid"}])
def test_a_plan_refuses_what_it_does_not_know(wrong):
    with pytest.raises(InvalidParameterError, match="n_clusters|cluster_space"):
        quiet().plan(300, **wrong)


def test_a_file_is_no_folder_for_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidParameterError, match="'dirpath'.*There is a file at"):
        quiet(dirpath=tmp_path / "file")


def test_a_place_that_cannot_be_seen_is_no_file(digits, tmp_path, monkeypatch):
    cl = quiet(dirpath=tmp_path / "work")
    cl.fit_transform(digits[0][:100], n_clusters=5)
    path = cl.save(tmp_path / "model")

    def closed(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.is_file", closed)
    monkeypatch.setattr("pathlib.Path.is_dir", closed)
    assert len(Clustimage.load(path).labels_) == 100
    quiet(dirpath="~nobody-of-this-name/x")
    quiet(dirpath="x" * 5000)


def test_files_are_refused_unread_only_where_half_of_them_would_be_too_many(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(10, 9, 9), dtype=np.uint8)
    for number, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
        (tmp_path / f"broken{number}.png").write_text("no image")
    cl = quiet(method="phash")

    def refuse_from(most):
        monkeypatch.setattr(
            cl,
            "_plan_features",
            lambda extractor, measured: Step(
                "extract_feat",
                "",
                problem=f"{measured.n_images} are many" * (measured.n_images > most),
            ),
        )

    refuse_from(12)
    assert len(cl.fit_transform(tmp_path, n_clusters=2)["labels"]) == 10
    refuse_from(8)
    with pytest.raises(MemoryLimitError, match="20 are many"):
        cl.fit_transform(tmp_path, n_clusters=2)
    with pytest.raises(MemoryLimitError, match="10 are many"):  # all of an array are images
        cl.fit_transform(images, n_clusters=2)


@pytest.mark.parametrize("wrong", [None, 0, True, 10**9, 2.5])
def test_what_is_no_image_is_refused_as_by_import_data(wrong):
    with pytest.raises(ValueError) as read:  # noqa: PT011
        quiet().import_data(wrong)
    with pytest.raises(type(read.value)) as said:
        quiet(max_memory="1 MB").fit_transform(wrong)
    assert str(said.value) == str(read.value)

"""The chain through the class: what goes in, what comes out, what is kept and what is dropped."""

from __future__ import annotations

import doctest
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import adjusted_rand_score

import clustimage
import clustimage.clustimage as module
from clustimage import (
    Clustimage,
    ImageReadError,
    InvalidDataError,
    InvalidParameterError,
    StepOrderError,
    import_example,
)

KEYS = {"img", "feat", "xycoord", "pathnames", "filenames", "labels", "url", "predict"}


def quiet(**settings):
    return Clustimage(**{"verbose": "error", "embedding": "pca", **settings})


@pytest.fixture(scope="module")
def model(digits):
    cl = quiet()
    cl.fit_transform(digits[0][:400])
    return cl


@pytest.fixture
def folder(tmp_path):
    """Twelve small pictures of three colours, in two folders, with equal names."""
    rng = np.random.default_rng(0)
    for i in range(12):
        colour = np.zeros((20, 30, 3))
        colour[..., i % 3] = 200
        noisy = np.clip(colour + rng.normal(0, 12, colour.shape), 0, 255).astype(np.uint8)
        path = tmp_path / "photos" / "ab"[i % 2] / f"{i // 2}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noisy).save(path)
    return tmp_path / "photos"


# --- results ------------------------------------------------------------------------------------


def test_all_keys_are_there_from_the_start_and_none():
    assert quiet().results == dict.fromkeys(KEYS)


def test_every_step_returns_what_it_stores(folder):
    cl = quiet(dim=(16, 16))
    out = cl.import_data(folder)
    assert out is cl.results
    assert out["img"].shape == (12, 16 * 16 * 3) and out["img"].dtype == np.uint8
    feat = cl.extract_feat(out)
    assert cl.results["feat"] is feat and feat.dtype == np.float32
    xycoord = cl.embedding(feat)
    assert cl.results["xycoord"] is xycoord and xycoord.shape == (12, 2)
    labels = cl.cluster(max_clust=6)
    assert cl.results["labels"] is labels
    assert len(set(labels)) == 3


def test_fit_transform_equals_the_single_steps(folder):
    steps = quiet(dim=(16, 16), embedding="tsne")
    steps.import_data(folder)
    steps.extract_feat()
    steps.embedding()
    steps.cluster(max_clust=6)
    whole = quiet(dim=(16, 16), embedding="tsne").fit_transform(folder, max_clust=6)
    for key in ("img", "feat", "xycoord", "labels"):
        np.testing.assert_array_equal(steps.results[key], whole[key])


def test_the_image_is_one_memory_in_two_shapes(folder):
    cl = quiet(dim=(16, 16))
    cl.import_data(folder)
    assert np.shares_memory(cl.results["img"], cl.images_.pixels)


def test_reading_again_drops_what_was_made_from_the_old_images(folder):
    cl = quiet(dim=(16, 16))
    cl.fit_transform(folder, max_clust=6)
    cl.find(folder / "a" / "0.png", k=1, alpha=None)
    cl.import_data(folder)
    assert {key for key, value in cl.results.items() if value is not None} == {
        "img",
        "pathnames",
        "filenames",
        "url",
    }
    assert cl.results_unique is None and not hasattr(cl, "distribution_")


def test_a_new_map_keeps_the_labels_unless_they_were_made_from_the_map(folder):
    cl = quiet(dim=(16, 16))
    cl.fit_transform(folder, max_clust=6)
    cl.embedding()
    assert cl.results["labels"] is not None
    cl.cluster(max_clust=6, cluster_space="low")
    cl.embedding()
    assert cl.results["labels"] is None


def test_clustering_again_reads_and_extracts_nothing(folder, monkeypatch):
    cl = quiet(dim=(16, 16))
    cl.fit_transform(folder, max_clust=6)
    shutil.rmtree(folder)
    feat, xycoord = cl.results["feat"], cl.results["xycoord"]
    assert len(set(cl.cluster(n_clusters=5))) == 5
    assert cl.results["feat"] is feat and cl.results["xycoord"] is xycoord


@pytest.mark.parametrize(
    "step, missing",
    [
        (lambda cl: cl.extract_feat(), "import_data"),
        (lambda cl: cl.embedding(), "extract_feat"),
        (lambda cl: cl.cluster(), "extract_feat"),
        (lambda cl: cl.cluster(cluster_space="low"), "embedding"),
        (lambda cl: cl.cluster(time_weight=0.5), "extract_feat"),
        (lambda cl: cl.unique(), "extract_feat"),
        (lambda cl: cl.find("x.png"), "extract_feat"),
        (lambda cl: cl.transform("x.png"), "extract_feat"),
        (lambda cl: cl.predict("x.png"), "cluster"),
        (lambda cl: cl.labels_, "cluster"),
        (lambda cl: cl.clusteval, "cluster"),
        (lambda cl: cl.pca, "extract_feat"),
        (lambda cl: cl.import_status, "import_data"),
        (lambda cl: cl.dendrogram(), "cluster"),
        (lambda cl: cl.scatter(), "cluster"),
        (lambda cl: cl.plot(), "cluster"),
        (lambda cl: cl.plot_unique(), "cluster"),
        (lambda cl: cl.plot_find(), "find"),
        (lambda cl: cl.to_frame(), "import_data"),
    ],
)
def test_a_step_too_early_names_the_step_to_run(step, missing):
    with pytest.raises(StepOrderError, match=missing):
        step(quiet())


def test_the_same_seed_gives_the_same_answer(digits):
    first, second = (quiet(embedding="tsne") for _ in range(2))
    for cl in (first, second):
        cl.fit_transform(digits[0][:150])
        cl.find(digits[0][:2], k=3)
    for key in ("feat", "xycoord", "labels"):
        np.testing.assert_array_equal(first.results[key], second.results[key])
    for a, b in zip(
        first.results["predict"].values(), second.results["predict"].values(), strict=True
    ):
        assert a.equals(b)


# --- known defects of the tool that came before -------------------------------------------------


def test_two_files_of_one_name_keep_their_own_pixels(folder):
    cl = quiet(dim=(16, 16), method=None)
    r = cl.import_data(folder)
    assert list(r["filenames"]).count("0.png") == 2
    first, second = np.flatnonzero(r["filenames"] == "0.png")
    assert r["img"][first].reshape(-1, 3).mean(axis=0).argmax() == 0
    assert r["img"][second].reshape(-1, 3).mean(axis=0).argmax() == 1


def test_upper_case_extensions_are_found(folder):
    (folder / "a" / "0.png").rename(folder / "a" / "IMG.PNG")
    assert "IMG.PNG" in quiet(dim=(16, 16)).import_data(folder)["filenames"]


def test_a_broken_file_is_counted_and_changes_no_other_row(folder, caplog):
    before = quiet(dim=(16, 16)).import_data(folder)
    (folder / "a" / "0_broken.png").write_bytes(b"\x89PNG\r\n\x1a\n cut off")
    cl = quiet(dim=(16, 16), verbose="warning")
    after = cl.import_data(folder)
    np.testing.assert_array_equal(before["img"], after["img"])
    assert list(before["pathnames"]) == list(after["pathnames"])
    status = cl.import_status
    assert len(status) == 13
    skipped = status[status["status"] == "skipped"]
    assert [Path(path).name for path in skipped["pathname"]] == ["0_broken.png"]
    assert [message for message in caplog.messages if "1 of 13" in message] != []


def test_the_unique_image_belongs_to_its_cluster(model):
    for k in range(2, 30, 3):
        model.cluster(n_clusters=k)
        unique = model.unique()
        np.testing.assert_array_equal(model.results["labels"][unique["idx"]], unique["labels"])


def test_labels_of_kmeans_start_at_zero(model):
    assert set(model.cluster(cluster="kmeans", n_clusters=5)) == set(range(5))


@pytest.mark.parametrize("method", ["colorhash", "crop-resistant"])
def test_hashes_that_used_to_fail_work(method, folder):
    cl = quiet(method=method, dim=(64, 64))
    cl.fit_transform(folder, max_clust=6)
    assert len(cl.results["labels"]) == 12


def test_find_works_after_load(folder, tmp_path):
    cl = quiet(dim=(16, 16))
    cl.fit_transform(folder, max_clust=6)
    expected = cl.find(folder / "b" / "3.png", k=3, alpha=None)["3.png"]
    cl.save(tmp_path / "model.clustimage")
    back = Clustimage.load(tmp_path / "model.clustimage")
    assert back.find(folder / "b" / "3.png", k=3, alpha=None)["3.png"].equals(expected)


# --- parameters ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"method": "pcaa"}, "'method' must be one of .*Did you mean 'pca'"),
        ({"method": 3}, "method"),
        ({"embedding": "tnse"}, "Did you mean 'tsne'"),
        ({"params_pca": {"n_component": 3}}, "Did you mean 'n_components'"),
        ({"params_hog": {"orientation": 3}}, "orientations"),
        ({"params_hash": [8]}, "'params_hash' must be a dict"),
        ({"dim": 128}, "'dim' must be two whole numbers"),
        ({"dim": (0, 5)}, "'dim'"),
        ({"grayscale": "yes"}, "'grayscale' must be True or False"),
        ({"random_state": -1}, "'random_state'"),
        ({"n_jobs": 0.5}, "'n_jobs'"),
        ({"n_jobs": 0}, "'n_jobs'"),
        ({"verbose": "loud"}, "'verbose'"),
        ({"ext": 5}, "'ext'"),
    ],
)
def test_a_wrong_setting_is_one_clear_error(settings, words):
    with pytest.raises(InvalidParameterError, match=words):
        Clustimage(**settings)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"cluster": "agglomerate"}, "Did you mean 'agglomerative'"),
        ({"evaluate": "silhouete"}, "Did you mean 'silhouette'"),
        ({"linkage": "wards"}, "Did you mean 'ward'"),
        ({"metric": "euclid"}, "Did you mean 'euclidean'"),
        ({"cluster_space": "hihg"}, "Did you mean 'high'"),
        ({"metric": "cosine"}, "ward"),
        ({"cluster": "dbscan", "evaluate": "derivative"}, "derivative"),
        ({"min_clust": 10, "max_clust": 5}, "max_clust"),
        ({"n_clusters": 0}, "n_clusters"),
        ({"min_size": 0}, "min_size"),
    ],
)
def test_a_wrong_request_is_refused_before_any_work(options, words, tmp_path):
    with pytest.raises(InvalidParameterError, match=words):
        quiet().fit_transform(tmp_path / "nowhere", **options)


def test_hog_sets_grayscale_with_a_warning(caplog):
    cl = Clustimage(method="hog", verbose="warning")
    assert cl.params["grayscale"] is True
    assert any("grayscale" in message for message in caplog.messages)


def test_defaults_are_not_changed_in_place(digits):
    cl = quiet(params_hog={"orientations": 4})
    assert cl.params["params_hog"]["pixels_per_cell"] == (8, 8)
    cl.params["params_hog"]["orientations"] = 99
    assert Clustimage(verbose="error").params["params_hog"]["orientations"] == 8


# --- awkward input ------------------------------------------------------------------------------


def test_a_folder_without_images_is_one_clear_error(tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(ImageReadError, match="(?i)no image"):
        quiet().fit_transform(tmp_path)


def test_a_path_that_does_not_exist_is_one_clear_error(tmp_path):
    with pytest.raises(ImageReadError, match="does not exist"):
        quiet().fit_transform(tmp_path / "nowhere")


def test_nan_and_unknown_shapes_are_refused(digits):
    X = digits[0][:20].copy()
    X[3, 5] = np.nan
    with pytest.raises(InvalidDataError, match="(?i)nan"):
        quiet().fit_transform(X)
    with pytest.raises(InvalidDataError, match="dim"):
        quiet().fit_transform(np.ones((4, 77)))


def test_three_images_say_what_can_be_done(digits):
    with pytest.raises(InvalidParameterError, match="3 images|n_clusters"):
        quiet().fit_transform(digits[0][:3])
    labels = quiet().fit_transform(digits[0][:3], n_clusters=2)["labels"]
    assert sorted(np.bincount(labels)) == [1, 2]


def test_more_clusters_than_images_are_refused(digits):
    with pytest.raises(InvalidParameterError, match="n_clusters"):
        quiet().fit_transform(digits[0][:5], n_clusters=6)


def test_one_image_is_read_and_extracted_but_not_clustered(digits):
    cl = quiet()
    cl.import_data(digits[0][:1])
    assert cl.extract_feat().shape[0] == 1
    assert cl.embedding().shape == (1, 2)
    with pytest.raises(InvalidParameterError, match="1 image"):
        cl.cluster()


def test_equal_images_are_one_cluster(digits):
    cl = quiet()
    cl.fit_transform(np.repeat(digits[0][:1], 10, axis=0))
    np.testing.assert_array_equal(cl.results["labels"], np.zeros(10))
    assert len(cl.results_unique["idx"]) == 1


# --- transform, predict, find -------------------------------------------------------------------


def test_features_of_known_images_are_those_of_the_fit(model, digits):
    np.testing.assert_allclose(model.transform(digits[0][:7]), model.results["feat"][:7], atol=1e-3)


def test_known_images_get_their_own_label_back(model, digits):
    model.cluster()
    np.testing.assert_array_equal(model.predict(digits[0][:400]), model.results["labels"])


def test_new_images_get_the_cluster_of_their_kind(digits):
    X, y = digits
    cl = quiet()
    cl.fit_transform(X[:1000], n_clusters=12)
    assert adjusted_rand_score(y[1000:1500], cl.predict(X[1000:1500])) > 0.5


def test_a_query_that_cannot_be_read_is_an_error_where_rows_must_match(model, tmp_path, folder):
    cl = quiet(dim=(16, 16))
    cl.fit_transform(folder, max_clust=6)
    (tmp_path / "bad.png").write_bytes(b"no")
    good = folder / "a" / "1.png"
    with pytest.raises(ImageReadError, match=r"1 of 2 .*bad\.png"):
        cl.transform([good, tmp_path / "bad.png"])
    assert list(cl.find([good, tmp_path / "bad.png"], k=1, alpha=None)) == ["feat", "1.png"]


def test_queries_of_one_name_are_told_apart_by_their_path(folder):
    cl = quiet(dim=(16, 16))
    cl.fit_transform(folder, max_clust=6)
    paths = [str(folder / "a" / "0.png"), str(folder / "b" / "0.png"), str(folder / "b" / "4.png")]
    answer = cl.find(paths, k=2, alpha=None)
    assert list(answer) == ["feat", *paths[:2], "4.png"]
    assert list(answer["feat"].index) == [*paths[:2], "4.png"]
    for path, table in zip(paths, list(answer.values())[1:], strict=True):
        assert table["y_pathnames"].iloc[0] == path
        assert table["distance"].iloc[0] == pytest.approx(0, abs=1e-3)
        assert set(table["x_pathnames"]) == {path}


def test_find_without_clusters_leaves_the_labels_empty(folder):
    cl = quiet(dim=(16, 16))
    cl.import_data(folder)
    cl.extract_feat()
    table = cl.find(folder / "a" / "0.png", k=2, alpha=None)["0.png"]
    assert table["labels"].isna().all()


def test_the_distribution_of_distances_can_be_read_and_is_reused(model, digits):
    model.find(digits[0][0])
    null = model.distribution_
    assert null.name == "empirical"
    model.find(digits[0][1])
    assert model.distribution_ is null
    model.find(digits[0][1], metric="cityblock", k=1)
    assert model.distribution_ is not null and model.distribution_.metric == "cityblock"


def test_dendrogram_cuts_where_it_is_told(model):
    model.cluster()
    heights = model.clustering_.tree[:, 2]
    out = model.dendrogram(max_d=(heights[-4] + heights[-5]) / 2)
    assert len(set(out["labels"])) == 5
    np.testing.assert_array_equal(out["labels"], model.results["labels"])
    assert len(model.results_unique["idx"]) == 5
    assert len(set(model.clusteval.results["labx"])) == 5


def test_dendrogram_without_a_tree_says_so(model):
    model.cluster(cluster="kmeans", n_clusters=4)
    with pytest.raises(StepOrderError, match="agglomerative"):
        model.dendrogram()


def test_an_example_with_known_groups_is_grouped():
    paths = import_example("shapes")
    cl = quiet(method="hog", grayscale=True, dim=(64, 64))
    cl.fit_transform(paths)
    assert len(cl.results["labels"]) == len(paths)


def test_the_table_measures_distances_as_the_clustering_did(digits):
    cl = quiet()
    cl.fit_transform(digits[0][:120], metric="cosine", linkage="average", n_clusters=5)
    table = cl.to_frame()
    nearest = table.loc[table.groupby("label")["distance_to_center"].idxmin()]
    assert nearest["is_unique"].all()


def test_queries_of_every_form_are_scaled_as_the_array_that_was_fitted(digits):
    X = digits[0][:50]
    cl = quiet()
    cl.fit_transform(X, n_clusters=4)
    dark = X[3] / 2
    rows = cl.transform(dark)
    np.testing.assert_array_equal(cl.transform([dark.reshape(8, 8)]), rows)
    assert np.linalg.norm(rows - cl.results["feat"][3]) > 100


def test_a_cut_that_cannot_be_drawn_changes_nothing(digits):
    cl = quiet()
    cl.fit_transform(digits[0][:80])
    before = cl.results["labels"]
    with pytest.raises((InvalidParameterError, TypeError)):
        cl.dendrogram(max_d=1.0, ax="no axes")
    assert cl.results["labels"] is before


def test_a_map_of_other_rows_must_fit_the_images(digits):
    cl = quiet()
    cl.fit_transform(digits[0][:60])
    with pytest.raises(InvalidDataError, match="a row for each of 60 images. Got 10"):
        cl.embedding(cl.results["feat"][:10])
    with pytest.raises(InvalidDataError, match="feat"):
        cl.embedding("abc")
    cl.embedding(np.random.default_rng(0).normal(size=(60, 3)))
    cl.cluster()
    cl.find(digits[0][:2], k=2)
    assert cl.scatter() is not None


def test_what_is_not_there_yet_is_no_attribute():
    cl = quiet()
    for name in ("labels_", "clusteval", "pca", "import_status", "shape_", "distribution_"):
        assert not hasattr(cl, name)


# --- similarity and time ------------------------------------------------------------------------


def test_the_similarity_cut_is_part_of_the_chain(digits):
    one = Clustimage(embedding=None, verbose="error")
    assert set(one.fit_transform(digits[0][:60], sim=0)["labels"]) == {0}
    assert len(set(one.cluster(sim=1))) == 60


def test_a_wrong_similarity_or_time_is_refused_before_any_image_is_read():
    cl = Clustimage(embedding=None, verbose="error")
    with pytest.raises(InvalidParameterError, match="'sim'"):
        cl.fit_transform("no/such/folder", sim=2)
    with pytest.raises(InvalidParameterError, match="'timestamps'"):
        cl.fit_transform("no/such/folder", time_weight=0.5, timestamps="clock")


def test_a_wrong_word_for_time_is_refused_also_where_time_does_not_count(digits):
    cl = Clustimage(embedding=None, verbose="error")
    cl.fit_transform(digits[0][:60])
    with pytest.raises(InvalidParameterError, match="'timestamps'"):
        cl.cluster(timestamps="clock")


def test_times_that_were_used_are_in_the_import_status_until_the_next_clustering(digits):
    cl = Clustimage(embedding=None, verbose="error")
    cl.fit_transform(digits[0][:6], sim=0.5, time_weight=1.0, timestamps=[0, 1, 2, 900, 901, 902])
    assert cl.results["labels"].tolist() == [0, 0, 0, 1, 1, 1]
    assert cl.import_status["timestamp_from"].tolist() == ["given"] * 6
    assert cl._state.timestamps.seconds.tolist() == [0, 1, 2, 900, 901, 902]
    cl.cluster(n_clusters=2)
    assert cl._state.timestamps is None


def test_times_survive_saving(digits, tmp_path):
    cl = Clustimage(embedding=None, verbose="error")
    cl.fit_transform(digits[0][:6], sim=0.5, time_weight=1.0, timestamps=[0, 1, 2, 900, 901, 902])
    back = Clustimage.load(cl.save(tmp_path / "model"))
    assert back.import_status.equals(cl.import_status)
    assert back.clustering_.params["sim"] == 0.5


@pytest.mark.parametrize("sim", [0, 0.4, 1])
def test_the_tree_shows_where_the_similarity_cuts_it(digits, sim):
    cl = Clustimage(embedding=None, verbose="error")
    labels = cl.fit_transform(digits[0][:60], sim=sim)["labels"].copy()
    drawn = cl.dendrogram()
    assert drawn["max_d"] == cl.clustering_.height
    assert (drawn["labels"] == labels).all()


# --- faces --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def astronauts(tmp_path_factory):
    """Two photos with two faces each, the same person, and what was found in them."""
    from skimage.data import astronaut

    folder = tmp_path_factory.mktemp("astronauts")
    one = astronaut()[:300, 100:400]
    for number in range(2):
        both = np.concatenate([one, np.clip(one + 10.0 * number, 0, 255)], axis=1)
        Image.fromarray(both.astype(np.uint8)).save(folder / f"{number}.png")
    cl = Clustimage(method="pca", embedding=None, dirpath=folder / "out", verbose="error")
    return cl, cl.extract_faces([folder / "0.png", folder / "1.png"])


def test_faces_enter_the_chain_and_know_their_photo(astronauts):
    cl, faces = astronauts
    assert [len(crops) for crops in faces["pathnames_face"]] == [2, 2]
    cl.fit_transform(faces["pathnames_face"], n_clusters=2)
    frame = cl.to_frame()
    assert frame["photo"].tolist() == [path for path in faces["pathnames"] for _ in range(2)]
    assert frame["face"].tolist() == [0, 1, 0, 1]
    assert cl.results_faces is faces


def test_two_faces_of_one_photo_are_kept_apart(astronauts):
    cl, faces = astronauts
    cl.fit_transform(faces["pathnames_face"], n_clusters=2, cannot_link="photo")
    labels = cl.results["labels"]
    assert labels[0] != labels[1] and labels[2] != labels[3]


def test_faces_of_an_earlier_run_know_their_photo_too(astronauts, tmp_path):
    cl, faces = astronauts
    cl.fit_transform(faces["pathnames_face"], n_clusters=2)
    back = Clustimage.load(cl.save(tmp_path / "model"))
    assert back.to_frame()["photo"].tolist() == cl.to_frame()["photo"].tolist()
    other = Clustimage(embedding=None, verbose="error")
    other.fit_transform(faces["pathnames_face"], n_clusters=2, cannot_link="photo")
    assert other.results["labels"][0] != other.results["labels"][1]


def test_cannot_link_by_photo_needs_faces(digits):
    cl = Clustimage(embedding=None, verbose="error")
    cl.fit_transform(digits[0][:20])
    with pytest.raises(InvalidDataError, match="none of the images is a face"):
        cl.cluster(cannot_link="photo")
    assert "photo" not in cl.to_frame()


def test_cannot_link_is_no_other_word(digits):
    cl = Clustimage(embedding=None, verbose="error")
    cl.fit_transform(digits[0][:20])
    with pytest.raises(InvalidParameterError, match="'cannot_link' must be one of 'photo'"):
        cl.cluster(cannot_link="foto")


# --- time and place -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trip(tmp_path_factory):
    """Six photos: three in Berlin in one hour, two on Fiji a week later, one without EXIF data."""
    folder = tmp_path_factory.mktemp("trip")
    berlin, fiji = (52.5, 13.4), (-16.8, 179.9)
    taken = [
        (berlin, "01 10"),
        (berlin, "01 10"),
        (berlin, "01 11"),
        (fiji, "08 09"),
        (fiji, "08 09"),
    ]
    rng = np.random.default_rng(0)
    for number, (place, day_and_hour) in enumerate([*taken, (None, None)]):
        picture = Image.fromarray(rng.integers(0, 255, (20, 20, 3), dtype=np.uint8))
        exif = picture.getexif()
        if place is not None:
            exif[306] = f"2015:06:{day_and_hour}:00:00"
            exif[34853] = {1: "S" if place[0] < 0 else "N", 2: (abs(place[0]), 0.0, 0.0)}
            exif[34853] |= {3: "E", 4: (place[1], 0.0, 0.0)}
        picture.save(folder / f"{number}.jpg", exif=exif)
    return folder


def test_photos_are_grouped_by_time_and_by_place(trip):
    cl = Clustimage(method="exif", verbose="error")
    cl.fit_transform(trip, metric="datetime")
    assert cl.results["labels"].tolist() == [0, 0, 0, 1, 1, -2]
    assert cl.cluster(metric="latlon").tolist() == [0, 0, 0, 1, 1, -2]
    assert cl.feature_names_ == ("time", "east", "north", "down", "has_time", "has_place")
    assert cl.metadata["latitude"].round(1).tolist()[:4] == [52.5, 52.5, 52.5, -16.8]
    assert cl.predict(trip / "3.jpg").tolist() == [1]


def test_new_photos_get_an_event_by_their_time_and_a_place_by_their_place(trip, tmp_path):
    later = Image.new("RGB", (20, 20))
    exif = later.getexif()
    exif[0x8769] = {0x9003: "2025:05:01 10:00:00"}
    exif[0x8825] = {1: "N", 2: (52.5, 0, 0), 3: "E", 4: (13.4, 0, 0)}
    later.save(tmp_path / "later.jpg", exif=exif)
    new = [tmp_path / "later.jpg", trip / "3.jpg", trip / "5.jpg"]
    cl = Clustimage(method="exif", embedding=None, verbose="error")
    cl.fit_transform(trip, metric="latlon")
    assert cl.predict(new).tolist() == [0, 1, -2]
    cl.cluster(metric="datetime")
    assert Clustimage.load(cl.save(tmp_path / "model")).predict(new).tolist() == [-1, 1, -2]


def test_a_metric_of_time_needs_the_method_that_reads_it(trip):
    cl = Clustimage(method="pca", verbose="error")
    with pytest.raises(InvalidParameterError, match="goes with that only. Got method='pca'"):
        cl.fit_transform("no/such/folder", metric="datetime")


def test_time_and_place_count_beside_content(trip):
    cl = Clustimage(method="phash", embedding=None, verbose="error")
    cl.fit_transform([trip / f"{i}.jpg" for i in range(5)], n_clusters=2, place_weight=1.0)
    assert cl.results["labels"].tolist() == [0, 0, 0, 1, 1]
    cl.cluster(n_clusters=2, place_weight=0.4, time_weight=0.6)
    assert cl.results["labels"].tolist() == [0, 0, 0, 1, 1]
    with pytest.raises(InvalidParameterError, match="at most 1"):
        cl.cluster(place_weight=0.6, time_weight=0.6)


def test_metadata_survive_without_the_files(trip, tmp_path):
    cl = Clustimage(method="phash", embedding=None, dirpath=tmp_path, verbose="error")
    cl.fit_transform(shutil.copytree(trip, tmp_path / "photos"), n_clusters=2)
    before = cl.metadata
    path = cl.save(tmp_path / "model")
    shutil.rmtree(tmp_path / "photos")
    back = Clustimage.load(path)
    assert back.metadata.equals(before)
    assert "3.jpg" in Path(back.plot_map()).read_text("utf-8")


def test_metadata_of_files_that_are_gone_are_told_and_not_kept(trip, tmp_path, caplog):
    photos = tmp_path / "photos"
    shutil.copytree(trip, photos)
    cl = Clustimage(embedding=None, verbose="warning")
    cl.import_data(photos)
    photos.rename(tmp_path / "elsewhere")
    assert set(cl.metadata["reason"]) == {"The file is not there"}
    assert "not where they were" in caplog.text
    (tmp_path / "elsewhere").rename(photos)
    assert cl.metadata["latitude"].notna().any()


# --- names --------------------------------------------------------------------------------------

EXAMPLES = [
    found
    for found in doctest.DocTestFinder().find(Clustimage, "Clustimage", module=module)
    if found.examples
]


@pytest.mark.parametrize("examples", EXAMPLES, ids=lambda found: found.name)
def test_the_examples_of_the_class_give_what_they_show(examples):
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert runner.run(examples).failed == 0


@pytest.mark.parametrize("name", sorted(set(clustimage.__all__) - {"__version__"}))
def test_a_public_name_says_that_it_lives_in_the_package(name):
    assert getattr(clustimage, name).__module__ == "clustimage"


def test_code_of_the_older_tool_finds_the_functions_in_the_module_of_the_class():
    for name in module.__all__:
        assert getattr(module, name) is getattr(clustimage, name)


def test_find_says_that_equal_images_are_too_many_to_be_significant(caplog):
    rows = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    cl = Clustimage(method="precomputed", embedding=None, verbose="warning")
    cl.fit_transform(features=np.vstack([rows, np.repeat(rows[:1], 20, axis=0)]), n_clusters=3)
    with caplog.at_level("WARNING", "clustimage"):
        found = cl.find(features=rows[:1])
        assert len(list(found.values())[1]) == 0
        (said,) = caplog.messages
        assert said.startswith("Of all pairs of images 12 % are equal, more than alpha=0.05 allows")
        caplog.clear()
        assert len(list(cl.find(features=rows[:1], k=2).values())[1]) == 2
        assert len(list(cl.find(features=rows[:1], alpha=0.2).values())[1]) > 20
        assert caplog.messages == []

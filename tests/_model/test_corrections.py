"""Corrections last: through saving, other clusterers, renamed files, and another order."""

from __future__ import annotations

import copy
import json
import logging
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clustimage import Clustimage, InvalidDataError, InvalidParameterError, StepOrderError
from clustimage.corrections import labels_digest, read_corrections

HEAD = {"format": "clustimage-corrections", "version": 1}
KINDS = np.repeat(np.arange(6), 10)


def model(**settings):
    return Clustimage(
        **{"method": "color", "embedding": None, "dim": (32, 32), "verbose": "info", **settings}
    )


@pytest.fixture(scope="module")
def fitted_once(few_photos):
    return model(verbose="error").fit([str(path) for path in few_photos], n_clusters=6)


@pytest.fixture
def fitted(fitted_once):
    """Sixty photos in six clusters of ten, which are the six kinds."""
    found = copy.deepcopy(fitted_once)
    found.set_params(verbose="info")
    for label in range(6):
        assert len(set(KINDS[found.labels_ == label])) == 1
    return found


@pytest.fixture
def album(few_photos, tmp_path):
    """A folder of its own with the photos, to be changed."""
    folder = tmp_path / "album"
    folder.mkdir()
    for path in few_photos:
        shutil.copy2(path, folder / f"{path.parent.name}_{path.name}")
    return folder


def label_of(found, kind):
    """The cluster that most photos of a kind are in."""
    return int(np.bincount(found.labels_[kind == KINDS]).argmax())


def rows_of(found, label):
    return np.flatnonzero(found.labels_ == label)


def state_of(found):
    """All that corrections change, to see whether it has changed."""
    return (
        found.labels_.tolist(),
        found.names,
        json.dumps(found.corrections),
        found.results_unique["idx"].tolist(),
    )


# --- what each method does -----------------------------------------------------------------------


def test_merged_clusters_are_one_and_others_keep_their_numbers(fitted):
    before = fitted.labels_.copy()
    answer = fitted.merge([3, 5])
    assert answer is fitted.results["labels"]
    assert fitted.labels_.tolist() == np.where(before == 5, 3, before).tolist()
    assert fitted.results_unique["labels"].tolist() == [0, 1, 2, 3, 4]
    for label, idx in zip(
        fitted.results_unique["labels"], fitted.results_unique["idx"], strict=True
    ):
        assert fitted.labels_[idx] == label


def test_clusters_are_merged_by_name_and_keep_the_first_one(fitted, caplog):
    fitted.rename({4: "sea", 2: "lake"})
    fitted.merge([1, "sea", "lake"])
    assert fitted.names == {4: "sea"}
    assert set(fitted.labels_.tolist()) == {0, 3, 4, 5}
    assert "The name 'lake' is gone with its cluster." in caplog.text


def test_what_a_find_had_found_is_stale_after_a_correction(fitted, few_photos):
    fitted.find(str(few_photos[0]), k=3)
    fitted.merge([0, 1])
    assert fitted.results["predict"] is None


def test_a_correction_without_effect_drops_nothing(fitted, few_photos):
    fitted.find(str(few_photos[0]), k=3)
    fitted.rename({0: "beach"})
    fitted.must_link(rows_of(fitted, 0)[:2])
    assert fitted.results["predict"] is not None


def test_a_split_finds_what_was_merged(fitted):
    before = fitted.labels_.copy()
    fitted.merge([0, 1])
    fitted.rename({0: "both"})
    fitted.split(0)
    assert fitted.names == {0: "both"}
    assert set(fitted.labels_.tolist()) == {0, 2, 3, 4, 5, 6}  # 1 and above are those of before
    pairs = set(zip(before.tolist(), fitted.labels_.tolist(), strict=True))
    assert len(pairs) == 6


def test_a_split_into_three_has_the_largest_part_first(fitted):
    members = rows_of(fitted, 2)
    fitted.split(2, n_clusters=3)
    parts = [int((fitted.labels_ == label).sum()) for label in (2, 6, 7)]
    assert sum(parts) == 10 and parts == sorted(parts, reverse=True) and min(parts) > 0
    assert set(fitted.labels_[members].tolist()) == {2, 6, 7}


@pytest.mark.parametrize("settings", [{"cluster": "kmeans"}, {"cluster": "dbscan"}, {"sim": 0.6}])
def test_clusters_of_every_clusterer_can_be_split(fitted, settings):
    fitted.cluster(**settings)
    largest = int(np.bincount(fitted.labels_[fitted.labels_ >= 0]).argmax())
    n = len(set(fitted.labels_.tolist()))
    fitted.split(largest, n_clusters=2)
    assert len(set(fitted.labels_.tolist())) == n + 1


def test_a_cluster_of_two_is_split_and_one_of_one_is_not(fitted):
    fitted.move([0, 1], to="new")
    fitted.split(6)
    assert fitted.labels_[0] != fitted.labels_[1]
    with pytest.raises(InvalidParameterError, match="Cluster 6 has 1 image: too few to be parted"):
        fitted.split(6)
    with pytest.raises(InvalidParameterError, match="too few to be parted into 11"):
        fitted.split(int(fitted.labels_[30]), n_clusters=11)


def test_images_with_equal_features_cannot_be_split():
    cl = Clustimage(method="precomputed", embedding=None, verbose="error")
    cl.fit_transform(features=np.repeat(np.eye(3), 4, axis=0), n_clusters=3)
    with pytest.raises(InvalidDataError, match="are equal, and cannot part it"):
        cl.split(0)


def test_images_are_moved_by_position_path_file_name_and_mask(fitted, few_photos):
    to = label_of(fitted, 5)
    mask = np.zeros(60, dtype=bool)
    mask[7] = True
    fitted.move(0, to=to)
    fitted.move(str(few_photos[1]), to=to)
    fitted.move([few_photos[2], Path(os.path.relpath(few_photos[3]))], to=to)
    fitted.move(mask, to=to)
    fitted.move(pd.Series(mask), to=to)
    fitted.move(np.array([4]), to=to)
    assert np.flatnonzero(fitted.labels_ == to).tolist() == [0, 1, 2, 3, 4, 7, *range(50, 60)]


def test_images_make_a_new_cluster_or_are_in_none(fitted):
    assert set(fitted.move([0, 10], to="new")[[0, 10]].tolist()) == {6}
    assert fitted.move([1], to=-1)[1] == -1
    assert fitted.move([0], to=np.int64(2))[0] == 2


def test_a_file_name_must_tell_images_apart(fitted, few_photos):
    name = few_photos[0].name
    same = sum(path.name == name for path in few_photos)
    if same == 1:
        fitted.move(name, to=0)
    else:
        with pytest.raises(InvalidParameterError, match=f"{same} have this file name"):
            fitted.move(name, to=0)


def test_linked_images_are_in_one_cluster_and_images_apart_in_several(fitted):
    a, b = int(fitted.labels_[0]), int(fitted.labels_[10])
    assert fitted.must_link([0, 10])[[0, 10]].tolist() == [a, a]
    assert fitted.cannot_link([0, 10])[0] == a
    assert fitted.labels_[10] != a
    assert b != a


def test_names_are_given_changed_exchanged_and_taken_away(fitted):
    assert fitted.names == {}
    assert fitted.rename({2: "lake", 0: "beach"}) == {0: "beach", 2: "lake"}
    assert fitted.rename({"beach": "lake", "lake": "beach"}) == {0: "lake", 2: "beach"}
    assert fitted.rename({"lake": None}) == {2: "beach"}


def test_names_cannot_be_changed_from_outside(fitted):
    fitted.rename({0: "beach"})
    fitted.names[0] = "sea"
    assert fitted.names == {0: "beach"}


# --- what is refused, and nothing is changed -----------------------------------------------------


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda m: m.merge([3]), "'labels' must name two different clusters or more"),
        (lambda m: m.merge([3, 3]), "'labels' must name two different clusters or more"),
        (lambda m: m.merge([]), "'labels' must not be empty"),
        (lambda m: m.merge(None), "'labels' must be a list"),
        (lambda m: m.merge({3: 5}), "'labels' must be a list"),
        (lambda m: m.merge([3, 17]), r"a cluster that is there \(0, 1, 2, 3, 4, 5\). Got 17"),
        (lambda m: m.merge([3, -1]), "must be a cluster that is there"),
        (lambda m: m.merge([3, "sea"]), r"by its name \('beach'\). Got 'sea'"),
        (lambda m: m.merge([3, 2.5]), "'labels' must be"),
        (lambda m: m.split(6), "'label' must be a cluster that is there"),
        (lambda m: m.split(0, n_clusters=1), "'n_clusters' must be"),
        (lambda m: m.rename({}), "'names' must be a dict"),
        (lambda m: m.rename("beach"), "'names' must be a dict"),
        (lambda m: m.rename({9: "a"}), "'names' must be a cluster that is there"),
        (lambda m: m.rename({1: 3}), "'names' must have text as names"),
        (lambda m: m.rename({1: "new"}), "stands for a new cluster, for cluster 1"),
        (lambda m: m.rename({1: ""}), "1 to 100 characters"),
        (lambda m: m.rename({1: "beach"}), r"'beach' would be the name of the clusters 0 and 1.*"),
        (lambda m: m.rename({1: "a", 2: "a"}), "'a' would be the name of the clusters 1 and 2"),
        (lambda m: m.move([60], to=0), "'images' must be"),
        (lambda m: m.move([-1], to=0), "'images' must be"),
        (lambda m: m.move([], to=0), "'images' must not be empty"),
        (lambda m: m.move(np.zeros(60, bool), to=0), "'images' must not be empty"),
        (lambda m: m.move(np.ones(59, bool), to=0), r"a mask of the shape \(60,\)"),
        (lambda m: m.move("no such.jpg", to=0), "must be paths or file names of the model's"),
        (lambda m: m.move([0], to=12), r"a cluster that is there .*, 'new' or -1. Got 12"),
        (lambda m: m.move([0], to=-2), "a cluster that is there"),
        (lambda m: m.move([0], to="sea"), "a cluster, 'new' or -1: by number, or by its name"),
        (lambda m: m.must_link([4]), "2 different images or more"),
        (lambda m: m.cannot_link([4, 4]), "2 different images or more"),
        (lambda m: m.apply_corrections(3), "'corrections' must be a file or a dict"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence_and_nothing_changes(fitted, call, sentence):
    fitted.rename({0: "beach"})
    before = state_of(fitted)
    with pytest.raises(InvalidParameterError, match=sentence):
        call(fitted)
    assert state_of(fitted) == before


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.merge([0, 1]),
        lambda m: m.split(0),
        lambda m: m.rename({0: "a"}),
        lambda m: m.move([0], to=1),
        lambda m: m.must_link([0, 1]),
        lambda m: m.cannot_link([0, 1]),
        lambda m: m.apply_corrections(HEAD),
        lambda m: m.forget_corrections(),
    ],
)
def test_before_there_are_clusters_the_step_is_named(call):
    with pytest.raises(StepOrderError, match=r"cluster\(\)"):
        call(model())


def test_a_model_without_corrections_has_none(fitted):
    assert model().names == {}
    assert model().corrections == {**HEAD, "actions": []}
    assert fitted.corrections == {
        **HEAD,
        "actions": [],
        "clustering": labels_digest(fitted.labels_),
    }


# --- what lasts ----------------------------------------------------------------------------------


def correct(found):
    """Make corrections of all kinds; return what must be true from then on."""
    merged = [label_of(found, 0), label_of(found, 1)]
    found.rename({label_of(found, 2): "coffee", label_of(found, 3): "coins"})
    found.merge(merged)
    found.move([40, 41], to="coffee")
    found.move([42, 43], to="new")
    found.move([44], to=-1)
    found.must_link([50, 20])
    found.cannot_link([51, 52])


def holds(found, rows=None):
    """Check what `correct` has decided; `rows` are those of the images now."""
    at = np.arange(60) if rows is None else rows
    labels = found.labels_[at]
    first, second = (np.bincount(labels[part] + 1).argmax() for part in np.split(np.arange(20), 2))
    assert first == second > 0  # merged: most images of both
    coffee = {name: label for label, name in found.names.items()}["coffee"]
    assert set(labels[[40, 41]].tolist()) == {coffee}
    assert np.bincount(labels[20:30]).argmax() == coffee
    assert labels[42] == labels[43] >= 0
    assert (labels == labels[42]).sum() == 2
    assert labels[44] == -1
    assert labels[50] == labels[20]
    assert labels[51] != labels[52]
    assert sorted(found.names.values()) == ["coffee", "coins"]


def test_corrections_hold(fitted):
    correct(fitted)
    holds(fitted)


def test_corrections_survive_save_and_load(fitted, tmp_path):
    correct(fitted)
    before = state_of(fitted)
    back = Clustimage.load(fitted.save(tmp_path / "model.clustimage"))
    assert state_of(back) == before
    back.merge(["coffee", "coins"])  # goes on
    assert list(back.names.values()) == ["coffee"]


def test_corrections_survive_a_pickle(fitted):
    correct(fitted)
    assert state_of(pickle.loads(pickle.dumps(fitted))) == state_of(fitted)


@pytest.mark.parametrize(
    "settings",
    [
        {"n_clusters": 6},
        {"cluster": "kmeans", "n_clusters": 6},
        {"cluster": "kmeans", "n_clusters": 7},
        {"sim": 0.5},
    ],
    ids=str,
)
def test_corrections_hold_after_another_cluster(fitted, settings, caplog):
    correct(fitted)
    caplog.clear()
    fitted.cluster(**settings)
    holds(fitted)
    assert "Corrections: 6 corrections made again." in caplog.text
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]
    labels = fitted.labels_
    sizes = np.bincount(labels[labels >= 0])
    assert (np.diff(sizes) <= 0).all()  # 0 is the largest


def test_corrections_survive_a_model_that_is_saved_loaded_and_clustered_again(fitted, tmp_path):
    correct(fitted)
    back = Clustimage.load(fitted.save(tmp_path / "model.clustimage"))
    back.cluster(cluster="kmeans", n_clusters=6)
    holds(back)


def test_a_dendrogram_that_is_cut_keeps_corrections(fitted):
    correct(fitted)
    cut = fitted.dendrogram(max_d=fitted.clustering_.tree[-6, 2])
    holds(fitted)
    assert cut["labels"].tolist() == fitted.labels_.tolist()


def test_the_log_says_which_corrections_no_longer_hold(fitted, caplog):
    fitted.merge([label_of(fitted, 0), label_of(fitted, 1)])
    fitted.rename({label_of(fitted, 2): "coffee", label_of(fitted, 3): "coins"})
    fitted.move([59], to=label_of(fitted, 3))
    caplog.clear()
    fitted.cluster(sim=1)  # every image alone
    assert (
        "Corrections: 2 of 2 no longer hold, as their images are not here or not together in one "
        "cluster: 1 merge, 1 move." in caplog.text
    )
    fitted.cluster(sim=0)  # one cluster of all: it cannot have two names
    assert "No cluster is left for the name 'coffee'." in caplog.text  # of fewer images
    assert list(fitted.names.values()) == ["coins"]
    fitted.cluster(n_clusters=6)  # nothing is forgotten
    assert sorted(fitted.names.values()) == ["coffee", "coins"]
    assert fitted.labels_[59] == label_of(fitted, 3)
    assert len(set(fitted.labels_[:20].tolist())) == 1


def test_corrections_last_when_the_photos_are_imported_again_in_another_order(fitted, few_photos):
    correct(fitted)
    order = np.random.default_rng(0).permutation(60)
    fitted.import_data([str(few_photos[i]) for i in order])
    fitted.extract_feat()
    fitted.cluster(n_clusters=6)
    holds(fitted, np.argsort(order))


def test_a_fit_of_other_photos_has_none_of_them_and_says_so(fitted, digits, caplog):
    correct(fitted)
    fitted.set_params(method="pca", dim=(8, 8))
    caplog.clear()
    fitted.fit(digits[0][:50], n_clusters=4)
    assert fitted.names == {}
    assert "6 of 6 no longer hold" in caplog.text
    assert "No cluster is left for the names 'coffee', 'coins'." in caplog.text


def test_corrections_last_when_files_are_renamed_and_folders_moved(album, tmp_path):
    cl = model().fit(str(album), n_clusters=6)
    correct(cl)
    pairs = json.loads(json.dumps(cl.corrections))
    for i, path in enumerate(sorted(album.iterdir())):
        path.rename(album / f"{(i * 37) % 60:03d}.jpg")
    other = tmp_path / "elsewhere"
    album.rename(other)
    order = np.argsort([(i * 37) % 60 for i in range(60)])
    cl.fit(str(other), n_clusters=6)
    holds(cl, np.argsort(order))
    fresh = model().fit(str(other), n_clusters=6)
    fresh.apply_corrections(pairs)
    holds(fresh, np.argsort(order))


def test_corrections_are_kept_when_the_files_are_gone(album, tmp_path):
    cl = model().fit(str(album), n_clusters=6)
    path = cl.save(tmp_path / "model.clustimage")
    shutil.rmtree(album)
    back = Clustimage.load(path)
    correct(back)
    back.cluster(cluster="kmeans", n_clusters=6)
    holds(back)


def test_corrections_of_a_model_whose_files_were_gone_hold_where_they_are(album, tmp_path):
    cl = model().fit(str(album), n_clusters=6)
    shutil.move(album, tmp_path / "hidden")
    correct(cl)
    plain = cl.corrections
    shutil.move(tmp_path / "hidden", album)
    fresh = model().fit(str(album), n_clusters=6)
    fresh.apply_corrections(plain)
    holds(fresh)


@pytest.mark.parametrize("with_cache", [True, False])
def test_with_or_without_a_cache_digests_are_the_same(album, tmp_path, with_cache):
    settings = {"dirpath": str(tmp_path / "cache")} if with_cache else {}
    cl = model(**settings).fit(str(album), n_clusters=6)
    cl.rename({0: "first"})
    (rename,) = cl.corrections["actions"]
    found = read_corrections({**HEAD, "actions": [rename]}).actions[0].members[0]
    other = model().fit(str(album), n_clusters=6)
    other.apply_corrections(cl.corrections)
    assert other.names == cl.names
    assert len(found) == 10


def test_corrections_of_arrays_and_of_given_features_last(digits):
    arrays = Clustimage(embedding=None, verbose="error").fit(digits[0][:60], n_clusters=4)
    given = Clustimage(method="precomputed", embedding=None, verbose="error")
    given.fit_transform(features=digits[0][:60].astype(float), n_clusters=4)
    for cl in (arrays, given):
        cl.rename({1: "one"})
        cl.move([0, 1, 2], to="new")
        before = cl.labels_[:3]
        cl.cluster(cluster="kmeans", n_clusters=5)
        assert len(set(cl.labels_[:3].tolist())) == 1
        assert (cl.labels_ == cl.labels_[0]).sum() == 3
        assert list(cl.names.values()) == ["one"]
        assert len(before) == 3


def test_corrections_can_be_taken_back_and_names_stay(fitted):
    found = fitted.labels_.copy()
    correct(fitted)
    assert fitted.forget_corrections().tolist() == found.tolist()
    assert sorted(fitted.names.values()) == ["coffee", "coins"]
    assert [one["do"] for one in fitted.corrections["actions"]] == ["rename", "rename"]


# --- the file ------------------------------------------------------------------------------------


def test_saved_corrections_make_the_same_of_a_model_of_other_numbers(fitted, few_photos, tmp_path):
    correct(fitted)
    path = fitted.save_corrections(tmp_path / "corrections.json")
    assert path == str(tmp_path / "corrections.json")
    other = model().fit([str(p) for p in reversed(few_photos)], n_clusters=6, cluster="kmeans")
    other.apply_corrections(path)
    holds(other, np.arange(60)[::-1])


def test_saved_corrections_name_paths_for_readers(fitted, few_photos, tmp_path):
    fitted.move([0], to="new")
    fitted.save_corrections(tmp_path / "corrections.json")
    (action,) = json.loads((tmp_path / "corrections.json").read_text())["actions"]
    assert action["images"][0]["pathname"] == str(few_photos[0])


def test_a_file_is_not_overwritten_unasked_and_its_folder_must_be_there(fitted, tmp_path):
    path = tmp_path / "corrections.json"
    path.write_text("mine")
    with pytest.raises(InvalidParameterError, match="overwrite"):
        fitted.save_corrections(path)
    assert path.read_text() == "mine"
    fitted.save_corrections(path, overwrite=True)
    assert read_corrections(path).actions == ()
    with pytest.raises(InvalidParameterError, match="none"):
        fitted.save_corrections(tmp_path / "none" / "corrections.json")


def test_a_page_says_numbers_of_its_clusters_and_paths(fitted, few_photos):
    page = {
        **HEAD,
        "clustering": labels_digest(fitted.labels_),
        "actions": [
            {"do": "merge", "labels": [3, 5]},
            {"do": "move", "images": [str(few_photos[0])], "to": 5},
            {"do": "move", "images": [str(few_photos[1])], "to": "new", "name": "lake"},
            {"do": "move", "images": [{"pathname": str(few_photos[2])}], "to": -1},
            {"do": "split", "label": 1, "n_clusters": 2},
            {"do": "rename", "label": 0, "name": "beach"},
        ],
        "names": {"4": "party", "5": "merged"},
    }
    fitted.apply_corrections(page)
    assert fitted.labels_[0] == 3  # 5 is a part of 3 now
    assert fitted.labels_[2] == -1
    names = {name: label for label, name in fitted.names.items()}
    assert names["beach"] == 0 and names["party"] == 4 and names["merged"] == 3
    assert fitted.labels_[1] == names["lake"]
    again = sorted(fitted.names.values())
    fitted.cluster(cluster="kmeans", n_clusters=6)  # it is kept by content
    assert sorted(fitted.names.values()) == again


def test_numbers_of_other_clusters_than_the_models_are_refused(fitted):
    page = {**HEAD, "clustering": labels_digest([0, 1]), "names": {"0": "beach"}}
    before = state_of(fitted)
    with pytest.raises(InvalidDataError, match="its numbers are those of other clusters"):
        fitted.apply_corrections(page)
    assert state_of(fitted) == before


def test_images_that_are_not_here_are_left_out_and_counted(fitted, few_photos, caplog):
    plain = {
        **HEAD,
        "actions": [
            {"do": "move", "images": ["/gone/a.jpg", str(few_photos[0])], "to": "new"},
            {"do": "must_link", "images": ["/gone/a.jpg", "/gone/b.jpg"]},
            {"do": "move", "images": [{"digest": "gone"}], "to": 3},
        ],
    }
    fitted.apply_corrections(plain)
    assert (fitted.labels_ == fitted.labels_[0]).sum() == 1
    assert "Corrections: 3 images of the corrections not in this model, first: " in caplog.text
    assert "Corrections: 2 of the 3 in the corrections are left out" in caplog.text


@pytest.mark.parametrize(
    "actions, sentence",
    [
        ([{"do": "merge", "labels": [0, 9]}], r"actions\[0\].labels is 9; the clusters are 0, 1"),
        ([{"do": "split", "label": "lake"}], r"actions\[0\].label is 'lake', and no cluster has"),
        ([{"do": "move", "images": ["a"], "to": 9}], r"actions\[0\].to is 9; the clusters are"),
        ([{"do": "rename", "label": 9, "name": "a"}], r"actions\[0\].label is 9"),
        ([{"do": "rename", "label": 1, "name": "beach"}], "'beach' would be the name of the"),
        (
            [{"do": "split", "label": 0, "n_clusters": 50}],
            r"actions\[0\] cannot be done: Cluster 0",
        ),
    ],
)
def test_after_an_error_in_the_file_nothing_is_changed(fitted, actions, sentence, tmp_path):
    fitted.rename({0: "beach"})
    before = state_of(fitted)
    path = tmp_path / "corrections.json"
    good = {"do": "merge", "labels": [2, 3]}
    path.write_text(json.dumps({**HEAD, "actions": [*actions]}))
    with pytest.raises(InvalidDataError, match=sentence) as caught:
        fitted.apply_corrections(path)
    assert str(path) in str(caught.value)
    assert state_of(fitted) == before
    late = {**HEAD, "actions": [good, *actions]}
    with pytest.raises(InvalidDataError):
        fitted.apply_corrections(late)
    assert state_of(fitted) == before


def test_a_file_applied_twice_changes_nothing_the_second_time(fitted, tmp_path):
    other = copy.deepcopy(fitted)
    correct(fitted)
    plain = fitted.corrections
    other.apply_corrections(plain)
    labels, names = other.labels_.copy(), other.names
    other.apply_corrections(plain)
    assert other.names == names
    pairs = set(zip(labels.tolist(), other.labels_.tolist(), strict=True))
    assert len(pairs) == len(set(labels.tolist()))


def test_without_a_word_about_numbers_the_log_says_what_was_done(fitted, caplog):
    fitted.rename({3: "sea"})
    fitted.merge([3, 5])
    assert "Clusters 3, 5 are one now, 3 'sea' (20 images)." in caplog.text
    fitted.split(3, n_clusters=2)
    assert "Cluster 3 is parted into 2: 3 'sea' (" in caplog.text

"""Update: what is new, changed, gone or renamed is found, and nothing else is done again."""

from __future__ import annotations

import copy
import functools
import http.server
import logging
import os
import pickle
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import adjusted_rand_score

import clustimage._model.update as update_module
from clustimage import (
    Clustimage,
    ImageReadError,
    InvalidDataError,
    InvalidParameterError,
    StepOrderError,
    import_example,
)
from clustimage.features import ColorExtractor

COLUMNS = ["pathname", "status", "previous", "label_from", "label_to", "name"]


def model(**settings):
    return Clustimage(
        **{"method": "color", "embedding": None, "dim": (32, 32), "verbose": "info", **settings}
    )


def copied(photos, folder):
    """Copy photos into a folder, by their kind and name; return the copies."""
    folder.mkdir(exist_ok=True)
    return [Path(shutil.copy2(p, folder / f"{p.parent.name}_{p.name}")) for p in photos]


@pytest.fixture
def album(few_photos, tmp_path):
    """A folder with eight photos of each of five kinds."""
    folder = tmp_path / "album"
    copied([p for i, p in enumerate(few_photos[:50]) if i % 10 < 8], folder)
    return folder


@pytest.fixture
def more(few_photos):
    """Two more photos of each of the five kinds."""
    return [p for i, p in enumerate(few_photos[:50]) if i % 10 >= 8]


@pytest.fixture
def fitted(album):
    """A model of the album, in five clusters which are the five kinds."""
    found = model().fit(str(album), n_clusters=5)
    assert adjusted_rand_score([kind_of(p) for p in paths(found)], found.labels_) == 1
    return found


def paths(found):
    return [str(path) for path in found.results["pathnames"]]


def kind_of(path):
    return Path(path).name.partition("_")[0]


def label_of(found, path):
    return int(found.labels_[paths(found).index(str(path))])


def state_of(found):
    """All that an update may change."""
    results = {
        key: None if value is None else np.asarray(value, dtype=object).tolist()
        for key, value in found.results.items()
        if key != "predict"
    }
    status = found.import_status.astype(object).fillna("").to_numpy().tolist()
    return results, found.names, found.corrections, status, found.clustering_.labels.tolist()


def lengths_agree(found):
    """Everything that has a row for each image has the same number of them."""
    n = len(found.labels_)
    for key in ("img", "feat", "pathnames", "filenames", "url"):
        assert len(found.results[key]) == n, key
    assert len(found.clustering_.labels) == n
    assert len(found.to_frame()) == n
    assert (found.import_status["status"] == "ok").sum() == n


@pytest.fixture
def extracted(monkeypatch):
    """The numbers of images of which features were computed, call by call."""
    counts = []
    original = ColorExtractor.transform_images

    def counted(self, images, **options):
        counts.append(len(images))
        return original(self, images, **options)

    monkeypatch.setattr(ColorExtractor, "transform_images", counted)
    return counts


# --- what is new ---------------------------------------------------------------------------------


def test_new_photos_join_the_cluster_of_their_kind(fitted, album, more, extracted):
    before = {path: label_of(fitted, path) for path in paths(fitted)}
    feat = fitted.results["feat"].copy()
    new = copied(more, album)
    table = fitted.update(album, recluster=False)
    assert extracted == [10]  # features of the new ones alone
    assert list(table.columns) == COLUMNS
    assert table["status"].tolist() == ["new"] * 10
    assert set(table["pathname"]) == {str(path) for path in new}
    assert table["label_from"].isna().all() and table["previous"].isna().all()
    for path, label in before.items():
        assert label_of(fitted, path) == label
    np.testing.assert_array_equal(fitted.results["feat"][:40], feat)
    joined = [path for path in new if label_of(fitted, path) >= 0]
    assert len(joined) >= 8
    for path in joined:
        (label,) = {label for other, label in before.items() if kind_of(other) == kind_of(path)}
        assert label_of(fitted, path) == label
    lengths_agree(fitted)


def test_features_of_new_photos_are_those_of_a_fit(fitted, album, more):
    copied(more, album)
    fitted.update(album)
    other = model().fit(str(album), n_clusters=5)
    at = [paths(fitted).index(path) for path in paths(other)]
    np.testing.assert_allclose(fitted.results["feat"][at], other.results["feat"], atol=1e-6)
    np.testing.assert_array_equal(fitted.results["img"][at], other.results["img"])


def test_photos_of_another_kind_wait_until_clusters_are_made_anew(fitted, album, few_photos):
    new = copied(few_photos[50:], album)
    table = fitted.update(album, recluster=False)
    assert table["label_to"].tolist() == [-1] * 10
    assert table["name"].tolist() == ["new"] * 10
    assert {label_of(fitted, path) for path in new} == {-1}
    table = fitted.update(album, recluster=True)
    moved = table[table["status"] == "moved"]
    assert set(map(str, new)) <= set(moved["pathname"])
    assert (moved["label_from"] == -1).any()


def test_an_update_twice_changes_nothing(fitted, album, more):
    copied(more, album)
    fitted.update(album)
    before = state_of(fitted)
    table = fitted.update(album)
    assert list(table.columns) == COLUMNS and len(table) == 0
    assert state_of(fitted) == before


def test_nothing_new_reads_and_computes_nothing(fitted, album, extracted, monkeypatch, caplog):
    before = state_of(fitted)
    monkeypatch.setattr(Image, "open", None)
    assert len(fitted.update(str(album))) == 0
    assert extracted == []
    assert state_of(fitted) == before
    assert "Update: nothing has changed." in caplog.text


def test_a_list_of_files_and_one_file_can_be_new(fitted, album, more, tmp_path):
    new = copied(more[:3], tmp_path / "other")
    table = fitted.update(new[0])
    assert table["pathname"].tolist() == [str(new[0])]
    table = fitted.update([str(path) for path in new] + [str(new[1])])
    assert table["pathname"].tolist() == [str(new[1]), str(new[2])]
    assert len(fitted.labels_) == 43


def test_folders_below_and_left_out_are_as_for_import_data(fitted, album, more):
    copied(more[:2], album / "2024")
    copied(more[2:4], album / "trash")
    assert len(fitted.update(album, recursive=False)) == 0
    table = fitted.update(album, black_list=["trash"])
    assert {Path(path).parent.name for path in table["pathname"]} == {"2024"}


def test_a_copy_of_a_photo_joins_its_cluster(fitted, album):
    first = Path(paths(fitted)[0])
    copy_of_it = album / "zz_copy.jpg"
    shutil.copy2(first, copy_of_it)
    table = fitted.update(album)
    assert table["status"].tolist() == ["new"]
    assert label_of(fitted, copy_of_it) == label_of(fitted, first)


def test_the_log_counts_what_came_and_what_fits_into_no_cluster(fitted, album, few_photos, caplog):
    copied(few_photos[50:53], album)
    fitted.update(album, recluster=False)
    assert "Update: 3 new; 3 of the new ones fit into no cluster." in caplog.text


# --- what is changed, gone and renamed -----------------------------------------------------------


def test_a_changed_photo_is_read_again(fitted, album, few_photos, extracted):
    path = Path(paths(fitted)[0])
    other = next(p for p in few_photos if kind_of(paths(fitted)[39]) == p.parent.name)
    shutil.copy(other, path)  # by now it is a photo of another kind
    before = label_of(fitted, path)
    table = fitted.update(album)
    assert extracted == [1]
    (row,) = table.to_dict("records")
    assert (row["pathname"], row["status"], row["label_from"]) == (str(path), "changed", before)
    assert row["label_to"] == fitted.labels_[0]
    assert fitted.labels_[0] in (-1, fitted.labels_[39])
    assert len(fitted.labels_) == 40
    pixels = model().import_data(str(path))["img"][0]
    np.testing.assert_array_equal(fitted.results["img"][0], pixels)
    lengths_agree(fitted)


def test_a_file_that_was_only_touched_is_as_it_was(fitted, album, extracted):
    os.utime(paths(fitted)[0], (1, 1))
    labels = fitted.labels_.copy()
    assert len(fitted.update(album)) == 0
    assert extracted == []
    assert fitted.labels_.tolist() == labels.tolist()


def test_all_photos_may_have_changed(fitted, album):
    for path in paths(fitted):
        with Image.open(path) as image:
            changed = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        changed.save(path, quality=95)
    table = fitted.update(album)
    assert (table["status"] == "changed").sum() == 40
    assert adjusted_rand_score([kind_of(p) for p in paths(fitted)], fitted.labels_) > 0.9
    lengths_agree(fitted)


def test_photos_that_are_gone_are_taken_out(fitted, album):
    gone = [Path(path) for path in paths(fitted)[3:6]]
    labels = dict(zip(paths(fitted), fitted.labels_.tolist(), strict=True))
    for path in gone:
        path.unlink()
    table = fitted.update(album)
    assert table["status"].tolist() == ["gone"] * 3
    assert table["pathname"].tolist() == [str(path) for path in gone]
    assert table["label_to"].isna().all()
    assert table["label_from"].tolist() == [labels[str(path)] for path in gone]
    assert len(fitted.labels_) == 37
    for path in paths(fitted):
        assert label_of(fitted, path) == labels[path]
    lengths_agree(fitted)


def test_photos_outside_the_folders_that_were_given_stay(fitted, album, more, tmp_path):
    new = copied(more, tmp_path / "other")
    fitted.update(tmp_path / "other")
    assert len(fitted.labels_) == 50
    for path in new[:2]:
        path.unlink()
    assert len(fitted.update(album)) == 0
    assert (fitted.update(tmp_path / "other")["status"] == "gone").sum() == 2


def test_a_listed_file_that_is_gone_is_taken_out(fitted):
    path = Path(paths(fitted)[0])
    path.unlink()
    table = fitted.update([path, paths(fitted)[1]])
    assert table["status"].tolist() == ["gone"]


def test_a_renamed_file_is_not_new(fitted, album, extracted):
    old = Path(paths(fitted)[5])
    label = label_of(fitted, old)
    fitted.rename({label: "theirs"})
    now = album / "holiday.jpg"
    old.rename(now)
    table = fitted.update(album)
    assert extracted == []
    (row,) = table.to_dict("records")
    assert (row["pathname"], row["previous"]) == (str(now), str(old))
    assert (row["status"], row["label_from"], row["label_to"]) == ("renamed", label, label)
    assert row["name"] == "theirs"
    assert paths(fitted)[5] == str(now) and fitted.results["filenames"][5] == "holiday.jpg"
    assert fitted.import_status["pathname"].tolist().count(str(now)) == 1


def test_photos_that_moved_into_folders_below_are_renamed(fitted, album):
    labels = dict(zip([Path(p).name for p in paths(fitted)], fitted.labels_, strict=True))
    (album / "sorted").mkdir()
    for path in sorted(album.glob("coins*")):
        path.rename(album / "sorted" / path.name)
    table = fitted.update(album)
    assert table["status"].tolist() == ["renamed"] * 8
    assert labels == dict(zip([Path(p).name for p in paths(fitted)], fitted.labels_, strict=True))


def test_corrections_hold_for_renamed_photos(fitted, album):
    fitted.move([0, 1], to="new")
    fitted.rename({5: "special"})
    for i in (0, 1):
        Path(paths(fitted)[i]).rename(album / f"new_name_{i}.jpg")
    fitted.update(album, recluster=True)
    fitted.cluster(cluster="kmeans", n_clusters=5)
    at = [paths(fitted).index(str(album / f"new_name_{i}.jpg")) for i in (0, 1)]
    (label,) = {int(label) for label in fitted.labels_[at]}
    assert fitted.names == {label: "special"}
    assert (fitted.labels_ == label).sum() == 2


def test_everything_at_once(fitted, album, more, few_photos):
    here = [Path(path) for path in paths(fitted)]
    copied([*more, few_photos[55]], album)
    here[0].unlink()
    here[1].rename(album / "renamed.jpg")
    shutil.copy(here[30], here[2])
    (album / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    (album / "notes.txt").write_text("not a photo")
    table = fitted.update(album)
    counts = table["status"].value_counts().to_dict()
    assert {key: counts[key] for key in ("gone", "renamed", "changed", "skipped")} == {
        "gone": 1, "renamed": 1, "changed": 1, "skipped": 1,
    }  # fmt: skip
    assert counts["new"] == 11
    lengths_agree(fitted)
    n = len(fitted.labels_)
    assert n == 50
    other = model().fit(paths(fitted), n_clusters=5)
    np.testing.assert_allclose(fitted.results["feat"], other.results["feat"], atol=1e-6)


# --- what cannot be read -------------------------------------------------------------------------


def test_a_file_that_cannot_be_read_is_skipped_with_its_reason(fitted, album, caplog):
    (album / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    table = fitted.update(album)
    (row,) = table.to_dict("records")
    assert (row["pathname"], row["status"]) == (str(album / "broken.jpg"), "skipped")
    status = fitted.import_status.set_index("pathname").loc[str(album / "broken.jpg")]
    assert status["status"] == "skipped" and status["reason"]
    fitted.update(album)
    assert fitted.import_status["pathname"].tolist().count(str(album / "broken.jpg")) == 1


def test_a_photo_that_became_unreadable_stays_as_it_was(fitted, album):
    path = Path(paths(fitted)[0])
    path.write_bytes(b"\xff\xd8\xff no picture")
    pixels = fitted.results["img"][0].copy()
    table = fitted.update(album)
    assert table["status"].tolist() == ["skipped"]
    assert len(fitted.labels_) == 40
    np.testing.assert_array_equal(fitted.results["img"][0], pixels)
    lengths_agree(fitted)


def test_a_file_that_is_read_later_is_new_then(fitted, album, more):
    path = album / "late.jpg"
    path.write_bytes(b"\xff\xd8\xff half a picture")
    fitted.update(album)
    shutil.copy(more[0], path)
    assert fitted.update(album)["status"].tolist() == ["new"]
    lengths_agree(fitted)


def test_an_empty_folder_is_no_reason_to_forget_all(fitted, album):
    before = state_of(fitted)
    for path in album.iterdir():
        path.unlink()
    with pytest.raises(ImageReadError, match="where the model has 40 images: nothing was changed"):
        fitted.update(album)
    assert state_of(fitted) == before


def test_other_photos_in_the_place_of_all_are_another_model(fitted, album, more):
    before = state_of(fitted)
    for path in album.iterdir():
        path.unlink()
    copied(more, album)
    with pytest.raises(InvalidDataError, match="nothing was changed. Fit a new model"):
        fitted.update(album)
    assert state_of(fitted) == before


def test_a_folder_that_is_not_there_is_named(fitted, album):
    before = state_of(fitted)
    shutil.rmtree(album)
    with pytest.raises(ImageReadError, match="album"):
        fitted.update(album)
    assert state_of(fitted) == before


def test_all_listed_files_gone_is_an_error(fitted):
    before = state_of(fitted)
    for path in paths(fitted):
        Path(path).unlink()
    with pytest.raises((InvalidDataError, ImageReadError)):
        fitted.update(paths(fitted))
    assert state_of(fitted) == before


def test_a_folder_without_images_adds_nothing(fitted, tmp_path):
    (tmp_path / "empty").mkdir()
    before = state_of(fitted)
    assert len(fitted.update(tmp_path / "empty")) == 0
    assert state_of(fitted) == before


# --- errors leave the model as it was ------------------------------------------------------------


def fails(*args, **kwargs):
    raise OSError("the disk is full")


@pytest.mark.parametrize(
    "owner, name",
    [
        (ColorExtractor, "transform_images"),
        (update_module, "join_images"),
        (update_module, "join_clusters"),
        (update_module, "remember_names"),
        (update_module, "set_unique"),
        (update_module, "run_cluster"),
    ],
)
def test_after_an_error_the_model_is_as_it_was(fitted, album, more, monkeypatch, owner, name):
    fitted.rename({0: "beach"})
    fitted.merge([1, 2])
    before, unique = state_of(fitted), copy.deepcopy(fitted.results_unique)
    results = fitted.results
    copied(more, album)
    Path(paths(fitted)[0]).rename(album / "renamed.jpg")
    Path(paths(fitted)[1]).unlink()
    with monkeypatch.context() as patched, pytest.raises(OSError, match="the disk is full"):
        patched.setattr(owner, name, fails)
        fitted.update(album, recluster=True)
    assert fitted.results is results
    assert state_of(fitted) == before
    assert fitted.results_unique["idx"].tolist() == unique["idx"].tolist()
    table = fitted.update(album)  # and then it goes on
    assert table["status"].value_counts().to_dict().items() >= {"new": 10, "gone": 1}.items()
    lengths_agree(fitted)


def test_after_an_interrupt_the_model_is_as_it_was(fitted, album, more, monkeypatch):
    before = state_of(fitted)
    copied(more, album)

    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(update_module, "run_cluster", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fitted.update(album)
    assert state_of(fitted) == before


def test_a_folder_by_another_path_is_the_same_folder(fitted, album, more, tmp_path, monkeypatch):
    copied(more[:1], album)
    (tmp_path / "link").symlink_to(album)
    assert fitted.update(tmp_path / "link")["status"].tolist() == ["new"]
    copied(more[1:2], album)
    monkeypatch.chdir(album)
    assert fitted.update(".")["status"].tolist() == ["new"]
    assert len(fitted.labels_) == 42


def test_before_there_are_clusters_the_step_is_named(album):
    with pytest.raises(StepOrderError, match=r"cluster\(\)"):
        model().update(album)


def test_arrays_are_refused(fitted, digits):
    before = state_of(fitted)
    with pytest.raises(InvalidDataError, match="compares files by their paths"):
        fitted.update(np.zeros((2, 32, 32, 3), dtype=np.uint8))
    assert state_of(fitted) == before
    arrays = Clustimage(embedding=None, verbose="error").fit(digits[0][:40], n_clusters=3)
    with pytest.raises(InvalidDataError, match="arrays have none of"):
        arrays.update(digits[0][40:50])


@pytest.mark.parametrize("given", [{"recluster": "yes"}, {"recursive": 2}])
def test_wrong_arguments_are_refused(fitted, album, given):
    with pytest.raises(InvalidParameterError, match=next(iter(given))):
        fitted.update(album, **given)


# --- clusters made anew --------------------------------------------------------------------------


def test_clusters_are_made_anew_when_a_tenth_has_come(fitted, album, more, monkeypatch):
    made = []
    original = update_module.run_cluster
    monkeypatch.setattr(
        update_module, "run_cluster", lambda *args: made.append(1) or original(*args)
    )
    copied(more[:3], album)
    fitted.update(album)
    assert made == []
    copied(more[3:4], album)  # the fourth of forty
    fitted.update(album)
    assert made == [1]
    copied(more[4:8], album)  # four of forty-four
    fitted.update(album)
    assert made == [1]
    copied(more[8:], album)
    fitted.update(album)
    assert made == [1, 1]


def test_numbers_and_names_stay_when_clusters_are_made_anew(fitted, album, more):
    numbers = {kind_of(path): label_of(fitted, path) for path in paths(fitted)}
    fitted.rename({label: kind for kind, label in numbers.items()})
    for path in sorted(album.glob("page*"))[:6]:  # the largest is the smallest now
        path.unlink()
    copied(more, album)
    fitted.update(album, recluster=True)
    assert {kind_of(path): label_of(fitted, path) for path in paths(fitted)} == numbers
    assert fitted.names == {
        label: kind for kind, label in sorted(numbers.items(), key=lambda item: item[1])
    }
    fitted.cluster(n_clusters=5)  # asked anew, numbers are by size
    assert np.bincount(fitted.labels_).tolist() == sorted(np.bincount(fitted.labels_))[::-1]
    for label, kind in fitted.names.items():
        assert {kind_of(paths(fitted)[i]) for i in np.flatnonzero(fitted.labels_ == label)} == {
            kind
        }


def test_photos_of_a_new_kind_that_join_a_cluster_do_not_take_its_number_and_name(tmp_path):
    shapes = [Path(path) for path in import_example("shapes", dirpath=tmp_path)]
    folder = tmp_path / "shapes of now"
    for kind in ("circle", "cross", "square"):
        copied([p for p in shapes if p.parent.name == kind][:16], folder)
    cl = Clustimage(method="hog", grayscale=True, embedding=None, verbose="error").fit(str(folder))
    squares = [i for i, path in enumerate(paths(cl)) if kind_of(path) == "square"]
    label = int(np.bincount(cl.labels_[squares]).argmax())
    cl.rename({label: "squares"})
    n_squares = (cl.labels_ == label).sum()
    copied([p for p in shapes if p.parent.name == "triangle"][:16], folder)
    other = copy.deepcopy(cl)
    other.update(folder, recluster=False)
    assert (other.labels_[48:] == label).sum() > n_squares  # most triangles are nearest to squares
    cl.update(folder, recluster=True)
    members = np.flatnonzero(cl.labels_ == label)
    assert cl.names == {label: "squares"}
    assert {kind_of(paths(cl)[i]) for i in members} == {"square"}


def test_a_new_kind_gets_a_new_number(album, few_photos):
    cl = model().fit(str(album))
    old = set(cl.labels_.tolist())
    kinds = {kind_of(path): label_of(cl, path) for path in paths(cl)}
    cl.rename({label: kind for kind, label in kinds.items()})
    copied(few_photos[50:], album)
    cl.update(album)
    new = set(cl.labels_.tolist()) - old
    assert new and min(new) > max(old)
    assert set(cl.names) <= old and len(cl.names) == len(kinds)


def test_clusters_are_made_as_they_were_asked_for(album, more):
    cl = model().fit(str(album), cluster="kmeans", n_clusters=4)
    copied(more, album)
    cl.update(album, recluster=True)
    assert cl.clustering_.params["cluster"] == "kmeans"
    assert len(set(cl.labels_.tolist())) == 4


def test_an_own_clusterer_that_is_not_kept_is_said(album, more, caplog):
    from sklearn.cluster import KMeans

    cl = model().fit(str(album), cluster=KMeans(5, n_init=1, random_state=0))
    copied(more, album)
    cl.update(album)
    assert (
        "The clusters are not made anew: the clusterer is an object that is not kept" in caplog.text
    )
    assert len(cl.labels_) == 50
    with pytest.raises(InvalidParameterError, match=r"Call cluster\(cluster=…\)"):
        cl.update(album, recluster=True)


def test_corrections_hold_when_clusters_are_made_anew(fitted, album, more):
    kinds = {kind_of(path): label_of(fitted, path) for path in paths(fitted)}
    fitted.merge([kinds["coins"], kinds["page"]])
    fitted.move([0, 1], to="new")
    kept = paths(fitted)[:2]
    copied(more, album)
    fitted.update(album, recluster=True)
    merged = {label_of(fitted, p) for p in paths(fitted) if kind_of(p) in ("coins", "page")}
    assert len(merged) == 1
    assert len({label_of(fitted, path) for path in kept}) == 1
    assert (fitted.labels_ == label_of(fitted, kept[0])).sum() == 2


def test_updates_one_by_one_come_to_one_run_on_all(few_photos, tmp_path):
    folder = tmp_path / "weeks"
    order = np.random.default_rng(0).permutation(60)
    copied([few_photos[i] for i in order[:15]], folder)
    cl = model().fit(str(folder))
    for start in range(15, 60, 15):
        copied([few_photos[i] for i in order[start : start + 15]], folder)
        cl.update(folder)
    once = model().fit(paths(cl))
    assert adjusted_rand_score(once.labels_, cl.labels_) >= 0.95


# --- other models --------------------------------------------------------------------------------


def test_a_model_goes_on_after_save_and_load(fitted, album, more, tmp_path):
    fitted.rename({0: "beach"})
    back = Clustimage.load(fitted.save(tmp_path / "model.clustimage"))
    pickled = pickle.loads(pickle.dumps(fitted))
    copied(more, album)
    tables = [each.update(album) for each in (fitted, back, pickled)]
    assert tables[0].equals(tables[1]) and tables[0].equals(tables[2])
    assert back.labels_.tolist() == fitted.labels_.tolist() == pickled.labels_.tolist()
    assert back.names == fitted.names
    again = Clustimage.load(back.save(tmp_path / "again.clustimage"))
    assert len(again.update(album)) == 0


def test_after_an_update_everything_works(fitted, album, more, tmp_path):
    copied(more, album)
    fitted.update(album, recluster=False)
    assert len(fitted.find(str(more[0]), k=3)) == 2
    assert fitted.predict([str(more[0])]).shape == (1,)
    assert fitted.dendrogram()["fig"] is not None
    assert len(fitted.cluster_table()) == 5
    fitted.plot()
    fitted.plot_unique()
    fitted.report(tmp_path / "page.html")
    fitted.cluster(n_clusters=4)
    assert set(fitted.labels_.tolist()) == {0, 1, 2, 3}
    for path in sorted(album.glob("coins*"))[:2]:
        path.unlink()
    fitted.update(album, recluster=False)
    fitted.plot()
    fitted.save(tmp_path / "model.clustimage")
    _ = fitted.verdict


@pytest.mark.parametrize("embedding", ["pca", "tsne"])
def test_new_photos_have_a_position_on_the_map(album, more, embedding):
    cl = model(embedding=embedding).fit(str(album), n_clusters=5)
    before = cl.results["xycoord"].copy()
    new = copied(more, album)
    cl.update(album, recluster=False)
    xycoord = cl.results["xycoord"]
    np.testing.assert_array_equal(xycoord[:40], before)
    assert xycoord.shape == (50, 2) and np.isfinite(xycoord).all()
    kinds = np.array([kind_of(path) for path in paths(cl)])
    for path in new:
        nearest = np.linalg.norm(
            xycoord[:40] - xycoord[paths(cl).index(str(path))], axis=1
        ).argmin()
        assert kinds[nearest] == kind_of(path)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def address(few_photos):
    """The address of a server of the embedded photos."""
    handler = functools.partial(Quiet, directory=str(few_photos[0].parents[1]))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_urls_can_be_new_and_those_of_before_are_not_read_again(few_photos, address, tmp_path):
    urls = [f"{address}/{path.parent.name}/{path.name}" for path in few_photos[:24]]
    cl = model(dirpath=str(tmp_path / "work")).fit(urls[:22], n_clusters=3)
    cl.rename({int(cl.labels_[21]): "theirs"})
    table = cl.update([*urls[18:], f"{address}/none.jpg"], recluster=False)
    assert table["status"].tolist() == ["new", "new", "skipped"]
    assert cl.results["url"].tolist() == urls
    assert table["name"].tolist()[:2] == ["theirs", "theirs"]
    assert cl.update(urls)["status"].tolist() == []
    lengths_agree(cl)


@pytest.mark.parametrize("kept", [True, False])
def test_a_prefix_of_a_store_is_compared_by_what_it_lists(
    few_photos, s3, s3_faults, tmp_path, kept
):
    def put(path, key=None):
        return s3.put(f"album/{key or path.name}", path.read_bytes())

    first, later = few_photos[:24], few_photos[24:27]
    urls = [put(path, f"{path.parent.name}_{path.name}") for path in first]
    settings = {"dirpath": str(tmp_path / "work")} if kept else {}
    cl = model(**settings).fit(f"{s3.url}/album", n_clusters=3)
    s3_faults.requests.clear()
    assert cl.update(f"{s3.url}/album").empty
    assert all("list-type" in line or line.startswith("HEAD") for line in s3_faults.requests)

    new = put(later[0], "new.jpg")
    put(later[1], urls[3].rpartition("/")[2])
    s3.client.delete_object(Bucket=s3.bucket, Key=urls[5].partition(s3.bucket + "/")[2])
    s3.client.delete_object(Bucket=s3.bucket, Key=urls[7].partition(s3.bucket + "/")[2])
    renamed = put(first[7], "renamed.jpg")
    put(first[9], urls[9].rpartition("/")[2])
    table = cl.update(f"{s3.url}/album", recluster=False).set_index("pathname")
    assert table["status"].to_dict() == {
        new: "new",
        urls[3]: "changed",
        urls[5]: "gone",
        renamed: "renamed",
    }
    assert table.loc[renamed, "previous"] == urls[7]
    there = {urls[i] for i in range(24) if i not in (5, 7)} | {new, renamed}
    assert set(cl.results["url"]) == there
    assert cl.update(f"{s3.url}/album", black_list="*.jpg").empty
    lengths_agree(cl)


def test_a_prefix_of_which_nothing_is_left_changes_nothing(few_photos, s3, tmp_path):
    for path in few_photos[:12]:
        s3.put(f"album/{path.parent.name}_{path.name}", path.read_bytes())
        s3.put(f"more/{path.parent.name}_{path.name}", path.read_bytes())
    cl = model().fit([f"{s3.url}/album", f"{s3.url}/more"], n_clusters=2)
    for file in s3.client.list_objects_v2(Bucket=s3.bucket, Prefix="album/")["Contents"]:
        s3.client.delete_object(Bucket=s3.bucket, Key=file["Key"])
    with pytest.raises(ImageReadError, match="No image is left below s3://.*/album/, .* 12 images"):
        cl.update([f"{s3.url}/album", f"{s3.url}/more"])
    assert len(cl.labels_) == 24


def test_pictures_come_out_of_the_cache(album, more, tmp_path):
    cl = model(dirpath=str(tmp_path / "cache")).fit(str(album), n_clusters=5)
    new = copied(more, album)
    cl.update(album)
    assert len(cl.labels_) == 50
    other = model(dirpath=str(tmp_path / "cache")).fit(str(album), n_clusters=5)
    at = [paths(cl).index(path) for path in paths(other)]
    np.testing.assert_array_equal(cl.results["img"][at], other.results["img"])
    np.testing.assert_array_equal(cl.results["feat"][at], other.results["feat"])
    new[0].rename(album / "other_name.jpg")
    assert cl.update(album)["status"].tolist() == ["renamed"]


@pytest.mark.parametrize(
    "asked",
    [
        {"cluster": "kmeans"},
        {"cluster": "dbscan"},
        {"cluster": "hdbscan"},
        {"sim": 0.5},
        {"sim": 0.5, "min_size": 3},
        {"micro_clusters": 12, "n_clusters": 5},
        {"cluster_space": "graph"},
        {"cluster_space": "low", "n_clusters": 5},
        {"time_weight": 0.1, "n_clusters": 5},
        {"evaluate": "consensus"},
        {"metric": "cosine", "linkage": "average"},
        {"level": "fine"},
    ],
    ids=str,
)
def test_models_clustered_in_any_way_are_updated(album, more, asked):
    cl = model(embedding="tsne" if "cluster_space" in asked else None, verbose="error")
    cl.fit(str(album), **asked)
    numbers = dict(zip(paths(cl), cl.labels_.tolist(), strict=True))
    copied(more, album)
    cl.update(album, recluster=False)
    assert [cl.labels_[paths(cl).index(path)] for path in numbers] == list(numbers.values())
    lengths_agree(cl)
    cl.dendrogram() if cl.clustering_.tree is not None else None
    cl.update(album, recluster=True)
    lengths_agree(cl)
    again = model(embedding=cl.params["embedding"], verbose="error").fit(paths(cl), **asked)
    assert adjusted_rand_score(again.labels_, cl.labels_) == 1


def test_events_are_made_anew_with_every_update(tmp_path):
    def write(name, day):
        exif = Image.Exif()
        exif[306] = f"2024:05:{day:02d} 12:00:00"
        pixels = np.random.default_rng(len(name) + day).integers(0, 255, (16, 16, 3))
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / name, exif=exif)

    for i in range(6):
        write(f"{i}.jpg", 1 + 3 * (i // 3))
    cl = Clustimage(method="exif", embedding=None, dim=(16, 16), verbose="error")
    cl.fit(str(tmp_path), metric="datetime")
    (first,) = set(cl.labels_[:3].tolist())
    cl.rename({first: "party"})
    for i in range(6, 10):
        write(f"{i}.jpg", 20)  # more than at the party
    write("zz.jpg", 1)
    cl.update(tmp_path)
    assert cl.names == {first: "party"}
    assert set(cl.labels_[[0, 1, 2, 10]].tolist()) == {first}
    assert len(set(cl.labels_[6:10].tolist())) == 1
    assert len(set(cl.labels_.tolist())) == 3
    lengths_agree(cl)


def test_models_of_given_features_take_those_of_all_files(album, more, few_photos):
    def features_of(files):
        found = model().fit([str(path) for path in files], n_clusters=5)
        return found.results["feat"]

    files = sorted(album.iterdir())
    cl = Clustimage(embedding=None, dim=(32, 32), verbose="error")
    cl.fit_transform(str(album), features=features_of(files), n_clusters=5)
    copied(more, album)
    before = state_of(cl)
    with pytest.raises(InvalidParameterError, match="Give those of all 50 files as 'features'"):
        cl.update(album)
    assert state_of(cl) == before
    now = sorted(album.iterdir())
    feat = features_of(now)
    with pytest.raises(InvalidDataError):
        cl.update(album, features=feat[:49])
    assert state_of(cl) == before
    table = cl.update(album, features=feat)
    assert (table["status"] == "new").sum() == 10
    at = [now.index(Path(path)) for path in paths(cl)]
    np.testing.assert_allclose(cl.results["feat"], feat[at], atol=1e-6)
    lengths_agree(cl)


def test_a_model_of_features_without_images_is_refused():
    cl = Clustimage(method="precomputed", embedding=None, verbose="error")
    cl.fit_transform(features=np.random.default_rng(0).normal(size=(30, 3)), n_clusters=3)
    with pytest.raises(InvalidDataError, match="features without images"):
        cl.update("somewhere")


def test_the_message_of_an_update_without_log_is_silent(fitted, album, more, caplog):
    fitted.set_params(verbose="error")
    copied(more, album)
    fitted.update(album)
    assert not [one for one in caplog.records if one.levelno < logging.ERROR]

"""to_dirs: a folder per cluster, on real files."""

from __future__ import annotations

import errno
import logging
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clustimage import Clustimage
from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._core.file_names import numbered
from clustimage._core.outputs import MARKER, make_folder
from clustimage._core.step_order import StepOrderError
from clustimage.export._filing import ACTIONS, safe_name
from clustimage.images import listdir, load_images

LABELS = [0, 0, 0, 1, 1, 2, -1]


def make_model(pathnames: list[Any], labels: list[int] | None) -> Clustimage:
    """Return a model that knows no more than `to_dirs` needs."""
    model = Clustimage()
    names = [Path(path).name for path in pathnames]
    model.results.update(
        pathnames=np.array([str(path) for path in pathnames], dtype=object),
        filenames=np.array(names, dtype=object),
        labels=None if labels is None else np.array(labels),
    )
    return model


def write(folder: Path, names: list[str]) -> list[Path]:
    """Make files whose content tells them apart."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"photo {name}")
        os.utime(folder / name, (1e9, 1e9))
    return [folder / name for name in names]


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    return write(tmp_path / "photos", [f"{i}.jpg" for i in range(7)])


@pytest.fixture
def model(photos: list[Path]) -> Clustimage:
    return make_model(photos, LABELS)


def tree(folder: Path) -> list[str]:
    """Return all there is below a folder, without the marks of clustimage."""
    paths = (path for path in folder.rglob("*") if path.name != MARKER)
    return sorted(str(path.relative_to(folder)) for path in paths)


FILES = [f"cluster_{label}/{i}.jpg" for i, label in enumerate(LABELS[:6])]
TREE = sorted(["cluster_0", "cluster_1", "cluster_2", *FILES])


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_every_action_fills_a_folder_per_cluster(model, photos, tmp_path, action):
    content = [path.read_text() for path in photos]
    table = model.to_dirs(tmp_path / "out", action=action)
    assert tree(tmp_path / "out") == TREE
    assert list(table.columns) == ["pathname", "label", "target", "action", "status", "reason"]
    assert table["pathname"].tolist() == [str(path) for path in photos]
    assert table["label"].tolist() == LABELS
    assert table["target"].tolist() == [*(str(tmp_path / "out" / name) for name in FILES), None]
    assert table["status"].tolist() == ["done"] * 6 + ["left out"]
    assert table["reason"].tolist() == [""] * 6 + ["not in a cluster"]
    assert set(table["action"]) == {action}
    made = [Path(target) for target in table["target"][:6]]
    assert [path.read_text() for path in made] == content[:6]
    assert [path.stat().st_mtime for path in made] == [1e9] * 6
    assert [path.is_symlink() for path in made] == [action == "symlink"] * 6
    assert [path.exists() for path in photos] == [action != "move"] * 6 + [True]
    if action == "symlink":
        assert [path.readlink() for path in made] == photos[:6]
    if action == "hardlink":
        assert all(a.samefile(b) for a, b in zip(made, photos, strict=False))
    if action == "copy":
        assert not any(a.samefile(b) for a, b in zip(made, photos, strict=False))


@pytest.mark.parametrize("layout", ["label", "size"])
@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_the_same_call_again_changes_nothing(model, tmp_path, action, layout):
    first = model.to_dirs(tmp_path / "out", action=action, layout=layout)
    before = tree(tmp_path / "out")
    second = model.to_dirs(tmp_path / "out", action=action, layout=layout)
    assert tree(tmp_path / "out") == before
    assert second["status"].tolist() == ["exists"] * 6 + ["left out"]
    assert second["target"].tolist() == first["target"].tolist()


def test_the_layout_by_size(model, tmp_path):
    model.to_dirs(tmp_path / "out", layout="size", target_labels=[0, 1, 2, -1])
    assert [name for name in tree(tmp_path / "out") if name.endswith(".jpg")] == [
        "cluster_with_1/cluster_2/5.jpg",
        "cluster_with_2/cluster_1/3.jpg",
        "cluster_with_2/cluster_1/4.jpg",
        *(f"cluster_with_3/cluster_0/{i}.jpg" for i in range(3)),
        "unclustered/6.jpg",
    ]


@pytest.mark.parametrize(
    "target_labels, folders",
    [
        (1, ["cluster_1"]),
        ([2, 0], ["cluster_0", "cluster_2"]),
        (np.array([1]), ["cluster_1"]),
        (-1, ["unclustered"]),
        ([-2, 0], ["cluster_0", "without_data"]),
        ([], []),
    ],
)
def test_which_clusters(photos, tmp_path, target_labels, folders):
    model = make_model(photos, [0, 0, 1, 1, -2, 2, -1])
    table = model.to_dirs(tmp_path / "out", target_labels=target_labels)
    there = tmp_path / "out"
    assert [name for name in tree(there) if "/" not in name] == folders
    wanted = np.ravel(target_labels).tolist()
    assert [status == "done" for status in table["status"]] == [
        label in wanted for label in table["label"]
    ]


def test_a_dry_run_makes_nothing_and_shows_what_would_be_done(model, tmp_path):
    (tmp_path / "out" / "cluster_0").mkdir(parents=True)
    (tmp_path / "out" / "cluster_0" / "1.jpg").write_text("mine")
    before = tree(tmp_path)
    plan = model.to_dirs(tmp_path / "out", dry_run=True)
    assert tree(tmp_path) == before
    assert plan["status"].tolist() == ["planned"] * 6 + ["left out"]
    done = model.to_dirs(tmp_path / "out")
    assert done["target"].tolist() == plan["target"].tolist()
    assert Path(plan["target"][1]).name == "1_2.jpg"


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_names_that_clash_get_a_number(tmp_path, action):
    photos = write(tmp_path / "photos", ["a/x.jpg", "b/x.jpg", "c/x.jpg", "d/x_2.jpg", "e/x.jpg"])
    model = make_model(photos, [0, 0, 0, 0, 1])
    content = [path.read_text() for path in photos]
    for status in ("done", "exists"):
        table = model.to_dirs(tmp_path / "out", action=action)
        targets = [Path(target) for target in table["target"]]
        assert [path.name for path in targets] == [
            *("x.jpg", "x_2.jpg", "x_3.jpg", "x_2_2.jpg", "x.jpg"),
        ]
        assert [path.read_text() for path in targets] == content
        assert set(table["status"]) == {status}
    assert len(tree(tmp_path / "out")) == 7


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_what_is_there_is_never_overwritten(model, tmp_path, action):
    cluster = tmp_path / "out" / "cluster_2"
    cluster.mkdir(parents=True)
    (cluster / "5.jpg").write_text("mine")
    (cluster / "5_2.jpg").symlink_to("nowhere")
    (cluster / "5_3.jpg").mkdir()
    for status in ("done", "exists"):
        table = model.to_dirs(tmp_path / "out", action=action)
        assert Path(table["target"][5]).name == "5_4.jpg"
        assert table["status"][5] == status
    assert (cluster / "5.jpg").read_text() == "mine"
    assert (cluster / "5_2.jpg").readlink() == Path("nowhere")
    assert (cluster / "5_3.jpg").is_dir()


def test_a_name_taken_between_the_plan_and_the_making(model, tmp_path, monkeypatch):
    symlink_to = Path.symlink_to

    def race(target: Path, source: Any) -> None:
        if target.name == "3.jpg":
            target.write_text("faster")
        symlink_to(target, source)

    monkeypatch.setattr(Path, "symlink_to", race)
    table = model.to_dirs(tmp_path / "out")
    assert Path(table["target"][3]).name == "3_2.jpg"
    assert (tmp_path / "out" / "cluster_1" / "3.jpg").read_text() == "faster"
    assert set(table["status"][:6]) == {"done"}


def test_an_image_given_twice(photos, tmp_path):
    model = make_model([photos[0], photos[0]], [0, 0])
    table = model.to_dirs(tmp_path / "out")
    assert [Path(target).name for target in table["target"]] == ["0.jpg", "0_2.jpg"]
    table = model.to_dirs(tmp_path / "moved", action="move")
    assert table["status"].tolist() == ["done", "skipped"]
    assert model.results["pathnames"].tolist() == [str(tmp_path / "moved/cluster_0/0.jpg")] * 2
    again = model.to_dirs(tmp_path / "moved", action="move")
    assert again["status"].tolist() == ["exists", "skipped"]
    assert tree(tmp_path / "moved") == ["cluster_0", "cluster_0/0.jpg"]


# --- nothing leads out of the folder ------------------------------------------------------------


@pytest.mark.parametrize(
    "given, name",
    [
        ("../../escaped.jpg", "escaped.jpg"),
        ("/etc/escaped.jpg", "escaped.jpg"),
        ("..", "image"),
        (".", "image"),
        ("", "image"),
        ("a/", "image"),
        ("a\0b.jpg", "a_b.jpg"),
        ("\ud800.jpg", "?.jpg"),
        ("-rf $(x) 日本.jpg", "-rf $(x) 日本.jpg"),
    ],
)
def test_a_name_stays_in_its_folder(photos, tmp_path, given, name):
    model = make_model(photos[:1], [0])
    model.results["filenames"][0] = given
    model.to_dirs(tmp_path / "out")
    assert tree(tmp_path / "out") == ["cluster_0", f"cluster_0/{name}"]


def test_the_longest_names(tmp_path):
    longest = "é" * 125 + "x" + ".jpg"
    assert len(longest.encode()) == 255
    photos = write(tmp_path / "photos", [f"a/{longest}", f"b/{longest}"])
    table = make_model(photos, [0, 0]).to_dirs(tmp_path / "out", action="copy")
    names = [Path(target).name for target in table["target"]]
    assert names == [longest, "é" * 124 + "_2.jpg"]
    assert [Path(target).read_text() for target in table["target"]] == [
        path.read_text() for path in photos
    ]


def test_an_ending_longer_than_a_name():
    name = safe_name("a." + "x" * 400)
    assert len(name) == 255
    assert len(numbered(name, 12)) == 255 and numbered(name, 12).endswith("_12")


@pytest.mark.parametrize("place", ["cluster_1", "cluster_with_2", "cluster_with_2/cluster_1"])
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_folder_of_a_cluster_that_is_a_link_is_refused(model, tmp_path, place, dry_run):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "out" / place).parent.mkdir(parents=True)
    (tmp_path / "out" / place).symlink_to(elsewhere)
    before = tree(tmp_path)
    layout = "size" if "with" in place else "label"
    with pytest.raises(InvalidParameterError, match=f"{place} is a link"):
        model.to_dirs(tmp_path / "out", layout=layout, dry_run=dry_run)
    assert tree(tmp_path) == before


def test_a_folder_of_a_cluster_that_is_a_file_is_refused(model, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "cluster_2").write_text("mine")
    with pytest.raises(InvalidParameterError, match="cluster_2 is a file"):
        model.to_dirs(tmp_path / "out")
    assert tree(tmp_path / "out") == ["cluster_2"]


def test_the_folder_itself_may_be_a_link(model, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    table = model.to_dirs(tmp_path / "out")
    assert tree(tmp_path / "real") == TREE
    assert table["target"][0] == str(tmp_path / "out" / "cluster_0" / "0.jpg")


# --- what cannot be done ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options, words",
    [
        ({"action": "simlink"}, "'action'.*Did you mean 'symlink'"),
        ({"layout": "sizes"}, "'layout'.*Did you mean 'size'"),
        ({"dry_run": 1}, "'dry_run'"),
        ({"target_labels": 7}, "'target_labels'.*-1 to 2.*Got 7"),
        ({"target_labels": "all"}, "'target_labels'.*'all'"),
        ({"target_labels": [0.5]}, "'target_labels'.*0.5"),
        ({"target_labels": object()}, "'target_labels'"),
        ({"savedir": ""}, "'savedir' must be a folder"),
        ({"savedir": None}, "'savedir'.*None"),
        ({"savedir": "a\0b"}, "'savedir'"),
    ],
)
def test_wrong_values_are_named(model, tmp_path, options, words):
    before = tree(tmp_path)
    with pytest.raises(InvalidParameterError, match=words):
        model.to_dirs(**{"savedir": tmp_path / "out", **options})
    assert tree(tmp_path) == before


def test_a_place_that_is_no_folder(model, photos, tmp_path):
    with pytest.raises(InvalidParameterError, match="0.jpg is a file"):
        model.to_dirs(photos[0])
    with pytest.raises(InvalidParameterError, match="0.jpg is a file"):
        model.to_dirs(photos[0] / "below")
    (tmp_path / "broken").symlink_to("nowhere")
    with pytest.raises(InvalidParameterError, match="broken is a link to nothing"):
        model.to_dirs(tmp_path / "broken")


def test_before_clustering_the_step_is_named(photos, tmp_path):
    with pytest.raises(StepOrderError, match="cluster"):
        make_model(photos, None).to_dirs(tmp_path / "out")


def test_arrays_have_no_files(photos, tmp_path):
    with pytest.raises(InvalidDataError, match="None of the 2 images has a file"):
        make_model(["image_0000", "image_0001"], [0, 0]).to_dirs(tmp_path / "out")
    table = make_model([photos[0], "image_0001"], [0, 0]).to_dirs(tmp_path / "out")
    assert table["status"].tolist() == ["done", "skipped"]
    assert table["reason"][1] == "no file: it was given as an array"


def test_an_image_that_is_gone(model, photos, tmp_path, caplog):
    photos[1].unlink()
    photos[2].unlink()
    photos[2].mkdir()
    with caplog.at_level(logging.INFO, logger="clustimage"):
        table = model.to_dirs(tmp_path / "out")
    assert table["status"].tolist() == ["done", "failed", "failed", *["done"] * 3, "left out"]
    assert table["reason"][1] == "the file is not there any more"
    assert table["target"][1] is None
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]
    assert "Links: 4 made in 3 folders below" in caplog.text
    assert "2 of 7 not made, first: " + str(photos[1]) in caplog.text


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("exists", [False, True])
def test_no_permission_is_said_before_the_work(model, tmp_path, monkeypatch, dry_run, exists):
    if exists:
        (tmp_path / "out").mkdir()
    before = tree(tmp_path)
    monkeypatch.setattr(os, "access", lambda *a, **k: False)
    with pytest.raises(InvalidParameterError, match="'savedir' cannot be written to"):
        model.to_dirs(tmp_path / "out", dry_run=dry_run)
    assert tree(tmp_path) == before


def test_folders_that_cannot_be_made_leave_nothing_behind(model, tmp_path, monkeypatch):
    mkdir = Path.mkdir

    def fail(path: Path, *rest: Any, **more: Any) -> None:
        if path.name == "cluster_1":
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        mkdir(path, *rest, **more)

    monkeypatch.setattr(Path, "mkdir", fail)
    before = tree(tmp_path)
    with pytest.raises(InvalidParameterError, match="cannot be written to.*Read-only"):
        model.to_dirs(tmp_path / "a" / "out")
    assert tree(tmp_path) == before


def failing(code: int) -> Any:
    def fail(*args: Any, **options: Any) -> None:
        raise OSError(code, os.strerror(code))

    return fail


@pytest.mark.parametrize(
    "action, owner, function, code",
    [
        ("symlink", Path, "symlink_to", errno.EPERM),
        ("symlink", Path, "symlink_to", errno.ENOTSUP),
        ("hardlink", os, "link", errno.EXDEV),
        ("hardlink", os, "link", errno.EMLINK),
    ],
)
def test_no_links_on_this_file_system(
    model, tmp_path, monkeypatch, caplog, action, owner, function, code
):
    monkeypatch.setattr(owner, function, failing(code))
    before = tree(tmp_path)
    table = model.to_dirs(tmp_path / "new" / "out", action=action)
    assert table["status"].tolist() == ["failed"] * 6 + ["left out"]
    assert set(table["reason"][:6]) == {
        f"{os.strerror(code)}: no such link can be made here; use action='copy'"
    }
    assert table["target"].tolist() == [None] * 7
    assert tree(tmp_path) == before
    warned = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warned) == 1 and "6 of 7 not made" in warned[0].getMessage()


def test_a_full_disk_ends_the_copying(model, tmp_path, monkeypatch):
    import shutil

    copy = shutil.copyfileobj

    def fill(original: Any, target: Any, length: int = 0) -> None:
        if "2.jpg" in original.name:
            target.write(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        copy(original, target, length)

    monkeypatch.setattr(shutil, "copyfileobj", fill)
    table = model.to_dirs(tmp_path / "out", action="copy")
    assert table["status"].tolist() == [*["done"] * 2, "failed", *["skipped"] * 3, "left out"]
    assert table["reason"][2:6].tolist() == ["No space left on device", *["the disk is full"] * 3]
    assert tree(tmp_path / "out") == ["cluster_0", "cluster_0/0.jpg", "cluster_0/1.jpg"]


def test_a_copy_that_is_stopped_leaves_no_part(model, tmp_path, monkeypatch):
    import shutil

    def stop(original: Any, target: Any, length: int = 0) -> None:
        target.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "copyfileobj", stop)
    with pytest.raises(KeyboardInterrupt):
        model.to_dirs(tmp_path / "out", action="copy")
    assert not any(path.is_file() for path in (tmp_path / "out").rglob("*"))


# --- moving -------------------------------------------------------------------------------------


def test_moving_across_file_systems_copies_first(model, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", failing(errno.EXDEV))
    table = model.to_dirs(tmp_path / "out", action="move")
    assert table["status"].tolist() == ["done"] * 6 + ["left out"]
    assert [Path(target).read_text() for target in table["target"][:6]] == [
        f"photo {i}.jpg" for i in range(6)
    ]
    assert [path.exists() for path in photos] == [False] * 6 + [True]
    assert Path(table["target"][0]).stat().st_mtime == 1e9


def test_a_copy_of_another_size_keeps_the_original(model, photos, tmp_path, monkeypatch):
    import shutil

    monkeypatch.setattr(os, "link", failing(errno.EXDEV))
    monkeypatch.setattr(shutil, "copyfileobj", lambda original, target, length: target.write(b"x"))
    table = model.to_dirs(tmp_path / "out", action="move")
    assert set(table["reason"][:6]) == {"the copy has another size than the image"}
    assert all(path.exists() for path in photos)
    assert not (tmp_path / "out").exists()
    assert model.results["pathnames"].tolist() == [str(path) for path in photos]


def test_an_image_that_must_stay_is_not_in_two_places(model, photos, tmp_path, monkeypatch):
    unlink = Path.unlink

    def keep(path: Path, *rest: Any, **more: Any) -> None:
        if path == photos[3]:
            raise PermissionError(errno.EACCES, "Permission denied")
        unlink(path, *rest, **more)

    monkeypatch.setattr(Path, "unlink", keep)
    table = model.to_dirs(tmp_path / "out", action="move")
    assert (table["status"][3], table["reason"][3]) == ("failed", "Permission denied")
    assert photos[3].exists()
    assert not (tmp_path / "out" / "cluster_1" / "3.jpg").exists()
    assert model.results["pathnames"][3] == str(photos[3])


def test_a_link_that_is_moved_still_leads_to_its_file(tmp_path):
    write(tmp_path / "store", ["x.jpg"])
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").symlink_to("../store/x.jpg")
    model = make_model([tmp_path / "photos" / "a.jpg"], [0])
    model.to_dirs(tmp_path / "deep" / "out", action="move")
    moved = tmp_path / "deep" / "out" / "cluster_0" / "a.jpg"
    assert moved.is_symlink() and moved.read_text() == "photo x.jpg"
    assert tree(tmp_path / "photos") == [] and tree(tmp_path / "store") == ["x.jpg"]


def test_after_moving_the_model_knows_the_new_places(tmp_path):
    import pandas as pd
    from PIL import Image

    folder = tmp_path / "photos"
    for name in ("a/x.png", "b/x.png", "b/y.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (len(name), 9, 9)).save(folder / name)
    (folder / "broken.png").write_text("no picture")
    images = load_images(str(folder), dim=(8, 8))
    model = make_model(images.pathnames.tolist(), [0, 0, 1])
    model.results.update(pathnames=images.pathnames, filenames=images.filenames)
    model._state.unique = {"idx": np.array([1, 2]), "pathnames": images.pathnames[[1, 2]]}
    model.results["predict"] = {
        "feat": pd.DataFrame(np.zeros((1, 2))),
        "q": pd.DataFrame({"y_idx": [1, 0], "y_filenames": "?", "y_pathnames": "?"}),
    }
    model._state.images = images
    out = tmp_path / "out"
    new = [str(out / name) for name in ("cluster_0/x.png", "cluster_0/x_2.png", "cluster_1/y.png")]
    array = model.results["pathnames"]
    model.to_dirs(out, action="move")
    assert model.results["pathnames"] is array and array.tolist() == new
    assert model.results["filenames"].tolist() == ["x.png", "x_2.png", "y.png"]
    assert [source.pathname for source in images.sources] == new
    assert [source.filename for source in images.sources] == ["x.png", "x_2.png", "y.png"]
    assert {row.pathname for row in images.status} == {*new, str(folder / "broken.png")}
    assert model.results_unique["pathnames"].tolist() == new[1:]
    assert model.results["predict"]["q"]["y_pathnames"].tolist() == [new[1], new[0]]
    assert model.results["predict"]["q"]["y_filenames"].tolist() == ["x_2.png", "x.png"]


def test_moving_again_after_another_clustering(model, photos, tmp_path):
    model.to_dirs(tmp_path / "out", action="move")
    model.results["labels"] = np.array([0, 0, 1, 1, 1, 2, 2])
    table = model.to_dirs(tmp_path / "out", action="move")
    assert table["status"].tolist() == [*["exists"] * 2, "done", *["exists"] * 3, "done"]
    assert [Path(path).parent.name for path in model.results["pathnames"]] == [
        f"cluster_{label}" for label in [0, 0, 1, 1, 1, 2, 2]
    ]


def test_what_was_moved_before_a_stop_is_known(model, photos, tmp_path, monkeypatch):
    link = os.link

    def stop(source: Any, target: Any, **more: Any) -> None:
        if Path(source) == photos[2]:
            raise KeyboardInterrupt
        link(source, target, **more)

    monkeypatch.setattr(os, "link", stop)
    with pytest.raises(KeyboardInterrupt):
        model.to_dirs(tmp_path / "out", action="move")
    assert [Path(path).exists() for path in model.results["pathnames"]] == [True] * 7
    assert model.results["pathnames"][1] == str(tmp_path / "out" / "cluster_0" / "1.jpg")


# --- the folder of the images -------------------------------------------------------------------


@pytest.mark.parametrize("action", ["symlink", "hardlink", "copy"])
@pytest.mark.parametrize("below", ["groups", "."])
def test_what_is_made_among_the_images_is_not_read_again(model, photos, caplog, action, below):
    top = photos[0].parent
    before = listdir(top)
    table = model.to_dirs(top / below, action=action)
    assert "WARNING" not in caplog.text and listdir(top) == before
    made = Path(table["target"][table["status"] == "done"].iloc[0])
    assert str(made) in listdir(made.parent)


def test_files_of_the_user_beside_links_are_read_and_the_links_with_a_warning(
    model, photos, caplog
):
    top = photos[0].parent
    (top / "cluster_0").mkdir()
    shutil.copy(photos[0], top / "cluster_0" / "mine.jpg")
    model.to_dirs(top)
    assert f"{top / 'cluster_0'} lies in the folder of the images and has files" in caplog.text
    assert "black_list=['cluster_0'] leaves it out" in caplog.text
    found = {str(Path(path).relative_to(top)) for path in listdir(top)}
    assert "cluster_0/mine.jpg" in found and len({p for p in found if "cluster_1" in p}) == 0
    assert {Path(path).parent for path in listdir(top, black_list="cluster_0")} == {top}


def test_photos_that_are_moved_stay_photos(model, photos, tmp_path):
    out = tmp_path / "out"
    model.to_dirs(out)
    assert listdir(tmp_path, black_list=photos[0].parent.name) == []
    moved = model.to_dirs(out, action="move")["target"].dropna().tolist()
    assert set(moved) <= set(listdir(tmp_path))


def test_photos_are_not_moved_to_where_they_are_left_out(model, photos, tmp_path):
    make_folder(tmp_path / "out")
    with pytest.raises(InvalidParameterError, match=r"out, a folder that clustimage has made\."):
        model.to_dirs(tmp_path / "out" / "groups", action="move")
    assert all(photo.exists() for photo in photos)


def test_folders_elsewhere_give_no_warning(model, tmp_path, caplog):
    with caplog.at_level(logging.INFO, logger="clustimage"):
        model.to_dirs(tmp_path / "out", dry_run=True)
        model.to_dirs(tmp_path / "out")
        model.to_dirs(tmp_path / "out")
    assert [record.getMessage() for record in caplog.records] == [
        f"Links: 6 would be made in 3 folders below {tmp_path / 'out'}.",
        f"Links: 6 made in 3 folders below {tmp_path / 'out'}.",
        f"Links: 0 made in 0 folders below {tmp_path / 'out'}; 6 were there already.",
    ]


def test_a_model_goes_on_after_its_images_have_moved(photos, tmp_path):
    from PIL import Image

    from clustimage import Clustimage

    rng = np.random.default_rng(0)
    for path in photos:
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(path, quality=95)
    cl = Clustimage(method=None, dim=(16, 16), embedding=None, verbose="error")
    feat = cl.fit_transform([str(path) for path in photos], n_clusters=2)["feat"]
    back = Clustimage.load(cl.save(tmp_path / "model"))
    cl.to_dirs(tmp_path / "out", action="move")
    assert not any(path.exists() for path in photos)
    np.testing.assert_array_equal(cl.extract_feat(), feat)
    cl.cluster(n_clusters=2)
    found = cl.find(cl.results["pathnames"][3], k=1, alpha=None)
    assert found["3.jpg"]["y_pathnames"].tolist() == [cl.results["pathnames"][3]]
    assert cl.unique()["pathnames"][0].startswith(str(tmp_path / "out"))
    # The model that was saved before knows the old places only, and says so.
    table = back.to_dirs(tmp_path / "other")
    assert set(table["reason"]) == {"the file is not there any more"}
    assert not (tmp_path / "other").exists()

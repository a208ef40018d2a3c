"""to_dirs(action="move") of photos together with links to them: all open afterwards."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from clustimage import Clustimage
from clustimage.export._links import entries_behind, entry_of


def make_model(pathnames: list[Path | str], labels: list[int]) -> Clustimage:
    model = Clustimage(verbose="silent")
    model.results.update(
        pathnames=np.array([str(path) for path in pathnames], dtype=object),
        filenames=np.array([Path(path).name for path in pathnames], dtype=object),
        labels=np.array(labels),
    )
    return model


def moved(model: Clustimage, out: Path, **options):
    """Move; all that is "done" and all paths of the model must open, with the content of before."""
    content = [Path(path).read_text() for path in model.results["pathnames"]]
    table = model.to_dirs(out, action="move", **options)
    done = table["status"] == "done"
    assert all(Path(target).exists() for target in table["target"][done])
    assert [Path(path).read_text() for path in model.results["pathnames"]] == content
    return table


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "in").mkdir()
    for n in range(3):
        (tmp_path / f"in/{n}.jpg").write_text(f"photo {n}")
    return tmp_path / "in"


@pytest.mark.parametrize("link_first", [True, False])
@pytest.mark.parametrize("spelling", ["absolute", "relative", "through a folder", "to a link"])
def test_a_link_leads_to_its_photo_wherever_both_go(photos, tmp_path, spelling, link_first):
    link = photos / "a_link.jpg"
    (tmp_path / "elsewhere").symlink_to(photos)
    (photos / "middle.jpg").symlink_to("0.jpg")
    to = {
        "absolute": photos / "0.jpg",
        "relative": "0.jpg",
        "through a folder": "../elsewhere/0.jpg",
        "to a link": "middle.jpg",  # which is no image of the model, and stays
    }
    link.symlink_to(to[spelling])
    paths, labels = [photos / "0.jpg", photos / "1.jpg", link], [0, 0, 1]
    order = [2, 0, 1] if link_first else [0, 1, 2]
    model = make_model([paths[i] for i in order], [labels[i] for i in order])
    table = moved(model, tmp_path / "out")
    assert set(table["status"]) == {"done"}
    assert (tmp_path / "out/cluster_1/a_link.jpg").is_symlink()
    assert not (tmp_path / "out/cluster_0/0.jpg").is_symlink()


def test_a_link_that_stays_is_led_to_the_photo_that_goes(photos, tmp_path):
    (photos / "stays.jpg").symlink_to("0.jpg")
    model = make_model([photos / "0.jpg", photos / "stays.jpg"], [0, 1])
    table = moved(model, tmp_path / "out", target_labels=0)
    assert table["status"].tolist() == ["done", "left out"]
    reason = "not in target_labels; the link leads to the new path of its image"
    assert table["reason"].tolist() == ["", reason]
    assert (photos / "stays.jpg").readlink() == tmp_path / "out/cluster_0/0.jpg"


def test_a_photo_that_stays_keeps_its_links(photos, tmp_path):
    (photos / "goes.jpg").symlink_to("0.jpg")
    moved(
        make_model([photos / "goes.jpg", photos / "0.jpg"], [0, 1]), tmp_path / "o", target_labels=0
    )
    assert (tmp_path / "o/cluster_0/goes.jpg").readlink() == photos / "0.jpg"


def test_a_link_that_is_in_its_folder_already_follows_its_photo(photos, tmp_path):
    (tmp_path / "out/cluster_0").mkdir(parents=True)
    there = tmp_path / "out/cluster_0/link.jpg"
    there.symlink_to(photos / "0.jpg")
    table = moved(make_model([there, photos / "0.jpg"], [0, 0]), tmp_path / "out")
    assert table["status"].tolist() == ["exists", "done"]
    assert "leads to the new path" in table["reason"][0]


def test_two_spellings_of_one_path_are_one_photo(photos, tmp_path):
    (tmp_path / "elsewhere").symlink_to(photos)
    paths = [photos / "0.jpg", tmp_path / "elsewhere/0.jpg", f"{tmp_path}/elsewhere/../in/0.jpg"]
    model = make_model(paths, [0, 1, 1])
    table = moved(model, tmp_path / "out")
    assert table["status"].tolist() == ["done", "skipped", "skipped"]
    assert set(model.results["pathnames"]) == {str(tmp_path / "out/cluster_0/0.jpg")}


def test_hard_links_are_moved_each(photos, tmp_path):
    os.link(photos / "0.jpg", photos / "second.jpg")
    table = moved(make_model([photos / "0.jpg", photos / "second.jpg"], [0, 1]), tmp_path / "out")
    assert table["status"].tolist() == ["done", "done"]
    assert Path(table["target"][0]).samefile(table["target"][1])


def test_where_the_photo_cannot_go_its_link_leads_to_where_it_is(photos, tmp_path, monkeypatch):
    (photos / "link.jpg").symlink_to("0.jpg")
    link = os.link

    def refuse(source, target, **options):
        if Path(source).name == "0.jpg":
            raise PermissionError(errno.EACCES, "no")
        link(source, target, **options)

    monkeypatch.setattr(os, "link", refuse)
    table = moved(make_model([photos / "link.jpg", photos / "0.jpg"], [0, 0]), tmp_path / "out")
    assert table["status"].tolist() == ["done", "failed"]


def test_a_stop_half_way_leaves_no_link_to_nothing(photos, tmp_path, monkeypatch):
    (photos / "link.jpg").symlink_to("0.jpg")
    model = make_model([photos / "link.jpg", photos / "0.jpg", photos / "1.jpg"], [0, 0, 0])
    unlink = Path.unlink

    def stop(path, **options):
        if path.name == "1.jpg":
            raise KeyboardInterrupt
        unlink(path, **options)

    monkeypatch.setattr(Path, "unlink", stop)
    with pytest.raises(KeyboardInterrupt):
        model.to_dirs(tmp_path / "out", action="move")
    assert (photos / "link.jpg").read_text() == "photo 0"
    assert [Path(path).exists() for path in model.results["pathnames"]] == [True] * 3


@pytest.mark.parametrize("seed", range(12))
def test_any_tangle_of_photos_and_links_opens_after_the_move(tmp_path, seed):
    rng = np.random.default_rng(seed)
    folders = [tmp_path / name for name in ("in", "in/deep", "outside")]
    for folder in folders:
        folder.mkdir()
    (tmp_path / "in/door").symlink_to("../outside")
    entries: list[Path] = []
    for n in range(14):
        path = folders[rng.integers(3)] / f"{n}.jpg"
        if n < 4:
            path.write_text(f"photo {n}")
        else:
            to = entries[rng.integers(len(entries))]
            path.symlink_to(to if rng.random() < 0.5 else os.path.relpath(to, path.parent))
        entries.append(path)
    spelled = [
        tmp_path / "in/door" / path.name
        if path.parent.name == "outside" and rng.random() < 0.5
        else path
        for path in entries
    ]
    chosen = rng.permutation(14)[:10]
    labels = rng.integers(-1, 3, 10).tolist()
    wanted = sorted(set(labels) - {int(rng.integers(-1, 3))})
    if wanted:
        table = moved(
            make_model([spelled[i] for i in chosen], labels), tmp_path / "out", target_labels=wanted
        )
        assert set(table["status"]) <= {"done", "left out"}


def test_what_a_link_leads_over(photos, tmp_path):
    (tmp_path / "door").symlink_to(photos)
    (photos / "one.jpg").symlink_to("../door/0.jpg")
    (photos / "two.jpg").symlink_to(tmp_path / "door/one.jpg")
    (photos / "loop.jpg").symlink_to("loop.jpg")
    assert entry_of(f"{tmp_path}/door/two.jpg") == str(photos / "two.jpg")
    assert entries_behind(str(photos / "0.jpg")) == ()
    behind = (str(photos / "one.jpg"), str(photos / "0.jpg"))
    assert entries_behind(f"{tmp_path}/door/two.jpg") == behind
    assert len(entries_behind(str(photos / "loop.jpg"))) == 40

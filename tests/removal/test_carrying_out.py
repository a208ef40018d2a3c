"""Files are moved, trashed or replaced by links, and come back as they were."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

import clustimage
from clustimage import InvalidParameterError

COPIES = [f"below/{i}.jpg" for i in range(3)]
PHOTOS = [f"{i}.jpg" for i in range(3)]


def there(album):
    return sorted(str(path.relative_to(album)) for path in album.rglob("*") if path.is_file())


@pytest.mark.parametrize("load", [False, True])
def test_moved_files_get_numbers_and_come_back(plan, album, look, tmp_path, load):
    before = look(album)
    target = tmp_path / "new" / "removed"
    (tmp_path / "new").mkdir()
    target.mkdir()
    (target / "1.jpg").write_bytes(b"of somebody")
    journal = plan.apply("move", target)
    assert there(album) == PHOTOS
    assert sorted(path.name for path in target.iterdir()) == ["0.jpg", "1.jpg", "1_2.jpg", "2.jpg"]
    table = journal.to_frame()
    assert table["status"].tolist() == ["done"] * 3
    assert table["target"].tolist()[1] == str(target / "1_2.jpg")
    if load:
        journal = clustimage.load_journal(journal.path)
    assert journal.undo()["status"].tolist() == ["given back"] * 3
    assert look(album) == before
    assert [path.name for path in target.iterdir()] == ["1.jpg"]
    assert journal.undo()["status"].tolist() == ["already there"] * 3
    assert look(album) == before


def test_a_folder_that_was_made_is_left_out_of_the_next_reading_and_gone_after_undo(
    plan, album, tmp_path
):
    journal = plan.apply("move", album / "far" / "removed")
    assert len(clustimage.listdir(album)) == 3
    assert journal.undo()["status"].tolist() == ["given back"] * 3
    assert not (album / "far").exists()


def test_a_folder_that_was_there_is_empty_again(plan, tmp_path):
    (tmp_path / "removed").mkdir()
    plan.apply("move", tmp_path / "removed").undo()
    assert list((tmp_path / "removed").iterdir()) == []


def test_trash_and_back(plan, album, look):
    before = look(album)
    journal = plan.apply()
    assert there(album) == PHOTOS
    assert clustimage.load_journal(journal.path).undo()["status"].tolist() == ["given back"] * 3
    assert look(album) == before


@pytest.mark.parametrize("action", ["hardlink", "symlink"])
def test_links_open_the_kept_file_and_become_files_again(plan, album, look, action):
    before = look(album)
    journal = plan.apply(action)
    for i in range(3):
        assert (album / COPIES[i]).read_bytes() == before[COPIES[i]][2]
        assert (album / COPIES[i]).samefile(album / PHOTOS[i])
    if action == "symlink":
        assert (album / COPIES[0]).readlink() == Path("..", "0.jpg")
    (album / COPIES[1]).unlink()  # by somebody: it comes back from the kept file
    journal.undo()
    assert look(album) == before
    assert not any((album / COPIES[i]).samefile(album / PHOTOS[i]) for i in range(3))


@pytest.mark.parametrize("action", ["hardlink", "symlink"])
def test_links_whose_file_has_changed_stay_links(plan, album, action):
    journal = plan.apply(action)
    (album / "0.jpg").write_bytes(b"edited")
    if action == "symlink":
        (album / "1.jpg").unlink()
    table = journal.undo()
    path = album / COPIES[0]
    assert table["reason"][0] == f"{path}, which holds its bytes, has changed since"
    assert path.read_bytes() == b"edited" and path.samefile(album / "0.jpg")
    if action == "symlink":
        reason = f"of {album / COPIES[1]}: the file is not there any more"
        assert table["reason"][1] == reason and (album / COPIES[1]).is_symlink()


@pytest.mark.parametrize("action", ["hardlink", "symlink"])
def test_links_are_for_equal_bytes_alone(groups, album, look, action):
    (album / COPIES[0]).write_bytes(b"a smaller version")
    before = look(album)
    plan = clustimage.Clustimage().plan_removal(groups.assign(kind="exact"))
    table = plan.apply(action).to_frame()
    assert table["status"].tolist() == ["skipped", "done", "done"]
    assert "its bytes are not those of the kept file" in table["reason"][0]
    assert look(album)[COPIES[0]] == before[COPIES[0]]


def test_a_list_changes_nothing_and_says_what_would_be_done(plan, album, look, tmp_path):
    (album / "1.jpg").write_bytes(b"changed")
    before = look(tmp_path)
    journal = plan.apply("list")
    assert journal.to_frame()["status"].tolist() == ["planned", "skipped", "planned"]
    assert "2 files would be removed, 1 skipped" in repr(journal)
    assert journal.path is None and len(journal.undo()) == 0
    assert look(tmp_path) == before


def test_files_on_another_disk_are_copied_and_compared(plan, album, look, tmp_path, monkeypatch):
    """`os.link` refuses between folders, as it does between disks."""
    before, real = look(album), os.link

    def link(source, target, **options):
        if Path(source).parent != Path(target).parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        real(source, target, **options)

    monkeypatch.setattr(os, "link", link)
    journal = plan.apply("move", tmp_path / "disk")
    assert there(album) == PHOTOS
    moved = look(tmp_path / "disk")
    assert [moved[f"{i}.jpg"] for i in range(3)] == [before[name] for name in COPIES]
    journal.undo()
    assert look(album) == before and not (tmp_path / "disk").exists()


def test_a_copy_on_another_disk_that_is_not_right_leaves_the_file(
    plan, album, look, tmp_path, monkeypatch
):
    before, real = look(album), os.link

    def link(source, target, **options):
        if Path(source).parent != Path(target).parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        real(source, target, **options)

    monkeypatch.setattr(os, "link", link)
    monkeypatch.setattr(shutil, "copyfileobj", lambda source, copy, n: copy.write(b"torn"))
    journal = plan.apply("move", tmp_path / "disk")
    assert set(journal.to_frame()["reason"]) == {
        "the copy differs from the file, which has changed or cannot be read right"
    }
    assert look(album) == before
    assert [path.name for path in (tmp_path / "disk").iterdir()] == [".clustimage-output"]


def test_a_full_disk_ends_the_work(plan, album, look, tmp_path, monkeypatch):
    before = look(album)
    monkeypatch.setattr(
        os, "link", lambda *a, **b: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left"))
    )
    table = plan.apply("move", tmp_path / "disk").to_frame()
    assert table["reason"].tolist() == ["No space left", "the disk is full", "the disk is full"]
    assert look(album) == before


def test_read_only_folders_and_files_in_use_are_left(plan, album, look, tmp_path, monkeypatch):
    before, real = look(album), os.link

    def link(source, target, **options):
        if source.endswith("1.jpg"):
            raise PermissionError(errno.EACCES, "Permission denied", source)
        real(source, target, **options)

    monkeypatch.setattr(os, "link", link)
    monkeypatch.setattr(os, "replace", link)
    journal = plan.apply("move", tmp_path / "removed")
    table = journal.to_frame()
    assert table["status"].tolist() == ["done", "failed", "done"]
    assert table["reason"][1] == "Permission denied: it is in use, or may not be read or changed"
    assert sorted(path.name for path in (tmp_path / "removed").iterdir()) == [
        ".clustimage-output", "0.jpg", "2.jpg",
    ]  # fmt: skip
    journal.undo()
    assert look(album) == before


NAMES = ["two\nlines.jpg", "ü" * 125 + "b.jpg", os.fsdecode(b"caf\xe9.jpg"), "back\\udce9.jpg"]


@pytest.mark.parametrize("name", NAMES, ids=["newline", "255 bytes", "not UTF-8", "backslash"])
@pytest.mark.parametrize("action", ["move", "symlink"])
def test_any_name_comes_back(album, groups, look, tmp_path, name, action):
    from clustimage.images.reading._listing import encodable

    (album / COPIES[0]).rename(album / "below" / name)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / name).write_bytes(b"taken")
    before = look(album)
    groups.loc[1, "pathname"] = encodable(str(album / "below" / name))
    plan = clustimage.Clustimage().plan_removal(groups)
    plan = clustimage.load_plan(plan.save(tmp_path / "plan.json"))
    journal = plan.apply(action, tmp_path / "taken" if action == "move" else None)
    assert journal.to_frame()["status"].tolist() == ["done"] * 3
    assert look(album) != before or action == "symlink"
    repr(plan), repr(journal), plan._repr_html_().encode(), journal.to_frame().to_csv().encode()
    clustimage.load_journal(journal.path).undo()
    assert look(album) == before
    assert (tmp_path / "taken" / name).read_bytes() == b"taken"


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"action": "delete"}, "'action' must be one of 'trash', 'move', 'hardlink', 'symlink'"),
        ({"action": "move"}, "'target' must be the folder that files are moved into. Got None"),
        ({"action": "trash", "target": "x"}, "'target' is the folder of action 'move' alone"),
        ({"action": "symlink", "sidecars": True}, "for sidecars to go along. Got 'symlink'"),
        ({"action": "trash", "journal": "no/such/folder"}, "cannot be written: No such file"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_before_anything_is_done(
    plan, album, look, options, sentence
):
    before = look(album)
    with pytest.raises(InvalidParameterError, match=sentence):
        plan.apply(**options)
    assert look(album) == before


def test_a_target_that_holds_the_files_or_is_a_file_is_refused(plan, album):
    with pytest.raises(InvalidParameterError, match="must be another folder than those of the fi"):
        plan.apply("move", album / "below" / ".." / "below")
    with pytest.raises(InvalidParameterError, match="'target' must be a folder, or be in one"):
        plan.apply("move", album / "0.jpg" / "x")


def test_a_target_that_cannot_be_made_is_refused(plan, album, look, tmp_path, monkeypatch):
    before = look(album)
    monkeypatch.setattr(Path, "mkdir", lambda *a, **k: (_ for _ in ()).throw(OSError(13, "Denied")))
    with pytest.raises(InvalidParameterError, match=r"'target' cannot be made \(Denied\)"):
        plan.apply("move", tmp_path / "x", journal=tmp_path / "j")
    assert look(album) == before


def test_where_nothing_is_to_be_removed_nothing_is_written(plan, look, tmp_path):
    for group in range(3):
        plan.keep(group, None)
    before = look(tmp_path)
    journal = plan.apply("move", tmp_path / "x", journal=tmp_path / "j")
    assert repr(journal) == "0 files moved" and len(journal.undo()) == 0
    assert look(tmp_path) == before


def test_a_journal_that_is_there_is_not_written_over(plan, tmp_path):
    (tmp_path / "j").write_text("mine")
    with pytest.raises(InvalidParameterError, match="'journal' must be a new file"):
        plan.apply("trash", journal=tmp_path / "j")
    assert (tmp_path / "j").read_text() == "mine"


def test_a_folder_that_is_gone_is_made_for_what_comes_back(plan, album, look, tmp_path):
    before = look(album)
    journal = plan.apply("move", tmp_path / "removed")
    (album / "below").rmdir()
    assert journal.undo()["status"].tolist() == ["given back"] * 3
    assert look(album) == before


def test_what_is_at_its_path_by_now_is_not_written_over(plan, album, tmp_path):
    journal = plan.apply("move", tmp_path / "removed")
    (album / "below" / "0.jpg").write_bytes(b"new")
    (tmp_path / "removed" / "1.jpg").write_bytes(b"edited")
    (tmp_path / "removed" / "2.jpg").unlink()
    table = journal.undo()
    assert table["status"].tolist() == ["failed"] * 3
    removed = tmp_path / "removed"
    assert table["reason"].tolist() == [
        f"another file is there by now; it stays at {removed / '0.jpg'}",
        f"{removed / '1.jpg'} has changed since",
        f"{removed / '2.jpg'} is not there any more",
    ]
    assert (album / "below" / "0.jpg").read_bytes() == b"new"
    assert (removed / "0.jpg").exists() and (removed / "1.jpg").read_bytes() == b"edited"

"""The trash of freedesktop.org: what is in it is found by its old path and its bytes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import clustimage
from clustimage.removal import _actions, _trash

pytestmark = pytest.mark.skipif(
    sys.platform in ("darwin", "win32"), reason="the trash of this system tells no old paths"
)


@pytest.fixture
def trash():
    return Path(os.environ["XDG_DATA_HOME"]) / "Trash"


def test_of_files_with_one_path_that_of_the_journal_comes_back(plan, album, look, trash):
    before = look(album)
    journal = plan.apply("trash")
    (album / "below" / "0.jpg").write_bytes(b"a newer one, thrown away later")
    from send2trash import send2trash

    send2trash(str(album / "below" / "0.jpg"))
    assert len(list((trash / "files").iterdir())) == 4
    assert journal.undo()["status"].tolist() == ["given back"] * 3
    assert look(album) == before
    assert len(list((trash / "files").iterdir())) == len(list((trash / "info").iterdir())) == 1


def test_an_emptied_trash_is_said(plan, album, trash):
    journal = plan.apply("trash")
    for path in trash.glob("*/*"):
        path.unlink()
    assert set(journal.undo()["reason"]) == {"it is not in the trash any more"}


def test_the_trash_of_the_time_is_looked_into(plan, album, look, monkeypatch, tmp_path):
    before = look(album)
    journal = plan.apply("trash")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another"))
    clustimage.load_journal(journal.path).undo()
    assert look(album) == before


def test_the_trash_of_another_disk_is_looked_into(plan, album, look, trash, monkeypatch):
    """As on a stick: ``.Trash-UID`` at its top, with paths that are relative to it."""
    before = look(album)
    journal = plan.apply("trash")
    top = album.parent
    trash.rename(top / f".Trash-{os.getuid()}")
    for info in (top / f".Trash-{os.getuid()}" / "info").iterdir():
        info.write_text(info.read_text().replace(f"Path={top}/", "Path="))
    real = os.path.ismount
    monkeypatch.setattr(os.path, "ismount", lambda path: path == str(top) or real(path))
    journal.undo()
    assert look(album) == before


def test_no_file_goes_to_a_trash_on_another_disk(plan, album, look, small_disk, monkeypatch):
    before = look(album)
    monkeypatch.setenv("XDG_DATA_HOME", str(small_disk / "data"))
    journal = plan.apply("trash", journal=album.parent / "j")
    reason = f"the trash, in {small_disk}, is on another disk"
    assert set(journal.to_frame()["reason"]) == {reason}
    assert look(album) == before


def test_systems_that_do_not_tell_where_files_are_say_what_to_do(plan, album, monkeypatch):
    journal = plan.apply("trash")
    monkeypatch.setattr(_actions, "IN_FREEDESKTOP", False)
    assert set(journal.undo()["reason"]) == {
        "it is in the trash of this system: restore it there, where it is shown"
    }
    monkeypatch.undo()


def test_a_trash_that_takes_nothing_leaves_the_file(plan, album, look, monkeypatch):
    import send2trash

    before = look(album)
    monkeypatch.setattr(send2trash, "send2trash", lambda path: None)
    assert set(plan.apply("trash").to_frame()["reason"]) == {"the trash did not take it"}
    assert look(album) == before
    assert _trash.home_trash().endswith("Trash")

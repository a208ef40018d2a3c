"""The journal is there before anything is done, and tells what it is not."""

from __future__ import annotations

import json
import os

import pytest

import clustimage
from clustimage import InvalidDataError
from clustimage.removal import _steps


@pytest.fixture
def journal(plan, tmp_path):
    return plan.apply("move", tmp_path / "removed", journal=tmp_path / "journal.jsonl")


def test_a_step_is_on_the_disk_before_it_is_done(plan, tmp_path, monkeypatch):
    path, real, seen = tmp_path / "j", os.link, []

    def link(source, target, **options):
        seen.append(json.loads(path.read_text().splitlines()[-1]))
        assert seen[-1]["pathname"] == source and seen[-1]["target"] == target
        real(source, target, **options)

    monkeypatch.setattr(os, "link", link)
    plan.apply("move", tmp_path / "removed", journal=path)
    assert [record["step"] for record in seen] == [1, 2, 3]


def test_a_journal_is_read_as_it_was_made(journal):
    loaded = clustimage.load_journal(journal.path)
    assert repr(loaded) == repr(journal)
    assert repr(journal) == f"3 files moved\nJournal: {journal.path}"
    assert loaded.to_frame().equals(journal.to_frame())


def test_skipped_files_are_in_the_journal(plan, album, tmp_path):
    (album / "below" / "1.jpg").unlink()
    journal = plan.apply("move", tmp_path / "removed")
    table = clustimage.load_journal(journal.path).to_frame().set_index("group")
    assert table["status"].to_dict() == {0: "done", 2: "done", 1: "skipped"}
    assert table["reason"][1] == "the file is not there any more"
    assert "1 skipped" in repr(journal) and "(the file is not there any more)" in repr(journal)


def test_a_journal_lies_in_the_folder_of_the_user_unless_told_otherwise(plan, caplog):
    journal = plan.apply("trash")
    folder = os.path.join(os.environ["XDG_DATA_HOME"], "clustimage", "journals")  # noqa: PTH118
    assert os.path.dirname(journal.path) == folder  # noqa: PTH120
    assert caplog.messages[0] == f"Journal: {journal.path}"


def test_the_last_line_may_be_cut_off(journal, album, tmp_path):
    path = tmp_path / "journal.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-2]) + lines[-2][:50])  # before the third file was touched
    table = clustimage.load_journal(path).to_frame()
    assert table["status"].tolist() == ["done", "done"]
    path.write_text("".join(lines[:-1]))  # it was moved, which is not in the journal any more
    loaded = clustimage.load_journal(path)
    assert loaded.to_frame()["status"].tolist() == ["done", "done", "begun"]
    assert loaded.undo()["status"].tolist() == ["given back"] * 3


@pytest.mark.parametrize(
    "line, change, sentence",
    [
        (0, {"format": "x"}, "line 1: format must be 'clustimage journal'"),
        (0, {"version": 9}, "line 1: version must be 1"),
        (0, {"action": "rm"}, "line 1: action must be one of trash, move"),
        (1, {"pathname": "x"}, "line 2: pathname must be an absolute path"),
        (1, {"token": "../../../x"}, "line 2: token must be 12 hexadecimal digits"),
        (1, {"size": "1"}, 'line 2: size must be a whole number. Got "1"'),
        (2, {"status": "lost"}, "line 3: status must be one of done, failed, skipped"),
        (2, {"step": 8}, "line 3: step must be a step that was begun before"),
        (2, None, "line 3 must be an object"),
    ],
)
def test_a_broken_line_is_refused_with_its_number_and_field(
    journal, album, look, tmp_path, line, change, sentence
):
    path = tmp_path / "journal.jsonl"
    lines = path.read_text().splitlines()
    lines[line] = "{" if change is None else json.dumps({**json.loads(lines[line]), **change})
    path.write_text("\n".join(lines) + "\n")
    before = look(album)
    with pytest.raises(InvalidDataError, match=sentence):
        clustimage.load_journal(path)
    assert look(album) == before


@pytest.mark.parametrize("content", ["", "no journal", "\n", "[]\n"])
def test_what_is_no_journal_is_refused(tmp_path, content):
    (tmp_path / "j").write_text(content)
    with pytest.raises(InvalidDataError, match=f"{tmp_path / 'j'}: line 1 "):
        clustimage.load_journal(tmp_path / "j")
    with pytest.raises(InvalidDataError, match="There is no journal"):
        clustimage.load_journal(tmp_path / "none")


def test_a_journal_of_another_machine_does_nothing_here(journal, album, tmp_path, monkeypatch):
    path = tmp_path / "journal.jsonl"
    here = json.loads(path.read_text().splitlines()[0])["host"]
    path.write_text(path.read_text().replace(str(tmp_path), "/of/another"))
    monkeypatch.setattr(_steps.platform, "node", lambda: "other")
    with pytest.raises(InvalidDataError) as caught:
        clustimage.load_journal(path).undo()
    assert str(caught.value) == (
        f"The journal is of another machine, {here!r}, and none of its folders is on this one, "
        "'other'. Undo it there."
    )


def test_a_journal_of_another_machine_works_on_a_shared_disk(journal, album, monkeypatch):
    monkeypatch.setattr(_steps.platform, "node", lambda: "other")
    assert journal.undo()["status"].tolist() == ["given back"] * 3


def test_paths_of_a_machine_that_is_not_this_one_are_not_made(journal, tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_text(path.read_text().replace(str(tmp_path), str(tmp_path / "not here")))
    table = clustimage.load_journal(path).undo()
    assert set(table["status"]) == {"failed"} and not (tmp_path / "not here").exists()


def test_nothing_is_done_where_the_journal_cannot_be_written(
    plan, album, look, tmp_path, monkeypatch
):
    before, real, calls = look(album), os.fsync, []

    def fsync(handle):
        calls.append(handle)
        if len(calls) == 3:  # of the first step, after the header and the folder
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="No space left"):
        plan.apply("move", tmp_path / "removed")
    monkeypatch.undo()
    assert look(album) == before

"""`clustimage apply` and `clustimage undo`: they ask, act, and say how to go back."""

from __future__ import annotations

import io
import shutil
import sys

import pandas as pd
import pytest

from clustimage import Clustimage
from clustimage.cli import main


@pytest.fixture
def album(tmp_path, monkeypatch):
    """A photo with a copy, in a folder that is the current one."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "a.jpg").write_bytes(b"a photo")
    shutil.copy(tmp_path / "album" / "a.jpg", tmp_path / "album" / "b.jpg")
    return tmp_path / "album"


@pytest.fixture
def plan(album):
    paths = [str(album / "a.jpg"), str(album / "b.jpg")]
    table = pd.DataFrame({"group": 0, "pathname": paths, "keep": [True, False]})
    return Clustimage(verbose="error").plan_removal(table).save(album.parent / "plan.json")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


class Terminal(io.StringIO):
    """An input that somebody sits at."""

    def isatty(self):
        return True


@pytest.mark.parametrize(
    "answer, done", [("y\n", True), ("Yes\n", True), ("\n", False), ("", False)]
)
def test_it_asks_before_it_acts(plan, album, capsys, monkeypatch, answer, done):
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    assert main(["apply", plan, "--action", "move", "--target", "gone", "--verbose", "error"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("1 file (7 bytes) in 1 group to remove, 1 to keep.\n")
    assert "Move them to gone? [y/N] " in said
    assert names(album) == (["a.jpg"] if done else ["a.jpg", "b.jpg"])
    assert ("Nothing was done." in said) is not done


def test_what_was_done_is_undone_by_the_command_that_it_names(plan, album, capsys):
    words = ["--yes", "--journal", "my journal", "--verbose", "error"]
    assert main(["apply", plan, "--action", "move", "--target", "gone", *words]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[1:] == [
        "1 file moved.",
        f"Undo with: clustimage undo '{album.parent / 'my journal'}'",
    ]
    assert names(album) == ["a.jpg"]
    assert main(["undo", "my journal", "--verbose", "error"]) == 0
    assert capsys.readouterr().out == "1 file given back, 0 already there.\n"
    assert names(album) == ["a.jpg", "b.jpg"]


def test_without_a_terminal_nothing_is_done_unless_told(plan, album, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert main(["apply", plan, "--action", "trash"]) == 2
    assert capsys.readouterr().err == (
        "clustimage apply: Nothing is done without a question, and there is no terminal to ask "
        "it in. Give --yes.\n"
    )
    assert names(album) == ["a.jpg", "b.jpg"]


def test_a_list_needs_no_answer_and_does_nothing(plan, album, capsys):
    assert main(["apply", plan, "--action", "list"]) == 0
    assert f"  planned  {album / 'b.jpg'}" in capsys.readouterr().out
    assert names(album) == ["a.jpg", "b.jpg"]


def test_what_is_left_and_what_is_lost_is_said(plan, album, capsys):
    options = ["--action", "symlink", "--yes", "--journal", "j", "--verbose", "silent"]
    (album / "b.jpg").write_bytes(b"changed")
    assert main(["apply", plan, *options]) == 0
    said = capsys.readouterr().out
    reason = "the file has changed since it was looked at"
    assert f"0 files replaced by links.\n  left: {album / 'b.jpg'} ({reason})\n" in said


def test_what_cannot_be_given_back_is_an_error(plan, album, capsys):
    words = ["--yes", "--journal", "j", "--verbose", "silent"]
    main(["apply", plan, "--action", "move", "--target", "gone", *words])
    (album / "b.jpg").write_bytes(b"new")
    capsys.readouterr()
    assert main(["undo", "j", "--verbose", "silent"]) == 2
    out, err = capsys.readouterr()
    stays = f"another file is there by now; it stays at {album.parent / 'gone' / 'b.jpg'}"
    assert f"  failed: {album / 'b.jpg'} ({stays})" in out
    assert "1 file could not be given back; nothing was lost by it." in err


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["apply", "no.json", "--action", "list"], "There is no plan"),
        (["undo", "no"], "There is no journal"),
        (
            ["apply", "plan.json", "--action", "move", "--yes"],
            "--action move needs a folder: --tar",
        ),
        (
            ["apply", "plan.json", "--action", "trash", "--yes", "--target", "x"],
            "'--target' is the folder of action 'move' alone. Got 'x'.",
        ),
        (
            ["apply", "plan.json", "--action", "move", "--yes", "--target", "album"],
            "'--target' must be another folder than those of the files",
        ),
        (
            ["apply", "plan.json", "--action", "trash", "--yes", "--journal", "plan.json"],
            "'--journal' must be a new file",
        ),
    ],
)
def test_errors_name_what_was_typed(plan, album, capsys, words, sentence):
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"clustimage {words[0]}: ") and sentence in said
    assert names(album) == ["a.jpg", "b.jpg"]

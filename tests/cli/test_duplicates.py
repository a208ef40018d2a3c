"""`clustimage duplicates`: it lists groups, writes them, and removes copies where asked."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys

import pandas as pd
import pytest
from PIL import Image
from skimage.data import astronaut, chelsea

from clustimage import load_plan
from clustimage.cli import main


@pytest.fixture
def album(tmp_path, monkeypatch):
    """Two photos; of the first an exact copy and a smaller one, in the current folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "album"
    (folder / "phone").mkdir(parents=True)
    photo = Image.fromarray(astronaut())
    photo.save(folder / "a.jpg", quality=92)
    Image.fromarray(chelsea()).save(folder / "cat.jpg")
    shutil.copy(folder / "a.jpg", folder / "copy of a.jpg")
    photo.resize((256, 256)).save(folder / "phone" / "a.jpg")
    for i, name in enumerate(["a.jpg", "copy of a.jpg", "phone/a.jpg"]):
        os.utime(folder / name, (10**9 + i, 10**9 + i))
    return folder


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.jpg"))


def test_groups_are_listed_with_what_is_kept_and_why(album, capsys):
    assert main(["duplicates", "album", "--verbose", "error"]) == 0
    size = [(album / name).stat().st_size for name in ("copy of a.jpg", "phone/a.jpg")]
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Group 0: 3 images"
    assert said[1].startswith(f"  keep  {album / 'a.jpg'}  (512 x 512, ")
    assert said[1].endswith(": oldest file)")
    assert said[2] == f"  copy  {album / 'copy of a.jpg'}  (the same bytes)"
    words = "same pixels: smaller (50%); 100% of it agrees"
    assert said[3] == f"  copy  {album / 'phone' / 'a.jpg'}  ({words})"
    summary = f"1 group of 3 images: 2 need not be kept ({sum(size) / 1000:.1f} kB)."
    assert said[4:] == ["", summary]
    assert len(names(album)) == 4


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["--keep", "smallest"], "phone/a.jpg"),
        (["--keep", "newest"], "phone/a.jpg"),
        (["--prefer", "album/phone"], "phone/a.jpg"),
        (["--protect", "album/phone"], "phone/a.jpg"),
        (["--keep", "oldest"], "a.jpg"),
    ],
)
def test_rules_say_what_is_kept(album, capsys, words, kept):
    assert main(["duplicates", "album", "--json", *words, "--verbose", "error"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["pathname"] for row in rows if row["keep"]] == [str(album / kept)]
    assert rows[0]["modified"].startswith("2001-09-09T01:46:4") and rows[0]["date"] is None
    assert rows[0]["sharpness"] is None and rows[0]["keep"] is True


@pytest.mark.parametrize(
    ("words", "n_images"),
    [
        (["--kinds", "exact"], 2),
        (["--kinds", "exact, same-pixels"], 3),
        (["--exclude", "phone"], 2),
        (["--max-distance", "0"], 2),
        (["--max-distance", "loose", "--min-share", "0.9", "--burst", "2"], 3),
    ],
)
def test_options_say_what_counts(album, capsys, words, n_images):
    assert main(["duplicates", "album", "--json", *words, "--verbose", "error"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == n_images


def test_nothing_that_is_there_twice_is_said(album, capsys):
    assert main(["duplicates", "album/cat.jpg", "--verbose", "error"]) == 0
    assert capsys.readouterr().out == "No image is there more than once.\n"


def test_the_table_is_written_and_replaced_only_when_told(album, capsys):
    words = ["duplicates", "album", "--kinds", "exact", "--verbose", "error", "--out", "table.csv"]
    assert main(words) == 0
    assert f"Written to {album.parent / 'table.csv'}.\n" in capsys.readouterr().out
    assert pd.read_csv("table.csv")["keep"].tolist() == [True, False]
    assert main(words) == 2
    assert "table.csv exists already. Give --overwrite" in capsys.readouterr().err
    assert main([*words, "--overwrite"]) == 0


def test_copies_are_planned_moved_and_given_back(album, capsys):
    words = ["duplicates", "album", "--verbose", "error", "--plan", "plan.json"]
    words += ["--action", "move", "--target", "gone", "--journal", "journal", "--yes"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "2 files moved.\nUndo with: clustimage undo " in said
    assert names(album) == ["a.jpg", "cat.jpg"]
    assert load_plan("plan.json").n_files == 2
    assert main(["undo", "journal", "--verbose", "error"]) == 0
    assert len(names(album)) == 4


def test_a_protected_folder_is_not_touched(album, capsys):
    words = ["--protect", "album/phone", "--keep", "best", "--action", "trash", "--yes"]
    assert main(["duplicates", "album", *words, "--verbose", "error"]) == 0
    assert names(album) == ["cat.jpg", "phone/a.jpg"]


def test_it_asks_after_the_groups_were_shown(album, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    assert main(["duplicates", "album", "--action", "trash", "--verbose", "error"]) == 0
    said = capsys.readouterr().out
    assert said.index("Group 0") < said.index("Send them to the trash? [y/N] Nothing was done.")
    assert len(names(album)) == 4


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--json", "--action", "list"], "--json cannot be combined with --action."),
        (["--json", "--plan", "p"], "--json cannot be combined with --plan."),
        (["--action", "move", "--yes"], "--action move needs a folder: --target DIR."),
        (["--kinds", "simular"], "'--kinds' must be one of 'exact', 'same pixels', 'near'"),
        (["--kinds", ","], "'--kinds' must be a list of some of 'exact'"),
        (["--max-distance", "near"], "'--max-distance' must be one of 'strict'"),
        (["--max-distance", "65"], "'--max-distance' must be"),
        (["--min-share", "2"], "'--min-share' must be"),
        (["--prefer", "no such folder"], "'--prefer' must be folders that exist"),
        (["--keep", "nicest"], "'--keep' must be one of 'best'"),
    ],
)
def test_errors_name_what_was_typed_before_photos_are_read(album, capsys, words, sentence):
    assert main(["duplicates", "album", *words]) == 2
    out, err = capsys.readouterr()
    assert out == "" and sentence in err and err.startswith("clustimage duplicates: ")

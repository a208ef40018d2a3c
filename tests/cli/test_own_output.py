"""What a command wrote is not read as photos by the next one."""

from __future__ import annotations

import csv
import logging
import shutil

import pytest

from clustimage.cli import main
from clustimage.images import listdir


def quick(command, folder, out, *more):
    words = [command, str(folder), "--out", str(out), "--embedding", "none", "--k", "2"]
    return [*words, "--dim", "16", "16", *more]


def n_rows(path):
    with path.open(encoding="utf-8") as file:
        return len(list(csv.DictReader(file)))


@pytest.mark.parametrize("links", ["groups", "."])
def test_a_second_run_in_the_folder_reads_the_same_photos(
    colours, tmp_path, caplog, monkeypatch, links
):
    photos = tmp_path / "photos"
    shutil.copytree(colours, photos)
    monkeypatch.chdir(photos)
    assert main(quick("cluster", ".", "result", "--links", links, "--verbose", "error")) == 0
    found = listdir(".")
    with caplog.at_level(logging.INFO, "clustimage"):
        assert main(quick("cluster", ".", "again")) == 0
    assert [len(found), n_rows(photos / "again" / "labels.csv")] == [6, 6]
    said = [message for message in caplog.messages if "written by clustimage" in message]
    assert len(said) == 1 and "result" in said[0]
    assert len(listdir("result/clusters")) == 2


def test_results_among_the_photos_are_not_read(colours, tmp_path):
    photos = tmp_path / "photos"
    shutil.copytree(colours, photos)
    for more in ([], ["--overwrite"]):
        assert main(quick("cluster", photos, photos, "--verbose", "error", *more)) == 0
        assert n_rows(photos / "labels.csv") == 6
    assert [path.rpartition("/")[2] for path in listdir(photos)] == [f"{i}.png" for i in range(6)]


def test_names_and_patterns_are_left_out(colours, tmp_path, capsys):
    words = ["cluster", str(colours), "--plan", "--exclude", "[0-3].png", "--exclude", "5.*"]
    assert main(words) == 0
    assert capsys.readouterr().out.startswith("Plan for 1 image ")
    assert main([*words, "--exclude", "4.png"]) == 2
    said = capsys.readouterr().err
    assert "--exclude '[0-3].png' --exclude '5.*' --exclude 4.png left out" in said


def test_photos_are_not_moved_into_the_results(colours, tmp_path, capsys):
    out = tmp_path / "out"
    words = quick("cluster", colours, out, "--links", str(out / "groups"), "--action", "move")
    assert main(words) == 2
    assert "--action move cannot move photos into the folder" in capsys.readouterr().err
    assert len(listdir(colours)) == 6 and not out.exists()

"""Sidecars go along where asked, and stay with what stays."""

from __future__ import annotations

import pandas as pd
import pytest

from clustimage import Clustimage


@pytest.fixture
def shoot(tmp_path):
    """A photo and its copy in a folder with sidecars, and others beside them."""
    top = tmp_path / "shoot"
    (top / "copies").mkdir(parents=True)
    (top / "IMG_1.jpg").write_bytes(b"photo")
    for name in ("IMG_1.jpg", "img_1.XMP", "IMG_1.jpg.xmp", "IMG_1.aae", "IMG_1.MOV", "IMG_1.txt",
                 "IMG_10.xmp", "IMG_2.xmp"):  # fmt: skip
        (top / "copies" / name).write_bytes(b"photo" if name == "IMG_1.jpg" else name.encode())
    return top


def plan_of(top):
    paths = [str(top / "IMG_1.jpg"), str(top / "copies" / "IMG_1.jpg")]
    table = pd.DataFrame({"group": 0, "pathname": paths, "keep": [True, False]})
    return Clustimage().plan_removal(table)


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_without_being_asked_for_they_stay(shoot, tmp_path):
    (shoot / "copies" / "IMG_1.txt").unlink()
    plan_of(shoot).apply("move", tmp_path / "removed")
    assert names(tmp_path / "removed") == ["IMG_1.jpg"]


def test_they_follow_the_photo_under_its_new_name_and_come_back(shoot, look, tmp_path):
    (shoot / "copies" / "IMG_1.txt").unlink()
    (tmp_path / "removed").mkdir()
    (tmp_path / "removed" / "IMG_1.jpg").write_bytes(b"of somebody")
    before = look(shoot)
    journal = plan_of(shoot).apply("move", tmp_path / "removed", sidecars=True)
    assert names(shoot / "copies") == ["IMG_10.xmp", "IMG_2.xmp"]
    assert names(tmp_path / "removed") == [
        "IMG_1.jpg", "IMG_1_2.MOV", "IMG_1_2.XMP", "IMG_1_2.aae", "IMG_1_2.jpg", "IMG_1_2.jpg.xmp",
    ]  # fmt: skip
    journal.undo()
    assert look(shoot) == before and names(tmp_path / "removed") == ["IMG_1.jpg"]


def test_those_of_two_photos_stay_with_the_one_that_stays(shoot, tmp_path):
    (shoot / "copies" / "IMG_1.CR2").write_bytes(b"raw")
    plan_of(shoot).apply("move", tmp_path / "removed", sidecars=True)
    assert names(tmp_path / "removed") == ["IMG_1.jpg", "IMG_1.jpg.xmp"]


def test_they_stay_with_a_photo_that_stays(shoot, tmp_path):
    plan = plan_of(shoot)
    (shoot / "IMG_1.jpg").write_bytes(b"changed")
    plan.apply("move", tmp_path / "removed", sidecars=True)
    assert names(tmp_path / "removed") == []

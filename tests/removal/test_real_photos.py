"""Duplicates of real photos are removed in every way, and all comes back byte for byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from clustimage import Clustimage, load_plan


@pytest.fixture(scope="module")
def photos(lent_data, tmp_path_factory):
    """Copies of the photos of imagededup, with links among them, and what `duplicates` finds."""
    source = lent_data / "imagededup_tests"
    if not source.is_dir():
        pytest.skip(f"no folder {source}")
    top = tmp_path_factory.mktemp("real") / "photos"
    shutil.copytree(source, top, copy_function=shutil.copyfile)
    base = top / "base_images"
    (base / "again.jpg").hardlink_to(base / "ukbench00120.jpg")
    (base / "link.jpg").symlink_to("ukbench00120.jpg")
    (top / "linked").symlink_to("base_images", target_is_directory=True)
    return top, Clustimage(verbose="error").duplicates(str(top))


def look(top: Path):
    """Return where links lead; of all other files names, rights, time and bytes."""
    return {
        str(path.relative_to(top)): path.readlink()
        if path.is_symlink()
        else (
            path.lstat().st_nlink,
            path.lstat().st_mode,
            path.lstat().st_mtime_ns,
            path.read_bytes(),
        )
        for path in sorted(top.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def test_the_copies_of_a_photo_are_one_group(photos):
    _, groups = photos
    names = {Path(pathname).name for pathname in groups.loc[groups["group"] == 0, "pathname"]}
    versions = ("", "_hflip", "_resize", "_gray")
    assert {f"ukbench00120{version}.jpg" for version in versions} <= names
    assert "link.jpg" not in names
    tens = groups["pathname"].str.contains("ukbench0(?:1380|8976|8996|9012|9040|9060|9348)")
    assert not tens.any()


@pytest.mark.parametrize("action", ["trash", "move", "hardlink", "symlink", "list"])
def test_a_plan_is_applied_and_undone(photos, tmp_path, action):
    top, groups = photos
    before = look(top)
    path = Clustimage(verbose="error").plan_removal(groups).save(tmp_path / "plan.json")
    plan = load_plan(path)
    assert plan.n_files >= 12
    target = tmp_path / "removed" if action == "move" else None
    journal = plan.apply(action, target, journal=tmp_path / "journal")
    done = journal.to_frame()["status"].isin(["done", "planned"])
    assert done.sum() >= (6 if "link" in action else 12)
    assert (look(top) == before) is (action == "list")
    undone = journal.undo()
    assert set(undone["status"]) <= {"given back"}
    assert look(top) == before
    assert not (tmp_path / "removed").exists()

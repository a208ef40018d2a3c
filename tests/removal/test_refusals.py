"""What a plan names and yet is left as it is: nothing is ever lost."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

import clustimage
from clustimage import Clustimage

CHANGED = "the file has changed since it was looked at"


def apply_to_first(plan, tmp_path):
    """Apply a plan; return status and reason of the first file."""
    row = plan.apply("move", tmp_path / "removed").to_frame().iloc[0]
    return row["status"], row["reason"]


def longer(path):
    path.write_bytes(path.read_bytes() + b"x")


def same_size_and_time(path):
    status, content = path.stat(), path.read_bytes()
    path.write_bytes(b"x" + content[1:])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def touched(path):
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize("change", [longer, same_size_and_time, touched])
@pytest.mark.parametrize("which", ["copy", "kept"])
def test_a_plan_that_is_old_leaves_what_has_changed(plan, album, look, tmp_path, change, which):
    kept = album / "0.jpg"
    change(album / "below" / "0.jpg" if which == "copy" else kept)
    before = look(album)
    reason = CHANGED if which == "copy" else f"of the kept {kept}: {CHANGED}"
    assert apply_to_first(plan, tmp_path) == ("skipped", reason)
    assert look(album)["below/0.jpg"] == before["below/0.jpg"]


def test_the_last_copy_stays_where_the_kept_one_is_gone(plan, album, tmp_path):
    (album / "0.jpg").unlink()
    assert apply_to_first(plan, tmp_path) == (
        "skipped",
        f"of the kept {album / '0.jpg'}: the file is not there any more",
    )
    assert (album / "below" / "0.jpg").exists()


def test_the_kept_one_that_goes_in_the_middle_of_the_work_is_noticed(album, tmp_path):
    import pandas as pd

    shutil.copy(album / "0.jpg", album / "again.jpg")
    names = ["0.jpg", "below/0.jpg", "again.jpg"]
    table = pd.DataFrame({"group": 0, "pathname": [str(album / name) for name in names]})
    plan = Clustimage().plan_removal(table.assign(keep=[True, False, False]))
    real = os.link

    def link(source, target, **options):
        real(source, target, **options)
        (album / "0.jpg").unlink(missing_ok=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "link", link)
        table = plan.apply("move", tmp_path / "removed").to_frame()
    assert table["status"].tolist() == ["done", "skipped"]
    assert (album / "again.jpg").exists()


def test_a_second_name_of_the_kept_file_is_no_copy(groups, album, tmp_path):
    (album / "below" / "0.jpg").unlink()
    os.link(album / "0.jpg", album / "below" / "0.jpg")
    plan = Clustimage().plan_removal(groups)
    assert plan.n_files == 2 and plan.n_bytes == 1001 + 1002
    reason = "it is the kept file by another name (a hard link): that takes no space"
    assert plan.to_frame()["reason"][1] == reason and reason in repr(plan)
    assert apply_to_first(plan, tmp_path) == ("skipped", reason)


def test_bytes_of_hard_links_count_once_and_only_if_all_names_go(groups, album):
    os.link(album / "below" / "0.jpg", album / "below" / "elsewhere")
    assert Clustimage().plan_removal(groups).n_bytes == 1001 + 1002


def test_a_link_is_left_out_of_the_plan(groups, album, caplog):
    (album / "below" / "0.jpg").unlink()
    (album / "below" / "0.jpg").symlink_to(album / "0.jpg")
    plan = Clustimage().plan_removal(groups)
    assert plan.n_files == 2 and len(plan.to_frame()) == 5
    assert "1 of 6 files are left out of the plan, first" in caplog.text
    assert "(it is a link)" in caplog.text


def test_a_file_that_became_a_link_stays(plan, album, tmp_path):
    (album / "below" / "0.jpg").rename(tmp_path / "real.jpg")
    (album / "below" / "0.jpg").symlink_to(tmp_path / "real.jpg")
    assert apply_to_first(plan, tmp_path) == ("skipped", "it is a link")
    assert (tmp_path / "real.jpg").exists()


def test_no_file_is_reached_through_a_link_out_of_the_folder(groups, album, tmp_path):
    (album / "below").rename(tmp_path / "elsewhere")
    (album / "below").symlink_to(tmp_path / "elsewhere")
    plan = Clustimage().plan_removal(groups)
    assert plan.n_files == 0
    assert plan.to_frame()["reason"][1] == "a link leads to it, out of the folder"
    table = plan.apply("move", tmp_path / "removed").to_frame()
    assert set(table["status"]) == {"skipped"}
    assert len(list((tmp_path / "elsewhere").iterdir())) == 3


def test_a_folder_that_became_a_link_is_not_entered(plan, album, tmp_path):
    (album / "below").rename(album / "moved")
    (album / "below").symlink_to(album / "moved")
    assert apply_to_first(plan, tmp_path) == (
        "skipped",
        "its path leads to another folder than when it was looked at",
    )


def test_one_file_by_two_paths_is_planned_once(groups, album, caplog):
    (album / "link").symlink_to(album / "below")
    groups.loc[0, "pathname"] = str(album / "link" / "0.jpg")
    groups.loc[0, "keep"], groups.loc[1, "keep"] = False, True
    plan = Clustimage().plan_removal(groups)
    assert "by another path" in caplog.text
    assert plan.n_files == 2 and 0 not in plan.to_frame().query("remove")["group"].tolist()


def test_a_file_that_is_kept_in_another_group_of_a_plan_stays(plan, album, tmp_path):
    path = Path(plan.save(tmp_path / "plan.json"))
    saved = json.loads(path.read_text())
    (album / "link").symlink_to(album)
    copy = saved["groups"][0]["files"][1]
    kept = saved["groups"][1]["files"][0]
    copy |= {**kept, "keep": False, "pathname": str(album / "link" / "1.jpg")}
    for record in (file for group in saved["groups"] for file in group["files"]):
        record["device"] += 1  # as after another start of the machine
    path.write_text(json.dumps(saved))
    plan = clustimage.load_plan(path)
    assert apply_to_first(plan, tmp_path) == ("skipped", "it is a kept file by another name")


def test_protected_files_stay_whatever_the_plan_says(groups, album, tmp_path):
    plan = Clustimage().plan_removal(groups, protect=album / "below")
    plan = clustimage.load_plan(plan.keep(0, album / "0.jpg").save(tmp_path / "plan.json"))
    assert plan.n_files == 0
    assert apply_to_first(plan, tmp_path) == ("skipped", "it lies in a protected folder")

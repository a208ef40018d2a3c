"""The plan: what is kept, shown, changed, saved and read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pandas as pd
import pytest

import clustimage
from clustimage import Clustimage, InvalidDataError, InvalidParameterError


@pytest.fixture
def described(groups):
    """The table as `duplicates` returns it: the files below have more pixels."""
    facts = {"width": [10, 20] * 3, "height": 10, "bytes": 1000, "exif": False, "sharpness": 1.0}
    return groups.assign(**facts, date=pd.NaT, modified=pd.NaT, keep=[False, True] * 3)


def kept(plan):
    return plan.to_frame()["keep"].tolist()


def test_the_table_says_what_goes_and_why_the_rest_stays(plan, album):
    table = plan.to_frame()
    assert list(table) == [
        "group", "pathname", "kind", "distance", "keep", "remove", "reason", "bytes",
    ]  # fmt: skip
    assert table["remove"].tolist() == [False, True] * 3
    assert table["bytes"].tolist() == [1000, 1000, 1001, 1001, 1002, 1002]
    assert plan.summary() == "3 files (3.0 kB) in 3 groups to remove, 3 to keep"
    lines = repr(plan).splitlines()
    assert lines[0] == plan.summary()
    assert lines[2] == f"    0  remove  {album / 'below' / '0.jpg'}  (exact)"
    assert "<table" in plan._repr_html_() and plan.summary() in plan._repr_html_()


def test_long_plans_are_printed_in_part(album):
    names = [f"many {i}.jpg" for i in range(24)]
    for name in names:
        (album / name).write_bytes(b"same")
    table = pd.DataFrame({"group": range(24), "pathname": [str(album / n) for n in names]})
    table["group"] //= 2
    plan = Clustimage().plan_removal(table.assign(keep=[True, False] * 12))
    assert len(repr(plan).splitlines()) == 12
    assert repr(plan).splitlines()[-1] == "… and 14 more: to_frame()"


def test_rules_choose_and_what_was_changed_by_hand_stays(described, album):
    model = Clustimage()
    assert kept(model.plan_removal(described)) == [False, True] * 3
    assert kept(model.plan_removal(described.drop(columns="keep"))) == [False, True] * 3
    assert kept(model.plan_removal(described, keep="oldest")) == [False, True] * 3
    below = album / "below"
    described.loc[[0, 1], "keep"] = True, False
    assert kept(model.plan_removal(described)) == [True, False, False, True, False, True]
    described.loc[[2, 3], "keep"] = True  # both
    assert kept(model.plan_removal(described, keep="smallest", prefer=str(below))) == [
        True, False, True, True, False, True,
    ]  # fmt: skip


def test_preferred_and_protected_folders(described, album):
    (album / "first").mkdir()
    moved = album / "first" / "0.jpg"
    (album / "0.jpg").rename(moved)
    described.loc[0, "pathname"] = str(moved)
    model = Clustimage()
    table = model.plan_removal(described, prefer=[album / "first", album]).to_frame()
    assert table.loc[table["keep"], "pathname"].tolist()[0] == str(moved)
    table = model.plan_removal(described, protect=[album / "first"]).to_frame()
    assert table["keep"].tolist()[:2] == [True, False]
    table = model.plan_removal(described, protect=[album / "first", album / "below"]).to_frame()
    assert not table["remove"][:2].any() and set(table["reason"][:2]) == {
        "", "it lies in a protected folder",
    }  # fmt: skip
    with pytest.raises(InvalidParameterError, match="'protect' must be folders that exist"):
        model.plan_removal(described, protect=album / "frist")


def test_protected_files_are_left_without_facts_to_choose_by(groups, album):
    plan = Clustimage().plan_removal(groups, protect=album / "below")
    assert plan.n_files == 0 and kept(plan) == [True, False] * 3


def test_groups_are_changed_one_by_one(plan, album):
    below = album / "below" / "0.jpg"
    assert plan.keep(0, below) is plan
    assert kept(plan) == [False, True, True, False, True, False]
    plan.keep(1, [album / "1.jpg", album / "below" / "1.jpg"]).keep(2, None)
    assert kept(plan) == [False, True, True, True, True, True]
    assert plan.summary() == "1 file (1.0 kB) in 1 group to remove, 5 to keep"


def test_a_name_is_enough_where_it_tells_files_apart(plan, album):
    (album / "below" / "0.jpg").rename(album / "below" / "other.jpg")
    table = plan.to_frame()[["group", "pathname", "keep"]]
    table.loc[1, "pathname"] = str(album / "below" / "other.jpg")
    plan = Clustimage().plan_removal(table)
    assert kept(plan.keep(0, "other.jpg"))[:2] == [False, True]


@pytest.mark.parametrize(
    "group, pathname, sentence",
    [
        (9, None, "'group' must be one of the 3 of the plan. Got 9"),
        (0, "0.jpg", "'pathname' must be a file of the group. Got '0.jpg'"),
        (0, [], "'pathname' must name at least one file, which is kept"),
        (0, [3], "'pathname' must be a file of the group. Got 3"),
    ],
)
def test_a_group_keeps_files_that_are_in_it(plan, group, pathname, sentence):
    with pytest.raises(InvalidParameterError, match=sentence):
        plan.keep(group, pathname)
    assert kept(plan) == [True, False] * 3


@pytest.mark.parametrize(
    "change, error, sentence",
    [
        (lambda t: t["pathname"].tolist(), InvalidParameterError, "must be a table with the col"),
        (lambda t: t.drop(columns="group"), InvalidParameterError, "columns 'group' and 'pathn"),
        (lambda t: t.assign(group=0.5), InvalidDataError, "'group' of 'groups' must be whole"),
        (lambda t: t.assign(pathname=7), InvalidParameterError, "must have a path in every row"),
        (lambda t: t.assign(keep="yes"), InvalidParameterError, "True or False in the column keep"),
        (lambda t: pd.concat([t, t]), InvalidDataError, "every file in one row"),
        (lambda t: t.assign(keep=False), InvalidDataError, "Without the columns width, height"),
    ],
)
def test_tables_that_are_none_are_refused(groups, change, error, sentence):
    with pytest.raises(error, match=sentence):
        Clustimage().plan_removal(change(groups))


def test_an_empty_table_is_an_empty_plan(groups, tmp_path):
    plan = Clustimage().plan_removal(groups.iloc[:0])
    assert plan.summary() == "0 files (0 bytes) in 0 groups to remove, 0 to keep"
    assert len(plan.to_frame()) == 0
    assert len(clustimage.load_plan(plan.save(tmp_path / "p")).apply("list").to_frame()) == 0


def test_files_that_are_gone_are_left_out_with_a_reason(groups, album, caplog):
    (album / "0.jpg").unlink()
    plan = Clustimage().plan_removal(groups)
    assert kept(plan) == [True, True, False, True, False]  # the copy is the last one now
    assert "1 of 6 files are left out of the plan, first" in caplog.text
    assert "(the file is not there any more)" in caplog.text


def test_a_plan_is_the_same_after_it_was_saved(plan, tmp_path):
    loaded = clustimage.load_plan(plan.keep(1, None).save(tmp_path / "plan.json"))
    pd.testing.assert_frame_equal(loaded.to_frame(), plan.to_frame())
    assert json.loads((tmp_path / "plan.json").read_text())["groups"][0]["files"][0]["keep"] is True
    assert loaded.n_bytes == plan.n_bytes == 2002


def edited(plan, path, change):
    plan.save(path)
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))
    return path


def first(value):
    return value["groups"][0]["files"][0]


@pytest.mark.parametrize(
    "change, sentence",
    [
        (lambda v: v.update(format="x"), "format must be 'clustimage removal plan'"),
        (lambda v: v.update(version=2), "version must be 1: another version of clustimage"),
        (lambda v: v.update(groups={}), "groups must be a list. Got {}"),
        (lambda v: v["groups"][1].pop("files"), r"groups\[1\].files is missing"),
        (lambda v: v["groups"].append([]), r"groups\[3\] must be an object. Got \[\]"),
        (lambda v: v["groups"][1].update(group=0), r"groups\[1\].group must be a number that no"),
        (lambda v: first(v).update(keep=1), r"groups\[0\].files\[0\].keep must be true or false"),
        (lambda v: first(v).update(keep=False), r'groups\[0\].files must have at least one with'),
        (lambda v: first(v).update(pathname="a"), r"files\[0\].pathname must be an absolute path"),
        (lambda v: first(v).update(size=-1), "size must be a whole number of at least 0. Got -1"),
        (lambda v: first(v).update(size=True), "size must be a whole number. Got true"),
        (lambda v: first(v).update(digest="0"), "digest must be 32 hexadecimal digits. Got"),
        (lambda v: v["groups"][1]["files"].append(first(v)), r"groups\[1\].files must not have"),
    ],
)  # fmt: skip
def test_a_broken_plan_is_refused_with_the_file_and_the_field(plan, tmp_path, change, sentence):
    path = edited(plan, tmp_path / "plan.json", change)
    with pytest.raises(InvalidDataError, match=sentence) as caught:
        clustimage.load_plan(path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"{", "is no plan: it is no JSON"),
        (b"\xff\xfe", "is no plan: it is no text"),
        (b"[" * 100_000, "is no plan: it is no JSON"),
        (b"[]", r"the file must be an object. Got \[\]"),
    ],
)
def test_what_is_no_plan_is_refused(tmp_path, content, sentence):
    (tmp_path / "plan.json").write_bytes(content)
    with pytest.raises(InvalidDataError, match=sentence):
        clustimage.load_plan(tmp_path / "plan.json")


@pytest.mark.parametrize("path", ["no.json", ".", 7])
def test_a_plan_that_is_not_there_is_refused(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidDataError, match="There is no plan"):
        clustimage.load_plan(path)


def test_paths_are_absolute_from_the_start(album, groups, monkeypatch):
    monkeypatch.chdir(album)
    groups["pathname"] = [os.path.relpath(path, album) for path in groups["pathname"]]
    table = Clustimage().plan_removal(groups).to_frame()
    assert [Path(path).is_absolute() for path in table["pathname"]] == [True] * 6

"""Which image of a group is kept, rule by rule."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from clustimage import InvalidDataError, InvalidParameterError
from clustimage.duplicates import choose_kept


def group(*rows, kind="near"):
    """Return a table of one group; every row names what differs from the others."""
    plain = {"group": 0, "kind": kind, "width": 40, "height": 30, "bytes": 900, "exif": False}
    plain |= {"date": pd.NaT, "modified": pd.Timestamp("2020-05-01", tz="UTC"), "sharpness": 1.0}
    return pd.DataFrame([{**plain, **row} for row in rows])


def kept(groups, **options):
    return groups.loc[choose_kept(groups, **options), "pathname"].tolist()


def date(day):
    return pd.Timestamp(f"2020-05-{day:02d}", tz="UTC")


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"width": 80, "bytes": 100}, {"bytes": 5000, "exif": True}),  # pixels before all
        ({"bytes": 1000}, {"exif": True, "date": date(1)}),  # then bytes per pixel
        ({"exif": True, "date": date(9)}, {"modified": date(1)}),  # then EXIF data
        ({"exif": True, "date": date(2)}, {"exif": True, "date": date(3)}),
        ({"date": date(2), "modified": date(3)}, {"modified": date(1)}),
        ({"modified": date(2)}, {"modified": date(3)}),
    ],
)
def test_the_best_one_by_the_rules_in_their_order(better, worse):
    # The name is against the better one, so that it is another rule that decides.
    groups = group({"pathname": "a", **worse}, {"pathname": "a longer name", **better})
    assert kept(groups) == ["a longer name"]
    assert kept(groups.iloc[::-1]) == ["a longer name"]


def test_of_equal_files_the_shorter_path_and_then_the_first():
    assert kept(group({"pathname": "copy of a"}, {"pathname": "a"})) == ["a"]
    assert kept(group({"pathname": "b"}, {"pathname": "a"})) == ["a"]


def test_sharpness_counts_in_a_burst_alone():
    rows = {"pathname": "sharp", "sharpness": 9.0}, {"pathname": "soft", "bytes": 1000}
    assert kept(group(*rows, kind="burst")) == ["sharp"]
    assert kept(group(*rows, kind="near")) == ["soft"]


def test_one_of_every_group_in_any_order_of_rows():
    rows = [{"pathname": f"{i}", "group": i % 3, "width": 40 + i} for i in range(9)]
    assert sorted(kept(group(*rows))) == ["6", "7", "8"]
    assert kept(group(*rows).iloc[:0]) == []


def test_largest_smallest_oldest_newest():
    groups = group(
        {"pathname": "a", "bytes": 900, "date": date(5)},
        {"pathname": "b", "bytes": 800, "width": 90, "modified": date(2)},
        {"pathname": "c", "bytes": 1000, "modified": date(9)},
    )
    assert [kept(groups, keep=keep) for keep in ("best", "largest", "smallest")] == [
        ["b"],
        ["c"],
        ["b"],
    ]
    assert kept(groups, keep="oldest") == ["b"] and kept(groups, keep="newest") == ["c"]
    undated = group({"pathname": "a", "modified": pd.NaT}, {"pathname": "bb"})
    assert kept(undated, keep="newest") == kept(undated, keep="oldest") == ["bb"]


def test_protected_then_preferred_folders_come_first(tmp_path, monkeypatch):
    for name in ("album", "inbox", "inbox 2", "safe"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "safe", target_is_directory=True)
    at = {name: str(tmp_path / name / "x" / "1.jpg") for name in ("album", "inbox", "inbox 2")}
    groups = group({"pathname": at["inbox 2"], "width": 90}, {"pathname": at["inbox"]})
    assert kept(groups, prefer=[tmp_path / "album", tmp_path / "inbox"]) == [at["inbox"]]
    both = group({"pathname": at["inbox"], "width": 90}, {"pathname": at["album"]})
    assert kept(both, prefer=[str(tmp_path / "album"), tmp_path / "inbox"]) == [at["album"]]
    assert kept(both, prefer=tmp_path / "album", protect=tmp_path / "inbox") == [at["inbox"]]
    behind = str(tmp_path / "link" / "1.jpg")
    linked = group({"pathname": at["inbox"], "width": 90}, {"pathname": behind})
    assert kept(linked, protect=[tmp_path / "safe"]) == [behind]
    monkeypatch.chdir(tmp_path)
    relative = group({"pathname": "inbox/1.jpg", "width": 90}, {"pathname": "safe/1.jpg"})
    assert kept(relative, protect=["safe"]) == ["safe/1.jpg"]


def test_what_cannot_be_meant(tmp_path):
    groups = group({"pathname": "a"}, {"pathname": "b"})
    with pytest.raises(InvalidParameterError, match="'keep' must be one of 'best', .*'oldest'"):
        choose_kept(groups, keep="old")
    with pytest.raises(InvalidParameterError, match="'protect' must be folders that exist"):
        choose_kept(groups, protect=[tmp_path / "saef"])
    with pytest.raises(InvalidParameterError, match="'prefer' must be a folder, or a list"):
        choose_kept(groups, prefer=[3])
    with pytest.raises(InvalidDataError, match="Without the columns bytes, nothing"):
        choose_kept(groups.drop(columns="bytes"))


def test_a_table_that_was_written_and_read_again(tmp_path):
    groups = group({"pathname": "a", "date": date(5)}, {"pathname": "bb", "date": date(3)})
    groups.to_csv(Path(tmp_path, "groups.csv"), index=False)
    assert kept(pd.read_csv(tmp_path / "groups.csv")) == ["bb"]

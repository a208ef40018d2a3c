"""to_frame and write_csv."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clustimage._core.errors import InvalidParameterError
from clustimage.export import to_frame, write_csv
from clustimage.export._table import COLUMNS, count_sizes


def results(**more: object) -> dict[str, object]:
    names = np.array(["b.png", "a.png", "c.png"], dtype=object)
    paths = np.array([f"/x/{name}" for name in names], dtype=object)
    return {"pathnames": paths, "filenames": names, "labels": None, "xycoord": None, **more}


def test_one_row_per_image_in_their_order() -> None:
    xycoord = np.array([[0, 1], [2, 3], [4, 5]], dtype=np.float32)
    frame = to_frame(
        results(labels=np.array([0, 0, -1]), xycoord=xycoord),
        {"idx": np.array([1])},
        np.array([1.5, 0.5, np.nan]),
    )
    assert tuple(frame.columns) == COLUMNS
    assert frame["pathname"].tolist() == ["/x/b.png", "/x/a.png", "/x/c.png"]
    assert frame["filename"].tolist() == ["b.png", "a.png", "c.png"]
    assert frame["label"].tolist() == [0, 0, -1]
    assert frame["label"].dtype.kind == "i"
    assert frame[["x", "y"]].to_numpy().tolist() == [[0, 1], [2, 3], [4, 5]]
    assert frame["distance_to_center"].tolist()[:2] == [1.5, 0.5]
    assert np.isnan(frame["distance_to_center"].iloc[2])
    assert frame["is_unique"].tolist() == [False, True, False]
    assert frame["is_unique"].dtype == bool


def test_steps_that_were_not_run_are_empty() -> None:
    frame = to_frame(results())
    assert tuple(frame.columns) == COLUMNS
    assert frame[["label", "x", "y", "distance_to_center", "is_unique"]].isna().all(axis=None)
    assert frame["x"].dtype == float


def test_csv_is_read_back(tmp_path: Path) -> None:
    frame = to_frame(results(labels=np.array([1, 0, 0])), {"idx": [0, 1]})
    frame.loc[0, "filename"] = 'ü, "quoted"\nname.png'
    path = write_csv(frame, str(tmp_path / "labels.csv"))
    assert path == str(tmp_path / "labels.csv")
    back = pd.read_csv(path, encoding="utf-8")
    assert back["filename"].tolist() == frame["filename"].tolist()
    assert back["label"].tolist() == [1, 0, 0]
    assert back["is_unique"].tolist() == [True, True, False]


def test_a_name_that_is_no_valid_text_does_not_fail(tmp_path: Path) -> None:
    frame = pd.DataFrame({"filename": pd.Series(["a\udcff.png"], dtype=object)})
    write_csv(frame, tmp_path / "labels.csv")
    assert (tmp_path / "labels.csv").read_text(encoding="utf-8") == "filename\na\\udcff.png\n"


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("old")
    write_csv(pd.DataFrame({"a": [1]}), tmp_path / "labels.csv")
    assert (tmp_path / "labels.csv").read_text() == "a\n1\n"
    assert [path.name for path in tmp_path.iterdir()] == ["labels.csv"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameterError, match="There is no folder"):
        write_csv(pd.DataFrame(), tmp_path / "no" / "labels.csv")


def test_clusters_are_counted_by_their_size() -> None:
    table = count_sizes({"labels": np.array([2, 0, 0, 1, 1, 0, -1, -1, -2, 3])})
    assert list(table.columns) == ["size", "n_clusters"]
    assert table.to_numpy().tolist() == [[1, 2], [2, 1], [3, 1]]
    assert [dtype.kind for dtype in table.dtypes] == ["i", "i"]


def test_without_clusters_the_table_of_sizes_is_empty() -> None:
    assert count_sizes({"labels": np.array([-1, -1])}).shape == (0, 2)


def test_names_are_read_back_and_are_no_formulas(tmp_path, caplog):
    formulas = ["=1+1.jpg", "+a.jpg", "-b.jpg", "@c.jpg", "\td.jpg", "\ne.jpg"]
    formulas += ["\uff1d1.jpg", "\uff0b1.jpg", "\uff0d1.jpg", "\uff201.jpg"]  # full-width
    names = [*formulas, "two\rrows.jpg", 'x\n"y",z.jpg']
    frame = pd.DataFrame(
        {"pathname": [f"/photos/{name}" for name in names], "filename": names, "label": range(12)}
    )
    with caplog.at_level("WARNING", logger="clustimage"):
        write_csv(frame, tmp_path / "labels.csv")
    assert "10 texts of labels.csv would be a formula" in caplog.text
    with (tmp_path / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["pathname"] for row in rows] == frame["pathname"].tolist()
    assert [row["filename"] for row in rows] == [f"'{n}" for n in formulas] + names[10:]
    assert [int(row["label"]) for row in rows] == list(range(12))
    again = pd.read_csv(tmp_path / "labels.csv")
    assert again["pathname"].tolist() == frame["pathname"].tolist()


def test_a_table_without_such_names_is_written_as_it_is(tmp_path, caplog):
    frame = pd.DataFrame({"filename": ["a=b.jpg", None], "distance": [-1.5, np.nan]})
    write_csv(frame, tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text() == "filename,distance\na=b.jpg,-1.5\n,\n"
    assert not caplog.text

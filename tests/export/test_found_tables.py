"""The tables that `find` returns."""

from __future__ import annotations

import numpy as np

from clustimage.export import answer_frames, query_names


def test_a_query_is_named_by_its_file_or_by_its_path_where_two_share_a_name() -> None:
    assert query_names(["a", "b", "a"], ["x/a", "x/b", "y/a"]) == ["x/a", "b", "y/a"]
    assert query_names(["a", "a"], ["x/a", "x/a"]) == ["x/a", "x/a (2)"]
    assert query_names(["feat"], ["x/feat"]) == ["x/feat"]


def test_one_table_per_query_after_the_features() -> None:
    results = {
        "labels": np.array([0, 1, 0]),
        "filenames": np.array(["a", "b", "c"], dtype=object),
        "pathnames": np.array(["/a", "/b", "/c"], dtype=object),
    }
    hits = {
        "y_idx": np.array([2, 1]),
        "distance": np.array([0.0, 1.5]),
        "y_proba": np.array([0.01, 0.2]),
    }
    rows = np.array([[1, 2]], dtype=np.float32)
    answer = answer_frames([hits], rows, ["q.png"], ["/q.png"], results)
    assert list(answer) == ["feat", "q.png"]
    assert answer["feat"].loc["q.png"].tolist() == [1, 2]
    table = answer["q.png"]
    assert table["y_idx"].tolist() == [2, 1]
    assert table["labels"].tolist() == [0, 1]
    assert table["y_filenames"].tolist() == ["c", "b"]
    assert table["y_pathnames"].tolist() == ["/c", "/b"]
    assert table["x_pathnames"].tolist() == ["/q.png", "/q.png"]
    without = answer_frames([hits], rows, ["q.png"], ["/q.png"], {**results, "labels": None})
    assert without["q.png"]["labels"].isna().all()

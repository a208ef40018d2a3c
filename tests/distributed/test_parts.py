from __future__ import annotations

import numpy as np
import pytest

pa = pytest.importorskip("pyarrow")

from clustimage.distributed._parts import (  # noqa: E402
    DamagedPartError,
    content_key,
    matrix_column,
    matrix_of,
    part_summary,
    read_part,
    write_part,
)


def a_part(path):
    feat = np.random.default_rng(0).normal(size=(500, 16)).astype("f4")
    table = pa.table({"pathname": [f"{i}.jpg" for i in range(500)], "feat": matrix_column(feat)})
    write_part(str(path), table, {"n": 500})
    return feat


def test_a_part_comes_back_with_its_summary(tmp_path):
    feat = a_part(tmp_path / "p.parquet")
    assert part_summary(str(tmp_path / "p.parquet")) == {"n": 500}
    table = read_part(str(tmp_path / "p.parquet"), ["feat"])
    np.testing.assert_array_equal(matrix_of(table["feat"]), feat)


def test_rows_that_are_null_come_back_as_zeros(tmp_path):
    some = pa.table({"name": ["a", "b"], "feat": matrix_column(np.ones((2, 3), "f4"))})
    lost = pa.table({"name": ["c"]})
    whole = pa.concat_tables([some, lost, some], promote_options="default")
    write_part(str(tmp_path / "p.parquet"), whole, {})
    rows = matrix_of(read_part(str(tmp_path / "p.parquet"))["feat"])
    np.testing.assert_array_equal(rows[:, 0], [1, 1, 0, 1, 1])
    assert rows.shape == (5, 3)


def test_what_is_not_there_has_no_summary(tmp_path):
    assert part_summary(str(tmp_path / "p.parquet")) is None


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_part_that_was_cut_off_counts_as_not_there(tmp_path, share):
    path = tmp_path / "p.parquet"
    a_part(path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    assert part_summary(str(path)) is None
    with pytest.raises(DamagedPartError, match=r"p\.parquet"):
        read_part(str(path))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_changed_byte_is_seen(tmp_path, share):
    path = tmp_path / "p.parquet"
    a_part(path)
    data = bytearray(path.read_bytes())
    data[int(share * 32_000)] ^= 1
    path.write_bytes(data)
    assert part_summary(str(path)) == {"n": 500}
    with pytest.raises(DamagedPartError):
        read_part(str(path))


def test_keys_differ_where_values_are_cut_elsewhere():
    assert content_key("ab", "c") != content_key("a", "bc")
    assert content_key([1, 2]) != content_key([12])


@pytest.mark.parametrize(
    "column",
    [
        pa.array([["a"], []], pa.list_(pa.string())),
        pa.array([[1.0], [2.0]], pa.list_(pa.float32(), 1)),
        pa.array([None, None]),
        pa.array(["a", None], pa.large_string()),
        pa.array([1, 2], pa.timestamp("ms")),
    ],
    ids=str,
)
def test_columns_of_every_type_are_known_again(tmp_path, column):
    path = str(tmp_path / "p.parquet")
    write_part(path, pa.table({"column": column}), {"n": 2})
    assert part_summary(path) == {"n": 2}
    assert read_part(path)["column"].to_pylist() == column.to_pylist()

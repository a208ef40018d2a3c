"""save_model and load_model: the same structure back, or one clear error."""

from __future__ import annotations

import errno
import json
import math
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clustimage._core import file_arrays
from clustimage._core.errors import (
    DiskSpaceError,
    InvalidDataError,
    InvalidParameterError,
    ModelFileError,
)
from clustimage._core.file_arrays import held_bytes, new_array
from clustimage._core.memory import Budget
from clustimage.export import _model_file, load_model, save_model


def assert_same(a: Any, b: Any) -> None:
    """Compare values, types, shapes and orders, all the way down."""
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            assert_same(one, other)
    elif isinstance(a, np.ndarray):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        assert a.flags.c_contiguous == b.flags.c_contiguous
        if a.dtype == object:
            assert_same(a.ravel().tolist(), b.ravel().tolist())
        else:
            np.testing.assert_array_equal(a, b)
    elif isinstance(a, pd.DataFrame):
        pd.testing.assert_frame_equal(a, b, check_exact=True)
    elif isinstance(a, (float, np.floating)) and math.isnan(a):
        assert math.isnan(b)
    else:
        assert a == b


def sample_state() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        "params": {"dim": (8, 8), "method": None, "alpha": 0.1, "ext": ["png", ("a", 1)]},
        "feat": rng.normal(size=(30, 5)).astype(np.float32),
        "img": rng.integers(0, 256, size=(30, 64), dtype=np.uint8),
        "labels": np.arange(30) % 3,
        "names": np.array([f"{i}.png" for i in range(29)] + [None], dtype=object),
        "predict": {"ä b.png": pd.DataFrame({"y_idx": [3, 1], "name": ["x", "y"]})},
    }


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.clustimage"
    save_model(path, sample_state())
    return path


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -7,
        10**30,
        0.1,
        -0.0,
        math.nan,
        math.inf,
        -math.inf,
        "",
        "ünïcode \x00 \udcff 😀",
        [],
        (),
        {},
        [1, (2, [3, {"kind": "array", "number": 0}])],
        np.float32(0.1),
        np.float64("nan"),
        np.int64(-5),
        np.uint8(255),
        np.bool_(True),
        np.str_("abc"),
        np.str_(""),
        np.datetime64("2024-01-02T03:04:05"),
        np.complex64(1 + 2j),
        np.array(3.5),
        np.array([]),
        np.zeros((0, 4), np.float32),
        np.zeros((3, 0), np.int8),
        np.array([True, False]),
        np.array([np.nan, np.inf, -0.0]),
        np.arange(6, dtype=">i4").reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array(["a", "bcd", "ü"]),
        np.array([b"a", b"bc"]),
        np.array(["2024-01-01", "NaT"], dtype="datetime64[s]"),
        np.array(["a", None, "b\udcff"], dtype=object),
        np.array([[None, 1], [2.5, (1, 2)]], dtype=object),
        np.array([], dtype=object),
    ],
    ids=repr,
)
def test_a_value_comes_back_as_it_was(tmp_path: Path, value: Any) -> None:
    state = {"value": value, "again": [value]}
    save_model(tmp_path / "m", state)
    assert_same(load_model(tmp_path / "m"), state)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [0.5, np.nan], "d": [True, False]}),
        pd.DataFrame({"a": ["x", None]}, index=["q.png", "r.png"]),
        pd.DataFrame({"a": np.array(["x", None, 1], dtype=object)}),
        pd.DataFrame(np.arange(6, dtype=np.float32).reshape(2, 3), index=["a", "b"]),
        pd.DataFrame(np.arange(6.0).reshape(3, 2), columns=["x", "y"], index=[5, 3, 1]),
        pd.DataFrame({"a": []}),
        pd.DataFrame({"a": pd.Series([], dtype=np.int64), "b": pd.Series([], dtype=np.float64)}),
        pd.DataFrame(index=["a", "b"]),
        pd.DataFrame(),
        pd.DataFrame({"t": pd.to_datetime(["2024-01-02", None]), "n": [1, 2]}),
    ],
    ids=lambda frame: "-".join(map(str, frame.dtypes)) or "empty",
)
def test_a_table_comes_back_as_it_was(tmp_path: Path, frame: pd.DataFrame) -> None:
    save_model(tmp_path / "m", {"frame": frame})
    pd.testing.assert_frame_equal(load_model(tmp_path / "m")["frame"], frame, check_exact=True)


def test_the_whole_state_comes_back(saved: Path) -> None:
    assert_same(load_model(str(saved)), sample_state())


def test_loaded_arrays_can_be_written_to(saved: Path) -> None:
    state = load_model(saved)
    state["img"][0, 0] = 7
    assert state["img"][0, 0] == 7


def test_one_array_under_two_names_is_stored_once(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 256, size=100_000, dtype=np.uint8)
    save_model(tmp_path / "m", {"a": array, "b": [array]})
    assert (tmp_path / "m").stat().st_size < 110_000
    state = load_model(tmp_path / "m")
    assert state["a"] is state["b"][0]


def test_the_members_open_with_numpy_and_hold_no_pickle(saved: Path) -> None:
    with zipfile.ZipFile(saved) as container:
        names = container.namelist()
        assert json.loads(container.read("model.json"))["schema"] == 1
        for name in names[1:]:
            with container.open(name) as member:
                assert np.lib.format.read_array(member, allow_pickle=False).size > 0
    assert names[0] == "model.json"
    assert all(name.endswith(".npy") for name in names[1:])


def test_equal_states_make_equal_files(saved: Path, tmp_path: Path) -> None:
    save_model(tmp_path / "other", sample_state())
    assert (tmp_path / "other").read_bytes() == saved.read_bytes()


def test_an_existing_file_needs_overwrite(saved: Path) -> None:
    before = saved.read_bytes()
    with pytest.raises(InvalidParameterError, match="overwrite=True"):
        save_model(saved, {"a": 1})
    assert saved.read_bytes() == before
    save_model(saved, {"a": 1}, overwrite=True)
    assert load_model(saved) == {"a": 1}


def test_a_failure_leaves_the_old_file(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*args: Any, **kw: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save_model(saved, sample_state(), overwrite=True)
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == [saved]
    assert_same(load_model(saved), sample_state())


def test_where_a_model_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameterError, match="There is no folder"):
        save_model(tmp_path / "no" / "m", {})
    with pytest.raises(InvalidParameterError, match="Got the folder"):
        save_model(tmp_path, {}, overwrite=True)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"a": [1, {"b": object()}]}, r"state\['a'\]\[1\]\['b'\] .* it is a object"),
        ({"a": {1: 2}}, r"state\['a'\] .* its key 1 is not text"),
        ({"a": {1, 2}}, "it is a set"),
        ({"a": np.array([object()])}, r"state\['a'\]\[0\]"),
        ({"a": np.zeros(2, dtype=[("x", "f4")])}, "an array of"),
        ({"a": np.ma.masked_array([1, 2])}, "an array of"),
        ({"a": pd.DataFrame({"c": pd.Categorical(["x"]), "d": [1]})}, "a column of category"),
        ({"a": pd.DataFrame({"c": [1]}, index=pd.MultiIndex.from_tuples([(1, 2)]))}, "MultiIndex"),
    ],
)
def test_what_cannot_be_saved_is_named(tmp_path: Path, state: Any, words: str) -> None:
    with pytest.raises(InvalidDataError, match=words):
        save_model(tmp_path / "m", state)
    assert list(tmp_path.iterdir()) == []


def test_a_structure_that_holds_itself_is_refused(tmp_path: Path) -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(InvalidDataError, match="nested too deeply"):
        save_model(tmp_path / "m", {"a": loop})


def test_every_damage_gives_a_model_file_error_or_the_same_model(
    saved: Path, tmp_path: Path
) -> None:
    whole, state = saved.read_bytes(), sample_state()
    rng = np.random.default_rng(1)
    damaged = [whole[: int(cut)] for cut in rng.integers(0, len(whole), size=40)]
    for position in rng.integers(0, len(whole), size=150):
        flipped = bytearray(whole)
        flipped[position] ^= int(rng.integers(1, 256))
        damaged.append(bytes(flipped))
    # The headers and the table of contents, where most of the harm can be done.
    start = whole.index(b"PK\x01\x02")
    for position in [*range(60), *range(start, len(whole))]:
        flipped = bytearray(whole)
        flipped[position] ^= int(rng.integers(1, 256))
        damaged.append(bytes(flipped))
    path, refused = tmp_path / "damaged", 0
    for data in damaged:
        path.write_bytes(data)
        try:
            assert_same(load_model(path), state)
        except ModelFileError as exc:
            refused += 1
            assert "damaged" in str(exc)
    assert refused > 150


def rewritten(saved: Path, change: Any, *, members: dict[str, bytes] | None = None) -> Path:
    """Return a model file whose ``model.json`` went through `change`."""
    with zipfile.ZipFile(saved) as container:
        parts = {name: container.read(name) for name in container.namelist()}
    model = json.loads(parts["model.json"])
    model = change(model) or model
    parts["model.json"] = json.dumps(model).encode()
    parts.update(members or {})
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as container:
        for name, data in parts.items():
            container.writestr(name, data)
    return saved


def test_a_newer_schema_says_to_update(saved: Path) -> None:
    rewritten(saved, lambda model: model.update(schema=2, version="9.9"))
    with pytest.raises(ModelFileError, match=r"clustimage 9\.9 in schema 2.*pip install --upgrade"):
        load_model(saved)


@pytest.mark.parametrize("model", [[], {}, {"format": "other"}, "text", None, 5])
def test_a_foreign_container_is_refused(tmp_path: Path, model: Any) -> None:
    with zipfile.ZipFile(tmp_path / "m", "w") as container:
        container.writestr("model.json", json.dumps(model))
    with pytest.raises(ModelFileError, match="not a model of clustimage"):
        load_model(tmp_path / "m")


@pytest.mark.parametrize("data", [b"", b"hello", pickle.dumps({"a": 1}), b"PK\x05\x06" + bytes(18)])
def test_other_files_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "m").write_bytes(data)
    with pytest.raises(ModelFileError, match="not a model of clustimage"):
        load_model(tmp_path / "m")


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="There is no model file"):
        load_model(tmp_path / "no")
    with pytest.raises(ModelFileError, match="is a folder"):
        load_model(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ModelFileError, match="There is no model file"):
        load_model(tmp_path / "file" / "no")


def test_a_file_that_cannot_be_opened_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(_model_file, "open_regular", closed)
    with pytest.raises(ModelFileError, match=r"Cannot read .*no: Permission denied\."):
        load_model(tmp_path / "no")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dtype", "|O"),
        ("dtype", "object"),
        ("dtype", "f4,f4"),
        ("dtype", "<f8"),
        ("dtype", 7),
        ("dtype", "nonsense"),
        ("shape", [10**9, 10**9]),
        ("shape", [-1, 5]),
        ("shape", [1.5]),
        ("shape", 3),
        ("shape", [1] * 50),
        ("shape", [30, 4]),
        ("number", 99),
        ("number", "../../etc/passwd"),
        ("number", None),
        ("order", []),
        ("kind", "os.system"),
    ],
)
def test_a_forged_description_of_an_array_is_refused(saved: Path, key: str, value: Any) -> None:
    def change(model: Any) -> None:
        model["state"]["items"]["feat"][key] = value

    rewritten(saved, change)
    if key == "order":  # read the other way round: harmless
        assert load_model(saved)["feat"].shape[0] in (30, 5)
    else:
        with pytest.raises(ModelFileError):
            load_model(saved)


def test_a_member_with_pickled_objects_is_not_unpickled(saved: Path) -> None:
    import io

    sink = io.BytesIO()
    np.save(sink, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    rewritten(saved, lambda model: None, members={"arrays/00000.npy": sink.getvalue()})
    with pytest.raises(ModelFileError, match="not the size"):
        load_model(saved)


def test_deep_json_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m", "w") as container:
        container.writestr("model.json", "[" * 200_000)
    with pytest.raises(ModelFileError):
        load_model(tmp_path / "m")


def test_a_bomb_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_model_file, "RATIO_FROM", 1 << 16)
    with zipfile.ZipFile(tmp_path / "m", "w", zipfile.ZIP_DEFLATED) as container:
        container.writestr("model.json", " " * (1 << 22))
    with pytest.raises(ModelFileError, match="would unpack to 4194304 bytes"):
        load_model(tmp_path / "m")


def test_so_is_one_of_many_small_values(tmp_path: Path) -> None:
    # 60 bytes of memory for each of these, 50,000 bytes in the file.
    text = b'{"format": "clustimage model", "state": [' + b"[]," * (1 << 23) + b"[]]}"
    with zipfile.ZipFile(tmp_path / "m", "w", zipfile.ZIP_DEFLATED) as container:
        container.writestr("model.json", text)
    with pytest.raises(ModelFileError, match=r"Its model\.json would unpack to 25165869 bytes"):
        load_model(tmp_path / "m")


def test_our_own_equal_values_are_no_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_model_file, "JSON_RATIO_FROM", 1 << 16)
    save_model(tmp_path / "m", {"url": [None] * 100_000})
    assert load_model(tmp_path / "m") == {"url": [None] * 100_000}


def test_a_table_of_many_rows_without_columns_takes_no_memory(saved: Path) -> None:
    def change(model: dict[str, Any]) -> None:
        empty = {"range": [0, 0, 1], "name": None}
        rows = {"range": [0, 10**12, 1], "name": None}
        frame = {"kind": "frame", "index": rows, "columns": empty, "data": []}
        model["state"]["items"]["feat"] = frame

    assert load_model(rewritten(saved, change))["feat"].shape == (10**12, 0)


def test_our_own_empty_images_are_no_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_model_file, "RATIO_FROM", 1 << 16)
    save_model(tmp_path / "m", {"img": np.zeros((100, 50_000), np.uint8)})
    np.testing.assert_array_equal(load_model(tmp_path / "m")["img"], 0)


# --- arrays in files ------------------------------------------------------------------------------

ARRAYS = {
    "noise": np.random.default_rng(0).integers(0, 256, (300, 30, 7, 3), dtype=np.uint8),
    "zeros": np.zeros((70_001, 3), np.float32),
    "dates": np.arange(200_000).astype("datetime64[s]"),
    "words": np.array(["ab", "cde"] * 90_000),
    "columns": np.asfortranarray(np.arange(2e5).reshape(400, 500)),
    "part": np.arange(400_000, dtype=np.uint16).reshape(-1, 4)[:77_777],
}


@pytest.mark.parametrize("name", sorted(ARRAYS))
def test_an_array_in_a_file_is_saved_as_one_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    plain = ARRAYS[name]
    turned = plain.T if name == "columns" else plain
    mapped = new_array(turned.shape, plain.dtype, folder=tmp_path, what="The array")
    mapped[:] = turned
    mapped = mapped.T if name == "columns" else mapped
    save_model(tmp_path / "plain", {"a": plain})
    monkeypatch.setattr(np.lib.format, "write_array", None)  # it would make copies
    save_model(tmp_path / "mapped", {"a": mapped})
    assert (tmp_path / "plain").read_bytes() == (tmp_path / "mapped").read_bytes()


@pytest.mark.parametrize("name", sorted(ARRAYS))
def test_an_array_beyond_the_budget_is_loaded_into_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(_model_file, "MAX_BYTES_IN_MEMORY", 1000)
    array, folder = ARRAYS[name], tmp_path / "work"
    save_model(tmp_path / "m", {"a": array})
    for total, in_file in ((2 * array.nbytes, False), (2 * array.nbytes - 1, True)):
        back = load_model(tmp_path / "m", budget=Budget(total), folder=folder)["a"]
        assert (held_bytes(back) == 0) == in_file
        assert type(back) is np.ndarray and back.flags.writeable
        assert_same(back, array)
    assert list(folder.iterdir()) == []


def test_what_was_loaded_counts_for_what_comes_after(tmp_path: Path) -> None:
    arrays = {name: np.full(2_000_000, 7, dtype=np.uint8) for name in "abcd"}
    save_model(tmp_path / "m", {**arrays, "small": np.arange(9)})
    back = load_model(tmp_path / "m", budget=Budget(7_000_000), folder=tmp_path)
    assert [held_bytes(back[name]) > 0 for name in "abcd"] == [True, True, False, False]
    assert held_bytes(back["small"]) > 0
    assert all(int(back[name].sum()) == 14_000_000 for name in "abcd")
    assert all(held_bytes(value) > 0 for value in load_model(tmp_path / "m").values())


def test_a_full_disk_is_not_taken_for_a_broken_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_model(tmp_path / "m", {"img": np.zeros((2000, 999), np.uint8)})
    monkeypatch.setattr(file_arrays, "free_bytes", lambda folder: 1000)
    with pytest.raises(DiskSpaceError, match="the shape 2000 x 999 take 2.0 MB of disk"):
        load_model(tmp_path / "m", budget=Budget(1000), folder=tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidParameterError, match="No file can be made in the folder"):
        load_model(tmp_path / "m", budget=Budget(1000), folder=tmp_path / "file")


def test_damage_to_an_array_that_goes_into_a_file_is_found(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_model_file, "MAX_BYTES_IN_MEMORY", 0)
    whole, refused = saved.read_bytes(), 0
    with zipfile.ZipFile(saved) as container:
        start = container.getinfo("arrays/00001.npy").header_offset
    for position in range(start, start + 2000, 13):
        flipped = bytearray(whole)
        flipped[position] ^= 5
        (tmp_path / "damaged").write_bytes(flipped)
        try:
            state = load_model(tmp_path / "damaged", budget=Budget(1), folder=tmp_path)
            assert_same(state, sample_state())
        except ModelFileError:
            refused += 1
    assert refused > 100


SCRIPT = """
import sys
import numpy as np
from clustimage._core.memory import Budget
from clustimage._core.file_arrays import file_blocks, new_array
from clustimage.export import load_model, save_model

def held():
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024

path, folder = sys.argv[1:]
save_model(path, {"img": np.zeros((1000, 5000), np.uint8)})
load_model(path)
before = held()
rng = np.random.default_rng(0)
img = new_array((2000, 40_000), np.uint8, folder=folder, what="The images")
for part, rows in file_blocks(img, 50):
    rows[:] = rng.integers(0, 256, rows.shape, dtype=np.uint8)
save_model(path, {"img": img}, overwrite=True)
saved = held() - before
back = load_model(path, budget=Budget(50_000_000), folder=folder)["img"]
loaded = held() - before
assert all((one == other).all() for (_, one), (_, other) in zip(
    file_blocks(img, 50), file_blocks(back, 50)))
print(saved, loaded)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system tells no peak")
def test_a_large_array_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    words = [sys.executable, "-c", SCRIPT, str(tmp_path / "m"), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    saved, loaded = map(int, done.stdout.split())
    assert saved < 16_000_000 and loaded < 16_000_000  # of 80,000,000 bytes

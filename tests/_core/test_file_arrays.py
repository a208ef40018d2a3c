"""Arrays in files: what of them is memory, and that giving pages back changes nothing."""

from __future__ import annotations

import copy
import errno
import gc
import logging
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from clustimage._core import file_arrays
from clustimage._core.errors import DiskSpaceError, InvalidParameterError
from clustimage._core.file_arrays import (
    FILE_NAME,
    Trail,
    file_blocks,
    forget,
    free_bytes,
    held_bytes,
    lies_in_memory,
    mapped_file,
    new_array,
)


@pytest.fixture
def mapped(tmp_path: Path) -> np.ndarray:
    """Twelve MiB in a file, as a plain array; each row holds its number."""
    array = new_array((48, 512, 512), np.uint8, folder=tmp_path, what="The rows")
    array[:] = np.arange(48, dtype=np.uint8)[:, np.newaxis, np.newaxis]
    return array


def resident() -> int:
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("the system does not tell how much of a file is in memory")
    line = next(line for line in status.read_text().splitlines() if line.startswith("RssFile"))
    return int(line.split()[1]) * 1024


def test_a_view_of_a_view_knows_its_file(mapped):
    assert type(mapped) is np.ndarray
    assert mapped_file(mapped.reshape(48, -1)[3:5]) is not None
    assert mapped_file(mapped.copy()) is None


def test_only_what_is_in_memory_is_held(mapped):
    assert held_bytes(mapped) == 0
    assert held_bytes(mapped[:2].copy()) == 2 * 512 * 512
    assert held_bytes(None) == 0


def test_blocks_cover_all_rows_once_and_in_order(mapped):
    found = [
        (block.start, block.stop, int(rows[0, 0, 0])) for block, rows in file_blocks(mapped, 20)
    ]
    assert found == [(0, 20, 0), (20, 40, 20), (40, 48, 40)]


def test_pages_that_were_used_are_no_memory_of_the_process_any_more(mapped):
    forget(mapped)
    before = resident()
    for _, rows in file_blocks(mapped, 4):
        assert int(rows.max()) < 48
    assert resident() - before < 2 * 2**20
    assert int(mapped.max()) == 47
    assert resident() - before > 10 * 2**20


def test_what_was_written_is_still_there_after_its_pages_were_given_back(mapped):
    mapped[5] = 200
    forget(mapped[5])
    forget(mapped)
    assert (mapped[5] == 200).all()
    assert (mapped[4] == 4).all()


def test_memory_that_is_no_file_or_no_piece_is_left_alone(mapped):
    rows = np.arange(10)
    forget(rows)
    forget(mapped[:, ::2])
    forget(mapped[:0])
    assert rows.tolist() == list(range(10))


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_a_map_of_numpy_is_a_file_unless_its_changes_are_in_memory(tmp_path, mode):
    np.save(tmp_path / "rows.npy", np.ones((4, 4096), dtype=np.uint8))
    array = np.load(tmp_path / "rows.npy", mmap_mode=mode)
    assert held_bytes(array) == (array.nbytes if mode == "c" else 0)
    assert held_bytes(array[1:]) == (3 * 4096 if mode == "c" else 0)
    if mode != "r":
        array[1] = 7
    forget(array)
    assert array[1, 5] == (1 if mode == "r" else 7)


# --- made -----------------------------------------------------------------------------------------


def test_a_new_array_is_plain_zeros_and_has_no_name(tmp_path):
    place = tmp_path / "made" / "here"
    array = new_array((3, 4, 5), np.float32, folder=place, what="Some numbers")
    assert type(array) is np.ndarray and array.dtype == np.float32
    assert array.flags.c_contiguous and array.flags.writeable
    assert held_bytes(array) == 0 and held_bytes(array.reshape(3, -1)) == 0
    np.testing.assert_array_equal(array, np.zeros((3, 4, 5)))
    assert list(place.iterdir()) == []


def test_an_array_without_items_needs_no_file(tmp_path):
    assert new_array((0, 9), np.uint8, folder=tmp_path / "none", what="Nothing").shape == (0, 9)
    assert list(tmp_path.iterdir()) == []


def test_copies_of_a_mapped_array_are_in_memory_and_equal(mapped):
    small = mapped[:3]
    for twin in (pickle.loads(pickle.dumps(small)), copy.deepcopy(small), small.copy()):  # noqa: S301
        np.testing.assert_array_equal(twin, small)
        assert held_bytes(twin) == small.nbytes
        twin[:] = 9
    assert mapped[1, 0, 0] == 1


def test_other_processes_of_joblib_get_the_values(mapped):
    from joblib import Parallel, delayed

    sums = Parallel(n_jobs=2)(delayed(np.sum)(mapped[i : i + 24]) for i in (0, 24))
    assert [int(value) for value in sums] == [int(mapped[:24].sum()), int(mapped[24:].sum())]


def test_where_a_file_in_use_cannot_be_removed_it_goes_with_the_array(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda *args, **options: (_ for _ in ()).throw(OSError()))
        array = new_array((9,), np.uint8, folder=tmp_path, what="Nine")
    (path,) = tmp_path.iterdir()
    assert path.name.startswith(FILE_NAME[0]) and path.name.endswith(FILE_NAME[1])
    assert path.stat().st_mode & 0o077 == 0
    view = array[3:]
    del array
    gc.collect()
    assert path.exists() and view.sum() == 0
    del view
    gc.collect()
    assert not path.exists()


def test_nothing_is_left_of_a_process_that_is_killed(tmp_path):
    code = (
        "import os, signal, sys, numpy as np\n"
        "from clustimage._core.file_arrays import new_array\n"
        "array = new_array((1 << 20,), np.uint8, folder=sys.argv[1], what='A million')\n"
        "array[:] = 1\n"
        "os.kill(os.getpid(), getattr(signal, 'SIGKILL', signal.SIGTERM))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], timeout=60)
    assert done.returncode != 0
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidParameterError, match=r"file.below.*Give a 'dirpath' that can be"):
        new_array((9,), np.uint8, folder=tmp_path / "file" / "below", what="Nine")


# --- a full disk ----------------------------------------------------------------------------------


def words_of_a_full_disk(error: pytest.ExceptionInfo) -> None:
    message = str(error.value)
    for word in ("Nine rows take 5.0 MB of disk", ".array", "free there", "'dirpath'", "'dim'"):
        assert word in message
    assert "'max_memory'" in message and "Nothing of it was kept" in message


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="the system has no posix_fallocate")
def test_a_disk_that_fills_up_is_an_error_and_leaves_nothing(tmp_path, monkeypatch):
    def full(number, start, n_bytes):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(DiskSpaceError) as error:
        new_array((5_000_000,), np.uint8, folder=tmp_path, what="Nine rows")
    words_of_a_full_disk(error)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_with_too_little_room_is_not_touched(tmp_path, monkeypatch):
    monkeypatch.setattr(file_arrays, "free_bytes", lambda folder: 4_000_000)
    monkeypatch.setattr(file_arrays, "_allocate", None)
    with pytest.raises(DiskSpaceError, match=r"4\.0 MB are free there") as error:
        new_array((5_000_000,), np.uint8, folder=tmp_path, what="Nine rows")
    words_of_a_full_disk(error)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", [errno.EOPNOTSUPP, errno.EINVAL, None])
def test_where_space_cannot_be_asked_for_zeros_are_written(tmp_path, monkeypatch, code):
    def refuses(number, start, n_bytes):
        raise OSError(code, "not here")

    def write(number, part):
        written.append(original(number, part[:700_000]))  # as disks may do
        return written[-1]

    if code is None:
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
    else:
        monkeypatch.setattr(os, "posix_fallocate", refuses, raising=False)
    written, original = [], os.write
    monkeypatch.setattr(os, "write", write)
    array = new_array((3_000_000,), np.uint8, folder=tmp_path, what="Three million")
    assert sum(written) == 3_000_000
    assert array.max() == 0


@pytest.mark.parametrize("asked_before", [True, False])
def test_a_real_disk_that_is_full_says_so_and_is_as_it_was(small_disk, monkeypatch, asked_before):
    if not asked_before:
        monkeypatch.setattr(file_arrays, "free_bytes", lambda folder: None)
    free = free_bytes(small_disk)
    with pytest.raises(DiskSpaceError, match=r"Nine rows take 5\.0 MB of disk in the file /"):
        new_array((5_000_000,), np.uint8, folder=small_disk, what="Nine rows")
    assert free_bytes(small_disk) == free and list(small_disk.iterdir()) == []


def test_on_a_disk_that_becomes_full_later_the_array_has_its_space(small_disk):
    array = new_array((1_500_000,), np.uint8, folder=small_disk, what="The rows")
    with pytest.raises(OSError, match="No space"), (small_disk / "other").open("wb") as file:
        for _ in range(20):
            file.write(bytes(100_000))
            file.flush()
    array[:] = 5
    forget(array)
    assert int(array.sum(dtype=np.int64)) == 5 * len(array)


def test_a_folder_in_memory_is_told_once(small_disk, caplog):
    assert lies_in_memory(small_disk / "not" / "there")
    with caplog.at_level(logging.WARNING, "clustimage"):
        for _ in range(2):
            new_array((9,), np.uint8, folder=small_disk, what="Nine")
    (record,) = caplog.records
    assert str(small_disk) in record.getMessage()
    assert "Give a 'dirpath' on a disk" in record.getMessage()


@pytest.mark.parametrize(("kind", "expected"), [("ext4", False), ("tmpfs", True), ("", False)])
def test_the_kind_of_a_disk_is_read_from_the_mounts(tmp_path, monkeypatch, kind, expected):
    number = tmp_path.stat().st_dev
    device = f"{os.major(number)}:{os.minor(number)}"
    lines = ["1 0 0:999 / / rw - tmpfs none rw", f"2 1 {device} / /a rw shared:1 - {kind}", ""]
    (tmp_path / "mounts").write_text("\n".join(lines))
    monkeypatch.setattr(file_arrays, "MOUNTS", tmp_path / "mounts")
    assert lies_in_memory(tmp_path) is expected
    monkeypatch.setattr(file_arrays, "MOUNTS", tmp_path / "none")
    assert lies_in_memory(tmp_path) is False


def test_free_bytes_are_those_of_the_disk(tmp_path):
    free = free_bytes(tmp_path / "not" / "there")
    assert abs(free - shutil.disk_usage(tmp_path).free) < 10**9


# --- behind a writer ------------------------------------------------------------------------------


def test_what_a_writer_leaves_behind_is_no_memory_of_the_process(tmp_path):
    rows = new_array((40, 1 << 19), np.uint8, folder=tmp_path, what="The rows")
    trail, before = Trail(rows), resident()
    for number in range(len(rows)):
        rows[number] = number
        trail.reach(number + 1)
        assert resident() - before < 3 * 2**20
    assert [int(row[7]) for row in rows] == list(range(40))


def test_a_writer_in_memory_leaves_nothing_behind():
    rows = np.zeros((3, 4))
    trail = Trail(rows)
    rows[:] = 1
    trail.reach(3)
    assert rows.sum() == 12

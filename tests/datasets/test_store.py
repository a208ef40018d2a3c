"""Generated folders: made once, repaired where broken, never mixed with a user's own."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from clustimage._core.errors import DiskSpaceError, InvalidParameterError
from clustimage.datasets import _store
from clustimage.datasets._store import MANIFEST, prepare_dirpath, stored_files


class Maker:
    """Write three files and count how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, folder: Path) -> None:
        self.calls += 1
        (folder / "b").mkdir()
        for name in ("a.txt", "b/1.txt", "b/2.txt"):
            (folder / name).write_text(name)


@pytest.fixture
def make() -> Maker:
    return Maker()


def texts(files: list[Path]) -> list[str]:
    return [path.read_text() for path in files]


def test_files_are_made_once(tmp_path: Path, make: Maker) -> None:
    files = stored_files(tmp_path / "set", 1, make)
    assert texts(files) == ["a.txt", "b/1.txt", "b/2.txt"]
    assert stored_files(tmp_path / "set", 1, make) == files
    assert make.calls == 1
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


@pytest.mark.parametrize("broken", ["a.txt", "b/2.txt", MANIFEST])
@pytest.mark.parametrize("how", ["missing", "cut off"])
def test_a_broken_folder_is_repaired(tmp_path: Path, make: Maker, broken: str, how: str) -> None:
    stored_files(tmp_path / "set", 1, make)
    path = tmp_path / "set" / broken
    path.unlink() if how == "missing" else path.write_text("")
    assert texts(stored_files(tmp_path / "set", 1, make)) == ["a.txt", "b/1.txt", "b/2.txt"]
    assert make.calls == 2
    stored_files(tmp_path / "set", 1, make)
    assert make.calls == 2


def test_another_version_is_made_anew(tmp_path: Path, make: Maker) -> None:
    stored_files(tmp_path / "set", 1, make)
    stored_files(tmp_path / "set", 2, make)
    assert make.calls == 2


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path, make: Maker) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "holiday.jpg").write_text("mine")
    with pytest.raises(InvalidParameterError, match=r"'holiday\.jpg'.*dirpath="):
        stored_files(tmp_path / "set", 1, make)
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["holiday.jpg"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half.txt").write_text("half")
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        stored_files(tmp_path / "set", 1, fail)
    assert list(tmp_path.iterdir()) == []


def test_another_process_may_be_first(tmp_path: Path, make: Maker) -> None:
    def slow(folder: Path) -> None:
        stored_files(tmp_path / "set", 1, make)
        make(folder)

    assert texts(stored_files(tmp_path / "set", 1, slow)) == ["a.txt", "b/1.txt", "b/2.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_file_is_no_dirpath(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidParameterError, match="'dirpath' must be a folder"):
        prepare_dirpath(tmp_path / "file" / "below")


def test_the_default_is_below_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_store.tempfile, "gettempdir", lambda: str(tmp_path))
    assert prepare_dirpath(None) == (tmp_path / "clustimage" / "examples").resolve()


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, DiskSpaceError), (errno.EROFS, InvalidParameterError)]
)
def test_a_disk_that_is_full_or_cannot_be_written_is_named(number, kind, tmp_path):
    def make(folder: Path) -> None:
        raise OSError(number, os.strerror(number), str(folder))

    with pytest.raises(kind, match=r"Cannot write the example images to .*set \(.*\)\. Give"):
        stored_files(tmp_path / "set", 1, make)
    assert list(tmp_path.iterdir()) == []

"""unzip: complete, inside its own folder, within limits, or not at all."""

from __future__ import annotations

import errno
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from clustimage import ClustimageError
from clustimage._core.errors import ArchiveError, InvalidParameterError
from clustimage.datasets import _archive, unzip


def make_zip(path: Path, entries: dict[str, bytes], *, compression: int = 8) -> Path:
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, data in entries.items():
            file.writestr(zipfile.ZipInfo(name), data, compress_type=compression)
    return path


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_unpacks_into_a_folder_named_after_the_archive(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "birds.zip", {"a/1.txt": b"one", "b.txt": b"", "c/": b""})
    folder = unzip(str(archive))
    assert folder == str(tmp_path / "birds")
    assert (tmp_path / "birds" / "a" / "1.txt").read_bytes() == b"one"
    assert (tmp_path / "birds" / "b.txt").read_bytes() == b""
    assert left_in(tmp_path) == ["birds", "birds.zip"]


def test_an_archive_without_an_ending_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    assert unzip(make_zip(tmp_path / "birds", {"a": b"1"})) == str(tmp_path / "birds_files")


def test_a_second_call_returns_the_folder_that_is_there(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "birds.zip", {"a.txt": b"one"})
    unzip(archive)
    (tmp_path / "birds" / "mine.txt").write_text("stays")
    assert unzip(archive) == str(tmp_path / "birds")
    assert left_in(tmp_path / "birds") == ["a.txt", "mine.txt"]


@pytest.mark.parametrize("content", [b"two", b"longer"])
def test_a_folder_with_other_content_is_left_alone(tmp_path: Path, content: bytes) -> None:
    archive = make_zip(tmp_path / "birds.zip", {"a.txt": b"one"})
    (tmp_path / "birds").mkdir()
    (tmp_path / "birds" / "a.txt").write_bytes(content)
    with pytest.raises(ArchiveError, match="exists and does not hold"):
        unzip(archive)
    assert (tmp_path / "birds" / "a.txt").read_bytes() == content


@pytest.mark.parametrize(
    "name",
    ["../out.txt", "a/../../out.txt", "/tmp/out.txt", "C:/out.txt", "..\\out.txt", "a\\out.txt"],
)
def test_an_entry_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    archive = make_zip(tmp_path / "bad.zip", {"good.txt": b"1", name: b"x"})
    with pytest.raises(ArchiveError, match="outside the archive's own folder"):
        unzip(archive)
    assert left_in(tmp_path) == ["bad.zip"]
    assert not (tmp_path.parent / "out.txt").exists()


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_special_files_are_refused(tmp_path: Path, mode: int) -> None:
    info = zipfile.ZipInfo("link")
    info.create_system = 3
    info.external_attr = (mode | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as file:
        file.writestr(info, "/etc/passwd")
    with pytest.raises(ArchiveError, match="'link' is a link or another special file"):
        unzip(tmp_path / "bad.zip")
    assert left_in(tmp_path) == ["bad.zip"]


def patch_central(path: Path, offset: int, fmt: str, value: int) -> None:
    """Overwrite a field of the first entry in the central directory."""
    data = bytearray(path.read_bytes())
    struct.pack_into(fmt, data, data.index(b"PK\x01\x02") + offset, value)
    path.write_bytes(bytes(data))


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "bad.zip", {"secret.txt": b"1"})
    patch_central(archive, 8, "<H", 1)
    with pytest.raises(ArchiveError, match="'secret.txt' is encrypted"):
        unzip(archive)


def test_an_unknown_compression_is_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "bad.zip", {"a.txt": b"1"})
    patch_central(archive, 10, "<H", 99)
    with pytest.raises(ArchiveError, match="compressed by a method that is not supported"):
        unzip(archive)


@pytest.mark.parametrize("declared", [2, 50])
def test_an_entry_that_lies_about_its_size_is_refused(tmp_path: Path, declared: int) -> None:
    archive = make_zip(tmp_path / "bad.zip", {"a.txt": b"0123456789"})
    patch_central(archive, 24, "<L", declared)
    with pytest.raises(ArchiveError):
        unzip(archive)
    assert left_in(tmp_path) == ["bad.zip"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as file:
        file.writestr("a.txt", "1")
        file.writestr("./a.txt", "2")
    with pytest.raises(ArchiveError, match=r"'a\.txt' twice"):
        unzip(tmp_path / "bad.zip")


def test_a_name_that_is_a_file_and_a_folder_is_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "bad.zip", {"a": b"1", "a/b": b"2"})
    with pytest.raises(ArchiveError, match="both as a file and as a folder"):
        unzip(archive)
    assert left_in(tmp_path) == ["bad.zip"]


def test_limits_on_bytes_and_on_entries(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {f"{i}.txt": b"0123456789" for i in range(5)})
    with pytest.raises(ArchiveError, match="allowed are 49"):
        unzip(archive, max_bytes=49)
    with pytest.raises(ArchiveError, match="has 5 entries; allowed are 4"):
        unzip(archive, max_files=4)
    assert left_in(tmp_path) == ["a.zip"]
    assert len(left_in(Path(unzip(archive, max_bytes=50, max_files=5)))) == 5


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = make_zip(tmp_path / "bomb.zip", {"zeros": bytes(1 << 20)})
    assert Path(unzip(archive)).is_dir()  # a megabyte of zeros is harmless
    monkeypatch.setattr(_archive, "RATIO_FROM", 1 << 10)
    with pytest.raises(ArchiveError, match="unpacks to 1048576 bytes"):
        unzip(archive)


@pytest.mark.parametrize("data", [b"", b"not a zip", b"PK\x03\x04" + bytes(50)])
def test_what_is_no_zip_archive(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    with pytest.raises(ArchiveError, match=r"a\.zip is not a zip archive, or it is broken"):
        unzip(path)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "no.zip", tmp_path):
        with pytest.raises(InvalidParameterError, match="'path' must be a zip archive"):
            unzip(path)


def test_every_damage_gives_our_error_or_the_right_files(tmp_path: Path) -> None:
    entries = {f"f{i}/{i}.txt": bytes([i]) * 300 for i in range(4)}
    whole = make_zip(tmp_path / "a.zip", entries).read_bytes()
    for position in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[position] ^= 0x5A
        path = tmp_path / f"d{position}.zip"
        path.write_bytes(bytes(damaged))
        try:
            folder = Path(unzip(path))
        except ClustimageError:
            assert not path.with_suffix("").exists()
        else:
            texts = sorted(p.read_bytes() for p in folder.rglob("*") if p.is_file())
            assert set(texts) <= set(entries.values())


def test_ten_thousand_pictures(lent_data: Path, tmp_path: Path) -> None:
    archive = tmp_path / "cifar.zip"
    archive.write_bytes((lent_data / "cifar10_test.zip").read_bytes())
    folder = Path(unzip(archive))
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 10_000
    assert len({path.parent for path in files}) == 10


def test_a_name_that_no_disk_takes_is_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "bad.zip", {"x" * 300: b"1"})
    with pytest.raises(ArchiveError, match="longer than 255 bytes"):
        unzip(archive)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "the entry '' has no name"),
        (".", "the entry '.' has no name"),
        ("/".join(["a"] * 3000) + "/b.txt", "has a path longer than 1000 bytes"),
        ("/".join(["a"] * 3000) + "/", "has a path longer than 1000 bytes"),
    ],
)
def test_a_name_of_no_or_of_too_many_parts_is_refused(
    tmp_path: Path, name: str, words: str
) -> None:
    info = zipfile.ZipInfo("a")
    info.filename = name
    with zipfile.ZipFile(tmp_path / "birds.zip", "w") as file:
        file.writestr(info, b"")
    with pytest.raises(ArchiveError, match=words) as refused:
        unzip(tmp_path / "birds.zip")
    assert len(str(refused.value)) < 600
    assert left_in(tmp_path) == ["birds.zip"]


def test_a_full_disk_is_said_with_the_folder(tmp_path: Path, monkeypatch) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(_archive, "_write_entry", full)
    with pytest.raises(OSError, match="No space left on device: the archive is not unpacked"):
        unzip(make_zip(tmp_path / "birds.zip", {"a.txt": b"one"}))
    assert left_in(tmp_path) == ["birds.zip"]


def test_folders_count_as_entries_do(tmp_path):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for i in range(10):
            file.writestr(f"{i}/" + "a/" * 99 + "b.txt", "")
    with pytest.raises(ArchiveError, match="has more than the 999 folders allowed"):
        unzip(archive, max_files=999)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]
    folder = Path(unzip(archive, max_files=1000))
    assert sum(path.is_dir() for path in folder.rglob("*")) == 1000


@pytest.mark.parametrize(
    "names",
    [("a", "a/b"), ("a/b/c", "a!", "a/b"), ("a/", "b", "a"), ("x", "a/b!/c", "a/b", "a/b/")],
)
def test_a_file_in_the_place_of_a_folder_is_found_among_other_names(tmp_path, names):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in names:
            file.writestr(name, "")
    with pytest.raises(ArchiveError, match="both as a file and as a folder"):
        unzip(archive)

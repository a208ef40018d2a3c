"""Files of the same bytes, each named once."""

from __future__ import annotations

from clustimage.duplicates import compare_files


def test_only_equal_bytes_are_a_group(tmp_path):
    paths = [tmp_path / name for name in "abcdef"]
    for path, content in zip(paths, [b"12", b"21", b"12", b"123", b"21", b""], strict=True):
        path.write_bytes(content)
    found = compare_files(list(map(str, paths)))
    assert found.groups == [[0, 2], [1, 4]] and found.again == []


def test_empty_files_and_files_that_are_gone_are_in_no_group(tmp_path):
    paths = [tmp_path / name for name in ("a", "b", "gone", "gone too")]
    for path in paths[:2]:
        path.write_bytes(b"")
    assert compare_files(list(map(str, paths))) == ([], [])


def test_a_file_is_there_once_however_it_is_reached(tmp_path):
    (tmp_path / "file").write_bytes(b"1")
    (tmp_path / "copy").write_bytes(b"1")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "hard").hardlink_to(tmp_path / "file")
    names = ["link", "hard", "copy", "file", "file"]
    found = compare_files([str(tmp_path / name) for name in names])
    assert found.again == [0, 3, 4] and found.groups == [[1, 2]]


def test_a_folder_or_a_file_that_cannot_be_read_is_in_no_group(tmp_path, monkeypatch):
    paths = [tmp_path / name for name in ("a", "b")]
    for path in paths:
        path.write_bytes(b"1")

    def refuse(pathname):
        raise PermissionError(13, "Permission denied", pathname)

    monkeypatch.setattr("clustimage.duplicates._equal_files.digest_file", refuse)
    assert compare_files(list(map(str, paths))).groups == []

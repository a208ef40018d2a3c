"""A file gets another path, and never over another file: also where two processes do so at once."""

from __future__ import annotations

import errno
import multiprocessing
import os

import pandas as pd
import pytest

from clustimage import Clustimage
from clustimage.removal import _relocate
from clustimage.removal._content import look_at
from clustimage.removal._relocate import relocate

N_FILES = 100


def refuse_link(*args, **options):
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.fixture(params=[True, False], ids=["links", "no links"])
def has_links(request, monkeypatch):
    """Whether the disk has hard links."""
    if not request.param:
        monkeypatch.setattr(os, "link", refuse_link)
    return request.param


def content_of(path):
    return look_at(str(path))[0]


def test_a_file_has_its_new_path_alone(tmp_path, has_links):
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"1")
    relocate(str(source), str(target), content_of(source), "0" * 12)
    assert [path.name for path in tmp_path.iterdir()] == ["b"] and target.read_bytes() == b"1"
    assert target.stat().st_nlink == 1


@pytest.mark.parametrize("there", [b"of somebody", b""])
def test_what_is_at_the_new_path_stays_even_if_it_is_empty(tmp_path, has_links, there):
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"1")
    target.write_bytes(there)
    with pytest.raises(FileExistsError):
        relocate(str(source), str(target), content_of(source), "0" * 12)
    assert source.read_bytes() == b"1" and target.read_bytes() == there


def test_a_name_that_was_taken_after_it_was_reserved_is_not_written_over(tmp_path, monkeypatch):
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"1")
    monkeypatch.setattr(os, "link", refuse_link)
    close = os.close

    def taken(handle):
        close(handle)
        (tmp_path / "of somebody").write_bytes(b"2")
        (tmp_path / "of somebody").replace(target)

    monkeypatch.setattr(_relocate.os, "close", taken)
    with pytest.raises(FileExistsError):
        relocate(str(source), str(target), content_of(source), "0" * 12)
    monkeypatch.undo()
    assert source.read_bytes() == b"1" and target.read_bytes() == b"2"


def test_a_file_that_cannot_be_removed_keeps_its_path_alone(tmp_path, monkeypatch):
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"1")
    unlink = os.unlink

    def refuse(path, **options):
        if path == str(source):
            raise PermissionError(errno.EACCES, "Permission denied")
        unlink(path, **options)

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(PermissionError):
        relocate(str(source), str(target), content_of(source), "0" * 12)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_names_that_others_take_all_the_time_end_in_a_refusal(tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"1")
    table = pd.DataFrame({"group": 0, "pathname": [tmp_path / name for name in ("a", "b")]})
    plan = Clustimage(verbose="error").plan_removal(table.assign(keep=[True, False]))
    tries = []

    def link(source, target, **options):
        tries.append(target)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)

    monkeypatch.setattr(os, "link", link)
    journal = plan.apply("move", tmp_path / "removed", journal=tmp_path / "journal")
    row = journal.to_frame().iloc[0]
    assert row["status"] == "failed" and len(set(tries)) == len(tries) > 1
    assert row["reason"] == f"other processes took each of {len(tries)} names for it"
    assert (tmp_path / "b").read_bytes() == b"1"


def move_all(number, top, has_links, start):
    """Move the copies of one album into the folder of both."""
    if not has_links:
        os.link = refuse_link
    photos = sorted((top / f"album {number}").glob("*.jpg"))
    copies = sorted((top / f"album {number}" / "copies").glob("*.jpg"))
    rows = [(i, path, keep) for keep, paths in ((True, photos), (False, copies))
            for i, path in enumerate(paths)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["group", "pathname", "keep"])
    plan = Clustimage(verbose="error").plan_removal(table)
    start.wait()
    journal = plan.apply("move", top / "removed", journal=top / f"journal {number}")
    os._exit(int(set(journal.to_frame()["status"]) != {"done"}))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
@pytest.mark.parametrize("has_links", [True, False])
def test_two_processes_move_files_of_the_same_names_into_one_folder(tmp_path, has_links):
    contents = set()
    for number in range(2):
        copies = tmp_path / f"album {number}" / "copies"
        copies.mkdir(parents=True)
        for i in range(N_FILES):
            content = f"photo {i} of {number}".encode()
            contents.add(content)
            (copies / f"{i}.jpg").write_bytes(content)
            (copies.parent / f"{i}.jpg").write_bytes(content)
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(2)
    arguments = [(number, tmp_path, has_links, start) for number in range(2)]
    processes = [context.Process(target=move_all, args=one) for one in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    moved = list((tmp_path / "removed").glob("*.jpg"))
    assert len(moved) == 2 * N_FILES
    assert {path.read_bytes() for path in moved} == contents


def test_an_interruption_right_after_the_old_name_is_gone_is_not_swallowed(tmp_path, monkeypatch):
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    source.write_bytes(b"photo")
    unlink = os.unlink

    def interrupted(path, **options):
        unlink(path, **options)
        raise KeyboardInterrupt

    content, _ = look_at(str(source))
    monkeypatch.setattr(os, "unlink", interrupted)
    with pytest.raises(KeyboardInterrupt):
        relocate(str(source), str(target), content, "token")
    assert target.read_bytes() == b"photo" and not source.exists()

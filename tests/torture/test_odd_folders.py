"""Folders of photos with links in a circle, devices, and files that vanish."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from _processes import Child
from PIL import Image

from clustimage import Clustimage

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
N_KEPT = 6
DEEP = 120  # folders in one another, of names of 50 characters: longer than a path may be


def make_odd(top: Path) -> None:
    """Make a folder with photos, and with what else can be in a folder."""
    pixels = np.random.default_rng(0).integers(0, 256, (N_KEPT, 24, 24, 3), dtype=np.uint8)
    for i in range(N_KEPT):
        Image.fromarray(pixels[i]).save(top / f"kept{i}.png")
    content = (top / "kept0.png").read_bytes()
    Path(os.fsdecode(os.fsencode(top) + b"/caf\xe9\xff.png")).write_bytes(content)
    (top / "two\nlines.png").write_bytes(content)
    (top / "round").mkdir()
    (top / "round" / "and round").symlink_to(top, target_is_directory=True)
    (top / "itself.png").symlink_to(top / "itself.png")
    (top / "nowhere.png").symlink_to(top / "nothing.png")
    (top / "folder.png").mkdir()
    (top / "empty.png").touch()
    os.mkfifo(top / "pipe.png")
    with socket.socket(socket.AF_UNIX) as server, suppress(OSError):
        server.bind(str(top / "socket.png"))
    for name, device in (("zero.png", (1, 5)), ("random.png", (1, 9))):
        with suppress(OSError):
            os.mknod(top / name, 0o020666, os.makedev(*device))
    (top / "closed").mkdir()
    (top / "closed" / "inside.png").write_bytes(content)
    (top / "closed").chmod(0)
    (top / "secret.png").write_bytes(content)
    (top / "secret.png").chmod(0)
    at = os.open(top, os.O_RDONLY)
    for _ in range(DEEP):
        os.mkdir("d" * 50, dir_fd=at)
        below = os.open("d" * 50, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)


@contextmanager
def coming_and_going(top: Path) -> Iterator[None]:
    """Make files and folders and remove them, as long as the block lasts."""
    content, over = (top / "kept0.png").read_bytes(), threading.Event()

    def work() -> None:
        while not over.is_set():
            for i in range(20):
                (top / f"here{i}").mkdir()
                (top / f"here{i}" / "a.png").write_bytes(content)
            for i in range(20):
                shutil.rmtree(top / f"here{i}")

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def read(top: Path) -> tuple[int, int]:
    """Return how many of the photos that stay were read, and how many files have no reason."""
    cl = Clustimage(verbose="silent", embedding=None, dim=(16, 16), n_jobs=2)
    cl.import_data(top)
    status = cl.import_status
    is_read = status["status"] == "ok"
    n_kept = int(status["pathname"][is_read].str.contains("/kept").sum())
    return n_kept, int((status["reason"][~is_read] == "").sum())


@pytest.fixture
def odd(tmp_path):
    top = tmp_path / "odd"
    top.mkdir()
    make_odd(top)
    yield top
    (top / "closed").chmod(0o755)
    shutil.rmtree(top)  # pytest fails at paths that are too long


@pytest.mark.parametrize("times", [1, pytest.param(20, marks=pytest.mark.torture)])
def test_photos_among_what_else_can_be_in_a_folder_are_read(odd, count_row, times):
    answers = []
    for _ in range(times):
        with coming_and_going(odd):
            answers.append(Child(read, odd).answer())
    counts = [answer for answer in answers if isinstance(answer, tuple)]
    count_row(
        "a folder of links in a circle, pipes, devices, closed and vanishing files",
        times,
        f"all photos read {sum(n_kept == N_KEPT for n_kept, _ in counts)} times, "
        f"{times - len(counts)} failed, {sum(n for _, n in counts)} files skipped without a reason",
    )
    assert answers == [(N_KEPT, 0)] * times

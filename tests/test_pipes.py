"""A pipe in the place of a file is refused at once, never waited for."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import clustimage
from clustimage import Clustimage, unzip
from clustimage._core.files import open_regular
from clustimage.images.reading import _pillow

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Raise where something waits for the other end of a pipe."""

    def too_late(*args: object) -> None:
        raise AssertionError("it waits for the pipe")

    before = signal.signal(signal.SIGALRM, too_late)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def _clustered() -> Clustimage:
    features = np.repeat(np.eye(3), 10, axis=0)
    return Clustimage(method="precomputed", embedding=None).fit(features=features)


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe.npy"
    os.mkfifo(path)
    return path


def test_it_is_no_regular_file(pipe):
    with pytest.raises(OSError, match="no regular file"):
        open_regular(pipe)


@pytest.mark.parametrize(
    "read",
    [
        lambda path: Clustimage(method="precomputed").extract_feat(features=path),
        lambda path: Clustimage.load(path),
        lambda path: clustimage.load_plan(path),
        lambda path: clustimage.load_journal(path),
        lambda path: (
            Clustimage(method="precomputed").fit(features=np.eye(9)).apply_corrections(path)
        ),
        lambda path: unzip(path),
        pytest.param(
            lambda path: Clustimage(params_cnn={"weights": path}, method="cnn").extract_feat(
                np.zeros((3, 300), dtype=np.uint8)
            ),
            marks=pytest.mark.skipif(not find_spec("torch"), reason="torch is not installed"),
        ),
    ],
    ids=["features", "model", "plan", "journal", "corrections", "archive", "weights"],
)
def test_what_is_read_whole_is_refused(read, pipe):
    with pytest.raises((ValueError, OSError, RuntimeError)) as caught:
        read(pipe)
    assert "pipe.npy" in str(caught.value) or "Run" in str(caught.value)


def test_a_photo_that_becomes_a_pipe_is_skipped(monkeypatch, tmp_path):
    """Between the look at the file and its opening."""
    photos = [str(tmp_path / f"{i}.png") for i in range(2)]
    for photo in photos:
        Image.new("RGB", (9, 9)).save(photo)
    path = str(tmp_path / "photo.png")
    os.mkfifo(path)
    real = os.stat

    def stat(name, **more):
        return real(photos[0] if name == path else name, **more)

    monkeypatch.setattr(_pillow.os, "stat", stat)
    cl = Clustimage(verbose="silent")
    cl.import_data([path, *photos])
    status = cl.import_status
    assert status["status"].tolist() == ["skipped", "ok", "ok"]
    assert "no regular file" in status["reason"][0]

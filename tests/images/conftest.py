"""Fixtures for the tests of images."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A real file system of two MiB, in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    try:
        if subprocess.run(words, capture_output=True, timeout=20).returncode:
            pytest.skip("this user may not mount a file system")
    except OSError:
        pytest.skip("the system has no 'mount'")
    yield place
    subprocess.run(["umount", "-l", str(place)], capture_output=True, timeout=20, check=True)

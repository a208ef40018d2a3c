"""Folders of files with copies, and everything that is written kept below `tmp_path`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest

from clustimage import Clustimage

GROUPS = 3


@pytest.fixture(autouse=True)
def _data_folder(tmp_path_factory, monkeypatch):
    """Keep journals, and the trash, out of the folder of the user."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    try:
        from send2trash import plat_other as trash  # read once, when it was first imported
    except ImportError:  # another system
        return
    monkeypatch.setattr(trash, "XDG_DATA_HOME", os.fsencode(home / "data"))
    monkeypatch.setattr(trash, "HOMETRASH_B", os.fsencode(home / "data" / "Trash"))


@pytest.fixture
def album(tmp_path):
    """Three photos, each with a copy of other times and rights in a folder below."""
    top = tmp_path / "album"
    (top / "below").mkdir(parents=True)
    for i in range(GROUPS):
        photo, copy = top / f"{i}.jpg", top / "below" / f"{i}.jpg"
        photo.write_bytes(bytes([i]) * (1000 + i))
        shutil.copy(photo, copy)
        os.utime(copy, ns=(10**18, 10**18 + 7 * i))
        copy.chmod(0o640)
    return top


@pytest.fixture
def groups(album):
    """The table of the groups of `album`: the photos above are kept."""
    names = [name for i in range(GROUPS) for name in (f"{i}.jpg", f"below/{i}.jpg")]
    return pd.DataFrame(
        {
            "group": [i for i in range(GROUPS) for _ in range(2)],
            "pathname": [str(album / name) for name in names],
            "kind": "exact",
            "distance": 0.0,
            "keep": [True, False] * GROUPS,
        }
    )


@pytest.fixture
def plan(groups):
    return Clustimage(verbose="warning").plan_removal(groups)


@pytest.fixture
def look():
    """Return a function that returns rights, time and bytes of every file in a folder."""

    def look(top: Path) -> dict[str, tuple[int, int, bytes]]:
        return {
            str(path.relative_to(top)): (
                path.stat().st_mode,
                path.stat().st_mtime_ns,
                path.read_bytes(),
            )
            for path in top.rglob("*")
            if path.is_file()
        }

    return look

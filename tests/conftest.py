"""Fixtures that every test may use."""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

# Before matplotlib and scikit-learn are imported anywhere: tests draw without a screen.
os.environ.setdefault("MPLBACKEND", "Agg")
# Tests run side by side: a thread that waits must not hold a core.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    """Close what a test drew."""
    yield
    import sys

    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(autouse=True)
def usual_verbosity() -> None:
    """Forget how much an earlier test let the package say: there is one level in a process."""
    logging.getLogger("clustimage").setLevel(logging.NOTSET)


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


@pytest.fixture(scope="session")
def lent_data() -> Path:
    """Folder of real photos that are not part of the project; skips where it is absent."""
    base = Path(os.environ.get("CLUSTIMAGE_TEST_DATA", ROOT.parent / "shared"))
    if not (base / "data").is_dir():
        pytest.skip(f"no folder of real photos at {base / 'data'} (set CLUSTIMAGE_TEST_DATA)")
    return base / "data"


@pytest.fixture(scope="session")
def corel(lent_data: Path) -> tuple[list[str], np.ndarray]:
    """Two hundred photos of ten kinds: paths and kinds."""
    paths: list[str] = []
    kinds: list[str] = []
    for folder in sorted((lent_data / "corel1k").iterdir()):
        some = sorted(folder.glob("*.jpg"))[::5]
        paths += [str(path) for path in some]
        kinds += [folder.name] * len(some)
    return paths, np.array(kinds)


@pytest.fixture(scope="session")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Scikit-learn's 1,797 digits, `(1797, 64)`, and what they show."""
    from sklearn.datasets import load_digits

    return load_digits(return_X_y=True)

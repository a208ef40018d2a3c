"""Small images in thousands, as files, and lists that name the first so many of them."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _materials import LENT, make

ARCHIVE = LENT / "data" / "cifar10_test.zip"
WEIGHTS = LENT / "weights" / "mobilenet_v2.pth"


@dataclass(frozen=True)
class ManyImages:
    """Where the images are, and what is known of them."""

    folder: Path
    names: tuple[str, ...]
    lists: Path
    origin: str

    def options(self, options: dict[str, Any]) -> dict[str, Any]:
        """Put paths in the place of what a case asks for.

        ``{"images": 1000}`` becomes ``{"folder": …}``, a list of the first 1,000 images;
        ``{"weights": True}`` the path of the weights.
        """
        told = dict(options)
        if "images" in told:
            told["folder"] = str(self._list(told.pop("images")))
        if "weights" in told:
            told["weights"] = str(WEIGHTS.resolve())
        return told

    def _list(self, count: int) -> Path:
        path = self.lists / f"{count}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [str(self.folder / name) for name in self.names[:count]]
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    def warm(self, count: int) -> None:
        """Read the first so many files once, so that no run pays for the disk."""
        with ThreadPoolExecutor() as pool:
            paths = (self.folder / name for name in self.names[:count])
            list(pool.map(lambda path: len(path.read_bytes()), paths))


def prepare(work: Path, *, count: int) -> ManyImages:
    """Make `count` images, unless so many are there from an earlier run.

    Parameters
    ----------
    work : path
        Folder for what this benchmark writes.
    count : int
        How many images.

    Returns
    -------
    ManyImages
    """
    source, origin = _source(work)
    folder = work / "images"
    names = _names(folder)
    if len(names) < count or _count(folder) != len(names):
        shutil.rmtree(folder, ignore_errors=True)
        make(folder, "many", work, count=count, source=str(source))
        names = _names(folder)
    return ManyImages(folder, names, work / "lists", origin)


def _source(work: Path) -> tuple[Path, str]:
    if ARCHIVE.is_file():
        return ARCHIVE.resolve(), "the 10,000 images of 32 × 32 of CIFAR-10's test set"
    print(
        "NOTE: cifar10_test.zip is not here (CLUSTIMAGE_TEST_DATA names the folder above "
        "data/cifar10_test.zip); the example photos that come with the project stand in.",
        flush=True,
    )
    embedded = make(work / "embedded", "embedded", work)
    return embedded / "photos", "the embedded photos at 32 × 32 (in place of CIFAR-10)"


def _names(folder: Path) -> tuple[str, ...]:
    """Return the names of the images in their order; none where they are not complete."""
    listed = folder / "names.txt"
    return tuple(listed.read_text().splitlines()) if listed.exists() else ()


def _count(folder: Path) -> int:
    """Return the number of images below a folder that are not empty."""
    return sum(path.stat().st_size > 0 for path in folder.glob("*/*/*.*"))

"""What the benchmarks work on: photos that are lent, and what is made from seeds."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _environments import OURS, interpreter
from _measure import measure

ROOT = Path(__file__).resolve().parents[1]

LENT = Path(os.environ.get("CLUSTIMAGE_TEST_DATA", ROOT.parent / "shared"))
MADE = ("photos", "large", "blobs", "weights")


@dataclass(frozen=True)
class Materials:
    """Where everything lies, and what it is called in the tables."""

    photos: Path  # a folder of each kind
    photos_name: str
    large: Path
    n_large: int
    blobs: Path
    n_blobs: int
    weights: Path  # of networks, a file of the name of each; there or not

    def options(self, names: dict[str, Any]) -> dict[str, Any]:
        """Replace the name of a material by its path: ``{"folder": "photos"}``."""
        return {
            key: str(getattr(self, value)) if value in MADE else value
            for key, value in names.items()
        }

    def warm(self) -> None:
        """Read every file once, so that no tool pays for the disk."""
        for folder in (self.photos, self.large, self.blobs.parent):
            for path in folder.rglob("*"):
                if path.is_file():
                    path.read_bytes()


def prepare(work: Path, *, quick: bool) -> Materials:
    """Find the photos and make the rest, unless it is there from an earlier run.

    Parameters
    ----------
    work : path
        Folder for what the benchmark writes.
    quick : bool
        Make a small version of everything, to try the benchmark itself.
    """
    made = work / "materials" / ("quick" if quick else "full")
    made.mkdir(parents=True, exist_ok=True)
    photos, name = _photos(work)
    if quick:
        photos = make(made / f"photos-{photos.name}", "some", work, source=str(photos), step=10)
        name = f"every tenth of {name}"
    n_large, n_blobs = (20, 1000) if quick else (200, 10_000)
    large = make(made / "large", "photos", work, count=n_large)
    blobs = make(made / "points" / "blobs.npz", "blobs", work, count=n_blobs)
    return Materials(photos, name, large, n_large, blobs, n_blobs, (LENT / "weights").resolve())


def _photos(work: Path) -> tuple[Path, str]:
    corel = LENT / "data" / "corel1k"
    if corel.is_dir():
        return corel.resolve(), "corel1k"
    print(
        "NOTE: the 1,000 photos of corel1k are not here (CLUSTIMAGE_TEST_DATA names the folder "
        "above data/corel1k); the example photos that come with the project stand in.",
        flush=True,
    )
    embedded = make(work / "materials" / "embedded", "embedded", work)
    return embedded / "photos", "the embedded photos (in place of corel1k)"


def make(target: Path, job: str, work: Path, **options: Any) -> Path:
    """Make a material by a job of ``make_materials.py``; it gets its name when it is complete."""
    if not target.exists():
        print(f"Making {target.name} …", flush=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f"draft-{target.name}")
        shutil.rmtree(draft, ignore_errors=True)  # of a run that was interrupted
        place = {"path": str(draft)} if target.suffix else {"folder": str(draft)}
        _ask(work, job, **place, **options)
        draft.rename(target)
    return target


def _ask(work: Path, job: str, **options: Any) -> dict[str, Any]:
    python = interpreter(OURS, work)
    told = measure(python, "make_materials.py", job, options, work=work, ours=True)
    if told.error:
        raise SystemExit(f"Cannot make '{job}': {told.error}")
    return told.facts

"""Photos with faces and copies, what runs make of them, and what they leave on a disk."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from clustimage import Clustimage, import_example
from clustimage._core.outputs import CACHE_NAME, MARKER

STAGES = ("pca", "hog", "cnn", "faces", "duplicates")


def make_photos(folder: Path) -> Path:
    """Return a folder of photos of eight kinds: faces among them, and copies."""
    top = folder / "some photos"
    top.mkdir()
    for kind in sorted(Path(import_example("photos")).glob("[a-z]*"))[:8]:
        for path in sorted(kind.glob("*.jpg"))[:8]:
            shutil.copy(path, top / path.name)
            if kind.name == "astronaut":
                shutil.copy(path, top / f"copy of {path.name}")
    return top


def run_stage(stage: str, photos: Path, place: Path) -> str:
    """Run a chain with a cache and files at `place`; return a digest of all results."""
    made = hashlib.sha256()
    options = {"verbose": "silent", "embedding": "pca", "dirpath": place, "n_jobs": 2}
    if stage == "duplicates":
        table = Clustimage(**options).duplicates(photos)
        made.update(table[["group", "pathname", "kind", "keep"]].to_csv().encode())
    elif stage == "faces":
        found = Clustimage(**options).extract_faces(photos)
        for path in sorted(path for row in found["pathnames_face"] for path in row):
            made.update(path.encode() + Path(path).read_bytes())
    else:
        cl = Clustimage(method=stage, grayscale=stage == "hog", dim=(64, 64), **options)
        results = cl.fit_transform(photos, n_clusters=6)
        for key in ("labels", "feat", "xycoord"):
            made.update(results[key].tobytes())
        cl.save(place / "model", overwrite=True)
        Clustimage.load(place / "model")
    return made.hexdigest()


def sizes_below(place: Path) -> dict[str, int]:
    """Return the sizes of the files in a folder.

    The cache, a database of its own, and marks of folders, which may be empty, are left out.
    """
    files = [path for path in place.rglob("*") if path.is_file() and path.name != MARKER]
    files = [path for path in files if not path.name.startswith(CACHE_NAME)]
    return {str(path.relative_to(place)): path.stat().st_size for path in files}

"""What the benchmarks work on: photos outside of the project, and datasets from seeds."""

import os
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from _measure import ROOT, WORK, Job, measure

from clustimage import import_example

TEST_DATA = Path(os.environ.get("CLUSTIMAGE_TEST_DATA", ROOT.parent / "shared")).resolve()


@dataclass(frozen=True)
class Datasets:
    """Where the datasets are, and what they are called in the tables."""

    paths: dict[str, Path]  # a folder, a file of arrays, or a list of images
    titles: dict[str, Any]

    def resolve(self, job: Job) -> Job:
        """Return a job whose options have paths in place of the names of datasets."""
        options = {
            key: str(self.paths[value]) if value in self.paths else value
            for key, value in job.options.items()
        }
        return replace(job, options=options)

    def have(self, name: str, job: Job) -> bool:
        """Return whether the datasets of a job are there; print a note where they are not."""
        used = [self.paths[value] for value in job.options.values() if value in self.paths]
        missing = [str(path) for path in used if not path.exists()]
        if missing:
            print(f"NOTE: {name} is left out, there is no {', '.join(missing)}.")
        return not missing

    def read_once(self) -> None:
        """Read every file, so that no tool pays for the disk."""
        files: set[Path] = set()
        for path in self.paths.values():
            if path.suffix == ".txt":
                files.update(map(Path, path.read_text(encoding="utf-8").splitlines()))
            else:
                files.update(found for found in (path, *path.rglob("*")) if found.is_file())
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda path: len(path.read_bytes()), files))


def make_photos(*, quick: bool) -> Datasets:
    """Return the datasets of `run.py`, small ones if `quick`; make what is missing."""
    folder = WORK / "datasets" / ("quick" if quick else "full")
    photos, title = find_data("corel1k"), "corel1k"
    if photos.name != title:
        title = "the embedded photos (in place of corel1k)"
    if quick:
        photos = _make(folder / f"photos-{photos.name}", "some", source=str(photos), step=10)
        title = f"every tenth of {title}"
    n_large, n_blobs = (20, 1000) if quick else (200, 10_000)
    paths = {
        "photos": photos,
        "large": _make(folder / "large", "photos", count=n_large),
        "blobs": _make(folder / "points" / "blobs.npz", "blobs", count=n_blobs),
        "weights": TEST_DATA / "weights",
    }
    return Datasets(paths, {"photos": title, "n_large": n_large, "n_blobs": n_blobs})


def make_small_images(folder: Path, counts: Iterable[int]) -> Datasets:
    """Return the datasets of `scale.py`: ``"images-<count>"`` lists the first so many images."""
    counts, images, source = sorted(set(counts)), folder / "images", find_data("cifar10_test.zip")
    title = "the 10,000 images of 32 × 32 of CIFAR-10's test set"
    if source.is_dir():
        title = "the embedded photos at 32 × 32 (in place of CIFAR-10)"
    if len(_complete_names(images)) < counts[-1]:
        shutil.rmtree(images, ignore_errors=True)
        _make(images, "many", count=counts[-1], source=str(source))
    names, paths = _complete_names(images), {"weights": TEST_DATA / "weights"}
    for count in counts:
        paths[f"images-{count}"] = path = folder / f"{count}.txt"
        path.write_text("\n".join(str(images / name) for name in names[:count]), encoding="utf-8")
    return Datasets(paths, {"images": title})


def _complete_names(folder: Path) -> list[str]:
    """Return the names of the images in their order; none where some are missing or empty."""
    listed = folder / "names.txt"
    names = listed.read_text().splitlines() if listed.exists() else []
    n_images = sum(path.stat().st_size > 0 for path in folder.glob("*/*/*.*"))
    return names if n_images == len(names) else []


def find_data(name: str) -> Path:
    """Return the path of test data, or of the example photos that come with the project."""
    if (TEST_DATA / "data" / name).exists():
        return TEST_DATA / "data" / name
    print(
        f"NOTE: {name} is not here (CLUSTIMAGE_TEST_DATA names the folder above data/{name}); "
        "the example photos that come with the project stand in.",
        flush=True,
    )
    return Path(import_example("photos", dirpath=WORK / "datasets" / "embedded"))


def _make(target: Path, function: str, **options: Any) -> Path:
    """Make a dataset by ``make_datasets.py``; it gets its name when it is complete."""
    if not target.exists():
        print(f"Making {target.name} …", flush=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f"draft-{target.name}")
        shutil.rmtree(draft, ignore_errors=True)  # of a run that was interrupted
        job = Job(f"make_datasets.{function}", {"target": str(draft), **options})
        run = measure(job, WORK)
        if run.error:
            raise SystemExit(f"Cannot make {target}: {run.error}")
        draft.rename(target)
    return target

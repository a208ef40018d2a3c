"""Make what the benchmarks work on, from seeds: photos, points and their tree."""

from __future__ import annotations

import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from _job import Clock, image_files, run_job

WIDTH, HEIGHT = 2048, 1536
SMALL = 32
SCENES = ("astronaut", "cat", "coffee", "rocket", "retina", "immunohistochemistry")


def photos(clock: Clock, *, folder: str, count: int) -> dict[str, Any]:
    """Write photos of 2048 × 1536: cuts of scikit-image's pictures, enlarged, with noise."""
    from skimage import data

    Path(folder).mkdir(parents=True, exist_ok=True)
    pictures = [np.ascontiguousarray(getattr(data, name)()[..., :3]) for name in SCENES]

    def write(number: int) -> None:
        image = _photo(pictures[number % len(pictures)], np.random.default_rng(number))
        path = str(Path(folder) / f"photo_{number:04d}.jpg")
        cv2.imwrite(path, image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, range(count)))
    return {"n": count}


def _photo(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = picture.shape[:2]
    cut_width = int(min(width, height * WIDTH / HEIGHT) * rng.uniform(0.6, 1.0))
    cut_height = cut_width * HEIGHT // WIDTH
    top = rng.integers(0, height - cut_height + 1)
    left = rng.integers(0, width - cut_width + 1)
    cut = picture[top : top + cut_height, left : left + cut_width]
    if rng.random() < 0.5:
        cut = cut[:, ::-1]
    large = cv2.resize(cut, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    noise = rng.standard_normal((HEIGHT, WIDTH, 1), dtype=np.float32) * 5
    return np.clip(large * rng.uniform(0.7, 1.2) + noise, 0, 255).astype(np.uint8)


def many(clock: Clock, *, folder: str, count: int, source: str) -> dict[str, Any]:
    """Write `count` small images and ``names.txt``, with their names in an order.

    First come the images of `source`, one of each kind in turn, then variants of them in the
    same order: every image and every variant of it is there before the next variant begins.
    """
    originals = _in_turn(_small_pictures(source))
    names = [
        f"{number // 1000:03d}/{originals[number % len(originals)][0]}/{number:06d}"
        f".{'png' if number >= len(originals) else originals[number][1]}"
        for number in range(count)
    ]
    for part in {Path(name).parent for name in names}:
        (Path(folder) / part).mkdir(parents=True, exist_ok=True)

    def write(number: int) -> None:
        data = originals[number % len(originals)][2]
        if number >= len(originals):
            picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
            assert picture is not None, names[number]
            varied = _variant(picture, np.random.default_rng([1, number]))
            data = cv2.imencode(".png", varied)[1].tobytes()
        (Path(folder) / names[number]).write_bytes(data)

    with ThreadPoolExecutor() as pool:
        list(pool.map(write, range(count)))
    (Path(folder) / "names.txt").write_text("".join(f"{name}\n" for name in names))
    return {"n": count, "originals": len(originals)}


def _small_pictures(source: str) -> list[tuple[str, str, bytes]]:
    """Return kind, suffix and bytes of the images of an archive, or of a folder at 32 × 32."""
    if source.endswith(".zip"):
        with zipfile.ZipFile(source) as archive:
            inside = [Path(name) for name in sorted(archive.namelist())]
            return [
                (path.parent.name, path.suffix[1:], archive.read(path.as_posix()))
                for path in inside
                if path.suffix in (".jpg", ".png")
            ]
    found = []
    for path in image_files(source):
        small = cv2.resize(cv2.imread(path), (SMALL, SMALL), interpolation=cv2.INTER_AREA)
        data = cv2.imencode(".png", small)[1].tobytes()
        found.append((Path(path).parent.name, "png", data))
    return found


def _in_turn(pictures: list[tuple[str, str, bytes]]) -> list[tuple[str, str, bytes]]:
    """Order pictures so that each beginning has about as many of each kind."""
    seen: dict[str, int] = {}
    turns = []
    for kind, suffix, data in pictures:
        seen[kind] = seen.get(kind, 0) + 1
        turns.append((seen[kind], kind, suffix, data))
    turns.sort(key=lambda one: one[:2])
    return [one[1:] for one in turns]


def _variant(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a cut of a picture, at its size, flipped or not, in another light."""
    height, width = picture.shape[:2]
    share = rng.uniform(0.75, 1.0)
    cut_height, cut_width = int(height * share), int(width * share)
    top = rng.integers(0, height - cut_height + 1)
    left = rng.integers(0, width - cut_width + 1)
    cut = picture[top : top + cut_height, left : left + cut_width]
    if rng.random() < 0.5:
        cut = cut[:, ::-1]
    back = cv2.resize(cut, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return np.clip(back * rng.uniform(0.7, 1.3) + rng.uniform(-20, 20), 0, 255).astype(np.uint8)


def some(clock: Clock, *, source: str, folder: str, step: int) -> dict[str, Any]:
    """Copy every so-many-th photo of a folder, keeping the folders of the kinds."""
    paths = image_files(source)[::step]
    for path in map(Path, paths):
        target = Path(folder) / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return {"n": len(paths)}


def embedded(clock: Clock, *, folder: str) -> dict[str, Any]:
    """Write the example photos that come with this project."""
    from clustimage import import_example

    Path(folder).mkdir(parents=True, exist_ok=True)
    return {"folder": str(import_example("photos", dirpath=folder))}


def blobs(clock: Clock, *, path: str, count: int) -> dict[str, Any]:
    """Write points in 50 dimensions and their Ward tree."""
    from scipy.cluster.hierarchy import linkage
    from sklearn.datasets import make_blobs

    X, _ = make_blobs(count, n_features=50, centers=10, cluster_std=4.0, random_state=0)
    np.savez(path, X=X, tree=linkage(X, "ward"))
    return {"n": count}


if __name__ == "__main__":
    run_job(
        {"photos": photos, "many": many, "some": some, "embedded": embedded, "blobs": blobs},
        ("numpy", "scikit-image", "opencv-python-headless"),
    )

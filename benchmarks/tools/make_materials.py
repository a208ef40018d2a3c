"""Make what the benchmarks work on, from seeds: photos, points and their tree."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from _job import Clock, image_files, run_job

WIDTH, HEIGHT = 2048, 1536
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
        {"photos": photos, "some": some, "embedded": embedded, "blobs": blobs},
        ("numpy", "scikit-image", "opencv-python-headless"),
    )

"""Make what the benchmarks work on, from seeds: photos, points and their tree."""

import shutil
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from jobs import Facts, image_files
from run_job import Clock

WIDTH, HEIGHT = 2048, 1536
SMALL = 32  # pixels
PICTURES = ("astronaut", "cat", "coffee", "rocket", "retina", "immunohistochemistry")


def photos(clock: Clock, *, target: str, count: int) -> Facts:
    """Write photos of 2048 × 1536: cuts of scikit-image's pictures, enlarged, with noise."""
    from skimage import data

    Path(target).mkdir(parents=True, exist_ok=True)
    pictures = [np.ascontiguousarray(getattr(data, name)()[..., :3]) for name in PICTURES]

    def write(number: int) -> None:
        image = _photo(pictures[number % len(pictures)], np.random.default_rng(number))
        path = str(Path(target) / f"photo_{number:04d}.jpg")
        cv2.imwrite(path, image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, range(count)))
    return {"n": count}


def _photo(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = picture.shape[:2]
    cut_width = int(min(width, height * WIDTH / HEIGHT) * rng.uniform(0.6, 1.0))
    cut = _random_cut(picture, cut_width * HEIGHT // WIDTH, cut_width, rng)
    large = cv2.resize(cut, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    noise = rng.standard_normal((HEIGHT, WIDTH, 1), dtype=np.float32) * 5
    return np.clip(large * rng.uniform(0.7, 1.2) + noise, 0, 255).astype(np.uint8)


def _variant(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a cut of a picture, at its size, flipped or not, with another brightness."""
    height, width = picture.shape[:2]
    scale = rng.uniform(0.75, 1.0)
    cut = _random_cut(picture, int(height * scale), int(width * scale), rng)
    full = cv2.resize(cut, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return np.clip(full * rng.uniform(0.7, 1.3) + rng.uniform(-20, 20), 0, 255).astype(np.uint8)


def _random_cut(
    picture: np.ndarray, height: int, width: int, rng: np.random.Generator
) -> np.ndarray:
    top = rng.integers(0, picture.shape[0] - height + 1)
    left = rng.integers(0, picture.shape[1] - width + 1)
    cut = picture[top : top + height, left : left + width]
    return cut[:, ::-1] if rng.random() < 0.5 else cut


def many(clock: Clock, *, target: str, count: int, source: str) -> Facts:
    """Write `count` small images and ``names.txt``, with their names in an order.

    First come the images of `source`, one of each class in turn, then variants of them in the
    same order: every image and every variant of it is there before the next variant begins.
    """
    originals = _alternate_classes(_small_pictures(source))
    names = []
    for number in range(count):
        label, suffix, _ = originals[number % len(originals)]
        suffix = "png" if number >= len(originals) else suffix
        names.append(f"{number // 1000:03d}/{label}/{number:06d}.{suffix}")
    for folder in {Path(name).parent for name in names}:
        (Path(target) / folder).mkdir(parents=True, exist_ok=True)

    def write(number: int) -> None:
        data = originals[number % len(originals)][2]
        if number >= len(originals):
            picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
            assert picture is not None, names[number]
            variant = _variant(picture, np.random.default_rng([1, number]))
            data = cv2.imencode(".png", variant)[1].tobytes()
        (Path(target) / names[number]).write_bytes(data)

    with ThreadPoolExecutor() as pool:
        list(pool.map(write, range(count)))
    (Path(target) / "names.txt").write_text("".join(f"{name}\n" for name in names))
    return {"n": count}


def _small_pictures(source: str) -> list[tuple[str, str, bytes]]:
    """Return class, suffix and bytes of the images of an archive, or of a folder at 32 × 32."""
    found = []
    if source.endswith(".zip"):
        with zipfile.ZipFile(source) as archive:
            for path in map(Path, sorted(archive.namelist())):
                if path.suffix in (".jpg", ".png"):
                    data = archive.read(path.as_posix())
                    found.append((path.parent.name, path.suffix[1:], data))
        return found
    for name in image_files(source):
        small = cv2.resize(cv2.imread(name), (SMALL, SMALL), interpolation=cv2.INTER_AREA)
        found.append((Path(name).parent.name, "png", cv2.imencode(".png", small)[1].tobytes()))
    return found


def _alternate_classes(pictures: list[tuple[str, str, bytes]]) -> list[tuple[str, str, bytes]]:
    """Order pictures so that the first n have about as many of each class, for every n."""
    seen: Counter[str] = Counter()
    ranks = []
    for label, _, _ in pictures:
        seen[label] += 1
        ranks.append((seen[label], label))
    order = sorted(range(len(pictures)), key=ranks.__getitem__)
    return [pictures[index] for index in order]


def some(clock: Clock, *, source: str, target: str, step: int) -> Facts:
    """Copy every `step`-th photo of a folder, keeping the folders of the classes."""
    paths = image_files(source)[::step]
    for path in map(Path, paths):
        copy = Path(target) / path.parent.name / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    return {"n": len(paths)}


def blobs(clock: Clock, *, target: str, count: int) -> Facts:
    """Write points in 50 dimensions and their Ward tree."""
    from scipy.cluster.hierarchy import linkage
    from sklearn.datasets import make_blobs

    X, _ = make_blobs(count, n_features=50, centers=10, cluster_std=4.0, random_state=0)
    np.savez(target, X=X, tree=linkage(X, "ward"))
    return {"n": count}

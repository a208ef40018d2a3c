"""A folder of photos, made from the pictures that scikit-image brings with it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from clustimage._core.errors import ImageReadError
from clustimage._core.parallel import run_ordered
from clustimage.datasets._store import stored_files

__all__ = ["PICTURES", "make_photos"]

VERSION = 1  # of the images
SEED = 7
PER_PICTURE = 25
LONG_SIDE = 256  # of a photo, in pixels

# Name of the group: file in scikit-image's own folder of data. These are in every version
# from 0.21 on, inside the package; none of them needs a download.
PICTURES: dict[str, str] = {
    "astronaut": "astronaut.png",
    "bricks": "brick.png",
    "cameraman": "camera.png",
    "cat": "chelsea.png",
    "coffee": "coffee.png",
    "coins": "coins.png",
    "galaxies": "hubble_deep_field.jpg",
    "motorcycle": "motorcycle_left.png",
    "page": "page.png",
    "retina": "retina.jpg",
    "rocket": "rocket.jpg",
    "tissue": "ihc.png",
}


def _read_picture(filename: str) -> np.ndarray:
    """Return a picture of scikit-image as `(height, width)` or `(height, width, 3)` uint8."""
    import skimage

    path = Path(skimage.__file__).parent / "data" / filename
    try:
        with Image.open(path) as picture:
            gray = picture.mode == "L"
            picture = picture.convert("L" if gray else "RGB")
            # A little larger than a photo, so that the crops below neither blur nor alias.
            factor = 1.25 * LONG_SIDE / max(picture.size)
            size = (round(picture.width * factor), round(picture.height * factor))
            return np.asarray(picture.resize(size, Image.Resampling.LANCZOS))
    except OSError as exc:
        raise ImageReadError(
            f"The photos are made from the pictures that scikit-image brings with it, and "
            f"{path} cannot be read. Reinstall scikit-image."
        ) from exc


def _take_photo(picture: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """Return one photo of a picture: turned, cropped, lit, blurred and noisy by chance."""
    height, width = picture.shape[:2]
    share = rng.uniform(0.88, 1.0)  # of each side
    out = np.array([width, height]) * (LONG_SIDE / max(width, height))
    out_w, out_h = np.maximum(8, np.rint(out * rng.uniform(0.94, 1.0, size=2))).astype(int)
    scale = min(out_w / width, out_h / height) / share
    middle = np.array([width, height]) * (0.5 + rng.uniform(-0.5, 0.5, size=2) * (1 - share))
    warp = cv2.getRotationMatrix2D((float(middle[0]), float(middle[1])), rng.uniform(-4, 4), scale)
    warp[:, 2] = warp[:, 2] + np.array([out_w, out_h]) / 2 - middle
    photo = cv2.warpAffine(
        picture,
        warp,
        (int(out_w), int(out_h)),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    if rng.uniform() < 0.4:
        photo = cv2.GaussianBlur(photo, (0, 0), rng.uniform(0.4, 1.5))
    light = (photo / 255.0) ** rng.uniform(0.9, 1.12) * (255.0 * rng.uniform(0.84, 1.08))
    if photo.ndim == 3:
        light = light * rng.uniform(0.96, 1.04, size=3)
    if rng.uniform() < 0.5:
        light = light + rng.normal(0.0, rng.uniform(1.0, 8.0), size=light.shape)
    return Image.fromarray(np.clip(np.rint(light), 0, 255).astype(np.uint8))


def _write(folder: Path) -> None:
    pictures = {name: _read_picture(filename) for name, filename in PICTURES.items()}
    for name in pictures:
        (folder / name).mkdir()
    numbers = {name: number for number, name in enumerate(pictures)}

    def write_one(job: tuple[str, int]) -> None:
        name, i = job
        rng = np.random.default_rng([SEED, numbers[name], i])
        photo = _take_photo(pictures[name], rng)
        photo.save(folder / name / f"{name}_{i:02d}.jpg", quality=int(rng.integers(80, 95)))

    jobs = [(name, i) for name in pictures for i in range(PER_PICTURE)]
    for _ in run_ordered(write_one, jobs, desc="Making photos"):
        pass


def make_photos(dirpath: Path) -> str:
    """Return a folder of 300 photos of 12 things.

    Each photo is one of scikit-image's pictures, cropped, turned by a few
    degrees, lit, blurred and with noise, all by chance under a fixed seed: the
    same on every machine that has the same versions of Pillow, OpenCV and
    scikit-image.

    Parameters
    ----------
    dirpath : Path
        Folder that exists; the photos are in its subfolder ``photos``, in one
        folder per thing. They are made once, in about two seconds.

    Returns
    -------
    str
        Absolute path of the folder ``photos``. The photos are JPEG files, RGB or
        gray, at most 256 pixels on their longer side.

    Raises
    ------
    ImageReadError
        If scikit-image is installed without its pictures.
    """
    folder = dirpath / "photos"
    stored_files(folder, VERSION, _write)
    return str(folder)

"""import_example: one name, one set of example images."""

from __future__ import annotations

import hashlib
import os
import re
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from clustimage._core.errors import ArchiveError, DownloadError
from clustimage._core.public import public
from clustimage._core.validation import check_option
from clustimage.datasets._archive import unzip
from clustimage.datasets._photos import make_photos
from clustimage.datasets._shapes import make_shapes
from clustimage.datasets._store import prepare_dirpath
from clustimage.datasets._wget import check_url, wget

__all__ = ["DOWNLOADS", "EMBEDDED", "import_example"]


def _load_mnist() -> tuple[np.ndarray, np.ndarray]:
    """Return scikit-learn's digits and what they show: see `import_example`.

    References
    ----------
    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI
    Machine Learning Repository, 1998.
    """
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return X, y


# Made on this machine, without a network; each takes the folder that keeps the examples.
EMBEDDED: dict[str, Callable[[str | os.PathLike[str] | None], Any]] = {
    "mnist": lambda dirpath: _load_mnist(),
    "shapes": lambda dirpath: make_shapes(prepare_dirpath(dirpath)),
    "photos": lambda dirpath: make_photos(prepare_dirpath(dirpath)),
}

_HOST = "https://erdogant.github.io/datasets/"

DOWNLOADS: dict[str, str] = {
    "flowers": _HOST + "flower_images.zip",
    "faces": _HOST + "faces_images.zip",
    "scenes": _HOST + "scenes.zip",
    "cat_and_dog": _HOST + "cat_and_dog.zip",
    "southern_nebula": _HOST + "southern_nebula.zip",
}

_IMAGE = re.compile(r"\.(png|jpe?g|tiff?|bmp|gif|webp|pgm|ppm|jp2|heic)$", re.IGNORECASE)


@public
def import_example(
    data: str = "mnist",
    url: str | None = None,
    dirpath: str | os.PathLike[str] | None = None,
) -> Any:
    """Return example images.

    Parameters
    ----------
    data : str, default="mnist"
        ``"mnist"``, ``"shapes"`` and ``"photos"`` are made on this machine,
        without a network. ``"flowers"``, ``"faces"``, ``"scenes"``,
        ``"cat_and_dog"`` and ``"southern_nebula"`` are downloaded and unpacked
        once and kept.
    url : str, optional
        Address of a zip archive of images, or of one image, to download instead;
        `data` is not looked at then.
    dirpath : str or path-like, optional
        Folder that keeps the files. Default: ``clustimage/examples`` below the
        system's temporary folder.

    Returns
    -------
    tuple of ndarray, str or list of str
        ``"mnist"``: ``(X, y)``, 1,797 handwritten digits `(1797, 64)` float64,
        gray values 0 to 16, and what they show `(1797,)` int.
        ``"shapes"``: paths of 200 PNG files of 96 × 96 pixels; the name of a
        file's folder (circle, cross, square, star, triangle) is its known group.
        ``"photos"``: path of a folder of 300 JPEG files of at most 256 × 256
        pixels, in 12 subfolders, which are their known groups.
        Downloads: paths of the image files, sorted.

    Raises
    ------
    InvalidParameterError
        If `data` is not known, `url` is no address of http or https, or `dirpath`
        cannot be written.
    DownloadError
        If the download fails, for example without a network.
    ArchiveError
        If what was downloaded is no zip archive of images, or an unsafe one.

    Examples
    --------
    >>> from clustimage import import_example
    >>> X, y = import_example("mnist")
    >>> X.shape, y.shape
    ((1797, 64), (1797,))
    """
    if url is None:
        check_option("data", data, [*EMBEDDED, *DOWNLOADS])
        if data in EMBEDDED:
            return EMBEDDED[data](dirpath)
        url = DOWNLOADS[data]
        name = Path(urllib.parse.urlsplit(url).path).name
    else:
        name = _local_name(check_url(url))
    return _downloaded(url, prepare_dirpath(dirpath) / name)


def _local_name(url: str) -> str:
    """Return a file name for an address; two addresses never share one."""
    last = urllib.parse.unquote(urllib.parse.urlsplit(url).path).rpartition("/")[2]
    stem, dot, ending = re.sub(r"[^\w.-]+", "_", last).strip("._").rpartition(".")
    if not dot:
        stem, ending = ending, "zip"
    key = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{stem[:60] or 'images'}-{key}.{ending[:10]}"


def _downloaded(url: str, path: Path) -> list[str]:
    """Return the images of an address, which is fetched and unpacked the first time."""
    one_image = bool(_IMAGE.search(path.name))
    folder = path.with_suffix("")
    if not one_image and folder.is_dir() and _images_below(folder):
        return _images_below(folder)
    if not path.is_file():
        try:
            wget(url, path)
        except DownloadError as exc:
            raise DownloadError(
                f"{exc} Without a network these examples work: "
                f"{', '.join(f'import_example({name!r})' for name in EMBEDDED)}."
            ) from exc
    if one_image:
        return [str(path)]
    try:
        images = _images_below(Path(unzip(path)))
    except ArchiveError:
        # A page of a login or of an error, saved as the archive, must not be kept.
        path.unlink(missing_ok=True)
        raise
    if not images:
        raise ArchiveError(f"There is no image in the archive {url}, unpacked to {folder}.")
    return images


def _images_below(folder: Path) -> list[str]:
    return sorted(
        str(path)
        for path in folder.rglob("*")
        if _IMAGE.search(path.name)
        and not any(part.startswith((".", "__MACOSX")) for part in path.relative_to(folder).parts)
    )

"""Sets of images whose kinds are known, to see how well clusters follow them.

The photos are not part of the project: they are looked for below ``CLUSTIMAGE_TEST_DATA``, in
``data/``. The digits of scikit-learn and the embedded photos are always there.
"""

import itertools
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _datasets import TEST_DATA
from _measure import WORK

from clustimage import import_example

__all__ = ["LABELLED", "Labelled", "available", "load_labelled"]

UNPACKED = WORK / "datasets" / "labelled"
EMBEDDED = WORK / "datasets" / "embedded"


class Labelled(NamedTuple):
    """Images as `Clustimage` takes them, and the kind of each.

    Attributes
    ----------
    images : list of str or ndarray of shape (n, d)
        Paths, in the order of the kinds; of the digits the pixels.
    kinds : ndarray of shape (n,), int
        From 0 on.
    """

    images: "list[str] | np.ndarray"
    kinds: np.ndarray

    @property
    def n_kinds(self) -> int:
        """How many kinds there are."""
        return int(self.kinds.max()) + 1


def load_labelled(name: str) -> Labelled:
    """Return a set by its name in `LABELLED`.

    Raises
    ------
    FileNotFoundError
        If its photos are not on this machine.

    Examples
    --------
    >>> images, kinds = load_labelled("digits")
    >>> images.shape, kinds.shape
    ((1797, 64), (1797,))
    """
    return LABELLED[name]()


def available() -> list[str]:
    """Return the names of the sets that are on this machine; print what is left out."""
    outside = [name for name in LABELLED if name not in ("digits", "photos")]
    missing = [name for name in outside if not _source(name).exists()]
    if missing:
        print(f"NOTE: {', '.join(missing)} not in {TEST_DATA / 'data'}; left out.", flush=True)
    return [name for name in LABELLED if name not in missing]


def _source(name: str) -> Path:
    folder = TEST_DATA / "data" / name
    return folder if folder.exists() else folder.with_suffix(".zip")


def _photos_in(name: str, pattern: str, per_kind: int | None = None) -> Labelled:
    """Return the photos of a folder or an archive; the folder of each is its kind."""
    source = _source(name)
    if not source.exists():
        raise FileNotFoundError(f"{name} is not in {TEST_DATA / 'data'}.")
    if source.suffix == ".zip":
        if not (UNPACKED / name).is_dir():
            with zipfile.ZipFile(source) as archive:
                archive.extractall(UNPACKED / f"{name}.part")
            (UNPACKED / f"{name}.part").rename(UNPACKED / name)
        source = UNPACKED / name
    return _by_folder(sorted(source.glob(pattern)), per_kind)


def _by_folder(paths: list[Path], per_kind: int | None = None) -> Labelled:
    """Return the first so many photos of each folder, in the order of their names."""
    groups = itertools.groupby(paths, lambda path: path.parent)
    chosen = [list(itertools.islice(members, per_kind)) for _, members in groups]
    kinds = np.repeat(np.arange(len(chosen)), [len(members) for members in chosen])
    return Labelled([str(path) for members in chosen for path in members], kinds)


LABELLED: dict[str, Callable[[], Labelled]] = {
    "corel1k": lambda: _photos_in("corel1k", "*/*.jpg"),
    "caltech101_7classes": lambda: _photos_in("caltech101_7classes", "*/*.jpg"),
    "orl_faces": lambda: _photos_in("orl_faces", "s*/*.pgm"),
    "cifar10_test": lambda: _photos_in("cifar10_test", "**/*.jpg", per_kind=200),
    "digits": lambda: Labelled(*import_example("mnist")),
    "photos": lambda: _by_folder(
        sorted(Path(import_example("photos", dirpath=EMBEDDED)).glob("*/*.*"))
    ),
}

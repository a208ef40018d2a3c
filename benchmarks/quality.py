"""How well the clusters of each method follow the kinds that people see.

Runs the default chain over photos whose kinds are known, for pixels, edges, hashes and two
small networks, and writes the table of ``docs/quality.md``. The photos and the weights are
not part of the project: they are looked for below ``CLUSTIMAGE_TEST_DATA``, in ``data/`` and
``weights/``.

    python benchmarks/quality.py
    python benchmarks/quality.py --only corel1k --print
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from clustimage import Clustimage, unzip

ROOT = Path(__file__).resolve().parents[1]
LENT = Path(os.environ.get("CLUSTIMAGE_TEST_DATA", ROOT.parent / "shared"))
PAGE = ROOT / "docs" / "quality.md"
START, END = "<!-- measured -->", "<!-- end of what was measured -->"

# Name in the table: the method, or the settings of a network whose weights lie in a file.
METHODS: dict[str, str | dict[str, Any]] = {
    "pca": "pca",
    "hog": "hog",
    "pca-hog": "pca-hog",
    "phash": "phash",
    "mobilenet_v2": {"model": "mobilenet_v2"},
    "mobilenet_v2, n_components=0.95": {"model": "mobilenet_v2", "n_components": 0.95},
    "squeezenet1_1": {"model": "squeezenet1_1"},
    "squeezenet1_1, n_components=0.95": {"model": "squeezenet1_1", "n_components": 0.95},
}


def by_folder(name: str, pattern: str = "*/*") -> Callable[[Path], list[Path]]:
    """Return a function that lists the images of a set with a folder for each kind."""
    return lambda work: sorted((LENT / "data" / name).glob(pattern))


def cifar(work: Path) -> list[Path]:
    """Return 100 images of each of the ten kinds of CIFAR-10's test set."""
    archive = shutil.copy(LENT / "data" / "cifar10_test.zip", work)
    folder = Path(unzip(archive))
    kinds = sorted({path.parent for path in folder.rglob("*.jpg")})
    return [path for kind in kinds for path in sorted(kind.glob("*.jpg"))[:100]]


SETS: dict[str, Callable[[Path], list[Path]]] = {
    "corel1k": by_folder("corel1k", "*/*.jpg"),
    "caltech101_7classes": by_folder("caltech101_7classes", "*/*.jpg"),
    "cifar10_test": cifar,
    "orl_faces": by_folder("orl_faces", "s*/*.pgm"),
}


def make_model(name: str, dirpath: Path) -> Clustimage:
    """Return a model of default settings, for a network with its weights from a file."""
    settings = METHODS[name]
    if isinstance(settings, str):
        return Clustimage(method=settings, embedding=None, verbose="error")
    weights = LENT / "weights" / f"{settings['model']}.pth"
    settings = {**settings, "weights": str(weights)}
    return Clustimage(
        method="cnn", params_cnn=settings, embedding=None, dirpath=dirpath, verbose="error"
    )


def measure(names: list[str], work: Path) -> Iterator[str]:
    """Yield a row of the table for each set and method."""
    for name in names:
        paths = SETS[name](work)
        kinds = np.array([path.parent.name for path in paths])
        n_kinds = len(set(kinds))
        for method in METHODS:
            model = make_model(method, work)
            labels = model.fit_transform([str(path) for path in paths])["labels"]
            found = _agreement(kinds, labels)
            told = _agreement(kinds, model.cluster(n_clusters=n_kinds))
            row = (
                f"| {name} | {len(paths):,} | {n_kinds} | `{method}` | {labels.max() + 1} "
                f"| {found} | {told} |"
            )
            print(row, flush=True)
            yield row


def _agreement(kinds: np.ndarray, labels: np.ndarray) -> str:
    ari = adjusted_rand_score(kinds, labels)
    nmi = normalized_mutual_info_score(kinds, labels)
    return f"{ari:.3f} | {nmi:.3f}"


def main() -> None:
    """Measure, and write the page unless only a part was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", action="append", choices=sorted(SETS), help="only this set")
    parser.add_argument("--print", action="store_true", help="print the rows, write nothing")
    arguments = parser.parse_args()
    head = [
        "| set | images | kinds | method | k found | ARI | NMI | ARI at the true k | NMI there |",
        "|---|---:|---:|---|---:|---:|---:|---:|---:|",
    ]
    with tempfile.TemporaryDirectory() as work:
        rows = list(measure(arguments.only or list(SETS), Path(work)))
    if arguments.only or arguments.print:
        return
    before, _, rest = PAGE.read_text("utf-8").partition(START)
    after = rest.partition(END)[2]
    PAGE.write_text("\n".join([before + START, *head, *rows, END + after]), "utf-8")
    print(f"Written to {PAGE.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()

"""How well the clusters of each method follow the classes that people see.

Runs the default chain over photos whose classes are given, for pixels, edges, hashes and two
small networks, and writes the table of ``docs/quality.md``. The photos and the weights are
not part of the project: they are looked for below ``CLUSTIMAGE_TEST_DATA``, in ``data/`` and
``weights/``.

    python benchmarks/quality.py
    python benchmarks/quality.py --only corel1k --print
"""

import argparse
import itertools
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _datasets import TEST_DATA
from _markdown import table, write_section
from _measure import ROOT
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from clustimage import Clustimage

START, END = "<!-- measured -->", "<!-- end of what was measured -->"
COLUMNS = ("set", "images:", "kinds:", "method", "k found:", "ARI:", "NMI:",
           "ARI at the true k:", "NMI there:")  # fmt: skip


@dataclass(frozen=True)
class LabelledSet:
    """Images in a folder or an archive below ``data/``; the folder of each is its class."""

    name: str
    pattern: str
    per_class: int | None = None  # the first so many, in the order of their names
    suffix: str = ""

    def list_images(self, work: Path) -> list[Path]:
        """Return the images, an archive unpacked below `work`."""
        source = TEST_DATA / "data" / f"{self.name}{self.suffix}"
        if self.suffix:
            with zipfile.ZipFile(source) as archive:
                archive.extractall(work / self.name)
            source = work / self.name
        classes = itertools.groupby(sorted(source.glob(self.pattern)), lambda path: path.parent)
        return [path for _, paths in classes for path in itertools.islice(paths, self.per_class)]


@dataclass(frozen=True)
class Method:
    """A method, or a network with its settings, as it is named in the table."""

    name: str
    params_cnn: dict[str, Any] | None = None

    def make_model(self, dirpath: Path) -> Clustimage:
        """Return a model of default settings, for a network with its weights from a file."""
        params = {"method": self.name}
        if self.params_cnn:
            weights = TEST_DATA / "weights" / f"{self.params_cnn['model']}.pth"
            cnn = {**self.params_cnn, "weights": str(weights)}
            params = {"method": "cnn", "params_cnn": cnn, "dirpath": dirpath}
        return Clustimage(**params, embedding=None, verbose="error")


SETS = (
    LabelledSet("corel1k", "*/*.jpg"),
    LabelledSet("caltech101_7classes", "*/*.jpg"),
    LabelledSet("cifar10_test", "**/*.jpg", per_class=100, suffix=".zip"),
    LabelledSet("orl_faces", "s*/*.pgm"),
)
METHODS = (
    Method("pca"),
    Method("hog"),
    Method("pca-hog"),
    Method("phash"),
    *(
        Method(f"{network}{title}", {"model": network, **params})
        for network in ("mobilenet_v2", "squeezenet1_1")
        for title, params in (("", {}), (", n_components=0.95", {"n_components": 0.95}))
    ),
)


def main() -> None:
    """Measure, and write the page unless only a part was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    names = sorted(labelled.name for labelled in SETS)
    parser.add_argument("--only", action="append", choices=names, help="only this set")
    parser.add_argument("--print", action="store_true", help="print the rows, write nothing")
    options = parser.parse_args()
    chosen = [labelled for labelled in SETS if labelled.name in (options.only or names)]
    with tempfile.TemporaryDirectory() as work:
        rows = [row for labelled in chosen for row in _measure(labelled, Path(work))]
    if not options.only and not options.print:
        write_section(ROOT / "docs" / "quality.md", START, END, table(COLUMNS, rows))


def _measure(labelled: LabelledSet, work: Path) -> Iterator[list[object]]:
    """Yield and print the cells of a row for each method."""
    paths = labelled.list_images(work)
    classes = [path.parent.name for path in paths]
    n_classes = len(set(classes))
    for method in METHODS:
        model = method.make_model(work)
        found = model.fit_transform([str(path) for path in paths])["labels"]
        scores = [*_agreement(classes, found)]
        scores += _agreement(classes, model.cluster(n_clusters=n_classes))
        row = [labelled.name, f"{len(paths):,}", n_classes, f"`{method.name}`", np.max(found) + 1]
        print(table(COLUMNS, [[*row, *scores]])[-1], flush=True)
        yield [*row, *scores]


def _agreement(classes: list[str], labels: np.ndarray) -> list[str]:
    """Return the adjusted Rand index and the normalised mutual information."""
    scores = (adjusted_rand_score, normalized_mutual_info_score)
    return [f"{score(classes, labels):.3f}" for score in scores]


if __name__ == "__main__":
    main()

"""How well the clusters of each method follow the classes that people see.

Runs the default chain over photos whose classes are given, for pixels, edges, hashes and two
small networks, and writes the table of ``docs/quality.md``. The photos and the weights are
not part of the project: they are looked for below ``CLUSTIMAGE_TEST_DATA``, in ``data/`` and
``weights/``.

    python benchmarks/quality.py
    python benchmarks/quality.py --only corel1k --print
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _datasets import TEST_DATA
from _labelled import LABELLED, available, load_labelled
from _markdown import table, write_section
from _measure import ROOT
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from clustimage import Clustimage

START, END = "<!-- measured -->", "<!-- end of what was measured -->"
COLUMNS = ("set", "images:", "kinds:", "method", "k found:", "ARI:", "NMI:",
           "ARI at the true k:", "NMI there:")  # fmt: skip


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
    parser.add_argument("--only", action="append", choices=[*LABELLED], help="only this set")
    parser.add_argument("--print", action="store_true", help="print the rows, write nothing")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        rows = [row for name in options.only or available() for row in _measure(name, Path(work))]
    if not options.only and not options.print:
        write_section(ROOT / "docs" / "quality.md", START, END, table(COLUMNS, rows))


def _measure(name: str, work: Path) -> Iterator[list[object]]:
    """Yield and print the cells of a row for each method."""
    images, kinds = labelled = load_labelled(name)
    for method in METHODS:
        model = method.make_model(work)
        found = model.fit_transform(images)["labels"]
        scores = [*_agreement(kinds, found)]
        scores += _agreement(kinds, model.cluster(n_clusters=labelled.n_kinds))
        n_kinds, n_found = labelled.n_kinds, np.max(found) + 1
        row = [name, f"{len(images):,}", n_kinds, f"`{method.name}`", n_found, *scores]
        print(table(COLUMNS, [row])[-1], flush=True)
        yield row


def _agreement(kinds: np.ndarray, labels: np.ndarray) -> list[str]:
    """Return the adjusted Rand index and the normalised mutual information."""
    scores = (adjusted_rand_score, normalized_mutual_info_score)
    return [f"{score(kinds, labels):.3f}" for score in scores]


if __name__ == "__main__":
    main()

"""How well the clusters of each method follow the classes that people see.

Runs the default chain over images whose kinds are given, for pixels, edges, hashes, colours,
scenes, details and two small networks, and writes the tables of ``docs/quality.md``. Photos and
weights are not part of the project: they are looked for below ``CLUSTIMAGE_TEST_DATA``, in
``data/`` and ``weights/``; what is not there is left out.

    python benchmarks/quality.py
    python benchmarks/quality.py --only corel1k --print
    python benchmarks/quality.py --known-k
"""

import argparse
import tempfile
from collections.abc import Iterable, Iterator
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
WARD_START, WARD_END = "<!-- ward -->", "<!-- end of ward -->"
PAGE = ROOT / "docs" / "quality.md"
PHOTOS = ("corel1k", "caltech101_7classes", "cifar10_test", "orl_faces")
COLUMNS = ("set", "images:", "kinds:", "method", "k found:", "ARI:", "NMI:",
           "ARI at the true k:", "NMI there:")  # fmt: skip


@dataclass(frozen=True)
class Method:
    """A method, or a network with its settings, as it is named in the table."""

    name: str
    method: str = ""  # where it has another name than in the table
    params_cnn: dict[str, Any] | None = None

    @property
    def weights(self) -> Path | None:
        """The file of weights; None without a network."""
        network = self.params_cnn and self.params_cnn["model"]
        return TEST_DATA / "weights" / f"{network}.pth" if network else None

    def make_model(self, dirpath: Path) -> Clustimage:
        """Return a model of default settings, for a network with its weights from a file."""
        params: dict[str, Any] = {"method": self.method or self.name, "dirpath": dirpath}
        if self.params_cnn:
            params["params_cnn"] = {**self.params_cnn, "weights": str(self.weights)}
        return Clustimage(**params, embedding=None, verbose="error")


MOBILENET = {"model": "mobilenet_v2"}
METHODS = (
    *map(Method, ("pca", "hog", "color", "gist", "fisher", "color+gist", "color+gist+fisher")),
    Method("mobilenet_v2", "cnn", MOBILENET),
    Method("mobilenet_v2+color", "cnn+color", MOBILENET),
)
# More of them, and how many clusters each finds by itself.
ALL_METHODS = (
    *METHODS,
    *map(Method, ("pca-hog", "phash")),
    *(
        Method(f"{network}{title}", "cnn", {"model": network, **params})
        for network in ("mobilenet_v2", "squeezenet1_1")
        for title, params in (("", {}), (", n_components=0.95", {"n_components": 0.95}))
        if network != "mobilenet_v2" or params
    ),
)


def main() -> None:
    """Measure, and write the page unless only a part was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", action="append", choices=[*LABELLED], help="only this set")
    parser.add_argument("--print", action="store_true", help="print the rows, write nothing")
    parser.add_argument("--known-k", action="store_true", help="only the table at the true k")
    options = parser.parse_args()
    names = [name for name in available() if name in (options.only or LABELLED)]
    with tempfile.TemporaryDirectory() as work:
        by_ward = {name: dict(_at_known_k(name, Path(work))) for name in names}
        lines = _ward_table(by_ward)
        print("", *lines, sep="\n")
        if not options.only and not options.print:
            write_section(PAGE, WARD_START, WARD_END, lines)
        if options.known_k:
            return
        rows = [row for name in names for row in _measure(name, Path(work))]
    if not options.only and not options.print:
        write_section(PAGE, START, END, table(COLUMNS, rows))


def _usable(methods: Iterable[Method]) -> Iterator[Method]:
    """Yield the methods whose weights are here; print what is left out."""
    for method in methods:
        if method.weights and not method.weights.exists():
            print(f"NOTE: {method.name} is left out, there is no {method.weights}.", flush=True)
        else:
            yield method


def _at_known_k(name: str, work: Path) -> Iterator[tuple[str, float]]:
    """Yield each method, and its ARI by ward at the true number of kinds."""
    images, kinds = labelled = load_labelled(name)
    for method in _usable(METHODS):
        model = method.make_model(work)
        found = model.fit_transform(
            images, n_clusters=labelled.n_kinds, linkage="ward", cluster_space="high"
        )
        score = adjusted_rand_score(kinds, found["labels"])
        print(f"{name}, {method.name}: {score:.3f}", flush=True)
        yield method.name, score


def _measure(name: str, work: Path) -> Iterator[list[object]]:
    """Yield and print the cells of a row for each method."""
    images, kinds = labelled = load_labelled(name)
    for method in _usable(ALL_METHODS):
        model = method.make_model(work)
        found = model.fit_transform(images)["labels"]
        scores = [*_agreement(kinds, found)]
        scores += _agreement(kinds, model.cluster(n_clusters=labelled.n_kinds))
        n_kinds, n_found = labelled.n_kinds, np.max(found) + 1
        row = [name, f"{len(images):,}", n_kinds, f"`{method.name}`", n_found, *scores]
        print(table(COLUMNS, [row])[-1], flush=True)
        yield row


def _ward_table(by_set: dict[str, dict[str, float]]) -> list[str]:
    """Return the table of a row for each method and a column for each set, with the means."""
    photos = [name for name in PHOTOS if name in by_set]
    columns = ["method", *(f"{name}:" for name in by_set)]
    columns += [f"mean of {', '.join(photos)}:"] * bool(photos)
    rows = []
    for method in next(iter(by_set.values()), {}):
        row = [f"`{method}`", *(f"{scores[method]:.3f}" for scores in by_set.values())]
        mean = [f"{np.mean([by_set[name][method] for name in photos]):.3f}"] if photos else []
        rows.append([*row, *mean])
    return table(columns, rows)


def _agreement(kinds: np.ndarray, labels: np.ndarray) -> list[str]:
    """Return the adjusted Rand index and the normalised mutual information."""
    scores = (adjusted_rand_score, normalized_mutual_info_score)
    return [f"{score(kinds, labels):.3f}" for score in scores]


if __name__ == "__main__":
    main()

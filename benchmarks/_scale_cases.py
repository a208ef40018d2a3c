"""What `scale.py` measures: each case is one fresh process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from _measure import INCUMBENT, Job

__all__ = ["BUDGET", "METHODS", "QUICK", "ROWS_BUDGET", "ROW_TASKS", "Case", "Sizes", "make_cases"]

BUDGET, ROWS_BUDGET = "3GB", "8GB"
METHODS = ("pca", "hog", "phash", "cnn")
_RANGE = {"min_clust": 45, "max_clust": 56}
# Name of the case, its title in the tables, its options.
ROW_TASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "kmeans-range": (
        "k-means, 45 to 55 clusters tried",
        {"task": "cluster", "cluster": "kmeans", **_RANGE},
    ),
    "kmeans-50": (
        "k-means, 50 clusters asked for",
        {"task": "cluster", "cluster": "kmeans", "n_clusters": 50},
    ),
    "tree-range": (
        "agglomerative, 45 to 55 clusters tried",
        {"task": "cluster", "cluster": "agglomerative", **_RANGE},
    ),
    "tree-50": (
        "agglomerative, 50 clusters asked for",
        {"task": "cluster", "cluster": "agglomerative", "n_clusters": 50},
    ),
    "find": ("`find`", {"task": "find"}),
    "find-nearly": ("`find`, `approximate=True`", {"task": "find-approximately"}),
    "unique": ("`unique` of 50 clusters", {"task": "unique"}),
}


@dataclass(frozen=True)
class Case:
    """A job, the table it is shown in (`group`), its method or task, its images or rows."""

    name: str
    group: str
    method: str
    count: int
    job: Job


@dataclass(frozen=True)
class Sizes:
    """How many images and rows: the real ones, or few to try the benchmark itself."""

    images: tuple[int, ...] = (1000, 2000, 4000, 10_000, 30_000, 60_000)
    max_cnn: int = 10_000
    incumbent: tuple[int, ...] = (1000, 2000, 4000)
    hog: int = 1000
    rows: int = 1_000_000


QUICK = Sizes(images=(200, 400), max_cnn=200, incumbent=(200,), hog=50, rows=20_000)


def make_cases(sizes: Sizes) -> list[Case]:
    """Return all cases, small ones first."""
    images = {"folder": f"images-{sizes.hog}"}
    cases = [Case("hog-speed", "hog", "hog", sizes.hog, Job("run_scale.py", "hog", images))]
    for count in sorted({min(sizes.max_cnn, sizes.images[-1]), sizes.images[-1]}):
        for decoder in ("bytes", "Pillow", "OpenCV"):
            options = {"folder": f"images-{count}", "decoder": decoder, "keep": False}
            name = f"decode-{decoder}-{count}".lower()
            job = Job("run_bare.py", "decoding", options)
            cases.append(Case(name, "decode", decoder, count, job))
    for count in sizes.images:
        cases += _chains(count, sizes)
    for name, (_, task) in ROW_TASKS.items():
        options = {"rows": sizes.rows, "max_memory": ROWS_BUDGET, **task}
        job = Job("run_scale.py", "points", options)
        cases.append(Case(f"rows-{name}", "rows", name, sizes.rows, job))
    return cases


def _chains(count: int, sizes: Sizes) -> Iterator[Case]:
    folder = f"images-{count}"
    for method in METHODS[:3] if count in sizes.incumbent else ():
        job = Job("run_clustimage.py", "chain", {"folder": folder, "method": method}, INCUMBENT)
        yield Case(f"incumbent-{method}-{count}", "incumbent", method, count, job)
    for method in METHODS if count <= sizes.max_cnn else METHODS[:3]:
        options = {"folder": folder, "method": method, "max_memory": BUDGET}
        if method == "cnn":
            options["weights"] = "weights"
        yield Case(
            f"{method}-{count}", "chain", method, count, Job("run_scale.py", "chain", options)
        )

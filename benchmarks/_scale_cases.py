"""What `scale.py` measures: each case is one fresh process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from _environments import OURS
from _workloads import INCUMBENT

BUDGET, ROWS_BUDGET = "3GB", "8GB"
METHODS = ("pca", "hog", "phash", "cnn")
HOUR = 3600.0  # seconds


@dataclass(frozen=True)
class Case:
    """A job of a script, with its options; `group` and `method` say where it is shown."""

    name: str
    group: str
    script: str
    job: str
    options: dict[str, Any] = field(default_factory=dict)
    method: str = ""
    environment: str = OURS
    longest: float = HOUR


@dataclass(frozen=True)
class Sizes:
    """How many images and rows: the real ones, or few to try the benchmark itself."""

    images: tuple[int, ...] = (1000, 2000, 4000, 10_000, 30_000, 60_000)
    most_deep: int = 10_000
    beside: tuple[int, ...] = (1000, 2000, 4000)
    hogs: int = 1000
    rows: int = 1_000_000

    @property
    def most(self) -> int:
        """The largest number of images."""
        return self.images[-1]


QUICK = Sizes(images=(200, 400), most_deep=200, beside=(200,), hogs=50, rows=20_000)


def all_cases(sizes: Sizes) -> list[Case]:
    """Return all cases, small ones first."""
    cases = [*_floors(sizes)]
    for count in sizes.images:
        if count in sizes.beside:
            cases += _beside(count, METHODS[:3])
        cases += [_chain(method, count) for method in METHODS if _fits(method, count, sizes)]
    return [*cases, *_rows(sizes.rows)]


def _fits(method: str, count: int, sizes: Sizes) -> bool:
    return method != "cnn" or count <= sizes.most_deep


def _chain(method: str, count: int) -> Case:
    options: dict[str, Any] = {"images": count, "method": method, "max_memory": BUDGET}
    if method == "cnn":
        options["weights"] = True
    return Case(f"{method}-{count}", "chain", "run_scale.py", "chain", options, method)


def _beside(count: int, methods: tuple[str, ...]) -> Iterator[Case]:
    for method in methods:
        yield Case(
            f"incumbent-{method}-{count}",
            "incumbent",
            "run_incumbent.py",
            "chain",
            {"images": count, "method": method},
            method,
            INCUMBENT,
        )


def _floors(sizes: Sizes) -> Iterator[Case]:
    yield Case("hog-speed", "hog", "run_scale.py", "hog", {"images": sizes.hogs}, "hog")
    for count in {min(sizes.most_deep, sizes.most), sizes.most}:
        for decoder in ("bytes", "Pillow", "OpenCV"):
            options = {"images": count, "decoder": decoder, "keep": False}
            name = f"decode-{decoder}-{count}".lower()
            yield Case(name, "decode", "run_bare.py", "decoding", options)


def _rows(rows: int) -> Iterator[Case]:
    k_range = {"min_clust": 45, "max_clust": 56}
    exact = {"n_clusters": 50}
    tasks: dict[str, dict[str, Any]] = {
        "kmeans-range": {"task": "cluster", "cluster": "kmeans", **k_range},
        "kmeans-50": {"task": "cluster", "cluster": "kmeans", **exact},
        "tree-range": {"task": "cluster", "cluster": "agglomerative", **k_range},
        "tree-50": {"task": "cluster", "cluster": "agglomerative", **exact},
        "find": {"task": "find"},
        "find-nearly": {"task": "find-nearly"},
        "unique": {"task": "unique"},
    }
    for name, task in tasks.items():
        options = {"rows": rows, "max_memory": ROWS_BUDGET, **task}
        yield Case(f"rows-{name}", "rows", "run_scale.py", "points", options, name)

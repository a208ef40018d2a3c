"""What `scale.py` measures: each case is one fresh process."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from _measure import INCUMBENT, Job

BUDGET, ROWS_BUDGET = "3GB", "8GB"
METHODS = ("pca", "hog", "phash", "cnn")
_K_RANGE = {"min_clust": 45, "max_clust": 56, "max_memory": ROWS_BUDGET}
_K = {"n_clusters": 50, "max_memory": ROWS_BUDGET}
# Name of the case: its title in the tables, its job, the options of that.
ROW_TASKS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "kmeans-range": (
        "k-means, 45 to 55 clusters tried", "cluster_rows", {"cluster": "kmeans", **_K_RANGE}
    ),
    "kmeans-50": ("k-means, 50 clusters asked for", "cluster_rows", {"cluster": "kmeans", **_K}),
    "tree-range": ("agglomerative, 45 to 55 clusters tried", "cluster_rows", _K_RANGE),
    "tree-50": ("agglomerative, 50 clusters asked for", "cluster_rows", _K),
    "find": ("`find`", "find_rows", {}),
    "find-nearly": ("`find`, `approximate=True`", "find_rows_approximately", {}),
    "unique": ("`unique` of 50 clusters", "unique_rows", {}),
}  # fmt: skip


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


def make_cases(sizes: Sizes) -> Iterator[Case]:
    """Yield all cases, small ones first."""
    job = Job("scale_jobs.hog", {"folder": f"images-{sizes.hog}"})
    yield Case("hog-speed", "hog", "hog", sizes.hog, job)
    for count in sorted({min(sizes.max_cnn, sizes.images[-1]), sizes.images[-1]}):
        for decoder in ("bytes", "Pillow", "OpenCV"):
            options = {"folder": f"images-{count}", "decoder": decoder, "keep": False}
            name = f"decode-{decoder}-{count}".lower()
            yield Case(name, "decode", decoder, count, Job("jobs.decoding", options))
    for count in sizes.images:
        folder = f"images-{count}"
        for method in METHODS[:3] if count in sizes.incumbent else ():
            job = Job("jobs.chain", {"folder": folder, "method": method}, INCUMBENT)
            yield Case(f"incumbent-{method}-{count}", "incumbent", method, count, job)
        for method in METHODS if count <= sizes.max_cnn else METHODS[:3]:
            options = {"folder": folder, "method": method, "max_memory": BUDGET}
            options |= {"weights": "weights"} if method == "cnn" else {}
            job = Job("scale_jobs.chain", options)
            yield Case(f"{method}-{count}", "chain", method, count, job)
    for name, (_, function, options) in ROW_TASKS.items():
        job = Job(f"scale_jobs.{function}", {"rows": sizes.rows, **options})
        yield Case(f"rows-{name}", "rows", name, sizes.rows, job)

"""Jobs that grow: the chain over many small images, and a million rows of features."""

from __future__ import annotations

import importlib
import mmap
import pkgutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from statistics import median
from typing import Any

import numpy as np
from _job import Clock, agreement, image_files, resident_bytes, run_job
from run_clustimage import describe_clusters, make_model, run_stages

N_GROUPS, N_COLUMNS = 50, 64
CENTRE_STD = 0.7  # the groups overlap a little
N_REPEATS = 7  # queries whose median time is reported

# Steps within a stage, and the functions that do them: step, package, function. What one of
# them calls of the others is counted for both.
TIMED = (
    ("labellings", "clustimage.cluster", "AgglomerativeClusterer.propose"),
    ("micro-clusters", "clustimage.cluster", "find_micro_clusters"),
    ("silhouettes", "clustimage.cluster", "Silhouette.score"),
    ("neighbours", "clustimage.embedding", "leading_components"),
    ("neighbours", "clustimage.embedding", "nearest_rows"),
    ("neighbours", "openTSNE.affinity", "joint_probabilities_nn"),
    ("layout", "openTSNE", "TSNEEmbedding.optimize"),
)


class StepTimer:
    """Add up the seconds of the functions in `TIMED`, wherever their packages import them."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        for step, package, name in TIMED:
            modules = _import_all(package)
            owner, _, attribute = name.rpartition(".")
            owners = {getattr(module, owner, None) for module in modules} if owner else modules
            found = [one for one in owners if attribute in getattr(one, "__dict__", {})]
            if modules and not found:
                raise LookupError(f"There is no {name} in {package}; correct TIMED.")
            for one in found:
                setattr(one, attribute, self.timed(step, getattr(one, attribute)))

    def timed(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that adds the seconds of each call to those of a step."""

        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                spent = time.perf_counter() - start
                self.seconds[step] = self.seconds.get(step, 0.0) + spent

        return timed


def _import_all(package: str) -> set[Any]:
    """Import a package with its modules and return them; none where it is not installed."""
    try:
        path = getattr(importlib.import_module(package), "__path__", [])
    except ImportError:
        return set()
    if package.startswith("clustimage."):
        for module in pkgutil.iter_modules(path, f"{package}."):
            with suppress(ImportError):
                importlib.import_module(module.name)
    names = [name for name in sys.modules if f"{name}.".startswith(f"{package}.")]
    return {sys.modules[name] for name in names}


def chain(
    clock: Clock, *, folder: str, method: str, max_memory: str, weights: str | None = None
) -> dict[str, Any]:
    """Cluster many images step by step, then find the images most like one of them."""
    from clustimage.similarity import RowIndex

    pathnames = image_files(folder)
    params: dict[str, Any] = {"method": method, "max_memory": max_memory}
    if weights:
        params["params_cnn"] = {"weights": f"{weights}/mobilenet_v2.pth"}
        importlib.import_module("torchvision.models")
    plan = make_model(**params).plan(pathnames)
    _import_optional()
    timer = StepTimer()
    base = resident_bytes()
    with clock.measured():
        model = make_model(**params)
        model.unique = timer.timed("unique", model.unique)
        run_stages(clock, model, pathnames)
        with clock.stage("find"):
            model.find(pathnames[0], k=10, alpha=None)
    feat, embedder = model.results["feat"], model.embedder_
    micro = getattr(model.clustering_, "micro", None)
    return {
        "base": base,
        "steps": timer.seconds,
        "plan": {"peak": plan.peak, "on_disk": plan.on_disk},
        "pixels": "file" if _is_mapped(model.images_.pixels) else "memory",
        "embedder": f"{type(embedder).__name__} {embedder.engine_}",
        "micro": None if micro is None else int(np.max(micro)) + 1,
        "query": _time_queries(feat, model.null_, {"index": RowIndex.build(feat)}),
        **describe_clusters(model),
    }


def _import_optional() -> None:
    for name in ("openTSNE", "faiss"):
        with suppress(ImportError):
            importlib.import_module(name)


def _is_mapped(array: Any) -> bool:
    """Return whether an array is a view of a memory-mapped file."""
    while isinstance(array, np.ndarray):
        array = array.base
    return isinstance(array.obj if isinstance(array, memoryview) else array, mmap.mmap)


def _time_queries(
    feat: np.ndarray, null: Any, prepared: dict[str, Any], n_queries: int = 1
) -> dict[str, Any]:
    """Time the search for the ten nearest rows, beside reading all rows once from memory.

    `prepared` is what is made once and used for every query, as arguments of `find_similar`.
    """
    from clustimage.similarity import find_similar

    picks = np.random.default_rng(0).integers(0, len(feat), (N_REPEATS, n_queries))
    vector = np.ones(feat.shape[1], dtype=feat.dtype)
    search, read = [], []
    for pick in picks:
        start = time.perf_counter()
        answers = find_similar(feat, feat[pick], k=10, alpha=None, null=null, **prepared)
        middle = time.perf_counter()
        np.dot(feat, vector)
        search.append(middle - start)
        read.append(time.perf_counter() - middle)
        assert max(answer["distance"][0] for answer in answers) == 0, "a row is its own nearest"
    return {"queries": n_queries, "seconds": median(search), "read": median(read)}


def normal_groups(rows: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Return rows of 50 groups of unequal sizes, their groups, and the best ARI there can be.

    The groups are round normal clouds that overlap a little. The best guess for a row is the
    group whose density there, times its proportion, is highest. The third value is the
    adjusted Rand index of these guesses (of the first 100,000 rows).
    """
    rng = np.random.default_rng(0)
    proportions = np.maximum(rng.dirichlet(np.full(N_GROUPS, 3.0)), 0.2 / N_GROUPS)
    proportions /= proportions.sum()
    groups = rng.choice(N_GROUPS, size=rows, p=proportions)
    centres = (rng.standard_normal((N_GROUPS, N_COLUMNS)) * CENTRE_STD).astype(np.float32)
    X = rng.standard_normal((rows, N_COLUMNS), dtype=np.float32)
    for start in range(0, rows, 10_000):
        X[start : start + 10_000] += centres[groups[start : start + 10_000]]
    some = X[:100_000]
    density = 2 * some @ centres.T - np.square(centres).sum(axis=1) + 2 * np.log(proportions)
    return X, groups, agreement(density.argmax(axis=1), groups[: len(some)])["ari"]


def points(
    clock: Clock, *, rows: int, task: str, max_memory: str, **options: Any
) -> dict[str, Any]:
    """Do one task with rows whose groups are given."""
    make_model()
    _import_optional()
    X, groups, best = normal_groups(rows)
    base = resident_bytes()
    facts = TASKS[task](clock, X, groups, max_memory=max_memory, **options)
    return {"n": rows, "feat": list(X.shape), "base": base, "best_ari": best, **facts}


def _cluster(
    clock: Clock, X: np.ndarray, groups: np.ndarray, *, max_memory: str, **request: Any
) -> dict[str, Any]:
    from clustimage._budget import make_budget
    from clustimage.cluster import search_k

    budget = make_budget(max_memory).holding(X.nbytes)
    with clock.measured():
        found = search_k(X, **request, budget=budget, random_state=0)
    micro = getattr(found, "micro", None)
    n_micro = None if micro is None else int(np.max(micro)) + 1
    return {"micro": n_micro, **agreement(found.labels, groups)}


def _find(clock: Clock, X: np.ndarray, groups: np.ndarray, *, max_memory: str) -> dict[str, Any]:
    from clustimage.similarity import RowIndex, fit_null

    with clock.measured():
        with clock.stage("distribution"):
            null = fit_null(X, random_state=0)
        with clock.stage("index"):
            index = RowIndex.build(X)
        return _query_stages(clock, X, null, {"index": index})


def _find_approximately(
    clock: Clock, X: np.ndarray, groups: np.ndarray, *, max_memory: str
) -> dict[str, Any]:
    """Query the approximate index, and count what it misses of the ten nearest."""
    from clustimage.similarity import RowIndex, find_similar, fit_null

    null, index = fit_null(X, random_state=0), RowIndex.build(X)
    with clock.measured():
        with clock.stage("approximate index"):
            index.approximate()
        facts = _query_stages(clock, X, null, {"index": index, "approximate": True})
    queries = X[np.random.default_rng(1).permutation(len(X))[:100]]
    request: dict[str, Any] = {"k": 10, "alpha": None, "null": null, "index": index}
    exact = find_similar(X, queries, **request)
    found = find_similar(X, queries, **request, approximate=True)
    hits = [len(np.intersect1d(a["y_idx"], b["y_idx"])) for a, b in zip(exact, found, strict=True)]
    return {**facts, "recall": float(np.mean(hits)) / 10}


def _query_stages(
    clock: Clock, X: np.ndarray, null: Any, prepared: dict[str, Any]
) -> dict[str, Any]:
    with clock.stage("one query"):
        one = _time_queries(X, null, prepared)
    with clock.stage("100 queries"):
        return {"query": one, "query100": _time_queries(X, null, prepared, n_queries=100)}


def _unique(clock: Clock, X: np.ndarray, groups: np.ndarray, *, max_memory: str) -> dict[str, Any]:
    from clustimage.similarity import pick_unique

    with clock.measured():
        found = pick_unique(X, groups)
    return {"k": len(found["idx"])}


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "cluster": _cluster,
    "find": _find,
    "find-approximately": _find_approximately,
    "unique": _unique,
}


def hog(clock: Clock, *, folder: str, repeats: int = 3) -> dict[str, Any]:
    """Describe images by HOG, and the same images with scikit-image, one after another."""
    from skimage.feature import hog as skimage_hog

    from clustimage.features import PARAMS_HOG, HOGExtractor
    from clustimage.images import load_images

    pixels = load_images(image_files(folder), dim=(128, 128), grayscale=True).pixels
    ours, theirs, expected = [], [], np.empty(0)
    with clock.measured():
        for _ in range(repeats):
            start = time.perf_counter()
            feat = HOGExtractor().fit_transform(pixels)
            middle = time.perf_counter()
            expected = np.stack([skimage_hog(image[..., 0], **PARAMS_HOG) for image in pixels])
            ours.append(middle - start)
            theirs.append(time.perf_counter() - middle)
    return {
        "n": len(pixels),
        "ours": median(ours),
        "theirs": median(theirs),
        "difference": float(np.abs(feat - expected).max()),
    }


if __name__ == "__main__":
    run_job(chain, points, hog)

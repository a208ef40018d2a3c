"""Jobs of `scale.py`: the chain over many small images, and a million rows of features."""

import importlib
import mmap
import pkgutil
import sys
import time
from collections.abc import Callable
from functools import wraps
from statistics import median
from typing import Any

import numpy as np
from jobs import (
    Facts,
    agreement,
    describe_clusters,
    image_files,
    import_installed,
    make_model,
    run_stages,
)
from run_job import Clock, resident_bytes

N_GROUPS, N_COLUMNS = 50, 64
CENTRE_STD = 0.7  # the groups overlap a little
N_REPEATS = 7  # queries whose median time is reported

# Steps within a stage, and the functions that do them: step, package, function. What one of
# them calls of the others is counted for both.
TIMED = (
    ("labellings", "clustimage.cluster", "AgglomerativeClusterer.candidates"),
    ("micro-clusters", "clustimage.cluster", "find_micro_clusters"),
    ("silhouettes", "clustimage.cluster", "Silhouette.score"),
    ("neighbours", "clustimage.embedding", "leading_axes"),
    ("neighbours", "clustimage.embedding", "nearest_rows"),
    ("neighbours", "openTSNE.affinity", "joint_probabilities_nn"),
    ("layout", "openTSNE", "TSNEEmbedding.optimize"),
)


def timed(seconds: dict[str, float], step: str, function: Callable[..., Any]) -> Any:
    """Return a function that adds the seconds of each call to those of a step."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            seconds[step] = seconds.get(step, 0.0) + time.perf_counter() - start

    return call


def time_steps() -> dict[str, float]:
    """Time the functions in `TIMED` wherever they are imported; return the seconds they take.

    Raises
    ------
    LookupError
        If a package is there and the function is not.
    """
    seconds: dict[str, float] = {}
    for step, package, name in TIMED:
        import_installed(package)
        for module in pkgutil.iter_modules(getattr(sys.modules.get(package), "__path__", [])):
            if package.startswith("clustimage."):
                import_installed(f"{package}.{module.name}")
        modules = [sys.modules[key] for key in sys.modules if f"{key}.".startswith(f"{package}.")]
        owner, _, attribute = name.rpartition(".")
        owners = {getattr(module, owner, None) for module in modules} if owner else modules
        found = [one for one in owners if attribute in getattr(one, "__dict__", {})]
        if modules and not found:
            raise LookupError(f"There is no {name} in {package}; correct TIMED.")
        for one in found:
            setattr(one, attribute, timed(seconds, step, getattr(one, attribute)))
    return seconds


def chain(
    clock: Clock, *, folder: str, method: str, max_memory: str, weights: str | None = None
) -> Facts:
    """Cluster many images step by step, then find the images most like one of them."""
    from clustimage.similarity import RowIndex

    pathnames = image_files(folder)
    params: dict[str, Any] = {"method": method, "max_memory": max_memory}
    import_installed("openTSNE", "faiss")
    if weights:
        params["params_cnn"] = {"weights": f"{weights}/mobilenet_v2.pth"}
        importlib.import_module("torchvision.models")
    seconds = time_steps()
    plan = make_model(**params).plan(pathnames)
    base = resident_bytes()
    with clock.measured():
        model = make_model(**params)
        model.unique = timed(seconds, "unique", model.unique)
        run_stages(clock, model, pathnames)
        with clock.stage("find"):
            model.find(pathnames[0], k=10, alpha=None)
    feat, embedder = model.results["feat"], model.embedder_
    return {
        "base": base,
        "steps": seconds,
        "plan": {"peak": plan.peak, "on_disk": plan.on_disk},
        "pixels": "file" if is_mapped(model.images_.pixels) else "memory",
        "embedder": f"{type(embedder).__name__} {embedder.engine_}",
        "micro": count_micro_clusters(model.clustering_),
        "query": time_queries(feat, model.distribution_, {"index": RowIndex.build(feat)}),
        **describe_clusters(model),
    }


def is_mapped(array: Any) -> bool:
    """Return whether an array is a view of a memory-mapped file."""
    while isinstance(array, np.ndarray):
        array = array.base
    return isinstance(array.obj if isinstance(array, memoryview) else array, mmap.mmap)


def count_micro_clusters(clustering: Any) -> int | None:
    """Return the number of micro-clusters, None where the tree is that of all images."""
    return None if clustering.micro is None else int(np.max(clustering.micro)) + 1


def time_queries(feat: np.ndarray, null: Any, prepared: Facts, n_queries: int = 1) -> Facts:
    """Time the search for the ten nearest rows, beside reading all rows once from memory.

    `prepared` is what is made once and used for every query, as arguments of `find_similar`.
    """
    from clustimage.similarity import find_similar

    vector = np.ones(feat.shape[1], dtype=feat.dtype)
    search, read = [], []
    for pick in np.random.default_rng(0).integers(0, len(feat), (N_REPEATS, n_queries)):
        start = time.perf_counter()
        answers = find_similar(feat, feat[pick], k=10, alpha=None, null=null, **prepared)
        middle = time.perf_counter()
        np.dot(feat, vector)
        search.append(middle - start)
        read.append(time.perf_counter() - middle)
        assert max(answer["distance"][0] for answer in answers) == 0, "a row is its own nearest"
    return {"queries": n_queries, "seconds": median(search), "read": median(read)}


def query_stages(clock: Clock, X: np.ndarray, null: Any, prepared: Facts) -> Facts:
    """Time one query and a hundred, each as a stage."""
    with clock.stage("one query"):
        one = time_queries(X, null, prepared)
    with clock.stage("100 queries"):
        return {"query": one, "query100": time_queries(X, null, prepared, n_queries=100)}


def make_rows(rows: int) -> tuple[np.ndarray, np.ndarray, Facts]:
    """Return rows of 50 groups of unequal sizes, their groups, and facts.

    The groups are round normal clouds that overlap a little. The best guess for a row is the
    group whose density there, times its proportion, is highest; ``"best_ari"`` is the adjusted
    Rand index of these guesses (of the first 100,000 rows).
    """
    make_model()
    import_installed("openTSNE", "faiss")
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
    best = agreement(density.argmax(axis=1), groups[: len(some)])["ari"]
    return X, groups, {"n": rows, "feat": list(X.shape), "best_ari": best}


def cluster_rows(clock: Clock, *, rows: int, max_memory: str, **request: Any) -> Facts:
    """Cluster rows whose groups are given."""
    from clustimage._core.memory import make_budget
    from clustimage.cluster import search_k

    X, groups, facts = make_rows(rows)
    budget = make_budget(max_memory).holding(X.nbytes)
    with clock.measured():
        found = search_k(X, **request, budget=budget, random_state=0)
    return {**facts, "micro": count_micro_clusters(found), **agreement(found.labels, groups)}


def find_rows(clock: Clock, *, rows: int) -> Facts:
    """Find the nearest rows."""
    from clustimage.similarity import RowIndex, fit_null

    X, _, facts = make_rows(rows)
    with clock.measured():
        with clock.stage("distribution"):
            null = fit_null(X, random_state=0)
        with clock.stage("index"):
            index = RowIndex.build(X)
        return {**facts, **query_stages(clock, X, null, {"index": index})}


def find_rows_approximately(clock: Clock, *, rows: int) -> Facts:
    """Query the approximate index, and count what it misses of the ten nearest."""
    from clustimage.similarity import RowIndex, find_similar, fit_null

    X, _, facts = make_rows(rows)
    null, index = fit_null(X, random_state=0), RowIndex.build(X)
    with clock.measured():
        with clock.stage("approximate index"):
            index.approximate()
        facts |= query_stages(clock, X, null, {"index": index, "approximate": True})
    queries = X[np.random.default_rng(1).permutation(len(X))[:100]]
    request: dict[str, Any] = {"k": 10, "alpha": None, "null": null, "index": index}
    exact = find_similar(X, queries, **request)
    found = find_similar(X, queries, **request, approximate=True)
    hits = [len(np.intersect1d(a["y_idx"], b["y_idx"])) for a, b in zip(exact, found, strict=True)]
    return {**facts, "recall": float(np.mean(hits)) / 10}


def unique_rows(clock: Clock, *, rows: int) -> Facts:
    """Pick the unique row of each group."""
    from clustimage.similarity import pick_unique

    X, groups, facts = make_rows(rows)
    with clock.measured():
        found = pick_unique(X, groups)
    return {**facts, "k": len(found["idx"])}


def hog(clock: Clock, *, folder: str) -> Facts:
    """Describe images by HOG, and the same images with scikit-image, three times in turn."""
    from skimage.feature import hog as skimage_hog

    from clustimage.features import PARAMS_HOG, HOGExtractor
    from clustimage.images import load_images

    pixels = load_images(image_files(folder), dim=(128, 128), grayscale=True).pixels
    ours, theirs = [], []
    with clock.measured():
        for _ in range(3):
            start = time.perf_counter()
            feat = HOGExtractor().fit_transform(pixels)
            middle = time.perf_counter()
            expected = np.stack([skimage_hog(image[..., 0], **PARAMS_HOG) for image in pixels])
            ours.append(middle - start)
            theirs.append(time.perf_counter() - middle)
    difference = float(np.abs(feat - expected).max())
    times = {"ours": median(ours), "theirs": median(theirs)}
    return {"n": len(pixels), **times, "difference": difference}

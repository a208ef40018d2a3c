"""Jobs that grow: the chain over many small images, and a million rows of features."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from statistics import median
from typing import Any

import numpy as np
from _job import Clock, agreement, image_files, kinds_of, resident_bytes, run_job
from run_ours import make_model

N_GROUPS, N_COLUMNS = 50, 64
SPREAD = 0.7  # of the centres; the groups overlap a little
QUESTIONS = 7  # questions whose median time is told

# Where the time goes within a stage: the part, and the function that does it. What one of them
# calls of the others is counted for both.
PARTS = (
    ("labellings", "clustimage.cluster:AgglomerativeClusterer.candidates"),
    ("micro-clusters", "clustimage.cluster.clusterers._agglomerative:find_micro_clusters"),
    ("silhouettes", "clustimage.cluster:Silhouette.score"),
    ("neighbours", "clustimage.embedding._tsne:leading_components"),
    ("neighbours", "clustimage.embedding._opentsne:nearest_rows"),
    ("neighbours", "openTSNE.affinity:joint_probabilities_nn"),
    ("layout", "openTSNE:TSNEEmbedding.optimize"),
)


class Parts:
    """Add up the seconds that some functions take, while the chain runs as always."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def watch(self, part: str, place: str) -> None:
        """Time the function at ``"module:name.name"``; nothing where there is no such one."""
        module, _, names = place.partition(":")
        with suppress(ImportError, AttributeError):
            owner: Any = importlib.import_module(module)
            *path, name = names.split(".")
            for step in path:
                owner = getattr(owner, step)
            setattr(owner, name, self.timed(part, getattr(owner, name)))

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that adds the seconds of each call to those of a part."""

        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                spent = time.perf_counter() - start
                self.seconds[part] = self.seconds.get(part, 0.0) + spent

        return timed


def chain(
    clock: Clock, *, folder: str, method: str, max_memory: str, weights: str | None = None
) -> dict[str, Any]:
    """Group many images step by step, then look for the images most like one of them."""
    from clustimage.similarity import RowIndex

    pathnames = image_files(folder)
    settings: dict[str, Any] = {"method": method, "max_memory": max_memory}
    if weights:
        settings["params_cnn"] = {"weights": weights}
    _import_late(method)
    parts = Parts()
    for part, place in PARTS:
        parts.watch(part, place)
    expected = _expected(make_model(**settings), pathnames)
    base = resident_bytes()
    with clock.measured():
        model = make_model(**settings)
        model.unique = parts.timed("unique", model.unique)
        with clock.stage("import"):
            model.import_data(pathnames)
        with clock.stage("extract"):
            model.extract_feat()
        with clock.stage("embedding"):
            model.embedding()
        with clock.stage("cluster"):
            labels = model.cluster()
        with clock.stage("find"):
            model.find(pathnames[0], k=10, alpha=None)
    with clock.stage("find again"):
        model.find(pathnames[1], k=10, alpha=None)
    feat = model.results["feat"]
    return {
        "n": len(labels),
        "feat": list(feat.shape),
        "base": base,
        "parts": parts.seconds,
        "roads": _roads(model),
        "query": _time_queries(feat, model.null_, {"index": RowIndex.build(feat)}),
        **expected,
        **agreement(labels, kinds_of(pathnames)),
    }


def _import_late(method: str) -> None:
    """Import what a stage would import; imports are not counted."""
    for name in ("openTSNE", "faiss", *(("torch", "torchvision.models") * (method == "cnn"))):
        with suppress(ImportError):
            importlib.import_module(name)


def _expected(model: Any, pathnames: list[str]) -> dict[str, Any]:
    """Return what the model says beforehand that each stage will do and take, in bytes."""
    if not hasattr(model, "plan"):
        return {}
    plan = model.plan(pathnames)
    steps = [
        {"stage": step.stage, "what": step.what, "peak": step.peak, "problem": step.problem}
        for step in plan.steps
    ]
    return {"plan": {"peak": plan.peak, "on_disk": plan.on_disk, "steps": steps}}


def _roads(model: Any) -> dict[str, Any]:
    """Return which of the ways to do a stage were taken."""
    from clustimage._core.file_arrays import mapped_file

    micro = getattr(model.clustering_, "micro", None)
    return {
        "pixels": "memory" if mapped_file(model.images_.pixels) is None else "file",
        "extractor": _kind(model.extractor_),
        "embedder": _kind(model.embedder_),
        "micro": None if micro is None else int(np.max(micro)) + 1,
        "sampled": "standard_error" in model.clustering_.score,
    }


def _kind(stage: object) -> str:
    """Return the class of a stage's object, and which of its ways it took where it tells."""
    told = [getattr(stage, name, None) for name in ("solver_", "engine_")]
    return " ".join([type(stage).__name__, *(str(way) for way in told if way)])


def _time_queries(
    feat: np.ndarray, null: Any, kept: dict[str, Any], n_queries: int = 1
) -> dict[str, Any]:
    """Time the search for the ten nearest rows, beside reading all rows once from memory.

    `kept` is what is made once and used for every question, as arguments of `find_similar`.
    """
    from clustimage.similarity import find_similar

    picks = np.random.default_rng(0).integers(0, len(feat), (QUESTIONS, n_queries))
    vector = np.ones(feat.shape[1], dtype=feat.dtype)
    found, read = [], []
    for pick in picks:
        start = time.perf_counter()
        answers = find_similar(feat, feat[pick], k=10, alpha=None, null=null, **kept)
        middle = time.perf_counter()
        np.dot(feat, vector)
        found.append(middle - start)
        read.append(time.perf_counter() - middle)
        assert max(answer["distance"][0] for answer in answers) == 0, "a row is its own nearest"
    return {
        "queries": n_queries,
        "seconds": median(found),
        "read": median(read),
        "bytes": feat.nbytes,
    }


def mixture(rows: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Return rows of 50 groups of unequal sizes, their groups, and the best ARI there can be.

    The groups are round normal clouds that overlap a little. No method can tell where a row
    in between came from; the best guess is the group whose density there, times its share,
    is highest. The third value is the adjusted Rand index of these guesses (of the first
    100,000 rows).
    """
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(0)
    shares = np.maximum(rng.dirichlet(np.full(N_GROUPS, 3.0)), 0.2 / N_GROUPS)
    shares /= shares.sum()
    groups = rng.choice(N_GROUPS, size=rows, p=shares)
    centres = (rng.standard_normal((N_GROUPS, N_COLUMNS)) * SPREAD).astype(np.float32)
    X = rng.standard_normal((rows, N_COLUMNS), dtype=np.float32)
    for start in range(0, rows, 10_000):
        X[start : start + 10_000] += centres[groups[start : start + 10_000]]
    some = X[:100_000]
    nearness = 2 * some @ centres.T - np.square(centres).sum(axis=1) + 2 * np.log(shares)
    best = adjusted_rand_score(groups[: len(some)], nearness.argmax(axis=1))
    return X, groups, float(best)


def points(
    clock: Clock, *, rows: int, task: str, max_memory: str, **options: Any
) -> dict[str, Any]:
    """Do one task with rows whose groups are known."""
    make_model()
    _import_late("")
    X, groups, best = mixture(rows)
    base = resident_bytes()
    told = TASKS[task](clock, X, groups, max_memory=max_memory, **options)
    return {"n": rows, "feat": list(X.shape), "base": base, "best_ari": best, **told}


def _cluster(
    clock: Clock, X: np.ndarray, groups: np.ndarray, *, max_memory: str, **request: Any
) -> dict[str, Any]:
    from clustimage._core.memory import make_budget
    from clustimage.cluster import search_k

    parts = Parts()
    for part, place in PARTS:
        parts.watch(part, place)
    budget = make_budget(max_memory).holding(X.nbytes)
    with clock.measured():
        found = search_k(X, **request, budget=budget, random_state=0)
    micro = getattr(found, "micro", None)
    return {
        "micro": None if micro is None else int(np.max(micro)) + 1,
        "score": found.score,
        "parts": parts.seconds,
        **agreement(found.labels, groups),
    }


def _find(clock: Clock, X: np.ndarray, groups: np.ndarray, *, max_memory: str) -> dict[str, Any]:
    from clustimage.similarity import RowIndex, fit_null

    with clock.measured():
        with clock.stage("distribution"):
            null = fit_null(X, random_state=0)
        with clock.stage("index"):
            kept: dict[str, Any] = {"index": RowIndex.build(X)}
        with clock.stage("one query"):
            one = _time_queries(X, null, kept)
        with clock.stage("100 queries"):
            many = _time_queries(X, null, kept, n_queries=100)
    return {"query": one, "query100": many}


def _find_nearly(
    clock: Clock, X: np.ndarray, groups: np.ndarray, *, max_memory: str
) -> dict[str, Any]:
    """Ask the index that does not look everywhere, and count what it misses."""
    from clustimage.similarity import RowIndex, find_similar, fit_null

    null, index = fit_null(X, random_state=0), RowIndex.build(X)
    nearly = {"index": index, "approximate": True}
    with clock.measured():
        with clock.stage("approximate index"):
            index.approximate()
        with clock.stage("one query"):
            one = _time_queries(X, null, nearly)
        with clock.stage("100 queries"):
            many = _time_queries(X, null, nearly, n_queries=100)
    queries = np.random.default_rng(1).permutation(len(X))[:100]
    asked: dict[str, Any] = {"k": 10, "alpha": None, "null": null, "index": index}
    exact = find_similar(X, X[queries], **asked)
    found = find_similar(X, X[queries], **asked, approximate=True)
    hits = [len(np.intersect1d(a["y_idx"], b["y_idx"])) for a, b in zip(exact, found, strict=True)]
    return {"query": one, "query100": many, "recall": float(np.mean(hits)) / 10}


def _unique(clock: Clock, X: np.ndarray, groups: np.ndarray, *, max_memory: str) -> dict[str, Any]:
    from clustimage.similarity import pick_unique

    with clock.measured():
        found = pick_unique(X, groups)
    return {"k": len(found["idx"])}


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "cluster": _cluster,
    "find": _find,
    "find-nearly": _find_nearly,
    "unique": _unique,
}


def hog(clock: Clock, *, folder: str, repeats: int = 3) -> dict[str, Any]:
    """Describe images by HOG, and the same images with scikit-image, one after another."""
    from skimage.feature import hog as skimage_hog

    from clustimage.features import PARAMS_HOG, HOGExtractor
    from clustimage.images import load_images

    pixels = load_images(image_files(folder), dim=(128, 128), grayscale=True).pixels
    ours, theirs, repeat = [], [], np.empty(0)
    with clock.measured():
        for _ in range(repeats):
            start = time.perf_counter()
            feat = HOGExtractor().fit_transform(pixels)
            middle = time.perf_counter()
            repeat = np.stack([skimage_hog(image[..., 0], **PARAMS_HOG) for image in pixels])
            ours.append(middle - start)
            theirs.append(time.perf_counter() - middle)
    return {
        "n": len(pixels),
        "ours": median(ours),
        "theirs": median(theirs),
        "difference": float(np.abs(feat - repeat).max()),
    }


if __name__ == "__main__":
    run_job(
        {"chain": chain, "points": points, "hog": hog},
        (
            "numpy",
            "scipy",
            "scikit-learn",
            "scikit-image",
            "opencv-python-headless",
            "Pillow",
            "openTSNE",
            "faiss-cpu",
            "torch",
            "torchvision",
        ),
    )

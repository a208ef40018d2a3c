"""Whether two versions of the package give the same results, bit for bit.

Each version runs in a fresh process from a working tree of its own, through the public
names only, so that internals may be moved and renamed in between. What is refused is
compared by the type of the error.

    python benchmarks/compare_results.py --base REV                   # with the working tree
    python benchmarks/compare_results.py --base REV --save base.npz   # keep the results of REV
    python benchmarks/compare_results.py --base-results base.npz --only "cluster *"

REV is a revision, or a folder that holds a tree. Photos are taken from ``data/`` below
``--data`` (CLUSTIMAGE_TEST_DATA, or ``../shared``); those of corel1k are replaced by the
example photos where they are not there, other cases that need files are left out. The
exit code is 1 if anything differs.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatch
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.cluster import Birch
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("CLUSTIMAGE_TEST_DATA", ROOT.parent / "shared"))
EXAMPLES = ROOT / "benchmarks" / ".work" / "examples"
# Sums over other numbers of threads differ in the last bit.
ENVIRONMENT = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "MPLBACKEND": "Agg"}
ENVIRONMENT["OMP_WAIT_POLICY"] = "PASSIVE"
COMMON = {"embedding": "pca", "n_jobs": 1, "verbose": "silent", "max_memory": "4GB"}
MAX_VALUES = 1_500_000  # of an array that is kept whole; of a larger one there is a hash
MAX_LINES = 8  # on one case
SECONDS, FAILURE = "seconds of ", "failure of "  # kept beside the results, not compared

METHODS = ("pca", "hog", "pca-hog", "ahash", "phash", "dhash", "whash-haar", "whash-db4")
METHODS += ("colorhash", "crop-resistant")
STEPS = {"cnn": 5, "crop-resistant": 4}  # slow methods see every so many images
CLUSTERERS = ("agglomerative", "kmeans", "dbscan", "hdbscan")
EVALUATORS = ("silhouette", "dbindex", "derivative", "elbow", "calinski")
LINKAGES = ("ward", "single", "complete", "average", "weighted", "centroid", "median")
METRICS = ("euclidean", "sqeuclidean", "cityblock", "chebyshev", "cosine", "correlation")
METRICS += ("canberra", "braycurtis", "hamming")
TIMES = np.random.default_rng(1).uniform(0, 1e6, 600)
PAIRS = np.random.default_rng(2).integers(0, 250, 600)  # images that are kept apart
# Arguments of `cluster`, on the principal components of 600 digits
REQUESTS: list[dict[str, Any]] = [
    {"n_clusters": 1},
    {"n_clusters": 12},
    {"min_clust": 7, "max_clust": 7},
    {"min_clust": 2, "max_clust": 80},
    {"n_clusters": 40, "min_size": 12},
    *({"sim": sim} for sim in (0, 0.3, 0.6, 0.9, 1)),
    {"sim": 0.6, "min_size": 3, "metric": "cosine"},
    {"sim": 0.5, "linkage": "complete"},
    {"time_weight": 0.3, "timestamps": TIMES},
    {"time_weight": 1, "timestamps": TIMES, "metric": "cosine"},
    {"time_weight": 0.3, "timestamps": TIMES, "linkage": "ward"},
    {"time_weight": 0.3, "timestamps": TIMES, "evaluate": "dbindex"},
    {"time_weight": 0.5, "timestamps": TIMES, "sim": 0.7},
    {"time_weight": 0.3, "timestamps": "exif"},
    {"place_weight": 0.3},
    {"cannot_link": PAIRS},
    {"cannot_link": PAIRS, "linkage": "average", "metric": "cosine"},
    {"cannot_link": PAIRS, "sim": 0.4},
    {"cannot_link": PAIRS, "time_weight": 0.2, "timestamps": TIMES},
    {"cannot_link": "photo"},
    {"micro_clusters": 120},
    {"micro_clusters": 120, "evaluate": "derivative", "linkage": "average"},
    {"micro_clusters": 90, "metric": "cosine", "linkage": "complete"},
    {"micro_clusters": 50, "n_clusters": 9, "min_size": 20},
    {"micro_clusters": 0},
    {"cluster": "kmeans", "evaluate": "elbow", "min_clust": 1, "max_clust": 50},
    {"cluster": "kmeans", "time_weight": 0.5, "timestamps": TIMES},
    {"cluster": "dbscan", "n_clusters": 6, "min_size": 5},
    {"cluster": "hdbscan", "n_clusters": 6},
    {"metric": "datetime"},
    {"cluster": "unknown"},
    {"cluster": Birch(n_clusters=7)},
]
EXIF_REQUESTS: list[dict[str, Any]] = [
    {},
    {"time_weight": 0.5},
    {"time_weight": 0.5, "timestamps": "exif"},
    {"place_weight": 0.5, "sim": 0.5},
    {"place_weight": 0.5, "time_weight": 0.2, "n_clusters": 5},
]
# Arguments of `find`
FINDS: dict[str, dict[str, Any]] = {
    "alpha": {},
    "k": {"k": 7, "alpha": None},
    "both": {"k": 3, "alpha": 0.01},
    "neither": {"alpha": None},
    "approximate": {"k": 5, "alpha": None, "approximate": True},
    **{metric: {"metric": metric, "k": 5} for metric in METRICS},
}
# Arguments of the class
SETTINGS: dict[str, dict[str, Any]] = {
    "custom": {"method": PCA(5, random_state=0), "embedding": PCA(2)},
    "gray": {"grayscale": True, "dim": (40, 32)},
    "small": {"dim": (32, 32), "params_pca": {"n_components": 12}},
    "hash 16": {"method": "dhash", "params_hash": {"hash_size": 16}},
    "cells": {"method": "hog", "params_hog": {"orientations": 4, "pixels_per_cell": (4, 4)}},
    "little memory": {"max_memory": "30MB", "method": "phash"},
    "less memory": {"max_memory": "120MB"},
    "wrong": {"params_pca": {"components": 3}},
}
# What is drawn of a model, and of new images
PLOTS: dict[str, Callable[[Any, Any], Any]] = {
    "scatter": lambda cl, new: cl.scatter(legend=True),
    "scatter all": lambda cl, new: cl.scatter(plt_all=True, density=True, text=False),
    "scatter unique": lambda cl, new: cl.scatter(img_mean=False, zoom=0.5),
    "unique": lambda cl, new: cl.plot_unique(),
    "unique hog": lambda cl, new: cl.plot_unique(img_mean=False, show_hog=True),
    "clusters": lambda cl, new: cl.plot(labels=[0, 1]),
    "columns": lambda cl, new: cl.plot(layout="columns", max_rows=8),
    "dendrogram": lambda cl, new: cl.dendrogram(),
    "scores": lambda cl, new: cl.clusteval.plot(),
    "silhouette": lambda cl, new: cl.clusteval.plot_silhouette(),
    "components": lambda cl, new: cl.pca.plot(),
    "find": lambda cl, new: [cl.find(new, k=4), cl.plot_find(), cl.scatter()],
}

Job = Callable[[], Any]


# --- what is computed, in the process of one version --------------------------------------------


class Inputs:
    """Images and fitted models; each is made once, when a case needs it."""

    def __init__(self, shared: Path, work: Path) -> None:
        import clustimage

        self.shared, self.work, self.package = shared / "data", work, clustimage
        self.weights = shared / "weights" / "mobilenet_v2.pth"
        self.all_digits = clustimage.import_example("mnist")[0]
        self.digits, digits = self.all_digits[:600], self.all_digits[600:612]
        self.new = {"digits": digits, "large": digits, "photos": self.photos[3::40]}
        self.new["wide"] = self.wide[:4]

    @property
    def photos(self) -> list[str]:
        folder = self.shared / "corel1k"
        if not folder.is_dir():
            EXAMPLES.mkdir(parents=True, exist_ok=True)
            folder = Path(self.package.import_example("photos", dirpath=EXAMPLES))
            return [str(path) for path in sorted(folder.glob("*/*"))][:200]
        return [
            str(p) for kind in sorted(folder.iterdir()) for p in sorted(kind.glob("*.jpg"))[::5]
        ]

    def model(self, method: Any = "pca", **options: Any) -> Any:
        return self.package.Clustimage(method, **{**COMMON, **options})

    @cache  # noqa: B019
    def fitted(self, data: str, method: Any) -> Any:
        """Return a model after the whole chain; data is the name of an attribute."""
        weights = {"params_cnn": {"weights": str(self.weights)}} if method == "cnn" else {}
        count = {"params_pca": {"n_components": 12}} if data == "wide" else {}
        images = getattr(self, data)[:: STEPS.get(method, 1)]
        return self.model(method, **weights, **count).fit(images)

    @property
    def exif(self) -> str:
        return str(self.shared / "exif_samples")

    @property
    def large(self) -> np.ndarray:
        """More digits than a tree of all images and exact silhouettes are made of."""
        noise = np.random.default_rng(3).integers(-2, 3, (20_500, 64))
        return np.clip(np.resize(self.all_digits, (20_500, 64)) + noise, 0, 16)

    @property
    def wide(self) -> np.ndarray:
        """So many images and pixels that PCA takes random directions."""
        return np.random.default_rng(4).integers(0, 256, (2600, 52, 52), dtype=np.uint8)


def chain(cl: Any) -> dict[str, Any]:
    """Return what the whole chain leaves behind."""
    kept = ("img", "feat", "xycoord", "pathnames", "filenames")
    results = {name: cl.results[name] for name in kept}
    return {**results, "status": cl.import_status, "frame": cl.to_frame(), **grouping(cl)}


def grouping(cl: Any, options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what `cluster` leaves behind; with options it is run first."""
    if options is not None:
        cl.cluster(**options)
    kept = ("score", "max_d", "max_d_lower", "max_d_upper")
    scores = {name: cl.clusteval.results[name] for name in kept}
    labels, idx = cl.results["labels"], cl.results_unique["idx"]
    return {"labels": labels, "idx": idx, "tree": cl.clusteval.Z, **scores}


def answers(cl: Any, new: Any) -> dict[str, Any]:
    """Return what a model says of new images."""
    tables = cl.find(new, k=3)
    null = cl.distribution_
    fit = {name: getattr(null, name) for name in ("name", "params", "metric", "scores")}
    return {**tables, "transform": cl.transform(new), "labels": cl.predict(new), **fit}


def chained(inputs: Inputs, data: str, method: Any = "pca") -> Any:
    return chain(inputs.fitted(data, method))


def started(inputs: Inputs, data: str, options: Mapping[str, Any]) -> Any:
    return chain(inputs.model(**options).fit(getattr(inputs, data)))


def regrouped(inputs: Inputs, data: str, method: str, options: Mapping[str, Any]) -> Any:
    return grouping(inputs.fitted(data, method), options)


def asked(inputs: Inputs, data: str, method: Any = "pca") -> Any:
    return answers(inputs.fitted(data, method), inputs.new[data])


def found(inputs: Inputs, data: str, method: str, options: Mapping[str, Any]) -> Any:
    return inputs.fitted(data, method).find(inputs.new[data], **options)


def unique(inputs: Inputs, data: str, metric: str) -> Any:
    return inputs.fitted(data, "pca").unique(metric=metric)


def reloaded(inputs: Inputs, data: str, method: str) -> Any:
    cl = inputs.fitted(data, method)
    cl.cluster()
    again = inputs.package.Clustimage.load(cl.save(inputs.work / "model", overwrite=True))
    return {"chain": chain(again), "answers": answers(again, inputs.new[data])}


def noise(inputs: Inputs, data: str) -> Any:
    cl = inputs.model().fit(getattr(inputs, data))
    cl.cluster(cluster="hdbscan", cluster_space="low", min_clust=2, min_size=4)
    return {**answers(cl, inputs.new[data]), "sizes": cl.cluster_sizes()}


def cut(inputs: Inputs, data: str, share: float) -> Any:
    cl = inputs.fitted(data, "dhash")
    cl.cluster(linkage="average")
    info = cl.dendrogram(max_d=cl.clusteval.Z[-1, 2] * share)
    return {**grouping(cl), "asked": info["max_d"]}


def folders(inputs: Inputs, data: str, layout: str) -> Any:
    return inputs.fitted(data, "pca").to_dirs(inputs.work / "folders", layout=layout, dry_run=True)


def drawn(inputs: Inputs, data: str, method: str, draw: Callable[..., Any]) -> Any:
    cl = inputs.fitted(data, method)
    cl.cluster()
    return pictures(partial(draw, cl, inputs.new[data][:2]))


def by_exif(inputs: Inputs, metric: str) -> Any:
    cl = inputs.model("exif", dim=(48, 48)).fit(inputs.exif, metric=metric)
    new = [str(path) for path in sorted(Path(inputs.exif).glob("jpg/gps/*.jpg"))]
    page = cl.plot_map(inputs.work / "map.html", "day", overwrite=True)
    return {**chain(cl), "answers": answers(cl, new), "page": Path(page).stat().st_size}


def faces(inputs: Inputs) -> Any:
    photos = sorted((inputs.shared / "faces_dlib" / "faces").glob("*.jpg"))[:5]
    cl = inputs.model(grayscale=True, dirpath=inputs.work / "faces")
    crops = cl.extract_faces([str(photo) for photo in photos])
    hashes = pictures(cl.plot_faces)
    cl.fit(crops["pathnames_face"], min_clust=6, max_clust=10, cannot_link="photo")
    return {"crops": crops, **grouping(cl), **hashes}


def pictures(draw: Job) -> dict[str, str]:
    """Return a hash of the pixels of each figure that is drawn."""
    import matplotlib.pyplot as plt

    plt.close("all")
    draw()
    found = {}
    for number in plt.get_fignums():
        canvas: Any = plt.figure(number).canvas
        canvas.draw()
        found[f"figure {number}"] = hash_of(np.asarray(canvas.buffer_rgba()))
    plt.close("all")
    return found


def cases(inputs: Inputs) -> Iterator[tuple[str, Job]]:
    """Yield the name of each case and what computes it."""
    for data in ("digits", "photos"):
        yield from chains(inputs, data)
        yield from questions(inputs, data)
        for method, (name, draw) in product(("pca", "pca-hog"), PLOTS.items()):
            yield f"plot {data} {method} {name}", partial(drawn, inputs, data, method, draw)
    for data, method, options in clusterings():
        job = partial(regrouped, inputs, data, method, options)
        yield f"cluster {data} {method} {words(options)}", job
    package, photos = inputs.package, inputs.photos[:4]
    pixels = package.imread(photos[0], flatten=False)
    yield "imread", partial(map, package.imread, photos)
    yield "imread gray", partial(package.imread, photos[1], colorscale=0, dim=(50, 60))
    yield "imresize", partial(package.imresize, pixels, (30, 50))
    yield "imscale", partial(package.imscale, inputs.digits)
    for flatten in (True, False):
        yield f"hog {flatten}", partial(inputs.model().extract_hog, pixels, flatten=flatten)
    yield "too early", inputs.model().cluster
    if Path(inputs.exif).is_dir():
        yield "listdir", partial(package.listdir, inputs.exif, black_list=["invalid"])
        yield from of_exif(inputs)
    if (inputs.shared / "faces_dlib").is_dir():
        yield "faces", partial(faces, inputs)
    for data in ("large", "wide"):
        yield f"chain {data}", partial(chained, inputs, data)
        yield f"asked {data}", partial(asked, inputs, data)
    for cluster, evaluate in (("kmeans", "silhouette"), ("agglomerative", "dbindex")):
        options = {"cluster": cluster, "evaluate": evaluate, "max_clust": 12}
        yield f"cluster large {cluster}", partial(regrouped, inputs, "large", "pca", options)


def words(options: Mapping[str, Any]) -> str:
    """Return arguments as text; of arrays and objects there is the type."""
    plain = (str, int, float)
    return ", ".join(
        f"{name}={value if isinstance(value, plain) else type(value).__name__}"
        for name, value in options.items()
    )


def chains(inputs: Inputs, data: str) -> Iterator[tuple[str, Job]]:
    has_cnn = data == "photos" and inputs.weights.is_file()
    for method in (None, *METHODS, *["cnn"] * has_cnn, "exif", "unknown"):
        yield f"chain {data} {method}", partial(chained, inputs, data, method)
    has_umap = data == "photos" and importlib.util.find_spec("umap")  # compiling it takes longer
    for embedding in ("tsne", None, *["umap"] * bool(has_umap)):
        options = {"embedding": embedding}
        yield f"map {data} {embedding}", partial(started, inputs, data, options)
    for name, options in SETTINGS.items():
        yield f"chain {data} {name}", partial(started, inputs, data, options)
    if data == "digits":
        for n_jobs in (1, -1):
            options = {"embedding": "tsne", "n_jobs": n_jobs}
            yield f"chain all {n_jobs}", partial(started, inputs, "all_digits", options)
    else:
        options = {"method": "pca-hog", "dirpath": inputs.work / "cache"}
        for turn in (1, 2):
            yield f"chain cached {turn}", partial(started, inputs, data, options)


def questions(inputs: Inputs, data: str) -> Iterator[tuple[str, Job]]:
    for method in ("pca", "phash", "hog", "colorhash", None):
        yield f"asked {data} {method}", partial(asked, inputs, data, method)
    for method, (name, options) in product(("pca", "phash"), FINDS.items()):
        yield f"find {data} {method} {name}", partial(found, inputs, data, method, options)
    for metric in METRICS:
        yield f"unique {data} {metric}", partial(unique, inputs, data, metric)
    for method in ("pca", "hog", "ahash"):
        yield f"saved {data} {method}", partial(reloaded, inputs, data, method)
    yield f"noise {data}", partial(noise, inputs, data)
    for share in (0.3, 0.8):
        yield f"cut {data} {share}", partial(cut, inputs, data, share)
    for layout in ("label", "size"):
        yield f"folders {data} {layout}", partial(folders, inputs, data, layout)


def clusterings() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield what is clustered, and the arguments of `cluster`."""
    for cluster, evaluate, space in product(CLUSTERERS, EVALUATORS, ("high", "low")):
        options = {"cluster": cluster, "evaluate": evaluate, "cluster_space": space}
        yield "digits", "pca", options
    for cluster, metric in product(CLUSTERERS, METRICS):
        for data, method in (("digits", "pca"), ("photos", "phash")):
            yield data, method, {"cluster": cluster, "metric": metric, "linkage": "average"}
    for evaluate, metric in product(EVALUATORS[1:], ("cosine", "hamming")):
        options = {"evaluate": evaluate, "metric": metric, "linkage": "complete"}
        yield "photos", "phash", options
    for linkage, metric in product(LINKAGES, ("euclidean", "cosine", "cityblock")):
        yield "digits", "pca", {"linkage": linkage, "metric": metric}
    for options in REQUESTS:
        yield "digits", "pca", options
    yield "photos", "colorhash", {"time_weight": 0.4, "timestamps": "stat"}


def of_exif(inputs: Inputs) -> Iterator[tuple[str, Job]]:
    for metric in ("datetime", "latlon"):
        yield f"exif {metric}", partial(by_exif, inputs, metric)
    cl = cache(lambda: inputs.model(dim=(48, 48)).fit(inputs.exif))
    yield "exif metadata", lambda: cl().metadata
    for options in EXIF_REQUESTS:
        yield f"exif cluster {words(options)}", lambda options=options: grouping(cl(), options)


def compute(tree: Path, shared: Path, only: str, path: Path) -> None:
    """Compute all cases with the package of one tree, and write them to a file."""
    import clustimage

    if tree.resolve() not in Path(clustimage.__file__).resolve().parents:
        raise SystemExit(f"{clustimage.__file__} does not lie in {tree}.")
    results: dict[str, np.ndarray] = {}
    with tempfile.TemporaryDirectory() as folder:
        inputs = Inputs(shared, Path(folder).resolve())
        paths = {str(inputs.work): "WORK", str(EXAMPLES): "EXAMPLES", str(shared): "SHARED"}
        for name, job in cases(inputs):
            if not fnmatch(name, only):
                continue
            start = time.perf_counter()
            try:
                results.update(flat(name, job(), paths))
            except clustimage.ClustimageError as exc:
                results[f"{name}: refused"] = np.array(type(exc).__name__)
                results[FAILURE + name] = np.array(str(exc))
            except Exception as exc:  # noqa: BLE001 - one case must not stop the others
                results[FAILURE + name] = np.array(f"{type(exc).__name__}: {exc}")
            results[SECONDS + name] = np.array(time.perf_counter() - start)
            line = f"{name:64} {results[SECONDS + name]:6.2f} s  {results.get(FAILURE + name, '')}"
            print(line, file=sys.stderr, flush=True)
    np.savez_compressed(path, **results)


def flat(name: str, value: Any, paths: Mapping[str, str]) -> dict[str, np.ndarray]:
    """Return arrays of numbers or of text: those inside dicts, tables and lists, by name."""
    if hasattr(value, "columns"):  # a table; that of features has a number for each column
        by_name = {str(key): value[key] for key in value.columns if isinstance(key, str)}
        value = {"index": value.index, **(by_name or {"values": value.to_numpy()})}
    if isinstance(value, Mapping):
        items: Any = value.items()
    elif isinstance(value, map) or (isinstance(value, list) and any(map(is_nested, value))):
        items = enumerate(value)
    else:
        array = np.asarray(value)
        if array.dtype.kind not in "biufc":
            array = array.astype(str)
            for path, word in paths.items():
                array = np.char.replace(array, path, word)
        elif array.size > MAX_VALUES:
            array = np.array(hash_of(array))
        return {name: array.copy()}
    found: dict[str, np.ndarray] = {}
    for key, part in items:
        found |= flat(f"{name}: {key}" if ": " not in name else f"{name}.{key}", part, paths)
    return found


def is_nested(value: Any) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, str)


def hash_of(array: np.ndarray) -> str:
    return f"{array.dtype}{array.shape} {hashlib.sha256(array.tobytes()).hexdigest()[:16]}"


# --- two versions, and what differs -------------------------------------------------------------


@contextlib.contextmanager
def tree_of(revision: str | None) -> Iterator[Path]:
    """Yield a folder with the files of a revision; of the working tree for None."""
    if revision is None or Path(revision).is_dir():
        yield Path(revision or ROOT).resolve()
        return
    git = ["git", "-C", str(ROOT), "worktree"]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder).resolve() / "tree"
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), revision], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def results_of(revision: str | None, asked: argparse.Namespace) -> dict[str, np.ndarray]:
    """Compute the results of a revision in a fresh process."""
    with tree_of(revision) as tree, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.npz"
        command = [sys.executable, __file__, "--tree", tree, "--out", path, "--data", asked.data]
        command += ["--only", asked.only]
        environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(tree)}
        subprocess.run([str(word) for word in command], check=True, cwd=folder, env=environment)
        return load(path)


def load(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


def difference(name: str, one: np.ndarray | None, other: np.ndarray | None) -> str:
    """Return how two results differ; empty where they are equal bit for bit."""
    if one is None or other is None:
        return f"only in {'head' if one is None else 'base'}"
    if one.shape != other.shape or one.dtype.kind != other.dtype.kind:
        return f"{one.dtype}{one.shape} → {other.dtype}{other.shape}"
    if one.dtype == other.dtype and one.tobytes() == other.tobytes():
        return ""
    unequal = (one != other) & ((one == one) | (other == other))  # two NaN are equal
    if one.dtype.kind == "U" and not unequal.any():
        return ""  # only the longest text fixes the type
    words = f"{int(unequal.sum()):,} of {one.size:,} differ"
    if one.dtype.kind == "U":
        return f"{words}, first {one[unequal][0]} → {other[unequal][0]}"
    if name.endswith("labels") and one.ndim == 1:
        words += f", ARI {adjusted_rand_score(one, other):.4f}"
    elif unequal.any():
        gap = np.abs(one[unequal].astype(float) - other[unequal].astype(float)).max()
        words += f", by {gap:.3g} at most"
    return words + f", {one.dtype} → {other.dtype}" * (one.dtype != other.dtype)


def report(base: dict[str, np.ndarray], head: dict[str, np.ndarray], only: str) -> int:
    """Print a line for each case and for each result that differs; return 1 if any does."""
    names = dict.fromkeys(k[len(SECONDS) :] for k in (*base, *head) if k.startswith(SECONDS))
    keys: dict[str, dict[str, None]] = {name: {} for name in names}
    for key in (*base, *head):
        if not key.startswith((SECONDS, FAILURE)):
            keys[key.partition(": ")[0]][key] = None
    n_equal, seconds = 0, []
    chosen = [name for name in names if fnmatch(name, only)]
    for name in chosen:
        lines = {key: difference(key, base.get(key), head.get(key)) for key in keys[name]}
        lines = {key: line for key, line in lines.items() if line}
        failures = [str(side.get(FAILURE + name, "")) for side in (base, head)]
        if not keys[name] or (lines and any(failures)):
            lines["failure"] = " | ".join(text or "none" for text in failures)
        n_equal += not lines
        seconds.append([float(side.get(SECONDS + name, np.nan)) for side in (base, head)])
        equal = f"equal ({base.get(f'{name}: refused', len(keys[name]))})"
        verdict = f"differs (of {len(keys[name])})" if lines else equal
        print(f"{name:64} {seconds[-1][0]:6.2f} {seconds[-1][1]:6.2f} s  {verdict}")
        for key, line in list(lines.items())[:MAX_LINES]:
            print(f"    {key}: {line}")
        if len(lines) > MAX_LINES:
            print(f"    … and {len(lines) - MAX_LINES:,} more")
    took = np.nansum(seconds, axis=0) if seconds else (0, 0)
    print(
        f"{n_equal} of {len(chosen)} equal bit for bit; base {took[0]:.0f} s, head {took[1]:.0f} s."
    )
    return int(n_equal < len(chosen))


def main() -> int:
    """Run what the command line asks for; 1 where results differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", metavar="REV", help="what to compare with")
    parser.add_argument("--head", metavar="REV", help="what is compared (the working tree)")
    parser.add_argument("--data", type=Path, default=SHARED, help="folder above data/, weights/")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="cases of such a name")
    parser.add_argument("--save", "--keep", type=Path, help="keep the results of the base here")
    parser.add_argument("--base-results", type=Path, help="results kept by --save, for --base")
    parser.add_argument("--tree", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    asked.data = asked.data.resolve()  # names of crops of faces and of pages hold paths
    if asked.tree:
        compute(asked.tree, asked.data, asked.only, asked.out)
        return 0
    if not (asked.base or asked.base_results):
        parser.error("give --base or --base-results")
    base = load(asked.base_results) if asked.base_results else results_of(asked.base, asked)
    if asked.save:
        np.savez_compressed(asked.save, **base)
    return report(base, results_of(asked.head, asked), asked.only)


if __name__ == "__main__":
    sys.exit(main())

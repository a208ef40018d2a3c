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
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("CLUSTIMAGE_TEST_DATA", ROOT.parent / "shared"))
EXAMPLES = ROOT / "benchmarks" / ".work" / "examples"
# Sums over other numbers of threads differ in the last bit.
ENVIRONMENT = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "MPLBACKEND": "Agg"}
ENVIRONMENT["OMP_WAIT_POLICY"] = "PASSIVE"
SETTINGS = {"embedding": "pca", "n_jobs": 1, "verbose": None, "max_memory": "4GB"}
MAX_VALUES = 1_500_000  # of an array that is kept whole; of a larger one there is a hash
SECONDS, FAILURE = "seconds of ", "failure of "  # kept beside the results, not compared

METHODS = "pca hog pca-hog ahash phash dhash whash-haar whash-db4 colorhash crop-resistant".split()
STEPS = {"cnn": 5, "crop-resistant": 4}  # slow methods see every so many images
CLUSTERERS = ("agglomerative", "kmeans", "dbscan", "hdbscan")
EVALUATORS = ("silhouette", "dbindex", "derivative", "elbow", "calinski")
LINKAGES = ("ward", "single", "complete", "average", "weighted", "centroid", "median")
METRICS = ("euclidean", "sqeuclidean", "cityblock", "chebyshev", "cosine", "correlation")
METRICS += ("canberra", "braycurtis", "hamming")
TIMES = np.random.default_rng(1).uniform(0, 1e6, 600)
PAIRS = np.random.default_rng(2).integers(0, 250, 600)  # images that are kept apart
# name → arguments of `cluster`, on the principal components of 600 digits
REQUESTS: dict[str, dict[str, Any]] = {
    "n_clusters 1": {"n_clusters": 1},
    "n_clusters 12": {"n_clusters": 12},
    "one k": {"min_clust": 7, "max_clust": 7},
    "wide range": {"min_clust": 2, "max_clust": 80},
    "min_size": {"n_clusters": 40, "min_size": 12},
    "sim, min_size": {"sim": 0.6, "min_size": 3, "metric": "cosine"},
    "sim, complete": {"sim": 0.5, "linkage": "complete"},
    "time": {"time_weight": 0.3, "timestamps": TIMES},
    "time alone": {"time_weight": 1, "timestamps": TIMES, "metric": "cosine"},
    "time, ward": {"time_weight": 0.3, "timestamps": TIMES, "linkage": "ward"},
    "time, dbindex": {"time_weight": 0.3, "timestamps": TIMES, "evaluate": "dbindex"},
    "time, sim": {"time_weight": 0.5, "timestamps": TIMES, "sim": 0.7},
    "time of arrays": {"time_weight": 0.3, "timestamps": "exif"},
    "place of arrays": {"place_weight": 0.3},
    "apart": {"cannot_link": PAIRS},
    "apart, average": {"cannot_link": PAIRS, "linkage": "average", "metric": "cosine"},
    "apart, sim": {"cannot_link": PAIRS, "sim": 0.4},
    "apart, time": {"cannot_link": PAIRS, "time_weight": 0.2, "timestamps": TIMES},
    "apart, photo": {"cannot_link": "photo"},
    "micro": {"micro_clusters": 120},
    "micro, derivative": {"micro_clusters": 120, "evaluate": "derivative", "linkage": "average"},
    "micro, cosine": {"micro_clusters": 90, "metric": "cosine", "linkage": "complete"},
    "micro, n_clusters": {"micro_clusters": 50, "n_clusters": 9, "min_size": 20},
    "micro 0": {"micro_clusters": 0},
    "elbow": {"cluster": "kmeans", "evaluate": "elbow", "min_clust": 1, "max_clust": 50},
    "kmeans, time": {"cluster": "kmeans", "time_weight": 0.5, "timestamps": TIMES},
    "dbscan, n_clusters": {"cluster": "dbscan", "n_clusters": 6, "min_size": 5},
    "hdbscan, n_clusters": {"cluster": "hdbscan", "n_clusters": 6},
    "exif of digits": {"metric": "datetime"},
    "unknown": {"cluster": "spectral"},
}
REQUESTS |= {f"sim {sim}": {"sim": sim} for sim in (0, 0.3, 0.6, 0.9, 1)}
FINDS: dict[str, dict[str, Any]] = {
    "alpha": {},
    "k": {"k": 7, "alpha": None},
    "both": {"k": 3, "alpha": 0.01},
    "neither": {"alpha": None},
    "approximate": {"k": 5, "alpha": None, "approximate": True},
}
FINDS |= {f"{metric}": {"metric": metric, "k": 5} for metric in METRICS}

Job = Callable[[], Any]


# --- what is computed, in the process of one version --------------------------------------------


class Inputs:
    """Images and fitted models; each is made once, when a case needs it."""

    def __init__(self, shared: Path, work: Path) -> None:
        import clustimage

        self.shared, self.work, self.package = shared.absolute() / "data", work, clustimage
        self.weights = shared / "weights" / "mobilenet_v2.pth"
        self.all_digits = clustimage.import_example("mnist")[0]
        self.digits = self.all_digits[:600]

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
        return self.package.Clustimage(method=method, **{**SETTINGS, **options})

    @cache  # noqa: B019
    def fitted(self, data: str, method: Any = "pca", embedding: Any = "pca") -> Any:
        """Return a model after the whole chain; data is the name of an attribute."""
        given = {"params_cnn": {"weights": str(self.weights)}} if method == "cnn" else {}
        images = getattr(self, data)[:: STEPS.get(method, 1)]
        return self.model(method, embedding=embedding, **given).fit(images)

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


def grouping(cl: Any) -> dict[str, Any]:
    """Return what `cluster` leaves behind."""
    found = cl.clusteval
    heights = {name: found.results[name] for name in ("max_d", "max_d_lower", "max_d_upper")}
    scores = {"score": found.results["score"], "tree": found.Z, **heights}
    return {"labels": cl.results["labels"], "idx": cl.results_unique["idx"], **scores}


def regrouped(cl: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    cl.cluster(**options)
    return grouping(cl)


def asked_of(cl: Any, new: Any) -> dict[str, Any]:
    """Return the answers about new images."""
    found = cl.find(new, k=3)
    null = cl.distribution_
    fit = {name: getattr(null, name) for name in ("name", "params", "metric", "scores")}
    return {**found, "transform": cl.transform(new), "labels": cl.predict(new), **fit}


def reloaded(inputs: Inputs, cl: Any, new: Any) -> dict[str, Any]:
    """Return what a model that was saved and loaded answers."""
    with tempfile.TemporaryDirectory(dir=inputs.work) as folder:
        again = inputs.package.Clustimage.load(cl.save(Path(folder) / "model"))
    return {"chain": chain(again), "asked": asked_of(again, new)}


def pictures(draw: Job) -> dict[str, str]:
    """Return a hash of the pixels of each figure that is drawn."""
    import matplotlib.pyplot as plt

    plt.close("all")
    draw()
    found = {}
    for number in plt.get_fignums():
        canvas: Any = plt.figure(number).canvas
        canvas.draw()
        found[f"figure {number}"] = _hash(np.asarray(canvas.buffer_rgba()))
    plt.close("all")
    return found


def cases(inputs: Inputs) -> Iterator[tuple[str, Job]]:
    """Yield the name of each case and what computes it."""
    for data in ("digits", "photos"):
        yield from chains(inputs, data)
        yield from questions(inputs, data)
        yield from plots(inputs, data)
    yield from clusterings(inputs)
    yield from functions(inputs)
    if Path(inputs.exif).is_dir():
        yield from of_exif(inputs)
    if (inputs.shared / "faces_dlib").is_dir():
        yield "faces", lambda: faces(inputs)
    for name in ("large", "wide"):
        yield from many(inputs, name)


def chains(inputs: Inputs, data: str) -> Iterator[tuple[str, Job]]:
    from sklearn.decomposition import PCA

    fitted, images = inputs.fitted, lambda: getattr(inputs, data)
    has_cnn = data == "photos" and inputs.weights.is_file()
    for method in (None, *METHODS, *["cnn"] * has_cnn, "exif", "sift"):
        yield f"chain {data} {method}", lambda method=method: chain(fitted(data, method))
    has_umap = data == "photos" and importlib.util.find_spec("umap")  # it is compiled first
    for embedding in ("tsne", None, *["umap"] * bool(has_umap)):
        job = lambda e=embedding: fitted(data, "pca", e).results["xycoord"]  # noqa: E731
        yield f"map {data} {embedding}", job
    settings: dict[str, dict[str, Any]] = {
        "custom": {"method": PCA(5, random_state=0), "embedding": PCA(2)},
        "gray": {"grayscale": True, "dim": (40, 32)},
        "small": {"dim": (32, 32), "params_pca": {"n_components": 12}},
        "hash 16": {"method": "dhash", "params_hash": {"hash_size": 16}},
        "cells": {"method": "hog", "params_hog": {"orientations": 4, "pixels_per_cell": (4, 4)}},
        "little memory": {"max_memory": "30MB", "method": "phash"},
        "less memory": {"max_memory": "120MB"},
        "wrong": {"params_pca": {"components": 3}},
    }
    for name, options in settings.items():
        yield (
            f"chain {data} {name}",
            lambda o=options: chain(inputs.model(**{"method": "pca", **o}).fit(images())),
        )
    if data == "digits":
        whole = lambda n_jobs: inputs.model(embedding="tsne", n_jobs=n_jobs)  # noqa: E731
        for n_jobs in (1, -1):
            yield f"chain all {n_jobs}", lambda n=n_jobs: chain(whole(n).fit(inputs.all_digits))
    else:
        yield (
            "cached",
            lambda: [
                chain(
                    inputs.model("pca-hog", dirpath=inputs.work / "cache").fit(inputs.photos[:60])
                )
                for _ in range(2)
            ],
        )


def clusterings(inputs: Inputs) -> Iterator[tuple[str, Job]]:
    from sklearn.cluster import Birch

    def named(data: str, method: Any, name: str, **options: Any) -> tuple[str, Job]:
        job = lambda: regrouped(inputs.fitted(data, method), options)  # noqa: E731
        return f"cluster {data} {method} {name}", job

    parts = itertools.product(CLUSTERERS, EVALUATORS, ("high", "low"))
    for cluster, evaluate, space in parts:
        options = {"cluster": cluster, "evaluate": evaluate, "cluster_space": space}
        yield named("digits", "pca", " ".join(options.values()), **options)
    for cluster, metric in itertools.product(CLUSTERERS, METRICS):
        for data, method in (("digits", "pca"), ("photos", "phash")):
            options = {"cluster": cluster, "metric": metric, "linkage": "average"}
            yield named(data, method, f"{cluster} {metric}", **options)
    for evaluate, metric in itertools.product(EVALUATORS[1:], ("cosine", "hamming")):
        options = {"evaluate": evaluate, "metric": metric, "linkage": "complete"}
        yield named("photos", "phash", " ".join(options.values()), **options)
    for linkage, metric in itertools.product(LINKAGES, ("euclidean", "cosine", "cityblock")):
        options = {"linkage": linkage, "metric": metric}
        yield named("digits", "pca", " ".join(options.values()), **options)
    for name, options in REQUESTS.items():
        yield named("digits", "pca", name, **options)
    yield named("digits", "pca", "custom", cluster=Birch(n_clusters=7))
    times = {"time_weight": 0.4, "timestamps": "stat"}
    yield named("photos", "colorhash", "stat", **times)


def questions(inputs: Inputs, data: str) -> Iterator[tuple[str, Job]]:
    def new() -> Any:
        return inputs.all_digits[600:612] if data == "digits" else inputs.photos[3::40]

    for method in ("pca", "phash", "hog", "colorhash", None):
        yield f"asked {data} {method}", lambda m=method: asked_of(inputs.fitted(data, m), new())
    for method, (name, options) in itertools.product(("pca", "phash"), FINDS.items()):
        model = lambda m=method: inputs.fitted(data, m)  # noqa: E731
        yield f"find {data} {method} {name}", lambda m=model, o=options: m().find(new(), **o)
    for metric in METRICS:
        pick = lambda m=metric: inputs.fitted(data).unique(metric=m)  # noqa: E731
        yield f"unique {data} {metric}", pick
    for method in ("pca", "hog", "ahash"):
        saved = lambda m=method: reloaded(inputs, inputs.fitted(data, m), new())  # noqa: E731
        yield f"saved {data} {method}", saved
    yield f"noise {data}", lambda: noise(inputs.model().fit(getattr(inputs, data)), new())
    for share in (0.3, 0.8):
        yield f"cut {data} {share}", lambda s=share: cut(inputs.fitted(data, "dhash"), s)
    yield f"folders {data}", lambda: folders(inputs, inputs.fitted(data))


def noise(cl: Any, new: Any) -> dict[str, Any]:
    """Return what is said of new images where some are in no cluster, and how many are."""
    cl.cluster(cluster="hdbscan", cluster_space="low", min_size=4)
    return {**asked_of(cl, new), "sizes": cl.cluster_sizes()}


def cut(cl: Any, share: float) -> dict[str, Any]:
    """Return the labels of a cut at a share of the height of the tree."""
    cl.cluster(linkage="average")
    cut = cl.dendrogram(max_d=cl.clusteval.Z[-1, 2] * share)
    return {"labels": cut["labels"], "max_d": cut["max_d"], **grouping(cl)}


def folders(inputs: Inputs, cl: Any) -> list[Any]:
    layouts = ("label", "size")
    where = inputs.work / "folders"
    return [cl.to_dirs(where, layout=layout, dry_run=True) for layout in layouts]


def plots(inputs: Inputs, data: str) -> Iterator[tuple[str, Job]]:
    drawn: dict[str, Callable[[Any], Any]] = {
        "scatter": lambda cl: cl.scatter(legend=True),
        "scatter all": lambda cl: cl.scatter(plt_all=True, density=True, text=False),
        "scatter unique": lambda cl: cl.scatter(img_mean=False, zoom=0.5),
        "unique": lambda cl: cl.plot_unique(),
        "unique hog": lambda cl: cl.plot_unique(img_mean=False, show_hog=True),
        "clusters": lambda cl: cl.plot(labels=[0, 1]),
        "columns": lambda cl: cl.plot(layout="columns", max_rows=8),
        "dendrogram": lambda cl: cl.dendrogram(),
        "scores": lambda cl: cl.clusteval.plot(),
        "silhouette": lambda cl: cl.clusteval.plot_silhouette(),
        "components": lambda cl: cl.pca.plot(),
        "find": lambda cl: [cl.find(query[data], k=4), cl.plot_find(), cl.scatter()],
    }
    query = {"digits": inputs.all_digits[700:702], "photos": inputs.photos[5:7]}
    for method, (name, draw) in itertools.product(("pca", "hog"), drawn.items()):

        def job(method: str = method, draw: Callable[[Any], Any] = draw) -> dict[str, str]:
            cl = inputs.fitted(data, method)
            cl.cluster()
            return pictures(lambda: draw(cl))

        yield f"plot {data} {method} {name}", job


def functions(inputs: Inputs) -> Iterator[tuple[str, Job]]:
    package, photos = inputs.package, inputs.photos[:4]
    yield "imread", lambda: [package.imread(p, colorscale=c) for p in photos for c in (0, 1)]
    yield "imresize", lambda: package.imresize(package.imread(photos[0], flatten=False), (30, 50))
    yield "imscale", lambda: package.imscale(inputs.digits)
    yield "listdir", lambda: package.listdir(inputs.exif, black_list=["invalid"])
    yield (
        "hog",
        lambda: [
            inputs.model().extract_hog(package.imread(photos[0], colorscale=0), flatten=flatten)
            for flatten in (True, False)
        ],
    )
    yield "too early", lambda: inputs.model().cluster()


def of_exif(inputs: Inputs) -> Iterator[tuple[str, Job]]:
    @cache
    def fitted(method: str = "pca", metric: str = "euclidean", **options: Any) -> Any:
        return inputs.model(method, dim=(48, 48)).fit(inputs.exif, metric=metric, **options)

    def page(metric: str) -> list[int]:
        path = fitted("exif", metric).plot_map(inputs.work / "map.html", "day", overwrite=True)
        return [Path(path).stat().st_size]

    for metric in ("datetime", "latlon"):
        yield f"exif {metric}", lambda m=metric: chain(fitted("exif", m))
        new = [str(path) for path in sorted((inputs.shared / "exif_samples/jpg/gps").glob("*"))]
        yield f"exif asked {metric}", lambda m=metric, n=new: asked_of(fitted("exif", m), n)
        yield f"exif map {metric}", lambda m=metric: page(m)
    yield "exif metadata", lambda: fitted().metadata
    yield "exif pca", lambda: chain(fitted())
    for weights in ({"time_weight": 0.5}, {"place_weight": 0.5, "sim": 0.5}):
        name = " ".join(weights)
        yield f"exif {name}", lambda w=weights: regrouped(fitted(), w)
        both = {"time_weight": 0.2, "timestamps": "exif", **weights}
        yield f"exif {name} and exif", lambda w=both: regrouped(fitted(), w)


def faces(inputs: Inputs) -> dict[str, Any]:
    """Return the faces of a few photos, and their groups."""
    photos = sorted((inputs.shared / "faces_dlib" / "faces").glob("*.jpg"))[:5]
    cl = inputs.model(grayscale=True, dirpath=inputs.work / "faces")
    found = cl.extract_faces([str(photo) for photo in photos])
    drawn = pictures(cl.plot_faces)
    cl.fit(found["pathnames_face"], min_clust=2, max_clust=5, cannot_link="photo")
    return {"found": found, **grouping(cl), "drawn": drawn}


def many(inputs: Inputs, name: str) -> Iterator[tuple[str, Job]]:
    @cache
    def fitted() -> Any:
        wide = {"params_pca": {"n_components": 12}} if name == "wide" else {}
        return inputs.model(**wide).fit(getattr(inputs, name))

    yield f"{name} chain", lambda: chain(fitted())
    yield f"{name} find", lambda: asked_of(fitted(), getattr(inputs, name)[:50:10])
    if name == "large":
        for cluster, evaluate in (("kmeans", "silhouette"), ("agglomerative", "dbindex")):
            options = {"cluster": cluster, "evaluate": evaluate, "max_clust": 12}
            yield f"{name} {cluster} {evaluate}", lambda o=options: regrouped(fitted(), o)


def compute(tree: Path, shared: Path, only: str, path: Path) -> None:
    """Compute all cases with the package of one tree, and write them to a file."""
    import clustimage

    if tree.resolve() not in Path(clustimage.__file__).resolve().parents:
        raise SystemExit(f"{clustimage.__file__} does not lie in {tree}.")
    results: dict[str, np.ndarray] = {}
    with tempfile.TemporaryDirectory() as folder:
        inputs = Inputs(shared, Path(folder).resolve())
        paths = {folder: "WORK", str(inputs.work): "WORK", str(EXAMPLES): "EXAMPLES"}
        paths |= {str(shared.absolute()): "SHARED", str(shared.resolve()): "SHARED"}
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
            failed = results.get(FAILURE + name, "")
            print(
                f"{name:48} {results[SECONDS + name]:6.2f} s {failed}", file=sys.stderr, flush=True
            )
    np.savez_compressed(path, **results)


def flat(name: str, value: Any, paths: Mapping[str, str]) -> dict[str, np.ndarray]:
    """Return arrays of numbers or of text: those inside dicts, tables and lists, by name."""
    if hasattr(value, "columns"):
        value = {"index": value.index, **{str(key): value[key] for key in value.columns}}
    if isinstance(value, Mapping):
        items: Any = value.items()
    elif isinstance(value, (list, tuple)) and any(np.ndim(part) for part in value):
        items = enumerate(value)
    elif isinstance(value, (list, tuple)) and any(hasattr(part, "columns") for part in value):
        items = enumerate(value)
    else:
        array = np.asarray(value)
        if array.dtype.kind not in "biufc":
            array = array.astype(str)
            for path, word in paths.items():
                array = np.char.replace(array, path, word)
        elif array.size > MAX_VALUES:
            array = np.array(_hash(array))
        return {name: array.copy()}
    found: dict[str, np.ndarray] = {}
    for key, part in items:
        found |= flat(f"{name}: {key}" if ": " not in name else f"{name}.{key}", part, paths)
    return found


def _hash(array: np.ndarray) -> str:
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
    if one.dtype.kind == "U":
        n = int((one != other).sum())
        return (
            f"{n:,} of {one.size:,} differ, e.g. {one[one != other][0]} → {other[one != other][0]}"
            if n
            else ""
        )
    if one.dtype == other.dtype and one.tobytes() == other.tobytes():
        return ""
    unequal = (one != other) & ~((one != one) & (other != other))
    words = f"{int(unequal.sum()):,} of {one.size:,} differ"
    if name.endswith("labels") and one.ndim == 1:
        from sklearn.metrics import adjusted_rand_score

        words += f", ARI {adjusted_rand_score(one, other):.4f}"
    elif unequal.any():
        gap = np.abs(one[unequal].astype(float) - other[unequal].astype(float)).max()
        words += f", by {gap:.3g} at most"
    return words + (f", {one.dtype} → {other.dtype}" if one.dtype != other.dtype else "")


def report(base: dict[str, np.ndarray], head: dict[str, np.ndarray], only: str) -> int:
    """Print a line for each case and for each result that differs; return 1 if any does."""
    names = [name[len(SECONDS) :] for name in {**base, **head} if name.startswith(SECONDS)]
    n_equal, total = 0, {}
    for name in (name for name in names if fnmatch(name, only)):
        took = [float(side.get(SECONDS + name, np.nan)) for side in (base, head)]
        total[name] = took
        keys = dict.fromkeys(k for side in (base, head) for k in side if _case(k) == name)
        lines = {key: difference(key, base.get(key), head.get(key)) for key in keys}
        failures = [str(side.get(FAILURE + name, "")) for side in (base, head)]
        lines = {key: line for key, line in lines.items() if line}
        refused = str(base.get(f"{name}: refused", ""))
        if not keys or (any(failures) and not refused):
            lines["FAILS"] = " | ".join(failures)
        n_equal += not lines
        verdict = f"{len(lines)} differ" if lines else f"equal ({refused or len(keys)})"
        print(f"{name:44} {took[0]:6.2f} {took[1]:6.2f} s  {verdict}")
        for key, line in lines.items():
            print(f"    {key}: {line}")
        if lines and any(failures):
            print(
                f"    base: {failures[0] or 'gives results'}; head: {failures[1] or 'gives results'}"
            )
    seconds = np.nansum(list(total.values()), axis=0)
    print(f"{n_equal} of {len(total)} equal bit for bit; {seconds[0]:.0f} and {seconds[1]:.0f} s.")
    return int(n_equal < len(total))


def _case(key: str) -> str:
    return "" if key.startswith((SECONDS, FAILURE)) else key.partition(": ")[0]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base")
    parser.add_argument("--head")
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--only", default="*")
    parser.add_argument("--save", "--keep", type=Path)
    parser.add_argument("--base-results", type=Path)
    parser.add_argument("--tree", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    asked.data = asked.data.absolute()
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

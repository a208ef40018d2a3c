"""Jobs of this project's clustimage, the same work as that of the other tools."""

from __future__ import annotations

import importlib
import multiprocessing
from typing import Any

import numpy as np
from _job import Clock, agreement, image_files, kinds_of, run_job

STAGES = {
    "import_data": "import",
    "_extract": "extract",
    "embedding": "embedding",
    "cluster": "cluster",
}
# This package imports late what it needs; imports are not counted for any tool.
IMPORTED_LATE = (
    "clusteval",
    "imagehash",
    "joblib",
    "matplotlib.pyplot",
    "pandas",
    "pca",
    "sklearn.cluster",
    "sklearn.manifold",
    "tqdm.auto",
)


def make_model(**settings: Any) -> Any:
    """Return a model, after everything is imported that it may need."""
    for name in IMPORTED_LATE:
        importlib.import_module(name)
    from clustimage import Clustimage

    return Clustimage(verbose="warning", **settings)


def chain(clock: Clock, *, folder: str, method: str) -> dict[str, Any]:
    """Group the photos of a folder."""
    pathnames = image_files(folder)
    make_model(method=method)
    with clock.measured():
        model = make_model(method=method)
        clock.watch(model, STAGES)
        results = model.fit_transform(pathnames)
    return {
        "n": len(results["labels"]),
        "feat": list(results["feat"].shape),
        **agreement(results["labels"], kinds_of(results["pathnames"])),
    }


def digits(clock: Clock, *, method: str) -> dict[str, Any]:
    """Group scikit-learn's digits."""
    from sklearn.datasets import load_digits

    X, kinds = load_digits(return_X_y=True)
    make_model(method=method)
    with clock.measured():
        model = make_model(method=method)
        clock.watch(model, STAGES)
        results = model.fit_transform(X)
    return {
        "n": len(X),
        "feat": list(results["feat"].shape),
        **agreement(results["labels"], kinds),
    }


def reading(clock: Clock, *, folder: str) -> dict[str, Any]:
    """Read photos."""
    pathnames = image_files(folder)
    model = make_model()
    with clock.measured():
        results = model.import_data(pathnames)
    return {"n": len(results["img"])}


def hashing(clock: Clock, *, folder: str) -> dict[str, Any]:
    """Read and hash the photos of a folder."""
    model = make_model(method="phash")
    with clock.measured():
        model.import_data(folder)
        feat = model.extract_feat()
    return {"n": len(feat)}


def deep(clock: Clock, *, folder: str, model: str, weights: str, count: int) -> dict[str, Any]:
    """Read photos and run them through a network; only the latter is measured."""
    weights_of_it = {"model": model, "weights": f"{weights}/{model}.pth"}
    found = make_model(method="cnn", params_cnn=weights_of_it)
    pathnames = image_files(folder)[:count]
    found.import_data(pathnames[:2])
    found.extract_feat()  # the network is loaded, torch has made its threads
    found.import_data(pathnames)
    with clock.measured():
        feat = found.extract_feat()
    return {"n": len(feat)}


def again(clock: Clock, *, folder: str, method: str, weights: str, known: bool) -> dict[str, Any]:
    """Read and describe photos, with nothing kept of them or (`known`) after an earlier run."""
    settings: dict[str, Any] = {"method": method, "dirpath": "kept"}
    if method == "cnn":
        settings["params_cnn"] = {"weights": f"{weights}/mobilenet_v2.pth"}
    if known:
        earlier = multiprocessing.get_context("spawn").Process(
            target=_read_and_describe, args=(folder, settings)
        )
        earlier.start()
        earlier.join()
    make_model(method="hog")
    with clock.measured():
        n = _read_and_describe(folder, settings)
    return {"n": n}


def _read_and_describe(folder: str, settings: dict[str, Any]) -> int:
    model = make_model(**settings)
    model.import_data(folder)
    return len(model.extract_feat())


def silhouettes(clock: Clock, *, data: str) -> dict[str, Any]:
    """Score k = 3 … 24 by the silhouette, given the tree."""
    from clustimage.cluster import EVALUATORS, Candidates, cut_tree_k

    arrays = np.load(data)
    X, tree = arrays["X"], arrays["tree"]
    clusters = list(range(3, 25))
    with clock.measured():
        candidates = Candidates([cut_tree_k(tree, k) for k in clusters], clusters, Z=tree)
        scores = EVALUATORS["silhouette"]().score(X, candidates, n_jobs=-1)
    return {"n": len(X), "clusters": clusters, "scores": scores.tolist()}


def plot(clock: Clock) -> dict[str, Any]:
    """Draw ten clusters of digits, each figure to its last pixel."""
    from sklearn.datasets import load_digits

    X, _ = load_digits(return_X_y=True)
    model = make_model(method="pca")
    model.fit_transform(X, n_clusters=10)
    with clock.measured():
        drawn = model.plot()
        figures = _figures(drawn)
        for figure in figures:
            figure.canvas.draw()
    return {"n": len(X), "figures": len(figures)}


def _figures(drawn: Any) -> list[Any]:
    """Return every figure that a plot returned, or that pyplot has open."""
    import matplotlib.pyplot as plt

    found = {id(figure): figure for figure in map(plt.figure, plt.get_fignums())}
    returned = drawn[0] if isinstance(drawn, tuple) else drawn
    for figure in returned if isinstance(returned, (list, np.ndarray)) else [returned]:
        found[id(figure)] = figure
    return list(found.values())


if __name__ == "__main__":
    run_job(
        {
            "chain": chain,
            "digits": digits,
            "reading": reading,
            "hashing": hashing,
            "deep": deep,
            "again": again,
            "silhouettes": silhouettes,
            "plot": plot,
        },
        (
            "numpy",
            "scipy",
            "scikit-learn",
            "scikit-image",
            "opencv-python-headless",
            "Pillow",
            "imagehash",
            "clusteval",
            "pca",
            "matplotlib",
            "torch",
            "torchvision",
        ),
    )

"""Jobs of clustimage: of this version, and of the published one in its own environment."""

from __future__ import annotations

import importlib
import multiprocessing
from contextlib import suppress
from typing import Any

import numpy as np
from _job import Clock, agreement, classes_of, image_files, run_job

# Packages that are imported when a step needs them; imports are not counted for any tool.
IMPORTED_LATE = (
    "clusteval", "imagehash", "joblib", "matplotlib.pyplot", "pandas", "pca", "sklearn.cluster",
    "sklearn.manifold", "tqdm.auto",
)  # fmt: skip


def make_model(**params: Any) -> Any:
    """Return a model, after everything is imported that it may need."""
    for name in IMPORTED_LATE:
        with suppress(ImportError):
            importlib.import_module(name)
    from clustimage import Clustimage

    return Clustimage(verbose="warning", **params)


def run_stages(clock: Clock, model: Any, images: Any) -> None:
    """Run the four steps of `fit_transform` with their default settings, each as a stage."""
    with clock.stage("import"):
        model.import_data(images)
    with clock.stage("extract"):
        model.extract_feat(model.results)
    with clock.stage("embedding"):
        model.embedding(model.results["feat"])
    with clock.stage("cluster"):
        model.cluster()


def describe_clusters(model: Any, classes: Any = None) -> dict[str, Any]:
    """Return the facts of a fitted model; the classes are by default the folders of the photos."""
    results = model.results
    classes = classes_of(results["pathnames"]) if classes is None else classes
    return {
        "n": len(results["labels"]),
        "feat": list(np.shape(results["feat"])),
        **agreement(results["labels"], classes),
    }


def load_digits() -> tuple[Any, Any]:
    """Return scikit-learn's digits and their classes."""
    from sklearn import datasets

    return datasets.load_digits(return_X_y=True)


def chain(clock: Clock, *, folder: str, method: str) -> dict[str, Any]:
    """Cluster the photos of a folder, or scikit-learn's digits (``"digits"``)."""
    images, classes = load_digits() if folder == "digits" else (image_files(folder), None)
    make_model(method=method)
    with clock.measured():
        model = make_model(method=method)
        run_stages(clock, model, images)
    return describe_clusters(model, classes)


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


def cnn_features(
    clock: Clock, *, folder: str, network: str, weights: str, count: int
) -> dict[str, Any]:
    """Read photos and run them through a network; only the latter is measured."""
    params = {"model": network, "weights": f"{weights}/{network}.pth"}
    model = make_model(method="cnn", params_cnn=params)
    pathnames = image_files(folder)[:count]
    model.import_data(pathnames[:2])
    model.extract_feat()  # the network is loaded, torch has started its threads
    model.import_data(pathnames)
    with clock.measured():
        feat = model.extract_feat()
    return {"n": len(feat)}


def rerun(clock: Clock, *, folder: str, method: str, weights: str, cached: bool) -> dict[str, Any]:
    """Read and describe photos with an empty cache or, `cached`, after an earlier process."""
    params: dict[str, Any] = {"method": method, "dirpath": "cache"}
    if method == "cnn":
        params["params_cnn"] = {"weights": f"{weights}/mobilenet_v2.pth"}
    if cached:
        context = multiprocessing.get_context("spawn")
        earlier = context.Process(target=_read_and_describe, args=(folder, params))
        earlier.start()
        earlier.join()
        if earlier.exitcode:
            raise SystemExit("the first run failed")
    make_model(method="hog")
    with clock.measured():
        n_images = _read_and_describe(folder, params)
    return {"n": n_images}


def _read_and_describe(folder: str, params: dict[str, Any]) -> int:
    model = make_model(**params)
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


def silhouettes_clusteval(clock: Clock, *, data: str) -> dict[str, Any]:
    """Score k = 3 … 24 by the silhouette, given the tree: the loop of clusteval."""
    from clusteval import silhouette

    arrays = np.load(data)
    X, tree = arrays["X"], arrays["tree"]
    with clock.measured():
        found = silhouette.fit(X, Z=tree, min_clust=3, max_clust=25, verbose="warning")
    score = found["score"]
    return {
        "n": len(X),
        "clusters": score["clusters"].tolist(),
        "scores": score["score"].tolist(),
    }


def plot(clock: Clock, *, draw: bool) -> dict[str, Any]:
    """Draw ten clusters of digits; with `draw` every figure that `plot` leaves undrawn."""
    import matplotlib.pyplot as plt

    model = make_model(method="pca")
    X, _ = load_digits()
    model.fit_transform(X, min_clust=10, max_clust=10)
    with clock.measured():
        returned = model.plot()
        returned = returned[0] if isinstance(returned, tuple) else returned
        figures = {plt.figure(number) for number in plt.get_fignums()}
        if draw:
            figures.update(np.ravel(np.array(returned, dtype=object)))
            for figure in figures:
                figure.canvas.draw()
    return {"n": len(X), "figures": len(figures)}


if __name__ == "__main__":
    run_job(chain, reading, hashing, cnn_features, rerun, silhouettes, silhouettes_clusteval, plot)

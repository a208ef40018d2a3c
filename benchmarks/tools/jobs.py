"""Jobs of `run.py`: clustimage (this version and the published one), other tools, lower bounds.

What only one tool needs is imported in its jobs: they run in different environments.
"""

import importlib
import multiprocessing
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from run_job import Clock

Facts = dict[str, Any]

SUFFIXES = (".jpg", ".jpeg", ".png")
# Packages that clustimage imports when a step needs them; imports are not counted for any tool.
IMPORTED_LATE = (
    "clusteval", "imagehash", "joblib", "matplotlib.pyplot", "pandas", "pca", "sklearn.cluster",
    "sklearn.manifold", "tqdm.auto",
)  # fmt: skip
SIDE = 128  # pixels, of images that are read


def import_installed(*names: str) -> None:
    """Import those of some modules that are installed."""
    for name in names:
        with suppress(ImportError):
            importlib.import_module(name)


def make_model(**params: Any) -> Any:
    """Return a model, after everything is imported that it may need."""
    import_installed(*IMPORTED_LATE)
    from clustimage import Clustimage

    return Clustimage(verbose="warning", **params)


def image_files(folder: str) -> list[str]:
    """Return the images below a folder, sorted, or those that a text file has a line for."""
    if folder.endswith(".txt"):
        return Path(folder).read_text(encoding="utf-8").splitlines()
    return sorted(str(path) for path in Path(folder).rglob("*") if path.suffix in SUFFIXES)


def agreement(labels: Iterable[int], classes: Iterable[Any]) -> dict[str, float]:
    """Return the number of clusters and the adjusted Rand index of labels and classes."""
    from sklearn.metrics import adjusted_rand_score

    labels = [int(label) for label in labels]
    ari = float(adjusted_rand_score(list(classes), labels))
    return {"k": len(set(labels) - {-1}), "ari": ari}


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


def describe_clusters(model: Any, classes: Any = None) -> Facts:
    """Return the facts of a fitted model; the classes are by default the folders of the photos."""
    labels, feat = model.results["labels"], model.results["feat"]
    if classes is None:
        classes = [Path(str(pathname)).parent.name for pathname in model.results["pathnames"]]
    return {"n": len(labels), "feat": list(np.shape(feat)), **agreement(labels, classes)}


def load_digits() -> tuple[Any, Any]:
    """Return scikit-learn's digits and their classes."""
    from sklearn import datasets

    return datasets.load_digits(return_X_y=True)


def chain(clock: Clock, *, folder: str, method: str) -> Facts:
    """Cluster the photos of a folder, or scikit-learn's digits (``"digits"``)."""
    images, classes = load_digits() if folder == "digits" else (image_files(folder), None)
    make_model(method=method)
    with clock.measured():
        model = make_model(method=method)
        run_stages(clock, model, images)
    return describe_clusters(model, classes)


def reading(clock: Clock, *, folder: str) -> Facts:
    """Read photos."""
    pathnames, model = image_files(folder), make_model()
    with clock.measured():
        results = model.import_data(pathnames)
    return {"n": len(results["img"])}


def hashing(clock: Clock, *, folder: str) -> Facts:
    """Read and hash the photos of a folder."""
    model = make_model(method="phash")
    with clock.measured():
        model.import_data(folder)
        feat = model.extract_feat()
    return {"n": len(feat)}


def hashing_imagededup(clock: Clock, *, folder: str) -> Facts:
    """Read and hash the photos of a folder, over as many processes as imagededup takes.

    Its `methods` package makes a MobileNet while it is imported and fetches its weights
    where they are not on the disk. Hashing never uses that network: it gets random ones.
    """
    from torchvision import models

    build = models.mobilenet_v3_small
    models.mobilenet_v3_small = lambda weights=None: build(weights=None)
    from imagededup.methods import PHash

    hasher = PHash(verbose=False)
    with clock.measured():
        hashes = hasher.encode_images(image_dir=folder, recursive=True)
    return {"n": len(hashes)}


def cnn_features(clock: Clock, *, folder: str, network: str, weights: str, count: int) -> Facts:
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


def forward_pass(
    clock: Clock, *, folder: str, network: str, weights: str, count: int, batch: int, heap: int = 0
) -> Facts:
    """Run batches of photos that are ready as tensors through a network, up to its classifier.

    An array of `heap` bytes, made and dropped, widens the heap before.
    """
    import torch
    from PIL import Image
    from torchvision import models
    from torchvision.transforms import functional

    net = models.get_model(network, weights=None)
    net.load_state_dict(torch.load(f"{weights}/{network}.pth", weights_only=True))
    net.classifier = torch.nn.Identity()
    net = net.eval().to(memory_format=torch.channels_last)
    prepare = models.get_model_weights(network)["IMAGENET1K_V1"].transforms()
    paths, batches = image_files(folder)[:count], []
    for start in range(0, len(paths), batch):
        photos = [Image.open(path).convert("RGB") for path in paths[start : start + batch]]
        tensors = torch.stack([prepare(functional.pil_to_tensor(photo)) for photo in photos])
        batches.append(tensors.to(memory_format=torch.channels_last))
    if heap:
        np.empty(heap, dtype=np.uint8)
    with torch.inference_mode():
        net(batches[0])
        with clock.measured():
            rows = [net(tensors) for tensors in batches]
    return {"n": sum(map(len, rows))}


def decoding(clock: Clock, *, folder: str, decoder: str, keep: bool = True) -> Facts:
    """Read photos to 128 × 128 over two threads; without `keep` each is dropped at once.

    JPEG files are decoded at the smallest of their sizes that is not below it.
    """
    import cv2
    from PIL import Image

    reduced = {
        1: cv2.IMREAD_COLOR,
        2: cv2.IMREAD_REDUCED_COLOR_2,
        4: cv2.IMREAD_REDUCED_COLOR_4,
        8: cv2.IMREAD_REDUCED_COLOR_8,
    }

    def resize(pixels: np.ndarray) -> np.ndarray:
        return cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA)

    def with_pillow(path: str) -> np.ndarray:
        with Image.open(path) as image:
            image.draft("RGB", (SIDE, SIDE))
            return resize(np.asarray(image))

    def with_opencv(path: str) -> np.ndarray:
        with Image.open(path) as image:  # reads the header only
            short = min(image.size)
        divisor = max(by for by in reduced if by == 1 or short // by >= SIDE)
        return resize(cv2.cvtColor(cv2.imread(path, reduced[divisor]), cv2.COLOR_BGR2RGB))

    def bytes_only(path: str) -> np.ndarray:
        return np.frombuffer(Path(path).read_bytes(), np.uint8)

    read = {"Pillow": with_pillow, "OpenCV": with_opencv, "bytes": bytes_only}[decoder]
    paths = image_files(folder)
    cv2.setNumThreads(1)
    with clock.measured(), ThreadPoolExecutor(2) as pool:
        if keep:
            np.stack(list(pool.map(read, paths)))
        else:
            list(pool.map(lambda path: read(path).size, paths))
    return {"n": len(paths)}


def rerun(clock: Clock, *, folder: str, method: str, weights: str, cached: bool) -> Facts:
    """Read and describe photos with an empty cache or, `cached`, after an earlier process."""
    params: dict[str, Any] = {"method": method, "dirpath": "cache"}
    if method == "cnn":
        params["params_cnn"] = {"weights": f"{weights}/mobilenet_v2.pth"}
    if cached:
        context = multiprocessing.get_context("spawn")
        earlier = context.Process(target=read_and_describe, args=(folder, params))
        earlier.start()
        earlier.join()
        if earlier.exitcode:
            raise SystemExit("the first run failed")
    make_model(method="hog")
    with clock.measured():
        n_images = read_and_describe(folder, params)
    return {"n": n_images}


def read_and_describe(folder: str, params: dict[str, Any]) -> int:
    """Read the photos of a folder and return the number of rows of their features."""
    model = make_model(**params)
    model.import_data(folder)
    return len(model.extract_feat())


def silhouettes(clock: Clock, *, data: str) -> Facts:
    """Score k = 3 … 24 by the silhouette, given the tree."""
    from clustimage.cluster import EVALUATORS, Candidates, cut_tree_k

    X, tree = map(np.load(data).get, ("X", "tree"))
    clusters = list(range(3, 25))
    with clock.measured():
        candidates = Candidates([cut_tree_k(tree, k) for k in clusters], clusters, Z=tree)
        scores = EVALUATORS["silhouette"]().score(X, candidates, n_jobs=-1)
    return {"n": len(X), "clusters": clusters, "scores": scores.tolist()}


def silhouettes_clusteval(clock: Clock, *, data: str) -> Facts:
    """Score k = 3 … 24 by the silhouette, given the tree: the loop of clusteval."""
    from clusteval import silhouette

    X, tree = map(np.load(data).get, ("X", "tree"))
    with clock.measured():
        found = silhouette.fit(X, Z=tree, min_clust=3, max_clust=25, verbose="warning")
    clusters, scores = (found["score"][name].tolist() for name in ("clusters", "score"))
    return {"n": len(X), "clusters": clusters, "scores": scores}


def plot(clock: Clock, *, draw: bool) -> Facts:
    """Plot ten clusters of digits; with `draw` draw every figure that `plot` returns undrawn."""
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

"""Jobs of the published clustimage, run in an environment of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from _job import Clock, agreement, image_files, kinds_of, run_job

STAGES = {
    "import_data": "import",
    "extract_feat": "extract",
    "embedding": "embedding",
    "cluster": "cluster",
}


def chain(clock: Clock, *, folder: str, method: str) -> dict[str, Any]:
    """Group the photos of a folder."""
    from clustimage import Clustimage

    pathnames = image_files(folder)
    with clock.measured():
        model = Clustimage(method=method, verbose="warning")
        clock.watch(model, STAGES)
        results = model.fit_transform(pathnames)
    return {
        "n": len(results["labels"]),
        "feat": list(np.shape(results["feat"])),
        **agreement(results["labels"], kinds_of(results["pathnames"])),
    }


def digits(clock: Clock, *, method: str) -> dict[str, Any]:
    """Group scikit-learn's digits."""
    from sklearn.datasets import load_digits

    from clustimage import Clustimage

    X, kinds = load_digits(return_X_y=True)
    with clock.measured():
        model = Clustimage(method=method, verbose="warning")
        clock.watch(model, STAGES)
        results = model.fit_transform(X)
    return {
        "n": len(X),
        "feat": list(np.shape(results["feat"])),
        **agreement(results["labels"], kinds),
    }


def reading(clock: Clock, *, folder: str) -> dict[str, Any]:
    """Read photos."""
    from clustimage import Clustimage

    pathnames = image_files(folder)
    model = Clustimage(verbose="warning")
    with clock.measured():
        results = model.import_data(pathnames)
    return {"n": len(results["img"])}


def silhouettes(clock: Clock, *, data: str) -> dict[str, Any]:
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


def plot(clock: Clock) -> dict[str, Any]:
    """Draw ten clusters of digits; its `plot` draws each figure by itself (`plt.pause`)."""
    import matplotlib.pyplot as plt
    from sklearn.datasets import load_digits

    from clustimage import Clustimage

    X, _ = load_digits(return_X_y=True)
    model = Clustimage(method="pca", verbose="warning")
    model.fit_transform(X, min_clust=10, max_clust=10)
    with clock.measured():
        model.plot()
    return {"n": len(X), "figures": len(plt.get_fignums())}


if __name__ == "__main__":
    run_job(
        {
            "chain": chain,
            "digits": digits,
            "reading": reading,
            "silhouettes": silhouettes,
            "plot": plot,
        },
        (
            "clustimage",
            "clusteval",
            "pca",
            "numpy",
            "scipy",
            "scikit-learn",
            "scikit-image",
            "opencv-python-headless",
            "Pillow",
            "matplotlib",
        ),
    )

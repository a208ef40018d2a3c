"""A small model for the plots: what they read, without the rooms that compute it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clustimage import Clustimage
from clustimage.images import Images, ImageStatus


class Model(Clustimage):
    """A real model whose state is set by hand; `find` takes the nearest on the map."""

    def unique(self, metric: str | None = None) -> dict[str, Any]:
        labels, img = self.results["labels"], self.results["img"]
        clusters = np.unique(labels[labels >= 0])
        members = [np.flatnonzero(labels == label) for label in clusters]
        self._state.unique = {
            "labels": clusters,
            "idx": np.array([rows[0] for rows in members], dtype=int),
            "xycoord_center": np.array([self.results["xycoord"][rows].mean(0) for rows in members]),
            "img_mean": np.array([img[rows].mean(0) for rows in members]),
        }
        return self._state.unique

    def find(self, rows: list[int], k: int, *, pixels: bool = True) -> dict[str, Any]:
        """Search for images of the set itself."""
        xycoord, found = self.results["xycoord"], {"feat": pd.DataFrame(np.zeros((len(rows), 2)))}
        for row in rows:
            distance = np.linalg.norm(xycoord - xycoord[row], axis=1)
            idx = np.argsort(distance, kind="stable")[:k]
            found[f"query_{row}.png"] = pd.DataFrame(
                {
                    "y_idx": idx,
                    "distance": distance[idx],
                    "y_proba": np.linspace(0, 0.05, k),
                    "labels": self.results["labels"][idx],
                    "y_filenames": self.results["filenames"][idx],
                    "y_pathnames": self.results["filenames"][idx],
                    "x_pathnames": f"query_{row}.png",
                }
            )
        self.results["predict"] = found
        images = self.results["img"].reshape(-1, *self.shape_)
        self._state.queries = images_of(images[rows]) if pixels else None
        return found


def images_of(pixels: np.ndarray) -> Images:
    """Return arrays as what stage 1 hands on, as they are."""
    names = np.array([f"image_{i:04d}.png" for i in range(len(pixels))], dtype=object)
    status = [ImageStatus(name, "ok", width=8, height=8) for name in names]
    pixels = pixels if pixels.ndim == 4 else pixels[..., None]
    return Images(names.copy(), names, np.full(len(names), None), pixels, status)


def model_of(images: np.ndarray, labels: Any, xycoord: np.ndarray, **settings: Any) -> Model:
    """Return a model of these images in these clusters."""
    hog = {"orientations": 4, "pixels_per_cell": (4, 4)}
    model = Model(**{"params_hog": hog, "grayscale": True, **settings})
    read = images_of(images)
    model._state.images = read
    model.results.update(
        img=read.flat,
        xycoord=np.asarray(xycoord, dtype=np.float32),
        labels=np.asarray(labels),
        filenames=read.filenames,
        pathnames=read.pathnames,
    )
    return model


def make_model(labels: Any, shape: tuple[int, ...] = (8, 8), seed: int = 0, **params: Any) -> Model:
    """Return random images of this shape, around one place per cluster."""
    rng, labels = np.random.default_rng(seed), np.asarray(labels)
    images = rng.integers(0, 256, (len(labels), *shape), dtype=np.uint8)
    angle = labels * 2.4
    middle = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (3 + labels[:, None])
    return model_of(images, labels, middle + 0.3 * rng.normal(size=middle.shape), **params)


@pytest.fixture
def model() -> Model:
    """Sixty gray images of 8 x 8 pixels: clusters of 30, 20 and 6 images, 4 unclustered."""
    return make_model([0] * 30 + [1] * 20 + [2] * 6 + [-1] * 4)


@pytest.fixture
def build() -> Callable[..., Model]:
    """The function that makes other models."""
    return make_model


@pytest.fixture
def digits_model(digits: tuple[np.ndarray, np.ndarray]) -> Model:
    """Scikit-learn's digits in clusters of what they show, on their two first components."""
    from sklearn.decomposition import PCA

    rows = np.rint(digits[0] * 255 / 16).astype(np.uint8)
    return model_of(
        rows.reshape(-1, 8, 8), digits[1], PCA(2, random_state=0).fit_transform(digits[0])
    )


@pytest.fixture(autouse=True)
def quiet_pyplot(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No plot may show itself or leave a setting of matplotlib changed."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    monkeypatch.setattr(plt, "show", lambda *a, **k: pytest.fail("plt.show() was called"))
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before

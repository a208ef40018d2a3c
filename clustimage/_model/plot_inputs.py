"""What the plots read from a model: arrays for the drawing functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from clustimage._core.validation import check_bool
from clustimage._model.clustering import ClusterMethods
from clustimage._model.metadata import group_names
from clustimage._model.state import State
from clustimage.plotting import label_colors, map_colors
from clustimage.plotting._montage import to_images
from clustimage.plotting._pictures import Pictures, row_pixels
from clustimage.plotting._sharpness import sharp_averages
from clustimage.plotting.grids._hog_pictures import check_shows_hog, with_hog
from clustimage.similarity import distance_to_center

__all__ = ["PlotInputs", "colors_of"]

Decorate = Callable[[np.ndarray], np.ndarray]

AXIS_NAMES = {"tsne": "t-SNE", "umap": "UMAP", "pca": "principal component", None: "feature"}


def colors_of(state: State, labels: np.ndarray) -> dict[int, str]:
    """Return a colour for each cluster: on the map, if there is one, neighbours differ by much."""
    xycoord = state.results["xycoord"]
    return label_colors(labels) if xycoord is None else map_colors(xycoord, labels)


@dataclass(frozen=True)
class PlotInputs:
    """Arrays for the drawing functions, out of the state of a model.

    Nothing here opens a file; the unique images are picked where they are not there.
    """

    model: ClusterMethods

    @property
    def images(self) -> np.ndarray:
        """The images, ``(n, height, width[, channels])`` uint8."""
        shape = self.model._state.images_read().shape
        return to_images(self.model.results["img"], shape)

    @property
    def original_sizes(self) -> np.ndarray:
        """Width and height of the files that were read, ``(n, 2)``; NaN where not known."""
        status = self.model._state.images_read().status
        sizes = [(row.width, row.height) for row in status if row.status == "ok"]
        return np.array(sizes, dtype=float).reshape(-1, 2)

    @property
    def unique(self) -> dict[str, Any]:
        """What `unique` returns."""
        return self.model._state.unique or self.model.unique()

    @property
    def centers(self) -> dict[int, np.ndarray]:
        """The centre of each cluster on the map, by label."""
        unique = self.unique
        positions = unique.get("xycoord_center")
        if positions is None:
            return {}
        return dict(zip(np.asarray(unique["labels"]).tolist(), np.asarray(positions), strict=True))

    @property
    def colors(self) -> dict[int, str]:
        """The colour of each cluster, the same in all plots; none before there are clusters."""
        labels = self.model.results["labels"]
        return {} if labels is None else colors_of(self.model._state, labels)

    @property
    def names(self) -> dict[int, str]:
        """What clusters are called: by a person, else groups by their time or location."""
        groups = group_names(self.model._settings, self.model._state)
        return {**groups, **self.called}

    @property
    def called(self) -> dict[int, str]:
        """What a person calls clusters."""
        return self.model._state.names or {}

    @property
    def axis_name(self) -> str | None:
        """What the axes of the map are called."""
        embedding = self.model._settings.embedding
        return AXIS_NAMES.get(embedding) if isinstance(embedding, (str, type(None))) else None

    def one_per_cluster(
        self,
        img_mean: bool | None,
        cmap: Any = None,
        decorate: Decorate | None = None,
        *,
        most: int | None = None,
    ) -> tuple[np.ndarray, Pictures, np.ndarray]:
        """Return the clusters, a picture of each, and of which that is the average.

        With ``img_mean=None`` it is the average where that is sharp, and else the unique image;
        only the `most` first clusters are looked at, as no more are drawn.
        """
        mean = None if img_mean is None else check_bool("img_mean", img_mean)
        unique, shape = self.unique, self.model._state.images_read().shape
        labels = np.asarray(unique["labels"], dtype=int)
        averaged = np.full(len(labels), mean is True)
        if not len(labels):
            return labels, Pictures(np.zeros((0, *shape), dtype=np.uint8)), averaged
        if mean is None:
            assigned = np.asarray(self.model.results["labels"])
            averaged[:most] = sharp_averages(self.images, assigned, labels[:most])
        rows = np.asarray(unique["idx"], dtype=int)
        if not averaged.any():
            return labels, Pictures(self.images, rows, cmap=cmap, decorate=decorate), averaged
        images = to_images(unique["img_mean"], shape)
        if not averaged.all():
            images = images.copy()
            others = np.flatnonzero(~averaged[:most])
            for at, pixels in row_pixels(self.images, rows[others]):
                images[others[at]] = pixels
        return labels, Pictures(images, cmap=cmap, decorate=decorate), averaged

    def distances(self, clusters: list[int]) -> np.ndarray | None:
        """Return how far the images of some clusters are from the centre of their own, (n,).

        NaN for all others; None where there are no features.
        """
        results = self.model.results
        labels = np.asarray(results["labels"])
        if results["feat"] is None:
            return None
        wanted = np.where(np.isin(labels, clusters), labels, -1)
        return distance_to_center(results["feat"], wanted, metric=self.model._metric())

    def decorate(self, show_hog: bool, cmap: Any) -> Decorate | None:
        """Return what draws the HOG beside images, or None where it is not asked for."""
        if not check_bool("show_hog", show_hog):
            return None
        settings = self.model._settings
        check_shows_hog(settings.method)
        return lambda images: with_hog(images, settings.params_hog, cmap)

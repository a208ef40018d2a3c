"""What the plots read from a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.validation import check_bool
from clustimage._model.state import require
from clustimage.plotting._montage import to_images
from clustimage.plotting._pictures import Pictures
from clustimage.plotting.grids._hog_pictures import check_shows_hog, with_hog

__all__ = ["ReadsResults"]

Decorate = Callable[[np.ndarray], np.ndarray]

AXIS_NAMES = {"tsne": "t-SNE", "umap": "UMAP", "pca": "principal component", None: "feature"}


class ReadsResults:
    """Arrays for the drawing functions, out of ``results`` and its neighbours.

    The class needs ``results``, ``results_unique``, ``params``, ``shape_`` (height,
    width, channels) and ``unique()``; for the map of places also ``import_status``,
    ``_places()`` and ``_moments()``. Nothing here computes a stage or opens a file.
    """

    results: dict[str, Any]
    params: dict[str, Any]
    results_unique: dict[str, Any] | None
    shape_: Any
    if TYPE_CHECKING:

        def unique(self, metric: str | None = None) -> dict[str, Any]: ...

        def _metric(self, metric: str | None = None) -> str: ...

        @property
        def import_status(self) -> Any: ...

        def _places(self) -> np.ndarray:
            """Return latitude and longitude in degrees, ``(n, 2)``; NaN where missing."""

        def _moments(self) -> np.ndarray | None:
            """Return seconds since 1970, ``(n,)``, NaN where missing; None without any."""

    def _images(self) -> np.ndarray:
        return to_images(require(self.results, "img"), self.shape_)

    def _original_sizes(self) -> np.ndarray:
        """Return width and height of the files that were read, ``(n, 2)``; NaN where not known."""
        status = self.import_status
        read = status.loc[status["status"] == "ok", ["width", "height"]]
        return read.to_numpy(dtype=float, na_value=np.nan)

    def _query_images(self) -> np.ndarray | None:
        """Return the pictures of the last queries, where they are kept."""
        pixels = getattr(self, "query_pixels_", None)
        return None if pixels is None else np.asarray(pixels)

    def _unique(self) -> dict[str, Any]:
        return self.results_unique if self.results_unique else self.unique()

    def _one_per_cluster(
        self, img_mean: bool, cmap: Any = None, decorate: Decorate | None = None
    ) -> tuple[np.ndarray, Pictures]:
        """Return the clusters, and for each the picture of its average or its unique image."""
        mean, unique = check_bool("img_mean", img_mean), self._unique()
        labels = np.asarray(unique["labels"], dtype=int)
        if not len(labels):
            return labels, Pictures(np.zeros((0, *self.shape_), dtype=np.uint8))
        if mean:
            means = to_images(unique["img_mean"], self.shape_)
            return labels, Pictures(means, cmap=cmap, decorate=decorate)
        rows = np.asarray(unique["idx"], dtype=int)
        return labels, Pictures(self._images(), rows, cmap=cmap, decorate=decorate)

    def _distances(self, clusters: list[int]) -> np.ndarray | None:
        """Return how far the images of some clusters are from the centre of their own, (n,).

        NaN for all others; None where there are no features.
        """
        from clustimage.similarity import distance_to_center

        feat, labels = self.results.get("feat"), np.asarray(self.results["labels"])
        if feat is None:
            return None
        wanted = np.where(np.isin(labels, clusters), labels, -1)
        return distance_to_center(feat, wanted, metric=self._metric())

    def _centers(self) -> dict[int, np.ndarray]:
        unique = self._unique()
        places = unique.get("xycoord_center")
        if places is None:
            return {}
        return dict(zip(np.asarray(unique["labels"]).tolist(), np.asarray(places), strict=True))

    def _axis_name(self) -> str | None:
        embedding = self.params.get("embedding")
        return AXIS_NAMES.get(embedding) if isinstance(embedding, (str, type(None))) else None

    def _decorate(self, show_hog: bool, cmap: Any) -> Decorate | None:
        """Return what draws the HOG beside images, or None where it is not asked for."""
        if not check_bool("show_hog", show_hog):
            return None
        check_shows_hog(self.params.get("method"))
        return lambda images: with_hog(images, self.params["params_hog"], cmap)

"""What the plots read from a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._results import require
from clustimage._validation import check_bool
from clustimage.plotting._hog import check_shows_hog
from clustimage.plotting._montage import to_images

__all__ = ["ReadsResults"]

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

    def _one_per_cluster(self, img_mean: bool) -> tuple[list[int], np.ndarray]:
        """Return the clusters, and for each its average or its unique image."""
        unique = self._unique()
        labels = np.asarray(unique["labels"]).tolist()
        mean = check_bool("img_mean", img_mean)
        if not labels:
            return [], np.zeros((0, *self.shape_), dtype=np.uint8)
        if mean:
            return labels, to_images(unique["img_mean"], self.shape_)
        rows = require(self.results, "img")[np.asarray(unique["idx"], dtype=int)]
        return labels, to_images(rows, self.shape_)

    def _centers(self) -> dict[int, np.ndarray]:
        unique = self._unique()
        places = unique.get("xycoord_center")
        if places is None:
            return {}
        return dict(zip(np.asarray(unique["labels"]).tolist(), np.asarray(places), strict=True))

    def _axis_name(self) -> str | None:
        embedding = self.params.get("embedding")
        return AXIS_NAMES.get(embedding) if isinstance(embedding, (str, type(None))) else None

    def _shows_hog(self, show_hog: bool) -> bool:
        if check_bool("show_hog", show_hog):
            check_shows_hog(self.params.get("method"))
        return show_hog

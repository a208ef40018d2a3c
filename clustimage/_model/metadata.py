"""When, where and how the photos were taken, for those who ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clustimage._core.logs import get_logger
from clustimage._model.state import require
from clustimage.images import (
    GONE,
    Images,
    clock_times,
    locations_of,
    metadata_frame,
    photos_of,
    read_metadata,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["MetadataMethods"]

logger = get_logger(__name__)


class MetadataMethods:
    """What is known of the photos beside their pixels; a mixin of `Clustimage`."""

    images_: Images
    params: dict[str, Any]
    results: dict[str, Any]
    extractor_: Any
    metadata_: dict[str, Any] | None
    _store: Any

    @property
    def metadata(self) -> pd.DataFrame:
        """What the photos say of themselves in their EXIF data: a row for each image.

        Time (UTC), place, camera, exposure, size and format, and in ``reason`` what of it
        cannot be used. Read from the headers of the files when it is first asked for, and
        saved with the model from then on.

        Raises
        ------
        StepOrderError
            If no images were imported.
        """
        return metadata_frame(self._metadata_columns())

    @property
    def feature_names_(self) -> tuple[str, ...]:
        """Names of the columns of ``results["feat"]``: of ``"exif"`` words, else numbers."""
        n_features = require(self.results, "feat").shape[1]
        return getattr(self.extractor_, "feature_names_", tuple(map(str, range(n_features))))

    def _metadata_columns(self) -> dict[str, Any]:
        require(self.results, "img")
        if self.metadata_ is None:
            known = getattr(self.extractor_, "metadata_", None)
            if known is None:
                known = read_metadata(photos_of(self.images_), n_jobs=self.params["n_jobs"])
                n_gone = known["reason"].count(GONE)
                if n_gone:  # not kept: they may come back
                    logger.warning(
                        "The files of %d of %d photos are not where they were, so that nothing is "
                        "known of when and where these were taken.",
                        n_gone,
                        len(known["reason"]),
                    )
                    return known
            self._store(metadata_=known)
            return known
        return self.metadata_

    def _places(self) -> np.ndarray:
        """Return latitude and longitude in degrees, ``(n, 2)``; NaN where they are not known."""
        return locations_of(self._metadata_columns())

    def _moments(self) -> np.ndarray:
        """Return what the camera's clock showed, in seconds, ``(n,)``; NaN if it is not known."""
        return clock_times(self._metadata_columns())

"""When, where and how the photos were taken, for those who ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clustimage._core.logs import get_logger
from clustimage._model.base import ModelBase
from clustimage._model.settings import Settings
from clustimage._model.state import State
from clustimage.cluster import EXIF_METRICS, name_events, name_places
from clustimage.images import (
    GONE,
    clock_times,
    locations_of,
    metadata_frame,
    photos_of,
    read_metadata,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MetadataMethods", "group_names", "metadata_columns"]

logger = get_logger(__name__)


class MetadataMethods(ModelBase):
    """What is known of the photos beside their pixels."""

    @property
    def metadata(self) -> pd.DataFrame:
        """What the photos say of themselves in their EXIF data: a row for each image.

        Time (UTC), location, camera, exposure, size and format, and in ``reason`` what of it
        cannot be used. Read from the headers of the files when it is first asked for, and
        saved with the model from then on.

        Raises
        ------
        StepOrderError
            If no images were imported.
        """
        return metadata_frame(metadata_columns(self._settings, self._state))

    @property
    def group_names_(self) -> dict[int, str]:
        """What groups of photos are called, by label, after ``metric="datetime"`` or ``"latlon"``.

        Those of events are days by the clock of the camera, those of places the coordinates of
        their centres; -1 is ``"Alone"``, -2 ``"Without date"`` or ``"Without location"``. Empty
        for other clusters.
        """
        return group_names(self._settings, self._state)

    @property
    def feature_names_(self) -> tuple[str, ...]:
        """Names of the columns of ``results["feat"]``: of ``"exif"`` words, else numbers."""
        n_features = self._state.require("feat").shape[1]
        return getattr(self._state.extractor, "feature_names_", tuple(map(str, range(n_features))))


def metadata_columns(settings: Settings, state: State) -> dict[str, Any]:
    """Return the columns of `MetadataMethods.metadata`, read from the files where need be."""
    images = state.images_read()
    if state.metadata is not None:
        return state.metadata
    known: dict[str, Any] | None = getattr(state.extractor, "metadata_", None)
    if known is None:
        known = read_metadata(photos_of(images), n_jobs=settings.n_jobs)
        n_gone = known["reason"].count(GONE)
        if n_gone:  # not kept: they may come back
            logger.warning(
                "The files of %d of %d photos are not where they were, so that nothing is "
                "known of when and where these were taken.",
                n_gone,
                len(known["reason"]),
            )
            return known
    state.store(metadata=known)
    return known


def group_names(settings: Settings, state: State) -> dict[int, str]:
    """Return the names of groups of photos by time or by location; empty for other clusters.

    Those of events are dates, those of places coordinates; photos that lie alone are told from
    those without the data.
    """
    clustering, labels = state.clustering, state.results["labels"]
    by = None if clustering is None else clustering.params.get("by")
    if by not in EXIF_METRICS or labels is None:
        return {}
    metadata = metadata_columns(settings, state)
    if by == "datetime":
        return name_events(labels, clock_times(metadata))
    return name_places(labels, locations_of(metadata))

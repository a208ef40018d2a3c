"""When, where and how the photos were taken, for those who ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clustimage._core.logs import get_logger
from clustimage._model.base import ModelBase
from clustimage._model.settings import Settings
from clustimage._model.state import State
from clustimage.images import (
    GONE,
    metadata_frame,
    photos_of,
    read_metadata,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MetadataMethods", "metadata_columns"]

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

"""What an extractor has learned, as plain data to be saved, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage.features._custom import CustomExtractor
from clustimage.features._extractor import FeatureExtractor

__all__ = ["get_state", "set_state"]


def get_state(extractor: FeatureExtractor) -> dict[str, Any] | None:
    """Return what an extractor has learned.

    Parameters
    ----------
    extractor : FeatureExtractor
        Fitted, or not: then the state is empty.

    Returns
    -------
    dict of str to (ndarray or value that JSON knows), or None
        Every attribute whose name ends in an underscore. None for an object of the
        user's own: what is inside it is not known, and it cannot be saved.

    Examples
    --------
    >>> import numpy as np
    >>> from clustimage.features import make_extractor
    >>> extractor = make_extractor("phash", {}).fit(np.zeros((1, 16, 16), np.uint8))
    >>> get_state(extractor)
    {'image_shape_': [16, 16]}
    """
    if isinstance(extractor, CustomExtractor):
        return None
    return {
        name: _plain(value)
        for name, value in vars(extractor).items()
        if _is_learned(name) and not _is_text(value)
    }


def set_state(extractor: FeatureExtractor, state: Mapping[str, Any]) -> FeatureExtractor:
    """Give an unfitted extractor of the same settings what another one has learned.

    Parameters
    ----------
    extractor : FeatureExtractor
        Changed in place.
    state : mapping
        What `get_state` returned, or what a file made of it.

    Returns
    -------
    FeatureExtractor
        `extractor`, which now transforms as the other one does.

    Raises
    ------
    InvalidDataError
        If a name is not that of something learned.
    """
    for name, value in state.items():
        if not _is_learned(name):
            raise InvalidDataError(f"The state of an extractor has no entry {name!r}.")
        setattr(extractor, name, tuple(value) if isinstance(value, list) else value)
    return extractor


def _is_learned(name: str) -> bool:
    return name.isidentifier() and name.endswith("_") and not name.startswith("_")


def _is_text(value: Any) -> bool:
    # Names of columns that scikit-learn keeps of a table; not needed to transform.
    return isinstance(value, np.ndarray) and value.dtype.kind in "OUS"


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return list(value) if isinstance(value, tuple) else value

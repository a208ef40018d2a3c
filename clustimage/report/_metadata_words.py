"""What photos say of themselves, in words to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from clustimage._core.memory import format_bytes
from clustimage.images import clock_times

__all__ = ["metadata_words"]

EPOCH = datetime(1970, 1, 1)


def metadata_words(metadata: dict[str, Any]) -> dict[str, list[str | None]]:
    """Return columns to show, of what `read_metadata` returned; None where nothing is known.

    Examples
    --------
    >>> from clustimage.images import read_metadata
    >>> words = metadata_words(read_metadata(["image_0000"]))
    >>> list(words), words["Camera"]
    (['Date', 'Camera', 'Lens', 'Exposure', 'Aperture', 'ISO', 'Focal length', 'Format', \
'File size', 'Location'], [None])
    """
    numbers: dict[str, tuple[str, Callable[[float], str]]] = {
        "Exposure": ("exposure_time", _exposure),
        "Aperture": ("f_number", lambda value: f"f/{value:g}"),
        "ISO": ("iso", lambda value: f"{value:g}"),
        "Focal length": ("focal_length", lambda value: f"{value:g} mm"),
    }
    return {
        "Date": _each(clock_times(metadata), _date),
        "Camera": [
            _camera(make, model)
            for make, model in zip(metadata["make"], metadata["model"], strict=True)
        ],
        "Lens": [value or None for value in metadata["lens"]],
        **{name: _each(metadata[key], words) for name, (key, words) in numbers.items()},
        "Format": [value or None for value in metadata["format"]],
        "File size": _each(metadata["bytes"], lambda value: format_bytes(int(value))),
        "Location": [
            f"{latitude:.5f}, {longitude:.5f}" if np.isfinite(latitude + longitude) else None
            for latitude, longitude in zip(metadata["latitude"], metadata["longitude"], strict=True)
        ],
    }


def _each(values: Sequence[float] | np.ndarray, words: Callable[[float], str]) -> list[str | None]:
    return [words(value) if np.isfinite(value) else None for value in np.asarray(values).tolist()]


def _date(seconds: float) -> str:
    try:
        return f"{EPOCH + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S}"
    except OverflowError:  # before the year 1 or after 9999
        return f"{seconds:.0f} s after 1970"


def _exposure(seconds: float) -> str:
    if 0 < seconds < 0.4:
        return f"1/{1 / seconds:.0f} s"
    return f"{seconds:g} s"


def _camera(make: str, model: str) -> str | None:
    """Return the camera, without saying the maker twice."""
    if model.lower().startswith(make.lower().split(" ")[0]):
        return model or None
    return f"{make} {model}".strip() or None

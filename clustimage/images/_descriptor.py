"""Descriptors of faces, in the files of their crops."""

from __future__ import annotations

import base64
import binascii
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from clustimage._core.files import open_regular
from clustimage.images.cache._digest import digest_file
from clustimage.images.reading._opening import DECODE_ERRORS, open_picture

__all__ = ["Descriptor", "descriptor_text", "recognizer_name", "read_descriptor"]

KEY = "clustimage-descriptor"
VALUE = np.dtype("<f4")
MAX_VALUES = 1 << 16  # values of a descriptor; what is longer was not written by us
DIGITS = 12  # of the digest of a model file, in the name of a recognizer


@dataclass(frozen=True)
class Descriptor:
    """What a recognizer says about a face.

    Attributes
    ----------
    recognizer : str
        Its name, see `recognizer_name`: descriptors of different ones cannot be compared.
    metric : str
        The distance that it was trained for.
    distance_threshold : float
        Mean distance of the faces of two groups up to which they are one person.
    values : ndarray of float32, shape (d,)
        The descriptor.
    quality : float
        From 0 to 1: how well the face can be seen.
    """

    recognizer: str
    metric: str
    distance_threshold: float
    values: npt.NDArray[np.float32]
    quality: float = 1.0


def recognizer_name(kind: str, model: str | os.PathLike[str] | None = None) -> str:
    """Return the name of a recognizer: that of its kind, and a digest of its model file.

    Examples
    --------
    >>> recognizer_name("dlib")
    'dlib'
    """
    return kind if model is None else f"{kind} {digest_file(model)[:DIGITS]}"


def descriptor_text(descriptor: Descriptor) -> tuple[str, str]:
    """Return key and text under which the PNG file of a crop holds a descriptor.

    Examples
    --------
    >>> descriptor = Descriptor("dlib", "euclidean", 0.5, np.array([0.25], dtype="f4"))
    >>> descriptor_text(descriptor)[0]
    'clustimage-descriptor'
    """
    values = np.asarray(descriptor.values, dtype=VALUE)
    fields = {
        "recognizer": descriptor.recognizer,
        "metric": descriptor.metric,
        "distance_threshold": descriptor.distance_threshold,
        "quality": round(descriptor.quality, 4),
        "values": base64.b64encode(values.tobytes()).decode("ascii"),
    }
    return KEY, json.dumps(fields)


def read_descriptor(path: str | os.PathLike[str]) -> Descriptor | None:
    """Return the descriptor that stands in a file; None where there is none that can be read.

    Examples
    --------
    >>> read_descriptor("no_crop.png") is None
    True
    """
    if Path(path).suffix.lower() != ".png" or not os.path.isfile(path):  # noqa: PTH113
        return None
    try:
        with open_regular(path) as file, open_picture(file) as picture:
            fields = json.loads(picture.info[KEY])
        values = np.frombuffer(base64.b64decode(fields["values"], validate=True), dtype=VALUE)
        descriptor = Descriptor(
            str(fields["recognizer"]),
            str(fields["metric"]),
            float(fields["distance_threshold"]),
            values.astype(np.float32),
            float(fields["quality"]),
        )
    except (*DECODE_ERRORS, binascii.Error):
        return None
    whole = 0 < len(values) <= MAX_VALUES and bool(np.isfinite(values).all())
    return descriptor if whole else None

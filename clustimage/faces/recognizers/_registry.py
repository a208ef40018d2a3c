"""The recognizers by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clustimage.faces.recognizers._dlib import DlibRecognizer
from clustimage.faces.recognizers._recognizer import FaceRecognizer

__all__ = ["RECOGNIZERS", "make_recognizer"]

RECOGNIZERS: dict[str, type[DlibRecognizer]] = {
    "dlib": DlibRecognizer,
}


def make_recognizer(params: Mapping[str, Any]) -> FaceRecognizer | None:
    """Return a new recognizer, the object that is given, or None where none is asked for.

    Parameters
    ----------
    params : mapping
        All settings, as of `check_faces`.
    """
    recognizer: str | FaceRecognizer | None = params["recognizer"]
    if not isinstance(recognizer, str):
        return recognizer
    return RECOGNIZERS[recognizer]()

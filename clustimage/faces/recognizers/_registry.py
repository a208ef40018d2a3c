"""The recognizers by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clustimage.faces.recognizers._dlib import DlibRecognizer
from clustimage.faces.recognizers._opencv import ArcFaceRecognizer, SFaceRecognizer
from clustimage.faces.recognizers._recognizer import FaceRecognizer

__all__ = ["RECOGNIZERS", "make_recognizer"]

Kind = type[DlibRecognizer] | type[SFaceRecognizer] | type[ArcFaceRecognizer]

RECOGNIZERS: dict[str, Kind] = {
    "dlib": DlibRecognizer,
    "sface": SFaceRecognizer,
    "arcface": ArcFaceRecognizer,
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
    kind: Any = RECOGNIZERS[recognizer]
    made: FaceRecognizer = kind(model=params["model"]) if kind.needs_model else kind()
    return made

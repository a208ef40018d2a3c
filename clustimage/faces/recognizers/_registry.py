"""The recognizers by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import named
from clustimage._core.step_order import StepOrderError
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


OWN = ("distance_threshold", "metric", "name")


def make_recognizer(params: Mapping[str, Any]) -> FaceRecognizer | None:
    """Return a new recognizer, the object that is given, or None where none is asked for.

    Parameters
    ----------
    params : mapping
        All settings, as of `check_faces`.

    Raises
    ------
    InvalidParameterError
        If a model file is missing or broken, or an object lacks an attribute.
    MissingDependencyError
        If a package is not installed.
    """
    recognizer: str | FaceRecognizer | None = params["recognizer"]
    if not isinstance(recognizer, str):
        for name in OWN if recognizer is not None else ():
            try:
                getattr(recognizer, name)
            except StepOrderError:  # of a model that was loaded without it
                raise
            except AttributeError as exc:
                raise InvalidParameterError(
                    f"A {named('recognizer')} of your own needs the attributes {', '.join(OWN)}. "
                    f"{type(recognizer).__name__} has no {name}."
                ) from exc
        return recognizer
    kind: Any = RECOGNIZERS[recognizer]
    made: FaceRecognizer = kind(model=params["model"]) if kind.needs_model else kind()
    return made

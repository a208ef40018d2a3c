"""The detectors by name, their settings, and the check of these."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import named, setting
from clustimage._core.validation import (
    check_bool,
    check_int,
    check_option,
    check_real,
    merge_defaults,
)
from clustimage.faces._detector import FaceDetector
from clustimage.faces._dlib_hog import DlibDetector
from clustimage.faces._haar import HaarDetector
from clustimage.faces._yunet import YuNetDetector
from clustimage.faces.recognizers._registry import RECOGNIZERS

__all__ = ["DETECTORS", "PARAMS_FACES", "check_faces", "make_detector"]

DETECTORS: dict[str, type[HaarDetector] | type[YuNetDetector] | type[DlibDetector]] = {
    "dlib": DlibDetector,
    "haar": HaarDetector,
    "yunet": YuNetDetector,
}

PARAMS_FACES: dict[str, Any] = {
    "detector": None,
    "recognizer": None,
    "model": None,
    "detector_model": None,
    "scale_factor": 1.1,
    "min_neighbors": 10,
    "min_size": 0.03,
    "min_score": 0.8,
    "max_side": 1280,
    "margin": 0.0,
    "align": True,
}

# Which detector is taken where none is named, by the recognizer.
DEFAULT_DETECTORS = {"dlib": "dlib", "sface": "yunet", "arcface": "yunet"}
DEFAULT_DETECTOR = "haar"

# What of the settings each detector is made with.
SETTINGS: dict[str, tuple[str, ...]] = {
    "dlib": ("min_size",),
    "haar": ("model", "scale_factor", "min_neighbors", "min_size"),
    "yunet": ("model", "min_score", "min_size"),
}
# Those whose faces have the five points that networks align them by.
WITH_POINTS = ("yunet",)


def check_faces(params: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return all settings of `find_faces`, those given over the defaults.

    Opens no file: a missing model is reported by `make_detector` and `make_recognizer`.

    Raises
    ------
    InvalidParameterError
        If a name is not known, a value not allowed, or two of them cannot be combined.

    Examples
    --------
    >>> check_faces({"min_neighbors": 8})["scale_factor"]
    1.1
    >>> check_faces({"recognizer": "dlib"})["detector"]
    'dlib'
    """
    whole = merge_defaults("params_faces", params, PARAMS_FACES)
    if not hasattr(whole["recognizer"], "describe"):
        check_option("recognizer", whole["recognizer"], [None, *RECOGNIZERS])
    if whole["detector"] is None:
        by_name = whole["recognizer"] if isinstance(whole["recognizer"], str) else ""
        whole["detector"] = DEFAULT_DETECTORS.get(by_name, DEFAULT_DETECTOR)
    if not hasattr(whole["detector"], "detect"):
        check_option("detector", whole["detector"], DETECTORS)
    for name in ("model", "detector_model"):
        if whole[name] is not None and not isinstance(whole[name], str | os.PathLike):
            raise InvalidParameterError(
                f"{named(name)} must be the path of a file. Got {whole[name]!r}."
            )
    _check_models(whole)
    check_real("scale_factor", whole["scale_factor"], low=1.01, high=2)
    check_int("min_neighbors", whole["min_neighbors"], low=1)
    check_real("min_size", whole["min_size"], low=0, high=1)
    check_real("min_score", whole["min_score"], low=0, high=1)
    check_int("max_side", whole["max_side"], low=64, high=8192)
    check_real("margin", whole["margin"], low=0, high=2)
    check_bool("align", whole["align"])
    return whole


def _check_models(whole: Mapping[str, Any]) -> None:
    """Raise `InvalidParameterError` where it is not clear which file is whose."""
    recognizer, detector = whole["recognizer"], whole["detector"]
    if _has_model(recognizer):
        if isinstance(detector, str) and detector not in WITH_POINTS:
            raise InvalidParameterError(
                f"{setting('recognizer', recognizer)} aligns faces by five points, which "
                f"{setting('detector', detector)} does not give. Use "
                f"{setting('detector', 'yunet')} and its model file as {named('detector_model')}."
            )
    elif whole["model"] is not None and whole["detector_model"] is not None:
        raise InvalidParameterError(
            f"{named('model')} and {named('detector_model')} are both the file of the detector, as "
            f"{setting('recognizer', recognizer)} takes none. Give one of them."
        )
    given = detector_model(whole)
    if given is not None and isinstance(detector, str) and "model" not in SETTINGS[detector]:
        raise InvalidParameterError(
            f"{setting('detector', detector)} takes no model file. Got {os.fspath(given)!r}. Leave "
            "it out, or choose another detector."
        )


def _has_model(recognizer: Any) -> bool:
    return isinstance(recognizer, str) and RECOGNIZERS[recognizer].needs_model


def detector_model(whole: Mapping[str, Any]) -> str | os.PathLike[str] | None:
    """Return the file of the detector: ``model`` is that, unless it is of the recognizer."""
    given = whole["detector_model"]
    if given is None and not _has_model(whole["recognizer"]):
        given = whole["model"]
    return given  # type: ignore[no-any-return]


def make_detector(params: Mapping[str, Any] | None = None) -> FaceDetector:
    """Return a new detector, or the object that is given as ``params["detector"]``.

    Parameters
    ----------
    params : mapping, optional
        Settings as of `check_faces`.

    Raises
    ------
    InvalidParameterError
        If a setting is wrong, or a model file is missing or broken.
    MissingDependencyError
        If a package is not installed.

    Examples
    --------
    >>> type(make_detector()).__name__
    'HaarDetector'
    """
    whole = check_faces(params)
    detector: str | FaceDetector = whole["detector"]
    if not isinstance(detector, str):
        return detector
    values = {**whole, "model": detector_model(whole)}
    return DETECTORS[detector](**{key: values[key] for key in SETTINGS[detector]})

"""The detectors by name, their settings, and the check of these."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import named
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
    "scale_factor": 1.1,
    "min_neighbors": 10,
    "min_size": 0.03,
    "min_score": 0.8,
    "max_side": 1280,
    "margin": 0.0,
    "align": True,
}

# Which detector is taken where none is named, by the recognizer.
DEFAULT_DETECTORS = {"dlib": "dlib"}
DEFAULT_DETECTOR = "haar"

# What of the settings each detector is made with.
SETTINGS: dict[str, tuple[str, ...]] = {
    "dlib": ("min_size",),
    "haar": ("model", "scale_factor", "min_neighbors", "min_size"),
    "yunet": ("model", "min_score", "min_size"),
}


def check_faces(params: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return all settings of `find_faces`, those given over the defaults.

    Opens no file: a missing model is reported by `make_detector`.

    Raises
    ------
    InvalidParameterError
        If a name is not known or a value not allowed.

    Examples
    --------
    >>> check_faces({"min_neighbors": 8})["scale_factor"]
    1.1
    """
    whole = merge_defaults("params_faces", params, PARAMS_FACES)
    if not hasattr(whole["recognizer"], "describe"):
        check_option("recognizer", whole["recognizer"], [None, *RECOGNIZERS])
    if whole["detector"] is None:
        by_name = whole["recognizer"] if isinstance(whole["recognizer"], str) else ""
        whole["detector"] = DEFAULT_DETECTORS.get(by_name, DEFAULT_DETECTOR)
    if not hasattr(whole["detector"], "detect"):
        check_option("detector", whole["detector"], DETECTORS)
    if whole["model"] is not None and not isinstance(whole["model"], str | os.PathLike):
        raise InvalidParameterError(
            f"{named('model')} must be the path of a file. Got {whole['model']!r}."
        )
    check_real("scale_factor", whole["scale_factor"], low=1.01, high=2)
    check_int("min_neighbors", whole["min_neighbors"], low=1)
    check_real("min_size", whole["min_size"], low=0, high=1)
    check_real("min_score", whole["min_score"], low=0, high=1)
    check_int("max_side", whole["max_side"], low=64, high=8192)
    check_real("margin", whole["margin"], low=0, high=2)
    check_bool("align", whole["align"])
    return whole


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

    Examples
    --------
    >>> type(make_detector()).__name__
    'HaarDetector'
    """
    whole = check_faces(params)
    detector: str | FaceDetector = whole["detector"]
    if not isinstance(detector, str):
        return detector
    return DETECTORS[detector](**{key: whole[key] for key in SETTINGS[detector]})

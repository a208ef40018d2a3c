"""Optional step: photos → crops of faces, which `import_data` reads again.

A detector takes one photo as RGB and returns its faces; `DETECTORS` holds them by name. A
recognizer describes faces, so that those of one person are near each other; `RECOGNIZERS` holds
them.
"""

from __future__ import annotations

from clustimage.faces._detection import find_faces
from clustimage.faces._detector import Face, FaceDetector
from clustimage.faces._dlib_hog import DlibDetector
from clustimage.faces._dlib_models import has_dlib
from clustimage.faces._haar import HaarDetector
from clustimage.faces._photo_of import photo_of
from clustimage.faces._registry import DETECTORS, PARAMS_FACES, check_faces, make_detector
from clustimage.faces._yunet import YuNetDetector
from clustimage.faces.recognizers._recognizer import FaceRecognizer
from clustimage.faces.recognizers._registry import RECOGNIZERS, make_recognizer

__all__ = [
    "DETECTORS",
    "PARAMS_FACES",
    "RECOGNIZERS",
    "DlibDetector",
    "Face",
    "FaceDetector",
    "FaceRecognizer",
    "HaarDetector",
    "YuNetDetector",
    "check_faces",
    "find_faces",
    "has_dlib",
    "make_detector",
    "make_recognizer",
    "photo_of",
]

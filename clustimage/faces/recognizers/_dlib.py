"""``recognizer="dlib"``: the residual network of dlib, without a download."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from clustimage._core.parameters import setting
from clustimage.faces._detector import Face
from clustimage.faces._dlib_models import LANDMARKS, RESNET, import_dlib, model_path

__all__ = ["DlibRecognizer"]

NEEDED_BY = setting("params_faces", {"recognizer": "dlib"})


# One network for all threads: it holds the interpreter's lock, so that more were no faster.
LOCK = threading.Lock()


@cache
def _network() -> Any:
    return import_dlib(NEEDED_BY).face_recognition_model_v1(model_path(RESNET, NEEDED_BY))


class DlibRecognizer:
    """128 values of a face by a residual network that was trained on about 3 million faces.

    Raises
    ------
    MissingDependencyError
        If dlib or its models are not installed.

    Notes
    -----
    A face is brought to 150 by 150 pixels by the corners of its eyes and the base of its nose,
    and described by a network of 29 layers [1]_. Two faces at a Euclidean distance of less than
    0.6 are of one person, says its author.

    References
    ----------
    .. [1] King D E (2009). Dlib-ml: a machine learning toolkit. Journal of Machine Learning
       Research 10, 1755-1758. The network: http://blog.dlib.net/2017/02/
       high-quality-face-recognition-with-deep.html
    """

    name = "dlib"
    needs_model = False
    metric = "euclidean"
    distance_threshold = 0.52

    def __init__(self) -> None:
        self._dlib: Any = import_dlib(NEEDED_BY)
        self._landmarks = self._dlib.shape_predictor(model_path(LANDMARKS, NEEDED_BY))
        self._network = _network()

    def describe(self, img: np.ndarray, faces: Sequence[Face]) -> np.ndarray:
        """Return a descriptor of each face, `(n, 128)`, of a photo `(height, width, 3)`, RGB."""
        shapes = self._dlib.full_object_detections()
        for face in faces:
            shapes.append(self._landmarks(img, self._box(face)))
        with LOCK:
            described = self._network.compute_face_descriptor(img, shapes)
        return np.array([list(row) for row in described], dtype=np.float32)

    def _box(self, face: Face) -> Any:
        # Square, as those that the landmarks were trained in, also where a detector's are not.
        x, y, width, height = face.box
        side = math.sqrt(width * height)
        left, top = round(x + (width - side) / 2), round(y + (height - side) / 2)
        return self._dlib.rectangle(left, top, left + round(side) - 1, top + round(side) - 1)

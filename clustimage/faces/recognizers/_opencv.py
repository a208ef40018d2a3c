"""``recognizer="sface"`` and ``"arcface"``: networks of the user's own, run by OpenCV."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
from sklearn.preprocessing import normalize

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import setting
from clustimage.faces._detector import Face
from clustimage.images import recognizer_name

__all__ = ["ArcFaceRecognizer", "SFaceRecognizer"]

SIDE = 112  # pixels of the image that the networks take
# Where the eyes, the tip of the nose and the corners of the mouth are in it.
TEMPLATE = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)


class OpenCVRecognizer(ABC):
    """A network that takes a face of 112 by 112 pixels, aligned by five points.

    Parameters
    ----------
    model : path
        The network, an ONNX file.

    Raises
    ------
    InvalidParameterError
        If no model is given, or it is missing, broken or another network.
    """

    kind: ClassVar[str]
    needs_model: ClassVar[bool] = True
    metric = "cosine"
    distance_threshold: float
    where: ClassVar[str]

    def __init__(self, *, model: str | os.PathLike[str] | None = None) -> None:
        self.model = model
        if model is None:
            raise InvalidParameterError(
                f"The recognizer {self.kind!r} needs a model file. {self._todo}"
            )
        path = Path(model).expanduser()
        if not path.is_file():
            raise InvalidParameterError(
                f"There is no model file {path.absolute()}, the recognizer. {self._todo}"
            )
        try:
            self._load(str(path))
            fits = self._values(np.zeros((SIDE, SIDE, 3), dtype=np.uint8)).size > 1
        except cv2.error:
            fits = False
        if not fits:
            raise InvalidParameterError(
                f"{path.absolute()} is not a network that OpenCV {cv2.__version__} can run on a "
                f"face of {SIDE} by {SIDE} pixels. {self._todo}"
            )
        self.name = recognizer_name(self.kind, path)

    def describe(self, img: np.ndarray, faces: Sequence[Face]) -> np.ndarray:
        """Return a row of length 1 for each face of a photo `(height, width, 3)`, RGB, uint8.

        Raises
        ------
        InvalidParameterError
            If the detector gives no points.
        """
        rows = []
        for face in faces:
            if face.points is None:
                raise InvalidParameterError(
                    f"The recognizer {self.kind!r} aligns a face by five points, and this detector "
                    f"gives none. Use {setting('params_faces', {'detector': 'yunet'})}."
                )
            rows.append(self._values(_aligned(img, face.points)))
        return np.asarray(normalize(np.array(rows, dtype=np.float32)))

    @property
    def _todo(self) -> str:
        return f"{self.where} Give its path: {setting('params_faces', {'model': ...})}."

    @abstractmethod
    def _load(self, path: str) -> None:
        """Read the network."""

    @abstractmethod
    def _values(self, aligned: np.ndarray) -> np.ndarray:
        """Return what the network makes of an aligned face, RGB, as one row."""


class SFaceRecognizer(OpenCVRecognizer):
    """128 values of a face by the network SFace [1]_.

    Parameters
    ----------
    model : path
        The network, an ONNX file.

    Notes
    -----
    The cut is that of OpenCV's example: a cosine similarity of 0.363.

    References
    ----------
    .. [1] Zhong Y, Deng W, Hu J, Zhao D, Li X, Wen D (2021). SFace: sigmoid-constrained
       hypersphere loss for robust face recognition. IEEE Transactions on Image Processing 30,
       2587-2598.
    """

    kind = "sface"
    distance_threshold = 0.637
    where = (
        "Get face_recognition_sface_2021dec.onnx (37 MB, Apache 2.0) from "
        "https://github.com/opencv/opencv_zoo/tree/main/models/face_recognition_sface."
    )

    def _load(self, path: str) -> None:
        self._network = cv2.FaceRecognizerSF.create(path, "")

    def _values(self, aligned: np.ndarray) -> np.ndarray:
        return np.ravel(self._network.feature(cv2.cvtColor(aligned, cv2.COLOR_RGB2BGR)))


class ArcFaceRecognizer(OpenCVRecognizer):
    """Usually 512 values of a face by a network that was trained by ArcFace [1]_.

    Parameters
    ----------
    model : path
        The network, an ONNX file.

    References
    ----------
    .. [1] Deng J, Guo J, Xue N, Zafeiriou S (2019). ArcFace: additive angular margin loss for deep
       face recognition. CVPR 2019.
    """

    kind = "arcface"
    distance_threshold = 0.65
    where = (
        "One is w600k_r50.onnx of InsightFace (https://github.com/deepinsight/insightface), which "
        "is for research only."
    )

    def _load(self, path: str) -> None:
        self._network = cv2.dnn.readNetFromONNX(path)

    def _values(self, aligned: np.ndarray) -> np.ndarray:
        middle = 127.5
        blob = cv2.dnn.blobFromImage(aligned, 1 / middle, (SIDE, SIDE), (middle, middle, middle))
        self._network.setInput(blob)
        values = np.asarray(self._network.forward())
        return np.ravel(values) if values.ndim == 2 and len(values) == 1 else np.empty(0)


def _aligned(img: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return a face turned, scaled and moved so that its points are near those of the template.

    The similarity transform is that of least squares.
    """
    (x, y), one, zero = points.T, np.ones(len(points)), np.zeros(len(points))
    rows = np.concatenate([np.column_stack([x, -y, one, zero]), np.column_stack([y, x, zero, one])])
    a, b, right, down = np.linalg.lstsq(rows, TEMPLATE.T.ravel(), rcond=None)[0]
    matrix = np.array([[a, -b, right], [b, a, down]])
    return cv2.warpAffine(img, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)

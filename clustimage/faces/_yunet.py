"""``detector="yunet"``: a small convolutional network, by a model file of one's own."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import setting
from clustimage.faces._detector import Face, drop_nested, tilt_of

__all__ = ["YuNetDetector"]

MAX_OVERLAP = 0.3  # intersection over union above which two boxes are of one face
MAX_BOXES = 5000  # boxes before those of one face are dropped
# Pixels. With a side of 32, as it pads smaller ones, OpenCV 4 gives other faces each time, out of
# memory that was never written: smaller photos go onto black.
MIN_SIDE_PIXELS = 128
EYE_SHARE = 0.25  # side of the box around an eye, as a share of the width of the face
MAX_TILT = 90.0  # degrees: the network does not find faces that are turned further


class YuNetDetector:
    """Faces, their eyes and a score by the network YuNet, run by OpenCV.

    Parameters
    ----------
    model : path
        The network, an ONNX file.
    min_score : float, default=0.8
        Least score of a face, from 0 to 1.
    min_size : float, default=0.03
        Longer side of the smallest face, as a share of the longer side of the photo.

    Raises
    ------
    InvalidParameterError
        If no model is given, or it is missing, broken or another network.

    Notes
    -----
    The network gives a point for each eye; `Face.eyes` are boxes around them, a quarter as
    wide as the face [1]_.

    References
    ----------
    .. [1] Wu W, Peng H, Yu S (2023). YuNet: a tiny millisecond-level face detector. Machine
       Intelligence Research 20, 656-665.

    Examples
    --------
    >>> YuNetDetector()
    Traceback (most recent call last):
    ...
    clustimage.InvalidParameterError: The detector 'yunet' needs a model file. ...
    """

    def __init__(
        self,
        *,
        model: str | os.PathLike[str] | None = None,
        min_score: float = 0.8,
        min_size: float = 0.03,
    ) -> None:
        self.model = model
        self.min_score = min_score
        self.min_size = min_size
        self._network = _network(model, min_score)

    def detect(self, img: np.ndarray) -> list[Face]:
        """Return the faces of a photo `(height, width, 3)`, RGB, uint8, from left to right."""
        height, width = img.shape[:2]
        below, right = max(0, MIN_SIDE_PIXELS - height), max(0, MIN_SIDE_PIXELS - width)
        seen = cv2.cvtColor(img, cv2.COLOR_RGB2BGR)
        if below or right:
            seen = cv2.copyMakeBorder(seen, 0, below, 0, right, cv2.BORDER_CONSTANT)
        self._network.setInputSize((width + right, height + below))
        _, rows = self._network.detect(seen)
        if rows is None:
            return []
        # x, y, width, height, five points (eyes, nose, corners of the mouth), score
        rows = rows[rows[:, 2:4].max(axis=1) >= self.min_size * max(height, width)]
        return [_face(rows[i].tolist()) for i in drop_nested(rows[:, :4], rows[:, 14])]


def _face(row: list[float]) -> Face:
    x, y, width, height = row[:4]
    side = EYE_SHARE * width
    eyes = np.array([[row[k] - side / 2, row[k + 1] - side / 2, side, side] for k in (4, 6)])
    eyes = eyes[np.argsort(eyes[:, 0], kind="stable")]
    tilt = tilt_of(eyes)
    points = np.array(row[4:14]).reshape(5, 2)
    tilt = tilt if abs(tilt) < MAX_TILT else 0.0
    return Face((x, y, width, height), row[14], eyes, tilt, points)


def _where() -> str:
    model = "face_detection_yunet_2023mar.onnx"
    return (
        f"Get a YuNet model, such as {model} (230 kB), from "
        "https://github.com/opencv/opencv_zoo/tree/main/models/face_detection_yunet and give its "
        f"path: {setting('params_faces', {'detector': 'yunet', 'model': model})}."
    )


def _network(model: str | os.PathLike[str] | None, min_score: float) -> cv2.FaceDetectorYN:
    if model is None:
        raise InvalidParameterError(f"The detector 'yunet' needs a model file. {_where()}")
    path = Path(model).expanduser()
    if not path.is_file():
        raise InvalidParameterError(f"There is no model file {path.absolute()}. {_where()}")
    try:
        network = cv2.FaceDetectorYN.create(
            str(path), "", (64, 64), min_score, MAX_OVERLAP, MAX_BOXES
        )
        network.detect(np.zeros((64, 64, 3), dtype=np.uint8))
    except cv2.error as exc:
        raise InvalidParameterError(
            f"{path.absolute()} is not a YuNet model that OpenCV {cv2.__version__} can run. "
            f"{_where()}"
        ) from exc
    return network

"""``detector="dlib"``: a frontal face detector on histograms of oriented gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from clustimage._core.parameters import setting
from clustimage.faces._detector import Face, drop_nested, tilt_of
from clustimage.faces._dlib_models import LANDMARKS, import_dlib, model_path

__all__ = ["DlibDetector"]

WINDOW_PIXELS = 80  # side of the window that the detector was trained on
MIN_SCORE = 0.0
EYE_SHARE = 0.25  # side of the box around an eye, as a share of the width of the face
NEEDED_BY = setting("params_faces", {"detector": "dlib"})


class DlibDetector:
    """Frontal faces by histograms of oriented gradients, and their eyes by five landmarks.

    Parameters
    ----------
    min_size : float, default=0.03
        Side of the smallest face, as a share of the longer side of the photo. Faces of less
        than 80 pixels are found in the photo at twice its size, those of less than 40 are not.

    Raises
    ------
    MissingDependencyError
        If dlib or its models are not installed.

    Notes
    -----
    The score is the distance from the hyperplane of the support vector machine [1]_. Eyes are
    those of the landmarks [2]_.

    References
    ----------
    .. [1] King D E (2015). Max-margin object detection. arXiv:1502.00046.
    .. [2] Kazemi V, Sullivan J (2014). One millisecond face alignment with an ensemble of
       regression trees. CVPR 2014.
    """

    def __init__(self, *, min_size: float = 0.03) -> None:
        self.min_size = min_size
        dlib = import_dlib(NEEDED_BY)
        self._find: Any = dlib.get_frontal_face_detector()
        self._landmarks: Any = dlib.shape_predictor(model_path(LANDMARKS, NEEDED_BY))

    def detect(self, img: np.ndarray) -> list[Face]:
        """Return the faces of a photo `(height, width, 3)`, RGB, uint8, from left to right."""
        least = self.min_size * max(img.shape[:2])
        boxes, scores, _ = self._find.run(img, int(least < WINDOW_PIXELS), MIN_SCORE)
        kept = [i for i, box in enumerate(boxes) if max(box.width(), box.height()) >= least]
        faces = [self._face(img, boxes[i], scores[i]) for i in kept]
        order = drop_nested(
            np.array([face.box for face in faces]), np.array([face.score for face in faces])
        )
        return [faces[i] for i in order]

    def _face(self, img: np.ndarray, box: Any, score: float) -> Face:
        parts = self._landmarks(img, box).parts()
        points = np.array([(point.x, point.y) for point in parts], dtype=float)
        # Two corners of each eye, and the base of the nose.
        middles = points[:4].reshape(2, 2, 2).mean(axis=1)
        side = EYE_SHARE * box.width()
        eyes = np.hstack([middles - side / 2, np.full((2, 2), side)])
        eyes = eyes[np.argsort(eyes[:, 0], kind="stable")]
        whole = (box.left(), box.top(), box.width(), box.height())
        return Face(tuple(map(float, whole)), float(score), eyes, tilt_of(eyes))  # type: ignore[arg-type]

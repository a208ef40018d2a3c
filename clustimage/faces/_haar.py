"""``detector="haar"``: the cascades of Viola and Jones, as OpenCV ships them."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import setting
from clustimage.faces._detector import Face, drop_nested, tilt_of

__all__ = ["HaarDetector"]

FACES = "haarcascade_frontalface_default.xml"
EYES = "haarcascade_eye.xml"
MIN_FACE_PIXELS = 24  # pixels: the window that the cascade of faces was trained on

# Eyes are looked for in the upper part of a face that is brought to this width in pixels.
# Mouths and nostrils are so left out. Sizes of an eye are shares of the width of the face.
WIDTH = 160
UPPER = 0.6
EYE_SIZES = 0.12, 0.4
EYE_SCALE, EYE_NEIGHBORS = 1.05, 5
MAX_TILT = 30.0  # degrees: two eyes on a steeper line are not a pair


class HaarDetector:
    """Frontal faces by a cascade of Haar features, and their eyes by another one.

    Parameters
    ----------
    model : path, optional
        Another cascade (XML) for faces; default OpenCV's
        ``haarcascade_frontalface_default.xml``. Eyes are always found by its
        ``haarcascade_eye.xml``.
    scale_factor : float, default=1.1
        Ratio of one size of the window that is moved over the photo to the next one.
    min_neighbors : int, default=10
        Windows that must agree on a face of which both eyes are found; twice as many where
        one is, three times as many where none is. More of them: fewer false and more missed
        faces.
    min_size : float, default=0.03
        Side of the smallest face, as a share of the longer side of the photo.

    Raises
    ------
    InvalidParameterError
        If a cascade is missing or broken.

    Notes
    -----
    The score is the number of windows that agree [1]_. What looks like a face and is none
    hardly ever has two eyes where they belong, so eyes count as evidence. At most one eye is
    taken in each half of a face, the one on which most windows agree; two on a line of more
    than 30 degrees are not a pair, and are left out.

    References
    ----------
    .. [1] Viola P, Jones M (2001). Rapid object detection using a boosted cascade of simple
       features. CVPR 2001.

    Examples
    --------
    >>> HaarDetector().detect(np.zeros((64, 64, 3), dtype=np.uint8))
    []
    """

    def __init__(
        self,
        *,
        model: str | os.PathLike[str] | None = None,
        scale_factor: float = 1.1,
        min_neighbors: int = 10,
        min_size: float = 0.03,
    ) -> None:
        self.model = model
        self.scale_factor = scale_factor
        self.min_neighbors = min_neighbors
        self.min_size = min_size
        folder = Path(cv2.data.haarcascades)  # type: ignore[attr-defined]
        self._faces = _cascade(folder / FACES if model is None else Path(model).expanduser())
        self._eyes = _cascade(folder / EYES)

    def detect(self, img: np.ndarray) -> list[Face]:
        """Return the faces of a photo `(height, width, 3)`, RGB, uint8, from left to right."""
        gray = cv2.cvtColor(img, cv2.COLOR_RGB2GRAY)
        least = max(MIN_FACE_PIXELS, round(self.min_size * max(gray.shape)))
        if min(gray.shape) < least:
            return []
        boxes, counts = _search(
            self._faces, gray, self.scale_factor, self.min_neighbors, (least, max(gray.shape))
        )
        faces = [
            Face((x, y, width, height), float(count), eyes, tilt_of(eyes))
            for (x, y, width, height), count in zip(boxes.tolist(), counts, strict=True)
            for eyes in [self._find_eyes(gray, (x, y, width, height))]
            if count >= self.min_neighbors * (3 - len(eyes))
        ]
        kept = drop_nested(
            np.array([face.box for face in faces]), np.array([face.score for face in faces])
        )
        return [faces[i] for i in kept]

    def _find_eyes(self, gray: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
        """Return boxes of at most one eye in each half of a face, in pixels of the photo."""
        x, y, width, height = box
        upper = gray[y : y + max(1, round(UPPER * height)), x : x + width]
        scale = WIDTH / upper.shape[1]
        size = WIDTH, max(1, round(upper.shape[0] * scale))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small, large = (round(share * WIDTH) for share in EYE_SIZES)
        found, counts = _search(
            self._eyes,
            cv2.resize(upper, size, interpolation=method),
            EYE_SCALE,
            EYE_NEIGHBORS,
            (small, large),
        )
        right = found[:, 0] + found[:, 2] / 2 > WIDTH / 2
        # Of equal counts the first in a fixed order: OpenCV's order is that of its threads.
        order = np.lexsort((found[:, 1], found[:, 0], -counts))
        best = [next((i for i in order if right[i] == half), None) for half in (False, True)]
        eyes = found[[i for i in best if i is not None]].astype(float)
        if abs(tilt_of(eyes)) > MAX_TILT:
            return np.zeros((0, 4))
        eyes = eyes / scale
        eyes[:, :2] += x, y
        return np.asarray(eyes)


def _search(
    cascade: cv2.CascadeClassifier,
    gray: np.ndarray,
    factor: float,
    neighbors: int,
    sides: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes (n, 4) with sides in pixels from the first to the second, and their votes."""
    small, large = sides
    boxes, counts = cascade.detectMultiScale2(
        gray, factor, neighbors, 0, (small, small), (large, large)
    )
    return np.array(boxes, dtype=int).reshape(-1, 4), np.array(counts, dtype=int).ravel()


def _cascade(path: Path) -> cv2.CascadeClassifier:
    """Read a cascade, or say which file is not one."""
    todo = (
        "OpenCV's own come with opencv-python-headless 4 (not with 5): reinstall it, or give the "
        f"path of a cascade: {setting('params_faces', {'model': ...})}."
    )
    if not path.is_file():
        raise InvalidParameterError(f"There is no file {path}, the cascade of a detector. {todo}")
    try:
        cascade = cv2.CascadeClassifier(str(path))
        broken = cascade.empty()
    except (cv2.error, SystemError):
        broken = True
    if broken:
        raise InvalidParameterError(f"{path} is not a file that OpenCV can read. {todo}")
    return cascade

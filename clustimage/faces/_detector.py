"""What a detector of faces is, and what all of them share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

__all__ = ["Face", "FaceDetector", "drop_nested", "tilt_of"]

# Two boxes are of one face where they share this part of the smaller one.
SHARED = 0.5


@dataclass(frozen=True)
class Face:
    """One face in a photo; everything in pixels of the photo that the detector was given.

    Attributes
    ----------
    box : (float, float, float, float)
        x, y of the upper left corner, width, height.
    score : float
        How sure the detector is, in its own units.
    eyes : ndarray of shape (m, 4)
        x, y, width, height of a box around each eye, the one further left first.
    tilt : float
        Degrees by which the line through the eyes is turned clockwise; 0 where it is not
        known.
    points : ndarray of shape (5, 2), optional
        Eye, eye, tip of the nose, corner and corner of the mouth, of eyes and corners the one
        further left in an upright face first; for recognizers that align a face by them.
    """

    box: tuple[float, float, float, float]
    score: float
    eyes: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))
    tilt: float = 0.0
    points: np.ndarray | None = None


class FaceDetector(Protocol):
    """What `extract_faces` needs of a detector, also of one of your own.

    An object is used by one thread at a time.
    """

    def detect(self, img: np.ndarray) -> list[Face]:
        """Return the faces of a photo `(height, width, 3)`, RGB, uint8."""
        ...


def drop_nested(boxes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return which boxes to keep: of those that share one face, the one of the best score.

    Parameters
    ----------
    boxes : array of shape (n, 4)
        x, y, width, height.
    scores : array of shape (n,)
        Larger is better; of equal ones the larger box counts, then the one further left.

    Returns
    -------
    ndarray of int
        Positions of the boxes that stay, from left to right.

    Notes
    -----
    Two boxes share a face if their overlap is more than half of the smaller one. A box
    inside another one, which the ratio of intersection and union lets pass, is so found.

    Examples
    --------
    >>> boxes = np.array([[0, 0, 90, 90], [20, 20, 30, 30], [200, 0, 50, 50]])
    >>> drop_nested(boxes, np.array([30, 16, 20])).tolist()
    [0, 2]
    """
    if not len(boxes):
        return np.zeros(0, dtype=int)
    boxes = np.asarray(boxes, dtype=float)
    low, size = boxes[:, :2], boxes[:, 2:]
    area = size.prod(axis=1)
    kept: list[int] = []
    for i in np.lexsort((low[:, 1], low[:, 0], -area, -np.asarray(scores))):
        sides = np.minimum(low[i] + size[i], (low + size)[kept]) - np.maximum(low[i], low[kept])
        shared = np.clip(sides, 0, None).prod(axis=1)
        if not (shared > SHARED * np.minimum(area[i], area[kept])).any():
            kept.append(int(i))
    return np.array(sorted(kept, key=lambda i: (*low[i], area[i])), dtype=int)


def tilt_of(eyes: np.ndarray) -> float:
    """Return by how many degrees two eyes are turned clockwise; 0 where there are not two.

    Examples
    --------
    >>> tilt_of(np.array([[0, 0, 4, 4], [10, 10, 4, 4]]))
    45.0
    """
    if len(eyes) != 2:
        return 0.0
    (x, y), (far_x, far_y) = eyes[:, :2] + eyes[:, 2:] / 2
    return float(np.degrees(np.arctan2(far_y - y, far_x - x)))

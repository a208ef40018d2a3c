"""What a recognizer of persons is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from clustimage.faces._detector import Face

__all__ = ["FaceRecognizer"]


class FaceRecognizer(Protocol):
    """What `extract_faces` needs of a recognizer, also of one of your own.

    An object is used by one thread at a time.

    Attributes
    ----------
    name : str
        What it is called. Descriptors of recognizers with different names are not compared.
    metric : str
        The distance of descriptors that it was trained for: ``"euclidean"``, ``"cosine"`` …
    distance_threshold : float
        Mean distance of the faces of two groups up to which they are one person.
    """

    name: str
    metric: str
    distance_threshold: float

    def describe(self, img: np.ndarray, faces: Sequence[Face]) -> np.ndarray:
        """Return a descriptor of each face, `(n, d)`, of a photo `(height, width, 3)`, RGB, uint8.

        The faces are in pixels of this photo.
        """
        ...

"""Candidates as they are compared: gray, a few hundred pixels wide, with their keypoints."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from clustimage.duplicates._orientation import is_mirrored, orient

__all__ = ["COMPARED_SIDE", "Keypoints", "Picture", "PictureStore"]

COMPARED_SIDE = 320  # pixels of the longer side
COLOR_SIDE = 16
MAX_KEYPOINTS = 500
MAX_PICTURES_HELD = 256
MIRRORED = 2  # an orientation

Gray = npt.NDArray[np.uint8]


class Keypoints(NamedTuple):
    """Points `(n, 2)`, x and y in pixels, and their descriptors `(n, 128)`, rows of length 1."""

    points: npt.NDArray[np.float32]
    descriptors: npt.NDArray[np.float32]


class Picture:
    """One picture, as large as it is compared.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
        RGB; may be larger.
    height, width : int
        Size of the original.

    Attributes
    ----------
    gray : ndarray of uint8
        With `COMPARED_SIDE` pixels on the longer side, or less.
    color : ndarray of float32, shape (16, 16, 3)
        Means of its parts.
    reduced_from : float
        Pixels of the original for a pixel of `gray`, along a side.
    """

    def __init__(self, pixels: npt.NDArray[np.uint8], height: int, width: int) -> None:
        self.height, self.width = height, width
        small = _reduced(pixels)
        self.reduced_from = max(height, width) / max(small.shape[:2])
        self.gray: Gray = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        self.color = cv2.resize(
            small.astype(np.float32), (COLOR_SIDE, COLOR_SIDE), interpolation=cv2.INTER_AREA
        )
        self._keypoints: dict[bool, Keypoints] = {}

    def turned(self, orientation: int) -> Gray:
        """Return the gray pixels in one of the eight orientations."""
        return np.ascontiguousarray(orient(self.gray, orientation))

    def keypoints(self, orientation: int) -> Keypoints:
        """Return what SIFT finds in one of the eight orientations (RootSIFT [1]_).

        References
        ----------
        .. [1] Arandjelović R, Zisserman A (2012). Three things everyone should know to improve
           object retrieval. CVPR, 2911-2918. :doi:`10.1109/CVPR.2012.6248018`
        """
        mirrored = is_mirrored(orientation)
        if mirrored not in self._keypoints:
            self._keypoints[mirrored] = _detect(self.turned(MIRRORED if mirrored else 0))
        return _turned(self._keypoints[mirrored], self.gray.shape, orientation)


def _detect(gray: Gray) -> Keypoints:
    found, descriptors = cv2.SIFT.create(nfeatures=MAX_KEYPOINTS).detectAndCompute(gray, None)
    points = np.array([point.pt for point in found], dtype=np.float32).reshape(-1, 2)
    if descriptors is None:
        descriptors = np.empty((0, 128), dtype=np.float32)
    sums = np.maximum(descriptors.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return Keypoints(points, np.sqrt(descriptors / sums))


def _turned(keypoints: Keypoints, shape: tuple[int, ...], orientation: int) -> Keypoints:
    """Return keypoints of an upright or a mirrored picture as those of an orientation.

    The descriptors of SIFT are the same however a picture is turned, but not where it is
    mirrored. `shape` is that of the upright picture.
    """
    x, y = keypoints.points.T
    height, width = shape
    if is_mirrored(orientation):
        x = width - 1 - x
    if orientation & 4:
        x, y, height, width = y, x, width, height
    if orientation & 2:
        x = width - 1 - x
    if orientation & 1:
        y = height - 1 - y
    return Keypoints(np.stack([x, y], axis=1), keypoints.descriptors)


def _reduced(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    factor = COMPARED_SIDE / max(height, width)
    if factor >= 1:
        return pixels
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


class PictureStore:
    """Pictures by their row, read when they are asked for; the latest ones are held."""

    def __init__(self, read: Callable[[int], Picture | None]) -> None:
        self._read = read
        self._held: OrderedDict[int, Picture | None] = OrderedDict()
        self._lock = Lock()

    def get(self, row: int) -> Picture | None:
        """Return a picture, or None where its file cannot be read any more."""
        with self._lock:
            if row in self._held:
                self._held.move_to_end(row)
                return self._held[row]
        picture = self._read(row)
        with self._lock:
            self._held[row] = picture
            if len(self._held) > MAX_PICTURES_HELD:
                self._held.popitem(last=False)
        return picture

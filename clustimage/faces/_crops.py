"""One face out of a photo: cut, turned so that the eyes are level, and not too large."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from clustimage.faces._detector import Face

__all__ = ["MAX_CROP_PIXELS", "Crop", "cut_face", "scale_face", "whole_box"]

MAX_CROP_PIXELS = 512  # pixels: longer side of a crop; a face that is larger is reduced


class Crop(NamedTuple):
    """A face, `(height, width, 3)`, and boxes (m, 4) around its eyes, int, in its pixels."""

    pixels: np.ndarray
    eyes: np.ndarray


def scale_face(face: Face, across: float, down: float) -> Face:
    """Return a face in the pixels of a photo that is `across` times as wide, `down` as high."""
    factors = np.array([across, down, across, down])
    x, y, width, height = (np.array(face.box) * factors).tolist()
    points = None if face.points is None else face.points * factors[:2]
    return Face((x, y, width, height), face.score, face.eyes * factors, face.tilt, points)


def whole_box(face: Face, width: int, height: int) -> np.ndarray:
    """Return the box of a face as whole numbers within a photo, shape (4,).

    Examples
    --------
    >>> whole_box(Face((-3.2, 4.0, 20.4, 20.0), 1.0), 100, 100).tolist()
    [0, 4, 17, 20]
    """
    x, y, wide, high = face.box
    left, upper = min(max(round(x), 0), width - 1), min(max(round(y), 0), height - 1)
    right, lower = max(min(round(x + wide), width), left + 1), min(round(y + high), height)
    return np.array([left, upper, right - left, max(lower, upper + 1) - upper])


def cut_face(photo: np.ndarray, face: Face, *, margin: float = 0.0, align: bool = True) -> Crop:
    """Cut a face out of a photo.

    Parameters
    ----------
    photo : ndarray of uint8, shape (height, width, 3)
        The photo.
    face : Face
        In pixels of `photo`.
    margin : float, default=0.0
        What is added on each side, as a share of width and height of the face; less where
        the photo ends.
    align : bool, default=True
        Turn the face around its middle so that its eyes are level. Where the turned crop
        leaves the photo, the nearest pixels are repeated.

    Returns
    -------
    Crop
        Its longer side is at most 512 pixels; it is never enlarged.

    Examples
    --------
    >>> photo = np.zeros((100, 100, 3), dtype=np.uint8)
    >>> crop = cut_face(photo, Face((20, 20, 40, 40), 1.0), margin=0.25)
    >>> crop.pixels.shape
    (60, 60, 3)
    """
    high, wide = photo.shape[:2]
    x, y, width, height = face.box
    corner = (x - margin * width, y - margin * height)
    size = ((1 + 2 * margin) * width, (1 + 2 * margin) * height)
    box = whole_box(Face((*corner, *size), 0.0), wide, high)
    tilt = face.tilt if align else 0.0
    scale = min(1.0, MAX_CROP_PIXELS / max(box[2:]))
    out = np.maximum(np.rint(box[2:] * scale), 1).astype(int)
    middle = box[:2] + box[2:] / 2
    if tilt:
        pixels = _turned(photo, middle, out, scale, tilt)
    else:
        pixels = photo[box[1] : box[1] + box[3], box[0] : box[0] + box[2]]
        pixels = cv2.resize(pixels, out.tolist(), interpolation=cv2.INTER_AREA)
    return Crop(np.ascontiguousarray(pixels), _eyes_in(face.eyes, middle, out, scale, tilt))


def _turned(
    photo: np.ndarray, middle: np.ndarray, out: np.ndarray, scale: float, tilt: float
) -> np.ndarray:
    """Return the crop of size `out` (width, height) around `middle`, turned by `tilt` degrees."""
    # The square that holds the crop however it is turned, reduced before it is turned.
    radius = np.hypot(*out) / 2 / scale + 2
    low = np.maximum(np.floor(middle - radius), 0).astype(int)
    far = np.minimum(np.ceil(middle + radius), photo.shape[1::-1]).astype(int)
    part = photo[low[1] : far[1], low[0] : far[0]]
    size = np.maximum(np.rint((far - low) * scale), 1).astype(int)
    if scale < 1:
        part = cv2.resize(part, size.tolist(), interpolation=cv2.INTER_AREA)
    at = (middle - low) * (size / (far - low))
    # OpenCV counts from the middle of the first pixel, boxes from its corner.
    turn = cv2.getRotationMatrix2D((at - 0.5).tolist(), tilt, 1.0)
    turn[:, 2] += out / 2 - at
    return cv2.warpAffine(
        part, turn, out.tolist(), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def _eyes_in(
    eyes: np.ndarray, middle: np.ndarray, out: np.ndarray, scale: float, tilt: float
) -> np.ndarray:
    """Return boxes around the eyes in the crop: their middles are turned, their sides not."""
    if not len(eyes):
        return np.zeros((0, 4), dtype=int)
    angle = np.radians(tilt)
    back = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middles = (eyes[:, :2] + eyes[:, 2:] / 2 - middle) @ back.T * scale + out / 2
    size = eyes[:, 2:] * scale
    boxes: np.ndarray = np.rint(np.hstack([middles - size / 2, size])).astype(int)
    return boxes

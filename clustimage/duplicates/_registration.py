"""Where one picture lies within another: scale and shift by what SIFT finds in both."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from clustimage.duplicates._agreement import Overlap
from clustimage.duplicates._picture import Keypoints

__all__ = ["register", "share_inside", "warped"]

Warp = npt.NDArray[np.float64]

MIN_MATCHES = 6
MAX_RATIO = 0.8  # of the distances to the nearest and to the second nearest keypoint
MAX_ERROR = 3.0  # pixels
MAX_SCALE = 12.0
MAX_SHEAR = 0.02  # of an axis, as a share of its length: about a degree
MAX_STRETCH = 0.06  # logarithm of the quotient of the scales of both axes


def register(first: Keypoints, second: Keypoints) -> Warp | None:
    """Return the matrix `(2, 3)` that moves the second picture onto the first.

    None where they have too few keypoints in common, or the second one would have to be turned
    or skewed. Keypoints are matched by the ratio test [1]_, the matrix found by RANSAC.

    References
    ----------
    .. [1] Lowe DG (2004). Distinctive image features from scale-invariant keypoints. IJCV 60,
       91-110. :doi:`10.1023/B:VISI.0000029664.99615.94`
    """
    if min(len(first.points), len(second.points)) < MIN_MATCHES:
        return None
    similar = first.descriptors @ second.descriptors.T
    rows = np.arange(len(similar))
    nearest = similar.argmax(axis=1)
    best = similar[rows, nearest]
    similar[rows, nearest] = -1
    apart = np.sqrt(np.maximum(2 - 2 * np.stack([best, similar.max(axis=1)]), 0))
    matched = apart[0] < MAX_RATIO * apart[1]
    if matched.sum() < MIN_MATCHES:
        return None
    warp, inliers = cv2.estimateAffine2D(
        second.points[nearest[matched]],
        first.points[matched],
        method=cv2.RANSAC,
        ransacReprojThreshold=MAX_ERROR,
    )
    if warp is None or inliers.sum() < MIN_MATCHES:
        return None
    across, down = warp[0, 0], warp[1, 1]
    if min(across, down) < 1 / MAX_SCALE or max(across, down) > MAX_SCALE:
        return None
    if max(abs(warp[0, 1]), abs(warp[1, 0])) > MAX_SHEAR * max(across, down):
        return None
    if abs(np.log(across / down)) > MAX_STRETCH:
        return None
    return np.asarray(warp, dtype=np.float64)


def share_inside(
    first: tuple[int, ...], second: tuple[int, ...], warp: Warp
) -> tuple[float, float]:
    """Return the share of the first picture that the second one shows, and the reverse.

    Examples
    --------
    >>> shift = np.array([[1.0, 0, 5], [0, 1, 0]])
    >>> share_inside((10, 20), (10, 10), shift)
    (0.5, 1.0)
    """
    wide, high = warp[0, 0] * second[1], warp[1, 1] * second[0]
    across = min(warp[0, 2] + wide, first[1]) - max(warp[0, 2], 0)
    down = min(warp[1, 2] + high, first[0]) - max(warp[1, 2], 0)
    shown = max(across, 0) * max(down, 0)
    return float(shown / (first[0] * first[1])), float(shown / (wide * high))


def warped(a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8], warp: Warp) -> Overlap:
    """Return two pictures in the frame of the first, no larger than both have details for."""
    factor = min(1.0, 1 / max(warp[0, 0], warp[1, 1]))
    size = max(1, round(a.shape[1] * factor)), max(1, round(a.shape[0] * factor))
    warp = warp * factor
    reduced = min(warp[0, 0], warp[1, 1])
    if reduced < 0.9:
        b = np.asarray(cv2.GaussianBlur(b, (0, 0), 0.5 / reduced), dtype=np.uint8)
    one = cv2.resize(a, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    other = cv2.warpAffine(b, warp, size, flags=cv2.INTER_LINEAR).astype(np.float32)
    mask = cv2.warpAffine(np.ones(b.shape, dtype=np.float32), warp, size, flags=cv2.INTER_LINEAR)
    return Overlap(one, other, np.asarray(mask, dtype=np.float32))

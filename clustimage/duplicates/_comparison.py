"""Whether two pictures are versions of one photo, by their pixels."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from clustimage.duplicates._orientation import orientation_words
from clustimage.duplicates._picture import Picture

__all__ = ["Agreement", "Match", "compare"]

Floats = npt.NDArray[np.float32]

COARSE_SIDE = 160  # pixels of the longer side; a JPEG of low quality is as its original there
N_BLOCKS = 12  # along the longer side
MIN_BLOCKS = 12
MIN_CONTRAST = 6.0  # standard deviation of a block below which its mean alone is compared
MIN_CORRELATION = 0.9  # of a block that agrees
MAX_MEANS_APART = 10.0  # of a block without contrast, in gray values

# Versions of one photo agree nearly everywhere when they are small. Where a part was changed,
# as by a text, the rest agrees to the last detail, which two photos of one scene do not.
MIN_AGREEING = 0.95
MIN_AGREEING_CHANGED = 0.7
MIN_AGREEING_FINE = 0.7
MIN_MEDIAN_FINE = 0.97

MAX_ASPECT = 0.03  # logarithm of the quotient of two aspect ratios that are the same
MAX_SHEAR = 0.02  # of an axis, as a share of its length
MAX_STRETCH = 0.06
MAX_SCALE = 12.0
MIN_MATCHES = 6
MAX_RATIO = 0.8  # of the distances to the nearest and to the second nearest keypoint
MAX_ERROR = 3.0  # pixels
MIN_INSIDE = 0.96  # share of the smaller picture that lies within the larger one

MAX_COLOR_APART = 5.0  # mean of the parts of two pictures with the same pixels
MAX_PIXELS_APART = 48.0


class Agreement(NamedTuple):
    """How far two registered pictures agree, block by block.

    Attributes
    ----------
    coarse, fine : float
        Share of the blocks that agree, at `COARSE_SIDE` and at full size.
    correlation : float
        Median over the blocks, at full size.
    """

    coarse: float
    fine: float = 0.0
    correlation: float = 0.0

    @property
    def is_same(self) -> bool:
        """Whether they are versions of one photo."""
        if self.coarse >= MIN_AGREEING:
            return True
        return (
            self.coarse >= MIN_AGREEING_CHANGED
            and self.fine >= MIN_AGREEING_FINE
            and self.correlation >= MIN_MEDIAN_FINE
        )


class Match(NamedTuple):
    """How the second of two pictures was made from the first, or the first from the second.

    Attributes
    ----------
    kind : {"same pixels", "near", "turned", "mirrored"}
        What became of it.
    scale : float
        Pixels of the second one for a pixel of the first, along a side.
    sure : float
        Share of what both show that agrees.
    changes : tuple of str
        In words, what is different in the second one.
    """

    kind: str
    scale: float
    sure: float
    changes: tuple[str, ...]


def compare(first: Picture, second: Picture, orientation: int, min_share: float) -> Match | None:
    """Return how two pictures belong together, or None where they are two photos.

    Parameters
    ----------
    first, second : Picture
        The pictures.
    orientation : int
        In which the second one is compared, see `orient`.
    min_share : float
        Share of the larger picture that a crop must have left.
    """
    turned = second.turned(orientation)
    transposed = orientation & 4
    height, width = (second.width, second.height) if transposed else (second.height, second.width)
    aspect = np.log(first.width / first.height * height / width)
    if abs(aspect) <= MAX_ASPECT + 1 / min(first.gray.shape + turned.shape):
        agreement = _agreement(*_stretched(first.gray, turned))
        if agreement.is_same:
            scale = np.sqrt(width * height / (first.width * first.height))
            return _match(first, second, orientation, agreement, float(scale), (1.0, 1.0))
    warp = _register(first, second, orientation)
    if warp is None:
        return None
    a, b, mask = _warped(first.gray, turned, warp)
    inside = float(mask.mean()), _share_inside(first.gray, turned, warp)
    if max(inside) < MIN_INSIDE or min(inside) < min_share:
        return None
    agreement = _agreement(a, b, mask)
    if not agreement.is_same:
        return None
    shown = np.sqrt(abs(np.linalg.det(warp[:, :2])))  # pixels of first per pixel of turned
    scale = (width / turned.shape[1]) / (first.width / first.gray.shape[1]) / shown
    return _match(first, second, orientation, agreement, float(scale), inside)


def _match(
    first: Picture,
    second: Picture,
    orientation: int,
    agreement: Agreement,
    scale: float,
    inside: tuple[float, float],
) -> Match:
    changes = []
    if orientation_words(orientation):
        changes.append(orientation_words(orientation))
    same_frame = min(inside) > 0.995
    if not same_frame:
        if inside[0] < inside[1]:
            changes.append(f"cropped to {inside[0]:.0%}")
        else:
            changes.append(f"with {1 / inside[1] - 1:.0%} around it")
    if abs(np.log(scale)) > 0.01:
        changes.append(f"{'smaller' if scale < 1 else 'larger'} ({scale:.0%})")
    changed = 1 - agreement.coarse
    return Match("near", scale, agreement.coarse, tuple(changes))


def _stretched(a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8]) -> tuple[Floats, Floats, Floats]:
    """Return two whole pictures in the size of the smaller one, and a mask of ones."""
    height, width = a.shape if max(a.shape) <= max(b.shape) else b.shape
    size = (width, height)
    pair = [
        cv2.resize(one, size, interpolation=cv2.INTER_AREA).astype(np.float32) for one in (a, b)
    ]
    return pair[0], pair[1], np.ones((height, width), dtype=np.float32)


def _register(first: Picture, second: Picture, orientation: int) -> npt.NDArray[np.float64] | None:
    """Return the matrix `(2, 3)` that moves the second picture onto the first; scale and shift."""
    one, other = first.keypoints(0), second.keypoints(orientation)
    if len(one.points) < MIN_MATCHES or len(other.points) < MIN_MATCHES:
        return None
    similar = one.descriptors @ other.descriptors.T
    rows = np.arange(len(similar))
    nearest = similar.argmax(axis=1)
    best = similar[rows, nearest]
    similar[rows, nearest] = -1
    apart = np.sqrt(np.maximum(2 - 2 * np.stack([best, similar.max(axis=1)]), 0))
    matched = apart[0] < MAX_RATIO * apart[1]
    if matched.sum() < MIN_MATCHES:
        return None
    to, since = one.points[matched], other.points[nearest[matched]]
    warp, inliers = cv2.estimateAffine2D(
        since, to, method=cv2.RANSAC, ransacReprojThreshold=MAX_ERROR
    )
    if warp is None or inliers.sum() < MIN_MATCHES:
        return None
    across, down = warp[0, 0], warp[1, 1]
    if min(across, down) < 1 / MAX_SCALE or max(across, down) > MAX_SCALE:
        return None
    sheared = max(abs(warp[0, 1]), abs(warp[1, 0])) > MAX_SHEAR * max(across, down)
    if sheared or abs(np.log(across / down)) > MAX_STRETCH:
        return None
    return np.asarray(warp, dtype=np.float64)


def _warped(
    a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8], warp: npt.NDArray[np.float64]
) -> tuple[Floats, Floats, Floats]:
    """Return two pictures in the frame of the first, and where both have pixels."""
    enlarged = max(warp[0, 0], warp[1, 1])
    factor = min(1.0, 1 / enlarged)  # no larger than both have details for
    size = max(1, round(a.shape[1] * factor)), max(1, round(a.shape[0] * factor))
    warp = warp * factor
    reduced = min(warp[0, 0], warp[1, 1])
    if reduced < 0.9:
        b = cv2.GaussianBlur(b, (0, 0), 0.5 / reduced)
    one = cv2.resize(a, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    other = cv2.warpAffine(b, warp, size, flags=cv2.INTER_LINEAR).astype(np.float32)
    mask = cv2.warpAffine(np.ones(b.shape, dtype=np.float32), warp, size, flags=cv2.INTER_LINEAR)
    return one, other, mask


def _share_inside(
    a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8], warp: npt.NDArray[np.float64]
) -> float:
    """Return the share of the second picture that lies within the first."""
    left, top = warp[0, 2], warp[1, 2]
    wide, high = warp[0, 0] * b.shape[1], warp[1, 1] * b.shape[0]
    shown_wide = min(left + wide, a.shape[1]) - max(left, 0)
    shown_high = min(top + high, a.shape[0]) - max(top, 0)
    return float(max(shown_wide, 0) * max(shown_high, 0) / (wide * high))


def _agreement(a: Floats, b: Floats, mask: Floats) -> Agreement:
    factor = COARSE_SIDE / max(a.shape)
    small = [a, b, mask]
    if factor < 1:
        size = max(1, round(a.shape[1] * factor)), max(1, round(a.shape[0] * factor))
        small = [cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in small]
    blurred = [cv2.GaussianBlur(one, (0, 0), 1.0) for one in small[:2]]
    coarse = _blocks(blurred[0], blurred[1], small[2])[0]
    if not MIN_AGREEING_CHANGED <= coarse < MIN_AGREEING:
        return Agreement(coarse)
    return Agreement(coarse, *_blocks(a, b, mask))


def _blocks(a: Floats, b: Floats, mask: Floats) -> tuple[float, float]:
    """Return the share of blocks that agree, and the median of their correlations.

    Light and contrast may differ: the gray values of one picture are first brought to the
    distribution of those of the other, in both directions, of which the better one counts:
    where highlights were cut off, one of them has lost details.
    """
    valid = mask > 0.95
    if valid.sum() < MIN_BLOCKS:
        return 0.0, 0.0
    return max(_blocks_of(a, _toned(b, a, valid), mask), _blocks_of(_toned(a, b, valid), b, mask))


def _toned(values: Floats, like: Floats, valid: npt.NDArray[np.bool_]) -> Floats:
    levels = np.linspace(0, 100, 65)
    own, index = np.unique(np.percentile(values[valid], levels), return_index=True)
    return np.interp(values, own, np.percentile(like[valid], levels)[index]).astype(np.float32)


def _blocks_of(a: Floats, b: Floats, mask: Floats) -> tuple[float, float]:
    side = max(4, round(max(a.shape) / N_BLOCKS))
    down, across = a.shape[0] // side, a.shape[1] // side
    one, other, seen = (
        values[: down * side, : across * side]
        .reshape(down, side, across, side)
        .swapaxes(1, 2)
        .reshape(down * across, -1)
        for values in (a, b, mask)
    )
    valid = seen.mean(axis=1) > 0.95
    if valid.sum() < MIN_BLOCKS:
        return 0.0, 0.0
    one, other = one[valid], other[valid]
    means = one.mean(axis=1), other.mean(axis=1)
    spreads = one.std(axis=1), other.std(axis=1)
    products = ((one - means[0][:, np.newaxis]) * (other - means[1][:, np.newaxis])).mean(axis=1)
    correlation = products / np.maximum(spreads[0] * spreads[1], 1e-6)
    textured = np.maximum(*spreads) > MIN_CONTRAST
    near = np.abs(means[0] - means[1]) < MAX_MEANS_APART
    agrees = np.where(textured, correlation > MIN_CORRELATION, near)
    median = float(np.median(correlation[textured])) if textured.any() else 1.0
    return float(agrees.mean()), median

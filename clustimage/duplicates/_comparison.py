"""Whether two pictures are versions of one photo, by their pixels."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from clustimage.duplicates._agreement import Agreement, Overlap, agreement_of
from clustimage.duplicates._orientation import is_mirrored, orient, orientation_words
from clustimage.duplicates._picture import Picture
from clustimage.duplicates._registration import register, share_inside, warped

__all__ = ["Match", "compare"]

MIN_INSIDE = 0.96  # share of the smaller picture that lies within the larger one
SAME_FRAME = 0.995  # share of each that the other shows, where no edge was cut off

# Largest differences of two pictures with the same pixels, in gray values: of the means of their
# parts, of their medians, and of their pixels. Measured on 60 photos, a quarter and half of them,
# thumbnails of 64 pixels, and JPEG of quality 30: below. Lighter by 5 %: 2 and more in the median.
MAX_COLOR_APART = 4.0
MAX_MEDIANS_APART = 1.0
MAX_PIXELS_APART = 14.0
MAX_LIT_PIXELS_APART = 64.0  # where light or colours differ, too

MIN_BRIGHTER = 3.0  # gray values that count as lighter or darker
MIN_COLOR_LOST = 4.0  # mean difference of the channels of a picture in colour
MIN_CHANGED = 0.02  # share of the blocks
MAX_STRETCH = 0.03  # logarithm of the quotient of two aspect ratios that are the same


class Match(NamedTuple):
    """How the second of two pictures differs from the first.

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

    They are laid on one another as whole pictures, and where that does not fit by what SIFT
    finds in both. A version of a photo may be moved and larger or smaller, but not turned by
    some degrees or skewed, as the next photo of a camera in the hand is, and one of the two
    lies within the other.

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
    overlap = _stretched(first.gray, turned)
    agreement = agreement_of(overlap)
    if agreement.is_same:
        scale = math.sqrt(second.height * second.width / (first.height * first.width))
        return _match(first, second, orientation, agreement, scale, (1.0, 1.0))
    warp = register(first.keypoints(0), second.keypoints(orientation))
    if warp is None:
        return None
    inside = share_inside(first.gray.shape, turned.shape, warp)
    if max(inside) < MIN_INSIDE or min(inside) < min_share:
        return None
    agreement = agreement_of(warped(first.gray, turned, warp))
    if not agreement.is_same:
        return None
    scale = second.reduced_from / first.reduced_from / math.sqrt(warp[0, 0] * warp[1, 1])
    return _match(first, second, orientation, agreement, scale, inside)


def _stretched(a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8]) -> Overlap:
    """Return two whole pictures in the size of the smaller one."""
    height, width = a.shape if max(a.shape) <= max(b.shape) else b.shape
    one, other = (
        np.asarray(cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        for gray in (a, b)
    )
    return Overlap(one, other, np.ones((height, width), dtype=bool))


def _match(
    first: Picture,
    second: Picture,
    orientation: int,
    agreement: Agreement,
    scale: float,
    inside: tuple[float, float],
) -> Match:
    """Return the kind of a match, and in words what is different in the second picture."""
    whole = min(inside) > SAME_FRAME
    color = np.moveaxis(orient(np.moveaxis(second.color, 2, 0), orientation), 0, 2)
    color_apart = float(np.abs(color - first.color).mean())
    lit = color_apart > MAX_COLOR_APART or abs(agreement.brighter) > MAX_MEDIANS_APART
    same = whole and not lit and agreement.apart <= MAX_PIXELS_APART
    changes = [orientation_words(orientation)] if orientation else []
    if not whole:
        cut = inside[0] < inside[1]
        changes.append(
            f"cropped to {inside[0]:.0%}" if cut else f"{1 / inside[1] - 1:.0%} more around it"
        )
    stretched = whole and _is_stretched(first, second, orientation)
    if stretched:
        changes.append("stretched")
    if not same:
        changed = 1 - agreement.share
        light = _light(agreement.brighter, first, second)
        if changed >= MIN_CHANGED:
            light.append(f"{changed:.0%} of it changed")
        elif whole and agreement.apart > (MAX_LIT_PIXELS_APART if lit else MAX_PIXELS_APART):
            light.append("a small part changed")
        changes += light or (["other colours"] if whole and lit else [])
    if orientation:
        kind = "mirrored" if is_mirrored(orientation) else "turned"
    else:
        kind = "same pixels" if same and not stretched else "near"
    return Match(kind, scale, agreement.share, tuple(changes))


def _is_stretched(first: Picture, second: Picture, orientation: int) -> bool:
    aspect = second.height / second.width if orientation & 4 else second.width / second.height
    pixel = 1 / min(*first.gray.shape, *second.gray.shape)
    return bool(abs(math.log(aspect * first.height / first.width)) > MAX_STRETCH + pixel)


def _light(brighter: float, first: Picture, second: Picture) -> list[str]:
    words = []
    if abs(brighter) >= MIN_BRIGHTER:
        words.append("lighter" if brighter > 0 else "darker")
    colorful = [float(np.ptp(one.color, axis=2).mean()) for one in (first, second)]
    if min(colorful) < 1 and max(colorful) > MIN_COLOR_LOST:
        words.append("without colour" if colorful[0] > colorful[1] else "in colour")
    return words

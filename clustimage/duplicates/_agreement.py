"""How far two pictures that lie on one another agree, block by block."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Agreement", "Overlap", "agreement_of"]

Floats = npt.NDArray[np.float32]

COARSE_SIDE = 160  # pixels of the longer side; a JPEG of low quality is as its original there
N_BLOCKS = 12  # along the longer side
MIN_BLOCKS = 12
MIN_CONTRAST = 6.0  # standard deviation of a block below which its mean alone is compared
MIN_CORRELATION = 0.9  # of a block that agrees
MAX_MEANS_APART = 10.0  # of a block without contrast, in gray values
MIN_SEEN = 0.95  # share of a block, or of a pixel, that both pictures show
N_LEVELS = 65  # of gray, by which two distributions are matched

# Versions of one photo agree nearly everywhere when they are small. Where a part was changed,
# as by a text, the rest agrees to the last detail, which two photos of one scene do not.
MIN_AGREEING = 0.95
MIN_AGREEING_CHANGED = 0.7
MIN_AGREEING_FINE = 0.7
MIN_MEDIAN_FINE = 0.97


class Overlap(NamedTuple):
    """Gray values of two pictures in one frame, and 1 where both have pixels, `(h, w)` each."""

    first: Floats
    second: Floats
    mask: Floats


class Agreement(NamedTuple):
    """How far two registered pictures agree.

    Attributes
    ----------
    coarse, fine : float
        Share of the blocks that agree, at `COARSE_SIDE` and at full size.
    correlation : float
        Median over the blocks, at full size.
    brighter : float
        By how many gray values the second one is brighter.
    apart : float
        Gray values between them where they differ most.
    """

    coarse: float
    fine: float
    correlation: float
    brighter: float
    apart: float

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


def agreement_of(overlap: Overlap) -> Agreement:
    """Measure how far two pictures agree.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> one = cv2.resize(rng.uniform(0, 200, (16, 20)).astype(np.float32), (320, 256))
    >>> mask = np.ones_like(one)
    >>> agreement_of(Overlap(one, one / 2 + 20, mask)).coarse
    1.0
    >>> agreement_of(Overlap(one, one[::-1], mask)).is_same
    False
    """
    factor = COARSE_SIDE / max(overlap.mask.shape)
    a, b, mask = overlap
    if factor < 1:
        size = max(1, round(a.shape[1] * factor)), max(1, round(a.shape[0] * factor))
        a, b, mask = (cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in overlap)
    a, b = (cv2.GaussianBlur(one, (0, 0), 1.0) for one in (a, b))
    coarse = _blocks(a, b, mask)[0]
    both = mask > MIN_SEEN
    difference = (b - a)[both] if both.any() else np.zeros(1, dtype=np.float32)
    fine = correlation = 0.0
    if MIN_AGREEING_CHANGED <= coarse < MIN_AGREEING:
        fine, correlation = _blocks(*overlap)
    brighter, apart = float(np.median(difference)), float(np.abs(difference).max())
    return Agreement(coarse, fine, correlation, brighter, apart)


def _blocks(a: Floats, b: Floats, mask: Floats) -> tuple[float, float]:
    """Return the share of blocks that agree, and the median of their correlations.

    Light and contrast may differ: the gray values of one picture are first brought to the
    distribution of those of the other, in both directions, of which the better one counts:
    where highlights were cut off, one of them has lost details.
    """
    valid = mask > MIN_SEEN
    if valid.sum() < MIN_BLOCKS:
        return 0.0, 0.0
    return max(_blocks_of(a, _toned(b, a, valid), mask), _blocks_of(_toned(a, b, valid), b, mask))


def _toned(values: Floats, like: Floats, valid: npt.NDArray[np.bool_]) -> Floats:
    levels = np.linspace(0, 100, N_LEVELS)
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
    valid = seen.mean(axis=1) > MIN_SEEN
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

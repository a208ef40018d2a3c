"""How far two pictures that lie on one another agree, block by block."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Agreement", "Overlap", "agreement_of"]

Gray = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

SIDE = 160  # pixels of the longer side; a JPEG of low quality is as its original there
N_BLOCKS = 12  # along the longer side
MIN_BLOCKS = 12
MIN_CONTRAST = 6.0  # standard deviation of a block below which its mean alone is compared
MIN_CORRELATION = 0.9  # of a block that agrees
MAX_MEANS_APART = 10.0  # of a block without contrast, in gray values
MIN_SEEN = 0.95  # share of a block that both pictures show

# Measured on pictures of 200 photos: of their versions (JPEG of quality 30, a quarter of the size,
# lighter, cropped, with a border or a text), 99 % have more than this; of 61 pairs of photos of one
# scene or face that lie on one another so well that `MIN_AGREEING` would be reached, 8 %.
MIN_AGREEING = 0.7
MIN_DETAIL = 0.991
MIN_TEXTURED = 6  # blocks; with less, pictures must be equal up to `MAX_FLAT_APART` gray values
MAX_FLAT_APART = 6.0


class Overlap(NamedTuple):
    """Gray values of two pictures in one frame, and where both have pixels, `(h, w)` each."""

    first: Gray
    second: Gray
    mask: Mask


class Agreement(NamedTuple):
    """How far two registered pictures agree.

    Attributes
    ----------
    share : float
        Share of the blocks that agree.
    detail : float
        Mean correlation of the blocks with contrast that agree. Versions of one photo show the
        same details, two photos of one scene nearly the same.
    brighter : float
        By how many gray values the second one is brighter.
    apart : float
        Gray values between them where they differ most, without a difference of light.
    """

    share: float
    detail: float
    brighter: float
    apart: float

    @property
    def is_same(self) -> bool:
        """Whether they are versions of one photo."""
        return self.share >= MIN_AGREEING and self.detail >= MIN_DETAIL


def agreement_of(overlap: Overlap) -> Agreement:
    """Measure how far two pictures agree.

    Light and contrast may differ. Blocks are compared as they are, and with the gray values of
    one picture brought to the distribution of those of the other, in both directions; the best
    of the three counts. Where highlights were cut off, one of the pictures has lost details.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> one = cv2.resize(rng.integers(0, 200, (16, 20), dtype=np.uint8), (320, 256))
    >>> mask = np.ones(one.shape, dtype=bool)
    >>> agreement_of(Overlap(one, one // 2 + 20, mask)).is_same
    True
    >>> agreement_of(Overlap(one, one[::-1], mask)).is_same
    False
    """
    factor = SIDE / max(overlap.mask.shape)
    a, b, mask = overlap
    if factor < 1:
        size = max(1, round(a.shape[1] * factor)), max(1, round(a.shape[0] * factor))
        a, b = (
            np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
            for one in (a, b)
        )
        mask = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    a, b = (np.asarray(cv2.GaussianBlur(one, (0, 0), 1.0), dtype=np.uint8) for one in (a, b))
    if np.count_nonzero(mask) < MIN_BLOCKS:
        return Agreement(0.0, 0.0, 0.0, 255.0)
    brighter = float(np.median(b[mask].astype(np.int16) - a[mask]))
    pairs = (a, b), (a, _toned(b, a, mask)), (_toned(a, b, mask), b)
    share, detail, n_textured = max(_blocks(one, other, mask) for one, other in pairs)
    apart = float(min(cv2.absdiff(one, other)[mask].max() for one, other in pairs))
    if n_textured < MIN_TEXTURED:
        detail = float(apart <= MAX_FLAT_APART)
    return Agreement(share, detail, brighter, apart)


def _toned(values: Gray, like: Gray, mask: Mask) -> Gray:
    """Return gray values in the distribution of those of another picture."""
    own, other = (np.cumsum(np.bincount(one[mask], minlength=256)) for one in (values, like))
    levels = np.interp(own, other, np.arange(256))
    return np.asarray(np.rint(levels).astype(np.uint8)[values])


def _blocks(a: Gray, b: Gray, mask: Mask) -> tuple[float, float, int]:
    """Return share and detail as in `Agreement`, and the number of blocks with contrast."""
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
    if np.count_nonzero(valid) < MIN_BLOCKS:
        return 0.0, 0.0, 0
    one, other = one[valid].astype(np.float32), other[valid].astype(np.float32)
    means = one.mean(axis=1), other.mean(axis=1)
    one -= means[0][:, np.newaxis]
    other -= means[1][:, np.newaxis]
    squares = np.einsum("ij,ij->i", one, one), np.einsum("ij,ij->i", other, other)
    products = np.einsum("ij,ij->i", one, other)
    correlation = products / np.sqrt(np.maximum(squares[0] * squares[1], 1e-6))
    textured = np.maximum(*squares) > MIN_CONTRAST**2 * one.shape[1]
    near = np.abs(means[0] - means[1]) < MAX_MEANS_APART
    agrees = np.where(textured, correlation > MIN_CORRELATION, near)
    alike = correlation[textured & agrees]
    detail = float(alike.mean()) if len(alike) else 0.0
    return float(agrees.mean()), detail, int(np.count_nonzero(textured))

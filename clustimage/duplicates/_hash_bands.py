"""Candidates among hashes that are too many for all pairs: those that agree in some bits.

A band is some bits of the hash, and its value the least number that they form in any of the eight
orientations, so that a picture and its mirrored copy have one value. Images with the same value in
one of the bands are compared. Locality-sensitive hashing by sampled bits [1]_.

References
----------
.. [1] P. Indyk and R. Motwani (1998). Approximate nearest neighbors: towards removing the curse of
   dimensionality. STOC, 604-613. :doi:`10.1145/276698.276876`
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clustimage._core.row_digests import row_digests
from clustimage.duplicates._hash_pairs import are_near
from clustimage.duplicates._hashes import N_BITS, Hashes, Signs, is_flat, turned_bits
from clustimage.duplicates._orientation import ORIENTATIONS

__all__ = [
    "N_BANDS",
    "BandMembers",
    "are_flat",
    "band_values",
    "band_width",
    "pack_signs",
    "pairs_in_band",
]

# Of the pairs of 150 photos and ten edits of each that are near, these bands find 0.98 at 17 bits
# (100,000 images), 0.97 at 20 (a million), 0.94 at 24 and 0.90 at 27 (a hundred million). Of
# pairs of other photos 1.6e-4 have a value in common in a band of 16 bits, 2e-6 in one of 24.
N_BANDS = 32
MIN_WIDTH, MAX_WIDTH = 12, 32  # bits
MAX_OF_A_HASH = 5  # images with one hash that are compared with those of other hashes
MAX_COMPARED = 512  # images after each, in the order of the next band, that it is compared with
N_PAIRS_AT_ONCE = 32_768
ROWS_PER_BLOCK = 65_536

# Bits that are set in each number of 16 bits. Two signs that are opposite differ in two bits of a
# packed hash, a sign and none in one: half of the bits are never more than the distance.
N_SET = np.unpackbits(np.arange(2**16, dtype=np.uint16).view(np.uint8).reshape(-1, 2), axis=1).sum(
    axis=1, dtype=np.uint8
)

Packed = npt.NDArray[np.uint8]
Values = npt.NDArray[np.int64]


class BandMembers(NamedTuple):
    """Images that may have a value of a band in common.

    Attributes
    ----------
    ids : ndarray of int64, shape (n,)
        Numbers of the images.
    whole, inner : ndarray of uint8, shape (n, 32)
        Their hashes, packed.
    has_whole, has_inner : ndarray of bool, shape (n,)
        Whether the hash of the whole image, and of its inner part, has such a value.
    """

    ids: npt.NDArray[np.int64]
    whole: Packed
    inner: Packed
    has_whole: npt.NDArray[np.bool_]
    has_inner: npt.NDArray[np.bool_]


def pack_signs(signs: Signs) -> Packed:
    """Return hashes `(n, 128)` as two bits for each sign, `(n, 32)`.

    Examples
    --------
    >>> signs = np.random.default_rng(0).integers(-1, 2, (3, 128)).astype(np.int8)
    >>> bool((unpack_signs(pack_signs(signs)) == signs).all())
    True
    """
    return np.packbits(np.concatenate([signs > 0, signs < 0], axis=1), axis=1)


def unpack_signs(packed: Packed) -> Signs:
    """Return what `pack_signs` has packed."""
    bits = np.unpackbits(packed, axis=1).astype(np.int8)
    return bits[:, :N_BITS] - bits[:, N_BITS:]


def are_flat(packed: Packed) -> npt.NDArray[np.bool_]:
    """Return which packed hashes of whole images are noise, as these have no contrast."""
    return is_flat(unpack_signs(packed))


def band_width(n_images: int) -> int:
    """Return the bits of a band: as many as tell so many images apart.

    Examples
    --------
    >>> band_width(100), band_width(100_000), band_width(10**6)
    (12, 17, 20)
    """
    return min(MAX_WIDTH, max(MIN_WIDTH, math.ceil(math.log2(max(2, n_images)))))


def band_values(
    packed: Packed, band: int, width: int, orientations: Sequence[int] = ORIENTATIONS
) -> Values:
    """Return the value of a band of each hash `(n, 32)`: the least in some orientations."""
    return _values_and_turns(packed, band, width, orientations)[0]


def _values_and_turns(
    packed: Packed, band: int, width: int, orientations: Sequence[int]
) -> tuple[Values, npt.NDArray[np.intp]]:
    """Return the values of a band, and which orientation has it."""
    rng = np.random.default_rng([band, N_BANDS])
    bits = rng.choice(N_BITS, width, replace=False)
    columns = turned_bits(orientations)[:, bits]
    weights = (2 ** np.arange(width)[::-1]).astype(np.float32 if width <= 24 else np.float64)
    values = np.empty(len(packed), np.int64)
    turns = np.empty(len(packed), np.intp)
    for start in range(0, len(packed), ROWS_PER_BLOCK):
        rows = slice(start, start + ROWS_PER_BLOCK)
        unpacked = np.unpackbits(packed[rows], axis=1)
        of_turns = np.stack([unpacked[:, some].astype(weights.dtype) @ weights for some in columns])
        values[rows], turns[rows] = of_turns.min(axis=0), of_turns.argmin(axis=0)
    return values, turns


def _turned(
    packed: Packed, turns: npt.NDArray[np.intp], orientations: Sequence[int]
) -> npt.NDArray[np.uint16]:
    """Return hashes, each in one of some orientations, as 16 numbers of 16 bits."""
    out = np.empty_like(packed)
    brighter = turned_bits(orientations)
    for turn, columns in enumerate(brighter):
        both = np.concatenate([columns, (columns + N_BITS) % (2 * N_BITS)])
        rows = np.flatnonzero(turns == turn)
        for start in range(0, len(rows), ROWS_PER_BLOCK):
            some = rows[start : start + ROWS_PER_BLOCK]
            out[some] = np.packbits(np.unpackbits(packed[some], axis=1)[:, both], axis=1)
    return out.view(np.uint16)


def pairs_in_band(
    members: BandMembers,
    band: int,
    width: int,
    max_distance: float,
    orientations: Sequence[int] = ORIENTATIONS,
) -> npt.NDArray[np.int64]:
    """Return the pairs `(2, n_pairs)` of images with a value in common whose hashes are near.

    Near is what `near_pairs` finds, where they agree in the orientations that have the value.
    Of images with one hash, five are compared with all others that have the value; the rest are
    paired with these five, in the first band. Of very many images with one value, each is
    compared with some that are near to it in the order of the next band.
    """
    rank = _rank_in_hash(members)
    found = [np.empty((2, 0), np.int64)]
    if band == 0:
        found.append(_pairs_of_hash(members, rank))
    kept = rank < MAX_OF_A_HASH
    whole = np.flatnonzero(members.has_whole & kept)
    inner = np.flatnonzero(members.has_inner & kept)
    rows = np.concatenate([whole, inner])
    is_inner = np.arange(len(rows)) >= len(whole)
    packed = np.concatenate([members.whole[whole], members.inner[inner]])
    values, turns = _values_and_turns(packed, band, width, orientations)
    turned = _turned(packed, turns, orientations)
    order = np.lexsort((band_values(packed, band + 1, width, orientations), values))
    rows, is_inner, values, turned = rows[order], is_inner[order], values[order], turned[order]
    for one, other in _with_one_value(values):
        likely = N_SET[turned[one] ^ turned[other]].sum(axis=1) <= 2 * max_distance
        likely &= (rows[one] != rows[other]) & ~(is_inner[one] & is_inner[other])
        first, second = rows[one[likely]], rows[other[likely]]
        some, at = np.unique(np.concatenate([first, second]), return_inverse=True)
        hashes = Hashes(
            unpack_signs(members.whole[some]),
            unpack_signs(members.inner[some]),
            np.zeros(len(some), bool),
        )
        near = are_near(hashes, at[: len(first)], at[len(first) :], max_distance)
        found.append(members.ids[np.stack([first[near], second[near]])])
    return np.unique(np.sort(np.concatenate(found, axis=1), axis=0), axis=1)


def _with_one_value(
    values: Values,
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Yield pairs of positions with one value in an array that is sorted, some at a time."""
    at = np.arange(len(values))
    for step in range(1, MAX_COMPARED + 1):
        at = at[at + step < len(values)]
        at = at[values[at] == values[at + step]]
        if not len(at):
            return
        for start in range(0, len(at), N_PAIRS_AT_ONCE):
            some = at[start : start + N_PAIRS_AT_ONCE]
            yield some, some + step


def _rank_in_hash(members: BandMembers) -> npt.NDArray[np.intp]:
    """Return of each image how many with the same hashes come before it, by their numbers."""
    digests = row_digests(np.concatenate([members.whole, members.inner], axis=1))
    order = np.lexsort((members.ids, digests))
    new = np.r_[True, np.diff(digests[order]) != 0][: len(order)]
    starts = np.flatnonzero(new)
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    return rank


def _pairs_of_hash(members: BandMembers, rank: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
    """Return the pairs of an image that is beyond the fifth of its hash with those five."""
    here = np.flatnonzero(members.has_whole & (rank >= 0))
    digests = row_digests(np.concatenate([members.whole[here], members.inner[here]], axis=1))
    order = here[np.lexsort((members.ids[here], digests))]
    ranks = rank[order]
    rest = np.flatnonzero(ranks >= MAX_OF_A_HASH)
    pairs = [
        np.stack([members.ids[order[rest - ranks[rest] + k]], members.ids[order[rest]]])
        for k in range(MAX_OF_A_HASH)
    ]
    return np.concatenate([np.empty((2, 0), np.int64), *pairs], axis=1)

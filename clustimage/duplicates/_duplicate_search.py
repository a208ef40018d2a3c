"""Groups of images that are versions of one photo: candidates by hashes, checked on pixels."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

from clustimage._core.logs import progress
from clustimage._core.parallel import run_ordered
from clustimage.duplicates._comparison import Match, compare
from clustimage.duplicates._hash_pairs import near_pairs
from clustimage.duplicates._hashes import hash_distance, hash_images
from clustimage.duplicates._linking import components, join
from clustimage.duplicates._orientation import is_mirrored
from clustimage.duplicates._picture import COMPARED_SIDE, Picture, PictureStore
from clustimage.images import Images, ImageStatus, gather_photos, read_upright

__all__ = ["KINDS", "DuplicateSearch", "Wanted"]

KINDS = ("exact", "same pixels", "near", "turned", "mirrored")

SHARPNESS_SIDE = 1024  # pixels of the longer side of photos of a burst, whose sharpness counts
MAX_BURST_DISTANCE = 40  # bits
SECONDS_OF_ONE_PHOTO = 1.0  # by which the dates of two versions may differ
MAX_PICTURES_OF_A_HASH = 10
N_PAIRS_AT_ONCE = 64

Pair = tuple[int, int]


@dataclass(frozen=True)
class Wanted:
    """What counts as a duplicate.

    Attributes
    ----------
    max_distance : int
        Most bits in which the hashes of two candidates differ.
    min_share : float
        Share of the larger picture that a crop has left.
    kinds : tuple of str
        Some of `KINDS`.
    burst : float or None
        Seconds between photos of a burst; None looks for no bursts.
    """

    max_distance: int
    min_share: float
    kinds: tuple[str, ...] = KINDS
    burst: float | None = None


class DuplicateSearch:
    """Looks for duplicates among images.

    Parameters
    ----------
    images : Images
        With small pixels, from which the hashes are made, and their sources.
    wanted : Wanted
        What counts as a duplicate.
    n_jobs : int, optional
        Number of threads.
    known : mapping of (int, int) to Match, optional
        What `compare` returns of some pairs of rows, which are not compared again.
    """

    def __init__(
        self,
        images: Images,
        wanted: Wanted,
        n_jobs: int | None,
        known: Mapping[Pair, Match] | None = None,
    ) -> None:
        self.images, self.wanted, self.n_jobs = images, wanted, n_jobs
        self._known = known or {}
        self.status = [row for row in images.status if row.status == "ok" and row.is_input]
        self.hashes = hash_images(images.pixels)
        self._pictures = PictureStore(self._read)
        self._same: dict[int, int] = {}

    def groups(self, rows: Sequence[int]) -> list[list[int]]:
        """Return the groups among some rows, two or more in each."""
        linked: set[Pair] = set()
        seen: set[Pair] = set()
        candidates = self._candidates(rows)
        starts = range(0, len(candidates), N_PAIRS_AT_ONCE)
        for start in progress(starts, desc="Comparing candidates", unit="block"):
            block = candidates[start : start + N_PAIRS_AT_ONCE]
            ordered = dict.fromkeys(self._ordered(*pair) for pair in block)
            pairs = [pair for pair in ordered if pair is not None and pair not in seen]
            seen.update(pairs)
            self._link_all(pairs, linked)
        linked = {pair for one in linked if (pair := self._ordered(*one)) is not None}
        found = []
        for part in components(linked):
            pairs = [pair for pair in combinations(part, 2) if pair not in seen]
            self._link_all(pairs, linked)
            found += join(part, linked)
        return self._with_same(found, rows)

    def bursts(self, rows: Sequence[int]) -> list[Pair]:
        """Return pairs of photos that follow one another within the seconds of a burst."""
        if self.wanted.burst is None:
            return []
        taken = [(at, row) for row in rows if (at := self.status[row].taken) is not None]
        taken.sort()
        return [
            (one, other)
            for (at, one), (later, other) in zip(taken, taken[1:], strict=False)
            if later - at <= self.wanted.burst
            and hash_distance(self.hashes, one, other)[0] <= MAX_BURST_DISTANCE
        ]

    def compare(self, one: int, other: int) -> Match | None:
        """Return how the second of two images differs from the first; None for two photos.

        Photos whose cameras say that they were taken at two moments are two photos.
        """
        if (one, other) in self._known:
            return self._known[one, other]
        if _taken_apart(self.status[one], self.status[other]):
            return None
        first, second = self._pictures.get(one), self._pictures.get(other)
        if first is None or second is None:
            return None
        _, orientation = hash_distance(self.hashes, one, other)
        return compare(first, second, orientation, self.wanted.min_share)

    def compare_all(self, pairs: Sequence[Pair], *, desc: str | None = None) -> list[Match | None]:
        """Return what `compare` does of every pair."""
        with threadpool_limits(1, user_api="blas"):  # as its threads would wait for one another
            return list(
                run_ordered(lambda pair: self.compare(*pair), pairs, n_jobs=self.n_jobs, desc=desc)
            )

    def distance(self, one: int, other: int) -> int:
        """Return in how many bits the hashes of two images differ."""
        return int(hash_distance(self.hashes, one, other)[0])

    def likely_kind(self, one: int, other: int) -> str:
        """Return the kind of two images by their hashes alone."""
        _, orientation = hash_distance(self.hashes, one, other)
        if not orientation:
            return "near"
        return "mirrored" if is_mirrored(orientation) else "turned"

    def sharpness(self, row: int) -> float:
        """Return the variance of the Laplacian of a photo, 1024 pixels wide or high at most."""
        picture = self._decoded(row, SHARPNESS_SIDE)
        if picture is None:
            return 0.0
        gray = cv2.cvtColor(picture[0], cv2.COLOR_RGB2GRAY)
        factor = SHARPNESS_SIDE / max(gray.shape)
        if factor < 1:
            gray = cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        return float(cv2.Laplacian(gray, cv2.CV_64F).var())

    # --- candidates -----------------------------------------------------------------------------

    def _candidates(self, rows: Sequence[int]) -> list[Pair]:
        by_hash: defaultdict[bytes, list[int]] = defaultdict(list)
        for row in rows:
            if not self.hashes.is_flat[row]:
                by_hash[self.hashes.whole[row].tobytes()].append(row)
        left = []
        for some in by_hash.values():
            left += self._without_same(some)
        near = near_pairs(
            self.hashes, np.array(left, np.intp), self.wanted.max_distance, n_jobs=self.n_jobs
        )
        return list(zip(near.first.tolist(), near.second.tolist(), strict=True))

    def _without_same(self, rows: list[int]) -> list[int]:
        """Return images of one hash without those that have the pixels of another one.

        Thousands of copies of one picture are then not compared pair by pair.
        """
        different: list[int] = []
        for row in rows:
            for other in different[:MAX_PICTURES_OF_A_HASH]:
                match = self.compare(other, row)
                if match is not None and match.kind == "same pixels" and self._is_wanted(match):
                    self._join_same(other, row)
                    break
            else:
                different.append(row)
        return different

    def _link_all(self, pairs: list[Pair], linked: set[Pair]) -> None:
        for pair, match in zip(pairs, self.compare_all(pairs), strict=True):
            if match is not None and self._is_wanted(match):
                linked.add(pair)
                if match.kind == "same pixels":
                    self._join_same(*pair)

    def _is_wanted(self, match: Match) -> bool:
        return match.kind in self.wanted.kinds

    # --- images with the same pixels, of which one stands for all --------------------------------

    def _stands_for(self, row: int) -> int:
        while row in self._same:
            row = self._same[row]
        return row

    def _ordered(self, i: int, j: int) -> Pair | None:
        i, j = self._stands_for(i), self._stands_for(j)
        return None if i == j else (min(i, j), max(i, j))

    def _join_same(self, i: int, j: int) -> None:
        """Let the larger of two images with the same pixels stand for both."""
        i, j = self._stands_for(i), self._stands_for(j)
        if i != j:
            larger, other = (i, j) if self._size(i) >= self._size(j) else (j, i)
            self._same[other] = larger

    def _size(self, row: int) -> int:
        picture = self._pictures.get(row)
        return 0 if picture is None else picture.height * picture.width

    def _with_same(self, groups: Iterable[list[int]], rows: Sequence[int]) -> list[list[int]]:
        """Return groups with the images for which one of them stands."""
        members: defaultdict[int, list[int]] = defaultdict(list)
        for row in rows:
            members[self._stands_for(row)].append(row)
        found: dict[int, list[int]] = {}
        for group in groups:
            roots = sorted({self._stands_for(row) for row in group})
            found[roots[0]] = [row for root in roots for row in members.pop(root, [])]
        found |= {root: some for root, some in members.items() if len(some) > 1}
        return [sorted(some) for some in found.values() if len(some) > 1]

    # --- pictures -------------------------------------------------------------------------------

    def _read(self, row: int) -> Picture | None:
        decoded = self._decoded(row, COMPARED_SIDE)
        return None if decoded is None else Picture(*decoded)

    def _decoded(self, row: int, side: int) -> tuple[np.ndarray, int, int] | None:
        """Return the pixels of an image, a side of which may be reduced, and its size."""
        sources, pathname = self.images.sources, str(self.images.pathnames[row])
        if sources is not None:
            source = sources[row]
        elif os.path.isfile(pathname):  # noqa: PTH113 - of a saved model, which has no sources
            (source,) = gather_photos(pathname, ext=None).items
        else:
            pixels = self.images.pixels[row]
            rgb = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
            return np.ascontiguousarray(rgb), rgb.shape[0], rgb.shape[1]

        def min_size(height: int, width: int) -> tuple[int, int]:
            factor = min(1.0, side / max(height, width))
            return max(1, round(height * factor)), max(1, round(width * factor))

        decoded = read_upright(source, min_size, self.images.limits)
        if isinstance(decoded, str):
            return None
        return decoded.pixels, decoded.height, decoded.width


def _taken_apart(one: ImageStatus, other: ImageStatus) -> bool:
    if one.taken is None or other.taken is None:
        return False
    if one.taken_from != other.taken_from or one.taken_from != "DateTimeOriginal":
        return False
    return abs(one.taken - other.taken) > SECONDS_OF_ONE_PHOTO

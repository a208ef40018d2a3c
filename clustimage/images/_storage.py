"""Where the pixels of images go, in memory or in a file, and what reading them takes.

All of it is arithmetic that is done before the first image is read, by the same function for
the run and for its plan.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from clustimage._core.budget import Budget
from clustimage._core.errors import MemoryLimitError
from clustimage._core.file_arrays import WINDOW, free_bytes, lies_in_memory, new_array
from clustimage._core.free_memory import format_bytes
from clustimage._core.logs import get_logger
from clustimage._core.parallel import MOST_IN_PART, PARTS_PER_WORKER, n_workers
from clustimage._core.plan import Step
from clustimage.images.cache._cached_reader import bytes_waiting

__all__ = [
    "PER_IMAGE",
    "Place",
    "Way",
    "decoding_ways",
    "store_pixels",
    "plan_images",
    "scaling_ways",
]

logger = get_logger(__name__)

# Bytes per value of a small image while a JPEG is decoded: it comes at up to twice the size in
# each direction, and is scaled to a second array. Other files are decoded whole: not known before.
DECODING = 8
# Bytes per value of an array while it is scaled: what float64 copies of it take together.
SCALING = 40
SCALED_AT_ONCE = 1 << 17  # values

# Bytes of names, status and digest of one image.
PER_IMAGE = 700


class Way(NamedTuple):
    """How to read: workers, or values at once, and the bytes that takes beside the pixels."""

    at_once: int
    n_bytes: int


@dataclass(frozen=True)
class Place:
    """Where the pixels of some images go; see `store_pixels`.

    Attributes
    ----------
    shape : (n, height, width, channels)
        Of the pixels.
    in_file : bool
        Whether they live in a file, not in memory.
    way : Way
        How they are read.
    budget : Budget or None
        By which that was decided.
    """

    shape: tuple[int, int, int, int]
    in_file: bool
    way: Way
    budget: Budget | None

    @property
    def n_bytes(self) -> int:
        """What the pixels take."""
        return math.prod(self.shape)

    @property
    def why(self) -> str:
        """How it was decided, in words and numbers."""
        if self.budget is None:
            return "no limit was given"
        relation = "more than" if self.in_file else "not more than"
        return (
            f"{format_bytes(self.n_bytes)} of pixels are {relation} half of the "
            f"{format_bytes(self.budget.left)} that are left ({self.budget.words})"
        )

    def make(self, folder: str | os.PathLike[str] | None) -> np.ndarray:
        """Return room for the pixels, uint8 of `shape`; say it where it is in a file.

        Raises
        ------
        DiskSpaceError, InvalidParameterError
            As `new_array`.
        """
        if not self.in_file:
            return np.empty(self.shape, dtype=np.uint8)
        what = f"The pixels of {self.shape[0]:,} images"
        pixels = new_array(self.shape, np.uint8, folder=folder, what=what)
        where = tempfile.gettempdir() if folder is None else os.fsdecode(folder)
        logger.info("%s go into a file in %s, not into memory: %s.", what, where, self.why)
        return pixels


def store_pixels(
    n_images: int,
    shape: tuple[int, int, int],
    budget: Budget | None,
    ways: Sequence[Way],
    *,
    instead: str = "",
) -> Place:
    """Decide where the pixels of images go, and how the images are read.

    In memory where they take at most half of what is left of the budget, so that as much
    remains for the stages after; else in a file.

    Parameters
    ----------
    n_images : int
        How many images.
    shape : (height, width, channels)
        Of one image.
    budget : Budget or None
        What may be taken; None is no limit.
    ways : sequence of Way
        Ways to read them, from the fastest to the one that takes least; the first that fits
        is taken.
    instead : str, optional
        What else can be done, for the error.

    Returns
    -------
    Place

    Raises
    ------
    MemoryLimitError
        If even the last of the ways does not fit with the pixels in a file.

    Examples
    --------
    >>> ways = decoding_ways(60_000, (128, 128, 3), n_jobs=2)
    >>> place = store_pixels(60_000, (128, 128, 3), Budget(4_000_000_000), ways)
    >>> place.in_file, place.n_bytes
    (True, 2949120000)
    """
    whole = (n_images, *shape)
    if budget is None:
        return Place(whole, False, ways[0], budget)
    problem = _problem(shape, budget, ways, instead)
    if problem:
        raise MemoryLimitError(problem)
    n_bytes = math.prod(whole)
    for in_file in (False, True) if budget.allows(2 * n_bytes) else (True,):
        for way in ways:
            if budget.allows(way.n_bytes + (0 if in_file else n_bytes)):
                return Place(whole, in_file, way, budget)
    raise AssertionError("the last way fits with the pixels in a file")


def _problem(
    shape: tuple[int, int, int], budget: Budget | None, ways: Sequence[Way], instead: str = ""
) -> str:
    """Return why not even the last way fits, with the pixels in a file; empty where it does."""
    if budget is None:
        return ""
    what = f"Reading images of {shape[0]} x {shape[1]} pixels"
    return budget.problem(ways[-1].n_bytes, what=what, instead=instead)


def decoding_ways(
    n_images: int,
    shape: tuple[int, int, int],
    *,
    n_jobs: int | None = -1,
    cached: bool = False,
    original: int = 0,
) -> list[Way]:
    """Return how images can be decoded one by one: with all workers, with less, with one.

    Parameters
    ----------
    n_images, shape
        As `store_pixels`.
    n_jobs : int, default=-1
        The number of workers that is asked for.
    cached : bool, default=False
        Whether small images are kept in a cache, which waits for some before it writes.
    original : int, default=0
        Values of the largest original, where that is an array; of files it is not known.
    """
    size = math.prod(shape)
    most = min(n_workers(n_jobs), max(1, n_images))
    fixed = min(WINDOW, n_images * size) + (bytes_waiting(size, n_images) if cached else 0)
    work = size * DECODING + original * SCALING
    return [
        Way(workers, fixed + workers * work + images_waiting(n_images, workers) * size)
        for workers in range(most, 0, -1)
    ]


def images_waiting(n_images: int, workers: int) -> int:
    """Return how many results of `run_ordered` there are at most at one time."""
    if workers == 1:
        return 1
    step = max(1, min(MOST_IN_PART, n_images // (PARTS_PER_WORKER * workers)))
    return min(n_images, (2 * workers + 1) * step)


def scaling_ways(n_images: int, n_values: int) -> list[Way]:
    """Return how arrays of so many values each can be scaled: many values at once, or few."""
    most = max(n_values, min(SCALED_AT_ONCE, n_images * n_values))
    fixed = min(WINDOW, n_images * n_values)
    ways = [Way(most, fixed + most * SCALING)]
    while most > n_values:
        most = max(n_values, most // 2)
        ways.append(Way(most, fixed + most * SCALING))
    return ways


def plan_images(
    n_images: int,
    shape: tuple[int, int, int],
    budget: Budget | None,
    folder: str | os.PathLike[str] | None,
    *,
    n_jobs: int | None = -1,
    n_files: int | None = None,
) -> Step:
    """Tell what `load_images` would do with so many images; nothing is read or written.

    Parameters
    ----------
    n_images : int
        How many images.
    shape : (height, width, channels)
        Of one image when it is read; `measure_input` finds both.
    budget : Budget or None
        What may be taken; None is no limit.
    folder : path or None
        The `dirpath`: where the file of the pixels and the cache would be; None is the
        system's temporary folder, without a cache.
    n_jobs : int, default=-1
        Number of workers.
    n_files : int, optional
        How many of them are files, and go into the cache; by default all.

    Returns
    -------
    Step
        Of the stage ``"import_data"``, sizes in bytes. Large originals other than JPEG come
        on top, one per worker: how large they are is known only when they are read.

    Examples
    --------
    >>> step = plan_images(60_000, (128, 128, 3), Budget(16_000_000_000), None, n_jobs=2)
    >>> step.what
    '60,000 images of 128 x 128 pixels in colour, in memory'
    """
    n_bytes = n_images * math.prod(shape)
    in_cache = 0 if folder is None else n_images if n_files is None else n_files
    cached = in_cache > 0
    ways = decoding_ways(n_images, shape, n_jobs=n_jobs, cached=cached)
    colour = "gray" if shape[2] == 1 else "in colour"
    what = f"{n_images:,} images of {shape[0]} x {shape[1]} pixels {colour}"
    kept = n_images * PER_IMAGE
    problem = _problem(shape, budget, ways)
    if problem:
        return Step("import_data", what, peak=ways[-1].n_bytes + kept, problem=problem)
    place = store_pixels(n_images, shape, budget, ways)
    on_disk = n_bytes * place.in_file + in_cache * math.prod(shape)
    if not place.in_file:
        peak, kept = n_bytes + place.way.n_bytes + kept, n_bytes + kept
        return Step("import_data", f"{what}, in memory", place.why, peak, kept, on_disk)
    where = tempfile.gettempdir() if folder is None else os.fsdecode(folder)
    why = place.why
    if lies_in_memory(folder):
        why += "; but that folder lies in memory (tmpfs): give a 'dirpath' on a disk"
    return Step(
        "import_data",
        f"{what}, in a file in {where}",
        why,
        place.way.n_bytes + kept,
        kept,
        on_disk,
        _too_little_room(on_disk, where),
    )


def _too_little_room(n_bytes: int, folder: str) -> str:
    free = free_bytes(folder)
    if free is None or free >= n_bytes:
        return ""
    return (
        f"{format_bytes(n_bytes)} of files do not fit into {folder}, where "
        f"{format_bytes(free)} are free. "
        "Give a 'dirpath' on a disk with more room."
    )

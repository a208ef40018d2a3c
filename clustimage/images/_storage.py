"""Where the pixels of images go, in memory or in a file, and what reading them takes.

It is decided before the first image is read, by the same function for the run and its plan.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from clustimage._core.errors import MemoryLimitError
from clustimage._core.file_arrays import WINDOW, free_bytes, lies_in_memory, new_array
from clustimage._core.logs import get_logger
from clustimage._core.memory import Budget, format_bytes
from clustimage._core.parallel import BATCHES_PER_WORKER, MAX_ITEMS_PER_BATCH, n_workers
from clustimage._core.parameters import named
from clustimage._core.plan import Step
from clustimage.images.cache._cached_reader import bytes_waiting

__all__ = [
    "PER_IMAGE",
    "ReadOption",
    "Storage",
    "choose_storage",
    "decoding_options",
    "plan_images",
    "scaling_options",
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


class ReadOption(NamedTuple):
    """Workers, or values that are scaled at once, and the bytes that takes beside the pixels."""

    at_once: int
    n_bytes: int


@dataclass(frozen=True)
class Storage:
    """Where the pixels of some images go, and how they are read; see `choose_storage`."""

    shape: tuple[int, int, int, int]
    in_file: bool
    option: ReadOption
    budget: Budget | None

    @property
    def why(self) -> str:
        """How it was decided, in words and numbers."""
        if self.budget is None:
            return "no limit was given"
        relation = "more than" if self.in_file else "not more than"
        return (
            f"{format_bytes(math.prod(self.shape))} of pixels are {relation} half of the "
            f"{format_bytes(self.budget.left)} that are left ({self.budget.words})"
        )

    @property
    def while_reading(self) -> Budget | None:
        """The budget of what is decoded meanwhile."""
        n_bytes = 0 if self.in_file else math.prod(self.shape)
        return None if self.budget is None else self.budget.holding(n_bytes)

    def make(self, folder: str | os.PathLike[str] | None) -> np.ndarray:
        """Return an array for the pixels, uint8 of `shape`; a file in `folder` is logged.

        Raises
        ------
        DiskSpaceError, InvalidParameterError
            As `new_array`.
        """
        if not self.in_file:
            return np.empty(self.shape, dtype=np.uint8)
        what = f"The pixels of {self.shape[0]:,} images"
        pixels = new_array(self.shape, np.uint8, folder=folder, what=what)
        logger.info("%s go into a file in %s, not into memory: %s.", what, _path(folder), self.why)
        return pixels


def choose_storage(
    n_images: int,
    shape: tuple[int, int, int],
    budget: Budget | None,
    options: Sequence[ReadOption],
    *,
    instead: str = "",
) -> Storage:
    """Decide where the pixels of images go, and how the images are read.

    In memory where they take at most half of what is left of the budget (None is no limit),
    so that as much remains for the stages after; else in a file. They are read by the first
    of the `options` that fits; these are given from the fastest to the one that takes least.

    Raises
    ------
    MemoryLimitError
        If not even the last of the options fits with the pixels in a file; it ends with `instead`.

    Examples
    --------
    >>> options = decoding_options(60_000, (128, 128, 3), n_jobs=2)
    >>> choose_storage(60_000, (128, 128, 3), Budget(4_000_000_000), options).in_file
    True
    """
    whole = (n_images, *shape)
    if budget is None:
        return Storage(whole, False, options[0], budget)
    n_bytes = math.prod(whole)
    for in_file in (False, True) if budget.allows(2 * n_bytes) else (True,):
        for option in options:
            if budget.allows(option.n_bytes + (0 if in_file else n_bytes)):
                return Storage(whole, in_file, option, budget)
    what = f"Reading images of {shape[0]} x {shape[1]} pixels"
    raise MemoryLimitError(budget.problem(options[-1].n_bytes, what=what, instead=instead))


def decoding_options(
    n_images: int,
    shape: tuple[int, int, int],
    *,
    n_jobs: int | None = -1,
    cached: bool = False,
    original: int = 0,
) -> list[ReadOption]:
    """Return how images can be decoded one by one: with all workers, with fewer, with one.

    Small images wait for some others where they are `cached`; `original` are the values of
    the largest original where that is an array, as of files it is not known.
    """
    size = math.prod(shape)
    most = min(n_workers(n_jobs), max(1, n_images))
    fixed = min(WINDOW, n_images * size) + (bytes_waiting(size, n_images) if cached else 0)
    work = size * DECODING + original * SCALING
    return [
        ReadOption(workers, fixed + workers * work + images_waiting(n_images, workers) * size)
        for workers in range(most, 0, -1)
    ]


def images_waiting(n_images: int, workers: int) -> int:
    """Return how many results of `run_ordered` there are at most at one time."""
    if workers == 1:
        return 1
    step = max(1, min(MAX_ITEMS_PER_BATCH, n_images // (BATCHES_PER_WORKER * workers)))
    return min(n_images, (2 * workers + 1) * step)


def scaling_options(n_images: int, n_values: int) -> list[ReadOption]:
    """Return how arrays of so many values each can be scaled: many values at once, or few."""
    at_once = max(n_values, min(SCALED_AT_ONCE, n_images * n_values))
    sizes = [at_once]
    while sizes[-1] > n_values:
        sizes.append(max(n_values, sizes[-1] // 2))
    fixed = min(WINDOW, n_images * n_values)
    return [ReadOption(size, fixed + size * SCALING) for size in sizes]


def plan_images(
    n_images: int,
    shape: tuple[int, int, int],
    budget: Budget | None,
    folder: str | os.PathLike[str] | None,
    *,
    n_jobs: int | None = -1,
    n_files: int | None = None,
) -> Step:
    """Return what `load_images` would do with so many images; nothing is read or written.

    `folder` is the `dirpath`, where the file of the pixels and the cache would be; None is the
    system's temporary folder, without a cache. `n_files` of the images are files and go into
    the cache, by default all. Large originals come on top, within
    what is left of the budget: how large they are is known only when they are read.

    Examples
    --------
    >>> step = plan_images(60_000, (128, 128, 3), Budget(16_000_000_000), None, n_jobs=2)
    >>> step.what
    '60,000 images of 128 x 128 pixels in colour, in memory'
    """
    size, kept = math.prod(shape), n_images * PER_IMAGE
    n_bytes = n_images * size
    in_cache = 0 if folder is None else n_images if n_files is None else n_files
    options = decoding_options(n_images, shape, n_jobs=n_jobs, cached=in_cache > 0)
    colour = "gray" if shape[2] == 1 else "in colour"
    what = f"{n_images:,} images of {shape[0]} x {shape[1]} pixels {colour}"
    try:
        storage = choose_storage(n_images, shape, budget, options)
    except MemoryLimitError as error:
        return Step("import_data", what, "", options[-1].n_bytes + kept, problem=str(error))
    peak, on_disk = storage.option.n_bytes + kept, in_cache * size
    if not storage.in_file:
        what = f"{what}, in memory"
        return Step("import_data", what, storage.why, n_bytes + peak, n_bytes + kept, on_disk)
    what, why, on_disk = f"{what}, in a file in {_path(folder)}", storage.why, n_bytes + on_disk
    if lies_in_memory(folder):
        why += f"; but that folder lies in memory (tmpfs): give a {named('dirpath')} on a disk"
    problem, free = "", free_bytes(_path(folder))
    if free is not None and free < on_disk:
        problem = (
            f"{format_bytes(on_disk)} of files do not fit into {_path(folder)}, where "
            f"{format_bytes(free)} are free. Give a {named('dirpath')} on a disk with more room."
        )
    return Step("import_data", what, why, peak, kept, on_disk, problem)


def _path(folder: str | os.PathLike[str] | None) -> str:
    return tempfile.gettempdir() if folder is None else os.fsdecode(folder)

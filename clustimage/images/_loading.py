"""Stage 1: whatever holds images → decoded images of one size."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from clustimage._core.errors import ImageReadError
from clustimage._core.file_arrays import Trail, forget
from clustimage._core.logs import get_logger
from clustimage._core.memory import Budget
from clustimage._core.parallel import check_jobs, run_ordered
from clustimage._core.parameters import named
from clustimage._core.validation import check_bool, check_shape
from clustimage.images._images import Images
from clustimage.images._status import ImageStatus
from clustimage.images._storage import Storage, choose_storage, decoding_options, scaling_options
from clustimage.images.cache._cached_reader import CachedReader, cached_reader
from clustimage.images.cache._database import Cache
from clustimage.images.cache._digest import Stamp
from clustimage.images.reading._arrays import check_pixel_range, check_values, rows_to_pixels
from clustimage.images.reading._decode import decode
from clustimage.images.reading._decoding_limits import (
    MAX_PIXELS,
    DecodingLimits,
    check_max_pixels,
)
from clustimage.images.reading._listing import (
    DEFAULT_EXTENSIONS,
    check_extensions,
    log_left_out,
    missing,
    printable,
)
from clustimage.images.reading._pillow import Decoded
from clustimage.images.reading._quiet import quiet_pillow
from clustimage.images.reading._source import Rules, Source, Sources, Stack, Wanted, gather

__all__ = ["Measured", "count_inputs", "load_images", "measure_input", "report_skipped"]

logger = get_logger(__name__)

MAX_REASONS = 3  # skipped inputs that a message names


def load_images(
    X: Any,
    *,
    dim: tuple[int, int] = (128, 128),
    grayscale: bool = False,
    ext: str | Iterable[str] | None = DEFAULT_EXTENSIONS,
    recursive: bool = True,
    black_list: str | Iterable[str] | None = None,
    n_jobs: int | None = -1,
    download_dir: str | os.PathLike[str] | None = None,
    shape: tuple[int, int, int] | None = None,
    white: float | None = None,
    cache: Cache | None = None,
    budget: Budget | None = None,
    max_pixels: int = MAX_PIXELS,
    allow_none: bool = False,
) -> Images:
    """Read images of any kind and bring them to one size.

    Each image is read, turned to gray if asked, scaled so that its largest value
    is 255 (`imscale`), and resized with ``cv2.INTER_AREA``, in this order. Images
    that come as one array share one range of values, so they are scaled by one
    factor: the largest value of the whole array becomes 255.

    Parameters
    ----------
    X : path, URL, array, DataFrame, PIL image, or a list of these
        - a folder: its image files, see `listdir`, in natural order; in paths a
          leading ``~`` is the user's folder;
        - a bucket or a prefix of an object store, such as ``s3://bucket/photos``: as a folder;
        - one file or URL (http, https, object stores), or a list of them, folders among them,
          nested or not: read in the order given; what is given twice appears twice;
        - a DataFrame with a column of paths, URLs or pictures, which is named so
          (``path``, ``filename``, ``url``, ``image`` …) or the only one of text; rows
          where it is empty are skipped;
        - an array `(n, m)` or `(m,)`, or a DataFrame whose index holds the names:
          flattened images (one gray image: `X[np.newaxis]`). They keep their size,
          which is `dim` where that fits, otherwise a square, gray first, then RGB;
        - an array `(n, height, width)` of gray images or `(n, height, width, c)`
          with c = 1 (gray), 3 (RGB) or 4 (RGBA). An array of three axes whose last
          one is 1, 3 or 4 long is one image `(height, width, c)`; gray images so
          narrow are given as `(n, height, width, 1)`;
        - a list of arrays `(height, width)` or `(height, width, c)`, or of PIL
          images, of any sizes.
    dim : (height, width), default=(128, 128)
        Size in pixels of the result, except for flattened images.
    grayscale : bool, default=False
        Whether colour becomes luma (ITU-R BT.601). Without it files and PIL images
        have three channels, also gray ones; arrays have one where all are gray.
    ext, recursive, black_list
        Which files of a folder are images; see `listdir`.
    n_jobs : int, default=-1
        Number of threads; -1 uses every core.
    download_dir : path, optional
        Folder where downloads are stored; default a new temporary one, which stays. Also
        where pixels go that are too many for `budget`.
    shape : (height, width, channels), optional
        Shape of the images of a fitted model, for new ones: flattened images are
        read in it, and all images end in it. It replaces `dim` and
        `grayscale`.
    white : float, optional
        With `shape`: the `Images.white` of the fitted model, so that an array of new
        images is scaled by the factor of the old ones. None scales each new image by
        its own maximum.
    cache : Cache, optional
        Cache of earlier runs, see `open_cache`. Files that are as they were are then not
        opened, files of cached content not decoded, and what is read is kept at once, so
        that a run that is stopped half way is not lost. Arrays and pictures in memory,
        files beyond 256 MiB and what is skipped are not kept.
    budget : Budget, optional
        Memory that may be taken. Pixels that take more than half of what is left of it go
        into a file in `download_dir`, by default in the system's temporary folder; they are
        the same, and the file is gone with them. See `plan_images`. None is no limit. What
        decoding takes is taken from what is left of it: files wait for one another, and one that
        does not fit alone is skipped. None is then the memory that is free.
    max_pixels : int, default=250,000,000
        Pixels, as they are decoded, above which a file is skipped.

    allow_none : bool, default=False
        Whether there may be no image among the files that are given.

    Returns
    -------
    Images
        With a row of status for every input. What cannot be read is skipped with
        its reason and counted in one warning; it changes no other image. Rows for what
        folders hold beside images come last.

    Raises
    ------
    ImageReadError
        If there is no image at all: a path that is empty or does not exist, a folder
        without images, files of which none can be read.
    InvalidDataError
        If an array has NaN, infinite, negative, missing or masked values, is not numeric,
        or has a shape that cannot be known; if a DataFrame has several columns that may
        be the paths.
    InvalidParameterError
        If a parameter has a value that is not allowed.
    MemoryLimitError
        If `budget` is too small even for one image at a time; raised before any is read.
    DiskSpaceError
        If the pixels go into a file, and the disk has no room for it.

    Notes
    -----
    EXIF orientation is applied, transparency laid over white, the first frame of an
    animation taken. Gray of 12, 16 or 32 bits and floats are scaled by their own maximum
    (negative values in a file are first shifted to 0); colour of 16 bits is brought to 8
    first; colour profiles are not applied. A JPEG is decoded at the smallest of the sizes
    1, 1/2, 1/4, 1/8 not below `dim`, a JPEG 2000 at a smaller one where it is too large.

    Examples
    --------
    >>> import numpy as np
    >>> images = load_images([np.ones((40, 60)), np.ones((30, 30, 3))], dim=(8, 8))
    >>> images.pixels.shape, images.filenames.tolist()
    ((2, 8, 8, 3), ['image_0000', 'image_0001'])
    """
    wanted = Wanted(check_shape("dim", dim), check_bool("grayscale", grayscale), shape)
    check_extensions(ext)
    if n_jobs is not None:
        check_jobs(n_jobs)
    if shape is not None:
        wanted = Wanted((shape[0], shape[1]), shape[2] == 1, shape)
    rules = Rules(ext, check_bool("recursive", recursive), black_list, download_dir)
    given = gather(X, rules)
    white = white if shape is not None else None
    most = check_max_pixels(max_pixels)
    reader = Reader(wanted, n_jobs, white, budget, download_dir, most)
    if isinstance(given, Stack):
        given.check_size()
        return reader.read_stack(given)
    log_left_out(given.left_out)
    return reader.read_sources(given, cache, allow_none=allow_none)


@dataclass(frozen=True)
class Reader:
    """Reads what was given, with the settings of one call of `load_images`."""

    wanted: Wanted
    n_jobs: int | None
    white: float | None
    budget: Budget | None
    folder: str | os.PathLike[str] | None
    max_pixels: int

    def read_stack(self, stack: Stack) -> Images:
        """Read images that come as one array, which share one range of values."""
        tops = check_values(stack.data, stack.names)
        if self.white is None or tops.max() > self.white:  # not of the range that is known
            check_pixel_range(stack.data, tops)
        data, shape = stack.data, self.wanted.shape_of(stack)
        if len(data.shape) == 2:
            own = self.wanted.row_shape(stack)
        else:
            own = data.shape[1], data.shape[2], data.shape[3]
        white = float(tops.max()) if self.wanted.shape is None else self.white
        if own[2] == 4:
            white = None  # what is opaque belongs to each image; it is scaled once over white
        if own[:2] == shape[:2] and own[2] != 4:
            return self._scaled(stack, own, shape, white, tops)
        return replace(self, white=white).read_sources(Sources(stack.as_sources()), shape=shape)

    def _scaled(
        self,
        stack: Stack,
        own: tuple[int, int, int],
        shape: tuple[int, int, int],
        white: float | None,
        tops: np.ndarray,
    ) -> Images:
        """Scale images that have their size already, block by block."""
        n_images = len(stack.data)
        options = scaling_options(n_images, math.prod(own))
        storage = choose_storage(n_images, shape, self.budget, options)
        pixels = rows_to_pixels(
            stack.data,
            own,
            shape[2],
            white=white,
            tops=tops,
            out=storage.make(self.folder),
            at_once=storage.option.at_once,
        )
        return _of_arrays(stack.names, pixels, own[:2], white)

    def read_sources(
        self,
        sources: Sources,
        cache: Cache | None = None,
        shape: tuple[int, int, int] | None = None,
        *,
        allow_none: bool = False,
    ) -> Images:
        """Read one by one, in threads; an image goes to its place in the result at once."""
        items = sources.items
        shape = self.wanted.shape_of(sources) if shape is None else shape
        arrays = [item.content for item in items if isinstance(item.content, np.ndarray)]
        storage = self._choose_storage(len(items), shape, arrays, cache)
        limits = DecodingLimits(self.max_pixels, storage.while_reading)
        pixels = storage.make(self.folder)
        trail = Trail(pixels)
        status: list[ImageStatus] = []
        kept: list[Source] = []
        keys: list[str | None] = []
        gray = shape[2] == 1
        read = partial(_read_source, dim=shape[:2], gray=gray, white=self.white, limits=limits)
        with (
            quiet_pillow(self.max_pixels),
            cached_reader(cache, shape[:2], gray, limits) as reader,
        ):
            results = run_ordered(
                partial(read, reader=reader),
                items,
                n_jobs=storage.option.at_once,
                desc=None if len(arrays) == len(items) else "Reading images",
            )
            for item, result in zip(items, results, strict=True):
                if reader is not None:
                    reader.write()
                if isinstance(item.content, np.ndarray):
                    forget(item.content)  # where the user's own array is in a file
                if isinstance(result, str):
                    status.append(ImageStatus(item.given, "skipped", result))
                    continue
                img = result.pixels
                pixels[len(kept)] = img[..., np.newaxis] if img.ndim == 2 else img
                kept.append(item)
                keys.append(result.key)
                status.append(_status_of(item, result))
                trail.reach(len(kept))
        report_skipped(status, sources.looked_for, allow_none=allow_none)
        status += [
            ImageStatus(item.pathname, "skipped", item.reason, is_input=False)
            for item in sources.left_out
        ]
        return Images(
            _objects([item.pathname for item in kept]),
            _objects([item.filename for item in kept]),
            _objects([item.url for item in kept]),
            pixels[: len(kept)],
            status,
            self.white,
            kept,
            None if cache is None else keys,
            cache,
            limits,
        )

    def _choose_storage(
        self,
        n_images: int,
        shape: tuple[int, int, int],
        arrays: list[np.ndarray],
        cache: Cache | None,
    ) -> Storage:
        options = decoding_options(
            n_images,
            shape,
            n_jobs=self.n_jobs,
            cached=cache is not None,
            original=max((img.size for img in arrays), default=0),
        )
        instead = f"Or give a smaller {named('dim')}."
        storage = choose_storage(n_images, shape, self.budget, options, instead=instead)
        if storage.option != options[0] and self.budget is not None:
            logger.info(
                "Reading with %d of %d workers, to stay within %s.",
                storage.option.at_once,
                options[0].at_once,
                self.budget.words,
            )
        return storage


def _of_arrays(
    names: list[str], pixels: np.ndarray, size: tuple[int, int], white: float | None
) -> Images:
    status = [ImageStatus(name, "ok", "", size[1], size[0]) for name in names]
    urls = np.full(len(names), None, dtype=object)
    return Images(_objects(names), _objects(names), urls, pixels, status, white)


def _status_of(source: Source, image: Decoded) -> ImageStatus:
    stamp = None
    if source.content is None:
        with suppress(OSError):
            stamp = tuple(Stamp.of(os.stat(source.pathname)))  # noqa: PTH116
    return ImageStatus(
        source.pathname,
        "ok",
        width=image.width,
        height=image.height,
        taken=image.taken,
        taken_from=image.taken_from,
        modified=image.modified,
        exif_problem=image.exif_problem,
        stamp=stamp,
    )


def _read_source(
    source: Source,
    dim: tuple[int, int],
    gray: bool,
    white: float | None,
    limits: DecodingLimits,
    reader: CachedReader | None = None,
) -> Decoded | str:
    reason = source.prepare()
    if reason:
        return reason
    if reader is not None and source.content is None:
        return reader.read(source.pathname)
    white = white if isinstance(source.content, np.ndarray) else None
    return decode(source.readable, dim, gray, limits, white)


def report_skipped(status: list[ImageStatus], looked_for: str, *, allow_none: bool = False) -> None:
    """Warn once about all that was skipped, or raise where nothing is left."""
    skipped = [row for row in status if row.status == "skipped"]
    reasons = "; ".join(
        f"{printable(row.pathname)} ({row.reason})" for row in skipped[:MAX_REASONS]
    )
    more = len(skipped) - MAX_REASONS
    rest = f"; and {more:,} more" if more > 0 else ""
    if len(skipped) == len(status) and not allow_none:
        words = [part for part in (looked_for, reasons) if part]
        what = "No image could be read" if skipped else "No image found"
        raise ImageReadError(f"{what}: {'; '.join(words)}{rest}.")
    if skipped:
        counts = f"{len(skipped):,} of {len(status):,}"
        logger.warning("Skipped %s images: %s%s", counts, reasons, rest)


def _objects(values: list[Any]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


class Measured(NamedTuple):
    """How many images there are, what size they will have, and how many of them are files."""

    n_images: int
    shape: tuple[int, int, int]
    n_files: int


def measure_input(
    X: Any,
    *,
    dim: tuple[int, int] = (128, 128),
    grayscale: bool = False,
    ext: str | Iterable[str] | None = DEFAULT_EXTENSIONS,
    recursive: bool = True,
    black_list: str | Iterable[str] | None = None,
) -> Measured:
    """Count the images that `load_images` would read, and tell their shape.

    No file is opened, nothing downloaded, nothing written.

    Parameters
    ----------
    X, dim, grayscale, ext, recursive, black_list
        As for `load_images`. An iterator is used up.

    Returns
    -------
    n_images : int
        Files that cannot be read are counted, as that is not known before.
    shape : (height, width, channels)
        Of each image when it is read.
    n_files : int
        How many come from files or addresses, not from memory: a cache keeps those.

    Raises
    ------
    ImageReadError, InvalidDataError, InvalidParameterError
        As `load_images`, where there is nothing to read, or what is there can be no image.

    Examples
    --------
    >>> import numpy as np
    >>> measure_input(np.zeros((50, 40, 30, 3)), dim=(16, 12))
    Measured(n_images=50, shape=(16, 12, 3), n_files=0)
    """
    wanted = Wanted(check_shape("dim", dim), check_bool("grayscale", grayscale))
    check_extensions(ext)
    given = gather(X, Rules(ext, check_bool("recursive", recursive), black_list, reads=False))
    if isinstance(given, Stack):
        given.check_size()
        return Measured(len(given.data), wanted.shape_of(given), 0)
    status = [_before_reading(item) for item in given.items]
    readable = [row.status == "ok" for row in status]
    n_images = sum(readable)
    if not n_images:
        report_skipped(status, given.looked_for)
    from_files = (item.content is None for item in given.items)
    n_files = sum(ok and is_file for ok, is_file in zip(readable, from_files, strict=True))
    return Measured(n_images, wanted.shape_of(given), n_files)


def count_inputs(
    X: Any,
    *,
    ext: str | Iterable[str] | None = DEFAULT_EXTENSIONS,
    recursive: bool = True,
    black_list: str | Iterable[str] | None = None,
) -> int:
    """Count the inputs of `load_images`, what cannot be read included; nothing is opened.

    Parameters
    ----------
    X, ext, recursive, black_list
        As for `load_images`. An iterator is used up.
    """
    given = gather(X, Rules(ext, check_bool("recursive", recursive), black_list, reads=False))
    return len(given.data) if isinstance(given, Stack) else len(given.items)


def _before_reading(item: Source) -> ImageStatus:
    reason = item.reason
    if not reason and item.content is None and item.url is None:
        # pathlib would take several times as long for a list of many paths.
        reason = "" if os.path.exists(item.pathname) else missing(item.pathname)  # noqa: PTH110
    return ImageStatus(item.given, "skipped" if reason else "ok", reason)

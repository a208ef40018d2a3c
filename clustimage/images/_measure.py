"""How many images there are, and what size they will have, before any of them is read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, NamedTuple

from clustimage._core.validation import check_bool, check_shape
from clustimage.images._loading import tell_skipped
from clustimage.images._status import ImageStatus
from clustimage.images.reading._listing import DEFAULT_EXTENSIONS, check_extensions
from clustimage.images.reading._paths import missing
from clustimage.images.reading._source import Rules, Source, Stack, Wanted, gather

__all__ = ["Measured", "measure_input"]


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
        tell_skipped(status, given.looked_for)
    from_files = (item.content is None for item in given.items)
    n_files = sum(ok and is_file for ok, is_file in zip(readable, from_files, strict=True))
    return Measured(n_images, wanted.shape_of(given), n_files)


def _before_reading(item: Source) -> ImageStatus:
    reason = item.reason
    if not reason and item.content is None and item.url is None:
        # pathlib would take several times as long for a list of many paths.
        reason = "" if os.path.exists(item.pathname) else missing(item.pathname)  # noqa: PTH110
    return ImageStatus(item.given, "skipped" if reason else "ok", reason)

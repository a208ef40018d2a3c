"""Photos one by one, upright and in colour, as large as they are asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.text import pluralize
from clustimage._core.validation import check_bool
from clustimage.images.reading._arrays import imscale
from clustimage.images.reading._decode import flatten_colour
from clustimage.images.reading._decoding_limits import DecodingLimits
from clustimage.images.reading._listing import DEFAULT_EXTENSIONS, check_extensions
from clustimage.images.reading._pillow import Decoded, MinSize, read_pixels
from clustimage.images.reading._source import Rules, Source, Sources, gather

__all__ = ["gather_photos", "read_upright"]


def gather_photos(
    X: Any,
    *,
    ext: str | Iterable[str] | None = DEFAULT_EXTENSIONS,
    black_list: str | Iterable[str] | None = None,
    download_dir: str | os.PathLike[str] | None = None,
    recursive: bool = True,
) -> Sources:
    """Return what was given as a list of photos to be read one by one.

    Parameters
    ----------
    X : path, URL, array, PIL image, or a list of these, nested or not
        As for `load_images`, but not flattened.
    ext, black_list, download_dir, recursive
        As for `load_images`.

    Raises
    ------
    ImageReadError
        If the one path that was given is empty or does not exist, or a list is empty.
    InvalidDataError
        If an array or an item of a list is no photo.

    Examples
    --------
    >>> import numpy as np
    >>> [photo.filename for photo in gather_photos(np.zeros((2, 30, 40, 3))).items]
    ['image_0000', 'image_0001']
    """
    check_extensions(ext)
    given = gather(X, Rules(ext, check_bool("recursive", recursive), black_list, download_dir))
    if isinstance(given, Sources):
        return given
    if len(given.data.shape) != 4:
        raise InvalidDataError(
            "Photos are given as files or as arrays (n, height, width, channels). Got flattened "
            f"images, an array of shape {given.data.shape}."
        )
    return Sources(given.as_sources(), f"{pluralize(len(given.data), 'array')} given")


def read_upright(
    source: Source, min_size: MinSize = None, limits: DecodingLimits | None = None
) -> Decoded | str:
    """Return a photo as RGB, turned upright, or say in words why that cannot be.

    Parameters
    ----------
    source : Source
        One of those of `gather_photos`. What has a URL is fetched.
    min_size : (height, width), callable or None
        Size below which a JPEG must not be reduced while it is decoded, or what makes it
        from height and width of the original; None decodes it in full.
    limits : DecodingLimits, optional
        What may be decoded; those of threads that share it are waited for.

    Returns
    -------
    Decoded or str
        Pixels `(height, width, 3)` uint8, not scaled by their maximum unless they are not
        8 bits deep; `width` and `height` of the original held upright.

    Examples
    --------
    >>> import numpy as np
    >>> (photo,) = gather_photos([np.full((30, 40), 7, dtype=np.uint8)]).items
    >>> read_upright(photo).pixels[0, 0].tolist()
    [7, 7, 7]
    """
    reason = source.prepare()
    if reason:
        return reason
    content = source.readable
    with (limits or DecodingLimits()).turn() as turn:
        if isinstance(content, np.ndarray):
            decoded: Decoded | str = Decoded(content, *content.shape[1::-1])
        else:
            decoded = read_pixels(content, min_size, False, turn)
        if isinstance(decoded, str):
            return decoded
        img = flatten_colour(decoded.pixels, False)
        if img.dtype != np.uint8:
            img = imscale(img)
        if img.ndim == 2:
            img = cv2.cvtColor(img, cv2.COLOR_GRAY2RGB)
        return decoded._replace(pixels=np.ascontiguousarray(img))

"""One file, or one picture in memory, to one uint8 array.

The order is always: read (turned upright, alpha over white), gray if asked,
`imscale`, resize with ``cv2.INTER_AREA``.
"""

from __future__ import annotations

import os

import cv2
import numpy as np
from PIL import Image

from clustimage._core.errors import ImageReadError, InvalidDataError
from clustimage._core.plain_arrays import plain_array
from clustimage._core.public import public
from clustimage._core.validation import check_bool, check_int, check_shape
from clustimage.images.reading._arrays import imscale, over_white, scale, to_gray
from clustimage.images.reading._decoding_limits import (
    MAX_PIXELS,
    DecodingLimits,
    Turn,
    check_max_pixels,
)
from clustimage.images.reading._listing import absolute, printable
from clustimage.images.reading._pillow import Decoded, read_pixels
from clustimage.images.reading._quiet import quiet_pillow

__all__ = ["decode", "flatten_colour", "imread", "imresize"]


@public
def imread(
    filepath: str | os.PathLike[str],
    colorscale: int = 1,
    dim: tuple[int, int] | None = (128, 128),
    flatten: bool = True,
    max_pixels: int = MAX_PIXELS,
) -> np.ndarray:
    """Read one image file as the chain reads it.

    Parameters
    ----------
    filepath : path
        The file; a leading ``~`` is the user's folder.
    colorscale : {1, 0}, default=1
        1 gives RGB, 0 gray (luma of ITU-R BT.601).
    dim : (height, width) or None, default=(128, 128)
        Size of the result in pixels; None keeps the size of the file.
    flatten : bool, default=True
        Whether to return one row.
    max_pixels : int, default=250,000,000
        Pixels, as they are decoded, above which a file is not read.

    Returns
    -------
    ndarray of uint8
        `(height * width * channels,)`, or with ``flatten=False`` `(height, width, 3)`
        or `(height, width)`. The largest value is 255.

    Raises
    ------
    ImageReadError
        If the file does not exist or cannot be read; the message says why.
    InvalidParameterError
        If another parameter has a value that is not allowed.

    Notes
    -----
    A JPEG is decoded at the smallest of the sizes 1, 1/2, 1/4, 1/8 that is not
    below `dim`; libjpeg does this while decoding, which is several times faster. So is a
    JPEG 2000 that has more than `max_pixels`, or takes more memory than is free.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "red.png")
    ...     Image.new("RGB", (40, 30), "red").save(path)
    ...     img = imread(path, dim=(2, 3), flatten=False)
    >>> img.shape, img[0, 0].tolist()
    ((2, 3, 3), [255, 0, 0])
    """
    gray = check_int("colorscale", colorscale, low=0, high=1) == 0
    flatten = check_bool("flatten", flatten)
    size = None if dim is None else check_shape("dim", dim)
    pathname = absolute(filepath)
    limits = DecodingLimits(check_max_pixels(max_pixels))
    with quiet_pillow(max_pixels):
        decoded = decode(pathname, size, gray, limits)
    if isinstance(decoded, str):
        raise ImageReadError(f"{printable(pathname)} cannot be read: {decoded}.")
    pixels = decoded.pixels
    if not gray and pixels.ndim == 2:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    return pixels.reshape(-1) if flatten else pixels


@public
def imresize(img: np.ndarray, dim: tuple[int, int] | None) -> np.ndarray:
    """Resize an image with ``cv2.INTER_AREA``.

    Parameters
    ----------
    img : ndarray, shape (height, width) or (height, width, channels)
        The image.
    dim : (height, width) or None
        New size in pixels; None returns `img` itself.

    Returns
    -------
    ndarray
        The resized image, of the same type and number of axes. Whole numbers
        are rounded.

    Raises
    ------
    InvalidParameterError
        If `dim` is not two whole numbers.
    InvalidDataError
        If `img` has no pixels or other axes than said above.

    Examples
    --------
    >>> import numpy as np
    >>> imresize(np.array([[0, 2], [4, 6]], dtype=np.uint8), dim=(1, 1))
    array([[3]], dtype=uint8)
    """
    if dim is None:
        return img
    height, width = check_shape("dim", dim)
    img = np.asarray(plain_array("img", img))
    if img.ndim not in (2, 3) or img.size == 0 or img.dtype.kind not in "buif":
        raise InvalidDataError(
            "'img' must have the shape (height, width) or (height, width, channels). "
            f"Got an array of shape {img.shape} and dtype {img.dtype}."
        )
    if img.shape[:2] == (height, width):
        return img
    known = img.dtype in (np.uint8, np.uint16, np.int16, np.float32, np.float64)
    source = img if known else img.astype(np.float64)
    resized = cv2.resize(source, (width, height), interpolation=cv2.INTER_AREA)
    if not known:
        resized = (resized if img.dtype.kind == "f" else np.rint(resized)).astype(img.dtype)
    return resized.reshape(height, width, *img.shape[2:])


def decode(
    content: str | bytes | np.ndarray | Image.Image,
    dim: tuple[int, int] | None,
    gray: bool,
    limits: DecodingLimits,
    white: float | None = None,
) -> Decoded | str:
    """Decode one image, or say in words why that cannot be.

    Parameters
    ----------
    content : str, bytes, ndarray or PIL image
        Path of a file; what is in a file; an array `(height, width)` or
        `(height, width, 1 | 3 | 4)` of finite numbers from 0; or a picture.
    dim : (height, width) or None
        Size of the result; None keeps the size.
    gray : bool
        Whether colour becomes gray.
    limits : DecodingLimits
        What may be decoded; waited for where other threads decode.
    white : float, optional
        The value that becomes 255; default the maximum of the image.

    Returns
    -------
    Decoded or str
        Pixels `(height, width)` where the image is gray, else `(height, width, 3)`;
        or the reason why there are none.
    """
    with limits.turn() as turn:
        return _decode(content, dim, gray, turn, white)


def _decode(
    content: str | bytes | np.ndarray | Image.Image,
    dim: tuple[int, int] | None,
    gray: bool,
    turn: Turn,
    white: float | None,
) -> Decoded | str:
    """Do what `decode` does; when this returns, before the turn is over, its arrays are freed."""
    if isinstance(content, np.ndarray):
        decoded: Decoded | str = Decoded(content, content.shape[1], content.shape[0])
    else:
        decoded = read_pixels(content, dim, gray, turn)
    if isinstance(decoded, str):
        return decoded
    img = flatten_colour(decoded.pixels, gray)
    if white is not None:
        scaled = scale(img, white)
    elif isinstance(content, np.ndarray) and content.shape[2:] != (4,):
        scaled = scale(img, float(img.max()))  # all values were checked when it was given
    else:
        scaled = imscale(img)
    return decoded._replace(pixels=imresize(scaled, dim))


def flatten_colour(img: np.ndarray, gray: bool) -> np.ndarray:
    """Return gray `(height, width)` or, unless gray is asked for, RGB `(height, width, 3)`."""
    if img.ndim == 3 and img.shape[2] == 4:
        img = over_white(img)
    if img.ndim == 3 and img.shape[2] == 1:
        img = img[:, :, 0]
    return to_gray(img) if gray and img.ndim == 3 else img

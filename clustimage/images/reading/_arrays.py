"""Images that come as arrays: their shape, their scale, their colour."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Protocol

import cv2
import numpy as np
from PIL import Image

from clustimage._core.errors import InvalidDataError
from clustimage._core.file_arrays import Trail, forget
from clustimage._core.parameters import named, setting
from clustimage._core.plain_arrays import check_not_masked, plain_array
from clustimage._core.public import public
from clustimage._core.validation import check_shape

__all__ = [
    "Rows",
    "check_numeric",
    "check_pixel_range",
    "check_values",
    "get_dim",
    "guess_shape",
    "imscale",
    "over_white",
    "rows_to_pixels",
    "to_gray",
]

# So that the float64 copies stay at a few MB, and in the cache.
VALUES_PER_BLOCK = 1 << 17


class Rows(Protocol):
    """An array of images, or what gives parts of one: flattened or not, one per row."""

    @property
    def dtype(self) -> np.dtype: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> np.ndarray: ...


def guess_shape(n_pixels: int, dim: tuple[int, int] | None = None) -> tuple[int, int, int]:
    """Return height, width and channels of a flattened image.

    Parameters
    ----------
    n_pixels : int
        Number of values in the flattened image.
    dim : (height, width), optional
        Used where it fits, as gray first, then as RGB. Otherwise the image is
        taken as a square, gray first, then RGB.

    Returns
    -------
    (height, width, channels)

    Raises
    ------
    InvalidDataError
        If no shape fits; the message says how to give one.

    Examples
    --------
    >>> guess_shape(64), guess_shape(64 * 3), guess_shape(60, dim=(4, 5))
    ((8, 8, 1), (8, 8, 3), (4, 5, 3))
    """
    if dim is not None:
        height, width = check_shape("dim", dim)
        for channels in (1, 3):
            if n_pixels == height * width * channels:
                return height, width, channels
    for channels in (1, 3):
        side = math.isqrt(n_pixels // channels)
        if side and n_pixels == side * side * channels:
            return side, side, channels
    raise InvalidDataError(
        f"The shape of a flattened image of {n_pixels} values cannot be known: it is no square, "
        f"gray or RGB, and does not fit {setting('dim', dim)}. Give {named('dim')} as (height, "
        f"width), with height * width = {n_pixels} for gray or height * width * 3 = {n_pixels} for "
        f"RGB. Features that were computed elsewhere are given as {setting('features', ...)}."
    )


def get_dim(X: Any, dim: tuple[int, int] | None = None) -> tuple[int, ...]:
    """Return the shape in which a flattened image can be drawn.

    Parameters
    ----------
    X : int or array-like
        The number of values, or the flattened image itself.
    dim : (height, width), optional
        As in `guess_shape`.

    Returns
    -------
    (height, width) or (height, width, 3)
        Gray or RGB.

    Raises
    ------
    InvalidDataError
        If no shape fits.

    Examples
    --------
    >>> import numpy as np
    >>> get_dim(np.zeros(64)), get_dim(48)
    ((8, 8), (4, 4, 3))
    """
    n_pixels = int(X) if np.ndim(X) == 0 else int(np.size(X))
    height, width, channels = guess_shape(n_pixels, dim)
    return (height, width) if channels == 1 else (height, width, channels)


@public
def imscale(img: Any) -> np.ndarray:
    """Scale an image so that its largest value is 255.

    Computes ``img * (255 / max(img))``, rounded to the nearest whole number
    (halves to the even one).

    Parameters
    ----------
    img : array-like of any shape
        Values from 0; uint8, other whole numbers, bool or float.

    Returns
    -------
    ndarray of uint8
        New array of the same shape. An image of zeros stays zero.

    Raises
    ------
    InvalidDataError
        If a value is negative, NaN or infinite, or no number.

    Examples
    --------
    >>> import numpy as np
    >>> imscale(np.array([[0, 50], [25, 100]], dtype=np.uint8))
    array([[  0, 128],
           [ 64, 255]], dtype=uint8)
    """
    img = np.asanyarray(plain_array("img", img))
    if img.size == 0:
        raise InvalidDataError(
            f"An image without pixels cannot be scaled. Its shape is {img.shape}."
        )
    top = check_values(img.reshape(1, -1))
    return scale(img, float(top[0]))


def scale(img: np.ndarray, top: float) -> np.ndarray:
    """Return `img` as uint8 with `top` at 255, and what is above it; `top` is known to be valid."""
    if img.dtype == np.uint8 and top == 255:
        return np.array(img)
    if img.dtype == np.uint8 and top > 0:
        table = np.rint(np.arange(256) / top * 255).clip(max=255).astype(np.uint8)
        return cv2.LUT(img.reshape(-1), table).reshape(img.shape)
    values = np.atleast_1d(img)
    out = np.empty(values.shape, dtype=np.uint8)
    for part in _blocks(values, VALUES_PER_BLOCK):
        if top == 0:
            out[part] = np.where(values[part] > 0, 255, 0)
        else:
            # First divided, so that neither tiny nor huge values leave the range of floats.
            out[part] = np.rint(values[part].astype(np.float64) / top * 255).clip(max=255)
    return out.reshape(img.shape)


def check_numeric(values: Rows) -> None:
    """Raise `InvalidDataError` if `values` are no real numbers, or some are masked."""
    check_not_masked("images", values)
    if values.dtype.kind not in "buif":
        raise InvalidDataError(
            f"Images must be arrays of real numbers from 0. Got an array of dtype {values.dtype}."
        )


def check_values(rows: Rows, names: list[str] | None = None) -> np.ndarray:
    """Return the maximum of each row, `(n,)`, having checked all values block by block.

    Raises
    ------
    InvalidDataError
        If values are no numbers, or some are NaN, infinite or negative; the
        message counts the images and names the first.
    """
    check_numeric(rows)
    signed = rows.dtype.kind in "if"
    high: np.ndarray = np.empty(len(rows), dtype=rows.dtype)
    low = high.copy()
    for part in _blocks(rows, VALUES_PER_BLOCK):
        block = rows[part].reshape(len(high[part]), -1)
        high[part] = block.max(axis=1)
        if signed:
            low[part] = block.min(axis=1)
        forget(block)
    if signed:
        if rows.dtype.kind == "f":
            _refuse(~(np.isfinite(low) & np.isfinite(high)), "NaN or infinite values", names)
        _refuse(low < 0, "negative values", names)
    return high


def check_pixel_range(rows: Rows, tops: np.ndarray) -> None:
    """Raise `InvalidDataError` if floats can be no pixels: they are features then.

    Pixels are whole numbers from 0 to 255, or from 0 to 1.

    Parameters
    ----------
    rows : array of shape (n, ...)
        Valid numbers.
    tops : ndarray of shape (n,)
        The maximum of each row.

    Examples
    --------
    >>> rows = np.array([[0.5, 3.25]])
    >>> check_pixel_range(rows / 4, np.array([0.8125]))
    >>> check_pixel_range(rows, np.array([3.25]))
    Traceback (most recent call last):
    ...
    clustimage.InvalidDataError: Floats are taken for pixels if they are whole numbers from 0 to \
255, or lie between 0 and 1; these reach 3.25. Features that were computed elsewhere are ...
    """
    if rows.dtype.kind != "f" or (top := float(tops.max())) <= 1:
        return
    blocks = (rows[part] for part in _blocks(rows, VALUES_PER_BLOCK))
    if top > 255 or any((block != np.rint(block)).any() for block in blocks):
        raise InvalidDataError(
            "Floats are taken for pixels if they are whole numbers from 0 to 255, or lie between 0 "
            f"and 1; these reach {top:.4g}. Features that were computed elsewhere are given as "
            f"{setting('features', ...)}, and images in other units as X / X.max()."
        )


def _refuse(bad: np.ndarray, what: str, names: list[str] | None) -> None:
    if bad.any():
        first = int(np.argmax(bad))
        label = f" ({names[first]})" if names else ""
        raise InvalidDataError(
            f"{int(bad.sum())} of {len(bad)} images have {what}, first: row {first}{label}. "
            "Pixels must be finite numbers from 0: drop these images, or fill or shift the values. "
            f"Features that were computed elsewhere are given as {setting('features', ...)}."
        )


def to_gray(img: np.ndarray) -> np.ndarray:
    """Return the luma of images, `(..., width, channels)` to `(..., width)`.

    0.299 R + 0.587 G + 0.114 B, ITU-R Recommendation BT.601. uint8 stays uint8,
    in the fixed-point form of Pillow's mode ``"L"``; other types become float64.

    Parameters
    ----------
    img : ndarray of shape (height, width, c) or (n, height, width, c)
        RGB, ``c`` = 3; or gray, ``c`` = 1, of which a view is returned.

    Examples
    --------
    >>> to_gray(np.array([[[255, 0, 0], [0, 255, 0]]], dtype=np.uint8))
    array([[ 76, 150]], dtype=uint8)
    """
    if img.shape[-1] == 1:
        return img[..., 0]
    if img.dtype == np.uint8:
        lines = img.reshape(-1, *img.shape[-2:])
        gray = np.empty(lines.shape[:2], dtype=np.uint8)
        for part in _blocks(lines, VALUES_PER_BLOCK):
            block = Image.fromarray(np.ascontiguousarray(lines[part]))
            gray[part] = np.asarray(block.convert("L"))
        return gray.reshape(img.shape[:-1])
    luma: np.ndarray = img.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    return luma


def over_white(img: np.ndarray) -> np.ndarray:
    """Lay an RGBA image `(height, width, 4)` over white, in its own range of values.

    White is 255 for uint8 and the largest number of any other whole-number
    type; for floats 1 where no value is larger, otherwise 255.
    """
    if img.dtype == np.uint8:
        canvas = Image.new("RGBA", (img.shape[1], img.shape[0]), "white")
        canvas.alpha_composite(Image.fromarray(np.ascontiguousarray(img)))
        return np.asarray(canvas)[..., :3]
    if img.dtype.kind in "iu":
        white = float(np.iinfo(img.dtype).max)
    else:
        white = 1.0 if img.max(initial=0) <= 1 else 255.0
    values = img.astype(np.float64)
    share = values[..., 3:] / white
    return values[..., :3] * share + white * (1 - share)


def rows_to_pixels(
    rows: Rows,
    shape: tuple[int, int, int],
    channels: int,
    *,
    white: float | None,
    tops: np.ndarray,
    out: np.ndarray,
    at_once: int,
) -> np.ndarray:
    """Turn flattened images into pixels, block by block: gray if asked, then scaled to uint8.

    Parameters
    ----------
    rows : ndarray, shape (n, height * width * c) or (n, height, width, c)
        Real numbers from 0.
    shape : (height, width, c)
        Shape of one row; `c` is 1 or 3.
    channels : {1, 3}
        Channels of the result: RGB becomes luma, gray becomes three equal channels.
    white : float or None
        The value that becomes 255, for all images; larger ones become 255 too. None
        takes the maximum of each image, as `imscale`.
    tops : ndarray, shape (n,)
        What `check_values` returned for `rows`.
    out : ndarray of uint8, shape (n, height, width, channels)
        Where the pixels go, in memory or in a file; it is returned.
    at_once : int
        Values in a block; it changes nothing in the result.
    """
    height, width, given = shape
    trail = Trail(out)
    for part in _blocks(rows, at_once):
        read = rows[part]
        block = read.reshape(-1, height, width, given)
        if given == 3 and channels == 1:
            block = to_gray(block)[..., np.newaxis]
            highest = block.reshape(len(block), -1).max(axis=1)
        else:
            highest = tops[part]
        if white is not None:
            out[part] = scale(block, white)
        else:
            for i, (img, top) in enumerate(zip(block, highest, strict=True), part.start):
                out[i] = scale(img, float(top))
        forget(read)
        trail.reach(part.stop)
    return out


def _blocks(rows: Rows, at_once: int) -> Iterator[slice]:
    step = max(1, at_once // max(1, math.prod(rows.shape[1:])))
    for start in range(0, len(rows), step):
        yield slice(start, min(start + step, len(rows)))

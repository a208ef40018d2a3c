"""One file, or one picture in memory, to one uint8 array.

The order is always: read (turned upright, alpha over white), gray if asked,
`imscale`, resize with ``cv2.INTER_AREA``.
"""

from __future__ import annotations

import os
import stat
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import IO, Any, NamedTuple

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from clustimage._errors import ImageReadError, InvalidDataError, MissingDependencyError
from clustimage._optional import import_optional
from clustimage._validation import check_bool, check_option, check_shape
from clustimage.images._arrays import imscale, over_white, to_gray
from clustimage.images._listing import printable

__all__ = ["Decoded", "decode", "imread", "imresize", "quiet_pillow"]

# What Pillow may try, the frequent ones first. Left out are formats that start
# another program (EPS, WMF), mere stubs (BUFR, GRIB, HDF5, MPEG), and those that
# have no signature and so would claim files of other kinds (SPIDER, IPTC, IMT).
FORMATS = (
    *("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "AVIF", "JPEG2000", "MPO", "ICO"),
    *("ICNS", "CUR", "DIB", "TGA", "SGI", "SUN", "PCX", "DCX", "PSD", "DDS", "BLP", "FTEX"),
    *("QOI", "XBM", "XPM", "MSP", "PCD", "GBR", "PIXAR", "FLI", "IM", "FITS"),
)

# What Pillow's decoders raise on files that are cut off, damaged or made to harm.
DECODE_ERRORS = (
    *(OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, AttributeError),
    *(EOFError, OverflowError, ArithmeticError, MemoryError, NotImplementedError, RuntimeError),
    *(AssertionError, struct.error, zlib.error, Image.DecompressionBombError),
)

# EXIF orientation (tag 0x0112) -> how the stored picture is turned upright.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = (5, 6, 7, 8)
ORIENTATION = 0x0112

HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

# First bytes of what is often taken for an image.
NO_IMAGES = {
    b"%pdf": "a PDF document, not an image",
    b"%!ps": "PostScript, which is not read, as it would start another program",
    b"\xc5\xd0\xd3\xc6": "PostScript, which is not read, as it would start another program",
    b"<svg": "a vector drawing (SVG), not an image of pixels",
    b"<?xml": "a vector drawing (SVG) or another XML document, not an image of pixels",
    b"<!doctype": "a web page, not an image",
    b"<html": "a web page, not an image",
    b"\x1f\x8b": "a compressed (gzip) file, not an image",
}


class Decoded(NamedTuple):
    """An image and the size in pixels that the original has when it is held upright."""

    pixels: np.ndarray
    width: int
    height: int


def imread(
    filepath: str | os.PathLike[str],
    colorscale: int = 1,
    dim: tuple[int, int] | None = (128, 128),
    flatten: bool = True,
) -> np.ndarray:
    """Read one image file as the chain reads it.

    Parameters
    ----------
    filepath : path
        The file.
    colorscale : {1, 0}, default=1
        1 gives RGB, 0 gray (luma of ITU-R BT.601).
    dim : (height, width) or None, default=(128, 128)
        Size of the result in pixels; None keeps the size of the file.
    flatten : bool, default=True
        Whether to return one row.

    Returns
    -------
    ndarray of uint8
        `(height * width * channels,)`, or with ``flatten=False`` `(height, width, 3)`
        or `(height, width)`. The largest value is 255.

    Raises
    ------
    ImageReadError
        If the file does not exist or cannot be read; the message says why.

    Notes
    -----
    A JPEG is decoded at the smallest of the sizes 1, 1/2, 1/4, 1/8 that is not
    below `dim`; libjpeg does this while decoding, which is several times faster.

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
    gray = check_option("colorscale", int(colorscale), (0, 1)) == 0
    flatten = check_bool("flatten", flatten)
    size = None if dim is None else check_shape("dim", dim)
    pathname = os.path.abspath(filepath)  # noqa: PTH100 - pathlib would follow links
    with quiet_pillow():
        decoded = decode(pathname, size, gray)
    if isinstance(decoded, str):
        raise ImageReadError(f"{printable(pathname)} cannot be read: {decoded}.")
    pixels = decoded.pixels
    if not gray and pixels.ndim == 2:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    return pixels.reshape(-1) if flatten else pixels


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
    img = np.asarray(img)
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
    content: str | np.ndarray | Image.Image, dim: tuple[int, int] | None, gray: bool
) -> Decoded | str:
    """Decode one image, or say in words why that cannot be.

    Parameters
    ----------
    content : str, ndarray or PIL image
        Path of a file; an array `(height, width)` or `(height, width, 1 | 3 | 4)`
        of finite numbers from 0; or a picture.
    dim : (height, width) or None
        Size of the result; None keeps the size.
    gray : bool
        Whether colour becomes gray.

    Returns
    -------
    Decoded or str
        Pixels `(height, width)` where the image is gray, else `(height, width, 3)`;
        or the reason why there are none.
    """
    try:
        decoded = _read(content, dim, gray)
    except FileNotFoundError:
        return "does not exist"
    except PermissionError:
        return "no permission to read it"
    except MissingDependencyError as exc:
        return str(exc)
    except UnidentifiedImageError:
        return _what_else(str(content))
    except Image.DecompressionBombError:
        return f"more pixels than are safe to decode ({2 * (Image.MAX_IMAGE_PIXELS or 0):,})"
    except DECODE_ERRORS as exc:
        return f"broken, or of a kind that is not read ({_one_line(exc)})"
    if isinstance(decoded, str):
        return decoded
    img = decoded.pixels
    if img.ndim == 3 and img.shape[2] == 4:
        img = over_white(img)
    if img.ndim == 3 and img.shape[2] == 1:
        img = img[:, :, 0]
    if gray and img.ndim == 3:
        img = to_gray(img)
    return Decoded(imresize(imscale(img), dim), decoded.width, decoded.height)


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Keep Pillow's remarks on odd files off the screen.

    The filters of `warnings` belong to the whole process, so this goes once around
    the reading of all files, never around one file in a worker.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\b")
        warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
        yield


def _read(
    content: str | np.ndarray | Image.Image, dim: tuple[int, int] | None, gray: bool
) -> Decoded | str:
    """Return the upright pixels of `content` as they are, of any type, or a reason."""
    if isinstance(content, np.ndarray):
        return Decoded(content, content.shape[1], content.shape[0])
    if isinstance(content, Image.Image):
        return _read_picture(content, None, gray)
    mode = os.stat(content)  # noqa: PTH116 - a thousand paths an instant
    if not stat.S_ISREG(mode.st_mode):
        return "a folder" if stat.S_ISDIR(mode.st_mode) else "no regular file"
    if mode.st_size == 0:
        return "empty (0 bytes)"
    with open(content, "rb") as file:  # noqa: PTH123
        head = file.read(32)
        file.seek(0)
        if head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS and b"avif" not in head:
            opened = _open_heif(file)
        else:
            opened = Image.open(file, formats=_formats())
        with opened as picture:
            return _read_picture(picture, dim, gray)


def _read_picture(picture: Image.Image, dim: tuple[int, int] | None, gray: bool) -> Decoded | str:
    """Decode a picture of Pillow; with `dim`, a JPEG may come out at a reduced size."""
    is_jpeg = picture.format in ("JPEG", "MPO")
    if is_jpeg:
        orientation, (width, height) = _orientation(picture), picture.size
        if dim is not None:
            target = dim if orientation in SIDEWAYS else dim[::-1]
            # Gray is then the luma that the file holds, without a way through RGB.
            picture.draft("L" if gray else None, target)  # type: ignore[arg-type]
    picture.load()
    if not is_jpeg:
        # Elsewhere the orientation may stand behind the pixels, or be applied by load().
        orientation, (width, height) = _orientation(picture), picture.size
    if orientation in TURNS:
        picture = picture.transpose(TURNS[orientation])
    if orientation in SIDEWAYS:
        width, height = height, width
    img = _to_array(picture)
    return img if isinstance(img, str) else Decoded(img, width, height)


def _to_array(picture: Image.Image) -> np.ndarray | str:
    """Return gray `(h, w)` of any real type, RGB or RGBA `(h, w, 3 | 4)` uint8, or a reason."""
    mode, transparent = picture.mode, picture.info.get("transparency")
    if not picture.width or not picture.height:
        return "no pixels"
    if mode.startswith(("I", "F")):
        img = np.asarray(picture)
        if not np.isfinite(img).all():
            return "NaN or infinite values"
        if isinstance(transparent, int) and mode.startswith("I;16"):
            img = np.where(img == transparent, np.uint16(65535), img)
        return img - img.min().astype(np.float64) if img.min() < 0 else img
    if mode in ("RGBA", "LA", "PA", "La", "RGBa") or transparent is not None:
        straight = {"La": "LA", "PA": "RGBA"}.get(mode, mode)
        return np.asarray(picture.convert(straight).convert("RGBA"))
    if mode not in ("RGB", "L"):
        picture = picture.convert("L" if mode == "1" else "RGB")
    return np.asarray(picture)


def _orientation(picture: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 (upright) where it is absent or unreadable."""
    try:
        value = picture.getexif().get(ORIENTATION, 1)
    except DECODE_ERRORS:
        return 1
    return value if isinstance(value, int) else 1


@cache
def _formats() -> tuple[str, ...]:
    """Return those of `FORMATS` that the installed Pillow can open."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _open_heif(file: IO[bytes]) -> Image.Image:
    heif: Any = import_optional("pillow_heif", extra="heic", needed_by="Reading HEIC")
    # libheif turns the picture upright by itself.
    return heif.open_heif(file).to_pillow()


def _what_else(pathname: str) -> str:
    """Return what a file that no decoder knows seems to be."""
    with open(pathname, "rb") as file:  # noqa: PTH123
        head = file.read(512).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for start, reason in NO_IMAGES.items():
        if head.startswith(start):
            return reason
    return "no image in a format that is read here, or with a broken header"


def _one_line(exc: BaseException) -> str:
    """Return the words of an exception on one line of at most 160 characters."""
    return " ".join(f"{type(exc).__name__}: {exc}".split())[:160].rstrip(": ")

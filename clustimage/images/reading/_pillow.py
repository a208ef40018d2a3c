"""One file or picture, by Pillow, to upright pixels of whatever type it holds."""

from __future__ import annotations

import os
import stat
import struct
import zlib
from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import IO, Any, NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from clustimage._core.errors import MissingDependencyError
from clustimage._core.optional import import_optional
from clustimage.images.exif._facts import read_facts
from clustimage.images.reading._listing import missing
from clustimage.images.reading._modes import load, to_array, unread_kind

__all__ = ["DECODE_ERRORS", "SIDEWAYS", "Decoded", "open_picture", "read_pixels"]

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

# Size (height, width) below which nothing is reduced; a function of that of the original; no limit.
MinSize = tuple[int, int] | Callable[[int, int], tuple[int, int]] | None


class Decoded(NamedTuple):
    """An image, the size in pixels of the original held upright, and when it was taken.

    `taken`, `taken_from`, `modified` and `exif_problem` are as in `ImageStatus`; `key` as in
    `Images.keys`.
    """

    pixels: np.ndarray
    width: int
    height: int
    taken: float | None = None
    taken_from: str = ""
    modified: float | None = None
    key: str | None = None
    exif_problem: str = ""


def read_pixels(content: str | bytes | Image.Image, dim: MinSize, gray: bool) -> Decoded | str:
    """Return the upright pixels of a file or picture, or the reason why there are none.

    Parameters
    ----------
    content : str, bytes or PIL image
        Path of a file, what is in a file, or a picture.
    dim : (height, width), callable or None
        Size below which a JPEG must not be reduced while it is decoded, or what
        makes it from the height and width of the upright picture; None decodes
        it in full.
    gray : bool
        Whether a JPEG may be decoded to its luma alone.

    Returns
    -------
    Decoded or str
        Pixels `(height, width)` of any real type from 0, or `(height, width, 3)`
        (RGB) or `(height, width, 4)` (RGBA) of uint8.
    """
    try:
        return _read(content, dim, gray)
    except FileNotFoundError:
        return missing(str(content))
    except PermissionError:
        return "no permission to read it"
    except MissingDependencyError as exc:
        return str(exc)
    except UnidentifiedImageError:
        return _what_else(content)
    except Image.DecompressionBombError:
        return f"more pixels than are safe to decode ({2 * (Image.MAX_IMAGE_PIXELS or 0):,})"
    except DECODE_ERRORS as exc:
        return f"broken, or of a kind that is not read ({_one_line(exc)})"


def _read(content: str | bytes | Image.Image, dim: MinSize, gray: bool) -> Decoded | str:
    if isinstance(content, Image.Image):
        return _read_picture(content, None, gray)
    if isinstance(content, bytes):
        return _read_file(BytesIO(content), dim, gray)
    mode = os.stat(content)  # noqa: PTH116 - a thousand paths an instant
    if not stat.S_ISREG(mode.st_mode):
        return "a folder" if stat.S_ISDIR(mode.st_mode) else "no regular file"
    if mode.st_size == 0:
        return "empty (0 bytes)"
    with open(content, "rb") as file:  # noqa: PTH123
        decoded = _read_file(file, dim, gray)
    return decoded if isinstance(decoded, str) else decoded._replace(modified=mode.st_mtime)


def _read_file(file: IO[bytes], dim: MinSize, gray: bool) -> Decoded | str:
    with open_picture(file) as picture:
        return _read_picture(picture, dim, gray)


def open_picture(file: IO[bytes], *, header_only: bool = False) -> Image.Image:
    """Open a file of any format that is read here.

    Parameters
    ----------
    file : binary file
        At its beginning.
    header_only : bool, default=False
        Whether the pixels do not matter. Pillow reads them when they are asked for; libheif
        would decode them at once, so that a HEIC picture is then of its size but black.

    Raises
    ------
    One of `DECODE_ERRORS`, or MissingDependencyError
    """
    head = file.read(32)
    file.seek(0)
    if head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS and b"avif" not in head:
        return _open_heif(file, header_only)
    return Image.open(file, formats=_formats())


def _read_picture(picture: Image.Image, dim: MinSize, gray: bool) -> Decoded | str:
    """Decode a picture of Pillow; with `dim`, a JPEG may come out at a reduced size."""
    is_jpeg = picture.format in ("JPEG", "MPO")
    if is_jpeg:
        orientation, (width, height) = _orientation(picture), picture.size
        if dim is not None:
            upright = (width, height) if orientation in SIDEWAYS else (height, width)
            min_size = dim(*upright) if callable(dim) else dim
            target = min_size if orientation in SIDEWAYS else min_size[::-1]
            # Gray is then the luma that the file holds, without a way through RGB.
            picture.draft("L" if gray else None, target)
    problem = unread_kind(picture)
    if problem:
        return problem
    values = load(picture)
    if not is_jpeg:
        # The orientation may stand behind the pixels; of a TIFF, load() has applied it.
        orientation = 1 if picture.format == "TIFF" else _orientation(picture)
        width, height = picture.size
    facts = read_facts(picture)
    if orientation in TURNS:
        picture = picture.transpose(TURNS[orientation])
    if orientation in SIDEWAYS:
        width, height = height, width
    img = to_array(picture, values)
    if isinstance(img, str):
        return img
    return Decoded(img, width, height, facts.taken, facts.taken_from, exif_problem=facts.problem)


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


def _open_heif(file: IO[bytes], header_only: bool) -> Image.Image:
    heif: Any = import_optional("pillow_heif", extra="heic", needed_by="Reading HEIC")
    # libheif turns the picture upright by itself.
    opened = heif.open_heif(file)
    if not header_only:
        full: Image.Image = opened.to_pillow()
        return full
    picture = Image.new("1", opened.size)
    picture.format, picture.info = "HEIF", {"exif": opened.info.get("exif")}
    return picture


def _what_else(content: str | bytes | Image.Image) -> str:
    """Return what a file that no decoder knows seems to be."""
    if isinstance(content, Image.Image):
        return "no picture that Pillow can load"
    if isinstance(content, bytes):
        head = content[:512]
    else:
        with open(content, "rb") as file:  # noqa: PTH123
            head = file.read(512)
    head = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for start, reason in NO_IMAGES.items():
        if head.startswith(start):
            return reason
    return "no image in a format that is read here, or with a broken header"


def _one_line(exc: BaseException) -> str:
    """Return the words of an exception on one line of at most 160 characters."""
    return " ".join(f"{type(exc).__name__}: {exc}".split())[:160].rstrip(": ")

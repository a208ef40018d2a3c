"""One file or picture, by Pillow, to upright pixels of whatever type it holds."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from io import BytesIO
from typing import IO, NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

from clustimage._core.errors import MissingDependencyError
from clustimage._core.files import open_regular
from clustimage._core.parameters import setting
from clustimage.images.exif._facts import read_exif, read_facts
from clustimage.images.exif._values import as_orientation
from clustimage.images.reading._decoding_bytes import coding_style, decoding_bytes
from clustimage.images.reading._decoding_limits import DecodingLimits, TooLargeError, Turn
from clustimage.images.reading._listing import missing
from clustimage.images.reading._modes import load, to_array, unread_kind
from clustimage.images.reading._opening import DECODE_ERRORS, Deferred, check_opened, open_picture
from clustimage.images.reading._quiet import last_message
from clustimage.images.reading._slow_files import named_when_slow

__all__ = ["SIDEWAYS", "Decoded", "MinSize", "read_pixels"]

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

REDUCED = ("JPEG", "MPO", "JPEG2000")  # formats that may be decoded at a smaller size

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


def read_pixels(
    content: str | bytes | Image.Image, dim: MinSize, gray: bool, turn: Turn
) -> Decoded | str:
    """Return the upright pixels of a file or picture, or the reason why there are none.

    Parameters
    ----------
    content : str, bytes or PIL image
        Path of a file, what is in a file, or a picture.
    dim : (height, width), callable or None
        Size below which a JPEG must not be reduced while it is decoded, or what
        makes it from the height and width of the upright picture; None decodes
        it in full. A JPEG 2000 is reduced only where it is too large otherwise.
    gray : bool
        Whether a JPEG may be decoded to its luma alone.
    turn : Turn
        Takes the memory that decoding needs; the caller ends it when the pixels are small.

    Returns
    -------
    Decoded or str
        Pixels `(height, width)` of any real type from 0, or RGB `(height, width, 3)` of
        uint8; what is transparent is laid over white.
    """
    last_message()
    try:
        return _read(content, dim, gray, turn)
    except FileNotFoundError:
        return missing(str(content))
    except PermissionError:
        return "no permission to read it"
    except MissingDependencyError as exc:
        return str(exc)
    except UnidentifiedImageError as exc:
        return _what_else(content, str(exc))
    except TooLargeError as exc:
        return str(exc)
    except Image.DecompressionBombError:
        return f"more pixels than are decoded ({setting('max_pixels', turn.limits.max_pixels)})"
    except DECODE_ERRORS as exc:
        words = last_message() or f"{type(exc).__name__}: {exc}"
        return f"broken, or of a kind that is not read ({_one_line(words)})"


def _read(
    content: str | bytes | Image.Image, dim: MinSize, gray: bool, turn: Turn
) -> Decoded | str:
    if isinstance(content, Image.Image):
        check_opened(content)
        return _read_picture(content, None, gray, turn)
    if isinstance(content, bytes):
        return _read_file(BytesIO(content), dim, gray, turn)
    mode = os.stat(content)  # noqa: PTH116 - a thousand paths an instant
    if not stat.S_ISREG(mode.st_mode):
        return "a folder" if stat.S_ISDIR(mode.st_mode) else "no regular file"
    if mode.st_size == 0:
        return "empty (0 bytes)"
    with open_regular(content) as file, named_when_slow(content):
        decoded = _read_file(file, dim, gray, turn)
    return decoded if isinstance(decoded, str) else decoded._replace(modified=mode.st_mtime)


def _read_file(file: IO[bytes], dim: MinSize, gray: bool, turn: Turn) -> Decoded | str:
    with open_picture(file, turn) as picture:
        return _read_picture(picture, dim, gray, turn)


def _read_picture(picture: Image.Image, dim: MinSize, gray: bool, turn: Turn) -> Decoded | str:
    """Decode a picture of Pillow; with `dim`, it may come out at a reduced size."""
    problem = unread_kind(picture)
    if problem:
        return problem
    is_jpeg, original = picture.format in ("JPEG", "MPO"), picture.size
    # Pillow decodes a PNG to see whether it has EXIF data; libheif turns a HEIC by itself.
    in_header = is_jpeg or "exif" in picture.info or picture.format == "TIFF"
    in_header = in_header and not isinstance(picture, Deferred)
    orientation = _orientation(picture) if in_header else 1
    min_size = None
    if dim is not None:
        upright = original if orientation in SIDEWAYS else original[::-1]
        least = dim(*upright) if callable(dim) else dim
        min_size = least if orientation in SIDEWAYS else least[::-1]
    if is_jpeg and min_size is not None:
        # Gray is then the luma that the file holds, without a way through RGB.
        picture.draft("L" if gray else None, min_size)
    size, turned = picture.size, orientation in TURNS
    if isinstance(picture, Jpeg2KImageFile) and min_size is not None:
        size = _reduce(picture, min_size, turn.limits, turned=turned)
    turn.limits.check_pixels(*size)
    n_bytes = decoding_bytes(picture, size, original, turned=turned)
    turn.take(n_bytes, original)
    values = load(picture)
    if not is_jpeg:
        # It may stand behind the pixels. Where load() has applied that of a TIFF, it is gone.
        orientation = _orientation(picture)
    width, height = original if picture.format in REDUCED else picture.size
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
        return as_orientation(read_exif(picture).get(ORIENTATION))
    except DECODE_ERRORS:  # Unusable among them: the reason is in the facts
        return 1


def _reduce(
    picture: Jpeg2KImageFile, min_size: tuple[int, int], limits: DecodingLimits, *, turned: bool
) -> tuple[int, int]:
    """Halve a JPEG 2000 that is too large as often as needed; return the size it then has."""
    for times in range(coding_style(picture).n_levels + 1):
        across, down = (-(-side >> times) for side in picture.size)
        if times and (across < min_size[0] or down < min_size[1]):
            break
        n_bytes = decoding_bytes(picture, (across, down), picture.size, turned=turned)
        if across * down <= limits.max_pixels and not limits.why_not(n_bytes, picture.size):
            picture.reduce = times
            return across, down
    return picture.size


def _what_else(content: str | bytes | Image.Image, tried: str) -> str:
    """Return what a file that no decoder knows seems to be."""
    if isinstance(content, Image.Image):
        return "no picture that Pillow can load"
    if isinstance(content, bytes):
        head = content[:512]
    else:
        with open_regular(content) as file:
            head = file.read(512)
    head = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for start, reason in NO_IMAGES.items():
        if head.startswith(start):
            return reason
    return f"no image in a format that is read here, or with a broken header{tried}"


def _one_line(words: object) -> str:
    """Return the words of a message on one line of at most 160 characters."""
    return " ".join(str(words).split())[:160].rstrip(": .")

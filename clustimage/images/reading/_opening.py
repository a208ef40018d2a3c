"""Pictures opened by Pillow: their header read, their pixels not yet decoded."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import IO, Any

from PIL import Image, UnidentifiedImageError

from clustimage._core.optional import import_optional
from clustimage.images.exif._directories import check_directories
from clustimage.images.reading._decoding_limits import Turn
from clustimage.images.reading._header import Header
from clustimage.images.reading._inner_pictures import (
    CURSOR_MAGIC,
    ICON_MAGIC,
    check_blp,
    check_icns,
    icon_size,
)

__all__ = ["DECODE_ERRORS", "Deferred", "check_opened", "open_picture"]

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

HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

ICNS_MAGIC = b"icns"
ICONS = ("ICO", "CUR")


class Deferred(Image.Image):
    """A picture whose decoder makes header and pixels at once, which happens when it is loaded."""

    def __init__(
        self,
        format: str,
        size: tuple[int, int],
        decode: Callable[[], Image.Image],
        exif: bytes | None = None,
    ) -> None:
        super().__init__()
        self.format, self._size, self._mode = format, size, "RGBA"
        if exif is not None:
            self.info["exif"] = exif
        self._decode: Callable[[], Image.Image] | None = decode

    def load(self) -> Any:
        if self._decode is not None:
            picture, self._decode = self._decode(), None
            picture.load()
            self.im, self._mode, self._size = picture.im, picture.mode, picture.size
            self.palette, self.info = picture.palette, picture.info
        return super().load()


def open_picture(file: IO[bytes], turn: Turn | None = None) -> Image.Image:
    """Open a file of any format that is read here; its pixels are decoded by ``load``.

    Parameters
    ----------
    file : binary file
        At its beginning.
    turn : Turn, optional
        Of the image, which says how much of the file may be held.

    Raises
    ------
    One of `DECODE_ERRORS`, TooLargeError or MissingDependencyError
    """
    head = file.read(32)
    file.seek(0)
    header: Any = Header(file, turn)
    if head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS and b"avif" not in head:
        return _open_heif(header)
    if head.startswith(ICNS_MAGIC):
        check_icns(header)
    if head[:4] in (ICON_MAGIC, CURSOR_MAGIC):
        return _open_icon(header) or _identify(header, head, but=ICONS)
    return _identify(header, head)


def check_opened(picture: Image.Image) -> None:
    """Check what `open_picture` checks of a picture that was opened elsewhere, and is not loaded.

    An icon of Windows is loaded when it is opened.

    Raises
    ------
    ValueError
        If a picture in it is larger than it says.
    """
    file = getattr(picture, "fp", None)
    if file is None or getattr(picture, "_im", None) is not None:
        return
    begin = file.tell()
    if picture.format == "ICNS":
        check_icns(file)
    elif picture.format == "BLP":
        check_blp(picture, file)
    file.seek(begin)


def _identify(header: Any, head: bytes, but: tuple[str, ...] = ()) -> Image.Image:
    """Do what ``Image.open`` does, without its limit: how many pixels are decoded comes later."""
    tried = ""
    for name in _formats():
        factory, accept = Image.OPEN[name]
        accepted: bool | str = False
        try:
            accepted = name not in but and (accept is None or accept(head[:16]))
            if accepted and not isinstance(accepted, str):  # a str says that a library is missing
                if name == "TIFF":
                    check_directories(header)
                header.seek(0)
                picture = factory(header, "")
                if name == "BLP":
                    check_blp(picture, header)
                header.lift_limits()
                return picture
        except (SyntaxError, IndexError, TypeError, struct.error) as exc:
            if accepted and accept is not None:
                tried = tried or f" ({name}: {exc})"
    raise UnidentifiedImageError(tried)


@cache
def _formats() -> tuple[str, ...]:
    """Return those of `FORMATS` that the installed Pillow can open."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _open_heif(file: IO[bytes]) -> Image.Image:
    heif: Any = import_optional("pillow_heif", extra="heic", needed_by="Reading HEIC")
    # libheif turns the picture upright by itself.
    opened = heif.open_heif(file)
    return Deferred("HEIF", opened.size, opened.to_pillow, opened.info.get("exif"))


def _open_icon(file: IO[bytes]) -> Image.Image | None:
    """Open an icon or a cursor, with the transparency that its mask or its pixels hold.

    Pillow reads the mask of an icon alone, and the number of bits from the directory: both are
    read as icons whose directory is right. None is something else; see `icon_size`.
    """
    content = bytearray(file.read())
    content[:4] = ICON_MAGIC
    size = icon_size(content)
    if size is None:
        return None
    return Deferred("ICO", size, lambda: _identify(Header(BytesIO(content)), ICON_MAGIC))

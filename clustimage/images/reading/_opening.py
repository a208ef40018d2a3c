"""Pictures opened by Pillow: their header read, their pixels not yet decoded."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import IO, Any

from PIL import Image, UnidentifiedImageError

from clustimage._core.optional import import_optional

__all__ = ["DECODE_ERRORS", "Deferred", "open_picture"]

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

# Of a header. Pillow reads it in small pieces, and joins EXIF data of many parts one by one, which
# takes minutes where a file was made for that.
MAX_READS, MAX_EXIF = 200_000, 1 << 20
EXIF = b"Exif\0\0"

HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

ICON_MAGIC, CURSOR_MAGIC = b"\0\0\1\0", b"\0\0\2\0"
DIB_HEADER = 40  # bytes
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
JPEG2000_SIZE = b"\xff\x4f\xff\x51"  # before the size of a JPEG 2000
ICNS_MAGIC, ICNS_SIDE = b"icns", 1024  # pixels that an icon of Apple has at most


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


class Header:
    """A file of which only a header of some length is read, until its limits are lifted."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._reads, self._exif = file, 0, 0
        self.read: Callable[..., bytes] = self._counted
        self.seek, self.tell = file.seek, file.tell  # often used

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def _counted(self, *size: int) -> bytes:
        content = self._file.read(*size)
        self._reads += 1
        if content.startswith(EXIF):
            self._exif += len(content)
        if self._exif > MAX_EXIF:
            raise ValueError(f"its EXIF data have more than the {MAX_EXIF} bytes that are read")
        if self._reads > MAX_READS:
            raise ValueError("its header has too many parts")
        return content

    def lift_limits(self) -> None:
        self.read = self._file.read


def open_picture(file: IO[bytes]) -> Image.Image:
    """Open a file of any format that is read here; its pixels are decoded by ``load``.

    Parameters
    ----------
    file : binary file
        At its beginning.

    Raises
    ------
    One of `DECODE_ERRORS`, or MissingDependencyError
    """
    head = file.read(32)
    file.seek(0)
    if head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS and b"avif" not in head:
        return _open_heif(file)
    if head.startswith(ICNS_MAGIC):
        _check_icns(file)
    icon = _open_icon(file) if head[:4] in (ICON_MAGIC, CURSOR_MAGIC) else None
    return icon or _identify(file, head)


def _identify(file: IO[bytes], head: bytes) -> Image.Image:
    """Do what ``Image.open`` does, without its limit: how many pixels are decoded comes later."""
    header: Any = Header(file)
    tried = ""
    for name in _formats():
        factory, accept = Image.OPEN[name]
        accepted: bool | str = False
        try:
            accepted = accept is None or accept(head[:16])
            if accepted and not isinstance(accepted, str):  # a str says that a library is missing
                header.seek(0)
                picture = factory(header, "")
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


def _check_icns(file: IO[bytes]) -> None:
    """Raise where an icon of Apple holds a picture that is larger than it says."""
    file.seek(8)
    while len(head := file.read(8)) == 8 and (size := int.from_bytes(head[4:], "big") - 8) > 0:
        start = file.tell()
        content = file.read(min(size, 256))
        at = content.find(JPEG2000_SIZE)
        if content.startswith(PNG_MAGIC) or at >= 0:
            width, height = struct.unpack_from(">LL", content, 16 if at < 0 else at + 8)
            if max(width, height) > ICNS_SIDE:
                raise ValueError(f"an icon whose picture is {width:,} x {height:,} pixels large")
        file.seek(start + size)
    file.seek(0)


def _open_heif(file: IO[bytes]) -> Image.Image:
    heif: Any = import_optional("pillow_heif", extra="heic", needed_by="Reading HEIC")
    # libheif turns the picture upright by itself.
    opened = heif.open_heif(file)
    return Deferred("HEIF", opened.size, opened.to_pillow, opened.info.get("exif"))


def _open_icon(file: IO[bytes]) -> Image.Image | None:
    """Open an icon or a cursor, with the transparency that its mask or its pixels hold.

    Pillow reads the mask of an icon alone, and the number of bits from the directory, where
    cursors hold something else, and many icons nothing: the pictures themselves know it.
    None is something else, such as a TGA file that begins alike.
    """
    content = bytearray(file.read())
    content[:4] = ICON_MAGIC
    size = (0, 0)
    for number in range(int.from_bytes(content[4:6], "little")):
        entry = 6 + 16 * number
        begin = int.from_bytes(content[entry + 12 : entry + 16], "little")
        header = content[begin : begin + DIB_HEADER]
        if len(header) < DIB_HEADER:
            return None
        if header[:8] == PNG_MAGIC:
            bits = bytearray(2)
            width, height = struct.unpack_from(">LL", header, 16)
        elif header[0] >= DIB_HEADER and header[1:4] == b"\0\0\0":
            bits = header[14:16]
            width, height = struct.unpack_from("<Ll", header, 4)
            height = abs(height) // 2  # the mask lies below the picture
        else:
            return None
        content[entry + 6 : entry + 8] = bits
        size = max(size, (width, height), key=math.prod)
    if not size[0]:
        return None
    return Deferred("ICO", size, lambda: _identify(BytesIO(content), ICON_MAGIC))

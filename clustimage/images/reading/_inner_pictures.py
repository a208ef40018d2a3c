"""Pictures inside icons and textures, which may be larger than those say."""

from __future__ import annotations

import math
import struct
from io import BytesIO
from typing import IO

from PIL import Image
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

__all__ = ["CURSOR_MAGIC", "ICON_MAGIC", "check_blp", "check_icns", "icon_size"]

ICON_MAGIC, CURSOR_MAGIC = b"\0\0\1\0", b"\0\0\2\0"
CORE_HEADER, DIB_HEADER = 12, 40  # bytes of bitmaps, of OS/2 and of Windows
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
JPEG2000_MAGIC = (b"\xff\x4f\xff\x51", b"\r\n\x87\n", b"\0\0\0\x0cjP  \r\n\x87\n")
ICNS_SIDE = 1024  # pixels that an icon of Apple has at most
# Of a BLP: a compression; where positions and lengths of its pictures are, the largest first.
JPEG_IN_BLP, PLACES_AT, PLACES = 0, 28, "<16L16L"


def icon_size(content: bytearray) -> tuple[int, int] | None:
    """Return the size of the largest picture in an icon, which its directory may not say.

    The number of bits in the directory, where cursors hold something else, and many icons
    nothing, becomes that of the picture. None is something else, such as a TGA file that begins
    alike.
    """
    size = (0, 0)
    for number in range(int.from_bytes(content[4:6], "little")):
        entry = 6 + 16 * number
        begin = int.from_bytes(content[entry + 12 : entry + 16], "little")
        header = content[begin : begin + DIB_HEADER]
        length = int.from_bytes(header[:4], "little")
        if len(header) < DIB_HEADER:
            return None
        if header[:8] == PNG_MAGIC:
            bits = bytearray(2)
            width, height = struct.unpack_from(">LL", header, 16)
        elif length == CORE_HEADER:
            bits = header[10:12]
            width, height = struct.unpack_from("<HH", header, 4)
            height //= 2
        elif DIB_HEADER <= length < 256:
            bits = header[14:16]
            width, height = struct.unpack_from("<Ll", header, 4)
            height = abs(height) // 2  # the mask lies below the picture
        else:
            return None
        content[entry + 6 : entry + 8] = bits
        size = max(size, (width, height), key=math.prod)
    return size if size[0] else None


def check_icns(file: IO[bytes]) -> None:
    """Raise where an icon of Apple holds a picture that is larger than it says."""
    file.seek(8)
    while len(head := file.read(8)) == 8:
        start = file.tell()
        size = int.from_bytes(head[4:], "big") - 8
        if size < 0:
            return  # where Pillow ends, too
        magic = file.read(12)
        file.seek(start)
        inner: Image.Image | None = None
        if magic.startswith(PNG_MAGIC):
            inner = PngImageFile(file)
        elif magic.startswith(JPEG2000_MAGIC):
            inner = Jpeg2KImageFile(BytesIO(file.read(size)))
        if inner is not None and max(inner.size) > ICNS_SIDE:
            width, height = inner.size
            raise ValueError(f"an icon whose picture is {width:,} x {height:,} pixels large")
        file.seek(start + size)


def check_blp(picture: Image.Image, file: IO[bytes]) -> None:
    """Raise where the JPEG in a texture is larger than the texture."""
    file.seek(0)
    magic, compression = struct.unpack("<4sl", file.read(8))
    if magic != b"BLP1" or compression != JPEG_IN_BLP:
        return
    file.seek(PLACES_AT)
    places = struct.unpack(PLACES, file.read(struct.calcsize(PLACES)))
    head = file.read(int.from_bytes(file.read(4), "little"))
    file.seek(places[0])
    inner = JpegImageFile(BytesIO(head + file.read(places[16])))
    if inner.width > picture.width or inner.height > picture.height:
        raise ValueError(
            f"a texture whose picture is {inner.width:,} x {inner.height:,} pixels large"
        )

"""Small files of large pictures, of every format: those that say so and those that are.

``LARGE_PICTURES`` has their makers by the name of the file: what is large, and its ending.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from PIL import Image

WIDE, HIGH = 15_000, 11_000  # 165 megapixels, which are decoded where there is the memory
BEYOND = 30_000  # so many in each direction are not
MANY = 20_000  # frames, pages, chunks
UNPACKED = 300 << 20  # bytes that a text of 300 kB unpacks to


def zeros(n_bytes: int) -> bytes:
    """Return zeros, packed by zlib."""
    packer, block = zlib.compressobj(9), bytes(1 << 20)
    parts = [packer.compress(block) for _ in range(n_bytes >> 20)]
    return b"".join([*parts, packer.compress(bytes(n_bytes % (1 << 20))), packer.flush()])


def saved(format: str, size: tuple[int, int], mode: str = "1", **options: Any) -> bytes:
    """Return a picture of one colour, written by Pillow."""
    file = io.BytesIO()
    Image.new(mode, size).save(file, format, **options)
    return file.getvalue()


# --- PNG ------------------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))


def png(
    width: int,
    height: int,
    *,
    bits: int = 1,
    kind: int = 0,
    interlaced: int = 0,
    before: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """Return a PNG of zeros; `before` and `after` are chunks around those of the pixels."""
    n_channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    data = zeros((1 + (width * n_channels * bits + 7) // 8) * height * (2 if interlaced else 1))
    header = struct.pack(">LLBBBBB", width, height, bits, kind, 0, 0, interlaced)
    palette = chunk(b"PLTE", bytes(3)) if kind == 3 else b""
    parts = [chunk(b"IHDR", header), before, palette, chunk(b"IDAT", data), after]
    return b"\x89PNG\r\n\x1a\n" + b"".join([*parts, chunk(b"IEND", b"")])


def apng() -> bytes:
    """Return an animated PNG of many frames."""
    control = struct.pack(">LLLLHHBB", WIDE, HIGH, 0, 0, 1, 1, 0, 0)
    frames = b"".join(
        chunk(b"fcTL", struct.pack(">L", i) + control) + chunk(b"fdAT", struct.pack(">L", i + 1))
        for i in range(1, MANY, 2)
    )
    first = chunk(b"acTL", struct.pack(">LL", MANY // 2, 0))
    first += chunk(b"fcTL", struct.pack(">L", 0) + control)
    return png(WIDE, HIGH, before=first, after=frames)


# --- GIF and WebP ---------------------------------------------------------------------------------


def gif(width: int, height: int, n_frames: int = 1, *, flags: int = 0, inside: int = 0) -> bytes:
    """Return a GIF of 43 bytes for one frame, of the size of its screen or of one `inside`."""
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    size = (inside, inside) if inside else (width, height)
    frame = b"," + struct.pack("<HHHHB", 0, 0, *size, flags) + b"\2\2D\1\0"
    return screen + frame * n_frames + b";"


def riff(*parts: tuple[bytes, bytes]) -> bytes:
    """Return a WebP file of these chunks."""
    body = b"WEBP" + b"".join(
        kind + struct.pack("<L", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in parts
    )
    return b"RIFF" + struct.pack("<L", len(body)) + body


def one_colour(width: int, height: int) -> tuple[bytes, bytes]:
    """Return the chunk of a lossless WebP of one colour."""
    fields = [(0x2F, 8), (width - 1, 14), (height - 1, 14), (0, 1), (0, 3), (0, 3)]
    fields += [(1, 4)] * 5
    bits = "".join(format(value, f"0{n}b")[::-1] for value, n in fields)
    bits += "0" * (-len(bits) % 16)
    return b"VP8L", bytes(int(bits[i : i + 8][::-1], 2) for i in range(0, len(bits), 8))


def webp(width: int, height: int) -> bytes:
    """Return a lossless WebP of one colour, of 34 bytes."""
    return riff(one_colour(width, height))


def webp_lossy() -> bytes:
    """Return a lossy WebP that ends soon after its header."""
    data = bytearray(saved("WEBP", (16, 16), "RGB", quality=1)[20:])
    data[6:10] = struct.pack("<HH", 16_383, 10_000)
    return riff((b"VP8 ", bytes(data)))


def webp_animated(n_frames: int, side: int, *more: tuple[bytes, bytes]) -> bytes:
    """Return a WebP of frames of a side on a canvas of 16,383 pixels, and other chunks."""
    canvas, size = struct.pack("<L", 16_382)[:3], struct.pack("<L", side - 1)[:3]
    kind, body = one_colour(side, side)
    frame = bytes(6) + size + size + b"\1\0\0\0" + kind + struct.pack("<L", len(body)) + body
    head = (b"VP8X", b"\2\0\0\0" + canvas + canvas)
    return riff(head, (b"ANIM", bytes(6)), *[(b"ANMF", frame)] * n_frames, *more)


# --- TIFF -----------------------------------------------------------------------------------------

Tags = dict[int, int | tuple[int, ...]]


def page(width: int, height: int, packed: int, data: bytes, **more: Any) -> tuple[Tags, bytes]:
    """Return a page of one strip, gray, a byte a pixel where `more` (as ``t258=1``) says no other.

    The value -1 is the position of the data in the file.
    """
    tags: Tags = {256: width, 257: height, 258: 8, 259: packed, 262: 1, 273: -1, 277: 1}
    tags |= {278: height, 279: len(data)}
    tags |= {int(name[1:]): value for name, value in more.items()}
    return {tag: value for tag, value in tags.items() if value is not None}, data


def tiff(*pages: tuple[Tags, bytes], loop: bool = False) -> bytes:
    """Return a TIFF; with `loop` the first page follows the last."""
    out = bytearray(b"II*\0" + struct.pack("<L", 8))
    for number, (tags, data) in enumerate(pages, 1):
        beside = len(out) + 2 + 12 * len(tags) + 4
        lists = 4 * sum(len(value) for value in tags.values() if isinstance(value, tuple))
        entries, tail = struct.pack("<H", len(tags)), b""
        for tag, value in sorted(tags.items()):
            values = value if isinstance(value, tuple) else (value,)
            packed = struct.pack(
                f"<{len(values)}L", *(beside + lists if v < 0 else v for v in values)
            )
            if len(values) > 1:
                packed, tail = struct.pack("<L", beside + len(tail)), tail + packed
            entries += struct.pack("<HHL", tag, 4, len(values)) + packed
        follows = beside + lists + len(data) if number < len(pages) else 8 * loop
        out += entries + struct.pack("<L", follows) + tail + data
    return bytes(out)


def tiles(side: int, n_tiles: int) -> bytes:
    """Return a TIFF of tiles that all lie in one place of the file."""
    data = zeros(side * side)
    strip = {"t273": None, "t278": None, "t279": None}
    where = {"t324": (-1,) * n_tiles, "t325": (len(data),) * n_tiles}
    return tiff(page(WIDE, HIGH, 8, data, t322=side, t323=side, **where, **strip))


def strips(n_strips: int) -> bytes:
    """Return a TIFF of strips that all lie in one place of the file."""
    data = zeros(WIDE * HIGH // n_strips)
    where = {"t273": (-1,) * n_strips, "t279": (len(data),) * n_strips}
    return tiff(page(WIDE, HIGH, 8, data, t278=HIGH // n_strips, **where))


def fractions(n_values: int, kind: int = 5) -> bytes:
    """Return a TIFF of a few pixels whose camera is a list of fractions, or of other numbers."""
    at = 8 + 2 + 12 * 10 + 4
    size = n_values * (8 if kind == 5 else 2)
    tags = {256: 4, 257: 4, 258: 8, 259: 1, 262: 1, 273: at + size, 277: 1, 278: 4, 279: 16}
    entries = [(tag, 4, 1, value) for tag, value in tags.items()] + [(271, kind, n_values, at)]
    head = b"II*\0" + struct.pack("<LH", 8, len(entries))
    packed = b"".join(struct.pack("<HHLL", *entry) for entry in sorted(entries))
    return head + packed + bytes(4) + b"\1\2" * (size // 2) + bytes(16)


# --- JPEG -----------------------------------------------------------------------------------------


def with_exif(content: bytes) -> bytes:
    """Return a PNG of a few pixels with these EXIF data."""
    return png(9, 9, before=chunk(b"eXIf", content))


def channels_apart(width: int, height: int) -> bytes:
    """Return a JPEG of one colour that is not progressive, with a scan for each channel."""
    small = saved("JPEG", (16, 16), "RGB", subsampling=0)
    data = bytearray(small[: small.index(b"\xff\xda")])
    at = after(small, b"\xff\xc0") + 3
    struct.pack_into(">HH", data, at, height, width)
    n_blocks = -(-width // 8) * -(-height // 8)
    for number, table, bits in ((1, 0, "001010"), (2, 0x11, "0000"), (3, 0x11, "0000")):
        data += b"\xff\xda\0\x08\1" + bytes([number, table, 0, 63, 0])
        once = int(bits * 4, 2).to_bytes(len(bits) // 2, "big")
        data += once * (n_blocks // 4 + 1)
    return bytes(data) + b"\xff\xd9"


def many_scans(width: int, height: int, n_scans: int) -> bytes:
    """Return a progressive JPEG whose last scan is there many times."""
    content = saved("JPEG", (width, height), "L", quality=1, progressive=True)
    end, start = content.rindex(b"\xff\xd9"), content.rindex(b"\xff\xda")
    return content[:end] + content[start:end] * n_scans + b"\xff\xd9"


# --- JPEG 2000 ------------------------------------------------------------------------------------


def codestream(side: int, tile: int, blocks: bytes = b"", *, in_tile: bool = False) -> bytes:
    """Return a gray JPEG 2000 without data: of small tiles, or of small precincts (`blocks`)."""

    def style(precincts: bytes) -> bytes:
        body = bytes([bool(precincts), 0, 0, 1, 0, 5, 4, 4, 0, 1]) + precincts
        return b"\xff\x52" + struct.pack(">H", 2 + len(body)) + body

    size = struct.pack(">H8LH", 0, side, side, 0, 0, tile, tile, 0, 0, 1) + b"\7\1\1"
    steps = b"\x40" + b"\x40" * 16
    main = b"\xff\x4f\xff\x51" + struct.pack(">H", 2 + len(size)) + size
    main += style(b"" if in_tile else blocks) + b"\xff\x5c\0\x13" + steps
    part = (style(blocks) if in_tile else b"") + b"\xff\x93" + bytes(100)
    return main + b"\xff\x90" + struct.pack(">HHLBB", 10, 0, 12 + len(part), 0, 1) + part


# --- files that say that they are large, and end soon after their header --------------------------


def resized(content: bytes, width: int, height: int, *places: tuple[str, int, int]) -> bytes:
    """Return a file with another size in its header: a format of `struct`, and where it is."""
    data = bytearray(content)
    for kind, across, down in places:
        struct.pack_into(kind, data, across, min(width, 65_535) if kind[1] == "H" else width)
        struct.pack_into(kind, data, down, min(height, 65_535) if kind[1] == "H" else height)
    return bytes(data)


def after(content: bytes, mark: bytes) -> int:
    return content.index(mark) + len(mark)


def jpeg(width: int, height: int, **options: Any) -> bytes:
    small = saved("JPEG", (16, 16), "RGB", **options)
    at = after(small, b"\xff\xc2" if options.get("progressive") else b"\xff\xc0") + 3
    return resized(small, width, height, (">H", at + 2, at))


def jpeg2000(width: int, height: int, *, in_box: bool = True) -> bytes:
    small = saved("JPEG2000", (16, 16), "RGB", no_jp2=not in_box)
    at = after(small, b"\xff\x51") + 4
    small = resized(small, width, height, (">L", at, at + 4))
    if in_box:
        at = after(small, b"ihdr")
        small = resized(small, width, height, (">L", at + 4, at))
    return small


def avif(width: int, height: int) -> bytes:
    small = saved("AVIF", (16, 16), "RGB")
    at = after(small, b"ispe") + 4
    return resized(small, width, height, (">L", at, at + 4))


def coded_larger(size: tuple[int, int], says: tuple[int, int]) -> bytes:
    """Return an AVIF of one colour whose container says another size."""
    content = saved("AVIF", size, "RGB", quality=1, speed=10)
    at = after(content, b"ispe") + 4
    return resized(content, *says, (">L", at, at + 4))


def heic(width: int, height: int) -> bytes:
    from pillow_heif import from_pillow

    file = io.BytesIO()
    from_pillow(Image.new("RGB", (64, 64))).save(file)
    small = file.getvalue()
    at = after(small, b"ispe") + 4
    return resized(small, width, height, (">L", at, at + 4))


def psd(width: int, height: int, packed: int = 0) -> bytes:
    head = b"8BPS" + struct.pack(">H6xHLLHH", 1, 3, height, width, 8, 3)
    return head + bytes(12) + struct.pack(">H", packed) + bytes(1000)


def dds(width: int, height: int, code: bytes = b"DXT1") -> bytes:
    size = struct.pack("<LLLLL", 124, 0x1007, height, width, 0)
    return b"DDS " + size + bytes(52) + struct.pack("<LL4s", 32, 4, code) + bytes(1044)


def qoi(width: int, height: int, data: bytes = bytes(8)) -> bytes:
    return b"qoif" + struct.pack(">LLBB", width, height, 3, 0) + data + bytes(7) + b"\1"


def sun(width: int, height: int, kind: int = 1) -> bytes:
    return struct.pack(">8L", 0x59A66A95, width, height, 8, 1000, kind, 0, 0) + bytes(1000)


def sgi(width: int, height: int, packed: int = 0) -> bytes:
    head = struct.pack(">HBBHHHHLL", 474, packed, 1, 2, width, height, 1, 0, 255)
    return head.ljust(512, b"\0") + bytes(2000)


def tga(width: int, height: int, kind: int = 10, bits: int = 32) -> bytes:
    head = struct.pack("<BBBHHBHHHHBB", 0, 0, kind, *[0] * 5, width, height, bits, 40)
    return head + bytes(20)


def pcx(width: int, height: int, planes: int = 1, bits: int = 8) -> bytes:
    head = struct.pack("<BBBBHHHH", 10, 5, 1, bits, 0, 0, width - 1, height - 1)
    line = struct.pack("<BH", planes, (width * bits + 7) // 8 & 0xFFFF)
    return (head + bytes(53) + line).ljust(128, b"\0") + b"\xff\0" * 2000


def dcx() -> bytes:
    return struct.pack("<LLL", 0x3ADE68B1, 12, 0) + pcx(WIDE, HIGH)


def bmp(width: int, height: int, bits: int = 24, packed: int = 0) -> bytes:
    head = struct.pack("<LllHHLLllLL", 40, width, height, 1, bits, packed, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<LLL", 1100, 0, 54 + 1024) + head + bytes(2000)


def icon(content: bytes, kind: int = 1, n_pictures: int = 1) -> bytes:
    at = 6 + 16 * n_pictures
    entry = struct.pack("<BBBBHHLL", 0, 0, 0, 0, 1, 32, len(content), at)
    return struct.pack("<HHH", 0, kind, n_pictures) + entry * n_pictures + content


def bitmap_icon(width: int, height: int) -> bytes:
    head = struct.pack("<LllHHLLllLL", 40, width, 2 * height, 1, 32, 0, 0, 0, 0, 0, 0)
    return icon(head + bytes(1000))


def two_icons(content: bytes) -> bytes:
    """Return an icon of a bitmap of OS/2, whose header is shorter, and a picture."""
    first = struct.pack("<LHHHH", 12, 16, 16, 1, 24).ljust(900, b"\0")
    entries = struct.pack("<BBBBHHLL", 16, 16, 0, 0, 1, 32, len(first), 38)
    entries += struct.pack("<BBBBHHLL", 0, 0, 0, 0, 1, 32, len(content), 38 + len(first))
    return struct.pack("<HHH", 0, 1, 2) + entries + first + content


def texture(content: bytes) -> bytes:
    """Return a BLP of 16 x 16 pixels that holds a JPEG."""
    head = b"BLP1" + struct.pack("<6L", 0, 0, 16, 16, 5, 0)
    places = struct.pack("<32L", len(head) + 132, *[0] * 15, len(content), *[0] * 15)
    return head + places + bytes(4) + content


def boxed(content: bytes) -> bytes:
    """Return a JPEG 2000 with a box before its header."""
    at = content.index(b"jp2h") - 4
    return content[:at] + struct.pack(">L4s", 1008, b"free") + bytes(1000) + content[at:]


def icns(content: bytes, *, before: bytes = b"") -> bytes:
    body = before + b"ic10" + struct.pack(">L", 8 + len(content)) + content
    return b"icns" + struct.pack(">L", 8 + len(body)) + body


def text(words: str, width: int, height: int) -> bytes:
    return words.format(width=width, height=height).encode() + bytes(1000)


XBM = "#define a_width {width}\n#define a_height {height}\nstatic char a_bits[] = {{\n0x00"
XPM = '/* XPM */\nstatic char *a[] = {{\n"{width} {height} 1 1",\n"a c #000000",\n"aaaa"\n'
IM = (
    "Image type: L 1 image\r\nFile size (no of images): 1\r\nImage size (x*y): {width}*{height}\r\n"
)
PAM = "P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n"


def fits(width: int, height: int) -> bytes:
    cards = ("SIMPLE", "T"), ("BITPIX", 8), ("NAXIS", 2), ("NAXIS1", width), ("NAXIS2", height)
    head = "".join(f"{name:8}= {value:>20}".ljust(80) for name, value in cards) + "END"
    return head.ljust(2880).encode() + bytes(2880)


def msp(width: int, height: int, magic: bytes = b"LinS") -> bytes:
    words = [*struct.unpack("<HH", magic), width, height, *[1] * 8]
    check = 0
    for word in words:
        check ^= word
    return struct.pack("<16H", *words, check, 0, 0, 0) + bytes(1000)


def gbr(width: int, height: int) -> bytes:
    return struct.pack(">LLLLL4sL", 32, 2, width, height, 4, b"GIMP", 1) + bytes(1000)


def pixar(width: int, height: int) -> bytes:
    head = (b"\200\350\000\000".ljust(416, b"\0")) + struct.pack("<HH", height, width)
    return (head + struct.pack("<HH", 14, 2)).ljust(1024, b"\0") + bytes(1000)


def fli(width: int, height: int) -> bytes:
    head = struct.pack("<LHHHHHHL", 2000, 0xAF12, 1, width, height, 8, 3, 0)
    return head.ljust(128, b"\0") + struct.pack("<LHH8x", 16, 0xF1FA, 0) + bytes(1000)


def blp(width: int, height: int) -> bytes:
    head = b"BLP2" + struct.pack("<LBBBBLL", 1, 1, 0, 0, 0, width, height)
    return head + struct.pack("<32L", *[1172] * 16, *[1000] * 16) + bytes(2100)


def ftex(width: int, height: int) -> bytes:
    head = b"FTEX" + struct.pack("<LLLLLLLL", 1, width, height, 1, 1, 0, 32, 0)
    return head + bytes(1000)


SAY: dict[str, Callable[[int, int], bytes]] = {
    "jpg": jpeg,
    "progressive.jpg": partial(jpeg, progressive=True),
    "jp2": jpeg2000,
    "stream.j2k": partial(jpeg2000, in_box=False),
    "avif": avif,
    "heic": heic,
    "psd": psd,
    "runs.psd": partial(psd, packed=1),
    "dds": dds,
    "dxt5.dds": partial(dds, code=b"DXT5"),
    "qoi": qoi,
    "ras": sun,
    "runs.ras": partial(sun, kind=2),
    "sgi": sgi,
    "runs.sgi": partial(sgi, packed=1),
    "tga": partial(tga, kind=2),
    "runs.tga": tga,
    "gray.tga": partial(tga, kind=11, bits=8),
    "pcx": pcx,
    "colour.pcx": partial(pcx, planes=3),
    "bmp": bmp,
    "runs.bmp": partial(bmp, bits=8, packed=1),
    "runs4.bmp": partial(bmp, bits=4, packed=2),
    "masks.bmp": partial(bmp, bits=32, packed=3),
    "bitmap.ico": bitmap_icon,
    "pbm": partial(text, "P4\n{width} {height}\n"),
    "pgm": partial(text, "P5\n{width} {height}\n255\n"),
    "deep.pgm": partial(text, "P5\n{width} {height}\n65535\n"),
    "ppm": partial(text, "P6\n{width} {height}\n255\n"),
    "text.ppm": partial(text, "P3\n{width} {height}\n255\n0 0 0 "),
    "float.pfm": partial(text, "PF\n{width} {height}\n-1.0\n"),
    "pam.pnm": partial(text, PAM),
    "xbm": partial(text, XBM),
    "xpm": partial(text, XPM),
    "im": partial(text, IM),
    "fits": fits,
    "msp": msp,
    "gbr": gbr,
    "pxr": pixar,
    "fli": fli,
    "blp": blp,
    "ftu": ftex,
    "tif": lambda width, height: tiff(page(width, height, 1, bytes(1000))),
}

WITH_TEXT = chunk(b"zTXt", b"a\0\0" + zeros(UNPACKED))
WITH_UTF8 = chunk(b"iTXt", b"a\0\1\0\0\0" + zeros(UNPACKED))
WITH_PROFILE = chunk(b"iCCP", b"a\0\0" + zeros(UNPACKED))
MANY_TEXTS = chunk(b"tEXt", b"a\0b") * (10 * MANY)
RUNS = b"\x81\0" * (WIDE * HIGH // 128)  # packed bits
COMMENTS = b"\xff\xfe\0\3a" * MANY
SIZE = (WIDE, HIGH)
EMPTY_ICON = b"none" + struct.pack(">L", 8)
SMALL_BLOCKS = b"\0" + b"\x11" * 5
WIDE_TEXT = zlib.compress(("\U0001f600" + "a" * 1_000_000).encode(), 9)
WIDE_TEXTS = b"".join(chunk(b"iTXt", b"a%d\0\1\0\0\0" % i + WIDE_TEXT) for i in range(60))

ARE: dict[str, Callable[[], bytes]] = {
    "bits.png": lambda: png(*SIZE),
    "gray.png": lambda: png(*SIZE, bits=8),
    "deep.png": lambda: png(*SIZE, bits=16),
    "palette.png": lambda: png(*SIZE, bits=8, kind=3),
    "alpha.png": lambda: png(*SIZE, bits=8, kind=4),
    "rgba.png": lambda: png(*SIZE, bits=8, kind=6),
    "interlaced.png": lambda: png(*SIZE, bits=8, interlaced=1),
    "beyond.png": lambda: png(BEYOND, BEYOND),
    "text.png": lambda: png(9, 9, before=WITH_TEXT),
    "utf8.png": lambda: png(9, 9, before=WITH_UTF8),
    "profile.png": lambda: png(9, 9, before=WITH_PROFILE),
    "texts.png": lambda: png(9, 9, before=MANY_TEXTS),
    "late.png": lambda: png(9, 9, after=MANY_TEXTS + WITH_TEXT),
    "frames.png": apng,
    "one.gif": lambda: gif(*SIZE),
    "interlaced.gif": lambda: gif(*SIZE, flags=0x40),
    "frames.gif": lambda: gif(*SIZE, MANY),
    "inside.gif": lambda: gif(60_000, 60_000, MANY, inside=9),
    "around.gif": lambda: gif(9, 9, inside=60_000),
    "one.webp": lambda: webp(16_383, 9_000),
    "beyond.webp": lambda: webp(16_383, 16_383),
    "lossy.webp": webp_lossy,
    "frames.webp": lambda: webp_animated(MANY, 9),
    "large_frame.webp": lambda: webp_animated(1, 16_383),
    "exif.webp": lambda: webp_animated(1, 9, (b"EXIF", bytes(1 << 22))),
    "deflated.tif": lambda: tiff(page(*SIZE, 8, zeros(WIDE * HIGH))),
    "cmyk.tif": lambda: tiff(page(*SIZE, 8, zeros(4 * WIDE * HIGH), t262=5, t277=4)),
    "floats.tif": lambda: tiff(page(*SIZE, 8, zeros(4 * WIDE * HIGH), t258=32, t339=3)),
    "deep.tif": lambda: tiff(page(*SIZE, 8, zeros(2 * WIDE * HIGH), t258=16)),
    "packed_bits.tif": lambda: tiff(page(*SIZE, 32773, RUNS)),
    "lzw.tif": lambda: saved("TIFF", SIZE, "L", compression="tiff_lzw"),
    "fax3.tif": lambda: saved("TIFF", SIZE, compression="group3"),
    "fax4.tif": lambda: saved("TIFF", SIZE, compression="group4"),
    "lzma.tif": lambda: saved("TIFF", SIZE, "L", compression="lzma"),
    "jpeg.tif": lambda: saved("TIFF", SIZE, "L", compression="jpeg"),
    "tiles.tif": lambda: tiles(1024, 15 * 11),
    "large_tile.tif": lambda: tiles(16_384, 1),
    "strips.tif": lambda: strips(110),
    "beyond.tif": lambda: tiff(page(BEYOND, BEYOND, 8, zeros(BEYOND * BEYOND))),
    "pages.tif": lambda: tiff(*[page(9, 9, 8, zeros(81))] * MANY),
    "large_pages.tif": lambda: tiff(*[page(*SIZE, 8, zeros(WIDE * HIGH))] * 3),
    "loop.tif": lambda: tiff(page(9, 9, 8, zeros(81)), loop=True),
    "list.tif": lambda: tiff(page(9, 9, 8, zeros(81), t700=(0,) * (1 << 20))),
    "one.ico": lambda: icon(png(*SIZE, bits=8, kind=6)),
    "many.ico": lambda: icon(png(*SIZE), n_pictures=60_000),
    "one.cur": lambda: icon(png(*SIZE), kind=2),
    "one.icns": lambda: icns(png(*SIZE, bits=8, kind=6)),
    "pages.dcx": dcx,
    "run.qoi": lambda: qoi(*SIZE, b"\xfd" * (WIDE * HIGH // 62)),
    "gray.jpg": lambda: saved("JPEG", SIZE, "L", quality=1),
    "scans.jpg": lambda: saved("JPEG", SIZE, "L", quality=1, progressive=True),
    "comments.jpg": lambda: jpeg(16, 16).replace(
        b"\xff\xdb", b"\xff\xfe\0\3a" * MANY + b"\xff\xdb", 1
    ),
    "channels_apart.jpg": lambda: channels_apart(*SIZE),
    "many_scans.jpg": lambda: many_scans(8000, 8000, 20_000),
    "fractions.tif": lambda: fractions(2_000_000),
    "numbers.tif": lambda: fractions(8_000_000, kind=3),
    "fractions.png": lambda: with_exif(fractions(2_000_000)),
    "wide_texts.png": lambda: png(9, 9, before=WIDE_TEXTS),
    "clear.png": lambda: png(6000, 6000, bits=16, kind=2, before=chunk(b"tRNS", bytes(6))),
    "deep_strip.tif": lambda: tiff(
        page(8000, 8000, 8, zeros(6 * 8000 * 8000), t258=(16,) * 3, t262=2, t277=3)
    ),
    "tiles.j2k": lambda: codestream(255, 1),
    "blocks.j2k": lambda: codestream(4000, 4000, SMALL_BLOCKS),
    "blocks_of_tile.j2k": lambda: codestream(4000, 4000, SMALL_BLOCKS, in_tile=True),
    "second.ico": lambda: two_icons(png(15_500, 15_500, bits=8, kind=6)),
    "second.icns": lambda: icns(png(15_500, 15_500, bits=8, kind=6), before=EMPTY_ICON),
    "boxed.icns": lambda: icns(boxed(saved("JPEG2000", (9000, 9000), "L"))),
    "jpeg.blp": lambda: texture(saved("JPEG", SIZE, "RGB", quality=1)),
    "larger.avif": lambda: coded_larger((12_000, 12_000), (16, 16)),
    "comments.pgm": lambda: b"P2\n1900 1800\n255\n" + b"#\n1 " * 1_000_000,
    "bits.bmp": lambda: saved("BMP", SIZE),
    "runs.pcx": lambda: saved("PCX", SIZE),
}


Image.init()
if "AVIF" not in Image.SAVE:  # of Pillow before 11.3
    del SAY["avif"], ARE["larger.avif"]


def _all() -> Iterator[tuple[str, Callable[[], bytes]]]:
    for name, say in SAY.items():
        yield f"says_{name}" if "." in name else f"says.{name}", partial(say, WIDE, HIGH)
        beyond = f"says_beyond_{name}" if "." in name else f"says_beyond.{name}"
        yield beyond, partial(say, BEYOND, BEYOND)
    yield from ARE.items()


LARGE_PICTURES = dict(_all())

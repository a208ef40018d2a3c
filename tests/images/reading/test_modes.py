"""Files of every depth, palette and kind of transparency: read right, or skipped with a reason."""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import PIL
import pytest
from PIL import Image

from clustimage._core.errors import ImageReadError
from clustimage.images import imread, load_images

HEIGHT, WIDTH = 20, 36  # more than one strip and one tile
Y, X = np.mgrid[:HEIGHT, :WIDTH]
ACROSS, DOWN = X / (WIDTH - 1), Y / (HEIGHT - 1)
STRIP_ROWS, TILE = 8, 16


def full(path: Path) -> np.ndarray:
    return imread(path, dim=None, flatten=False).astype(float)


def as_read(values: np.ndarray) -> np.ndarray:
    """RGB as it must come out: from 0, the largest value 255."""
    values = values - min(0, values.min())
    values = np.atleast_3d(values) * (255 / values.max())
    return np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values


def levels(share: np.ndarray, bits: int) -> np.ndarray:
    return np.rint(share * (2.0**bits - 1)).astype(np.uint64)


# --- TIFF -----------------------------------------------------------------------------------------


def packed(rows: np.ndarray, bits: int, order: str) -> bytes:
    if bits >= 8 and bits % 8 == 0 and bits != 24:
        kind = rows.dtype.kind
        return rows.astype(f"{order}{kind}{bits // 8}").tobytes()
    out = b""
    for row in rows:
        digits = "".join(format(int(value), f"0{bits}b") for value in row)
        digits += "0" * (-len(digits) % 8)
        out += bytes(int(digits[i : i + 8], 2) for i in range(0, len(digits), 8))
    return out


def chunks(values: np.ndarray, *, planar: int, tiled: bool) -> list[np.ndarray]:
    """Rows of values of each strip or tile."""
    planes = np.split(values, values.shape[2], axis=2) if planar == 2 else [values]
    found = []
    for plane in planes:
        if not tiled:
            found += [plane[y : y + STRIP_ROWS] for y in range(0, len(plane), STRIP_ROWS)]
            continue
        ends = ((0, -HEIGHT % TILE), (0, -WIDTH % TILE), (0, 0))
        padded = np.pad(plane, ends)
        for y, x in itertools.product(range(0, HEIGHT, TILE), range(0, WIDTH, TILE)):
            found.append(padded[y : y + TILE, x : x + TILE])
    return [chunk.reshape(len(chunk), -1) for chunk in found]


def tiff(
    values: np.ndarray,
    bits: int,
    photometric: int | None,
    *,
    order: str = "<",
    compression: int = 1,
    tiled: bool = False,
    fill_order: int = 1,
    planar: int = 1,
    sample_format: int = 1,
    extra: tuple[int, ...] = (),
    colormap: list[int] | None = None,
) -> bytes:
    """A TIFF of values (height, width, channels), written without a library."""
    data = [packed(rows, bits, order) for rows in chunks(values, planar=planar, tiled=tiled)]
    if compression == 8:
        data = [zlib.compress(chunk) for chunk in data]
    if fill_order == 2:
        data = [bytes(int(f"{byte:08b}"[::-1], 2) for byte in chunk) for chunk in data]
    n = values.shape[2]
    offsets = list(itertools.accumulate([8, *map(len, data)]))
    tags = {
        256: ("L", [WIDTH]),
        257: ("L", [HEIGHT]),
        258: ("H", [bits] * n),
        259: ("H", [compression]),
        266: ("H", [fill_order]),
        277: ("H", [n]),
        284: ("H", [planar]),
        339: ("H", [sample_format] * n),
        (324 if tiled else 273): ("L", offsets[:-1]),
        (325 if tiled else 279): ("L", [len(chunk) for chunk in data]),
    }
    tags |= {322: ("H", [TILE]), 323: ("H", [TILE])} if tiled else {278: ("H", [STRIP_ROWS])}
    optional = {262: photometric and [photometric], 338: list(extra), 320: colormap}
    optional[262] = None if photometric is None else [photometric]
    tags |= {tag: ("H", numbers) for tag, numbers in optional.items() if numbers}
    entries, behind = b"", b""
    start = offsets[-1] + 2 + 12 * len(tags) + 4
    for tag, (letter, numbers) in sorted(tags.items()):
        raw = struct.pack(f"{order}{len(numbers)}{letter}", *numbers)
        if len(raw) > 4:
            raw, behind = struct.pack(f"{order}L", start + len(behind)), behind + raw
        kind = {"H": 3, "L": 4}[letter]
        entries += struct.pack(f"{order}HHL", tag, kind, len(numbers)) + raw.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}L", offsets[-1])
    count = struct.pack(f"{order}H", len(tags))
    return head + b"".join(data) + count + entries + bytes(4) + behind


LAYOUTS = [
    {"order": order, "compression": compression, **more}
    for order, compression, more in itertools.product(
        "<>", (1, 8), ({}, {"tiled": True}, {"fill_order": 2})
    )
]


def gray_tiffs() -> list[tuple[str, np.ndarray, dict[str, object]]]:
    """Name, what is expected, and the file, of gray of all depths, with a sign and without."""
    found = []
    for photometric, bits in itertools.product((0, 1), (1, 2, 4, 8, 12, 16, 32)):
        values = levels(ACROSS, bits)
        expected = values.astype(float)
        expected = expected if photometric else expected.max() - expected
        found.append((f"u{bits} {photometric}", expected, {"values": values, "bits": bits}))
        found[-1][2]["photometric"] = photometric
    for bits in (8, 16, 32):
        values = np.rint((ACROSS - 0.25) * (2.0 ** (bits - 1) - 1)).astype(np.int64)
        given = {"values": values, "bits": bits, "photometric": 1, "sample_format": 2}
        found.append((f"i{bits}", values.astype(float), given))
    for name, values in (("0 to 1", ACROSS), ("0 to 9", ACROSS * 9), ("signed", ACROSS - 0.25)):
        given = {"values": values, "bits": 32, "photometric": 1, "sample_format": 3}
        found.append((f"float {name}", values, given))
        inverted = {**given, "photometric": 0}
        found.append((f"float {name} inverted", values.max() - values, inverted))
    return found


def colour_tiffs() -> list[tuple[str, np.ndarray, dict[str, object]]]:
    rgb = np.stack([ACROSS, DOWN, 1 - ACROSS], axis=-1)
    alpha = (1 - DOWN)[..., None]
    found = []
    for planar, bits in itertools.product((1, 2), (8, 16)):
        common = {"bits": bits, "planar": planar}
        name = f"u{bits} planar {planar}"
        given = {"values": levels(rgb, bits), "photometric": 2, **common}
        found.append((f"rgb {name}", rgb, given))
        for extra in (0, 1, 2):
            stored = rgb * alpha if extra == 1 else rgb
            values = levels(np.concatenate([stored, alpha], axis=2), bits)
            expected = rgb if extra == 0 else rgb * alpha + 1 - alpha
            given = {"values": values, "photometric": 2, "extra": (extra,), **common}
            found.append((f"rgb {name} extra {extra}", expected, given))
            gray = (ACROSS[..., None] * alpha) if extra == 1 else ACROSS[..., None]
            values = levels(np.concatenate([gray, alpha], axis=2), bits)
            expected = ACROSS[..., None] if extra == 0 else ACROSS[..., None] * alpha + 1 - alpha
            given = {"values": values, "photometric": 1, "extra": (extra,), **common}
            found.append((f"gray {name} extra {extra}", expected, given))
        inks = np.stack([ACROSS, DOWN, 1 - ACROSS, DOWN / 2], axis=-1)
        expected = (1 - inks[..., :3]) * (1 - inks[..., 3:])
        given = {"values": levels(inks, bits), "photometric": 5, **common}
        found.append((f"cmyk {name}", expected, given))
    for bits, top in itertools.product((1, 2, 4, 8), (65535, 255)):
        index, n = levels(ACROSS, bits), 2**bits
        colours = np.stack([np.arange(n), n - 1 - np.arange(n), np.full(n, (n - 1) / 2)]) / (n - 1)
        colormap = np.rint(colours * top).astype(int).ravel().tolist()
        given = {"values": index, "bits": bits, "photometric": 3, "colormap": colormap}
        found.append((f"palette u{bits} {top}", colours.T[index.astype(int)], given))
    return found


def read_all(tmp_path: Path, cases: list[tuple[str, np.ndarray, dict[str, object]]]) -> set[str]:
    """Read each case in each layout; return the names of those that were read everywhere."""
    skipped = set()
    for layout, (name, expected, given) in itertools.product(LAYOUTS, cases):
        given = {**given, "values": np.atleast_3d(given["values"])}
        (tmp_path / "a.tif").write_bytes(tiff(**given, **layout))  # type: ignore[arg-type]
        try:
            read = full(tmp_path / "a.tif")
        except ImageReadError:
            skipped.add(name)
            continue
        apart = np.abs(read - as_read(expected)).max()
        assert apart < 3, (name, layout, apart)
    return {name for name, _, _ in cases} - skipped


def test_gray_tiffs_of_all_depths_and_layouts_are_right_or_skipped(tmp_path):
    read = read_all(tmp_path, gray_tiffs())
    assert {"u1 0", "u1 1", "u2 0", "u4 1", "u8 1"} <= read


def test_coloured_tiffs_of_all_depths_and_layouts_are_right_or_skipped(tmp_path):
    assert "palette u8 65535" in read_all(tmp_path, colour_tiffs())


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("compression", [1, 8])
def test_the_usual_gray_tiffs_are_read(tmp_path, order, compression):
    layout = {"order": order, "compression": compression}
    for name, expected, given in gray_tiffs():
        usual = name in ("u16 1", "i16", "i32", "float 0 to 9", "float signed")
        if usual or (order == "<" and name in ("u16 0", "u32 1", "u12 1")):
            given = {**given, "values": np.atleast_3d(given["values"])}
            (tmp_path / "a.tif").write_bytes(tiff(**given, **layout))  # type: ignore[arg-type]
            assert np.abs(full(tmp_path / "a.tif") - as_read(expected)).max() < 3, name


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"photometric": None}, "does not say whether 0 is black or white"),
        ({"photometric": 0, "sample_format": 3, "bits": 32}, "no defined range"),
        ({"photometric": 1, "bits": 64}, "unknown pixel mode"),
        ({"photometric": 2, "bits": 16, "planar": 2, "n": 3}, "separate planes"),
        ({"photometric": 1, "planar": 2, "n": 2, "extra": (2,)}, "separate planes"),
    ],
)
def test_the_reason_names_what_is_unusual(tmp_path, given, words):
    given = {"bits": 8, **given}
    values = np.zeros((HEIGHT, WIDTH, given.pop("n", 1)), dtype=np.uint64)
    (tmp_path / "a.tif").write_bytes(tiff(values, **given))
    with pytest.raises(ImageReadError, match=words):
        imread(tmp_path / "a.tif")


# --- PNG ------------------------------------------------------------------------------------------


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))


def png(rows: np.ndarray, bits: int, *, colour: int = 0, transparent: bytes = b"") -> bytes:
    """A PNG of values (height, width) of gray or (height, width, 3) of RGB."""
    header = struct.pack(">LLBBBBB", rows.shape[1], rows.shape[0], bits, colour, 0, 0, 0)
    lines = rows.reshape(len(rows), -1).astype(np.uint64)
    data = b"".join(b"\0" + packed(line[np.newaxis], bits, ">") for line in lines)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + (chunk(b"tRNS", transparent) if transparent else b"")
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_the_gray_that_is_transparent_is_white_in_all_depths(tmp_path, bits):
    top = 2**bits - 1
    values = np.unique(np.rint(np.linspace(0, top, 16)).astype(int))
    for clear in values:
        path = tmp_path / f"{clear}.png"
        path.write_bytes(png(values[np.newaxis], bits, transparent=struct.pack(">H", clear)))
        expected = np.where(values == clear, top, values)
        np.testing.assert_allclose(full(path)[0, :, 0], expected * 255 / top, atol=1)


def test_the_colour_that_is_transparent_is_exact_in_16_bits(tmp_path):
    row = np.array([[[0x1234, 1, 2], [0x1235, 1, 2], [0x12FF, 1, 2], [0xFFFF, 0, 0]]])
    clear = struct.pack(">HHH", 0x1234, 1, 2)
    (tmp_path / "a.png").write_bytes(png(row, 16, colour=2, transparent=clear))
    read = full(tmp_path / "a.png")[0].tolist()
    assert read == [[255] * 3, [0x12, 0, 0], [0x12, 0, 0], [255, 0, 0]]


def test_a_palette_that_is_partly_transparent(tmp_path):
    picture = Image.fromarray(np.array([[0, 1, 2]], dtype=np.uint8))
    picture.putpalette([0, 0, 0, 200, 0, 0, 255, 255, 255])
    picture.save(tmp_path / "a.png", transparency=bytes([255, 128, 0]))
    expected = [[0] * 3, [227, 127, 127], [255] * 3]
    np.testing.assert_allclose(full(tmp_path / "a.png")[0], expected, atol=1)


# --- palettes with alpha, icons, cursors ----------------------------------------------------------


def test_palettes_with_alpha_are_laid_over_white(tmp_path):
    rgba = np.zeros((16, 16, 4), np.uint8)
    rgba[:, :8] = (200, 30, 30, 255)
    rgba[:, 12:] = (0, 0, 0, 128)
    images = load_images([Image.fromarray(rgba).quantize(16)], dim=(16, 16))
    expected = [[200, 30, 30], [255] * 3, [127] * 3]
    np.testing.assert_allclose(images.pixels[0, 8, [2, 9, 14]], expected, atol=1)


@pytest.mark.skipif(
    int(PIL.__version__.split(".")[0]) < 13, reason="Pillow before 13 knows no alpha there"
)
def test_so_are_those_of_tga(tmp_path):
    head = struct.pack("<BBBHHBHHHHBB", 0, 1, 1, 0, 2, 32, 0, 0, 4, 1, 8, 0x28)
    colours = bytes([0, 0, 255, 255, 0, 0, 0, 0])  # opaque red, transparent black
    (tmp_path / "a.tga").write_bytes(head + colours + bytes([0, 0, 1, 1]))
    assert full(tmp_path / "a.tga")[0].tolist() == [[255, 0, 0]] * 2 + [[255] * 3] * 2


def icon(kind: int, fields: bytes, bits: int, pixels: bytes, mask: bytes) -> bytes:
    """An icon (1) or cursor (2) of 8 x 2 pixels, with what its directory says about bits."""
    dib = struct.pack("<LllHHLLllLL", 40, 8, 4, 1, bits, 0, 0, 0, 0, 0, 0) + pixels + mask
    entry = struct.pack("<BBBB", 8, 2, 0, 0) + fields + struct.pack("<LL", len(dib), 22)
    return struct.pack("<HHH", 0, kind, 1) + entry + dib


@pytest.mark.parametrize("kind", [1, 2], ids=["icon", "cursor"])
@pytest.mark.parametrize("fields", [b"\1\0\x20\0", bytes(4), b"\5\0\7\0"], ids=["32", "0", "7"])
def test_icons_and_cursors_keep_their_transparency(tmp_path, kind, fields):
    red, clear = b"\0\0\xff\xff", b"\0\0\0\0"
    row = red * 4 + clear * 4
    path = tmp_path / "a.ico"
    path.write_bytes(icon(kind, fields, 32, row * 2, bytes(8)))
    expected = [[255, 0, 0]] * 4 + [[255] * 3] * 4
    assert full(path)[0].tolist() == expected
    path.write_bytes(icon(kind, fields, 24, (b"\0\0\xff" * 4 + bytes(12)) * 2, b"\x0f\0\0\0" * 2))
    assert full(path)[0].tolist() == expected


def test_a_tga_that_begins_like_a_cursor_is_no_cursor(tmp_path):
    Image.new("RGB", (9, 5), (255, 0, 0)).save(tmp_path / "a.tga")
    assert (tmp_path / "a.tga").read_bytes()[:4] == b"\0\0\2\0"
    assert full(tmp_path / "a.tga")[2, 2].tolist() == [255, 0, 0]


# --- others ---------------------------------------------------------------------------------------


def test_jpeg_2000_of_more_than_8_bits(tmp_path):
    white = np.full((64, 64, 3), 65535, dtype=np.uint16)
    settings = [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000]
    assert cv2.imwrite(str(tmp_path / "a.jp2"), white, settings)
    with pytest.raises(ImageReadError, match="colour or alpha of more than 8 bits"):
        imread(tmp_path / "a.jp2")
    ramp = np.tile(np.arange(64, dtype=np.uint16) * 1040, (64, 1))
    Image.fromarray(ramp).save(tmp_path / "gray.jp2")
    read = full(tmp_path / "gray.jp2")[:, :, 0]
    np.testing.assert_allclose(read, as_read(ramp.astype(float))[:, :, 0], atol=2)


def test_jpeg_2000_with_a_palette_is_not_read(lent_data, tmp_path):
    with pytest.raises(ImageReadError, match="palette"):
        imread(lent_data / "decoder_corpus" / "libvips" / "issue412.jp2")


@pytest.mark.parametrize("zero", [None, 32768])
def test_fits_values_have_a_sign_and_a_zero(tmp_path, zero):
    cards = ["SIMPLE  = T", "BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 3", "NAXIS2  = 1"]
    cards += [f"BZERO   = {zero}", "BSCALE  = 1.0D0"] if zero else []
    head = "".join(card.ljust(80) for card in [*cards, "END"]).ljust(2880).encode()
    (tmp_path / "a.fits").write_bytes(head + struct.pack(">hhh", -100, 0, 300) + bytes(2874))
    expected = as_read(np.array([[-100, 0, 300]]) + (zero or 0.0))
    np.testing.assert_allclose(full(tmp_path / "a.fits"), expected, atol=1)


@pytest.mark.parametrize("bits, kind", [(32, "l"), (-32, "f"), (-64, "d")])
def test_fits_values_of_every_width(tmp_path, bits, kind):
    cards = ["SIMPLE  = T", f"BITPIX  = {bits}", "NAXIS   = 2", "NAXIS1  = 3", "NAXIS2  = 1"]
    head = "".join(card.ljust(80) for card in [*cards, "END"]).ljust(2880).encode()
    values = struct.pack(f">3{kind}", 1, 70_000, 210_000)
    (tmp_path / "a.fits").write_bytes(head + values.ljust(2880, b"\0"))
    expected = as_read(np.array([[1.0, 70_000, 210_000]]))
    np.testing.assert_allclose(full(tmp_path / "a.fits"), expected, atol=1)


@pytest.mark.parametrize("top", [1, 3, 100, 1000, 65535])
def test_maps_of_any_largest_value_are_scaled(tmp_path, top):
    values = np.array([0, top // 2, top])
    raw = values.astype(">u2" if top > 255 else np.uint8).tobytes()
    (tmp_path / "a.pgm").write_bytes(f"P5\n3 1\n{top}\n".encode() + raw)
    np.testing.assert_allclose(full(tmp_path / "a.pgm")[0, :, 0], values * 255 / top, atol=1)
    text = " ".join(map(str, values))
    (tmp_path / "a.ppm").write_bytes(f"P3\n1 1\n{top}\n{text}\n".encode())
    np.testing.assert_allclose(full(tmp_path / "a.ppm")[0, 0], values * 255 / top, atol=1)


def test_inks_that_photoshop_inverts(tmp_path):
    buffer = io.BytesIO()
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(buffer, "JPEG", quality=95)
    (tmp_path / "a.jpg").write_bytes(buffer.getvalue())
    np.testing.assert_allclose(full(tmp_path / "a.jpg")[8, 8], (255, 0, 0), atol=4)


@pytest.mark.parametrize("mode", ["P", "RGBA", "LA", "CMYK", "I;16", "1"])
def test_bands_of_large_pictures_are_those_of_the_whole(tmp_path, monkeypatch, mode):
    noise = np.random.default_rng(0).integers(0, 256, (50, 40, 4), dtype=np.uint8)
    if mode == "I;16":
        picture = Image.fromarray(noise[..., 0].astype(np.uint16) * 7)
    else:
        picture = Image.fromarray(noise)
        picture = picture.quantize(16) if mode == "P" else picture.convert(mode)
    picture.save(tmp_path / "a.tif" if mode == "CMYK" else tmp_path / "a.png")
    (path,) = tmp_path.iterdir()
    whole = full(path)
    monkeypatch.setattr("clustimage.images.reading._modes.PIXELS_PER_BAND", 130)
    np.testing.assert_array_equal(full(path), whole)

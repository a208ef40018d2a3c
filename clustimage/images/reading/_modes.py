"""Decoded pictures of Pillow as arrays: gray of any depth or RGB, alpha laid over white.

A picture whose values Pillow holds in a way that cannot be told apart, such as shades of which it
is not known whether 0 is black, has a reason instead.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from PIL import Image, ImagePalette
from PIL.FitsImagePlugin import FitsImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import TiffImageFile

from clustimage.images.reading._decoding_bytes import coding_style
from clustimage.images.reading._netpbm import load_netpbm

__all__ = ["load", "to_array", "unread_kind"]

# Tags of TIFF.
BITS, PHOTOMETRIC, FILL_ORDER, SAMPLES, PLANAR = 258, 262, 266, 277, 284
STRIP_BYTES, TILE_BYTES = 279, 325
COLOR_MAP, EXTRA_SAMPLES, SAMPLE_FORMAT = 320, 338, 339
WHITE_IS_ZERO = 0
SEPARATE = 2  # a plane for each colour
SIGNED, FLOAT = 2, 3

Values = Callable[[Image.Image], np.ndarray]

ALPHA = ("RGBA", "LA", "PA", "La", "RGBa")
PIXELS_PER_BAND = 1 << 19

FITS_HEADER_BYTES = 1 << 20
GRAY_BITS = {"L;2": 2, "L;4": 4}  # raw modes of PNG whose pixels are scaled to 8 bits


def unread_kind(picture: Image.Image) -> str:
    """Return why a picture that was opened is of a kind that Pillow would decode wrongly."""
    if isinstance(picture, Jpeg2KImageFile):
        # Pillow leaves out colours that are in a palette twice, does not look at their order, and
        # makes black of white where it rounds to 8 bits.
        if picture.mode in ("P", "PA"):
            return "a JPEG 2000 with a palette"
        if picture.mode not in ("L", "I;16") and coding_style(picture).n_bits > 8:
            return "a JPEG 2000 with colour or alpha of more than 8 bits"
    if not isinstance(picture, TiffImageFile):
        return ""
    tags = picture.tag_v2
    raw = _is_raw(picture)
    separate = tags.get(PLANAR, 1) == SEPARATE and tags.get(SAMPLES, 1) > 1
    if picture.mode in ("1", "L", "I;16") and PHOTOMETRIC not in tags and not _is_fax(picture):
        return "a TIFF that does not say whether 0 is black or white"
    if picture.mode == "F" and tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        return "a TIFF of floating-point numbers of which 0 is white, which has no defined range"
    if separate and picture.mode in ("LA", "La", "PA"):
        return "a TIFF with gray and alpha in separate planes"
    if picture.mode == "YCbCr" and raw and _n_bytes(picture) < picture.width * picture.height * 3:
        return "an uncompressed TIFF whose colours are subsampled"
    if separate and raw and (_bits(picture) > 8 or tags.get(FILL_ORDER, 1) == 2):
        return "an uncompressed TIFF of more than 8 bits, or of reversed bits, in separate planes"
    return ""


def load(picture: Image.Image) -> Values | None:
    """Decode a picture that was opened; return what gives its values where NumPy alone does not.

    What Pillow makes of a header is mended first: afterwards it does not know any more what was
    in the file.
    """
    values = None
    if isinstance(picture, PngImageFile):
        _load_png(picture)
    elif isinstance(picture, PpmImageFile):
        load_netpbm(picture)
    else:
        if isinstance(picture, TiffImageFile):
            values = _tiff_values(picture)
        elif isinstance(picture, FitsImageFile):
            values = _fits_values(picture)
        picture.load()
    return values


def to_array(picture: Image.Image, values: Values | None = None) -> np.ndarray | str:
    """Return gray `(h, w)` of any real type from 0, RGB `(h, w, 3)` uint8, or a reason.

    Parameters
    ----------
    picture : PIL image
        Loaded, and turned upright.
    values : callable, optional
        What `load` returned.
    """
    if not picture.width or not picture.height:
        return "no pixels"
    if values is not None:
        return _from_zero(values(picture))
    mode, transparent = picture.mode, picture.info.get("transparency")
    if mode.startswith(("I", "F")):
        img = np.asarray(picture)
        if isinstance(transparent, int):  # a PNG of 16 bits
            img = np.where(img == transparent, np.array(65535, dtype=img.dtype), img)
        return _from_zero(img)
    if mode in ALPHA or transparent is not None or _clear(picture):
        straight = {"La": "LA", "PA": "RGBA"}.get(mode, mode)
        return _by_bands(picture, lambda band: _over_white(band.convert(straight).convert("RGBA")))
    if mode in ("RGB", "L"):
        return _by_bands(picture, np.asarray)
    wanted = "L" if mode == "1" else "RGB"
    return _by_bands(picture, lambda band: np.asarray(band.convert(wanted)))


def _by_bands(picture: Image.Image, values: Callable[[Image.Image], np.ndarray]) -> np.ndarray:
    """Return what `values` makes of a picture, some rows at a time: copies of it stay small."""
    rows = max(1, PIXELS_PER_BAND // picture.width)
    if rows >= picture.height:
        return values(picture)
    img = None
    for top in range(0, picture.height, rows):
        band = values(picture.crop((0, top, picture.width, min(top + rows, picture.height))))
        if img is None:
            img = np.empty((picture.height, *band.shape[1:]), dtype=band.dtype)
        img[top : top + rows] = band
    assert img is not None
    return img


def _over_white(picture: Image.Image) -> np.ndarray:
    canvas = Image.new("RGBA", picture.size, "white")
    canvas.alpha_composite(picture)
    return np.asarray(canvas.convert("RGB"))


def _clear(picture: Image.Image) -> bool:
    """Return whether the colours of a palette have alpha."""
    palette = picture.palette if picture.mode == "P" else None
    return palette is not None and palette.mode.endswith("A")


def _from_zero(img: np.ndarray) -> np.ndarray | str:
    """Return gray whose negative values, if any, are shifted so that the lowest is 0."""
    if img.dtype.kind == "f" and not np.isfinite(img).all():
        return "NaN or infinite values"
    if img.dtype.kind not in "if" or img.min() >= 0:
        return img
    shifted: np.ndarray = img - img.min().astype(np.float64)
    return shifted


# --- PNG ------------------------------------------------------------------------------------------


def _load_png(picture: PngImageFile) -> None:
    """Decode a PNG, having brought the colour that is transparent to the 8 bits of its pixels."""
    transparent = picture.info.get("transparency")
    raw = picture.tile[0][3] if picture.tile else ""
    if isinstance(transparent, int) and raw in GRAY_BITS:
        top = 2 ** GRAY_BITS[raw] - 1
        picture.info["transparency"] = (transparent & top) * 255 // top
    if not isinstance(transparent, tuple) or raw != "RGB;16B":
        picture.load()
        return
    # Of 16 bits Pillow keeps the upper 8; which pixels are transparent depends on all of them.
    low = _lower_bytes(picture)
    picture.load()
    wanted = np.array([divmod(value, 256) for value in transparent], dtype=np.uint8)
    clear = (np.asarray(picture) == wanted[:, 0]) & (np.asarray(low) == wanted[:, 1])
    del picture.info["transparency"]
    picture.putalpha(Image.fromarray(np.where(clear.all(axis=-1), np.uint8(0), np.uint8(255))))


def _lower_bytes(picture: PngImageFile) -> Image.Image:
    """Return a PNG of 16 bits once more, with the lower 8 bits of each value."""
    file = picture.fp
    assert file is not None
    begin = file.tell()
    file.seek(0)
    again = PngImageFile(file)
    again.tile = [type(tile)(*tile[:3], "RGB;16L") for tile in again.tile]
    again.load()
    file.seek(begin)
    return again


# --- TIFF -----------------------------------------------------------------------------------------


def _tiff_values(picture: TiffImageFile) -> Values | None:
    """Return what gives the values of a TIFF as the file means them."""
    tags, mode = picture.tag_v2, picture.mode
    if mode in ("P", "PA"):
        colours = tags[COLOR_MAP]
        if max(colours, default=0) < 256:  # as older programs wrote them, instead of 16 bits
            picture.palette = ImagePalette.raw("RGB;L", bytes(colours))
    signed = _sample_format(picture) == SIGNED
    if mode == "L" and signed:
        return lambda loaded: np.asarray(loaded).view(np.int8)
    if mode == "I;16" and tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        return lambda loaded: np.uint16(65535) - np.asarray(loaded)
    if mode == "I" and not signed:  # Pillow has no mode for it
        return lambda loaded: np.asarray(loaded).view(np.uint32)
    # libtiff has brought numbers into the order of this machine, which Pillow then does once more.
    if mode in ("I", "F") and not _is_raw(picture) and not _is_native(picture):
        kind = np.dtype(np.float32 if mode == "F" else f"i{_bits(picture) // 8}")
        return lambda loaded: np.asarray(loaded).astype(kind).byteswap()
    return None


def _is_native(picture: TiffImageFile) -> bool:
    return bool((picture.tag_v2.prefix == b"II") == (sys.byteorder == "little"))


def _is_raw(picture: TiffImageFile) -> bool:
    return _name(picture) == "raw"


def _is_fax(picture: TiffImageFile) -> bool:
    """Return whether 0 is white where nothing else is said, as of CCITT's compression."""
    return _name(picture) in ("tiff_ccitt", "group3", "group4")


def _name(picture: TiffImageFile) -> str:
    return str(picture.info.get("compression", ""))


def _n_bytes(picture: TiffImageFile) -> int:
    tags = picture.tag_v2
    return int(sum(tags.get(STRIP_BYTES) or tags.get(TILE_BYTES, ())))


def _bits(picture: TiffImageFile) -> int:
    return int(max(picture.tag_v2.get(BITS, (1,))))


def _sample_format(picture: TiffImageFile) -> int:
    return int(max(picture.tag_v2.get(SAMPLE_FORMAT, (1,))))


# --- FITS -----------------------------------------------------------------------------------------


def _fits_values(picture: FitsImageFile) -> Values | None:
    """Return what gives the values of a FITS file: they have a sign, a scale and a zero."""
    cards = _fits_cards(picture)
    scale, zero = (
        float(cards.get(key, default).replace(b"D", b"E"))  # as Fortran writes it
        for key, default in ((b"BSCALE", b"1"), (b"BZERO", b"0"))
    )
    tile = picture.tile[0]
    args = tile.args if isinstance(tile.args, tuple) else ("",)
    if args[0] == picture.mode != "L":
        # Pillow before 13 takes the first byte for the last.
        bits = abs(int(cards[b"BITPIX"]))
        raw = {"I;16": "I;16B", "I": "I;32B", "F": f"F;{bits}BF"}[picture.mode]
        picture.tile = [tile._replace(args=(raw, *args[1:]))]
    deep = picture.mode.startswith("I;16")
    if not deep and (scale, zero) == (1, 0):
        return None

    def values(loaded: Image.Image) -> np.ndarray:
        img = np.asarray(loaded)
        return (img.astype(np.int16) if deep else img) * scale + zero

    return values


def _fits_cards(picture: FitsImageFile) -> dict[bytes, bytes]:
    """Return the keywords before the pixels."""
    file = picture.fp
    assert file is not None
    begin = file.tell()
    file.seek(0)
    head = file.read(min(picture.tile[0][2], FITS_HEADER_BYTES))
    file.seek(begin)
    cards = [head[at : at + 80] for at in range(0, len(head), 80)]
    return {card[:8].strip(): card[10:].split(b"/")[0].strip() for card in cards}

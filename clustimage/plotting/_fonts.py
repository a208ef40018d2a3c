"""Fonts for file names of any script: the default ones, then installed ones that have the letters.

matplotlib draws each character with the first font of a list that has it. The list is its own
setting, longer by what a text needs; fonts are looked for when a text first needs one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.logs import get_logger

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font

__all__ = ["font_of", "printable", "width_of"]

logger = get_logger(__name__)

# Boxes for every character, which is what a font is looked for against.
PLACEHOLDERS = ("last resort", ".lastresort", "adobe blank", "adobe notdef")
REGULAR = ("", "regular", "book", "roman", "normal", "text")
# What reads less well in a small size than a sans-serif font, best last.
LAST_CHOICES = ("emoji", "symbol", "mono", "mincho", "myungjo", "song", "ming", "serif")
HANGUL = "HANGUL"
KOREAN, JAPANESE = (" kr", "korean", "gothic neo", "malgun", "nanum"), (" jp", "japan", "hiragino")
MAX_FONTS_OF_TEXT = 4
# Points in which widths are measured.
UNIT = 100.0

# Scripts that the log has already named.
_missing_scripts: set[str] = set()


@dataclass(frozen=True)
class Face:
    """A font that is installed.

    Attributes
    ----------
    path : str
        Of its file.
    family : str
        Its name.
    codes : ndarray of uint32
        The characters that it has, ascending.
    rank : tuple
        The smaller, the better it suits small texts.
    """

    path: str
    family: str
    codes: np.ndarray
    rank: tuple[Any, ...]


def font_of(text: str) -> dict[str, Any]:
    """Return what a matplotlib text of these words needs: ``fontfamily``, or nothing.

    Parameters
    ----------
    text : str
        Words that `printable` has returned.

    Examples
    --------
    >>> font_of("photo 1.png")
    {}
    """
    families, paths = _default_fonts()
    missing = frozenset(char for char in text if not _has(char, paths))
    more = _families_for(missing) if missing else ()
    return {"fontfamily": [*families, *more]} if more else {}


def width_of(text: str) -> float:
    """Return about how wide a text is, as a part of the size of its letters.

    Examples
    --------
    >>> width_of("") == 0 < width_of("ill") < width_of("mmm")
    True
    """
    _, paths = _default_fonts()
    return sum(_advance(char, paths) for char in text)


def printable(text: object) -> str:
    """Return `text` with ``?`` for what no installed font can draw.

    File names may hold anything: line breaks, halves of characters, letters and accents apart
    (as macOS writes them), marks without a shape. Drawn as they are, they break the layout,
    raise, or warn. The log says once for each script that no font for it is installed.

    Examples
    --------
    >>> printable("photo\\n1.png")
    'photo?1.png'
    >>> printable("e\\u0301te\\u0301\\u200e.png")
    'été.png'
    """
    _, paths = _default_fonts()
    words = unicodedata.normalize("NFC", str(text))
    shaped = [char for char in words if not _has_no_shape(char)]
    drawn = [char for char in shaped if char.isprintable()]
    missing = {char for char in drawn if not _has(char, paths)}
    lacking = {char for char in missing if not _faces_with(char).any()}
    if lacking:
        _tell(lacking)
    return "".join(char if char.isprintable() and char not in lacking else "?" for char in shaped)


@lru_cache(maxsize=8192)
def _advance(char: str, paths: tuple[str, ...]) -> float:
    """Return the width of a character in the font that it is drawn with."""
    from matplotlib.font_manager import get_font

    own = [path for path in paths if get_font(path).get_char_index(ord(char))]
    others = [] if own else np.flatnonzero(_faces_with(char)).tolist()
    path = own[0] if own else _faces()[others[0]].path if others else paths[0]
    font = get_font(path)
    font.set_size(UNIT, 72)
    return font.load_char(ord(char)).linearHoriAdvance / 65536 / UNIT


def _has_no_shape(char: str) -> bool:
    """Return whether a character only says how others are drawn."""
    return unicodedata.category(char) == "Cf" or "\ufe00" <= char <= "\ufe0f"


def _tell(characters: Iterable[str]) -> None:
    """Name, once each, the scripts of which no installed font has the letters."""
    names = {_script(char): char for char in sorted(characters)}
    new = {script: char for script, char in names.items() if script not in _missing_scripts}
    if not new:
        return
    _missing_scripts.update(new)
    logger.warning(
        "No installed font has some characters of these names, such as %s: they are drawn as '?'. "
        "Install a font for them, for example one of Noto (https://fonts.google.com/noto).",
        ", ".join(f"{char} ({script})" for script, char in sorted(new.items())[:5]),
    )


def _script(char: str) -> str:
    letter = unicodedata.category(char)[0] in "LM"
    return unicodedata.name(char, "").partition(" ")[0].lower() if letter else "symbol"


def _default_fonts() -> tuple[list[str], tuple[str, ...]]:
    """Return the families that matplotlib is set to, and their files."""
    from matplotlib.font_manager import FontProperties, findfont

    families = list(FontProperties().get_family())
    return families, tuple(findfont(FontProperties(family=[family])) for family in families)


@lru_cache(maxsize=8192)
def _has(char: str, paths: tuple[str, ...]) -> bool:
    from matplotlib.font_manager import get_font

    return any(get_font(path).get_char_index(ord(char)) for path in paths)


@lru_cache(maxsize=1)
def _faces() -> tuple[Face, ...]:
    """Return all upright fonts that are installed, those that read best first."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    # matplotlib's own list may be older than a font.
    paths = {entry.fname for entry in fontManager.ttflist} | set(findSystemFonts())
    faces = [face for path in sorted(paths) for face in _read_faces(path)]
    return tuple(sorted(faces, key=lambda face: face.rank))


def _read_faces(path: str) -> list[Face]:
    """Return the fonts of a file that can be drawn; none where it cannot be read."""
    from matplotlib.ft2font import FT2Font

    try:
        fonts = [FT2Font(path)]
        # Before matplotlib 3.11 only the first font of a collection can be used.
        with suppress(TypeError):
            fonts += [FT2Font(path, face_index=i) for i in range(1, fonts[0].num_faces)]
    except (OSError, RuntimeError, ValueError):
        return []
    return [
        Face(path, font.family_name, np.array(sorted(font.get_charmap()), np.uint32), _rank(font))
        for font in fonts
        if _can_be_drawn(font)
    ]


def _can_be_drawn(font: FT2Font) -> bool:
    # Pictures in place of outlines, as colour emoji are, have no size.
    name, style = font.family_name.lower(), font.style_name.lower()
    slanted = "bold" in style or "italic" in style or "oblique" in style
    return bool(font.scalable) and not slanted and not name.startswith(PLACEHOLDERS)


def _rank(font: FT2Font) -> tuple[Any, ...]:
    name = font.family_name.lower()
    style = [i for i, word in enumerate(LAST_CHOICES, 1) if word in name]
    return font.style_name.lower() not in REGULAR, max(style, default=0), name


@lru_cache(maxsize=8192)
def _faces_with(char: str) -> np.ndarray:
    """Tell for each installed font whether it has a character."""
    code, faces = np.uint32(ord(char)), _faces()
    at = [int(np.searchsorted(face.codes, code)) for face in faces]
    return np.array(
        [i < len(face.codes) and face.codes[i] == code for i, face in zip(at, faces, strict=True)],
        dtype=bool,
    )


@lru_cache(maxsize=1024)
def _families_for(characters: frozenset[str]) -> tuple[str, ...]:
    """Return fonts that together have the characters: always the one that has most of the rest."""
    left = sorted(characters)
    chosen: list[str] = []
    faces = _faces()
    # One character of Chinese has several shapes: that of the language of the other letters.
    korean = any(HANGUL in unicodedata.name(char, "") for char in left)
    hints = KOREAN if korean else JAPANESE
    liked = np.array([any(hint in face.family.lower() for hint in hints) for face in faces])
    while left and len(chosen) < MAX_FONTS_OF_TEXT:
        has = np.stack([_faces_with(char) for char in left])
        # Of equal ones the first, which reads best.
        best = int((2 * has.sum(axis=0) + liked).argmax()) if has.any() else -1
        if best < 0:
            break
        chosen.append(_known_to_matplotlib(faces[best]))
        left = [char for char, one in zip(left, has[:, best], strict=True) if not one]
    return tuple(chosen)


def _known_to_matplotlib(face: Face) -> str:
    """Return the family of a font, which matplotlib then finds by that name."""
    from matplotlib.font_manager import fontManager

    if all(entry.name != face.family for entry in fontManager.ttflist):
        fontManager.addfont(face.path)
    return face.family

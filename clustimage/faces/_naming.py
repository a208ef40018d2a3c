"""Crops as files: names that no other photo has, and nothing that is overwritten."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from clustimage._core.files import replacing
from clustimage._core.outputs import make_folder

__all__ = ["is_crop", "safe_stem", "write_crop"]

MAX_NAME_BYTES = 120  # bytes of the photo's name in that of a crop


def safe_stem(pathname: str) -> str:
    """Return the name of a photo without ending, as the beginning of another file's name.

    Examples
    --------
    >>> safe_stem("/photos/last summer.final.jpg")
    'last summer.final'
    """
    stem = "".join(
        char if char.isprintable() and char not in '/\\:*?"<>|' else "_"
        for char in Path(pathname).stem
    )
    return stem.encode()[:MAX_NAME_BYTES].decode(errors="ignore").strip(" .") or "photo"


def is_crop(filename: str) -> bool:
    """Tell whether a file is named as `find_faces` names its crops.

    Examples
    --------
    >>> is_crop("last summer_0123456789ab_face2.png"), is_crop("last summer.png")
    (True, False)
    """
    return re.search(r"_[0-9a-f]{12}_face\d+(_\d+)?\.png$", filename) is not None


def write_crop(folder: Path, stem: str, number: int, pixels: np.ndarray, info: PngInfo) -> str:
    """Write a crop as ``<stem>_face<number>.png`` and return its absolute path.

    A file of that name and content is left as it is; beside one of another content the
    crop is written as ``…_face<number>_2.png``, and so on.

    Parameters
    ----------
    folder : Path
        An absolute path; made where it is missing.
    info : PngInfo
        What the file carries, see `link_text`.
    """
    content = BytesIO()
    Image.fromarray(pixels).save(content, "PNG", pnginfo=info)
    data = content.getvalue()
    for made in (folder.parent, folder):
        make_folder(made)
    for target in _names(folder, f"{stem}_face{number}"):
        if not os.path.lexists(target):
            with replacing(target) as file:
                file.write(data)
            return str(target)
        if target.is_file() and target.stat().st_size == len(data) and target.read_bytes() == data:
            return str(target)
    raise AssertionError  # there is no end of names


def _names(folder: Path, stem: str) -> Iterator[Path]:
    yield folder / f"{stem}.png"
    number = 2
    while True:
        yield folder / f"{stem}_{number}.png"
        number += 1

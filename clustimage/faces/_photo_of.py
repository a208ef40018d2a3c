"""From a crop back to its photo."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from PIL.PngImagePlugin import PngInfo

from clustimage._core.files import open_regular
from clustimage.images import DECODE_ERRORS, open_picture

__all__ = ["link_text", "photo_of"]

PHOTO, NUMBER = "clustimage-photo", "clustimage-face"


def link_text(photo: str | None, number: int) -> PngInfo:
    """Return the text that a crop carries: the path of its photo and its number there."""
    info = PngInfo()
    if (
        photo is not None and photo.isprintable()
    ):  # not the halves of characters that a path may hold
        info.add_itxt(PHOTO, photo)
        info.add_text(NUMBER, str(number))
    return info


def photo_of(
    pathnames: Iterable[str], results_faces: Mapping[str, Any] | None = None
) -> list[tuple[str, int] | None]:
    """Return for each crop the photo that it was cut from, and its number there.

    Parameters
    ----------
    pathnames : iterable of str
        Files, such as ``results["pathnames"]`` after
        ``fit_transform(faces["pathnames_face"])``.
    results_faces : dict, optional
        What `find_faces` returned.

    Returns
    -------
    list of (str, int) or None
        Path of the photo and number of the face, from 0. Where `results_faces` does not
        have the file, what stands in it is taken, so that crops of earlier runs, copies
        and links are known as well. None for what is not a crop, or is gone.

    Examples
    --------
    >>> photo_of(["no_crop.jpg"])
    [None]
    """
    known: dict[str, tuple[str, int]] = {}
    if results_faces is not None:
        crops = zip(results_faces["pathnames"], results_faces["pathnames_face"], strict=True)
        known = {
            str(crop): (str(photo), number)
            for photo, faces in crops
            for number, crop in enumerate(faces)
        }
    return [known.get(str(path)) or _read_link(str(path)) for path in pathnames]


def _read_link(path: str) -> tuple[str, int] | None:
    """Return what stands in a crop; None where it is not one."""
    if Path(path).suffix.lower() != ".png" or not os.path.isfile(path):  # noqa: PTH113
        return None
    try:
        with open_regular(path) as file, open_picture(file) as picture:
            return str(picture.info[PHOTO]), int(picture.info[NUMBER])
    except DECODE_ERRORS:
        return None

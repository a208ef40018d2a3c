"""Files that belong to a photo: its settings and ratings, and the film of a live photo."""

from __future__ import annotations

import os
from contextlib import suppress

__all__ = ["Sidecars", "renamed"]

ENDINGS = (".xmp", ".aae", ".mov")


class Sidecars:
    """Find sidecars; every folder is listed once.

    ``IMG_1.jpg.xmp`` belongs to ``IMG_1.jpg``. ``IMG_1.xmp``, ``IMG_1.aae`` and ``IMG_1.mov``
    belong to all photos called ``IMG_1``, and go with the last one of them.
    """

    def __init__(self) -> None:
        self._folders: dict[str, set[str]] = {}

    def of(self, pathname: str) -> list[str]:
        """Return the sidecars of a photo that is removed: it counts as gone from now on."""
        folder, name = os.path.split(pathname)
        names = self._names(folder)
        names.discard(name)
        stem = _stem(name)
        full = name.lower()
        alone = not any(
            _stem(other) == stem and not other.lower().endswith(ENDINGS) for other in names
        )
        wanted = {full + ending for ending in ENDINGS}
        if alone:
            wanted |= {stem + ending for ending in ENDINGS}
        found = sorted(other for other in names if other.lower() in wanted)
        names.difference_update(found)
        return [os.path.join(folder, other) for other in found]  # noqa: PTH118

    def _names(self, folder: str) -> set[str]:
        if folder not in self._folders:
            self._folders[folder] = set()
            with suppress(OSError):
                self._folders[folder] = set(os.listdir(folder))  # noqa: PTH208
        return self._folders[folder]


def renamed(sidecar: str, photo: str, new: str) -> str:
    """Return the name of a sidecar beside a photo that has a new name.

    Examples
    --------
    >>> renamed("a.XMP", "a.jpg", "a_2.jpg"), renamed("a.jpg.xmp", "a.jpg", "a_2.jpg")
    ('a_2.XMP', 'a_2.jpg.xmp')
    """
    if new == photo:
        return sidecar
    if sidecar.lower().startswith(photo.lower()):
        return new + sidecar[len(photo) :]
    return os.path.splitext(new)[0] + os.path.splitext(sidecar)[1]  # noqa: PTH122


def _stem(name: str) -> str:
    return os.path.splitext(name)[0].lower()  # noqa: PTH122

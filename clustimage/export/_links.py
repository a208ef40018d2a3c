"""Symbolic links among images that are moved: each leads to its image at the new path."""

from __future__ import annotations

import errno
import os
from pathlib import Path

__all__ = ["entries_behind", "entry_of", "move_link", "replace_link"]

MAX_LINKS = 40  # that one may lead over to the next, as for Linux


def entry_of(pathname: str) -> str:
    """Return the path of an entry of a folder without links in it; the entry may be a link.

    Two paths lead to one entry if these are equal.
    """
    folder, name = os.path.split(pathname)
    return os.path.join(os.path.realpath(folder), name)  # noqa: PTH118


def entries_behind(pathname: str) -> tuple[str, ...]:
    """Return the entries that a link leads over, to the file that it opens; none for a file."""
    entries: list[str] = []
    at = entry_of(pathname)
    while os.path.islink(at) and len(entries) < MAX_LINKS:  # noqa: PTH114
        folder = os.path.dirname(at)  # noqa: PTH120
        at = entry_of(os.path.join(folder, os.readlink(at)))  # noqa: PTH115, PTH118
        entries.append(at)
    return tuple(entries)


def move_link(source: Path, target: Path, image: Path) -> None:
    """Move a link, never over another file; it leads to `image` afterwards.

    Raises
    ------
    FileExistsError
        If the target is there.
    OSError
        If the link would open nothing, or cannot be moved; it is where it was then.
    """
    target.symlink_to(image)
    try:
        if not target.exists():
            raise OSError(errno.ENOENT, "the file that it links to is not there any more")
        source.unlink()
    except OSError:
        target.unlink()
        raise


def replace_link(link: Path, image: Path) -> None:
    """Let a link lead to `image`; it is there at every moment."""
    new = link.with_name(f".clustimage-{os.getpid()}.link")
    new.symlink_to(image)
    try:
        new.replace(link)
    except OSError:
        new.unlink()
        raise

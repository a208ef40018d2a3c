"""One file at a new path: renamed, or on another disk copied, compared, and only then removed.

Nothing is ever written over a file that has content: the new name is first reserved by an empty
file, which the system makes only where there is none. So a process that is killed leaves the
file at its old path, at its new one, or, on another disk, at both.
"""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress

from clustimage.images import Stamp
from clustimage.removal._content import Content, Refusal, look_at

__all__ = [
    "copy_checked",
    "is_empty",
    "relocate",
    "remove_if_there",
    "sync_folder",
    "temporary",
]


def relocate(source: str, target: str, content: Content, token: str) -> None:
    """Let a file have another path.

    Parameters
    ----------
    source : str
        Its path.
    target : str
        Its new path. There is nothing, or an empty file that a killed process has left.
    content : Content
        What was found in the file right before.
    token : str
        Part of the name of the copy while it is made.

    Raises
    ------
    FileExistsError
        If there is a file at the new path.
    OSError, Refusal
        If it cannot be done; the file is then where it was.
    """
    if not is_empty(target):
        _reserve(target)
    try:
        try:
            os.replace(source, target)  # noqa: PTH105
        except OSError as exc:
            if exc.errno != errno.EXDEV:
                raise
            _across(source, target, content, token)
    except BaseException:
        if is_empty(target) and os.path.lexists(source):
            remove_if_there(target)
        raise


def _across(source: str, target: str, content: Content, token: str) -> None:
    """Move to another disk: copy, compare, and only then remove."""
    status = os.lstat(source)
    part = temporary(target, token)
    try:
        copy_checked(source, part, content)
        os.replace(part, target)  # noqa: PTH105
    finally:
        remove_if_there(part)
    sync_folder(target)
    try:
        if Stamp.of(os.lstat(source)) != Stamp.of(status):
            raise Refusal("the file changes while it is copied")
        os.unlink(source)  # noqa: PTH108
    except BaseException:
        if os.path.lexists(source):
            remove_if_there(target)
        raise


def copy_checked(source: str, target: str, content: Content) -> None:
    """Copy content, times, rights and owner; compare what is on the disk with `content`."""
    with open(source, "rb") as original, open(target, "wb") as copy:  # noqa: PTH123
        shutil.copyfileobj(original, copy, 2**20)
        copy.flush()
        os.fsync(copy.fileno())
    shutil.copystat(source, target)
    status = os.stat(source)  # noqa: PTH116
    if hasattr(os, "chown"):
        with suppress(OSError):  # only the administrator may give files away
            os.chown(target, status.st_uid, status.st_gid)
    found, _ = look_at(target)
    if (found.size, found.digest) != (content.size, content.digest):
        raise Refusal("the copy differs from the file, which has changed or cannot be read right")


def temporary(pathname: str, token: str) -> str:
    """Return the name, beside a file, of what is made for it."""
    return os.path.join(os.path.dirname(pathname), f".clustimage-{token}.part")  # noqa: PTH118, PTH120


def is_empty(pathname: str) -> bool:
    """Return whether there is a file without content."""
    try:
        return os.lstat(pathname).st_size == 0 and not os.path.islink(pathname)  # noqa: PTH114
    except OSError:
        return False


def remove_if_there(pathname: str) -> None:
    """Remove a file or link that was made here."""
    with suppress(OSError):
        os.unlink(pathname)  # noqa: PTH108


def sync_folder(pathname: str) -> None:
    """Write the name of a file to the disk, where the system can do that for folders."""
    with suppress(OSError):
        handle = os.open(os.path.dirname(pathname), os.O_RDONLY)  # noqa: PTH120
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _reserve(pathname: str) -> None:
    os.close(os.open(pathname, os.O_CREAT | os.O_EXCL | os.O_WRONLY))

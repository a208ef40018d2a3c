"""One file at a new path: renamed, or on another disk copied, compared, and only then removed.

Nothing is ever written over a file: the new name is a second one (a hard link) until the old name
is removed, and the system makes it only where there is none. On disks without hard links the name
is reserved by an empty file, which is made only where there is none, too. So a process that is
killed leaves the file at its old path, at its new one, or at both.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
from contextlib import suppress

from clustimage._core.files import open_regular
from clustimage.images import Stamp
from clustimage.removal._content import Content, Refusal, look_at

__all__ = [
    "copy_checked",
    "is_empty",
    "is_same",
    "relocate",
    "remove_if_there",
    "remove_second_name",
    "sync_folder",
    "temporary",
]


# What systems say of disks without hard links, and of files that are too foreign to be linked.
WITHOUT_LINKS = {
    *(errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EMLINK),
    *(errno.ENOTSUP, errno.EOPNOTSUPP),
}


def relocate(source: str, target: str, content: Content, token: str) -> None:
    """Let a file have another path.

    Parameters
    ----------
    source : str
        Its path.
    target : str
        Its new path, where there is nothing.
    content : Content
        What was found in the file right before.
    token : str
        Part of the name of the copy while it is made.

    Raises
    ------
    FileExistsError
        If there is a file at the new path, even an empty one.
    OSError, Refusal
        If it cannot be done; the file is then where it was.
    """
    try:
        if not _add_name(source, target):
            return
    except OSError as exc:
        if exc.errno != errno.EXDEV:
            raise
        _across(source, target, content, token)
    else:
        _remove_old(source, target)


def _add_name(source: str, target: str) -> bool:
    """Give a file a new name on its disk, and return whether it has the old one, too."""
    if sys.platform == "win32":
        os.rename(source, target)  # never over another file there  # noqa: PTH104
        return False
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as exc:
        if exc.errno not in WITHOUT_LINKS:
            raise
        _rename(source, target)
        return False
    return True


def _rename(source: str, target: str) -> None:
    """Rename a file on a disk without hard links, over an empty file that was made for it."""
    if os.lstat(source).st_dev != os.stat(os.path.dirname(target)).st_dev:  # noqa: PTH116, PTH120
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), source)
    handle = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    reserved = os.fstat(handle)
    os.close(handle)
    try:
        if not os.path.samestat(os.lstat(target), reserved):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
        os.replace(source, target)  # noqa: PTH105
    except BaseException:
        with suppress(OSError):
            if os.path.samestat(os.lstat(target), reserved):
                os.unlink(target)  # noqa: PTH108
        raise


def _remove_old(source: str, target: str) -> None:
    """Remove the old name of a file that has a new one, or the new one where that fails."""
    sync_folder(target)
    try:
        os.unlink(source)  # noqa: PTH108
    except BaseException as exc:
        is_gone = not os.path.lexists(source)
        if not is_gone:
            remove_if_there(target)
        elif isinstance(exc, OSError):
            return  # another process has moved it, too
        raise


def _across(source: str, target: str, content: Content, token: str) -> None:
    """Move to another disk: copy, compare, and only then remove.

    The copy keeps its first name, too, until the file is removed: that tells whose it is.
    """
    status = os.lstat(source)
    part = temporary(target, token)
    try:
        copy_checked(source, part, content)
        if Stamp.of(os.lstat(source)) != Stamp.of(status):
            raise Refusal("the file changes while it is copied")
        _add_name(part, target)
        _remove_old(source, target)
    finally:
        remove_if_there(part)


def copy_checked(source: str, target: str, content: Content) -> None:
    """Copy content, times, rights and owner; compare what is on the disk with `content`."""
    with open_regular(source) as original, open(target, "wb") as copy:  # noqa: PTH123
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


def is_same(one: str, other: str) -> bool:
    """Return whether two paths lead to one file."""
    try:
        return os.path.samestat(os.lstat(one), os.lstat(other))
    except OSError:
        return False


def remove_second_name(pathname: str, other: str) -> None:
    """Remove the other name of a file, unless both paths are one name (of a disk mounted twice)."""
    if os.lstat(pathname).st_nlink > 1:
        remove_if_there(other)


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

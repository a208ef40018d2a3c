"""What a file looked like when it was looked at, and whether it still does."""

from __future__ import annotations

import errno
import os
import stat
from typing import NamedTuple

from clustimage.images import Stamp, digest_file

__all__ = ["GONE", "Content", "Refusal", "check_content", "in_words", "look_at", "real_folder"]

GONE = "the file is not there any more"


class Refusal(Exception):
    """A file is left as it is; says why, as part of a sentence."""


class Content(NamedTuple):
    """Size in bytes, time of the last change in ns, and digest of the bytes of a file."""

    size: int
    modified: int
    digest: str


def look_at(pathname: str) -> tuple[Content, os.stat_result]:
    """Read a file whole.

    Raises
    ------
    Refusal
        If it is a link, a folder or a device, cannot be read, or changes meanwhile.
    """
    try:
        status = os.lstat(pathname)
        if not stat.S_ISREG(status.st_mode):
            raise Refusal("it is a link" if stat.S_ISLNK(status.st_mode) else "it is no file")
        digest = digest_file(pathname)
        if Stamp.of(os.lstat(pathname)) != Stamp.of(status):
            raise Refusal("the file changes while it is read")
    except OSError as exc:
        raise Refusal(in_words(exc)) from exc
    return Content(status.st_size, status.st_mtime_ns, digest), status


def check_content(pathname: str, expected: Content) -> os.stat_result:
    """Return the status of a file if it is as it was: size, time and, read anew, its bytes.

    Raises
    ------
    Refusal
        If it is not.
    """
    try:
        status = os.lstat(pathname)
    except OSError as exc:
        raise Refusal(in_words(exc)) from exc
    if stat.S_ISREG(status.st_mode) and (status.st_size, status.st_mtime_ns) != expected[:2]:
        raise Refusal("the file has changed since it was looked at")
    found, status = look_at(pathname)
    if found != expected:
        raise Refusal("the file has changed since it was looked at")
    return status


def real_folder(pathname: str) -> str:
    """Return the folder that a file lies in, without links in its path."""
    return os.path.realpath(os.path.dirname(pathname))  # noqa: PTH120


def in_words(exc: OSError) -> str:
    """Return what the system says, in the words of a reason."""
    if isinstance(exc, FileNotFoundError):
        return GONE
    if exc.errno == errno.EACCES:
        return f"{exc.strerror}: it is in use, or its folder is read-only"
    return exc.strerror or str(exc)

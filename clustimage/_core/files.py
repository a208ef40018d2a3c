"""Files that are read only where they are files, and written whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from clustimage._core.errors import DiskSpaceError, InvalidParameterError
from clustimage._core.memory import format_bytes
from clustimage._core.parameters import named, setting
from clustimage._core.validation import check_bool, invalid

__all__ = ["FULL", "is_file", "is_folder", "new_file", "open_regular", "replacing", "target_file"]

# What systems say where a disk, or the share of it that a user may take, is full.
FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


def is_file(path: str | os.PathLike[str]) -> bool:
    """Return whether there is a file; False where that cannot be seen, as in a closed folder."""
    # Before Python 3.14, pathlib raises there.
    return os.path.isfile(os.path.expanduser(path))  # noqa: PTH111, PTH113


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Return whether there is a folder; False where that cannot be seen."""
    return os.path.isdir(os.path.expanduser(path))  # noqa: PTH111, PTH112


def target_file(path: str | os.PathLike[str], *, name: str = "path") -> Path:
    """Return `path` as the absolute path of a file that can be made.

    A link is followed, so that the file it points to is the one replaced.

    Raises
    ------
    InvalidParameterError
        If `path` is not a path, is a folder, or is in a folder that does not exist; the
        message calls it `name`.
    """
    if not isinstance(path, str | os.PathLike):
        raise invalid(name, "must be a path", path)
    target = Path(os.path.realpath(Path(path).expanduser()))
    if target.is_dir():
        raise InvalidParameterError(
            f"{named(name)} must be a file to write. Got the folder {target}."
        )
    if not target.parent.is_dir():
        raise InvalidParameterError(
            f"{named(name)} must be in a folder that exists. There is no folder {target.parent}."
        )
    return target


def new_file(path: str | os.PathLike[str], *, overwrite: object, name: str = "path") -> Path:
    """Return what `target_file` does; raise where the file exists, unless `overwrite` is true."""
    target = target_file(path, name=name)
    if target.exists() and not check_bool("overwrite", overwrite):
        raise InvalidParameterError(
            f"{target} exists already. Give {setting('overwrite', True)} to replace it, or another "
            "path."
        )
    return target


def open_regular(path: str | os.PathLike[str]) -> IO[bytes]:
    """Open a regular file to read.

    A pipe, which would be waited for without end, and a device are refused, also where one
    took the place of the file since it was looked at.

    Raises
    ------
    OSError
        If it is no regular file, or cannot be read.
    """

    def without_waiting(name: str, flags: int) -> int:
        return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))

    file = open(path, "rb", opener=without_waiting)  # noqa: PTH123, SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "no regular file", os.fspath(path))
    return file


@contextmanager
def replacing(target: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file next to `target`, which replaces it when all went well.

    After an error the temporary file is gone and `target` is what it was.

    Raises
    ------
    DiskSpaceError
        If the disk is full; the message names `target` and the bytes that were free.
    """
    part = target.with_name(f".{target.name[:80]}.{secrets.token_hex(6)}.part")
    try:
        with part.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as exc:
        # Of the disk, not of what happened inside: it names the file that the user knows.
        if exc.errno is None or exc.filename not in (None, str(part)):
            raise
        if exc.errno in FULL:
            raise _no_space(exc, part, target) from exc
        raise type(exc)(exc.errno, f"{exc.strerror}, nothing was written", str(target)) from exc
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _no_space(error: OSError, part: Path, target: Path) -> DiskSpaceError:
    """Return the error of a disk that is full, with what of a file was written to it."""
    free = 0
    with suppress(OSError):
        free = shutil.disk_usage(target.parent).free + part.stat().st_size
    full = DiskSpaceError(
        f"{error.strerror}, nothing was written: {target} takes more than the "
        f"{format_bytes(free)} that are free there. Make room, or give another path."
    )
    full.errno = error.errno
    return full

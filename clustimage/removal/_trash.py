"""The trash of the system: files are sent there, and on Linux brought back from it."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import unquote_to_bytes

from clustimage.removal._content import Refusal, real_folder

__all__ = ["IN_FREEDESKTOP", "Trashed", "home_trash", "send_to_trash"]

IN_FREEDESKTOP = sys.platform not in ("darwin", "win32")
ENDING = ".trashinfo"


def home_trash() -> str:
    """Return the folder of the trash of the user, as the freedesktop specification has it."""
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")  # noqa: PTH111
    return os.path.join(os.path.expanduser(data), "Trash")  # noqa: PTH111, PTH118


def send_to_trash(pathname: str) -> None:
    """Send a file to the trash.

    Raises
    ------
    Refusal
        If the trash is on another disk: the file would be copied there without a check.
    OSError
        If the system does not take it.
    """
    from send2trash import send2trash

    if IN_FREEDESKTOP:
        _check_device(pathname)
    send2trash(pathname)
    if os.path.lexists(pathname):
        raise Refusal("the trash did not take it")


def _check_device(pathname: str) -> None:
    """Refuse a file that lies on the disk of the user's folder, where the trash does not."""
    device = os.lstat(pathname).st_dev
    if device != os.stat(os.path.realpath(os.path.expanduser("~"))).st_dev:  # noqa: PTH111, PTH116
        return  # that disk has a trash of its own, or the file is refused
    folder = home_trash()
    while not os.path.exists(folder) and folder != os.path.dirname(folder):  # noqa: PTH110, PTH120
        folder = os.path.dirname(folder)  # noqa: PTH120
    if os.stat(folder).st_dev != device:  # noqa: PTH116
        raise Refusal(f"the trash, in {folder}, is on another disk")


class Trashed:
    """What lies in the trash, by the path that it had.

    Parameters
    ----------
    home : str
        Folder of the trash of the user when the files were sent there.

    Notes
    -----
    The layout is that of https://specifications.freedesktop.org/trash-spec/latest/: for each file
    in ``files/`` a file of the same name and ``.trashinfo`` in ``info/``, with its old path.
    """

    def __init__(self, home: str) -> None:
        self._homes = {home, home_trash()} - {""}
        self._seen: set[str] = set()
        self._found: dict[str, list[tuple[str, str]]] = {}

    def find(self, pathname: str) -> list[tuple[str, str]]:
        """Return the path in the trash, and that of its info, for all that had this path."""
        for folder, base in self._folders(pathname):
            if folder not in self._seen:
                self._seen.add(folder)
                self._read(folder, base)
        name = os.path.basename(pathname)  # noqa: PTH119
        paths = dict.fromkeys((pathname, os.path.join(real_folder(pathname), name)))  # noqa: PTH118
        return [entry for path in paths for entry in self._found.get(path, [])]

    def _folders(self, pathname: str) -> Iterator[tuple[str, str]]:
        """Yield the folders of trash a file may be in, and what paths in them are relative to."""
        for home in self._homes:
            yield home, os.path.dirname(home)  # noqa: PTH120
        top = real_folder(pathname)
        while not os.path.ismount(top) and top != os.path.dirname(top):  # noqa: PTH120
            top = os.path.dirname(top)  # noqa: PTH120
        yield os.path.join(top, f".Trash-{os.getuid()}"), top  # noqa: PTH118
        yield os.path.join(top, ".Trash", str(os.getuid())), top  # noqa: PTH118

    def _read(self, folder: str, base: str) -> None:
        with suppress(OSError):
            for name in os.listdir(os.path.join(folder, "info")):  # noqa: PTH118, PTH208
                info = os.path.join(folder, "info", name)  # noqa: PTH118
                if name.endswith(ENDING) and (path := _path_in(info)):
                    there = os.path.join(folder, "files", name[: -len(ENDING)])  # noqa: PTH118
                    old = os.path.join(base, path)  # noqa: PTH118
                    self._found.setdefault(old, []).append((there, info))


def _path_in(info: str) -> str:
    """Return the path that a file had, from its info; empty where there is none."""
    with suppress(OSError):
        if stat.S_ISREG(os.lstat(info).st_mode):
            with open(info, "rb") as lines:  # noqa: PTH123
                for line in lines:
                    if line.startswith(b"Path="):
                        return os.fsdecode(unquote_to_bytes(line[5:].rstrip(b"\r\n")))
    return ""

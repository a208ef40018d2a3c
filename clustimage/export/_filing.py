"""One file at a new path: as a link, as a copy, or the file itself; never over another one."""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from clustimage._core.file_names import ending_in
from clustimage.export._links import move_link

__all__ = ["ACTIONS", "FULL", "NO_LINKS", "Action", "folder_name", "is_there", "safe_name"]

CHUNK = 2**20
# What Windows does not take in names, and names that it has taken itself.
NOT_IN_NAMES = frozenset('<>:"/\\|?*')
DEVICES = {"CON", "PRN", "AUX", "NUL"} | {
    f"{port}{i}" for port in ("COM", "LPT") for i in range(10)
}

# What systems say where a link cannot be made, Windows EINVAL.
NO_LINKS = {
    errno.EPERM,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.ENOSYS,
    errno.EMLINK,
    errno.EXDEV,
    errno.EINVAL,
}
FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


class Action(NamedTuple):
    """What one word for `action` means.

    Attributes
    ----------
    make : callable
        Takes source and target; raises FileExistsError where the target is there.
    same : callable
        Whether a target that is there is what `make` would make.
    noun, verb : str
        For messages: ``Links: 500 made``.
    """

    make: Callable[[Path, Path], None]
    same: Callable[[Path, Path], bool]
    noun: str
    verb: str = "made"


def is_there(action: Action, source: Path, target: Path) -> bool:
    """Return whether `target`, a name that is taken, is the image itself or its link or copy."""
    try:
        return _itself(source, target) or action.same(source, target)
    except OSError:
        return False


def _itself(source: Path, target: Path) -> bool:
    """Return whether both are one entry of one folder: two names of one file are not."""
    return (
        source.name == target.name
        and os.path.samestat(source.lstat(), target.lstat())
        and source.parent.samefile(target.parent)
    )


def _make_symlink(source: Path, target: Path) -> None:
    target.symlink_to(source)


def _same_symlink(source: Path, target: Path) -> bool:
    # Windows spells absolute paths in links with a prefix.
    return target.is_symlink() and str(target.readlink()).removeprefix("\\\\?\\") == str(source)


def _make_hardlink(source: Path, target: Path) -> None:
    os.link(source.resolve(), target)


def _same_inode(source: Path, target: Path) -> bool:
    return os.path.samestat(source.stat(), target.lstat())


def _copy(source: Path, target: Path) -> None:
    _copy_whole(source, target, to_disk=False)


def _copy_whole(source: Path, target: Path, *, to_disk: bool) -> None:
    """Copy content and times; after an error, or Ctrl-C, nothing is left of the copy."""
    made = whole = False
    try:
        with source.open("rb") as original, target.open("xb") as copy:
            made = True
            shutil.copyfileobj(original, copy, CHUNK)
            complete = copy.tell() == os.fstat(original.fileno()).st_size
            if to_disk:
                copy.flush()
                os.fsync(copy.fileno())
        if not complete:
            raise OSError(errno.EIO, "the copy has another size than the image")
        whole = True
    finally:
        if made and not whole:
            target.unlink(missing_ok=True)
    # A file system that keeps no times or rights does not make the copy a failure.
    with suppress(OSError):
        shutil.copystat(source, target)


def _same_content(source: Path, target: Path) -> bool:
    if target.is_symlink() or os.path.samestat(source.stat(), target.stat()):
        return False
    return target.is_file() and filecmp.cmp(source, target, shallow=False)


def _move(source: Path, target: Path) -> None:
    """Move without overwriting: a second name, then the first one goes."""
    if source.is_symlink():
        # A link with a relative path would lead nowhere from its new folder.
        move_link(source, target, source.parent / source.readlink())
        return
    try:
        os.link(source, target)
    except OSError as exc:
        if exc.errno not in NO_LINKS:
            raise
        _copy_whole(source, target, to_disk=True)
    try:
        source.unlink()
    except OSError:
        target.unlink()
        raise


def _never(source: Path, target: Path) -> bool:
    return False


ACTIONS: dict[str, Action] = {
    "symlink": Action(_make_symlink, _same_symlink, "Links"),
    "hardlink": Action(_make_hardlink, _same_inode, "Hard links"),
    "copy": Action(_copy, _same_content, "Copies"),
    "move": Action(_move, _never, "Images", "moved"),
}


def safe_name(name: str) -> str:
    """Return a name that stays in its folder and that file systems take.

    Examples
    --------
    >>> safe_name("a.jpg"), safe_name("../../a.jpg"), safe_name("/etc/.."), safe_name("")
    ('a.jpg', 'a.jpg', 'image', 'image')
    """
    name = os.path.basename(name).replace("\0", "_")  # noqa: PTH119
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        name = name.encode("utf-8", "replace").decode("utf-8")
    return "image" if name in ("", ".", "..") else ending_in(name, "")


def folder_name(name: str) -> str:
    """Return a name that people gave as that of a folder, on all systems.

    Examples
    --------
    >>> folder_name("beach"), folder_name("../a/b: c?"), folder_name("con"), folder_name("...")
    ('beach', '_._a_b_ c_', 'con_', '_')
    """
    name = "".join("_" if char in NOT_IN_NAMES or char < " " else char for char in name)
    if name.startswith("."):  # hidden, or another folder
        name = f"_{name[1:]}"
    name = safe_name(name.rstrip(". ") or "_")
    return f"{name}_" if name.partition(".")[0].strip().upper() in DEVICES else name

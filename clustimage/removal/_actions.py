"""What can be done with a copy, and how it is undone: one class for each word of ``action``.

Undoing looks at the files: whatever a killed process has left is one of the states that
`give_back` knows, and it may be called again.
"""

from __future__ import annotations

import errno
import os
import stat
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import replace

from clustimage.images.reading._listing import printable
from clustimage.removal._content import Content, Refusal, in_words, look_at, real_folder
from clustimage.removal._relocate import (
    copy_checked,
    is_empty,
    is_same,
    relocate,
    remove_if_there,
    remove_second_name,
    temporary,
)
from clustimage.removal._steps import Header, Step
from clustimage.removal._trash import IN_FREEDESKTOP, Trashed, send_to_trash

__all__ = ["ACTIONS", "BACK", "LIST", "THERE", "Action"]

BACK, THERE = "given back", "already there"
LIST = "list"
SAME = "its bytes are not those of the kept file, which a link would replace them by"


class Action(ABC):
    """What is done with one copy after another.

    Parameters
    ----------
    header : Header
        Of the journal.
    """

    past = "removed"
    same_bytes_only = False
    takes_sidecars = True

    def __init__(self, header: Header) -> None:
        self.header = header

    def plan(self, step: Step, kept: os.stat_result) -> Step:
        """Return the step with all that is needed to undo it."""
        return step

    @abstractmethod
    def take(self, step: Step) -> None:
        """Do it; after an error the file is where it was."""

    @abstractmethod
    def give_back(self, step: Step, status: str) -> str:
        """Undo it, however far it went; return `BACK` or `THERE`, or raise `Refusal`.

        Parameters
        ----------
        step : Step
            The step.
        status : {"done", "begun", "failed"}
            How it ended, by the journal; begun, where the process was killed.
        """


class MoveAction(Action):
    """``"move"``: into a folder."""

    past = "moved"

    def take(self, step: Step) -> None:
        relocate(step.pathname, step.target, step.content, step.token)

    def give_back(self, step: Step, status: str) -> str:
        part = temporary(step.target, step.token)
        is_copy = is_same(part, step.target)
        remove_if_there(part)
        remove_if_there(temporary(step.pathname, step.token))
        if _holds(step.pathname, step.content):
            if is_same(step.pathname, step.target):
                remove_second_name(step.pathname, step.target)
            elif is_copy or _is_left_over(step, status):
                remove_if_there(step.target)
            return THERE
        _bring(step.target, step)
        return BACK


class TrashAction(Action):
    """``"trash"``: where the system keeps what people delete."""

    past = "sent to the trash"

    def __init__(self, header: Header) -> None:
        super().__init__(header)
        self._trashed = Trashed(header.trash)

    def take(self, step: Step) -> None:
        send_to_trash(step.pathname)

    def give_back(self, step: Step, status: str) -> str:
        remove_if_there(temporary(step.pathname, step.token))
        if not IN_FREEDESKTOP:
            if _holds(step.pathname, step.content):
                return THERE
            raise Refusal("it is in the trash of this system: restore it there, where it is shown")
        found = self._trashed.find(step.pathname)
        if _holds(step.pathname, step.content):
            for there, info in found:  # of a process that was killed before or after the move
                if is_same(step.pathname, there):
                    remove_second_name(step.pathname, there)
                if not os.path.lexists(there):
                    remove_if_there(info)
            return THERE
        for there, info in found:
            if _holds(there, step.content):
                _bring(there, step)
                remove_if_there(info)
                return BACK
        raise Refusal("it is not in the trash any more")


class _LinkAction(Action):
    """A link to the kept file in place of a copy: only where both hold the same bytes."""

    past = "replaced by links"
    same_bytes_only = True
    takes_sidecars = False

    @abstractmethod
    def make(self, step: Step, link: str) -> None:
        """Make the link."""

    @abstractmethod
    def is_link(self, step: Step) -> bool:
        """Return whether the link is in place of the copy."""

    def take(self, step: Step) -> None:
        link = temporary(step.pathname, step.token)
        try:
            self.make(step, link)
            status = os.lstat(step.pathname)
            if (status.st_size, status.st_mtime_ns) != step.content[:2]:
                raise Refusal("the file has changed since it was looked at")
            os.replace(link, step.pathname)  # noqa: PTH105
        finally:
            remove_if_there(link)

    def give_back(self, step: Step, status: str) -> str:
        part = temporary(step.pathname, step.token)
        remove_if_there(part)
        linked = self.is_link(step)
        if not linked:
            if _holds(step.pathname, step.content):
                return THERE
            if os.path.lexists(step.pathname) and not is_empty(step.pathname):
                raise Refusal("another file is there by now")
        source = step.pathname if linked else step.kept
        try:
            _make_folder(step.pathname)
            copy_checked(source, part, step.content)
            os.utime(part, ns=(step.content.modified, step.content.modified))
            os.chmod(part, step.mode)  # noqa: PTH101
            if hasattr(os, "chown"):
                with suppress(OSError):
                    os.chown(part, step.uid, step.gid)
            if linked:
                os.replace(part, step.pathname)  # noqa: PTH105
            else:
                _remove_empty(step.pathname)
                relocate(part, step.pathname, step.content, step.token)
        except Refusal:
            raise Refusal(
                f"{printable(source)}, which holds its bytes, has changed since"
            ) from None
        except OSError as exc:
            raise Refusal(f"of {printable(source)}: {in_words(exc)}") from exc
        finally:
            remove_if_there(part)
        return BACK


class HardlinkAction(_LinkAction):
    """``"hardlink"``: a second name for the kept file."""

    def plan(self, step: Step, kept: os.stat_result) -> Step:
        return replace(step, inode=kept.st_ino)

    def make(self, step: Step, link: str) -> None:
        try:
            os.link(step.kept, link)
        except OSError as exc:
            if exc.errno != errno.EXDEV:
                raise
            raise Refusal("the kept file is on another disk, where no hard link leads") from exc

    def is_link(self, step: Step) -> bool:
        try:
            status = os.lstat(step.pathname)
        except OSError:
            return False
        return stat.S_ISREG(status.st_mode) and status.st_ino == step.inode


class SymlinkAction(_LinkAction):
    """``"symlink"``: a file that leads to the kept one, by a relative path."""

    def plan(self, step: Step, kept: os.stat_result) -> Step:
        to = os.path.join(real_folder(step.kept), os.path.basename(step.kept))  # noqa: PTH118, PTH119
        try:
            return replace(step, target=os.path.relpath(to, real_folder(step.pathname)))
        except ValueError:  # on another drive of Windows
            return replace(step, target=to)

    def make(self, step: Step, link: str) -> None:
        os.symlink(step.target, link)  # noqa: PTH211

    def is_link(self, step: Step) -> bool:
        try:
            return os.readlink(step.pathname).removeprefix("\\\\?\\") == step.target  # noqa: PTH115
        except (OSError, ValueError):
            return False


ACTIONS: dict[str, type[Action]] = {
    "trash": TrashAction,
    "move": MoveAction,
    "hardlink": HardlinkAction,
    "symlink": SymlinkAction,
}


def _bring(source: str, step: Step) -> None:
    """Let a file have its old path again, unless another one is there."""
    if not _holds(source, step.content):
        there = os.path.lexists(source)
        what = "has changed since" if there else "is not there any more"
        raise Refusal(f"{printable(source)} {what}")
    if os.path.lexists(step.pathname) and not is_empty(step.pathname):
        raise Refusal(f"another file is there by now; it stays at {printable(source)}")
    try:
        _make_folder(step.pathname)
        _remove_empty(step.pathname)
        relocate(source, step.pathname, step.content, step.token)
    except OSError as exc:
        raise Refusal(f"{in_words(exc)}; it stays at {printable(source)}") from exc


def _make_folder(pathname: str) -> None:
    os.makedirs(os.path.dirname(pathname), exist_ok=True)  # noqa: PTH103, PTH120


def _remove_empty(pathname: str) -> None:
    """Remove the empty file that a path was reserved by when undoing was killed."""
    if is_empty(pathname):
        remove_if_there(pathname)


def _holds(pathname: str, content: Content) -> bool:
    """Return whether a file has these bytes, whatever its time."""
    try:
        if os.lstat(pathname).st_size != content.size:
            return False
        found, _ = look_at(pathname)
    except (OSError, Refusal):
        return False
    return found.digest == content.digest


def _is_left_over(step: Step, status: str) -> bool:
    """Return whether a killed process has left what is at the new path of a file.

    After the step: the file, of which undoing had made a copy on another disk. In it, on a disk
    without hard links: the copy, or the empty file that the name was reserved by.
    """
    if status == "begun" and is_empty(step.target):
        return True
    return status != "failed" and _holds(step.target, step.content)

"""What a journal holds: a header, then a line for each step before it is done, and how it ended."""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import setting
from clustimage._core.validation import invalid
from clustimage.images.reading._listing import absolute, printable
from clustimage.removal._content import Content
from clustimage.removal._fields import Fields, read_text
from clustimage.removal._relocate import sync_folder

__all__ = ["Header", "JournalFile", "Row", "Step", "new_token", "read_journal"]

FORMAT, VERSION = "clustimage journal", 1
TOKEN = re.compile(r"[0-9a-f]{12}")
ENDS = ("done", "failed", "skipped")


@dataclass(frozen=True)
class Header:
    """The first line.

    Attributes
    ----------
    action : str
        What is done with every file.
    host : str
        Name of the machine.
    trash : str
        Folder of the trash of the user; empty where it is not used.
    made : tuple of str
        Folders that are made for the files, the outermost first.
    marked : str
        Folder that is marked as one of clustimage; empty where none is.
    """

    action: str
    host: str
    trash: str = ""
    made: tuple[str, ...] = ()
    marked: str = ""

    def record(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "action": self.action,
            "host": self.host,
            "trash": self.trash,
            "made": list(self.made),
            "marked": self.marked,
            "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        }


@dataclass(frozen=True)
class Step:
    """One file and what is done with it.

    Attributes
    ----------
    number, group : int
        Of the step, and of the group in the plan.
    pathname : str
        The file.
    content : Content
        What was in it right before.
    kept : str
        The file of the group that was kept.
    token : str
        Part of the names of temporary files.
    target : str
        New path of a file that is moved; where a symbolic link leads; else empty.
    inode : int
        Number on the disk of the kept file, for hard links; else 0.
    mode, uid, gid : int
        Rights and owner of the file.
    """

    number: int
    group: int
    pathname: str
    content: Content
    kept: str
    token: str
    target: str = ""
    inode: int = 0
    mode: int = 0o644
    uid: int = 0
    gid: int = 0

    def record(self) -> dict[str, Any]:
        """Return it for JSON."""
        size, modified, digest = self.content
        return {
            "step": self.number,
            "group": self.group,
            "pathname": self.pathname,
            "size": size,
            "mtime_ns": modified,
            "digest": digest,
            "kept": self.kept,
            "target": self.target,
            "inode": self.inode,
            "mode": self.mode,
            "uid": self.uid,
            "gid": self.gid,
            "token": self.token,
        }


@dataclass
class Row:
    """What became of a file, for tables; `step` is None where none was begun."""

    group: int
    pathname: str
    status: str
    reason: str = ""
    target: str = ""
    step: Step | None = None


class JournalFile:
    """A journal that is written, each line to the disk before the step that it announces.

    Parameters
    ----------
    path : path or None
        Of the file, which must not be there; None makes one in the folder of the user's data.
    header : Header
        Its first line.

    Raises
    ------
    InvalidParameterError
        If the file cannot be made, or is there.
    """

    def __init__(self, path: str | os.PathLike[str] | None, header: Header) -> None:
        self.path = _default_path(header.action) if path is None else absolute(path)
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)
        try:
            if path is None:
                os.makedirs(os.path.dirname(self.path), exist_ok=True)  # noqa: PTH103, PTH120
            self._handle = os.open(self.path, flags, 0o600)
        except FileExistsError as exc:
            raise invalid("journal", "must be a new file", self.path) from exc
        except OSError as exc:
            raise InvalidParameterError(
                f"The journal {printable(self.path)} cannot be written: {exc.strerror}. Without "
                f"one nothing is done. Give another file: {setting('journal', ...)}."
            ) from exc
        self.write(header.record())
        sync_folder(self.path)

    def write(self, record: dict[str, Any], *, to_disk: bool = True) -> None:
        """Append a line; it is on the disk when this returns, if `to_disk`."""
        line = json.dumps(record).encode("ascii") + b"\n"
        while line:
            line = line[os.write(self._handle, line) :]
        if to_disk:
            os.fsync(self._handle)

    def end(self, row: Row) -> None:
        """Append how a step ended, or why there was none."""
        record: dict[str, Any] = {"status": row.status, "reason": row.reason}
        if row.step is None:
            record |= {"group": row.group, "pathname": row.pathname}
        else:
            record |= {"step": row.step.number}
        self.write(record, to_disk=False)

    def close(self) -> None:
        """Write what is left to the disk."""
        os.fsync(self._handle)
        os.close(self._handle)


def new_token() -> str:
    """Return a part of names that nothing else has."""
    return secrets.token_hex(6)


def _default_path(action: str) -> str:
    from platformdirs import user_data_dir

    folder = os.path.join(user_data_dir("clustimage", appauthor=False), "journals")  # noqa: PTH118
    name = f"{time.strftime('%Y-%m-%d_%H-%M-%S')}_{action}_{secrets.token_hex(3)}.jsonl"
    return os.path.join(folder, name)  # noqa: PTH118


def this_host() -> str:
    """Return the name of this machine."""
    return platform.node()


def read_journal(path: object, actions: tuple[str, ...]) -> tuple[str, Header, list[Row]]:
    """Read a journal; the last line may be cut off, where a process was killed.

    Returns
    -------
    path : str
        Absolute.
    header : Header
    rows : list of Row
        In the order of the steps.

    Raises
    ------
    InvalidDataError
        If it is no journal, or a line of it is broken; the message names the field.
    """
    file, text = read_text(path, "journal")
    whole, _, _ = text.rpartition("\n")  # what comes after was not begun
    lines = [_parsed(line, file, i) for i, line in enumerate(whole.split("\n"), start=1)]
    header = _header(lines[0], actions)
    rows: dict[int, Row] = {}
    skipped: list[Row] = []
    for line in lines[1:]:
        if "digest" in line.value:
            step = _step(line)
            rows[step.number] = Row(step.group, step.pathname, "begun", "", step.target, step)
            continue
        status = line.word("status", lambda word: word in ENDS, f"one of {', '.join(ENDS)}")
        reason = line.get("reason", str)
        if "step" not in line.value:
            skipped.append(Row(line.number("group"), line.path("pathname"), status, reason))
            continue
        number = line.number("step")
        if number not in rows:
            raise line.error("step", f"must be a step that was begun before. Got {number}")
        rows[number].status, rows[number].reason = status, reason
    return file, header, [*rows.values(), *skipped]


def _parsed(line: str, file: str, number: int) -> Fields:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = line
    return Fields(value, file, f"line {number}", ": ")


def _header(line: Fields, actions: tuple[str, ...]) -> Header:
    if line.value.get("format") != FORMAT:
        raise line.error("format", f"must be {FORMAT!r}: this is no journal of clustimage")
    if line.number("version") != VERSION:
        raise line.error("version", f"must be {VERSION}: another version of clustimage wrote it")
    action = line.word("action", lambda word: word in actions, f"one of {', '.join(actions)}")
    return Header(
        action=action,
        host=line.get("host", str),
        trash=line.path("trash", empty=True),
        made=tuple(line.texts("made")),
        marked=line.path("marked", empty=True),
    )


def _step(line: Fields) -> Step:
    return Step(
        number=line.number("step"),
        group=line.number("group"),
        pathname=line.path("pathname"),
        content=content_of(line),
        kept=line.path("kept"),
        token=line.word("token", lambda word: bool(TOKEN.fullmatch(word)), "12 hexadecimal digits"),
        target=line.get("target", str),
        inode=line.number("inode"),
        mode=line.number("mode"),
        uid=line.number("uid"),
        gid=line.number("gid"),
    )


def content_of(line: Fields) -> Content:
    """Return the content of a file, of a plan or of a journal."""
    digest = line.word(
        "digest", lambda word: bool(re.fullmatch("[0-9a-f]{32}", word)), "32 hexadecimal digits"
    )
    return Content(line.number("size"), line.get("mtime_ns", int), digest)

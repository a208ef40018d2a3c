"""Carry out a plan: every file is checked, then announced in the journal, then removed."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from clustimage._core.file_names import numbered
from clustimage._core.logs import get_logger, progress
from clustimage._core.outputs import is_marked, make_folder, may_be_marked
from clustimage._core.text import pluralize
from clustimage._core.validation import check_bool, check_option, invalid
from clustimage.images import Stamp
from clustimage.images.reading._listing import absolute, printable
from clustimage.removal._actions import ACTIONS, LIST, SAME, Action
from clustimage.removal._content import (
    Content,
    Refusal,
    check_content,
    in_words,
    look_at,
    real_folder,
)
from clustimage.removal._journal import Journal
from clustimage.removal._planned_file import PlannedFile, why_left
from clustimage.removal._sidecars import Sidecars, renamed
from clustimage.removal._steps import Header, JournalFile, Row, Step, new_token, this_host
from clustimage.removal._trash import home_trash

__all__ = ["CHOICES", "apply_plan"]

logger = get_logger(__name__)

CHOICES = (*ACTIONS, LIST)
FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
MAX_TRIES = 100  # of names that others take meanwhile

Groups = Sequence[Sequence[PlannedFile]]


@dataclass(frozen=True)
class Request:
    """What `apply` was asked for, checked.

    Attributes
    ----------
    action : str
        One of `CHOICES`.
    target : str
        Absolute path of a folder, for ``"move"``; else empty.
    sidecars : bool
        Whether sidecars go along.
    """

    action: str
    target: str
    sidecars: bool


def apply_plan(
    groups: Groups,
    action: str,
    target: str | os.PathLike[str] | None,
    *,
    sidecars: bool,
    journal: str | os.PathLike[str] | None,
) -> Journal:
    """Do what `RemovalPlan.apply` describes."""
    request = _check_request(groups, action, target, sidecars)
    todo = [
        (file, kept)
        for group in groups
        for kept in [[file for file in group if file.keep]]
        for file in group
        if not file.keep
    ]
    checks = Checks(groups)
    if request.action == LIST:
        listed = [_listed(file, kept, checks) for file, kept in todo]
        return Journal(None, Header(LIST, this_host()), listed)
    header = _header(request)
    if not todo:
        return Journal(None, header, [])
    written = JournalFile(journal, header)
    logger.info("Journal: %s", printable(written.path))
    work = Work(request, written, ACTIONS[request.action](header))
    try:
        _make_target(request.target)
        noun = request.action.capitalize()
        for file, kept in progress(todo, desc=noun, total=len(todo), unit="file"):
            work.remove(file, kept, checks)
    finally:
        written.close()
    _say(work.rows, request)
    return Journal(written.path, header, work.rows)


def _check_request(
    groups: Groups, action: str, target: str | os.PathLike[str] | None, sidecars: bool
) -> Request:
    check_option("action", action, CHOICES)
    takes = action == LIST or ACTIONS[action].takes_sidecars
    if check_bool("sidecars", sidecars) and not takes:
        raise invalid(
            "action", "must be 'trash', 'move' or 'list' for sidecars to go along", action
        )
    if action != "move":
        if target is not None and action != LIST:
            raise invalid("target", "is the folder of action 'move' alone", target)
        return Request(action, "", sidecars)
    if not isinstance(target, str | os.PathLike) or not os.fspath(target):
        raise invalid("target", "must be the folder that files are moved into", target)
    folder = absolute(target)
    nearest = next(path for path in (Path(folder), *Path(folder).parents) if os.path.lexists(path))
    if "\0" in folder or not nearest.is_dir():
        raise invalid("target", "must be a folder, or be in one", folder)
    real = os.path.realpath(folder)
    if any(file.folder == real for group in groups for file in group if not file.keep):
        raise invalid("target", "must be another folder than those of the files", folder)
    return Request(action, folder, sidecars)


def _header(request: Request) -> Header:
    if request.action == "trash":
        return Header(request.action, this_host(), trash=home_trash())
    if not request.target:
        return Header(request.action, this_host())
    path = Path(request.target)
    made = tuple(str(one) for one in (*reversed(path.parents), path) if not one.exists())
    marked = request.target if may_be_marked(path) and not is_marked(path) else ""
    return Header(request.action, this_host(), made=made, marked=marked)


def _make_target(folder: str) -> None:
    if folder:
        try:
            make_folder(Path(folder))
        except OSError as exc:
            raise invalid("target", f"cannot be made ({exc.strerror})", folder) from exc


class Checks:
    """Whether a file may be removed: nothing has changed, and the kept one of its group is there.

    Parameters
    ----------
    groups : sequence of sequences of PlannedFile
        All groups of the plan.
    """

    def __init__(self, groups: Groups) -> None:
        self._kept_entries: set[tuple[int, int]] = set()
        for file in (file for group in groups for file in group if file.keep):
            with suppress(OSError):
                status = os.lstat(file.pathname)
                self._kept_entries.add((status.st_dev, status.st_ino))
        self._read: dict[str, Stamp] = {}

    def check(
        self, file: PlannedFile, kept: Sequence[PlannedFile], *, same_bytes: bool
    ) -> tuple[PlannedFile, os.stat_result, os.stat_result]:
        """Return one of the kept files, its status, and that of the file that may be removed.

        Raises
        ------
        Refusal
            If it may not; says why.
        """
        if reason := why_left(file, kept):
            raise Refusal(reason)
        if real_folder(file.pathname) != file.folder:
            raise Refusal("its path leads to another folder than when it was looked at")
        status = check_content(file.pathname, file.content)
        if (status.st_dev, status.st_ino) in self._kept_entries:
            raise Refusal("it is a kept file by another name")
        one, of_kept = self._one_of(kept, file.content if same_bytes else None)
        if os.path.samestat(status, of_kept):
            raise Refusal("it is the kept file by another name")
        return one, of_kept, status

    def _one_of(
        self, kept: Sequence[PlannedFile], content: Content | None
    ) -> tuple[PlannedFile, os.stat_result]:
        """Return a kept file that is as it was; one with this content, where there is any."""
        candidates = kept
        if content is not None:
            candidates = [file for file in kept if file.content.digest == content.digest]
            if not candidates:
                raise Refusal(SAME)
        reason = ""
        for file in candidates:
            try:
                return file, self._unchanged(file)
            except Refusal as exc:
                reason = f"of the kept {printable(file.pathname)}: {exc}"
        raise Refusal(reason)

    def _unchanged(self, file: PlannedFile) -> os.stat_result:
        """Check a kept file; its bytes are read once, then its times on the disk tell."""
        try:
            status = os.lstat(file.pathname)
        except OSError as exc:
            raise Refusal(in_words(exc)) from exc
        if self._read.get(file.pathname) != Stamp.of(status):
            status = check_content(file.pathname, file.content)
            self._read[file.pathname] = Stamp.of(status)
        return status

    def expect_new_name(self, pathname: str) -> None:
        """Take the times of a kept file anew: it has got another name (a hard link)."""
        if pathname in self._read:
            self._read[pathname] = Stamp.of(os.lstat(pathname))


class Work:
    """Remove files one after another, and remember what became of each."""

    def __init__(self, request: Request, journal: JournalFile, action: Action) -> None:
        self.rows: list[Row] = []
        self._request, self._journal, self._action = request, journal, action
        self._sidecars = Sidecars()
        self._starts: dict[str, int] = {}
        self._n_steps = 0
        self._full = False

    def remove(self, file: PlannedFile, kept: Sequence[PlannedFile], checks: Checks) -> None:
        """Remove a file of the plan, and its sidecars where they go along."""
        if self._full:
            self._end(Row(file.group, file.pathname, "skipped", "the disk is full"))
            return
        try:
            one, of_kept, status = checks.check(file, kept, same_bytes=self._action.same_bytes_only)
        except Refusal as exc:
            self._end(Row(file.group, file.pathname, "skipped", str(exc)))
            return
        step = self._step(file.group, file.pathname, file.content, one.pathname, status)
        row = self._take(self._action.plan(step, of_kept))
        if row.status != "done":
            return
        if self._action.same_bytes_only:
            checks.expect_new_name(one.pathname)
        if self._request.sidecars:
            for sidecar in self._sidecars.of(file.pathname):
                self._remove_sidecar(sidecar, file, row, one.pathname)

    def _remove_sidecar(self, sidecar: str, photo: PlannedFile, row: Row, kept: str) -> None:
        try:
            content, status = look_at(sidecar)
        except Refusal as exc:
            self._end(Row(photo.group, sidecar, "skipped", str(exc)))
            return
        step = self._step(photo.group, sidecar, content, kept, status)
        old, new = (os.path.basename(path) for path in (photo.pathname, row.target))  # noqa: PTH119
        self._take(step, renamed(os.path.basename(sidecar), old, new) if new else "")  # noqa: PTH119

    def _step(
        self, group: int, pathname: str, content: Content, kept: str, status: os.stat_result
    ) -> Step:
        self._n_steps += 1
        return Step(
            number=self._n_steps,
            group=group,
            pathname=pathname,
            content=content,
            kept=kept,
            token=new_token(),
            mode=status.st_mode & 0o7777,
            uid=status.st_uid,
            gid=status.st_gid,
        )

    def _take(self, step: Step, name: str = "") -> Row:
        """Announce a step, do it, and write down how it ended."""
        for _ in range(MAX_TRIES):
            if self._request.target:
                wanted = name or os.path.basename(step.pathname)  # noqa: PTH119
                step = self._with_target(step, wanted)
            row = Row(step.group, step.pathname, "done", "", step.target, step)
            self._journal.write(step.record())
            try:
                self._action.take(step)
            except FileExistsError as exc:
                row.status, row.reason = "failed", in_words(exc)
                if self._request.target:  # somebody has taken the name since it was chosen
                    row.reason = f"other processes took each of {MAX_TRIES} names for it"
                    continue
            except Refusal as exc:
                row.status, row.reason = "failed", str(exc)
            except OSError as exc:
                row.status, row.reason = "failed", in_words(exc)
                self._full = exc.errno in FULL
            break
        if row.status == "failed":
            row.target = ""
        self._end(row)
        return row

    def _with_target(self, step: Step, name: str) -> Step:
        """Choose a name that is free in the folder."""
        for number in count(self._starts.get(name, 1)):
            path = os.path.join(self._request.target, numbered(name, number))  # noqa: PTH118
            if not os.path.lexists(path):
                self._starts[name] = number + 1
                return replace(step, target=path)
        raise AssertionError  # pragma: no cover

    def _end(self, row: Row) -> None:
        self.rows.append(row)
        self._journal.end(row)


def _listed(file: PlannedFile, kept: Sequence[PlannedFile], checks: Checks) -> Row:
    """Return what would become of a file; it is looked at as before it is removed."""
    try:
        checks.check(file, kept, same_bytes=False)
    except Refusal as exc:
        return Row(file.group, file.pathname, "skipped", str(exc))
    return Row(file.group, file.pathname, "planned")


def _say(rows: Sequence[Row], request: Request) -> None:
    n_done = sum(row.status == "done" for row in rows)
    past = ACTIONS[request.action].past
    logger.info("%s %s.", pluralize(n_done, "file"), past)
    left = [row for row in rows if row.status != "done"]
    if left:
        logger.warning(
            "%s left as they were, first: %s (%s)",
            pluralize(len(left), "file"),
            printable(left[0].pathname),
            left[0].reason,
        )

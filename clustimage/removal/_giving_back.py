"""Undo what a journal says was done, in the opposite order."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from clustimage._core.errors import InvalidDataError
from clustimage._core.logs import get_logger, progress
from clustimage._core.outputs import MARKER, unmark_folder
from clustimage._core.text import pluralize
from clustimage.images.reading._listing import printable
from clustimage.removal._actions import ACTIONS, BACK
from clustimage.removal._content import Refusal
from clustimage.removal._steps import Header, Row, this_host

__all__ = ["FAILED", "undo"]

logger = get_logger(__name__)

FAILED = "failed"


def undo(header: Header, rows: Sequence[Row]) -> list[Row]:
    """Give back every file that was begun; the last one first.

    Returns
    -------
    list of Row
        Of the files that were begun, in their order: `BACK`, `THERE` or `FAILED` with a reason.

    Raises
    ------
    InvalidDataError
        If the journal is of another machine, and nothing of it is on this one.
    """
    action = ACTIONS[header.action](header)
    begun = [row for row in rows if row.step is not None]
    _check_machine(header, begun)
    ended: list[Row] = []
    for row in progress(begun[::-1], desc="Giving back", total=len(begun), unit="file"):
        assert row.step is not None
        try:
            status, reason = action.give_back(row.step, row.status), ""
        except Refusal as exc:
            status, reason = FAILED, str(exc)
        except OSError as exc:
            status, reason = FAILED, exc.strerror or str(exc)
        ended.append(Row(row.group, row.pathname, status, reason, row.target, row.step))
    _remove_folders(header)
    _say(ended)
    return ended[::-1]


def _check_machine(header: Header, begun: Sequence[Row]) -> None:
    if header.host == this_host() or not begun:
        return
    paths = {
        os.path.dirname(path)  # noqa: PTH120
        for row in begun
        for path in (row.pathname, row.target)
        if os.path.isabs(path)  # noqa: PTH117
    }
    if not any(map(os.path.isdir, paths)):
        raise InvalidDataError(
            f"The journal is of another machine, {header.host!r}, and none of its folders is on "
            f"this one, {this_host()!r}. Undo it there."
        )


def _remove_folders(header: Header) -> None:
    """Remove what was made for the files, where nothing else is there."""
    with suppress(OSError):
        if header.marked and os.listdir(header.marked) == [MARKER]:  # noqa: PTH208
            unmark_folder(Path(header.marked))
    for folder in reversed(header.made):
        with suppress(OSError):
            os.rmdir(folder)  # noqa: PTH106


def _say(ended: Sequence[Row]) -> None:
    failed = [row for row in ended if row.status == FAILED]
    n_back = sum(row.status == BACK for row in ended)
    logger.info("Given back: %s.", pluralize(n_back, "file"))
    if failed:
        logger.warning(
            "%s could not be given back, first: %s (%s)",
            pluralize(len(failed), "file"),
            printable(failed[0].pathname),
            failed[0].reason,
        )

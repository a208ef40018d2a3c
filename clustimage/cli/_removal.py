"""Options and questions of the commands that remove files."""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import TYPE_CHECKING

from clustimage._core.errors import InvalidParameterError
from clustimage.cli._options import given
from clustimage.cli._output import one_line

if TYPE_CHECKING:
    from clustimage.removal import RemovalPlan

__all__ = ["add_removal", "check_removal", "remove"]

# What is asked before each action.
QUESTIONS = {
    "trash": "Send them to the trash?",
    "move": "Move them to {target}?",
    "hardlink": "Replace those of equal bytes by hard links?",
    "symlink": "Replace those of equal bytes by symbolic links?",
}


def add_removal(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Add what is done with copies, and how."""
    parser.add_argument(
        "--action",
        choices=[*QUESTIONS, "list"],
        required=required,
        help="what to do with the files that are not kept: trash, move (to --target), hardlink or "
        "symlink (to the kept file, where the bytes are equal), or list what would be done",
    )
    parser.add_argument("--target", metavar="DIR", help="folder to move files to")
    parser.add_argument(
        "--sidecars",
        action="store_true",
        help="take .xmp and .aae files and the .mov of live photos along",
    )
    parser.add_argument(
        "--journal",
        metavar="FILE",
        help="new file for what undo needs (one in the folder of your data, which is named)",
    )
    parser.add_argument(
        "--yes", action="store_true", default=False, help="do not ask before acting, for scripts"
    )


def check_removal(arguments: argparse.Namespace) -> None:
    """Refuse, before any work, what cannot be done at its end.

    Raises
    ------
    InvalidParameterError
        If a folder is missing, or there is nobody to ask.
    """
    action = getattr(arguments, "action", None)
    if action in (None, "list"):
        return
    if action == "move" and "target" not in arguments:
        raise InvalidParameterError("--action move needs a folder: --target DIR.")
    if not arguments.yes and not _can_ask():
        raise InvalidParameterError(
            "Nothing is done without a question, and there is no terminal to ask it in. Give --yes."
        )


def remove(plan: RemovalPlan, arguments: argparse.Namespace) -> None:
    """Say what is to be done, ask, do it, and say how to undo it."""
    from clustimage._core.text import pluralize

    action = arguments.action
    print(f"{plan.summary()}.")
    if not plan.n_files:
        return
    options = given(arguments, "sidecars", "journal")
    if action == "list":
        print(plan.apply("list", **given(arguments, "sidecars")))
        return
    target = getattr(arguments, "target", None)
    question = QUESTIONS[action].format(target=one_line(str(target)))
    if not arguments.yes and not _agrees(question):
        print("Nothing was done.")
        return
    journal = plan.apply(action, target, **options)
    table = journal.to_frame()
    left = table[table["status"] != "done"]
    print(f"{pluralize(len(table) - len(left), 'file')} {journal.past}.")
    for row in left.itertuples(index=False):
        print(f"  left: {one_line(row.pathname)} ({one_line(row.reason)})")
    print(f"Undo with: clustimage undo {shlex.quote(str(journal.path))}")


def _can_ask() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _agrees(question: str) -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False

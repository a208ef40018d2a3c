"""``clustimage undo JOURNAL``."""

from __future__ import annotations

import argparse

from clustimage._core.errors import InvalidDataError
from clustimage._core.text import pluralize
from clustimage.cli._output import one_line

HELP = "Give back the files that duplicates or apply removed, also after it was interrupted."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    parser.add_argument("file", metavar="JOURNAL", help="the file that the command named")


def run(arguments: argparse.Namespace) -> None:
    """Give back, and say what became of each file that is not where it was.

    Raises
    ------
    InvalidDataError
        If a file could not be given back.
    """
    from clustimage.removal import load_journal

    table = load_journal(arguments.file).undo()
    back, there, failed = (
        table[table["status"] == status] for status in ("given back", "already there", "failed")
    )
    print(f"{pluralize(len(back), 'file')} given back, {len(there):,} already there.")
    for row in failed.itertuples(index=False):
        print(f"  failed: {one_line(row.pathname)} ({one_line(row.reason)})")
    if len(failed):
        raise InvalidDataError(
            f"{pluralize(len(failed), 'file')} could not be given back; nothing was lost by it."
        )

"""``clustimage apply PLAN``."""

from __future__ import annotations

import argparse

from clustimage.cli._removal import add_removal, check_removal, remove

HELP = "Remove what a plan does not keep, as clustimage duplicates --plan has written it."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    parser.add_argument("file", metavar="PLAN", help="JSON file, perhaps changed by hand")
    add_removal(parser, required=True)


def run(arguments: argparse.Namespace) -> None:
    """Read the plan, ask, and apply it."""
    from clustimage.removal import load_plan

    check_removal(arguments)
    remove(load_plan(arguments.file), arguments)

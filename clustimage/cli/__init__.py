"""The command ``clustimage``: one file per sub-command, nothing heavy before it runs."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from clustimage._core.errors import ClustimageError
from clustimage._core.logs import set_logger, use_progress_bars
from clustimage._core.parameters import use_names
from clustimage._version import __version__
from clustimage.cli import (
    _apply,
    _cache,
    _cluster,
    _demo,
    _duplicates,
    _faces,
    _find,
    _info,
    _recluster,
    _report,
    _trips,
    _undo,
    _unique,
    _update,
)
from clustimage.cli._options import OptionNames

__all__ = ["COMMANDS", "build_parser", "main"]

COMMANDS = {
    "cluster": _cluster,
    "faces": _faces,
    "trips": _trips,
    "find": _find,
    "unique": _unique,
    "recluster": _recluster,
    "report": _report,
    "duplicates": _duplicates,
    "apply": _apply,
    "undo": _undo,
    "update": _update,
    "info": _info,
    "demo": _demo,
    "cache": _cache,
}


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, and leaves with 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


class _Command(_Parser):
    """The parser of a sub-command, which complains in its own name."""

    def parse_known_args(self, *args: Any, **options: Any) -> Any:
        arguments, unknown = super().parse_known_args(*args, **options)
        if unknown:
            files = [word for word in unknown if os.path.lexists(word)]
            hint = f"; of the file {files[0]} give the path ./{files[0]}" if files else ""
            self.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
        return arguments, unknown


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with all sub-commands."""
    parser = _Parser(
        prog="clustimage",
        description="Find the natural groups, the unique images and the most similar ones "
        "in any set of images.",
    )
    parser.add_argument("--version", action="version", version=f"clustimage {__version__}")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=_Command
    )
    for name, module in COMMANDS.items():
        sub = commands.add_parser(
            name, help=module.HELP, description=module.HELP, argument_default=argparse.SUPPRESS
        )
        sub.add_argument(
            "--verbose",
            default="info",
            metavar="LEVEL",
            help="silent, error, warning, info (default) or debug; info shows progress",
        )
        module.add_arguments(sub)
        sub.set_defaults(run=module.run, names=OptionNames(sub._actions))
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after the name of the command; by default those of the process.

    Returns
    -------
    int
        0, or 2 where an argument is wrong or the input cannot be used; one sentence
        on the standard error then says why.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, io.TextIOWrapper
        ):  # a name that it cannot encode is no reason to stop
            stream.reconfigure(errors="backslashreplace")
    try:
        return _run(build_parser().parse_args(argv))
    except BrokenPipeError:
        # The reader of the output has closed it. Python would complain again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(arguments: argparse.Namespace) -> int:
    """Run a sub-command, and say in a sentence what went wrong."""
    try:
        bars = sys.stderr is not None and sys.stderr.isatty()
        with use_names(arguments.names), use_progress_bars(bars):
            set_logger(arguments.verbose)
            arguments.run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except (ClustimageError, OSError) as error:
        print(f"clustimage {arguments.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("clustimage: stopped", file=sys.stderr)
        return 130
    return 0

"""``clustimage cache info | clear DIR``."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from clustimage._core.memory import format_bytes

if TYPE_CHECKING:
    from clustimage.images import CacheInfo

HELP = "Show what a folder remembers of past runs (info), or remove that (clear)."

# Versions count when something is looked up, and tell little to people.
LEFT_OUT = ("decoders", "packages", "version", "versions")
LONGEST = 200  # characters of a description

# What the library calls what is passed on to it.
OPTIONS = {
    "dirpath": "--cache",
    "force": "--force",
    "verbose": "--verbose",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    parser.add_argument("action", choices=("info", "clear"), help="what to do")
    parser.add_argument("folder", metavar="DIR", help="what --cache of cluster was given")
    parser.add_argument(
        "--force", action="store_true", help="clear also what is damaged, or of another program"
    )


def run(arguments: argparse.Namespace) -> None:
    """Describe the cache or remove it, and say so."""
    from clustimage.images import clear_cache, describe_cache

    if arguments.action == "clear":
        n_bytes = clear_cache(arguments.folder, force=arguments.force)
        print(f"Removed the memory of past runs in {arguments.folder}: {format_bytes(n_bytes)}.")
    else:
        print("\n".join(_lines(describe_cache(arguments.folder))))


def _lines(info: CacheInfo) -> list[str]:
    lines = [
        f"{info.path}: {format_bytes(info.n_bytes)}",
        f"Files known by their path: {info.n_files:,}",
    ]
    for title, items in (("Images", info.thumbnails), ("Rows of features", info.rows)):
        lines.append(f"{title}: {sum(count for _, count in items):,}")
        lines += [f"  {count:>9,}  {_readable(text)}" for text, count in items]
    lines.append(f"Fits of a whole set: {len(info.fits):,}")
    lines += [f"  {format_bytes(size):>9}  {_readable(text)}" for text, size in info.fits]
    return lines


def _readable(text: str) -> str:
    """Return a recipe in words: the method first, then its settings.

    Examples
    --------
    >>> _readable('{"gray": true, "method": "AverageHash", "settings": {"hash_size": 8}}')
    'AverageHash: gray=True, hash_size=8'
    >>> _readable('{"gray": false, "size": [128, 96], "decoders": {"pillow": "11.0"}}')
    'gray=False, size=128 x 96'
    """
    recipe = dict(json.loads(text))
    method = recipe.pop("method", "")
    words = ", ".join(_words(recipe))
    line = f"{method}: {words}" if method else words
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _words(recipe: dict[str, Any]) -> list[str]:
    words = []
    for name, value in recipe.items():
        if isinstance(value, dict):
            words += [] if name in LEFT_OUT else _words(value)
        elif name not in LEFT_OUT:
            if isinstance(value, list):
                value = " x ".join(map(str, value))
            words.append(f"{name}={value}")
    return words

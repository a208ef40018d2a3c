"""``clustimage cache info | clear DIR``."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from clustimage._core.memory import format_bytes

if TYPE_CHECKING:
    from clustimage.images import CacheInfo

HELP = "Show what the cache in a folder holds (info), or remove it (clear)."

# Versions are part of a key, and of little use to people.
HIDDEN = ("decoders", "packages", "version", "versions")
MAX_DESCRIPTION = 200  # characters


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    parser.add_argument("action", choices=("info", "clear"), help="what to do")
    parser.add_argument("folder", metavar="DIR", help="what --cache of cluster was given")
    parser.add_argument(
        "--force",
        action="store_true",
        default=False,
        help="clear also what is damaged, or of another program",
    )


def run(arguments: argparse.Namespace) -> None:
    """Describe the cache or remove it, and say so."""
    from clustimage.images import clear_cache, describe_cache

    if arguments.action == "clear":
        n_bytes = clear_cache(arguments.folder, force=arguments.force)
        print(f"Removed the cache in {arguments.folder}: {format_bytes(n_bytes)}.")
    else:
        print("\n".join(_lines(describe_cache(arguments.folder))))


def _lines(info: CacheInfo) -> list[str]:
    lines = [
        f"{info.path}: {format_bytes(info.n_bytes)}",
        f"Files cached by their path: {info.n_files:,}",
    ]
    for title, items in (("Images", info.thumbnails), ("Rows of features", info.rows)):
        lines.append(f"{title}: {sum(count for _, count in items):,}")
        lines += [f"  {count:>9,}  {_readable(text)}" for text, count in items]
    lines.append(f"Fits of a whole set: {len(info.fits):,}")
    lines += [f"  {format_bytes(size):>9}  {_readable(text)}" for text, size in info.fits]
    return lines


def _readable(text: str) -> str:
    """Return a cache key for people: the method first, then its settings.

    Examples
    --------
    >>> _readable('{"gray": true, "method": "AverageHash", "settings": {"hash_size": 8}}')
    'AverageHash: gray=True, hash_size=8'
    >>> _readable('{"gray": false, "size": [128, 96], "decoders": {"pillow": "11.0"}}')
    'gray=False, size=128 x 96'
    """
    key = dict(json.loads(text))
    method = key.pop("method", "")
    settings = ", ".join(_settings(key))
    line = f"{method}: {settings}" if method else settings
    return line if len(line) <= MAX_DESCRIPTION else f"{line[: MAX_DESCRIPTION - 1]}…"


def _settings(key: dict[str, Any]) -> list[str]:
    parts = []
    for name, value in key.items():
        if isinstance(value, dict):
            parts += [] if name in HIDDEN else _settings(value)
        elif name not in HIDDEN:
            if isinstance(value, list):
                value = " x ".join(map(str, value))
            parts.append(f"{name}={value}")
    return parts

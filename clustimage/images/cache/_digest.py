"""Cache keys: digests of the content of files and of settings."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

import cv2
import numpy as np
import PIL
from PIL import features

__all__ = [
    "Stamp",
    "canonical",
    "decoder_settings",
    "decoders",
    "digest",
    "digest_all",
    "digest_file",
]

DIGEST_SIZE = 16  # bytes of BLAKE2b
CHUNK = 2**20  # bytes of a file that are read at once

# Raise when decoding gives other pixels or other times than before: what was kept is made again.
VERSION = 2


class Stamp(NamedTuple):
    """What tells without reading a file that it is as it was: size, times in ns, number on disk."""

    size: int
    modified: int
    changed: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        # Of the number on the disk, the lower 63 bits: SQLite's whole numbers have a sign.
        inode = status.st_ino & (2**63 - 1)
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, inode)


def digest(content: bytes | str) -> str:
    """Return the BLAKE2b digest of some content, 128 bits in hexadecimal.

    Examples
    --------
    >>> digest(b"")
    'cae66941d9efbd404e4d88758ea67670'
    """
    data = content.encode() if isinstance(content, str) else content
    return hashlib.blake2b(data, digest_size=DIGEST_SIZE).hexdigest()


def digest_file(pathname: str | os.PathLike[str]) -> str:
    """Return the `digest` of the content of a file, read in pieces."""
    state = hashlib.blake2b(digest_size=DIGEST_SIZE)
    with open(pathname, "rb") as file:  # noqa: PTH123 - pathlib changes names that are no UTF-8
        while piece := file.read(CHUNK):
            state.update(piece)
    return state.hexdigest()


def digest_all(keys: Iterable[str]) -> str:
    """Return one digest of digests in their order."""
    return digest(" ".join(keys))


def canonical(settings: Mapping[str, Any]) -> str:
    """Return settings as JSON, one text for equal settings.

    Raises
    ------
    TypeError
        If there is something in them that JSON cannot hold.

    Examples
    --------
    >>> canonical({"b": (1, 2.0), "a": np.int64(3)})
    '{"a": 3, "b": [1, 2.0]}'
    """
    return json.dumps(settings, sort_keys=True, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"JSON cannot hold {type(value).__name__}.")


@cache
def decoders() -> Mapping[str, Any]:
    """Return the versions of everything that makes pixels of files."""
    try:
        heif = importlib.metadata.version("pillow-heif")
    except importlib.metadata.PackageNotFoundError:
        heif = None
    return {
        "clustimage": VERSION,
        "pillow": PIL.__version__,
        "jpeg": features.version("libjpeg_turbo") or features.version("jpg"),
        "opencv": cv2.__version__,
        "pillow-heif": heif,
    }


def decoder_settings(dim: tuple[int, int], gray: bool) -> dict[str, Any]:
    """Return everything that a decoded image depends on beside the content of its file."""
    return {"size": [int(side) for side in dim], "gray": bool(gray), "decoders": dict(decoders())}

"""Files of the same bytes, found without decoding them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from clustimage._core.parallel import run_ordered
from clustimage.images import digest_file

__all__ = ["EqualFiles", "compare_files"]


class EqualFiles(NamedTuple):
    """What is known of some files by their bytes.

    Attributes
    ----------
    groups : list of list of int
        Positions of files of the same bytes, two or more in each group.
    again : list of int
        Positions of files that are there already: reached through a link, or given twice.
    """

    groups: list[list[int]]
    again: list[int]


def compare_files(pathnames: Sequence[str], *, n_jobs: int | None = -1) -> EqualFiles:
    """Find the files that have the same bytes; only those of the same size are read.

    A file that cannot be looked at is in no group.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = [pathlib.Path(folder, name) for name in ("a", "b", "c")]
    ...     n_bytes = [path.write_bytes(text) for path, text in zip(paths, (b"12", b"21", b"12"))]
    ...     compare_files([str(path) for path in paths]).groups
    [[0, 2]]
    """
    seen: dict[tuple[int, int], int] = {}
    again: list[int] = []
    by_size: defaultdict[int, list[int]] = defaultdict(list)
    # What is reached through a link comes last, so that the file itself is the one that stays.
    order = sorted(
        range(len(pathnames)), key=lambda i: os.path.realpath(pathnames[i]) != pathnames[i]
    )
    for position in order:
        try:
            status = os.stat(pathnames[position])  # noqa: PTH116 - a thousand paths an instant
        except OSError:
            continue
        identity = status.st_dev, status.st_ino
        if status.st_ino and identity in seen:
            again.append(position)
            continue
        seen[identity] = position
        if status.st_size:
            by_size[status.st_size].append(position)
    same_size = sorted(position for some in by_size.values() if len(some) > 1 for position in some)
    digests = run_ordered(
        _digest, [pathnames[i] for i in same_size], n_jobs=n_jobs, desc="Comparing files"
    )
    by_digest: defaultdict[str, list[int]] = defaultdict(list)
    for position, key in zip(same_size, digests, strict=True):
        if key:
            by_digest[key].append(position)
    return EqualFiles([some for some in by_digest.values() if len(some) > 1], sorted(again))


def _digest(pathname: str) -> str:
    """Return a digest of the bytes of a file, or nothing where it cannot be read."""
    try:
        return digest_file(pathname)
    except OSError:
        return ""

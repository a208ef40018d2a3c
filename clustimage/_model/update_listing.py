"""What has become of the files of a model: which are new, changed, gone or called otherwise."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from clustimage._core.errors import ImageReadError, InvalidDataError
from clustimage._core.files import is_folder
from clustimage._core.object_store import exists, is_store_url
from clustimage._core.text import pluralize
from clustimage._model.base import ModelBase
from clustimage._model.questions import load_like
from clustimage.images import Images, Stamp, digest
from clustimage.images.reading._listing import LeftOut, absolute, printable
from clustimage.images.reading._source import Rules, Source, Stack, gather
from clustimage.images.reading._url_files import is_fetched

__all__ = ["Changes", "find_changes"]


@dataclass
class Changes:
    """What has become of the files.

    Attributes
    ----------
    new : list of int
        Rows of `read` that are new images.
    changed : dict of int to int
        Row of the model → row of `read` with its new content.
    touched : dict of int to int
        The same for files that were written again with the pixels that they had.
    renamed : dict of int to int
        The same for files that have another path now.
    gone : list of int
        Rows of the model whose files are not there any more.
    skipped : list of str
        Files that are new or changed and cannot be read.
    read : Images or None
        What was read; None where nothing is new.
    inputs : dict of str to int
        Path or URL of what was given → its number.
    left_out : list of LeftOut
        What folders hold that is no image.
    """

    new: list[int] = field(default_factory=list)
    changed: dict[int, int] = field(default_factory=dict)
    touched: dict[int, int] = field(default_factory=dict)
    renamed: dict[int, int] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    read: Images | None = None
    inputs: dict[str, int] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)


def find_changes(model: ModelBase, X: Any, black_list: Any, recursive: bool) -> Changes:
    """Compare the files of a model with what is there now; new and changed ones are read.

    Files are the same by their path. One that is as it was by size, times and number on the
    disk is not opened, nor one that an object store lists with the tag that it had. What is not
    listed any more below a URL is gone.

    Raises
    ------
    ImageReadError
        If a folder is not there, or holds no image any more.
    InvalidDataError
        If images are given that are no files.
    """
    settings, images = model._settings, model._state.images_read()
    rules = Rules(settings.ext, recursive, black_list, settings.dirpath)
    sources = gather(X, rules)
    arrays = isinstance(sources, Stack) or any(item.content is not None for item in sources.items)
    own = [os.path.isabs(str(path)) for path in images.pathnames]  # noqa: PTH117
    if isinstance(sources, Stack) or arrays or not any(own):
        raise InvalidDataError(
            "update() compares files by their paths, which arrays have none of. Fit a model to all "
            "of them, or ask predict() for the clusters of new ones."
        )
    known = {
        _place(str(path), url): row
        for row, (path, url) in enumerate(zip(images.pathnames, images.url, strict=True))
    }
    status = [row for row in images.status if row.status == "ok"]
    found = Changes(
        inputs={source.given: i for i, source in enumerate(sources.items)},
        left_out=sources.left_out,
    )
    candidates: dict[str, Source] = {}
    written: dict[str, int] = {}
    for source in sources.items:
        row = known.get(_place(source.pathname, source.url))
        if row is None:
            candidates.setdefault(source.given, source)
        elif _is_written(source, str(images.pathnames[row]), status[row].stamp):
            written[source.given] = row
    folders, prefixes = _folders_in(X), _prefixes_in(X)
    listed = {source.pathname for source in sources.items}
    found.gone = [
        row
        for row, (path, url) in enumerate(zip(images.pathnames, images.url, strict=True))
        if (
            _is_gone(str(path), folders, listed)
            if url is None
            else _is_gone_from_store(url, prefixes, found.inputs)
        )
    ]
    _check_folders(images, folders, found.gone, [source.pathname for source in sources.items])
    _check_prefixes(images, prefixes, found)
    wanted = [
        *(
            given
            for given, source in candidates.items()
            if source.url is not None or not _is_gone(source.pathname, (), listed)
        ),
        *(given for given, row in written.items() if row not in found.gone),
    ]
    if wanted:
        _read(model, found, wanted, written)
    return found


def _read(model: ModelBase, found: Changes, wanted: list[str], written: dict[str, int]) -> None:
    """Read what is new or was written, and tell which of it has other pixels."""
    images = model._state.images_read()
    read = load_like(model, wanted, strict=False, allow_none=True)
    found.read = read
    rows = {
        (str(path) if url is None else str(url)): row
        for row, (path, url) in enumerate(zip(read.pathnames, read.url, strict=True))
    }
    found.skipped = [row.pathname for row in read.status if row.is_input and row.status != "ok"]
    by_pixels: dict[str, list[int]] = {}
    for row in found.gone:
        by_pixels.setdefault(digest(images.pixels[row].tobytes()), []).append(row)
    for given in wanted:
        if given not in rows:
            continue
        at = rows[given]
        if given in written:
            same = np.array_equal(read.pixels[at], images.pixels[written[given]])
            (found.touched if same else found.changed)[written[given]] = at
            continue
        before = by_pixels.get(digest(read.pixels[at].tobytes()), [])
        if not before:
            found.new.append(at)
            continue
        # Of several with these pixels the one that kept its name.
        named = [row for row in before if images.filenames[row] == read.filenames[at]]
        row = (named or before)[0]
        before.remove(row)
        found.renamed[row] = at
    found.gone = [row for row in found.gone if row not in found.renamed]


def _place(pathname: str, url: Any) -> str:
    """Return what tells whether two paths are one entry of one folder, or the URL."""
    if url is not None:
        return str(url)
    folder, name = os.path.split(pathname)
    return os.path.join(_real(folder), name)  # noqa: PTH118 - for thousands of paths


@lru_cache(maxsize=10_000)
def _real(folder: str) -> str:
    return os.path.realpath(folder) if folder else folder


def _is_written(source: Source, pathname: str, stamp: tuple[int, ...] | None) -> bool:
    """Return whether a file of the model, which is at `pathname`, may have another content."""
    if source.url is None:
        return not _is_as_it_was(source.pathname, stamp)
    if source.stored is None:  # nothing is known of it before it is fetched
        return False
    return not (is_fetched(source.stored, Path(pathname)) and _is_as_it_was(pathname, stamp))


def _is_as_it_was(pathname: str, stamp: tuple[int, ...] | None) -> bool:
    try:
        return stamp == tuple(Stamp.of(os.stat(pathname)))  # noqa: PTH116
    except OSError:
        return False


def _folders_in(X: Any) -> list[str]:
    """Return the folders among paths that were given, by their real paths."""
    if isinstance(X, str | os.PathLike):
        path = absolute(os.fspath(X))
        return [os.path.realpath(path)] if is_folder(path) else []
    if isinstance(X, list | tuple) or (isinstance(X, np.ndarray) and X.dtype.kind in "OUS"):
        return [folder for item in X for folder in _folders_in(item)]
    return []


def _prefixes_in(X: Any) -> list[str]:
    """Return what URLs of object stores that were given may be the folders of."""
    if isinstance(X, str):
        return [X.rstrip("/") + "/"] if is_store_url(X) else []
    if isinstance(X, list | tuple) or (isinstance(X, np.ndarray) and X.dtype.kind in "OUS"):
        return [prefix for item in X for prefix in _prefixes_in(item)]
    return []


def _is_gone_from_store(url: str, prefixes: Sequence[str], listed: Collection[str]) -> bool:
    """Return whether a file that should be below one of the prefixes is not there."""
    return url not in listed and url.startswith(tuple(prefixes)) and not exists(url)


def _is_gone(pathname: str, folders: Sequence[str], listed: Collection[str]) -> bool:
    """Return whether a file that should be in one of the folders, or was listed, is not there."""
    if not os.path.isabs(pathname) or os.path.exists(pathname):  # noqa: PTH110, PTH117
        return False
    parent = _real(os.path.dirname(pathname))  # noqa: PTH120
    return pathname in listed or any(_is_below(parent, folder) for folder in folders)


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _check_folders(images: Images, folders: list[str], gone: list[int], paths: list[str]) -> None:
    """Raise where a folder of the model is empty now, as where a disk is not mounted."""
    for folder in folders:
        lost = [r for r in gone if _is_below(_real(str(Path(images.pathnames[r]).parent)), folder)]
        left = any(_is_below(_real(os.path.dirname(path)), folder) for path in paths)  # noqa: PTH120
        if lost and not left:
            raise ImageReadError(
                f"No image is left in {printable(folder)}, where the model has "
                f"{pluralize(len(lost), 'image')}: nothing was changed. Is the disk there?"
            )


def _check_prefixes(images: Images, prefixes: list[str], found: Changes) -> None:
    """Raise where nothing of the model is left below a URL."""
    for prefix in prefixes:
        lost = sum(str(images.url[row]).startswith(prefix) for row in found.gone)
        if lost and not any(given.startswith(prefix) for given in found.inputs):
            raise ImageReadError(
                f"No image is left below {prefix}, where the model has "
                f"{pluralize(lost, 'image')}: nothing was changed. Is the URL right?"
            )

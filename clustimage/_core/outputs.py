"""Folders that clustimage writes, told from folders of photos when these are listed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

__all__ = [
    "CACHE_NAME",
    "CLUSTER_FIGURES",
    "FACE_FIGURES",
    "MARKER",
    "TRIP_FIGURES",
    "is_marked",
    "make_folder",
    "mark_folder",
    "may_be_marked",
    "unmark_folder",
    "written_names",
]

CACHE_NAME = "cache.sqlite"  # of earlier runs of a model with a `dirpath`
MARKER = ".clustimage-output"
TEXT = (
    "clustimage has made this folder. Reading a folder above leaves it out.\n"
    "Delete this file to have its images read as photos.\n"
)

# Files that commands draw, without their ending.
CLUSTER_FIGURES = ("map", "unique", "mean", "columns", "scores", "dendrogram")
FACE_FIGURES = ("photos", "eyes")
TRIP_FIGURES = ("events", "places")

# Files that a command leaves in its folder, whoever made that -> what else it has written there.
TRACES = (
    (("model.clustimage", "labels.csv"), CLUSTER_FIGURES, ("clusters",)),
    (("model.clustimage", "labels.csv", "eyes.png"), FACE_FIGURES, ("faces",)),
    (("model.clustimage", "trips.csv"), TRIP_FIGURES, ()),
    (("find.csv",), ("find",), ()),
)


def make_folder(folder: Path) -> None:
    """Make a folder with those above it, and mark it where nothing else is in it."""
    folder.mkdir(parents=True, exist_ok=True)
    if not is_marked(folder) and may_be_marked(folder):
        mark_folder(folder)


def may_be_marked(folder: Path) -> bool:
    """Return whether a folder is new, marked already, or holds a cache at most."""
    try:
        with os.scandir(folder) as entries:
            return all(entry.name.startswith(CACHE_NAME) for entry in entries) or is_marked(folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False


def mark_folder(folder: Path) -> None:
    """Mark a folder as written by clustimage; where that is not allowed it stays as it is."""
    with suppress(OSError):
        (folder / MARKER).write_text(TEXT, encoding="utf-8")


def unmark_folder(folder: Path) -> None:
    """Let the images of a folder count as photos again."""
    with suppress(OSError):
        (folder / MARKER).unlink(missing_ok=True)


def is_marked(folder: str | os.PathLike[str]) -> bool:
    """Return whether clustimage has made a folder."""
    return os.path.lexists(os.path.join(folder, MARKER))  # noqa: PTH118 - called for each folder


def written_names(files: Iterable[str], marked: bool = False) -> tuple[set[str], set[str]]:
    """Return what commands have written into a folder.

    Parameters
    ----------
    files : iterable of str
        Names of the files in the folder.
    marked : bool, default=False
        Whether clustimage has made the folder; who asks for it wants its crops of faces.

    Returns
    -------
    files, folders : set of str
        Names of figures, and of folders that hold only what was written.

    Examples
    --------
    >>> files, folders = written_names(["a.jpg", "map.png", "labels.csv", "model.clustimage"])
    >>> "map.png" in files, "a.jpg" in files, folders
    (True, False, {'clusters'})
    """
    there = set(files)
    figures: set[str] = set()
    folders: set[str] = set()
    for traces, names, below in TRACES:
        if marked or there.issuperset(traces):
            figures.update(f"{name}.png" for name in names)
            folders.update(below)
    return figures & there, folders - ({"faces"} if marked else set())

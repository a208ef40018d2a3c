"""Paths as users write them."""

from __future__ import annotations

import os

from clustimage._core.errors import ImageReadError

__all__ = ["absolute", "missing"]


def absolute(path: str | os.PathLike[str]) -> str:
    """Return an absolute path; a leading ``~`` is the user's folder.

    Raises
    ------
    ImageReadError
        If `path` is empty: it would stand for the current folder, which nobody means.

    Examples
    --------
    >>> absolute("~/a.png") == os.path.join(os.path.expanduser("~"), "a.png")
    True
    """
    text = os.fsdecode(path)
    if not text:
        raise ImageReadError("No image: the path is empty (''). The current folder is '.'.")
    # pathlib would follow links and fails where there is no home.
    return os.path.abspath(os.path.expanduser(text))  # noqa: PTH100, PTH111


def missing(path: str) -> str:
    """Say in words that a path does not exist, and what to do where it is a pattern.

    Examples
    --------
    >>> missing("photos/a.jpg")
    'does not exist'
    >>> missing("photos/*.jpg")
    'does not exist (patterns are not expanded: give the list that glob.glob returns)'
    """
    hint = " (patterns are not expanded: give the list that glob.glob returns)"
    return f"does not exist{hint if '*' in path or '?' in path else ''}"

"""Which files in a folder are images, and paths as users write them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from clustimage._core.errors import ImageReadError, InvalidParameterError
from clustimage._core.file_arrays import FILE_NAME
from clustimage._core.logs import get_logger
from clustimage._core.public import public
from clustimage._core.validation import check_bool

__all__ = [
    "CACHE_NAME",
    "DEFAULT_EXTENSIONS",
    "absolute",
    "check_extensions",
    "listdir",
    "missing",
    "printable",
    "scan",
]

logger = get_logger(__name__)

# Every raster format that Pillow decodes by itself, without starting another
# program; heic, heif and hif need the extra "heic".
DEFAULT_EXTENSIONS: tuple[str, ...] = (
    *("png", "tiff", "tif", "jpg", "jpeg", "jpe", "jfif", "mpo", "bmp", "dib", "gif", "webp"),
    *("apng", "avif", "avifs", "heic", "heif", "hif", "jp2", "j2k", "j2c", "jpc", "jpf", "jpx"),
    *("pgm", "ppm", "pbm", "pnm", "pfm", "ico", "icns", "cur", "tga", "icb", "vda", "vst"),
    *("sgi", "rgb", "rgba", "bw", "ras", "pcx", "dcx", "psd", "dds", "blp", "ftc", "ftu", "qoi"),
    *("xbm", "xpm", "msp", "pcd", "gbr", "pxr", "fli", "flc", "im", "fit", "fits"),
)


CACHE_NAME = "cache.sqlite"  # of earlier runs, see `cache`
CACHE_FILES = tuple(CACHE_NAME + suffix for suffix in ("", "-wal", "-shm", "-journal"))


class Scan(NamedTuple):
    """The images of a folder, and how many files were looked at."""

    pathnames: list[str]
    n_seen: int


@public
def listdir(
    dirpath: str | os.PathLike[str],
    ext: str | Iterable[str] | None = DEFAULT_EXTENSIONS,
    black_list: str | Iterable[str] | None = None,
    recursive: bool = True,
) -> list[str]:
    """List the image files of a folder.

    Parameters
    ----------
    dirpath : path
        The folder; a leading ``~`` is the user's folder.
    ext : str, iterable of str or None, default=all formats that can be read
        Extensions that make a file an image, with or without the leading dot;
        upper and lower case are the same. None takes every file, but not those in which
        a model keeps its cache (``cache.sqlite``) or its pixels.
    black_list : str or iterable of str, optional
        Names of folders below `dirpath` to leave out, with all that is in them.
    recursive : bool, default=True
        Whether to look into the folders below.

    Returns
    -------
    list of str
        Absolute paths, in natural order: ``2.jpg`` before ``10.jpg``, upper and
        lower case alike. The order depends on the names alone. Hidden files
        (``.name``) count like all others. A folder that is a link is not
        entered, unless it is `dirpath` itself.

    Raises
    ------
    ImageReadError
        If `dirpath` is empty, does not exist or is not a folder.
    InvalidParameterError
        If `ext`, `black_list` or `recursive` is not of the kind named above.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("10.jpg", "2.JPG", "notes.txt"):
    ...         _ = pathlib.Path(folder, name).write_bytes(b"")
    ...     [pathlib.Path(name).name for name in listdir(folder)]
    ['2.JPG', '10.jpg']
    """
    return scan(dirpath, ext=ext, black_list=black_list, recursive=recursive).pathnames


def scan(
    dirpath: str | os.PathLike[str],
    *,
    ext: str | Iterable[str] | None = DEFAULT_EXTENSIONS,
    black_list: str | Iterable[str] | None = None,
    recursive: bool = True,
) -> Scan:
    """Do what `listdir` does, and count the files."""
    endings = check_extensions(ext)
    left_out = set(_check_names("black_list", black_list or ()))
    recursive = check_bool("recursive", recursive)
    top = absolute(dirpath)
    if not os.path.isdir(top):  # noqa: PTH112
        what = "is not a folder" if os.path.lexists(top) else missing(top)
        raise ImageReadError(f"{printable(top)} {what}.")
    found: list[str] = []
    n_seen = 0
    for folder, subfolders, names in os.walk(top, onerror=_warn_unreadable):
        subfolders[:] = [name for name in subfolders if recursive and name not in left_out]
        names = [name for name in names if name not in CACHE_FILES and not _is_array(name)]
        n_seen += len(names)
        found += [
            os.path.join(folder, name)  # noqa: PTH118
            for name in names
            if endings is None or name.lower().endswith(endings)
        ]
    return Scan(sorted(found, key=natural_key), n_seen)


def _is_array(name: str) -> bool:
    """Return whether a file is an array of a running model, which most systems do not show."""
    return name.startswith(FILE_NAME[0]) and name.endswith(FILE_NAME[1])


def natural_key(pathname: str) -> tuple[list[Any], str]:
    """Return a key that sorts numbers in names by their value."""
    parts: list[Any] = re.split(r"(\d+)", pathname.casefold())
    parts[1::2] = [int(digits) for digits in parts[1::2]]
    return parts, pathname


def check_extensions(ext: str | Iterable[str] | None) -> tuple[str, ...] | None:
    """Return `ext` in lower case with a leading dot, or raise `InvalidParameterError`."""
    if ext is None:
        return None
    endings = tuple("." + name.lower().lstrip(".") for name in _check_names("ext", ext))
    if not endings:
        raise InvalidParameterError("'ext' must name at least one extension. Got none.")
    return endings


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


def printable(pathname: str) -> str:
    """Return a path that every file and stream can hold, whatever bytes are in it.

    Names of files are bytes; those that are not UTF-8 are spelled with a backslash.

    Examples
    --------
    >>> print(printable("caf\\udce9.png"))
    caf\\udce9.png
    """
    return pathname.encode("utf-8", "backslashreplace").decode("utf-8")


def _check_names(name: str, value: Any) -> list[str]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, Iterable) or not all(isinstance(item, str) for item in names):
        raise InvalidParameterError(f"{name!r} must be a str or a list of str. Got {value!r}.")
    return list(names)


def _warn_unreadable(error: OSError) -> None:
    logger.warning("Folder left out: %s (%s)", printable(str(error.filename)), error.strerror)

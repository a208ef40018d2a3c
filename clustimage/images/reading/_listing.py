"""Which files in a folder are images, and paths as users write them."""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import translate
from typing import Any, NamedTuple
from unicodedata import category

from clustimage._core.errors import ImageReadError, InvalidParameterError
from clustimage._core.file_arrays import FILE_NAME
from clustimage._core.logs import get_logger, progress
from clustimage._core.object_store import StoredFile, is_store_url, list_files
from clustimage._core.outputs import CACHE_NAME, MARKER, is_marked, written_names
from clustimage._core.parameters import named
from clustimage._core.public import public
from clustimage._core.text import pluralize
from clustimage._core.validation import check_bool

__all__ = [
    "DEFAULT_EXTENSIONS",
    "LeftOut",
    "absolute",
    "check_extensions",
    "encodable",
    "listdir",
    "log_left_out",
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

# What is kept beside photos and not read: what one file is called -> extensions.
UNREAD = {
    "camera raw file": (
        *("cr2", "cr3", "crw", "nef", "nrw", "dng", "arw", "sr2", "srf", "raf", "orf", "rw2"),
        *("pef", "srw", "3fr", "fff", "iiq", "mrw", "x3f", "erf", "kdc", "dcr", "mef", "mos"),
        *("rwl", "gpr"),
    ),
    "JPEG XL file": ("jxl",),
    "JPEG XR file": ("jxr", "wdp", "hdp"),
    "HDR image": ("exr", "hdr"),
    "vector drawing": ("svg", "svgz", "eps", "ai"),
    "drawing with layers": ("xcf", "kra", "psb", "afphoto", "clip"),
    "video": (
        *("mp4", "m4v", "mov", "avi", "mkv", "webm", "3gp", "mts", "m2ts", "mpg", "mpeg", "wmv"),
        "insv",
    ),
}
KINDS = {f".{ending}": kind for kind, endings in UNREAD.items() for ending in endings}
INSTEAD = {
    "camera raw file": "; export it as JPEG",
    "JPEG XL file": "; convert it to JPEG or PNG",
    "JPEG XR file": "; convert it to JPEG or PNG",
}
WRITTEN = "written by clustimage"
MAX_NAMES = 5  # of what was left out that a message names

# Categories of Unicode: control characters, halves of characters, ends of lines, paragraphs.
UNPRINTABLE = ("Cc", "Cs", "Zl", "Zp")
# Marks that turn the direction of what follows: a name could look like another one.
BIDI_CONTROLS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

CACHE_FILES = tuple(CACHE_NAME + suffix for suffix in ("", "-wal", "-shm", "-journal"))


class LeftOut(NamedTuple):
    """A file or a folder that is no image, though it might be taken for one, and why."""

    pathname: str
    reason: str
    kind: str  # of file, one of `UNREAD`; `WRITTEN` for what clustimage wrote


class Scan(NamedTuple):
    """The images of a folder, how many files were looked at, and what was left out.

    `stored` has what an object store has told of each image; the paths are URLs then.
    """

    pathnames: list[str]
    n_seen: int
    left_out: list[LeftOut]
    stored: dict[str, StoredFile]


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
    dirpath : path or URL
        The folder; a leading ``~`` is the user's folder. Of an object store, such as
        ``s3://bucket/photos``, the URL of a bucket or a prefix.
    ext : str, iterable of str or None, default=all formats that can be read
        Extensions that make a file an image, with or without the leading dot;
        upper and lower case are the same. None takes every file, but not those in which
        a model keeps its cache (``cache.sqlite``) or its pixels.
    black_list : str or iterable of str, optional
        Names of folders and files below `dirpath` to leave out, folders with all that is in
        them. ``*``, ``?`` and ``[…]`` stand for characters, as in a shell. With a slash in it
        an entry is a path, below `dirpath` or the current folder.
    recursive : bool, default=True
        Whether to look into the folders below.

    Returns
    -------
    list of str
        Absolute paths, or URLs, in natural order: ``2.jpg`` before ``10.jpg``, upper and
        lower case alike. The order depends on the names alone. Hidden files
        (``.name``) count like all others. A folder that is a link is not
        entered, unless it is `dirpath` itself. Left out is what clustimage wrote: folders
        that it made, with a file ``.clustimage-output`` in them, unless `dirpath` is one, and
        figures beside the table and the model of a command.

    Raises
    ------
    ImageReadError
        If `dirpath` is empty, does not exist or is not a folder.
    StoreError
        If there is nothing at a URL, or it cannot be listed.
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
    found = scan(dirpath, ext=ext, black_list=black_list, recursive=recursive)
    log_left_out(found.left_out)
    return found.pathnames


def scan(
    dirpath: str | os.PathLike[str],
    *,
    ext: str | Iterable[str] | None = DEFAULT_EXTENSIONS,
    black_list: str | Iterable[str] | None = None,
    recursive: bool = True,
) -> Scan:
    """Do what `listdir` does, count the files, and name what was left out."""
    endings = check_extensions(ext)
    patterns = _check_names("black_list", black_list or ())
    recursive = check_bool("recursive", recursive)
    is_marked_there: Callable[[str], bool] = is_marked
    if isinstance(dirpath, str) and is_store_url(dirpath):
        top, join = dirpath.rstrip("/"), _join_url
        store = _Listing(dirpath, recursive)
        is_marked_there, walk = store.is_marked, store.walk()
    else:
        top, join = absolute(dirpath), _join_path
        if not os.path.isdir(top):  # noqa: PTH112
            what = "is not a folder" if os.path.lexists(top) else missing(top)
            raise ImageReadError(f"{printable(top)} {what}.")
        store, walk = None, os.walk(top, onerror=_warn_unreadable)
    excluded = _excluder(patterns, top, join)
    kinds = KINDS if endings == check_extensions(DEFAULT_EXTENSIONS) else {}
    given = is_marked_there(top)  # who asks for a folder that clustimage made gets all in it
    found: list[str] = []
    left_out: list[LeftOut] = []
    n_seen = 0
    for folder, subfolders, names in walk:
        figures, written = written_names(names, MARKER in names)
        below = [name for name in subfolders if recursive and not excluded(folder, name)]
        subfolders[:] = []
        for name in below:
            path = join(folder, name)
            if name in written or (not given and is_marked_there(path)):
                left_out.append(LeftOut(path, WRITTEN, WRITTEN))
            else:
                subfolders.append(name)
        for name in names:
            if name in CACHE_FILES or name == MARKER or _is_array(name) or excluded(folder, name):
                continue
            path = join(folder, name)
            if name in figures:
                left_out.append(LeftOut(path, WRITTEN, WRITTEN))
                continue
            n_seen += 1
            if endings is None or name.lower().endswith(endings):
                found.append(path)
            elif kind := kinds.get(os.path.splitext(name)[1].lower()):  # noqa: PTH122
                reason = f"a {kind}, which is not read{INSTEAD.get(kind, '')}"
                left_out.append(LeftOut(path, reason, kind))
    left_out.sort(key=lambda item: natural_key(item.pathname))
    stored = {} if store is None else {path: store.files[path] for path in found}
    return Scan(sorted(found, key=natural_key), n_seen, left_out, stored)


class _Listing:
    """All that an object store lists below a URL, as folders with files in them."""

    def __init__(self, url: str, recursive: bool) -> None:
        self.top = top = url.rstrip("/")
        self.files: dict[str, StoredFile] = {}
        self.folders: dict[str, tuple[dict[str, None], list[str]]] = {top: ({}, [])}
        listed = list_files(url if url.endswith("/") else f"{url}/", recursive=recursive)
        for file in progress(listed, desc="Listing", unit="file"):
            self.files[file.url] = file
            folder, _, name = file.url.rpartition("/")
            self._folder(folder)[1].append(name)

    def _folder(self, url: str) -> tuple[dict[str, None], list[str]]:
        """Return the names of folders and files in a folder, which is one of those above it."""
        if url not in self.folders:
            above, _, name = url.rpartition("/")
            self._folder(above)[0][name] = None
            self.folders[url] = ({}, [])
        return self.folders[url]

    def is_marked(self, url: str) -> bool:
        """Return whether clustimage has made a folder."""
        return _join_url(url, MARKER) in self.files

    def walk(self) -> Iterator[tuple[str, list[str], list[str]]]:
        """Yield folders with the names in them, as `os.walk` does."""
        waiting = [self.top]
        while waiting:
            folder = waiting.pop()
            folders, names = self.folders[folder]
            below = list(folders)
            yield folder, below, names
            waiting += [_join_url(folder, name) for name in below]


def _join_path(folder: str, name: str) -> str:
    return os.path.join(folder, name)  # noqa: PTH118 - for thousands of paths


def _join_url(folder: str, name: str) -> str:
    return f"{folder}/{name}"


def _excluder(
    patterns: Sequence[str], top: str, join: Callable[[str, str], str]
) -> Callable[[str, str], bool]:
    """Return what tells whether an entry of a folder matches one of the patterns."""
    names, paths = [], []
    for pattern in patterns:
        plain = pattern.rstrip("/" + os.sep)
        if "/" in plain or os.sep in plain:
            relative = os.path.normpath(plain)
            paths.append(join(glob.escape(top), relative))
            paths.append(os.path.join(glob.escape(os.getcwd()), relative))  # noqa: PTH109, PTH118
        elif plain:
            names.append(plain)
    plain_names = set(names)
    by_name, by_path = (
        re.compile("|".join(map(translate, some)) or r"(?!)") for some in (names, paths)
    )

    def excluded(folder: str, name: str) -> bool:
        if name in plain_names or by_name.match(name):
            return True
        return bool(paths) and by_path.match(join(folder, name)) is not None

    return excluded


def log_left_out(left_out: Sequence[LeftOut]) -> None:
    """Say once what was left out of folders, where anything was."""
    if left_out:
        logger.info("%s.", describe_left_out(left_out))


def describe_left_out(left_out: Sequence[LeftOut]) -> str:
    """Return in words what was left out of folders.

    Examples
    --------
    >>> describe_left_out([LeftOut("/a/b.MOV", "", "video"), LeftOut("/a/out", "", WRITTEN)])
    'Left out: out, written by clustimage. Not read: 1 video (.mov)'
    """
    parts = []
    written = [os.path.basename(item.pathname) for item in left_out if item.kind == WRITTEN]  # noqa: PTH119
    if written:
        names = [printable(name) for name in dict.fromkeys(written)]
        more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
        parts.append(f"Left out: {', '.join(names[:MAX_NAMES])}{more}, {WRITTEN}")
    unread = [item for item in left_out if item.kind != WRITTEN]
    if unread:
        kinds = Counter(item.kind for item in unread)
        endings = {
            kind: sorted({_ending(item) for item in unread if item.kind == kind}) for kind in kinds
        }
        words = [
            f"{pluralize(n, kind)} ({', '.join(endings[kind])})" for kind, n in kinds.most_common()
        ]
        parts.append(f"Not read: {', '.join(words)}")
    return ". ".join(parts)


def _ending(item: LeftOut) -> str:
    return os.path.splitext(item.pathname)[1].lower()  # noqa: PTH122


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
    r"""Return a path on one line that every stream can print, whatever bytes are in it.

    Examples
    --------
    >>> print(printable("two\nlines.jpg"))
    two\nlines.jpg
    """
    if pathname.isprintable():
        return pathname
    return "".join(
        char.encode("unicode_escape").decode()
        if category(char) in UNPRINTABLE or char in BIDI_CONTROLS
        else char
        for char in pathname
    )


def encodable(pathname: str) -> str:
    """Return a path that every file can hold, whatever bytes are in it.

    Names of files are bytes; those that are not UTF-8 are spelled with a backslash.

    Examples
    --------
    >>> print(encodable("caf\\udce9.png"))
    caf\\udce9.png
    """
    return pathname.encode("utf-8", "backslashreplace").decode("utf-8")


def _check_names(name: str, value: Any) -> list[str]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, Iterable) or not all(isinstance(item, str) for item in names):
        raise InvalidParameterError(f"{named(name)} must be a str or a list of str. Got {value!r}.")
    return list(names)


def _warn_unreadable(error: OSError) -> None:
    logger.warning("Folder left out: %s (%s)", printable(str(error.filename)), error.strerror)

"""Unpacking of untrusted zip archives."""

from __future__ import annotations

import os
import re
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path

from clustimage._core.errors import ArchiveError, InvalidParameterError
from clustimage._core.files import open_regular
from clustimage._core.public import public
from clustimage._core.validation import check_int

__all__ = ["unzip"]

MAX_BYTES = 16 << 30
MAX_FILES = 1_000_000
MAX_RATIO = 200  # unpacked to packed size, for an archive that unpacks to more than RATIO_FROM
RATIO_FROM = 256 << 20
CHUNK = 1 << 20
MAX_PATH = 1000  # bytes below the folder: systems have limits from about that on

# What the standard library raises on broken archives and broken compressed data.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


@public
def unzip(
    path: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES, max_files: int = MAX_FILES
) -> str:
    """Unpack a zip archive into a new folder.

    The folder lies beside the archive and has its name without the ending:
    ``photos.zip`` is unpacked into ``photos``. All entries are checked before the
    first byte is written, and the folder appears when it is complete. Calling it
    again is quick: a folder that holds all files of the archive, byte for byte,
    is returned as it is.

    Parameters
    ----------
    path : str or path-like
        The archive.
    max_bytes : int, default=16 GiB
        Most bytes that the archive may unpack to; counted while unpacking, so
        that an archive which lies about its sizes is stopped too.
    max_files : int, default=1,000,000
        Most entries that the archive may have.

    Returns
    -------
    str
        Absolute path of the folder.

    Raises
    ------
    InvalidParameterError
        If there is no such file.
    ArchiveError
        If the file is no zip archive or is broken; if an entry would leave the
        folder, is a link or another special file, is encrypted, or is there
        twice; if the archive unpacks beyond a limit: `max_bytes`, `max_files`,
        or 200 times its own size where that is more than 256 MiB; if the folder
        exists and holds something else. Nothing is left behind.
    OSError
        If the folder cannot be written, or the disk is full. Nothing is left behind.

    Examples
    --------
    >>> import tempfile, zipfile
    >>> from pathlib import Path
    >>> from clustimage import unzip
    >>> archive = Path(tempfile.mkdtemp()) / "notes.zip"
    >>> with zipfile.ZipFile(archive, "w") as file:
    ...     file.writestr("a.txt", "hello")
    >>> folder = unzip(archive)
    >>> Path(folder).name, (Path(folder) / "a.txt").read_text()
    ('notes', 'hello')
    """
    archive = Path(path).expanduser().absolute()
    max_bytes = check_int("max_bytes", max_bytes, low=0)
    max_files = check_int("max_files", max_files, low=0)
    if not archive.is_file():
        raise InvalidParameterError(f"'path' must be a zip archive. There is no file {archive}.")
    folder = archive.with_suffix("") if archive.suffix else Path(f"{archive}_files")
    try:
        with open_regular(archive) as opened, zipfile.ZipFile(opened) as file:
            entries = _checked(file, archive, max_bytes, max_files)
            if folder.exists() or folder.is_symlink():
                _require_unpacked(entries, folder, archive)
            else:
                _unpack(file, entries, folder)
    except ArchiveError:
        raise
    except OSError as exc:
        if exc.errno is None:
            raise
        raise type(exc)(
            exc.errno, f"{exc.strerror}: the archive is not unpacked", str(folder)
        ) from exc
    except _BROKEN as exc:
        raise ArchiveError(
            f"{archive} is not a zip archive, or it is broken ({exc}). Fetch it again."
        ) from exc
    return str(folder)


def _checked(
    file: zipfile.ZipFile, archive: Path, max_bytes: int, max_files: int
) -> dict[str, zipfile.ZipInfo]:
    """Return the entries by their path below the folder; raise on the first unsafe one."""
    infos = file.infolist()
    if len(infos) > max_files:
        raise ArchiveError(f"{archive} has {len(infos)} entries; allowed are {max_files}.")
    entries: dict[str, zipfile.ZipInfo] = {}
    folders: set[str] = set()  # those that have an entry
    size = archive.stat().st_size
    for info in infos:
        if not 0 <= info.header_offset < size:
            raise zipfile.BadZipFile(f"the entry {info.filename!r} lies outside the file")
        parts = _safe_parts(info, archive)
        name = "/".join(parts)
        if info.orig_filename.endswith("/"):
            folders.add(name)
        elif name in entries:
            raise ArchiveError(f"{archive} holds the entry {name!r} twice.")
        else:
            entries[name] = info
    _check_folders(entries, folders, archive, max_files)
    total = sum(info.file_size for info in infos)
    _check_total(total, archive, min(max_bytes, _most_bytes(archive)))
    return entries


def _check_folders(
    entries: dict[str, zipfile.ZipInfo], folders: set[str], archive: Path, max_files: int
) -> None:
    """Raise where a file is in the place of a folder, or there would be too many folders.

    They are not listed: entries of a few kB in all can name millions.
    """
    # What is below a path follows it, as names have no character that is less than this one.
    paths = sorted(name.replace("/", "\0") + "\0" for name in {*entries, *folders})
    n_folders, before = -len(entries), ""
    for path in paths:
        above = before.replace("\0", "/")[:-1]
        name = path.replace("\0", "/")[:-1]
        clash = name if name in entries and name in folders else ""
        clash = clash or (above if above in entries and path.startswith(before) else "")
        if clash:
            raise ArchiveError(f"{archive} holds {clash!r} both as a file and as a folder.")
        n_folders += path.count("\0") - os.path.commonprefix([before, path]).count("\0")
        if n_folders > max_files:
            raise ArchiveError(f"{archive} has more than the {max_files} folders allowed.")
        before = path


def _safe_parts(info: zipfile.ZipInfo, archive: Path) -> list[str]:
    """Return the components of an entry's name, or raise and say what is wrong with it."""
    raw = info.orig_filename
    parts = [part for part in raw.split("/") if part not in ("", ".")]
    kind = stat.S_IFMT(info.external_attr >> 16)
    problem = None
    if not parts and not raw.endswith("/"):
        problem = "has no name"
    elif "\0" in raw:
        problem = "has a NUL character in its name"
    elif ".." in parts or raw.startswith("/") or "\\" in raw or re.match("[A-Za-z]:", raw):
        problem = "would be written outside the archive's own folder"
    elif any(len(part.encode("utf-8", "replace")) > 255 for part in parts):
        problem = "has a name longer than 255 bytes"
    elif len("/".join(parts).encode("utf-8", "replace")) > MAX_PATH:
        problem = f"has a path longer than {MAX_PATH} bytes"
    elif os.name == "nt" and any(":" in part or part != part.rstrip(" .") for part in parts):
        problem = "has a name that Windows gives another meaning"
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        problem = "is a link or another special file"
    elif info.flag_bits & 0x1:
        problem = "is encrypted"
    elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        problem = "is compressed by a method that is not supported (only stored and deflated are)"
    if problem:
        shown = raw if len(raw) <= 200 else f"{raw[:200]}…"
        raise ArchiveError(f"Refused to unpack {archive}: the entry {shown!r} {problem}.")
    return parts


def _most_bytes(archive: Path) -> int:
    return max(RATIO_FROM, MAX_RATIO * archive.stat().st_size)


def _check_total(total: int, archive: Path, limit: int) -> None:
    if total > limit:
        raise ArchiveError(
            f"Refused to unpack {archive}: it unpacks to {total} bytes or more; "
            f"allowed are {limit}. Give max_bytes= if you trust it."
        )


def _require_unpacked(entries: dict[str, zipfile.ZipInfo], folder: Path, archive: Path) -> None:
    """Raise unless `folder` holds every entry with its size and checksum."""
    for name, info in entries.items():
        path = folder / name
        if path.is_symlink() or not path.is_file() or path.stat().st_size != info.file_size:
            break
        if _checksum(path) != info.CRC:
            break
    else:
        if folder.is_dir():
            return
    raise ArchiveError(
        f"Cannot unpack {archive}: {folder} exists and does not hold the archive's files. "
        "Move or remove it first."
    )


def _checksum(path: Path) -> int:
    value = 0
    with open_regular(path) as file:
        while chunk := file.read(CHUNK):
            value = zlib.crc32(chunk, value)
    return value


def _unpack(file: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], folder: Path) -> None:
    """Write all entries into a temporary folder and rename it to `folder`."""
    temporary = Path(tempfile.mkdtemp(prefix=".unzip-", dir=folder.parent))
    try:
        # A folder of ordinary rights; the one of mkdtemp is closed to other users.
        inside = temporary / "files"
        inside.mkdir()
        for name, info in entries.items():
            target = inside / name
            target.parent.mkdir(parents=True, exist_ok=True)
            _write_entry(file, info, target)
        inside.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_entry(file: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    written = 0
    if target.exists():
        raise ArchiveError(
            f"Refused to unpack {file.filename}: here the entry {info.filename!r} has the same "
            "name as another one."
        )
    with file.open(info) as source, target.open("xb") as sink:
        while chunk := source.read(CHUNK):
            written += len(chunk)
            if written > info.file_size:
                break
            sink.write(chunk)
    if written != info.file_size:
        raise ArchiveError(
            f"Refused to unpack {file.filename}: the entry {info.filename!r} does not unpack "
            f"to the {info.file_size} bytes that it names."
        )

"""The cache of earlier runs: one file that is found, checked, described and removed here.

What is in it, and how it is read and written, is in `_session`.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from clustimage._core.errors import InvalidParameterError
from clustimage._core.logs import get_logger
from clustimage._core.outputs import CACHE_NAME
from clustimage._core.parameters import named
from clustimage.images.cache._session import TABLES, Session
from clustimage.images.reading._listing import absolute, printable

__all__ = ["Cache", "CacheInfo", "clear_cache", "describe_cache", "open_cache"]

logger = get_logger(__name__)

APPLICATION_ID = 0x436C7573  # "Clus" in the header of the file: it is ours
VERSION = 2  # of the tables
PAGE = 16384  # bytes; an image of 128 by 128 pixels takes 49,152
TIMEOUT = 30.0  # seconds that one process waits for another one
SUFFIXES = ("", "-wal", "-shm", "-journal")

logged: set[tuple[str, str]] = set()  # paths and reasons, so that each is logged once


class UnusableCache(Exception):
    """The file is there and is no cache that can be used; says why and what to do."""


@dataclass
class Cache:
    """Images and features of earlier runs, in one file below one folder.

    Nothing is held open between two operations, so that it can be copied and pickled.
    Where the file cannot be used any more (a full disk, a damaged file), one warning says
    so, `broken` becomes True, and everything goes on as without it.

    Parameters
    ----------
    path : Path
        The file, which is there and was checked: see `open_cache`.
    """

    path: Path
    broken: bool = False

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open the file for one operation, whose threads may share the session."""
        connection = None
        if not self.broken:
            try:
                connection = _connect(self.path)
                _check(connection, self.path)
            except (sqlite3.Error, OSError, UnusableCache) as exc:
                if connection is not None:
                    connection.close()
                connection = None
                self.give_up(exc)
        session = Session(connection, self.give_up)
        try:
            yield session
        finally:
            session.close()

    def give_up(self, exc: Exception) -> None:
        """Say once that the file cannot be used, and why; leave it alone from now on."""
        if not self.broken:
            self.broken = True
            _warn(self.path, exc)


def open_cache(dirpath: str | os.PathLike[str] | None) -> Cache | None:
    """Return the cache of earlier runs below a folder, which is made if need be.

    Parameters
    ----------
    dirpath : path or None
        The folder; the file in it is ``cache.sqlite``.

    Returns
    -------
    Cache or None
        None without a folder, and where the file cannot be used: it is of another version,
        no database, or in a folder that cannot be written to. It is then left as it is, and
        one warning says why and what to do.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     open_cache(folder).path.name
    'cache.sqlite'
    >>> open_cache(None) is None
    True
    """
    if dirpath is None:
        return None
    path = Path(absolute(dirpath)) / CACHE_NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(_connect(path)) as connection:
            if _check(connection, path):
                _make(connection)
            # What a read-only folder would refuse only later.
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except (sqlite3.Error, OSError, UnusableCache) as exc:
        _warn(path, exc)
        return None
    logged.difference_update([entry for entry in logged if entry[0] == str(path)])
    return Cache(path)


def _connect(path: Path, *, timeout: float = TIMEOUT) -> sqlite3.Connection:
    # The threads of one operation share it, under the lock of the session.
    connection = sqlite3.connect(
        path, timeout=timeout, isolation_level=None, check_same_thread=False
    )
    try:
        # In WAL mode a commit without waiting for the disk may be lost with the power, never torn.
        connection.execute("PRAGMA synchronous=NORMAL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> bool:
    """Return whether a database is new and empty; raise where it is not ours to use."""
    application, version, n_tables = _header(connection)
    if application == APPLICATION_ID:
        if version == VERSION:
            return False
        raise UnusableCache(
            f"it is a cache of another version of clustimage ({version}, this one writes "
            f"{VERSION}). To begin a new one: clustimage cache clear {printable(str(path.parent))}"
        )
    if application or version or n_tables:
        raise UnusableCache(f"it is a database of another program. Give another {named('dirpath')}")
    return True


def _header(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Return whose database it is, of which version, and the number of its tables."""
    # In one transaction, so that a cache that is being made is seen whole or not at all.
    connection.execute("BEGIN")
    try:
        application, version, n_tables = (
            int(connection.execute(query).fetchone()[0])
            for query in (
                "PRAGMA application_id",
                "PRAGMA user_version",
                "SELECT count(*) FROM sqlite_master",
            )
        )
        return application, version, n_tables
    finally:
        connection.execute("ROLLBACK")


def _make(connection: sqlite3.Connection) -> None:
    """Make the tables; two processes may do so at once."""
    connection.execute(f"PRAGMA page_size={PAGE}")
    _use_wal(connection)
    connection.execute("BEGIN IMMEDIATE")
    for table in TABLES:
        connection.execute(f"CREATE TABLE IF NOT EXISTS {table}")
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute("COMMIT")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log, for which SQLite does not wait for others by itself."""
    until = time.monotonic() + TIMEOUT
    while True:
        try:
            # Where the disk knows no shared memory, SQLite keeps its other journal: slower.
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as exc:
            if "locked" not in str(exc) or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _warn(path: Path, exc: Exception) -> None:
    """Warn that a cache cannot be used, why, and what to do; once in a process."""
    folder = printable(str(path.parent))
    reason = str(exc) or type(exc).__name__
    if type(exc) is sqlite3.DatabaseError:
        reason += (
            ". It is damaged, or no database. If it is not needed any more: "
            f"clustimage cache clear {folder} --force"
        )
    elif not isinstance(exc, UnusableCache):
        reason += ". Look whether the folder can be written to, and whether the disk is full"
    if (str(path), reason) not in logged:
        logged.add((str(path), reason))
        logger.warning("Working without the cache %s: %s.", printable(str(path)), reason)


@dataclass(frozen=True)
class CacheInfo:
    """What a cache holds; see `describe_cache`.

    Attributes
    ----------
    path : Path
        The file.
    n_bytes : int
        What it takes on the disk, its log included.
    n_files : int
        Files that are found by their path.
    thumbnails, rows, fits : list of (str, int)
        What they were made with, in JSON, and how many there are; newest fits first, each
        with its bytes instead.
    """

    path: Path
    n_bytes: int
    n_files: int
    thumbnails: list[tuple[str, int]]
    rows: list[tuple[str, int]]
    fits: list[tuple[str, int]]


def describe_cache(dirpath: str | os.PathLike[str]) -> CacheInfo:
    """Return what the cache below a folder holds.

    Raises
    ------
    InvalidParameterError
        If there is none, or it cannot be read.
    """
    path = _existing(dirpath)
    size = _size(path)
    try:
        with closing(_connect(path)) as connection:
            if _check(connection, path):
                return CacheInfo(path, size, 0, [], [], [])
            with closing(Session(connection, _raise)) as session:
                n_files, thumbnails, rows, fits = session.counts()
    except (sqlite3.Error, OSError, UnusableCache) as exc:
        raise InvalidParameterError(f"{printable(str(path))} cannot be read: {exc}.") from exc
    return CacheInfo(path, size, n_files, thumbnails, rows, fits)


def clear_cache(dirpath: str | os.PathLike[str], *, force: bool = False) -> int:
    """Remove the cache below a folder and nothing else; return how many bytes it took.

    Parameters
    ----------
    dirpath : path
        The folder.
    force : bool, default=False
        Remove a file of this name also where it is damaged, or no cache of clustimage.

    Raises
    ------
    InvalidParameterError
        If there is none, another process uses it, or it is no cache of clustimage.
    """
    path = _existing(dirpath)
    size = _size(path)
    try:
        with closing(_connect(path, timeout=1.0)) as connection:
            header = _header(connection)
            if not force and header[0] != APPLICATION_ID and any(header):
                raise InvalidParameterError(
                    f"{printable(str(path))} is a database of another program, and is left as it "
                    "is. --force removes it."
                )
            # Nobody else has it open when this succeeds, and its log is then part of it.
            connection.execute("PRAGMA journal_mode=DELETE")
        path.unlink(missing_ok=True)
        return size
    except sqlite3.OperationalError as exc:
        raise InvalidParameterError(
            f"{printable(str(path))} cannot be removed now, another run may use it ({exc})."
        ) from exc
    except sqlite3.DatabaseError as exc:
        if not force:
            raise InvalidParameterError(
                f"{printable(str(path))} is damaged, or no database ({exc}), and is left as it is. "
                "--force removes it."
            ) from exc
    for suffix in SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return size


def _existing(dirpath: str | os.PathLike[str]) -> Path:
    path = Path(absolute(dirpath)) / CACHE_NAME
    if not path.is_file():
        raise InvalidParameterError(
            f"There is no {CACHE_NAME} in {printable(str(path.parent))}. It is made by a model "
            "with this folder as its dirpath; on the command line, cluster --cache."
        )
    return path


def _size(path: Path) -> int:
    """Return the bytes on the disk of the file and what belongs to it."""
    total = 0
    for suffix in SUFFIXES:
        with suppress(FileNotFoundError):
            total += path.with_name(path.name + suffix).stat().st_size
    return total


def _raise(exc: Exception) -> None:
    raise exc

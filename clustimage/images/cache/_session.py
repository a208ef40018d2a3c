"""What a cache holds, and how one operation reads and writes it.

The key of an image and of a row of features is two digests: of the content of the file (in the
column ``key``), and of the settings, which name everything else that it depends on (in the
column ``recipe``). Only the table of files has paths, so that a file need not be read to find
its key.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clustimage._core.logs import get_logger
from clustimage._core.memory import format_bytes
from clustimage.images.cache._digest import Stamp, canonical, digest, digest_all
from clustimage.images.reading._pillow import Decoded

__all__ = ["TABLES", "FileRead", "Session"]

logger = get_logger(__name__)

TABLES = (
    "files (path BLOB PRIMARY KEY, size INTEGER, modified INTEGER, changed INTEGER, "
    "inode INTEGER, checked INTEGER, key TEXT)",
    "recipes (recipe TEXT PRIMARY KEY, text TEXT)",
    "thumbnails (key TEXT, recipe TEXT, pixels BLOB, width INTEGER, height INTEGER, "
    "taken REAL, taken_from TEXT, exif TEXT, crc INTEGER, PRIMARY KEY (key, recipe))",
    "rows (key TEXT, recipe TEXT, value BLOB, crc INTEGER, PRIMARY KEY (key, recipe))",
    "fits (key TEXT PRIMARY KEY, recipe TEXT, made REAL, bytes INTEGER, value TEXT, crc INTEGER)",
    "parts (key TEXT, name TEXT, dtype TEXT, shape TEXT, value BLOB, crc INTEGER, "
    "PRIMARY KEY (key, name))",
)

# A file that was changed within this time before it was looked at may be changed again without
# a trace in its times, which some disks keep in steps of two seconds. It is read again.
MIN_AGE_NS = 2_000_000_000
MAX_FITS = 8
MAX_FIT_BYTES = 900_000_000  # SQLite's limit for one value is 1,000,000,000
KEYS_PER_QUERY = 500

Arrays = dict[str, npt.NDArray[Any]]


class FileRead(NamedTuple):
    """A file that was read: its path, stamp and time (ns), its image, and if that is new."""

    pathname: str
    stamp: Stamp
    checked: int
    image: Decoded
    is_new: bool


class Session:
    """One operation on the cache; without a connection it finds nothing and keeps nothing.

    Its threads may share it. The first error is given to `give_up` and ends it.
    """

    def __init__(
        self, connection: sqlite3.Connection | None, give_up: Callable[[Exception], None]
    ) -> None:
        self._connection = connection
        self._give_up = give_up
        self._lock = RLock()

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _query(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._lock:
            if self._connection is None:
                return []
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.Error as exc:
                self.close()
                self._give_up(exc)
                return []

    @contextmanager
    def _writing(self) -> Iterator[Callable[[str, list[Any]], Any]]:
        """Give the function that writes many rows; all of it is kept or nothing."""
        with self._lock:
            if self._connection is None:
                yield lambda query, rows: None
                return
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection.executemany
                self._connection.execute("COMMIT")
            except sqlite3.Error as exc:
                self.close()  # which takes back what was begun
                self._give_up(exc)

    # --- files and images -----------------------------------------------------------------------

    def key_of(self, pathname: str, stamp: Stamp, *, sure: bool = True) -> str | None:
        """Return the digest of a file if it is as it was when it was read, or None.

        With ``sure=False`` also where it was read so soon after a change that another one
        may have left no trace.
        """
        found = self._query(
            "SELECT size, modified, changed, inode, checked, key FROM files WHERE path=?",
            (os.fsencode(pathname),),
        )
        for *then, checked, key in found:
            racy = sure and checked - max(stamp.modified, stamp.changed) < MIN_AGE_NS
            if tuple(then) == stamp and not racy:
                return str(key)
        return None

    def thumbnail(self, key: str, settings_key: str) -> Decoded | None:
        """Return a small image that was kept whole, or None."""
        found = self._query(
            "SELECT pixels, width, height, taken, taken_from, exif, crc, text FROM thumbnails "
            "JOIN recipes USING (recipe) WHERE key=? AND recipe=?",
            (key, settings_key),
        )
        for pixels, *facts, crc, text in found:
            if crc == _crc_of_image(pixels, *facts):
                width, height, taken, taken_from, problem = facts
                size = json.loads(text)["size"]
                img = np.frombuffer(pixels, dtype=np.uint8)
                shape = size if img.size == size[0] * size[1] else (*size, 3)
                return Decoded(
                    img.reshape(shape), width, height, taken, taken_from, None, key, problem
                )
        return None

    def keep_files(self, seen: Sequence[FileRead], settings: Mapping[str, Any]) -> None:
        """Keep files that were read, and the images that are new."""
        text = canonical(settings)
        settings_key = digest(text)
        files = [
            (os.fsencode(item.pathname), *item.stamp, item.checked, item.image.key) for item in seen
        ]
        images = []
        for item in seen:
            if item.is_new:
                image = item.image
                taken = None if image.taken is None else float(image.taken)
                facts = (image.width, image.height, taken, image.taken_from, image.exif_problem)
                pixels = image.pixels.tobytes()
                images.append(
                    (image.key, settings_key, pixels, *facts, _crc_of_image(pixels, *facts))
                )
        with self._writing() as write:
            write("INSERT OR REPLACE INTO files VALUES (?,?,?,?,?,?,?)", files)
            write("INSERT OR IGNORE INTO recipes VALUES (?,?)", [(settings_key, text)])
            write("INSERT OR REPLACE INTO thumbnails VALUES (?,?,?,?,?,?,?,?,?)", images)

    # --- rows of features -----------------------------------------------------------------------

    def has_settings(self, settings: Mapping[str, Any]) -> bool:
        """Return whether anything was kept that was made with these settings."""
        settings_key = digest(canonical(settings))
        return bool(self._query("SELECT 1 FROM recipes WHERE recipe=?", (settings_key,)))

    def rows(self, keys: Sequence[str], settings: Mapping[str, Any]) -> Arrays:
        """Return those of the rows that were kept whole, by their key."""
        settings_key, found = digest(canonical(settings)), {}
        for start in range(0, len(keys), KEYS_PER_QUERY):
            some = keys[start : start + KEYS_PER_QUERY]
            marks = ",".join("?" * len(some))
            for key, value, crc in self._query(
                f"SELECT key, value, crc FROM rows WHERE recipe=? AND key IN ({marks})",
                (settings_key, *some),
            ):
                if crc == zlib.crc32(value):
                    found[key] = np.frombuffer(value, dtype="<f4")
        return found

    def keep_rows(
        self, keys: Sequence[str], rows: npt.NDArray[Any], settings: Mapping[str, Any]
    ) -> None:
        """Keep one row `(d,)` for each key."""
        text = canonical(settings)
        settings_key = digest(text)
        values = [np.asarray(row, dtype="<f4").tobytes() for row in rows]
        items = [
            (key, settings_key, value, zlib.crc32(value))
            for key, value in zip(keys, values, strict=True)
        ]
        with self._writing() as write:
            write("INSERT OR IGNORE INTO recipes VALUES (?,?)", [(settings_key, text)])
            write("INSERT OR REPLACE INTO rows VALUES (?,?,?,?)", items)

    # --- what was learned from a whole set ------------------------------------------------------

    def fit(
        self, keys: Sequence[str], settings: Mapping[str, Any]
    ) -> tuple[Arrays, dict[str, Any]] | None:
        """Return the arrays and the other values that were learned from a set, or None."""
        key = digest_all([*keys, canonical(settings)])
        for value, crc in self._query("SELECT value, crc FROM fits WHERE key=?", (key,)):
            if crc != zlib.crc32(value.encode()):
                return None
            values = json.loads(value)
            arrays = {}
            for name, dtype, shape, data, part_crc in self._query(
                "SELECT name, dtype, shape, value, crc FROM parts WHERE key=?", (key,)
            ):
                if part_crc != zlib.crc32(data):
                    return None
                array = np.frombuffer(data, dtype=np.dtype(dtype)).reshape(json.loads(shape))
                arrays[name] = array.copy()  # one that can be written to
            return (arrays, values["values"]) if sorted(arrays) == values["arrays"] else None
        return None

    def keep_fit(
        self,
        keys: Sequence[str],
        settings: Mapping[str, Any],
        arrays: Arrays,
        values: Mapping[str, Any],
    ) -> None:
        """Keep what was learned from a set, and of all such sets the newest few."""
        n_bytes = sum(array.nbytes for array in arrays.values())
        if n_bytes > MAX_FIT_BYTES:
            logger.info("Not kept for the next run: a fit of %s.", format_bytes(n_bytes))
            return
        text = canonical(settings)
        key = digest_all([*keys, text])
        value = json.dumps({"arrays": sorted(arrays), "values": values})
        fit = (key, digest(text), time.time(), n_bytes, value, zlib.crc32(value.encode()))
        with self._writing() as write:
            write("DELETE FROM parts WHERE key=?", [(key,)])
            write("INSERT OR IGNORE INTO recipes VALUES (?,?)", [(digest(text), text)])
            write("INSERT OR REPLACE INTO fits VALUES (?,?,?,?,?,?)", [fit])
            for name, array in arrays.items():
                data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
                shape = json.dumps(array.shape)
                part = (key, name, array.dtype.str, shape, data, zlib.crc32(data))
                write("INSERT INTO parts VALUES (?,?,?,?,?,?)", [part])
            newest = f"SELECT key FROM fits ORDER BY made DESC LIMIT {MAX_FITS}"
            write(f"DELETE FROM fits WHERE key NOT IN ({newest})", [()])
            write("DELETE FROM parts WHERE key NOT IN (SELECT key FROM fits)", [()])

    # --- what there is --------------------------------------------------------------------------

    def counts(
        self,
    ) -> tuple[int, list[tuple[str, int]], list[tuple[str, int]], list[tuple[str, int]]]:
        """Return the number of files; images and rows by settings; fits and their bytes."""
        by_settings = "JOIN recipes USING (recipe) GROUP BY recipe ORDER BY count(*) DESC, text"
        return (
            self._query("SELECT count(*) FROM files")[0][0],
            self._query(f"SELECT text, count(*) FROM thumbnails {by_settings}"),
            self._query(f"SELECT text, count(*) FROM rows {by_settings}"),
            self._query(
                "SELECT text, bytes FROM fits JOIN recipes USING (recipe) ORDER BY made DESC"
            ),
        )


def _crc_of_image(pixels: bytes, *facts: Any) -> int:
    return zlib.crc32(repr(facts).encode(), zlib.crc32(pixels))

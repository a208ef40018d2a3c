"""What a part knows of images that are looked at for duplicates: no image is read for it again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from clustimage.distributed._parts import matrix_column
from clustimage.duplicates import hash_images, pack_signs
from clustimage.images import ImageStatus, digest_file, read_metadata
from clustimage.images.reading._url_files import is_url

__all__ = ["duplicate_columns"]

HASH_BYTES = 32  # of a packed hash


def duplicate_columns(
    rows: Sequence[tuple[str, ImageStatus | None]],
    pixels: npt.NDArray[np.uint8] | None,
    read: npt.NDArray[np.bool_],
) -> dict[str, Any]:
    """Return columns with a value for each input.

    Parameters
    ----------
    rows : sequence of (str, ImageStatus or None)
        Path or URL of each input, and what became of its local copy; None without one.
    pixels : ndarray of uint8, shape (m, 32, 32, 1), or None
        Of those that are images.
    read : ndarray of bool, shape (n,)
        Which these are.

    Returns
    -------
    dict
        - ``digest``, 128 bits of the bytes of the file, empty where it cannot be read or has none;
        - ``file``, a number that tells whether two paths lead to one file, and ``is_link``;
        - ``bytes``, ``format``, ``exif`` (whether there are EXIF data), ``date`` (taken) and
          ``modified`` (the file), in seconds since 1970-01-01 UTC;
        - ``whole`` and ``inner``, the hashes, packed; zeros for what is no image.
    """
    import pyarrow as pa

    local = [_local(row) for _, row in rows]
    found = read_metadata(local, n_jobs=1)
    located = ~np.isnan(found["latitude"]) | ~np.isnan(found["timestamp"])
    camera = [
        bool(make or model) for make, model in zip(found["make"], found["model"], strict=True)
    ]
    files = [_file(path) for path, _ in rows]
    columns = {
        "digest": pa.array([_digest(path) for path in local], pa.binary()),
        "file": pa.array([number for number, _, _ in files], pa.int64()),
        "is_link": [is_link for _, is_link, _ in files],
        "bytes": pa.array(found["bytes"], pa.int64(), mask=np.isnan(found["bytes"])),
        "format": found["format"],
        "exif": located | np.array(camera, bool),
        "date": pa.array(found["timestamp"], mask=np.isnan(found["timestamp"])),
        "modified": pa.array([modified for _, _, modified in files], pa.float64()),
    }
    packed = np.zeros((2, len(rows), HASH_BYTES), np.uint8)
    if pixels is not None:
        hashes = hash_images(pixels)
        packed[:, read] = pack_signs(hashes.whole), pack_signs(hashes.inner)
    columns["whole"], columns["inner"] = map(matrix_column, packed)
    return columns


def _local(row: ImageStatus | None) -> str:
    return "" if row is None or is_url(row.pathname) else row.pathname


def _digest(path: str) -> bytes:
    try:
        if path and os.stat(path).st_size:  # noqa: PTH116
            return bytes.fromhex(digest_file(path))
    except OSError:
        pass
    return b""


def _file(path: str) -> tuple[int, bool, float | None]:
    """Return a number for the file that a path leads to, whether by a link, and its time."""
    name, is_link, modified = path, False, None
    if not is_url(path):
        try:
            status = os.stat(path)  # noqa: PTH116
        except OSError:
            pass
        else:
            modified = status.st_mtime
            if status.st_ino:
                name = f"{status.st_dev}:{status.st_ino}"
            is_link = os.path.realpath(path) != path
    digest = blake2b(os.fsencode(name), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True), is_link, modified

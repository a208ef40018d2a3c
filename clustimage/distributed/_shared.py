"""Arrays that all tasks need: a file, so that no worker has to be there to hand them on."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt

from clustimage._core.object_store import read_bytes, write_bytes
from clustimage.distributed._parts import content_key

__all__ = ["read_shared", "write_shared"]


def write_shared(folder: str, name: str, **arrays: npt.ArrayLike) -> str:
    """Write arrays into a file whose name comes from their content, and return its URL."""
    plain = {key: np.asarray(value, order="C") for key, value in sorted(arrays.items())}
    buffer = io.BytesIO()
    np.savez(buffer, **plain)  # type: ignore[arg-type]
    digests = [[key, str(one.dtype), list(one.shape)] for key, one in plain.items()]
    key = content_key(digests, *(one.tobytes() for one in plain.values()))
    url = f"{folder}/{name}-{key}.npz"
    write_bytes(url, buffer.getvalue())
    return url


_read: dict[str, dict[str, Any]] = {}  # the last one of this process


def read_shared(url: str) -> dict[str, Any]:
    """Return what `write_shared` has written, scalars as such; read once by each process."""
    found = _read.get(url)
    if found is None:
        with np.load(io.BytesIO(read_bytes(url)), allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
        found = {name: one if one.ndim else one.item() for name, one in found.items()}
        _read.clear()
        _read[url] = found
    return found

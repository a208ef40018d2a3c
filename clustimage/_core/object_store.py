"""Shim until the real one is merged."""
from __future__ import annotations
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple
from clustimage._core.files import replacing

class StoredFile(NamedTuple):
    url: str
    size: int
    tag: str

def is_store_url(text: str) -> bool:
    return "://" in text and not text.startswith(("http", "file"))

def _fs(url: str) -> tuple[Any, str]:
    import fsspec
    return fsspec.core.url_to_fs(url)

def exists(url: str) -> bool:
    fs, path = _fs(url)
    return bool(fs.exists(path))

def open_url(url: str) -> Any:
    fs, path = _fs(url)
    return fs.open(path, "rb")

def read_bytes(url: str, size: int | None = None) -> bytes:
    fs, path = _fs(url)
    return fs.cat_file(path)

def write_bytes(url: str, data: Any) -> None:
    if not is_store_url(url):
        Path(url).parent.mkdir(parents=True, exist_ok=True)
        with replacing(Path(url)) as file:
            file.write(data)
        return
    fs, path = _fs(url)
    fs.pipe_file(path, bytes(data))

def remove(url: str) -> None:
    fs, path = _fs(url)
    fs.rm_file(path)

def list_files(url: str) -> Iterator[StoredFile]:
    fs, path = _fs(url)
    for folder, _, files in fs.walk(path, detail=True):
        for name, info in files.items():
            yield StoredFile(fs.unstrip_protocol(info["name"]), info["size"], str(info.get("ETag") or info.get("mtime")))

def fetch_to(url: str, target: str | os.PathLike[str]) -> None:
    Path(target).write_bytes(read_bytes(url))

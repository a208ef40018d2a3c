"""Fetch images from the web and from object stores, one URL to one local file."""

from __future__ import annotations

import hashlib
import os
import re
import urllib.parse
from pathlib import Path

from clustimage._core.download import download
from clustimage._core.errors import DownloadError, StoreError
from clustimage._core.memory import format_bytes
from clustimage._core.object_store import StoredFile, fetch_to, is_store_url, stored_file

__all__ = ["base_name", "fetch", "fetch_stored", "is_fetched", "is_url", "local_name"]

TIMEOUT = 20.0  # seconds without an answer
DEADLINE = 300.0  # seconds for a whole file
MAX_BYTES = 200 * 2**20


def is_url(text: str) -> bool:
    """Return whether `text` is a URL of any scheme, not a path.

    Examples
    --------
    >>> is_url("https://example.org/cat.jpg"), is_url("cat.jpg"), is_url("C:/cat.jpg")
    (True, False, False)
    """
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", text) is not None


def local_name(url: str) -> str:
    """Return the name under which a URL is stored: safe on every system, one per URL.

    Examples
    --------
    >>> local_name("https://example.org/a/cat%20one.jpg?size=9")
    'cat_one-1649b646fd41de11.jpg'
    """
    path = _path(url)
    stem, ending = os.path.splitext(path.rsplit("/", 1)[-1])  # noqa: PTH122
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_")[:60] or "image"
    ending = ending.lower() if re.fullmatch(r"\.[A-Za-z0-9]{1,5}", ending) else ""
    digest = hashlib.sha256(url.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return f"{stem}-{digest}{ending}"


def base_name(url: str) -> str:
    """Return the name of the file that a URL names, or `local_name` where it names none.

    Examples
    --------
    >>> base_name("https://example.org/a/cat%20one.jpg?size=9")
    'cat one.jpg'
    """
    path = _path(url)
    name = re.split(r"[/\\]", path)[-1]
    known = name.strip(". ") and name.isprintable() and "\ufffd" not in name and len(name) < 200
    return name if known else local_name(url)


def _path(url: str) -> str:
    """Return the path in a URL; in that of a store nothing is escaped."""
    if is_store_url(url):
        return url.partition("://")[2]
    return urllib.parse.unquote(urllib.parse.urlsplit(url).path)


def fetch(url: str, target: Path) -> None:
    """Download `url` to the file `target`, which appears only when it is complete.

    Only http and https are followed, also on redirection; proxies of the
    environment are used.

    Raises
    ------
    DownloadError
        If that fails; the message says why.
    """
    if url[:7].lower() == "file://":
        raise DownloadError("only http and https are downloaded; give a file by its path")
    try:
        download(url, target, timeout=TIMEOUT, max_bytes=MAX_BYTES, deadline=DEADLINE)
    except OSError as exc:
        raise DownloadError(f"download failed ({exc})") from exc


def fetch_stored(url: str, target: Path, stored: StoredFile | None = None) -> None:
    """Fetch a file of an object store to `target`, unless that is it already.

    Parameters
    ----------
    url : str
        Of the file.
    target : Path
        Which appears only when it is complete.
    stored : StoredFile, optional
        What the store has listed; without it, the store is asked.

    Raises
    ------
    StoreError
        If that fails.
    """
    known = stored or stored_file(url)
    if known is None:
        raise StoreError(f"{url} is a folder. Give it with a / at its end, {url}/.")
    if known.size > MAX_BYTES:
        raise StoreError(
            f"{url} is {format_bytes(known.size)} long, more than the {format_bytes(MAX_BYTES)} "
            "that are fetched."
        )
    if is_fetched(known, target):
        return
    note = _note(target)
    note.unlink(missing_ok=True)  # a stop between the two writes costs one more download
    fetch_to(url, target, size=known.size, deadline=DEADLINE)
    note.write_text(known.tag, "utf-8")


def is_fetched(stored: StoredFile, target: Path) -> bool:
    """Return whether `target` is a file of a store with the content that it has now."""
    try:
        return _note(target).read_text("utf-8") == stored.tag and target.is_file()
    except (OSError, UnicodeDecodeError):
        return False


def _note(target: Path) -> Path:
    """Return the file that holds the tag of what `target` was fetched from."""
    return target.with_name(f".{target.name}.tag")

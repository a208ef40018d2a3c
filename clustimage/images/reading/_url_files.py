"""Fetch images from the web, one URL to one local file."""

from __future__ import annotations

import hashlib
import os
import re
import urllib.parse
from pathlib import Path

from clustimage._core.download import download
from clustimage._core.errors import DownloadError

__all__ = ["base_name", "fetch", "is_url", "local_name"]

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
    'cat_one-1649b646.jpg'
    """
    path = urllib.parse.unquote(urllib.parse.urlsplit(url).path)
    stem, ending = os.path.splitext(path.rsplit("/", 1)[-1])  # noqa: PTH122
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_")[:60] or "image"
    ending = ending.lower() if re.fullmatch(r"\.[A-Za-z0-9]{1,5}", ending) else ""
    digest = hashlib.sha256(url.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{stem}-{digest}{ending}"


def base_name(url: str) -> str:
    """Return the name of the file that a URL names, or `local_name` where it names none.

    Examples
    --------
    >>> base_name("https://example.org/a/cat%20one.jpg?size=9")
    'cat one.jpg'
    """
    path = urllib.parse.unquote(urllib.parse.urlsplit(url).path)
    name = re.split(r"[/\\]", path)[-1]
    known = name.strip(". ") and name.isprintable() and "\ufffd" not in name and len(name) < 200
    return name if known else local_name(url)


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

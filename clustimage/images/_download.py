"""Fetch images from the web, one URL to one local file."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

from clustimage._errors import DownloadError

__all__ = ["fetch", "is_url", "local_name"]

TIMEOUT = 20.0  # seconds without an answer
DEADLINE = 300.0  # seconds for a whole file
MAX_BYTES = 200 * 2**20
CHUNK = 1 << 16


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


def fetch(url: str, target: Path) -> None:
    """Download `url` to the file `target`, which appears only when it is complete.

    Only http and https are followed, also on redirection; proxies of the
    environment are used.

    Raises
    ------
    DownloadError
        If that fails; the message says why.
    """
    if urllib.parse.urlsplit(url).scheme.lower() not in ("http", "https"):
        raise DownloadError("only http and https are downloaded")
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "clustimage"})
        with _opener().open(request, timeout=TIMEOUT) as answer:
            _store(answer, target)
    except (OSError, http.client.HTTPException, ValueError) as exc:
        if isinstance(exc, DownloadError):
            raise
        raise DownloadError(f"download failed ({' '.join(str(exc).split())[:160]})") from exc


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener that knows http and https only, no files and no ftp."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener


def _store(answer: http.client.HTTPResponse, target: Path) -> None:
    end, size = time.monotonic() + DEADLINE, 0
    handle, part = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    try:
        with open(handle, "wb") as file:  # noqa: PTH123
            while chunk := answer.read(CHUNK):
                size += len(chunk)
                if size > MAX_BYTES:
                    raise DownloadError(f"download is larger than {MAX_BYTES:,} bytes")
                if time.monotonic() > end:
                    raise DownloadError(f"download took more than {DEADLINE:.0f} seconds")
                file.write(chunk)
        expected = answer.headers.get("Content-Length", "")
        if expected.isdigit() and size != int(expected):
            raise DownloadError(f"download broke off after {size:,} of {expected} bytes")
        os.replace(part, target)  # noqa: PTH105
    finally:
        Path(part).unlink(missing_ok=True)

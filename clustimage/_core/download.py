"""Download of one file over http or https, whole or not at all."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO

from clustimage._core.errors import DownloadError
from clustimage._core.files import replacing

__all__ = ["download", "is_web_address"]

CHUNK = 1 << 16  # bytes that are read at once


def is_web_address(url: object) -> bool:
    """Return whether `url` is an address of http or https with a host in it."""
    try:
        parts = urllib.parse.urlsplit(url if isinstance(url, str) else "")
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def download(
    url: str,
    target: Path,
    *,
    timeout: float,
    max_bytes: int,
    deadline: float | None = None,
    tell: Callable[[int, int | None], None] = lambda done, total: None,
) -> None:
    """Download `url` to the file `target`, which appears only when it is complete.

    Parameters
    ----------
    url : str
        Address of http or https; redirections to anything else are not followed.
    target : Path
        Absolute path, in a folder that exists; a file there is replaced.
    timeout : float
        Seconds without an answer.
    max_bytes : int
        A longer answer is refused, whatever length the server has named.
    deadline : float, optional
        Seconds for the whole file.
    tell : callable, optional
        Called with the bytes read so far, and all there are where that is known.

    Raises
    ------
    DownloadError
        If the network or the server fails, or the answer is cut off or too long. The
        message says why, the cause is kept.
    OSError
        If the file cannot be written.
    """
    if not is_web_address(url):
        raise DownloadError(f"only http and https are downloaded, not {url!r}")
    address = urllib.parse.quote(url, safe="%/:=&?~#+!$,;'@()*[]")
    request = urllib.request.Request(address, headers={"User-Agent": "clustimage"})
    end = None if deadline is None else time.monotonic() + deadline
    with replacing(target) as file:
        try:
            answer = _opener().open(request, timeout=timeout)
        except urllib.error.HTTPError as exc:
            with exc:
                raise DownloadError(f"the server answers {exc.code} {exc.reason}") from exc
        except (OSError, http.client.HTTPException, ValueError) as exc:
            raise _failed(exc) from exc
        with answer:
            _copy(answer, file, max_bytes, end, tell)


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener that knows http and https only, no files and no ftp."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.UnknownHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener


def _copy(
    answer: http.client.HTTPResponse,
    file: IO[bytes],
    max_bytes: int,
    end: float | None,
    tell: Callable[[int, int | None], None],
) -> None:
    length = answer.headers.get("Content-Length", "")
    total = int(length) if length.isdecimal() else None
    done = 0
    while chunk := _read(answer):
        done += len(chunk)
        if max(done, total or 0) > max_bytes:
            raise DownloadError(f"it is longer than the {max_bytes} bytes allowed")
        if end is not None and time.monotonic() > end:
            raise DownloadError(f"it took too long, {done} bytes were there")
        file.write(chunk)
        tell(done, total)
    if total is not None and done != total:
        raise DownloadError(f"cut off after {done} of {total} bytes")


def _read(answer: http.client.HTTPResponse) -> bytes:
    try:
        return answer.read(CHUNK)
    except (OSError, http.client.HTTPException) as exc:
        raise _failed(exc) from exc


def _failed(exc: Exception) -> DownloadError:
    reason = getattr(exc, "reason", None) or exc
    return DownloadError(" ".join(str(reason).split())[:160])

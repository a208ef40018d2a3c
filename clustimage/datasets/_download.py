"""Download of one file, whole or not at all."""

from __future__ import annotations

import http.client
import logging
import os
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from clustimage._errors import DownloadError, InvalidParameterError
from clustimage._logging import NAME
from clustimage._validation import check_int, check_real

__all__ = ["check_url", "wget"]

CHUNK = 1 << 16  # bytes that are read at once
MAX_BYTES = 4 << 30

# Only these handlers: an address, or one that it redirects to, never opens a local file.
_OPENER = urllib.request.OpenerDirector()
for _handler in (
    urllib.request.ProxyHandler,
    urllib.request.UnknownHandler,
    urllib.request.HTTPHandler,
    urllib.request.HTTPDefaultErrorHandler,
    urllib.request.HTTPRedirectHandler,
    urllib.request.HTTPErrorProcessor,
    urllib.request.HTTPSHandler,
):
    _OPENER.add_handler(_handler())


def check_url(url: Any) -> str:
    """Return `url` if it is an address of http or https, or raise `InvalidParameterError`."""
    try:
        parts = urllib.parse.urlsplit(url if isinstance(url, str) else "")
        usable = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise InvalidParameterError(
            f"'url' must be an address that starts with http:// or https://. Got {url!r}."
        )
    return str(url)


def wget(
    url: str,
    path: str | os.PathLike[str],
    *,
    timeout: float = 30.0,
    max_bytes: int = MAX_BYTES,
) -> str:
    """Download a file.

    The file is written under another name first and renamed when it is complete:
    at `path` there is the whole file or, after an error, what was there before. A
    file that exists is replaced. A progress bar is shown at the verbosity
    ``"info"``, see `clustimage.set_logger`.

    Parameters
    ----------
    url : str
        Address that starts with ``http://`` or ``https://``.
    path : str or path-like
        File to write; folders that are missing are made.
    timeout : float, default=30.0
        Seconds to wait for the server each time.
    max_bytes : int, default=4 GiB
        A longer answer is refused, whatever length the server has named.

    Returns
    -------
    str
        Absolute path of the file.

    Raises
    ------
    InvalidParameterError
        If the address is not one of http or https, or `path` is a folder.
    DownloadError
        If there is no connection, the server answers with an error, the answer is
        cut off or too long. The cause is kept.

    Examples
    --------
    >>> from clustimage import wget
    >>> wget("ftp://example.org/photos.zip", "photos.zip")
    Traceback (most recent call last):
    clustimage._errors.InvalidParameterError: 'url' must be an address that starts with ...
    """
    address = urllib.parse.quote(check_url(url), safe="%/:=&?~#+!$,;'@()*[]")
    timeout = check_real("timeout", timeout, low=0, low_open=True)
    max_bytes = check_int("max_bytes", max_bytes, low=1)
    target = Path(path).expanduser().absolute()
    if target.is_dir():
        raise InvalidParameterError(f"'path' must be a file to write. Got the folder {target}.")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name[:80]}.{secrets.token_hex(6)}.part")
    try:
        _fetch(address, part, timeout, max_bytes)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return str(target)


def _fetch(url: str, part: Path, timeout: float, max_bytes: int) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": NAME})
    with part.open("xb") as file:
        try:
            with _OPENER.open(request, timeout=timeout) as answer:
                for chunk in _chunks(answer, url, max_bytes):
                    # A full disk is no failure of the network: it keeps its own error.
                    _write(file, chunk)
        except _DiskError as exc:
            raise exc.cause from None
        except urllib.error.HTTPError as exc:
            with exc:
                raise DownloadError(
                    f"Cannot download {url}: the server answers {exc.code} {exc.reason}."
                ) from exc
        except (OSError, http.client.HTTPException, ValueError) as exc:
            if isinstance(exc, DownloadError):
                raise
            reason = getattr(exc, "reason", None) or exc
            raise DownloadError(
                f"Cannot download {url}: {reason}. Check the address and the connection."
            ) from exc


class _DiskError(Exception):
    """Carries an error of writing past the handlers of errors of reading."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


def _write(file: IO[bytes], chunk: bytes) -> None:
    try:
        file.write(chunk)
    except OSError as exc:
        raise _DiskError(exc) from exc


def _chunks(answer: Any, url: str, max_bytes: int) -> Iterator[bytes]:
    """Yield the body of `answer`; raise where it is longer or shorter than it may be."""
    from tqdm.auto import tqdm

    length = answer.headers.get("Content-Length", "")
    total = int(length) if length.isdecimal() else None
    hidden = not logging.getLogger(NAME).isEnabledFor(logging.INFO)
    name = urllib.parse.urlsplit(url).path.rpartition("/")[2]
    done = 0
    with tqdm(
        desc=name, total=total, unit="B", unit_scale=True, disable=hidden, leave=False
    ) as bar:
        while chunk := answer.read(CHUNK):
            done += len(chunk)
            if max(done, total or 0) > max_bytes:
                raise DownloadError(
                    f"Cannot download {url}: it is longer than the {max_bytes} bytes allowed."
                )
            yield chunk
            bar.update(len(chunk))
    if total is not None and done != total:
        raise DownloadError(f"Cannot download {url}: cut off after {done} of {total} bytes.")

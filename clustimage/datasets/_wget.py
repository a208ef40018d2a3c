"""Download of one file, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from clustimage._core.download import download, is_web_address
from clustimage._core.errors import DownloadError, InvalidParameterError
from clustimage._core.public import public
from clustimage._core.validation import check_int, check_real

__all__ = ["check_url", "wget"]

MAX_BYTES = 4 << 30


def check_url(url: Any) -> str:
    """Return `url` if it is an address of http or https, or raise `InvalidParameterError`."""
    if not is_web_address(url):
        raise InvalidParameterError(
            f"'url' must be an address that starts with http:// or https://. Got {url!r}."
        )
    return str(url)


@public
def wget(
    url: str,
    path: str | os.PathLike[str],
    *,
    timeout: float = 30.0,
    deadline: float = 3600.0,
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
    deadline : float, default=3600.0
        Seconds for the whole file.
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
        cut off, too long or too late. The cause is kept.

    Examples
    --------
    >>> from clustimage import wget
    >>> wget("ftp://example.org/photos.zip", "photos.zip")
    Traceback (most recent call last):
    clustimage.InvalidParameterError: 'url' must be an address that starts with ...
    """
    check_url(url)
    timeout = check_real("timeout", timeout, low=0, low_open=True)
    deadline = check_real("deadline", deadline, low=0, low_open=True)
    max_bytes = check_int("max_bytes", max_bytes, low=1)
    target = Path(path).expanduser().absolute()
    if target.is_dir():
        raise InvalidParameterError(f"'path' must be a file to write. Got the folder {target}.")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        download(
            url, target, timeout=timeout, max_bytes=max_bytes, deadline=deadline, progress=True
        )
    except DownloadError as exc:
        cause = exc.__cause__ or exc
        raise DownloadError(
            f"Cannot download {url}: {exc}. Check the address and the connection."
        ) from cause
    return str(target)

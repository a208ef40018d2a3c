"""Download of one file over http or https, whole or not at all."""

from __future__ import annotations

import math
import time
import urllib.parse
from pathlib import Path
from typing import IO, Any

from clustimage._core.errors import DownloadError
from clustimage._core.files import replacing
from clustimage._core.logs import progress_bar, shows_progress

__all__ = ["download", "is_web_address"]

CHUNK = 1 << 16  # bytes that are read at once
HEADERS = {"User-Agent": "clustimage", "Accept-Encoding": "identity"}


def is_web_address(url: object) -> bool:
    """Return whether `url` is an address of http or https with a host in it."""
    try:
        parts = urllib.parse.urlsplit(url if isinstance(url, str) else "")
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


class LimitedFile:
    """What pooch writes to: refuses what is too long or too late."""

    def __init__(self, file: IO[bytes], bar: Any, max_bytes: int, end: float) -> None:
        self.file, self.bar, self.max_bytes, self.end = file, bar, max_bytes, end
        self.flush = file.flush
        self.n_bytes = 0

    def write(self, chunk: bytes) -> None:
        self.n_bytes += len(chunk)
        # pooch sets the total of the bar to the length that the server has named, or to 0.
        if max(self.n_bytes, self.bar.total) > self.max_bytes:
            raise DownloadError(f"it is longer than the {self.max_bytes} bytes allowed")
        if time.monotonic() > self.end:
            raise DownloadError(f"it took too long, {self.n_bytes} bytes were there")
        self.file.write(chunk)


def download(
    url: str,
    target: Path,
    *,
    timeout: float,
    max_bytes: int,
    deadline: float = math.inf,
    progress: bool = False,
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
    deadline : float, default=inf
        Seconds for the whole file.
    progress : bool, default=False
        Whether to show a progress bar, where the verbosity allows it.

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
    import requests
    from pooch import HTTPDownloader

    tqdm = progress_bar()
    answers: list[requests.Response] = []

    def keep(answer: requests.Response, **kwargs: Any) -> None:
        answers.append(answer)

    name = urllib.parse.urlsplit(url).path.rpartition("/")[2]
    style = {"unit": "B", "unit_scale": True, "leave": False}
    hidden = not (progress and shows_progress())
    with replacing(target) as file, tqdm(desc=name, total=1, disable=hidden, **style) as bar:
        limited = LimitedFile(file, bar, max_bytes, time.monotonic() + deadline)
        hooks = {"response": keep}
        fetch = HTTPDownloader(bar, CHUNK, timeout=timeout, headers=HEADERS, hooks=hooks)
        try:
            fetch(url, limited, None)
        except requests.HTTPError as exc:
            words = f"the server answers {answers[-1].status_code} {answers[-1].reason}"
            raise DownloadError(words) from exc
        except (requests.RequestException, ValueError) as exc:
            raise DownloadError(_reason(exc)) from exc
        finally:
            for answer in answers:  # which pooch leaves open after an error
                answer.close()
        # Versions of urllib3 before 2 do not raise where the answer is cut off.
        if limited.n_bytes < bar.total:
            raise DownloadError(f"cut off after {limited.n_bytes} of {bar.total} bytes")


def _reason(exc: BaseException) -> str:
    """Return the innermost of the errors that requests and urllib3 wrap into each other."""
    while isinstance(
        inner := getattr(exc, "reason", None) or (exc.args and exc.args[-1]), Exception
    ):
        exc = inner
    return " ".join(str(exc).split())[:160]

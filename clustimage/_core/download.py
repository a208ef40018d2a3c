"""Download of one file over http or https, whole or not at all, within a time."""

from __future__ import annotations

import math
import socket
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, TYPE_CHECKING, Any

from clustimage._core.errors import DownloadError
from clustimage._core.files import replacing
from clustimage._core.logs import progress_bar, shows_progress
from clustimage._core.parallel import call_every, interruption

if TYPE_CHECKING:
    import requests

__all__ = ["download", "is_web_address"]

CHUNK = 1 << 16  # bytes that are read at once
HEADERS = {"User-Agent": "clustimage", "Accept-Encoding": "identity"}
SECONDS_BETWEEN_LOOKS = 0.1  # at the clock


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
        Seconds for the whole file, however slowly the server sends.
    progress : bool, default=False
        Whether to show a progress bar, where the verbosity allows it.

    Raises
    ------
    DownloadError
        If the network or the server fails, or the answer is cut off, too long or
        too late. The message says why, the cause is kept.
    OSError
        If the file cannot be written.
    """
    if not is_web_address(url):
        raise DownloadError(f"only http and https are downloaded, not {url!r}")
    import requests

    sockets: list[socket.socket] = []
    end, interrupted = time.monotonic() + deadline, interruption()

    def check_time() -> None:
        """Raise where the connection was closed from here."""
        if time.monotonic() > end:
            raise DownloadError(
                f"it took longer than {deadline:g} s, {file.tell()} bytes were there"
            )
        if interrupted.is_set():
            raise DownloadError("it was interrupted")

    def is_over() -> bool:
        return time.monotonic() > end or interrupted.is_set()

    with (
        replacing(target) as file,
        _session(sockets, is_over) as session,
        _closed(sockets, is_over),
    ):
        try:
            with session.get(url, headers=HEADERS, timeout=timeout, stream=True) as answer:
                if not answer.ok:
                    words = f"the server answers {answer.status_code} {answer.reason}"
                    raise DownloadError(words) from requests.HTTPError(words, response=answer)
                _write(answer, file, url, max_bytes, progress=progress)
        except (requests.RequestException, ValueError) as exc:
            check_time()
            raise DownloadError(_reason(exc)) from exc
        # An answer without a length ends where its connection does.
        check_time()


def _write(
    answer: requests.Response, file: IO[bytes], url: str, max_bytes: int, *, progress: bool
) -> None:
    """Write what a server sends."""
    named = answer.headers.get("Content-Length", "")
    total = int(named) if named.isdecimal() else None
    name = urllib.parse.urlsplit(url).path.rpartition("/")[2]
    style: dict[str, Any] = {"unit": "B", "unit_scale": True, "leave": False}
    hidden = not (progress and shows_progress())
    n_bytes = 0
    with progress_bar()(desc=name, total=total, disable=hidden, **style) as bar:
        for chunk in answer.iter_content(CHUNK):
            n_bytes += len(chunk)
            if max(n_bytes, total or 0) > max_bytes:
                raise DownloadError(f"it is longer than the {max_bytes} bytes allowed")
            file.write(chunk)
            bar.update(len(chunk))
    # Versions of urllib3 before 2 do not raise where the answer is cut off.
    if n_bytes < (total or 0):
        raise ValueError(f"cut off after {n_bytes} of {total} bytes")


def _session(sockets: list[socket.socket], is_over: Callable[[], bool]) -> requests.Session:
    """Return a session that adds to `sockets` a handle of each connection that it opens.

    It opens none when the time `is_over`, and does not read what comes with a redirection.
    """
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

    def listed(pool: Any) -> Any:
        class Connection(pool.ConnectionCls):
            def _new_conn(self) -> socket.socket:
                made = _connect(super()._new_conn, is_over)
                sockets.append(made.dup())  # what TLS is put around is not the same object
                return made

        return type(pool.__name__, (pool,), {"ConnectionCls": Connection})

    pools = {"http": listed(HTTPConnectionPool), "https": listed(HTTPSConnectionPool)}

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager.pool_classes_by_scheme = pools

        def send(self, *args: Any, **kwargs: Any) -> requests.Response:
            answer = super().send(*args, **kwargs)
            if answer.is_redirect:
                # requests would keep all of it in memory.
                raw, answer.raw = answer.raw, _NoBody()
                answer.raw._original_response = getattr(raw, "_original_response", None)
                raw.close()
                for connection in sockets:
                    connection.close()
                sockets.clear()
            return answer

        def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
            manager = super().proxy_manager_for(*args, **kwargs)
            manager.pool_classes_by_scheme = pools
            return manager

    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, Adapter())
    return session


class _NoBody(BytesIO):
    """The empty body of an answer; its headers stay, in which cookies are."""

    _original_response: Any = None


def _connect(connect: Callable[[], socket.socket], is_over: Callable[[], bool]) -> socket.socket:
    """Return the connection that is made in a thread of its own, or leave it when time is over.

    Neither the search for a name nor that for a server can be ended from outside.
    """
    made: SimpleQueue[socket.socket | Exception] = SimpleQueue()

    def run() -> None:
        try:
            connection = connect()
        except Exception as exc:  # noqa: BLE001 - raised in the other thread
            made.put(exc)
            return
        made.put(connection)
        if is_over():
            connection.close()

    threading.Thread(target=run, daemon=True).start()
    while True:
        try:
            result = made.get(timeout=SECONDS_BETWEEN_LOOKS)
        except Empty:
            if is_over():
                raise TimeoutError("there was no connection") from None
            continue
        if isinstance(result, Exception):
            raise result
        return result


@contextmanager
def _closed(sockets: list[socket.socket], is_over: Callable[[], bool]) -> Iterator[None]:
    """Close connections at a time, or when what started the download is interrupted.

    A timeout counts from the last byte: a server that sends one now and then would hold the
    program for ever, also before its answer begins.
    """

    def look() -> None:
        if is_over():
            for connection in list(sockets):
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    try:
        with call_every(SECONDS_BETWEEN_LOOKS, look):
            yield
    finally:
        for connection in sockets:
            connection.close()


def _reason(exc: BaseException) -> str:
    """Return the innermost of the errors that requests and urllib3 wrap into each other."""
    while isinstance(
        inner := getattr(exc, "reason", None) or (exc.args and exc.args[-1]), Exception
    ):
        exc = inner
    return " ".join(str(exc).split())[:160]

"""Downloads from servers that answer slowly: they end in time, and when the run is interrupted."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clustimage._core.download import download
from clustimage._core.errors import DownloadError
from clustimage._core.parallel import run_ordered

STARTS = {
    "before the answer": b"",
    "in the status": b"HTTP/1.1 2",
    "in the headers": b"HTTP/1.1 200 OK\r\nServer: ",
    "in the body": b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
    "in a body without a length": b"HTTP/1.1 200 OK\r\n\r\n",
}
INTERRUPTED = """
import sys
from clustimage import Clustimage
print("started", flush=True)
Clustimage(verbose="silent").import_data([f"{sys.argv[1]}/{i}.jpg" for i in range(40)])
"""


@pytest.fixture
def dripping(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], str]]:
    """Serve one byte every 50 ms after the start of an answer, for ever."""
    monkeypatch.setenv("no_proxy", "*")
    over = threading.Event()
    listening, threads = [], []

    def answer(connection: socket.socket, start: bytes) -> None:
        with connection:
            try:
                connection.sendall(start)
                while not over.wait(0.05):
                    connection.sendall(b"1")
            except OSError:
                pass

    def serve(server: socket.socket, start: bytes) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=answer, args=(connection, start)))
            threads[-1].start()

    def start_server(start: bytes) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        listening.append(server)
        threads.append(threading.Thread(target=serve, args=(server, start)))
        threads[-1].start()
        return f"http://127.0.0.1:{server.getsockname()[1]}"

    yield start_server
    over.set()
    for server in listening:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS.keys())
def test_a_deadline_holds_whatever_the_server_sends(dripping, tmp_path: Path, start: bytes) -> None:
    with pytest.raises(DownloadError, match="it took longer than 0.5 s"):
        download(
            f"{dripping(start)}/a.jpg",
            tmp_path / "a.jpg",
            timeout=20,
            max_bytes=10**6,
            deadline=0.5,
        )
    assert list(tmp_path.iterdir()) == []


def test_a_deadline_holds_while_the_connection_is_made_safe(dripping, tmp_path: Path) -> None:
    url = dripping(b"").replace("http:", "https:")
    with pytest.raises(DownloadError):
        download(f"{url}/a.jpg", tmp_path / "a.jpg", timeout=20, max_bytes=10**6, deadline=0.5)


def test_threads_that_download_end_when_the_run_is_interrupted(dripping, tmp_path: Path) -> None:
    url = dripping(STARTS["in the body"])
    errors = []

    def fetch(i: int) -> None:
        if i:
            try:
                download(f"{url}/{i}", tmp_path / f"{i}", timeout=20, max_bytes=10**6, deadline=600)
            except DownloadError as exc:
                errors.append(str(exc))

    results = run_ordered(fetch, range(3), n_jobs=3)
    next(results)
    with pytest.raises(KeyboardInterrupt):
        results.throw(KeyboardInterrupt)
    assert set(errors) <= {"it was interrupted"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals to one process")
@pytest.mark.parametrize("where", ["before the answer", "in the headers", "in the body"])
def test_control_c_ends_downloads(dripping, tmp_path: Path, where: str) -> None:
    url = dripping(STARTS[where])
    words = [sys.executable, "-c", INTERRUPTED, url]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"started\n"
        time.sleep(1)  # until some downloads hang
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)  # the downloads themselves would take 300 s
    assert b"KeyboardInterrupt" in said


def test_a_search_for_a_server_is_left_at_the_deadline(tmp_path, monkeypatch):
    found, ended = threading.Event(), []

    def search(*given: object, **options: object) -> list[object]:
        ended.append(found.wait(timeout=20))
        raise OSError("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", search)
    with pytest.raises(DownloadError, match=r"it took longer than 0\.3 s, 0 bytes were there"):
        download("http://a.test/b", tmp_path / "b", timeout=20, max_bytes=10, deadline=0.3)
    assert ended == [] and list(tmp_path.iterdir()) == []
    found.set()


def test_what_comes_with_a_redirection_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    ended = []
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(20)

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.settimeout(20)
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /b\r\nSet-Cookie: a=7\r\n\r\n")
            try:
                for _ in range(100):
                    connection.sendall(bytes(1 << 20))
            except OSError:
                ended.append("before the end")
        connection, _ = server.accept()
        with connection:
            ended.append(b"Cookie: a=7" in connection.recv(4096))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    thread = threading.Thread(target=serve)
    thread.start()
    url = f"http://127.0.0.1:{server.getsockname()[1]}/a"
    download(url, tmp_path / "a", timeout=20, max_bytes=10, deadline=60)
    thread.join()
    server.close()
    assert (tmp_path / "a").read_bytes() == b"ok"
    assert ended == ["before the end", True]

"""Servers that send a byte now and then, for ever."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

import pytest

from clustimage import DownloadError, wget

OK = b"HTTP/1.1 200 OK\r\n"
ANSWERS = {
    "nothing": b"",
    "half a status": b"HTTP/1.1 2",
    "half a header": OK + b"A: ",
    "a body": OK + b"\r\n",
    "a body of a size": OK + b"Content-Length: 1000000\r\n\r\n",
    "a size of a chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n",
    "a chunk": OK + b"Transfer-Encoding: chunked\r\n\r\nfffff\r\n",
    "a redirect": b"HTTP/1.1 302 Found\r\nLocation: /",
    "a body of a redirect": b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n",
}


def drip(server: socket.socket, start: bytes) -> None:
    """Answer with some bytes, then one every 50 ms."""
    connection, _ = server.accept()
    with connection, suppress(OSError):
        connection.sendall(start)
        while True:
            time.sleep(0.05)
            connection.sendall(b"1")


@pytest.mark.parametrize(
    "answers", [["a chunk"], pytest.param(list(ANSWERS), marks=pytest.mark.torture)]
)
def test_a_download_ends_at_its_deadline(tmp_path, monkeypatch, count_row, answers):
    monkeypatch.setenv("no_proxy", "*")
    took = []
    for name in answers:
        with socket.create_server(("127.0.0.1", 0)) as server:
            sender = threading.Thread(target=drip, args=(server, ANSWERS[name]))
            sender.start()
            url = f"http://127.0.0.1:{server.getsockname()[1]}/a.zip"
            begun = time.monotonic()
            with pytest.raises(DownloadError):
                wget(url, tmp_path / "a.zip", deadline=2)
            took.append(time.monotonic() - begun)
            sender.join()
    left = list(tmp_path.iterdir())
    count_row(
        "servers that send a byte every 50 ms for ever, `deadline=2`",
        len(answers),
        f"each ends within {max(took):.1f} s; {len(left)} files left behind",
    )
    assert left == []
    assert max(took) < 20  # without a deadline it would not end at all

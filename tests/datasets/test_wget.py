"""wget: the whole file, or an error and nothing."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from clustimage._core.errors import DownloadError, InvalidParameterError
from clustimage.datasets import wget

BODY = bytes(range(256)) * 1000
OTHERS = {"/to/file": "file:///etc/hosts", "/to/ftp": "ftp://a/b", "/to/loop": "/to/loop"}


class Answers(http.server.BaseHTTPRequestHandler):
    """Answer by path, on this machine only."""

    def do_GET(self) -> None:
        if self.path == "/missing":
            self.send_error(404, "Not Found")
            return
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", OTHERS.get(self.path, "/ok"))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        if self.path == "/short":
            self.send_header("Content-Length", str(len(BODY) + 5))
        elif self.path != "/nolength":
            self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "*")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


@pytest.mark.parametrize("page", ["/ok", "/nolength", "/to/ok", "/ä b.zip?x=1 2"])
def test_the_file_is_there_whole(server: str, tmp_path: Path, page: str) -> None:
    target = tmp_path / "new" / "file.bin"
    assert wget(server + page, str(target)) == str(target)
    assert target.read_bytes() == BODY
    assert [path.name for path in target.parent.iterdir()] == ["file.bin"]


def test_an_old_file_is_replaced(server: str, tmp_path: Path) -> None:
    (tmp_path / "file.bin").write_bytes(b"old")
    wget(f"{server}/ok", tmp_path / "file.bin")
    assert (tmp_path / "file.bin").read_bytes() == BODY


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("/missing", "the server answers 404 Not Found"),
        ("/short", r"256000 bytes read, 5 more expected|cut off after 256000 of 256005 bytes"),
        ("/to/file", "file:///etc/hosts"),
        ("/to/ftp", "ftp://a/b"),
        ("/to/loop", "Exceeded 30 redirects"),
    ],
)
def test_a_failure_leaves_the_old_file(server: str, tmp_path: Path, page: str, words: str) -> None:
    (tmp_path / "file.bin").write_bytes(b"old")
    with pytest.raises(DownloadError, match=words):
        wget(server + page, tmp_path / "file.bin")
    assert (tmp_path / "file.bin").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("page", ["/ok", "/nolength"])
def test_a_longer_answer_than_allowed_is_refused(server: str, tmp_path: Path, page: str) -> None:
    with pytest.raises(DownloadError, match="longer than the 1000 bytes allowed"):
        wget(server + page, tmp_path / "file.bin", max_bytes=1000)
    assert list(tmp_path.iterdir()) == []


def test_no_connection_keeps_the_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(DownloadError, match="Check the address and the connection") as caught:
        wget("http://127.0.0.1:9/photos.zip", tmp_path / "photos.zip", timeout=2)
    assert isinstance(caught.value.__cause__, OSError)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["file:///etc/hosts", "ftp://a/b", "photos.zip", "http://", "http://[", None, 3]
)
def test_only_addresses_of_http_are_fetched(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidParameterError, match="'url' must be an address"):
        wget(url, tmp_path / "a")


def test_a_folder_is_no_place_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameterError, match="'path' must be a file to write"):
        wget("http://127.0.0.1:9/a", tmp_path)

"""URLs: fetched from a server on this machine."""

from __future__ import annotations

import functools
import http.server
import logging
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clustimage._core.errors import DownloadError, ImageReadError
from clustimage.images import load_images
from clustimage.images.reading._url_files import base_name, fetch, is_url, local_name


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path.startswith("/to_file"):
            self.send_response(302)
            self.send_header("Location", "file:///etc/hostname")
            self.end_headers()
        elif self.path.startswith("/short"):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"x" * 10)
        else:
            super().do_GET()


@pytest.fixture
def site(tmp_path) -> Iterator[str]:
    """The address of a server with a few pictures."""
    root = tmp_path / "site"
    for number, name in enumerate(["a/cat.png", "b/cat.png", "odd name.PNG"]):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (9, 9), (255, 100 * number, 0)).save(root / name)
    (root / "words.png").write_text("no picture")
    handler = functools.partial(Handler, directory=str(root))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_urls_and_files_mix_and_keep_their_order(site, tmp_path):
    Image.new("RGB", (9, 9), (255, 0, 255)).save(tmp_path / "own.png")
    given = [f"{site}/a/cat.png", tmp_path / "own.png", f"{site}/b/cat.png", f"{site}/a/cat.png"]
    images = load_images(given, dim=(2, 2), download_dir=tmp_path / "new" / "folder")
    np.testing.assert_array_equal(
        images.pixels[:, 0, 0], [(255, 0, 0), (255, 0, 255), (255, 100, 0), (255, 0, 0)]
    )
    assert images.url.tolist() == [given[0], None, given[2], given[0]]
    assert all(Path(name).is_file() for name in images.pathnames)
    assert Path(images.pathnames[0]).parent == tmp_path / "new" / "folder"
    assert images.pathnames[0] == images.pathnames[3] != images.pathnames[2]
    assert images.filenames.tolist() == ["cat.png", "own.png", "cat.png", "cat.png"]
    assert len(list((tmp_path / "new" / "folder").glob("*.png"))) == 2


def test_one_url_goes_to_a_temporary_folder(site):
    images = load_images(f"{site}/odd%20name.PNG?size=1")
    assert images.filenames.tolist() == ["odd name.PNG"]
    assert Path(images.pathnames[0]).name.startswith("odd_name-")
    assert Path(images.pathnames[0]).is_file()
    assert images.status[0].pathname == images.pathnames[0]


def test_urls_that_fail_are_skipped_with_their_reason(site, tmp_path, caplog):
    given = ["nothing.png", "words.png", "to_file", "short", "a/cat.png"]
    urls = [f"{site}/{name}" for name in given]
    with caplog.at_level(logging.WARNING, "clustimage"):
        images = load_images(urls, download_dir=tmp_path)
    assert [row.pathname for row in images.status] == [*urls[:4], images.pathnames[0]]
    assert urls[0] in caplog.text and str(tmp_path) not in caplog.text
    reasons = [row.reason for row in images.status]
    assert [row.status for row in images.status] == ["skipped"] * 4 + ["ok"]
    assert "404" in reasons[0] and "no image" in reasons[1]
    assert "download failed" in reasons[2] and re.search("10 bytes read|cut off", reasons[3])


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/a.png", "file:///etc/hostname", "data://x"])
def test_only_http_is_fetched(url):
    with pytest.raises(ImageReadError, match="only http and https"):
        load_images([url])


def test_a_file_url_names_the_cure():
    with pytest.raises(ImageReadError, match="file:///a/b.png .*give a file by its path"):
        load_images("file:///a/b.png")


def test_a_server_that_is_not_there_is_a_reason():
    with pytest.raises(ImageReadError, match="No image could be read.*download failed"):
        load_images("http://127.0.0.1:9/a.png")


def test_a_download_beyond_the_limit_leaves_no_file(site, tmp_path, monkeypatch):
    monkeypatch.setattr("clustimage.images.reading._url_files.MAX_BYTES", 10)
    (tmp_path / "to").mkdir()
    with pytest.raises(DownloadError, match="longer than the 10 bytes"):
        fetch(f"{site}/a/cat.png", tmp_path / "to" / "cat.png")
    assert list((tmp_path / "to").iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://x/../../etc/passwd",
        "http://x/%2e%2e%2fup.png",
        "http://x/",
        "http://x/" + "n" * 400 + ".png",
        "http://x/a.png/..%5C..%5Cb.exe;rm",
        "http://x/\x00\n.png",
    ],
)
def test_local_names_are_safe(url):
    name = local_name(url)
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
    assert len(name) < 90 and not name.startswith(".") and ".." not in name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://x/a/b%20c.jpg?d=e.png#f", "b c.jpg"),
        ("https://x/caf%C3%A9.png", "café.png"),
        ("https://x/up%2F..%5Ccat.png", "cat.png"),
        ("https://x/", "image-"),
        ("https://x/..", "image-"),
        ("https://x/a%0Ab.png", "a_b-"),
        ("https://x/a%FF.png", "a-"),
        ("https://x/" + "n" * 300 + ".png", "n" * 60 + "-"),
    ],
)
def test_a_download_has_the_name_in_its_url(url, name):
    assert base_name(url) == (local_name(url) if name.endswith("-") else name)
    assert base_name(url).startswith(name)


def test_paths_are_no_urls():
    assert is_url("https://x/y.png") and is_url("FTP://x")
    assert not any(map(is_url, ["a.png", "/a/b", "C:\\x.png", "C://x.png", "http:/x"]))


def test_an_address_without_a_host_is_skipped_with_its_reason(tmp_path):
    Image.new("RGB", (4, 4), "red").save(tmp_path / "red.png")
    images = load_images(["http://[x", tmp_path / "red.png"], download_dir=tmp_path)
    assert [row.status for row in images.status] == ["skipped", "ok"]
    assert images.status[0].pathname == "http://[x"
    assert "no address" in images.status[0].reason

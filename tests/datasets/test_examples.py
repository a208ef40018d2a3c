"""import_example: embedded sets without a network, downloads once."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clustimage._core.errors import ArchiveError, DownloadError, InvalidParameterError
from clustimage.datasets import DOWNLOADS, EMBEDDED, _examples, import_example


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every name point to a port of this machine where nobody listens."""
    monkeypatch.setenv("no_proxy", "*")
    for name in DOWNLOADS:
        monkeypatch.setitem(DOWNLOADS, name, f"http://127.0.0.1:9/{name}.zip")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stand in for the network: every address is an archive of three pictures."""
    fetched: list[str] = []

    def fetch(url: str, path: Path) -> str:
        fetched.append(url)
        if "login" in url:
            Path(path).write_text("<html>please log in</html>")
        elif url.endswith(".png"):
            Image.new("RGB", (4, 4)).save(path)
        else:
            with zipfile.ZipFile(path, "w") as file:
                names = () if "empty" in url else ("set/b.jpg", "set/A.PNG", "set/c/d.jpeg")
                for name in (*names, "set/readme.txt", "__MACOSX/set/._b.jpg"):
                    file.writestr(name, "x")
        return str(path)

    monkeypatch.setattr(_examples, "wget", fetch)
    return fetched


def test_an_unknown_name_lists_all() -> None:
    with pytest.raises(InvalidParameterError) as caught:
        import_example("flower")
    for name in (*EMBEDDED, *DOWNLOADS):
        assert repr(name) in str(caught.value)
    assert "Did you mean 'flowers'?" in str(caught.value)


def test_mnist_is_the_default() -> None:
    X, y = import_example()
    assert X.shape == (1797, 64)
    assert X.dtype == np.float64
    assert (X.min(), X.max()) == (0.0, 16.0)
    assert y.dtype.kind == "i"
    assert sorted(set(y)) == list(range(10))


@pytest.mark.parametrize("name", sorted(DOWNLOADS))
@pytest.mark.usefixtures("offline")
def test_without_a_network_the_error_names_the_way_out(tmp_path: Path, name: str) -> None:
    with pytest.raises(DownloadError) as caught:
        import_example(name, dirpath=tmp_path)
    for words in (DOWNLOADS[name], "connection", "'mnist'", "'shapes'", "'photos'"):
        assert words in str(caught.value)


def test_downloads_are_fetched_and_unpacked_once(tmp_path: Path, served: list[str]) -> None:
    files = import_example("flowers", dirpath=tmp_path)
    assert [Path(path).name for path in files] == ["A.PNG", "b.jpg", "d.jpeg"]
    assert all(Path(path).is_file() for path in files)
    assert import_example("flowers", dirpath=str(tmp_path)) == files
    assert served == [DOWNLOADS["flowers"]]


def test_an_address_of_ones_own(tmp_path: Path, served: list[str]) -> None:
    first = import_example(url="https://a.org/x/set.zip", dirpath=tmp_path)
    second = import_example(url="https://b.org/x/set.zip", dirpath=tmp_path)
    assert len(first) == len(second) == 3
    assert not set(first) & set(second)
    one = import_example(url="https://a.org/%2e%2e%2fone.png", dirpath=tmp_path)
    assert Path(one[0]).parent == tmp_path.resolve()
    with Image.open(one[0]) as picture:
        assert picture.size == (4, 4)


def test_what_is_no_archive_is_not_kept(tmp_path: Path, served: list[str]) -> None:
    for words, page in (("not a zip archive", "login"), ("no image", "empty")):
        with pytest.raises(ArchiveError, match=words):
            import_example(url=f"https://a.org/{page}.zip", dirpath=tmp_path)
    assert not list(tmp_path.glob("login*"))


def test_an_address_has_to_be_one() -> None:
    with pytest.raises(InvalidParameterError, match="'url' must be an address"):
        import_example(url="photos.zip")

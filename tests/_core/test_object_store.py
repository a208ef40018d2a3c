"""Files in object stores: S3 as moto plays it, the memory of fsspec, and local folders."""

from __future__ import annotations

import pickle
import signal
import socket
import subprocess
import sys
import time
from itertools import repeat
from pathlib import Path

import pytest

from clustimage._core import object_store
from clustimage._core.errors import (
    InvalidParameterError,
    MissingDependencyError,
    StoreError,
    TransientStoreError,
)
from clustimage._core.object_store import (
    exists,
    fetch_to,
    is_store_url,
    list_files,
    open_url,
    read_bytes,
    remove,
    stored_file,
    write_bytes,
)

NAMES = [
    "a b.jpg",
    "a#1.jpg",
    "a%20b.jpg",
    "a+b=c&d.jpg",
    "a?b.jpg",
    "a[1]*.jpg",
    "é/ü 狗.jpg",
    "f-1/x.jpg",
    "f/x.jpg",
    "f0/x.jpg",
]
INTERRUPTED = """
import sys
from clustimage._core.object_store import read_bytes
from clustimage._core.parallel import run_ordered
print("started", flush=True)
urls = [f"{sys.argv[1]}/{i}.jpg" for i in range(40)]
list(run_ordered(read_bytes, urls, n_jobs=int(sys.argv[2])))
"""


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    """Ask a busy store again at once."""
    monkeypatch.setattr(object_store, "FIRST_PAUSE", 0.001)


@pytest.fixture
def memory():
    """The URL of an empty folder in the memory of fsspec."""
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    store = fsspec.filesystem("memory")
    store.store.clear()
    yield "memory://photos"
    store.store.clear()


@pytest.fixture(params=["s3", "memory", "local"])
def folder(request, tmp_path):
    """A folder in each kind of store."""
    if request.param == "local":
        return str(tmp_path)
    made = request.getfixturevalue(request.param)
    return made if request.param == "memory" else made.url


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("s3://bucket/a.jpg", True),
        ("S3://bucket/a.jpg", True),
        ("gs://bucket", True),
        ("az://container/a", True),
        ("abfs://container@account.dfs.core.windows.net/a", True),
        ("memory://a", True),
        ("https://example.org/a.jpg", False),
        ("http://example.org/a.jpg", False),
        ("file:///a.jpg", False),
        ("ftp://example.org/a.jpg", False),
        ("C:/a.jpg", False),
        ("s3:/a.jpg", False),
        ("photos/s3://a.jpg", False),
        ("", False),
        (Path("a.jpg"), False),
    ],
)
def test_urls_of_stores_are_told_from_paths_and_from_the_web(text, answer):
    assert is_store_url(text) is answer


def test_files_are_listed_in_the_order_of_their_names_whatever_these_are(folder):
    for name in reversed(NAMES):
        write_bytes(f"{folder}/{name}", name.encode())
    listed = list(list_files(folder))
    assert [file.url for file in listed] == [f"{folder}/{name}" for name in sorted(NAMES)]
    assert [file.size for file in listed] == [len(name.encode()) for name in sorted(NAMES)]
    assert [read_bytes(file.url, file.size).decode() for file in listed] == sorted(NAMES)
    assert list(list_files(f"{folder}/")) == listed


def test_without_folders_below_only_the_files_of_one_are_listed(folder):
    for name in ("a.jpg", "sub/b.jpg", "sub/deep/c.jpg"):
        write_bytes(f"{folder}/in/{name}", b"1")
    names = [file.url for file in list_files(f"{folder}/in", recursive=False)]
    assert names == [f"{folder}/in/a.jpg"]
    assert len(list(list_files(f"{folder}/in"))) == 3


def test_a_file_is_listed_as_itself(folder):
    write_bytes(f"{folder}/a.jpg", b"123")
    write_bytes(f"{folder}/a.jpg.txt", b"1")
    (found,) = list_files(f"{folder}/a.jpg")
    assert (found.url, found.size) == (f"{folder}/a.jpg", 3)
    assert stored_file(f"{folder}/a.jpg") == found
    assert stored_file(folder) is None


def test_the_tag_changes_with_the_content_and_else_stays(folder):
    url = f"{folder}/a.jpg"
    write_bytes(url, b"123")
    (first,) = list_files(folder)
    assert list(list_files(folder)) == [first]
    time.sleep(0.02)  # the memory of fsspec knows times alone
    write_bytes(url, b"124")
    (second,) = list_files(folder)
    assert second.size == first.size
    assert second.tag != first.tag


def test_a_prefix_is_the_whole_name_of_a_folder(s3):
    s3.put("photos/a.jpg", b"1")
    s3.put("photos-2/b.jpg", b"1")
    assert [file.url for file in list_files(f"{s3.url}/photos")] == [f"{s3.url}/photos/a.jpg"]
    with pytest.raises(StoreError, match="There is nothing at s3://.*/phot: .*Check the spelling"):
        list(list_files(f"{s3.url}/phot"))


def test_a_key_may_hold_what_fsspec_chains_with(s3):
    url = s3.put("a::b/c.jpg", b"1")
    assert [file.url for file in list_files(f"{s3.url}/a::b")] == [url]
    assert read_bytes(url) == b"1"


def test_keys_of_folders_are_left_out(s3):
    s3.put("photos/", b"")
    s3.put("photos/a.jpg", b"1")
    assert [file.url for file in list_files(s3.url)] == [f"{s3.url}/photos/a.jpg"]


def test_pages_are_asked_for_as_they_are_needed(s3, s3_faults):
    s3.fill(f"{number:05d}.jpg" for number in range(2300))
    files = list_files(s3.url + "/")
    assert next(files).url == f"{s3.url}/00000.jpg"
    assert len(s3_faults.requests) == 1
    assert [file.url for file in files] == [f"{s3.url}/{n:05d}.jpg" for n in range(1, 2300)]
    assert len(s3_faults.requests) == 3


def test_a_page_that_is_refused_for_a_while_is_asked_for_again(s3, s3_faults):
    s3.put("a.jpg", b"1")
    s3_faults.plan = iter(["SlowDown", "InternalError", "reset"])
    assert [file.url for file in list_files(s3.url)] == [f"{s3.url}/a.jpg"]


@pytest.mark.parametrize("fault", ["SlowDown", "InternalError", "cut", "reset"])
def test_what_goes_wrong_twice_is_read_the_third_time(s3, s3_faults, tmp_path, fault):
    content = bytes(range(256)) * 2000
    url = s3.put("a.jpg", content)
    s3_faults.plan = iter([fault] * 2)
    assert read_bytes(url, len(content)) == content
    s3_faults.plan = iter([fault] * 2)
    fetch_to(url, tmp_path / "a.jpg", size=len(content))
    assert (tmp_path / "a.jpg").read_bytes() == content


@pytest.mark.parametrize("fault", ["SlowDown", "InternalError", "cut", "reset"])
def test_what_always_goes_wrong_is_an_error_of_the_store(s3, s3_faults, tmp_path, fault):
    url = s3.put("a.jpg", b"1" * 100_000)
    s3_faults.plan = repeat(fault)
    with pytest.raises(TransientStoreError, match=f"{url} cannot be read now.*Try again later"):
        read_bytes(url)
    with pytest.raises(TransientStoreError, match=f"{url} cannot be read now"):
        fetch_to(url, tmp_path / "a.jpg")
    assert list(tmp_path.iterdir()) == []
    # aiohttp asks a second time by itself where a connection is closed before the answer.
    assert len(s3_faults.requests) == 2 * object_store.N_TRIES * (2 if fault == "reset" else 1)


def test_a_content_shorter_than_listed_is_cut_off(folder, tmp_path):
    if folder == str(tmp_path):
        pytest.skip("a local file is read as it is")
    write_bytes(f"{folder}/a.jpg", b"123")
    with pytest.raises(TransientStoreError, match=r"a\.jpg was cut off after 3 of 4 bytes"):
        read_bytes(f"{folder}/a.jpg", 4)
    with pytest.raises(TransientStoreError, match=r"a\.jpg was cut off after 3 of 4 bytes"):
        fetch_to(f"{folder}/a.jpg", tmp_path / "a.jpg", size=4)
    assert list(tmp_path.iterdir()) == []


def test_one_file_is_one_request(s3, s3_faults, tmp_path):
    url = s3.put("a.jpg", b"123")
    read_bytes(url)
    fetch_to(url, tmp_path / "a.jpg")
    assert [line.split()[0] for line in s3_faults.requests] == ["GET", "GET"]


def test_a_file_that_is_slow_to_come_is_given_up_at_the_deadline(s3, s3_faults, tmp_path):
    url = s3.put("a.jpg", b"123")
    s3_faults.plan = repeat("slow")
    with pytest.raises(TransientStoreError, match="took too long"):
        fetch_to(url, tmp_path / "a.jpg", deadline=0.3)
    assert list(tmp_path.iterdir()) == []


def test_each_error_says_what_to_do(s3, s3_faults):
    url = s3.put("a.jpg", b"123")
    with pytest.raises(StoreError, match="no bucket 'none-such' for s3://none-such/a.jpg"):
        read_bytes("s3://none-such/a.jpg")
    with pytest.raises(StoreError, match="no bucket 'none-such' for s3://none-such"):
        list(list_files("s3://none-such"))
    with pytest.raises(StoreError, match=rf"There is nothing at {s3.url}/b\.jpg"):
        read_bytes(f"{s3.url}/b.jpg")
    with pytest.raises(StoreError, match="'my photos' in .* is not a name of a bucket"):
        read_bytes("s3://my photos/a.jpg")
    with pytest.raises(InvalidParameterError, match="'s3://' names no bucket"):
        read_bytes("s3://")
    for on in ("GET", "HEAD"):
        s3_faults.on = on
        ask = read_bytes if on == "GET" else stored_file
        s3_faults.plan = repeat("AccessDenied")
        with pytest.raises(StoreError, match=f"{url} may not be read .*Check the credentials"):
            ask(url)
    s3_faults.on = ""
    for ask in (read_bytes, stored_file, exists, lambda url: list(list_files(url))):
        s3_faults.plan = repeat("ExpiredToken")
        with pytest.raises(StoreError, match=f"credentials for {url} have expired.*Renew them"):
            ask(url)
    s3_faults.plan = repeat("AccessDenied")
    with pytest.raises(StoreError, match=f"{url} may not be written .*AccessDenied"):
        write_bytes(url, b"1")


def test_without_credentials_the_variables_are_named(s3, monkeypatch, forget):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    forget()
    with pytest.raises(StoreError, match="no credentials for s3://.*Set AWS_ACCESS_KEY_ID"):
        read_bytes(f"{s3.url}/a.jpg")


def test_a_server_that_cannot_be_reached_is_named_as_such(s3, monkeypatch, forget):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free.getsockname()[1]}")
        forget()
        with pytest.raises(TransientStoreError, match="server of s3://.*cannot be reached.*ENDPOI"):
            read_bytes(f"{s3.url}/a.jpg")


@pytest.fixture
def forget():
    """Make the next client read the environment again."""
    import s3fs

    yield s3fs.S3FileSystem.clear_instance_cache
    s3fs.S3FileSystem.clear_instance_cache()


def test_errors_survive_being_sent_to_another_process():
    for kind in (StoreError, TransientStoreError, object_store._MissingError):
        sent = pickle.loads(pickle.dumps(kind("s3://a/b is gone.")))
        assert (type(sent), str(sent)) == (kind, "s3://a/b is gone.")


def test_what_is_written_is_read_and_removed(folder, tmp_path):
    url = f"{folder}/out/part 1.bin"
    assert not exists(url)
    write_bytes(url, b"one")
    write_bytes(url, b"two")
    assert exists(url)
    assert exists(f"{folder}/out")
    assert read_bytes(url) == b"two"
    with open_url(url) as file:
        file.seek(1)
        assert file.read() == b"wo"
    fetch_to(url, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"two"
    remove(url)
    remove(url)
    assert not exists(url)


def test_a_write_that_fails_leaves_what_was_there(s3, s3_faults):
    url = s3.put("a.bin", b"old")
    s3_faults.on, s3_faults.plan = "PUT", repeat("reset")
    with pytest.raises(TransientStoreError, match=f"{url} cannot be written now"):
        write_bytes(url, b"new")
    assert read_bytes(url) == b"old"


def test_a_full_disk_is_not_an_error_of_the_store(s3, small_disk):
    url = s3.put("a.bin", b"1" * 4 * 2**20)
    with pytest.raises(OSError, match="No space left") as caught:
        fetch_to(url, small_disk / "a.bin")
    assert not isinstance(caught.value, StoreError)
    assert list(small_disk.iterdir()) == []


def test_a_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(MissingDependencyError, match=r"'s3://a/b' needs .*clustimage\[s3\]"):
        read_bytes("s3://a/b")
    monkeypatch.setitem(sys.modules, "ossfs", None)
    with pytest.raises(MissingDependencyError, match="pip install fsspec ossfs"):
        read_bytes("oss://a/b")


@pytest.mark.skipif(sys.platform == "win32", reason="no signals of this kind")
@pytest.mark.parametrize("n_jobs", ["1", "4"])
def test_an_interruption_ends_a_slow_store(s3, s3_faults, n_jobs):
    s3_faults.plan = repeat("slow")
    words = [sys.executable, "-c", INTERRUPTED, s3.url, n_jobs]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"started\n"
        while not s3_faults.requests:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    assert b"KeyboardInterrupt" in said


def test_credentials_that_were_renewed_are_used(s3, s3_faults, monkeypatch):
    url = s3.put("a.jpg", b"123")
    s3_faults.plan = repeat("ExpiredToken")
    with pytest.raises(StoreError, match="have expired"):
        read_bytes(url)
    s3_faults.plan = iter(())
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "renewed")
    s3_faults.requests.clear()
    assert read_bytes(url) == b"123"
    assert "Credential=renewed/" in s3_faults.authorizations[-1]

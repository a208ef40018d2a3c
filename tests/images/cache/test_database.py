"""The cache of earlier runs: what it has, what is read again, and what may go wrong."""

from __future__ import annotations

import copy
import logging
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clustimage._core.errors import DiskSpaceError, InvalidParameterError
from clustimage._core.file_arrays import held_bytes
from clustimage._core.memory import Budget
from clustimage.images import Stamp, clear_cache, describe_cache, listdir, load_images, open_cache
from clustimage.images.cache import _cached_reader, _database, _session
from clustimage.images.reading._pillow import Decoded

N = 12


@pytest.fixture
def folder(tmp_path) -> Path:
    """Twelve pictures of noise; one has a date, one is gray."""
    rng = np.random.default_rng(0)
    base = tmp_path / "photos"
    base.mkdir()
    for number in range(N - 1):
        pixels = rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)
        exif = Image.Exif()
        if number == 3:
            exif[306] = "2001:02:03 04:05:06"
        Image.fromarray(pixels).save(base / f"{number:02d}.jpg", exif=exif)
    Image.fromarray(rng.integers(0, 256, (30, 40), dtype=np.uint8)).save(base / "gray.png")
    return base


@pytest.fixture
def place(tmp_path) -> Path:
    return tmp_path / "work"


@pytest.fixture
def decoded(monkeypatch) -> list[object]:
    """What was decoded by way of the cache, in a list that grows."""
    calls: list[object] = []

    def counting(content, *options):
        calls.append(content)
        return original(content, *options)

    original = _cached_reader.decode
    monkeypatch.setattr(_cached_reader, "decode", counting)
    return calls


@pytest.fixture
def settled(monkeypatch) -> None:
    """Trust the times of files that were made just now."""
    monkeypatch.setattr(_session, "MIN_AGE_NS", -(10**18))


def ask(place: Path, query: str) -> list[tuple]:
    connection = sqlite3.connect(place / "cache.sqlite", isolation_level=None)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


# --- what comes back ------------------------------------------------------------------------------


@pytest.mark.parametrize("gray", [False, True])
def test_a_second_run_gives_the_same_without_decoding(folder, place, decoded, gray):
    plain = load_images(folder, dim=(16, 20), grayscale=gray)
    first = load_images(folder, dim=(16, 20), grayscale=gray, cache=open_cache(place))
    assert len(decoded) == N
    second = load_images(folder, dim=(16, 20), grayscale=gray, cache=open_cache(place))
    assert len(decoded) == N
    for images in (first, second):
        np.testing.assert_array_equal(images.pixels, plain.pixels)
        assert images.status == plain.status
        assert images.filenames.tolist() == plain.filenames.tolist()
    assert first.keys == second.keys and len(set(first.keys)) == N
    assert plain.keys is None and plain.cache is None
    assert second.status[3].taken_from == "DateTime"


def test_files_that_are_as_they_were_are_not_opened(folder, place, settled, monkeypatch):
    first = load_images(folder, cache=open_cache(place))
    monkeypatch.setattr(_cached_reader, "open", None, raising=False)
    second = load_images(folder, cache=open_cache(place))
    np.testing.assert_array_equal(second.pixels, first.pixels)


def test_a_file_that_was_changed_just_before_it_was_read_is_read_again(folder, place):
    load_images(folder, cache=open_cache(place))
    path = str(folder / "00.jpg")
    stamp, key = Stamp.of((folder / "00.jpg").stat()), "k" * 32
    image = Decoded(np.zeros((2, 2, 3), np.uint8), 2, 2, None, "", None, key)
    with open_cache(place).session() as session:
        for seconds, known in ((1, None), (3, key)):
            checked = max(stamp.modified, stamp.changed) + seconds * 10**9
            read = _session.FileRead(path, stamp, checked, image, False)
            session.keep_files([read], {"size": [2, 2]})
            assert session.key_of(path, stamp) == known
            assert session.key_of(path, stamp, sure=False) == key


def test_a_renamed_file_and_a_copy_are_known(folder, place, decoded):
    first = load_images(folder, cache=open_cache(place))
    del decoded[:]
    (folder / "00.jpg").rename(folder / "zz.jpg")
    (folder / "aa.jpg").write_bytes((folder / "01.jpg").read_bytes())
    second = load_images(folder, cache=open_cache(place))
    assert not decoded
    names = second.filenames.tolist()
    np.testing.assert_array_equal(second.pixels[names.index("zz.jpg")], first.pixels[0])
    np.testing.assert_array_equal(second.pixels[names.index("aa.jpg")], first.pixels[1])


def test_only_changed_and_new_files_are_read(folder, place, decoded, settled):
    load_images(folder, cache=open_cache(place))
    del decoded[:]
    kept = (folder / "00.jpg").stat()
    (folder / "00.jpg").write_bytes((folder / "01.jpg").read_bytes())
    Image.new("RGB", (20, 10), "red").save(folder / "02.jpg")
    os.utime(folder / "02.jpg", ns=(kept.st_atime_ns, kept.st_mtime_ns))
    Image.new("RGB", (10, 20), "blue").save(folder / "new.png")
    images = load_images(folder, cache=open_cache(place))
    assert len(decoded) == 2
    np.testing.assert_array_equal(images.pixels, load_images(folder).pixels)


@pytest.mark.parametrize("options", [{"dim": (8, 9)}, {"grayscale": True}])
def test_other_settings_find_nothing(folder, place, decoded, options):
    load_images(folder, cache=open_cache(place))
    images = load_images(folder, **options, cache=open_cache(place))
    assert len(decoded) == 2 * N
    np.testing.assert_array_equal(images.pixels, load_images(folder, **options).pixels)


def test_another_version_of_a_decoder_finds_nothing(folder, place, decoded, monkeypatch):
    load_images(folder, cache=open_cache(place))
    versions = {**_cached_reader.decoder_settings((8, 8), False)["decoders"], "pillow": "0.1"}
    monkeypatch.setattr("clustimage.images.cache._digest.decoders", lambda: versions)
    load_images(folder, cache=open_cache(place))
    assert len(decoded) == 2 * N


def test_what_is_skipped_is_not_kept_and_logged_again(folder, place, caplog):
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    (folder / "empty.jpg").write_bytes(b"")
    plain = load_images([folder, folder / "gone.jpg"])
    for _ in range(2):
        caplog.clear()
        images = load_images([folder, folder / "gone.jpg"], cache=open_cache(place))
        assert images.status == plain.status
        assert "Skipped 3 of 15" in caplog.text
    assert describe_cache(place).n_files == N


def test_pictures_and_arrays_have_no_key(folder, place):
    mixed = [folder / "00.jpg", np.ones((5, 5)), Image.new("RGB", (9, 9), "red")]
    images = load_images(mixed, cache=open_cache(place))
    assert [key is None for key in images.keys] == [False, True, True]
    assert load_images(np.ones((2, 5, 5)), cache=open_cache(place)).keys is None
    assert describe_cache(place).n_files == 1


def test_files_too_large_to_read_at_once_are_read_and_not_kept(folder, place, monkeypatch):
    monkeypatch.setattr(_cached_reader, "MAX_FILE_BYTES", 10)
    images = load_images(folder, cache=open_cache(place))
    np.testing.assert_array_equal(images.pixels, load_images(folder).pixels)
    assert images.keys == [None] * N
    assert images.status[0].modified == (folder / "00.jpg").stat().st_mtime


def test_the_time_of_a_file_is_logged_with_and_without_a_cache(folder, place):
    times = [path.stat().st_mtime for path in sorted(folder.iterdir())]
    for cache in (None, open_cache(place), open_cache(place)):
        assert [row.modified for row in load_images(folder, cache=cache).status] == times
    assert load_images(np.ones((1, 4, 4))).status[0].modified is None


def test_the_folder_of_the_images_may_hold_the_cache(folder):
    for _ in range(2):
        cache = open_cache(folder)
        with cache.session():  # its log lies beside it while it is open
            images = load_images(folder, ext=None, cache=cache)
        assert images.filenames.tolist() == sorted(
            path.name for path in folder.iterdir() if "cache" not in path.name
        )
    assert not [name for name in listdir(folder, ext=None) if "cache" in name]


def test_a_path_that_is_no_text_is_known(folder, place, decoded, settled):
    name = os.fsencode(folder) + b"/\xff\xfe.png"
    try:
        Path(os.fsdecode(name)).write_bytes((folder / "gray.png").read_bytes() + b"\0")
    except OSError:
        pytest.skip("this disk takes no such name")
    for _ in range(2):
        assert len(load_images(folder, cache=open_cache(place))) == N + 1
    assert len(decoded) == N + 1


# --- several at once, and interrupted -------------------------------------------------------------

SCRIPT = """
import sys, time
from clustimage._core.memory import Budget
from clustimage.images import load_images, open_cache
from clustimage.images.cache import _cached_reader
_cached_reader.IMAGES_PER_WRITE = 4
slow, folder, place, side = float(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
original = _cached_reader.decode
_cached_reader.decode = lambda *args: (time.sleep(slow), original(*args))[1]
images = load_images(
    folder,
    dim=(side, side),
    n_jobs=2,
    cache=open_cache(place),
    budget=Budget(34_000_000),
    download_dir=place,
)
print(images.pixels.sum())
"""


def start(slow: float, folder: Path, place: Path, side: int = 16) -> subprocess.Popen:
    words = [sys.executable, "-c", SCRIPT, str(slow), str(folder), str(place), str(side)]
    pipe = subprocess.PIPE
    return subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True)


def test_two_processes_share_a_folder(folder, place):
    both = [start(0.02, folder, place) for _ in range(2)]
    said = [process.communicate(timeout=60) for process in both]
    expected = str(load_images(folder, dim=(16, 16)).pixels.sum())
    assert [(out.strip(), err) for out, err in said] == [(expected, "")] * 2
    assert describe_cache(place).thumbnails[0][1] == N
    assert ask(place, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize(("side", "in_file"), [(16, False), (700, True)])
def test_what_a_killed_run_has_read_is_kept(folder, place, decoded, side, in_file):
    process = start(0.2, folder, place, side)
    kept, until = 0, time.monotonic() + 60
    while not kept and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
        if (place / "cache.sqlite").exists():
            kept = describe_cache(place).n_files
    process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    process.communicate(timeout=60)
    assert {path.name.split("-")[0] for path in place.iterdir()} == {"cache.sqlite"}
    kept = describe_cache(place).n_files
    assert 0 < kept < N
    images = load_images(
        folder,
        dim=(side, side),
        cache=open_cache(place),
        budget=Budget(34_000_000),
        download_dir=place,
    )
    assert len(decoded) == N - kept
    assert (held_bytes(images.pixels) == 0) == in_file
    np.testing.assert_array_equal(images.pixels, load_images(folder, dim=(side, side)).pixels)
    assert ask(place, "PRAGMA integrity_check") == [("ok",)]


def test_what_an_interrupted_run_has_read_is_kept(folder, place, monkeypatch):
    def interrupted(content, *options):
        if calls.append(content) or len(calls) > 5:
            raise KeyboardInterrupt
        return original(content, *options)

    calls, original = [], _cached_reader.decode
    monkeypatch.setattr(_cached_reader, "decode", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load_images(folder, n_jobs=1, cache=open_cache(place))
    assert describe_cache(place).n_files == 5


def test_a_cache_can_be_copied_and_pickled(folder, place, decoded):
    images = load_images(folder, cache=open_cache(place))
    for twin in (copy.deepcopy(images), pickle.loads(pickle.dumps(images))):  # noqa: S301
        np.testing.assert_array_equal(load_images(folder, cache=twin.cache).pixels, images.pixels)
    assert len(decoded) == N


# --- many -----------------------------------------------------------------------------------------


def test_what_is_known_is_looked_up_in_an_index_however_much_there_is(folder, place):
    images = load_images(folder, cache=open_cache(place))
    asked: list[tuple] = []
    with open_cache(place).session() as session:
        original = session._query
        session._query = lambda *query: asked.append(query) or original(*query)
        reader = _cached_reader.CachedReader(session, (128, 128), False)
        assert reader.read(str(folder / "00.jpg")).key == images.keys[0]
        session.rows(images.keys, {"a": 1})
        steps = [
            step[-1]
            for query, values in asked
            for step in original(f"EXPLAIN QUERY PLAN {query}", values)
        ]
    assert len(asked) >= 3 and len(steps) >= 4
    assert all(step.startswith("SEARCH") and "INDEX" in step for step in steps)


@pytest.mark.parametrize(("dim", "most"), [((16, 20), 64), ((1000, 1000), 1), ((300, 300), 15)])
def test_few_large_images_wait_to_be_written(place, monkeypatch, dim, most):
    with _cached_reader.cached_reader(open_cache(place), dim, False) as reader:
        kept = []
        monkeypatch.setattr(reader.session, "keep_files", lambda files, _: kept.append(files))
        for number in range(most):
            assert kept == []
            reader._waiting.append(number)
            reader._written = time.monotonic()
            reader.write()
    assert [len(read) for read in kept] == [most]


# --- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["pixels = zeroblob(length(pixels))", "width = 7", "crc = 0"])
def test_a_damaged_image_is_made_again(folder, place, decoded, change):
    plain = load_images(folder, cache=open_cache(place))
    for repaired in range(2):
        del decoded[:]
        if not repaired:
            ask(place, f"UPDATE thumbnails SET {change} WHERE key = '{plain.keys[4]}'")
        images = load_images(folder, cache=open_cache(place))
        assert len(decoded) == (0 if repaired else 1)
        np.testing.assert_array_equal(images.pixels, plain.pixels)
        assert images.status == plain.status


def no_database(path: Path) -> None:
    path.write_text("These are my notes, and no database at all.\n" * 99)


def another_program(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE recipes (cake)")
    connection.commit()
    connection.close()


def another_version(path: Path) -> None:
    assert open_cache(path.parent)
    ask(path.parent, "PRAGMA user_version = 99")


@pytest.mark.parametrize(
    "make, words",
    [
        (no_database, ["not a database", "clustimage cache clear", "--force"]),
        (another_program, ["of another program", "another 'dirpath'"]),
        (another_version, ["another version", "(99,", "clustimage cache clear"]),
    ],
)
def test_a_file_that_is_no_cache_of_this_version_is_left_as_it_is(
    folder, place, caplog, make, words
):
    place.mkdir()
    make(place / "cache.sqlite")
    before = (place / "cache.sqlite").read_bytes()
    with caplog.at_level(logging.WARNING, "clustimage"):
        for _ in range(2):
            assert open_cache(place) is None
    (record,) = caplog.records
    for word in (*words, str(place)):
        assert word in record.getMessage()
    assert (place / "cache.sqlite").read_bytes() == before
    assert [path.name for path in place.iterdir()] == ["cache.sqlite"]
    with pytest.raises(InvalidParameterError, match=words[0]):
        describe_cache(place)


def test_a_place_that_cannot_be_written_to_is_logged(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    with caplog.at_level(logging.WARNING, "clustimage"):
        assert open_cache(tmp_path / "file" / "below") is None
    (record,) = caplog.records
    assert "can be written to" in record.getMessage()


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere"
)
def test_a_read_only_folder_is_logged(folder, place, caplog):
    load_images(folder, cache=open_cache(place))
    (place / "cache.sqlite").chmod(0o444)
    place.chmod(0o555)
    try:
        assert open_cache(place) is None
    finally:
        place.chmod(0o755)
    assert "can be written to" in caplog.text


def test_a_full_disk_is_logged_once_and_the_work_goes_on(folder, place, caplog, monkeypatch):
    def connect(path, **options):
        connection = original(path, **options)
        connection.execute("PRAGMA max_page_count=11")
        return connection

    original, cache = _database._connect, open_cache(place)
    monkeypatch.setattr(_database, "_connect", connect)
    monkeypatch.setattr(_cached_reader, "IMAGES_PER_WRITE", 1)
    with caplog.at_level(logging.WARNING, "clustimage"):
        images = load_images(folder, cache=cache)
        again = load_images(folder, cache=cache)
    (record,) = caplog.records
    assert "full" in record.getMessage() and str(place) in record.getMessage()
    np.testing.assert_array_equal(images.pixels, load_images(folder).pixels)
    np.testing.assert_array_equal(again.pixels, images.pixels)
    assert ask(place, "PRAGMA integrity_check") == [("ok",)]


def test_a_real_full_disk_is_logged_once_and_the_work_goes_on(folder, small_disk, caplog, decoded):
    options = {"dim": (300, 300), "n_jobs": 2}
    plain = load_images(folder, **options)
    with caplog.at_level(logging.WARNING, "clustimage"):
        images = load_images(folder, **options, cache=open_cache(small_disk))
    (record,) = caplog.records
    assert "full" in record.getMessage() and str(small_disk) in record.getMessage()
    assert len(decoded) == N
    np.testing.assert_array_equal(images.pixels, plain.pixels)
    assert ask(small_disk, "PRAGMA integrity_check") == [("ok",)]


def test_pixels_that_do_not_fit_onto_the_disk_leave_the_cache_as_it_is(
    folder, small_disk, decoded, settled
):
    first = load_images(folder, dim=(16, 16), cache=open_cache(small_disk))
    options = {"cache": open_cache(small_disk), "download_dir": small_disk}
    with pytest.raises(DiskSpaceError, match="The pixels of 12 images take 17.6 MB of disk"):
        load_images(folder, dim=(700, 700), budget=Budget(34_000_000), **options)
    assert [path.name for path in small_disk.iterdir()] == ["cache.sqlite"]
    second = load_images(folder, dim=(16, 16), **options)
    assert len(decoded) == N
    np.testing.assert_array_equal(second.pixels, first.pixels)


def test_a_file_that_breaks_while_it_is_used_is_logged_once(folder, place, caplog):
    cache = open_cache(place)
    load_images(folder, cache=cache)
    size = (place / "cache.sqlite").stat().st_size
    (place / "cache.sqlite").write_bytes(b"x" * size)
    with caplog.at_level(logging.WARNING, "clustimage"):
        for _ in range(2):
            images = load_images(folder, cache=cache)
    (record,) = caplog.records
    assert "--force" in record.getMessage()
    np.testing.assert_array_equal(images.pixels, load_images(folder).pixels)


# --- described and removed ------------------------------------------------------------------------


def test_clear_removes_the_cache_and_nothing_else(folder):
    load_images(folder, cache=open_cache(folder))
    before = describe_cache(folder)
    assert before.path == folder / "cache.sqlite"
    assert (before.n_files, before.thumbnails[0][1], before.rows, before.fits) == (N, N, [], [])
    assert before.n_bytes == (folder / "cache.sqlite").stat().st_size
    (folder / "cache.sqlite.txt").write_text("mine")
    assert clear_cache(folder) == before.n_bytes
    assert len(list(folder.iterdir())) == N + 1
    for question in (clear_cache, describe_cache):
        with pytest.raises(InvalidParameterError, match=r"There is no cache\.sqlite in "):
            question(folder)


def test_clear_refuses_while_another_run_uses_it(folder, place):
    cache = open_cache(place)
    with cache.session() as session:
        assert session.rows(["k"], {}) == {}
        with pytest.raises(InvalidParameterError, match="another run may use it"):
            clear_cache(place)
    assert clear_cache(place) > 0


@pytest.mark.parametrize("make", [no_database, another_program])
def test_clear_leaves_what_is_not_ours_unless_forced(place, make):
    place.mkdir()
    make(place / "cache.sqlite")
    with pytest.raises(InvalidParameterError, match="--force removes it"):
        clear_cache(place)
    assert (place / "cache.sqlite").exists()
    clear_cache(place, force=True)
    assert list(place.iterdir()) == []


def test_clear_removes_a_cache_of_another_version(place):
    place.mkdir()
    another_version(place / "cache.sqlite")
    assert clear_cache(place) > 0
    assert open_cache(place) is not None

"""Pixels in memory or in a file: decided by arithmetic, equal bit by bit, as planned."""

from __future__ import annotations

import copy
import logging
import math
import pickle
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from clustimage._core import file_arrays
from clustimage._core.errors import DiskSpaceError, MemoryLimitError
from clustimage._core.file_arrays import held_bytes
from clustimage._core.memory import Budget, make_budget
from clustimage._core.parallel import run_ordered
from clustimage.images import (
    Frame,
    Images,
    _storage,
    describe_cache,
    imread,
    load_images,
    open_cache,
    plan_images,
)
from clustimage.images._storage import (
    choose_storage,
    decoding_options,
    images_waiting,
    scaling_options,
)

SHAPE = (128, 128, 3)
SIZE = math.prod(SHAPE)


def same(one: Images, other: Images) -> None:
    """Compare all that stage 1 hands on."""
    np.testing.assert_array_equal(one.pixels, other.pixels)
    assert one.status == other.status and one.white == other.white and one.keys == other.keys
    for name in ("pathnames", "filenames", "url"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist()


def in_file(images: Images) -> bool:
    assert type(images.pixels) is type(images.flat) is np.ndarray
    assert images.pixels.flags.c_contiguous and np.shares_memory(images.flat, images.pixels)
    assert held_bytes(images.flat) == held_bytes(images.pixels)
    return held_bytes(images.pixels) == 0


# --- the same bits --------------------------------------------------------------------------------


def photos_as_arrays(paths: list[str]) -> np.ndarray:
    return np.stack([imread(path, dim=(60, 40), flatten=False) for path in paths])


INPUTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "files": (lambda paths: paths, {}),
    "files in gray": (lambda paths: paths, {"grayscale": True}),
    "files, some missing": (lambda paths: [*paths[:150], "nowhere.png", *paths[150:]], {}),
    "pictures": (lambda paths: [Image.open(path) for path in paths], {}),
    "rows": (lambda paths: photos_as_arrays(paths).reshape(len(paths), -1), {"dim": (60, 40)}),
    "rows of floats": (
        lambda paths: photos_as_arrays(paths).reshape(len(paths), -1) / 255,
        {"dim": (60, 40), "grayscale": True},
    ),
    "a table": (
        lambda paths: pd.DataFrame(photos_as_arrays(paths).reshape(len(paths), -1)),
        {"dim": (60, 40)},
    ),
    "rows in a list": (
        lambda paths: list(photos_as_arrays(paths).reshape(len(paths), -1)),
        {"dim": (60, 40)},
    ),
    "a stack": (lambda paths: photos_as_arrays(paths)[..., ::-1], {"dim": (60, 40)}),
    "a stack to resize": (photos_as_arrays, {}),
    "arrays in a list": (lambda paths: list(photos_as_arrays(paths)), {}),
    "new images": (lambda paths: paths, {"shape": (100, 90, 1)}),
    "new rows": (
        lambda paths: photos_as_arrays(paths).reshape(len(paths), -1),
        {"shape": (60, 40, 3), "white": 200.0},
    ),
}


@pytest.mark.parametrize("name", sorted(INPUTS))
def test_pixels_in_a_file_are_those_in_memory(corel, tmp_path, monkeypatch, name):
    monkeypatch.setattr(_storage, "WINDOW", 1 << 16)
    monkeypatch.setattr(file_arrays, "WINDOW", 1 << 16)
    make, options = INPUTS[name]
    given = make(corel[0])
    plain = load_images(given, **options)
    budget = Budget(2 * plain.pixels.nbytes - 1)
    mapped = load_images(given, **options, budget=budget, download_dir=tmp_path)
    assert in_file(mapped) and not in_file(plain)
    assert list(tmp_path.iterdir()) == []
    same(mapped, plain)
    inside = load_images(given, **options, budget=Budget(10**9), download_dir=tmp_path)
    assert not in_file(inside)
    same(inside, plain)


def test_pixels_in_a_file_go_through_the_cache(corel, tmp_path):
    plain = load_images(corel[0])
    budget = Budget(19_000_000)
    for _ in range(2):
        cache = open_cache(tmp_path)
        images = load_images(corel[0], budget=budget, download_dir=tmp_path, cache=cache)
        assert in_file(images)
        np.testing.assert_array_equal(images.pixels, plain.pixels)
        assert images.status == plain.status
    assert describe_cache(tmp_path).thumbnails[0][1] == 200
    assert [path.name for path in tmp_path.iterdir()] == ["cache.sqlite"]


@pytest.mark.parametrize("at_once", [1, 3000, 10**9])
def test_the_size_of_a_block_changes_nothing(corel, at_once):
    from clustimage.images.reading._arrays import check_values, rows_to_pixels

    stack = photos_as_arrays(corel[0][:20])
    for rows in (stack, stack / 3.0):
        for white, channels in ((None, 3), (None, 1), (50.0, 1)):
            options = {"white": white, "tops": check_values(rows)}
            found, expected = np.empty((2, len(rows), 60, 40, channels), dtype=np.uint8)
            rows_to_pixels(rows, (60, 40, 3), channels, **options, out=expected, at_once=1 << 17)
            rows_to_pixels(rows, (60, 40, 3), channels, **options, out=found, at_once=at_once)
            np.testing.assert_array_equal(found, expected)


def test_copies_of_images_in_a_file_are_whole(corel, tmp_path):
    images = load_images(corel[0][:40], budget=Budget(3_900_000), n_jobs=1, download_dir=tmp_path)
    assert in_file(images)
    for twin in (copy.deepcopy(images), pickle.loads(pickle.dumps(images))):  # noqa: S301
        same(twin, images)
        assert not in_file(twin)


def test_frames_of_pixels_in_a_file_give_their_pages_back(tmp_path, monkeypatch):
    rows = np.broadcast_to(np.arange(256, dtype=np.uint8), (64, 256)).reshape(64, -1)
    rows = np.tile(rows, (1, 256))
    plain = load_images(rows, dim=(256, 256))
    mapped = load_images(rows, dim=(256, 256), budget=Budget(6_000_000), download_dir=tmp_path)
    assert in_file(mapped) and mapped.sources is None
    given_back = []
    monkeypatch.setattr(
        "clustimage.images.reading._frames.forget", lambda part: given_back.append(part)
    )
    order = [5, 3, 60, 2]
    found = [batch for _, batch in mapped.batches(Frame((20, 20)), size=2, positions=order)]
    expected = [batch for _, batch in plain.batches(Frame((20, 20)), size=2, positions=order)]
    np.testing.assert_array_equal(found, expected)
    assert [len(part) for part in given_back[:2]] == [3, 59]


# --- what it takes --------------------------------------------------------------------------------

SCRIPT = """
import sys
import numpy as np
from clustimage._core.memory import Budget
from clustimage.images import load_images, open_cache
from clustimage._core.file_arrays import held_bytes

def held():
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024

road, place, paths = sys.argv[1], sys.argv[2], sys.argv[3:]
row = np.tile(np.arange(256, dtype=np.uint8), 192)
X = paths * (3000 // len(paths)) if road != "rows" else np.broadcast_to(row, (3000, 49152))
cache = open_cache(place) if road == "cache" else None
load_images(X[:60], n_jobs=2, cache=cache)
before = held()
budget = Budget(20_000_000)
images = load_images(X, n_jobs=2, budget=budget, download_dir=place, cache=cache)
assert images.pixels.shape == (3000, 128, 128, 3) and held_bytes(images.pixels) == 0
assert images.pixels[2999].any()
print(held() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system tells no peak")
@pytest.mark.parametrize("road", ["files", "cache", "rows"])
def test_the_peak_of_memory_stays_within_the_budget(tmp_path, road):
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{number}.png" for number in range(100)]
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)).save(path)
    words = [sys.executable, "-c", SCRIPT, road, str(tmp_path / "work"), *map(str, paths)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    assert int(done.stdout) < 22_000_000  # of 147,456,000 bytes of pixels, and Python's own


def test_no_more_results_wait_than_are_counted():
    for n_images in (1, 5, 40, 200, 1000):
        for workers in (1, 2, 3, 8):
            lock, there, most = threading.Lock(), [0], [0]

            def make(item: int, lock=lock, there=there, most=most) -> int:
                with lock:
                    there[0] += 1
                    most[0] = max(most[0], there[0])
                return item

            for _ in run_ordered(make, range(n_images), n_jobs=workers):
                with lock:
                    there[0] -= 1
            assert most[0] <= images_waiting(n_images, min(workers, n_images))


# --- the decision ---------------------------------------------------------------------------------


def test_half_of_what_is_left_is_the_limit():
    options = decoding_options(1000, SHAPE, n_jobs=2)
    least = 2 * 1000 * SIZE
    assert not choose_storage(1000, SHAPE, Budget(least), options).in_file
    assert choose_storage(1000, SHAPE, Budget(least - 1), options).in_file
    assert choose_storage(1000, SHAPE, Budget(10**9, held=10**9 - least + 1), options).in_file
    assert not choose_storage(10**6, SHAPE, None, options).in_file


@pytest.mark.parametrize(
    "options",
    [
        decoding_options(1000, SHAPE, n_jobs=32),
        decoding_options(1000, SHAPE, n_jobs=8, cached=True),
        decoding_options(3, SHAPE, n_jobs=8, original=10**6),
        scaling_options(1000, 12),
        scaling_options(1000, 10**6),
        scaling_options(1, 12),
    ],
)
def test_the_fastest_way_that_fits_is_taken(options):
    sizes = [option.n_bytes for option in options]
    assert sizes[-1] == min(sizes)
    for size in sizes:
        storage = choose_storage(10**7, SHAPE, Budget(size), options)
        assert storage.in_file
        assert storage.option == next(option for option in options if option.n_bytes <= size)
    with pytest.raises(MemoryLimitError, match="Reading images of 128 x 128 pixels takes about"):
        choose_storage(10**7, SHAPE, Budget(sizes[-1] - 1), options)


def test_few_pixels_go_into_a_file_too_where_the_work_takes_the_rest():
    options = [_storage.ReadOption(1, 8 * SIZE)]
    assert not choose_storage(1, SHAPE, Budget(9 * SIZE), options).in_file
    assert choose_storage(1, SHAPE, Budget(9 * SIZE - 1), options).in_file


@pytest.mark.parametrize("X", [[np.ones((5, 5, 3))] * 40, np.ones((40, 5, 5, 3))])
def test_a_budget_for_not_even_one_block_tells_the_least_that_works(X, tmp_path, caplog):
    with pytest.raises(MemoryLimitError, match="'dim'") as error:
        load_images(X, dim=(200, 200), budget=Budget(100_000), download_dir=tmp_path)
    least = re.search(r"Give max_memory='([^']+)'", str(error.value))[1]
    with caplog.at_level(logging.INFO, "clustimage"):
        images = load_images(
            X, dim=(200, 200), n_jobs=4, budget=make_budget(least), download_dir=tmp_path
        )
    assert in_file(images)
    same(images, load_images(X, dim=(200, 200)))
    assert "Reading with 1 of 4 workers, to stay within max_memory=" in caplog.text


def test_rows_that_do_not_fit_even_one_by_one_are_refused():
    with pytest.raises(MemoryLimitError, match="Reading images of 100 x 100 pixels takes about"):
        load_images(np.ones((9, 10_000)), budget=Budget(100_000))


def test_a_file_is_told_once_with_the_numbers(tmp_path, caplog):
    with caplog.at_level(logging.INFO, "clustimage"):
        load_images(np.ones((100, 100, 100, 3)), dim=(100, 100), budget=Budget(5_900_000))
        (record,) = caplog.records
        caplog.clear()
        load_images(np.ones((100, 100, 100, 3)), dim=(100, 100), budget=Budget(50_000_000))
    message = record.getMessage()
    for word in ("into a file in /", "3.0 MB of pixels are more than half of the 5.9 MB", "5.9 MB"):
        assert word in message
    assert not caplog.records


# --- the plan -------------------------------------------------------------------------------------


@pytest.mark.parametrize("total", [50_000, 300_000, 900_000, 1_999_999, 2_000_000, 10**8, None])
def test_the_plan_is_what_happens(tmp_path, total):
    X = [np.full((9, 9), number + 1.0) for number in range(100)]
    budget = None if total is None else Budget(total)
    step = plan_images(100, (100, 100, 1), budget, None, n_jobs=2)
    options = {"dim": (100, 100), "n_jobs": 2, "budget": budget}
    if step.problem:
        with pytest.raises(MemoryLimitError):
            load_images(X, **options)
        return
    images = load_images(X, **options)
    assert in_file(images) == ("in a file in /" in step.what)
    assert in_file(images) == (step.on_disk == images.pixels.nbytes)
    assert (step.kept >= images.pixels.nbytes) == (not in_file(images))
    assert step.stage == "import_data" and step.peak > step.kept
    assert "100 images of 100 x 100 pixels gray" in step.what


def test_a_plan_counts_the_cache_and_the_room_on_the_disk(tmp_path, monkeypatch):
    n_bytes = 60_000 * SIZE
    step = plan_images(60_000, SHAPE, Budget(10**9), tmp_path)
    assert step.on_disk == 2 * n_bytes and step.kept < 100_000_000 and step.problem == ""
    assert "2.9 GB of pixels are more than half of the 1.0 GB that are left" in step.why
    monkeypatch.setattr(_storage, "free_bytes", lambda folder: 10**9)
    step = plan_images(60_000, SHAPE, Budget(10**9), tmp_path)
    assert "5.9 GB of files do not fit into" in step.problem and "1.0 GB are free" in step.problem
    monkeypatch.setattr(_storage, "lies_in_memory", lambda folder: True)
    assert "tmpfs" in plan_images(60_000, SHAPE, Budget(10**9), tmp_path).why
    assert list(tmp_path.iterdir()) == []


# --- a full disk ----------------------------------------------------------------------------------


def test_a_full_disk_is_an_error_before_anything_is_read(tmp_path, monkeypatch):
    cache = open_cache(tmp_path)
    monkeypatch.setattr(file_arrays, "free_bytes", lambda folder: 1_000_000)
    monkeypatch.setattr("clustimage.images._loading.run_ordered", None)
    X = [np.ones((5, 5, 3))] * 400
    with pytest.raises(DiskSpaceError, match="The pixels of 400 images take 19.7 MB of disk in"):
        load_images(X, n_jobs=1, budget=Budget(2 * 10**7), download_dir=tmp_path, cache=cache)
    assert [path.name for path in tmp_path.iterdir()] == ["cache.sqlite"]

"""Workers, schedulers, stores, files and photos that fail: nothing is lost, and nothing doubled.

Those that take long are marked with ``torture``.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from itertools import cycle, repeat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clustimage import Clustimage, EngineError, ImageReadError, StoreError, TransientStoreError
from clustimage.distributed import _engine
from clustimage.distributed._engine import WorkerDied
from clustimage.distributed._partitions import Listed, list_images, partitions_of
from clustimage.distributed._parts import (
    DamagedPartError,
    matrix_of,
    part_summary,
    read_part,
    write_part,
)
from clustimage.distributed._reading import ReadTask, read_partition
from clustimage.distributed._run import _read_in_pieces
from clustimage.distributed._run_settings import ReadSettings

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
distributed = pytest.importorskip("distributed", reason="distributed is not installed")

HOME = Path(__file__).resolve().parents[2]
N = 120
PARTITION = 10
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals of this kind")

READ = "clustimage.distributed._reading.load_images"
PHASES = {
    "reading": READ,
    "between sample and part": "clustimage.distributed._reading.write_part",
    "adding up": "clustimage.distributed._components.pixels_of",
    "projecting": "clustimage.distributed._components.matrix_column",
    "assigning": "clustimage.distributed._assigning.read_rows",
    "after assigning": "clustimage.distributed._assigning.write_part",
}
SCRIPT = """
import signal, sys
from clustimage import Clustimage
signal.signal(signal.SIGINT, signal.default_int_handler)  # a program in the background ignores it
def run():
    options = {{"partition_size": {partition}, "sample_size": 100}}
    model = Clustimage(method="pca", embedding="pca", dim=(16, 16), engine=sys.argv[1], n_jobs=2,
                       dirpath=sys.argv[3], params_engine=options, verbose="silent")
    model.fit_transform(sys.argv[2])
{guard}
    run()
"""


def make_photos(folder: Path) -> Path:
    """Write small images of four kinds."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(N):
        image = rng.normal(60, 12, (24, 24, 3))
        image[:, :, number % 3] += 120
        image[:12, :, (number + 1) % 3] += 80 * (number % 4 == 0)
        picture = Image.fromarray(np.clip(image, 0, 255).astype(np.uint8))
        picture.save(folder / f"{number:03d}.png")
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    return make_photos(tmp_path_factory.mktemp("faults") / "photos")


@pytest.fixture(scope="module")
def client(faulty_store):
    """The workers of engine="local", whose store is the faulty one."""
    with _engine._local_client(distributed, 2, None) as client:
        yield client


def run(engine, source, folder, **options) -> Clustimage:
    """Cluster the photos on an engine."""
    settings = {"method": "pca", "embedding": "pca", "dim": (16, 16), "verbose": "silent"}
    sizes = {"partition_size": PARTITION, "sample_size": 100}
    settings = {**settings, "engine": engine, "params_engine": sizes, **options}
    model = Clustimage(dirpath=str(folder), **settings)
    model.fit_transform(str(source))
    return model


def rows_of(model: Clustimage, names: str = "filename"):
    """Return the rows of the result, by name."""
    if model.dataset_.startswith("s3://"):
        import s3fs

        table = pq.read_table(model.dataset_[5:], filesystem=s3fs.S3FileSystem())
    else:
        table = pq.read_table(model.dataset_)
    return table.drop_columns(["pathname"]).sort_by(names)


@pytest.fixture(scope="module")
def undisturbed(client, photos, tmp_path_factory):
    """The rows of a run in which nothing fails."""
    rows = rows_of(run(client, photos, tmp_path_factory.mktemp("undisturbed")))
    assert rows["filename"].to_pylist() == [f"{number:03d}.png" for number in range(N)]
    assert len(set(rows["label"].to_pylist())) > 2
    return rows


def made(folder: Path) -> dict[Path, int]:
    """Return the parts that are there, and when they were written."""
    return {
        path: path.stat().st_mtime_ns
        for path in (folder / "work").rglob("[!.]*.parquet")
        if path.parent.name == "images"
    }


def wait_for(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


class Patch(distributed.WorkerPlugin):
    """Replaces a function on all workers, also on those that start later."""

    def __init__(self, where: str, instead) -> None:
        self.module, _, self.name = where.rpartition(".")
        self.instead = instead

    def setup(self, worker) -> None:
        module = importlib.import_module(self.module)
        self.before = getattr(module, self.name)
        setattr(module, self.name, partial(self.instead, self.before))

    def teardown(self, worker) -> None:
        setattr(importlib.import_module(self.module), self.name, self.before)


@contextmanager
def on_workers(client, where: str, instead):
    """Replace a function on all workers for a while: it is given the one before."""
    import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    client.register_plugin(Patch(where, instead), name=where)
    yield
    client.unregister_worker_plugin(where)


def dies_once(before, *args, marker: Path, **options):
    """Do what the function does, and kill the process the first time."""
    done = before(*args, **options)
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return done
    os.kill(os.getpid(), signal.SIGKILL)
    return None


def is_slow(before, *args, **options):
    time.sleep(0.3)
    return before(*args, **options)


@pytest.mark.parametrize(
    "phases",
    [
        ("reading", "adding up", "assigning"),
        *(pytest.param((phase,), marks=pytest.mark.torture) for phase in PHASES),
    ],
    ids=", ".join,
)
def test_a_worker_that_is_killed_in_a_phase_changes_nothing(
    client, photos, undisturbed, tmp_path, phases
):
    with ExitStack() as stack:
        for phase in phases:
            instead = partial(dies_once, marker=tmp_path / phase)
            stack.enter_context(on_workers(client, PHASES[phase], instead))
        rows = rows_of(run(client, photos, tmp_path / "out"))
    assert all((tmp_path / phase).exists() for phase in phases)
    assert rows.equals(undisturbed)


@pytest.mark.torture
def test_a_worker_that_is_killed_between_the_passes_over_many_columns_changes_nothing(
    client, photos, tmp_path
):
    options = {"dim": (30, 30)}
    rows = rows_of(run(client, photos, tmp_path / "one", **options))
    instead = partial(dies_once, marker=tmp_path / "killed")
    with on_workers(client, "clustimage.distributed._components.apply_covariance", instead):
        again = rows_of(run(client, photos, tmp_path / "two", **options))
    assert (tmp_path / "killed").exists()
    assert again.equals(rows)


@pytest.mark.torture
def test_all_workers_killed_at_once_change_nothing(client, photos, undisturbed, tmp_path):
    def kill_all() -> None:
        wait_for(lambda: made(tmp_path))
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

    client.wait_for_workers(2)
    pids = client.run(os.getpid).values()
    killer = threading.Thread(target=kill_all)
    with on_workers(client, READ, is_slow):
        killer.start()
        rows = rows_of(run(client, photos, tmp_path))
    killer.join()
    assert set(client.run(os.getpid).values()).isdisjoint(pids)
    assert rows.equals(undisturbed)


@contextmanager
def process(*words: str, **options):
    """Start a program of Python, and kill it in the end."""
    environment = {**os.environ, "PYTHONPATH": str(HOME), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen([sys.executable, *words], env=environment, **options) as started:
        try:
            yield started
        finally:
            started.kill()


def script(folder: Path, *, guard: bool = True) -> str:
    path = folder / "script.py"
    lines = SCRIPT.format(partition=PARTITION, guard="if __name__ == '__main__':" * guard)
    path.write_text(lines if guard else lines.replace("\n    run()", "\nrun()"))
    return str(path)


@pytest.mark.torture
def test_a_client_that_is_killed_is_started_again_and_goes_on(
    client, photos, undisturbed, tmp_path
):
    words = [script(tmp_path), client.scheduler.address, str(photos), str(tmp_path)]
    with on_workers(client, READ, is_slow), process(*words) as started:
        wait_for(lambda: made(tmp_path) or started.poll() is not None)
        started.kill()
    wait_for(lambda: not any(client.processing().values()))
    before = made(tmp_path)
    assert 0 < len(before) < 2 * N / PARTITION
    rows = rows_of(run(client, photos, tmp_path))
    assert before.items() <= made(tmp_path).items()
    assert rows.equals(undisturbed)


@pytest.mark.torture
def test_a_cluster_without_workers_and_a_scheduler_that_is_killed_are_named(
    client, photos, undisturbed, tmp_path, monkeypatch
):
    found = tmp_path / "scheduler.json"
    halted = tmp_path / "halted.py"
    halted.write_text("import sys\nsys.modules['clustimage'] = None")
    words = ["-m", "distributed.cli.dask_scheduler", "--port", "0", "--dashboard-address", ":0"]
    worker = ["-m", "distributed.cli.dask_worker", "--no-nanny", "--nthreads", "1"]
    worker += ["--scheduler-file", str(found), "--dashboard-address", ":0"]
    out = tmp_path / "out"
    with process(*words, "--scheduler-file", str(found)) as scheduler:
        wait_for(found.exists)
        address = json.loads(found.read_text())["address"]
        monkeypatch.setattr(_engine, "SECONDS_TO_ANSWER", 1)
        with pytest.raises(EngineError, match=f"{address} has no worker.*dask worker {address}"):
            run(address, photos, out)
        monkeypatch.setattr(_engine, "SECONDS_TO_ANSWER", 20)
        refused = pytest.raises(EngineError, match="cannot import clustimage.*Install clustimage==")
        with process(*worker, "--preload", str(halted)), refused:
            run(address, photos, out)
        monkeypatch.setattr(_engine, "SECONDS_TO_ANSWER", 5)
        for dies, words in (("worker", "has no worker any more"), ("scheduler", "is lost")):
            n_before = len(made(out))
            with process(*worker) as started:

                def kill(dying=scheduler if dies == "scheduler" else started, n=n_before) -> None:
                    wait_for(lambda: len(made(out)) > n)
                    dying.kill()

                with distributed.Client(address, set_as_default=False) as other:
                    other.wait_for_workers(1)
                    other.register_plugin(Patch(READ, is_slow))
                killer = threading.Thread(target=kill)
                killer.start()
                begun = time.monotonic()
                with pytest.raises(EngineError, match=f"{address} {words}.*goes on from there"):
                    run(address, photos, out)
                assert time.monotonic() - begun < 60
                killer.join()
    before = made(out)
    assert 2 <= len(before) < 2 * N / PARTITION
    rows = rows_of(run(client, photos, out))
    assert before.items() <= made(out).items()
    assert rows.equals(undisturbed)


def test_an_address_that_is_none_is_named(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(_engine, "SECONDS_TO_ANSWER", 0.5)
    for address in ("tcp://127.0.0.1:1", "tcp://no-such-host.invalid:8786", "nonsense://a:1"):
        with pytest.raises(EngineError, match=f"No scheduler answers at '{address}'"):
            run(address, photos, tmp_path)


def test_a_worker_of_another_version_is_refused(client, photos, tmp_path):
    def other(before) -> str:
        return "0.0.1"

    words = "The worker at tcp.* has clustimage 0.0.1, and this is .* the same version on both"
    where = "clustimage.distributed._engine.worker_version"
    with on_workers(client, where, other), pytest.raises(EngineError, match=words):
        run(client, photos, tmp_path)


@pytest.fixture(scope="module")
def bucket(faulty_store, photos):
    """The photos in the store, and what goes wrong with it."""
    store, faults = faulty_store
    for path in photos.iterdir():
        store.put(f"photos/{path.name}", path.read_bytes())
    return store, faults


@pytest.fixture(scope="module")
def undisturbed_in_store(client, bucket):
    """The rows of a run in which nothing fails; other photos are in the sample than of a folder."""
    store, _ = bucket
    return rows_of(run(client, f"{store.url}/photos", f"{store.url}/undisturbed"))


def in_store(store, prefix: str) -> dict[str, str]:
    """Return when the parts below a prefix were written."""
    pages = store.client.get_paginator("list_objects_v2").paginate(
        Bucket=store.bucket, Prefix=f"{prefix}/work/images/"
    )
    listed = (item for page in pages for item in page.get("Contents", ()))
    return {item["Key"]: str(item["LastModified"]) for item in listed}


def test_a_store_that_fails_now_and_then_changes_nothing(client, bucket, undisturbed_in_store):
    store, faults = bucket
    client.run(quick_pauses)
    faults.on = ""
    faults.plan = cycle(
        [*repeat("", 12), "SlowDown", *repeat("", 6), "cut", "", "reset", "InternalError"]
    )
    rows = rows_of(run(client, f"{store.url}/photos", f"{store.url}/now-and-then"))
    faults.plan = iter(())
    assert rows.equals(undisturbed_in_store)


def fetched(dask_worker) -> list[str]:
    """Return the folders of fetched images that there are for a worker, and for the one before."""
    return [str(path) for path in Path(dask_worker.local_directory).parent.rglob("clustimage-*")]


@pytest.mark.torture
def test_nothing_is_left_of_what_a_killed_worker_had_fetched(
    client, bucket, undisturbed_in_store, tmp_path
):
    store, _ = bucket

    def dies_before(before, *args, **options):
        if not (tmp_path / "fetched").exists():
            (tmp_path / "fetched").write_text("\n".join(fetched(distributed.get_worker())))
            os.kill(os.getpid(), signal.SIGKILL)
        return before(*args, **options)

    with on_workers(client, READ, dies_before):
        rows = rows_of(run(client, f"{store.url}/photos", f"{store.url}/killed"))
    assert "clustimage-" in (tmp_path / "fetched").read_text()
    client.wait_for_workers(2)
    assert set(map(tuple, client.run(fetched).values())) == {()}
    assert rows.equals(undisturbed_in_store)


@pytest.mark.torture
def test_an_answer_that_does_not_come_changes_nothing(client, bucket, undisturbed_in_store):
    store, faults = bucket
    faults.on, faults.plan = f"GET /{store.bucket}/photos/05", iter(["", "slow"])
    rows = rows_of(run(client, f"{store.url}/photos", f"{store.url}/slow"))
    assert rows.equals(undisturbed_in_store)


def quick_pauses() -> None:
    from clustimage._core import object_store

    object_store.FIRST_PAUSE = 0.001


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        pytest.param(
            "cut", TransientStoreError, "{url} cannot be read now", marks=pytest.mark.torture
        ),
        ("SlowDown", TransientStoreError, "{url} cannot be read now.*503.*Try again later"),
        pytest.param(
            "ExpiredToken",
            StoreError,
            "credentials for {url} have expired.*Renew",
            marks=pytest.mark.torture,
        ),
    ],
)
def test_a_store_that_stays_broken_is_an_error_and_no_row(
    client, bucket, undisturbed_in_store, fault, error, words
):
    store, faults = bucket
    client.run(quick_pauses)
    faults.on, faults.plan = f"GET /{store.bucket}/photos/077.png", repeat(fault)
    out = f"{store.url}/{fault}"
    with pytest.raises(error, match=words.format(url=f"{store.url}/photos/077.png")):
        run(client, f"{store.url}/photos", out)
    faults.plan = iter(())
    wait_for(lambda: not any(client.processing().values()))
    before = in_store(store, fault)
    assert before
    rows = rows_of(run(client, f"{store.url}/photos", out))
    assert before.items() <= in_store(store, fault).items()
    assert rows.equals(undisturbed_in_store)


def test_a_photo_that_goes_after_it_was_listed_is_a_row_with_the_reason(client, bucket):
    store, faults = bucket

    def remove_one():
        store.client.delete_object(Bucket=store.bucket, Key="photos/119.png")
        yield from repeat("")

    content = store.client.get_object(Bucket=store.bucket, Key="photos/119.png")["Body"].read()
    faults.on, faults.plan = f"GET /{store.bucket}/photos/000.png", remove_one()
    rows = rows_of(run(client, f"{store.url}/photos", f"{store.url}/gone")).to_pylist()
    store.put("photos/119.png", content)
    *others, lost = rows
    assert len(rows) == N
    assert {row["status"] for row in others} == {"ok"}
    assert (lost["status"], lost["label"]) == ("skipped", None)
    assert lost["reason"].startswith(f"There is nothing at {store.url}/photos/119.png")


def test_a_bucket_that_is_none_and_one_that_may_not_be_written_are_named(client, bucket, photos):
    store, faults = bucket
    with pytest.raises(StoreError, match="There is no bucket 'none-such'"):
        run(client, "s3://none-such/photos", f"{store.url}/none-such")
    faults.on, faults.plan = f"PUT /{store.bucket}/closed", repeat("AccessDenied")
    with pytest.raises(StoreError, match=f"{store.url}/closed/.* may not be written"):
        run(client, photos, f"{store.url}/closed")
    faults.on, faults.plan = f"PUT /{store.bucket}/half/labels", repeat("AccessDenied")
    with pytest.raises(StoreError, match=f"{store.url}/half/labels.* may not be written"):
        run(client, photos, f"{store.url}/half")
    faults.plan = iter(())


def flip(path: Path, part: float) -> None:
    """Change one byte."""
    content = bytearray(path.read_bytes())
    content[int(len(content) * part)] ^= 0xFF
    path.write_bytes(content)


def test_damaged_parts_are_made_again(client, photos, undisturbed, tmp_path):
    def of(number: int, end: str) -> Path:
        return sorted(path for path in parts if path.name.endswith(end))[number]

    model = run(client, photos, tmp_path)
    parts = {path: path.read_bytes() for path in made(tmp_path)}
    shutil.rmtree(model.dataset_)
    flip(of(0, ".sample.parquet"), 0.3)
    pixels = sorted(path for path in parts if len(path.stem) == 20)
    flip(pixels[3], 0.3)
    pixels[5].write_bytes(parts[pixels[5]][:-40])
    features = sorted(path for path in parts if path.name.startswith("features-"))
    flip(features[2], 0.05)
    features[4].write_bytes(parts[features[4]][:100])
    features[6].unlink()
    rows = rows_of(run(client, photos, tmp_path))
    assert rows.equals(undisturbed)
    assert {path: path.read_bytes() for path in made(tmp_path)} == parts


def test_a_part_with_any_changed_byte_is_noticed_or_as_good_as_before(tmp_path):
    url = str(tmp_path / "part.parquet")
    numbers = np.arange(40, dtype=np.int32)
    table = pa.table({"pathname": [f"/{n}.jpg" for n in numbers], "row": numbers})
    summary = {"n": 40, "n_read": 40, "skipped": []}
    write_part(url, table, summary)
    content = Path(url).read_bytes()
    n_noticed = 0
    for at in range(0, len(content), 3):
        changed = bytearray(content)
        changed[at] ^= 0x11
        Path(url).write_bytes(changed)
        assert part_summary(url) in (None, summary)
        try:
            assert read_part(url).equals(table)
        except DamagedPartError:
            n_noticed += 1
    assert n_noticed > len(content) / 6


def is_deadly(before, inputs, **options):
    """Kill the process that reads a certain photo."""
    if any("deadly" in str(path) for path in inputs):
        os.kill(os.getpid(), signal.SIGKILL)
    return before(inputs, **options)


def takes_too_much(before, inputs, **options):
    """Take memory without end for a certain photo."""
    taken = []
    while any("deadly" in str(path) for path in inputs):
        taken.append(np.ones(2_000_000))
        time.sleep(0.01)
    return before(inputs, **options)


def lost_to(client, photos, folder, instead) -> None:
    """Read photos of which one kills workers; the second time none does."""
    source = shutil.copytree(photos, folder / "photos")
    (source / "033.png").rename(source / "033-deadly.png")
    with on_workers(client, READ, instead):
        rows = rows_of(run(client, source, folder)).to_pylist()
        lost = [row for row in rows if row["status"] != "ok"]
        assert [row["filename"] for row in lost] == ["033-deadly.png"]
        assert lost[0]["reason"].startswith("the worker that read it died")
        assert [row["filename"] for row in rows if row["status"] == "ok"] == [
            path.name for path in sorted(photos.iterdir()) if path.name != "033.png"
        ]
        client.wait_for_workers(2)
        before, pids = made(folder), client.run(os.getpid)
        assert rows_of(run(client, source, folder)).to_pylist() == rows
        assert made(folder) == before
        assert client.run(os.getpid) == pids


@pytest.mark.torture
def test_a_photo_that_kills_its_worker_is_a_row_with_the_reason(client, photos, tmp_path):
    def allow(dask_scheduler, n: int) -> int:
        before, dask_scheduler.allowed_failures = dask_scheduler.allowed_failures, n
        return before

    before = client.run_on_scheduler(allow, n=0)
    lost_to(client, photos, tmp_path, is_deadly)
    client.run_on_scheduler(allow, n=before)


@pytest.mark.torture
def test_a_photo_that_takes_too_much_memory_is_a_row_with_the_reason(photos, tmp_path):
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit="700 MiB"
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        lost_to(client, photos, tmp_path, takes_too_much)


class DeadlyEngine:
    """An engine whose workers die of certain images, by their numbers in the partition."""

    def __init__(self, n: int, *deadly: int) -> None:
        self.n, self.deadly = n, deadly

    def map(self, function, items, **words):
        for item in items:
            known = function is not read_partition or part_summary(item.url)
            stop = None if known else item.stop or self.n
            if not known and any(item.start <= number < stop for number in self.deadly):
                yield item, WorkerDied()
            else:
                yield item, function(item)


@pytest.mark.parametrize("sample", [1, 4])
@pytest.mark.parametrize("kind", ["files", "tar"])
@pytest.mark.parametrize(("n", "deadly"), [(8, (0,)), (20, (7, 8)), (20, (0, 19))])
def test_a_partition_is_split_until_the_images_are_known(photos, tmp_path, kind, sample, n, deadly):
    paths = sorted(map(str, photos.iterdir()))[:n]
    if kind == "tar":
        paths = [str(tmp_path / "photos.tar")]
        with tarfile.open(paths[0], "w") as shard:
            for path in sorted(photos.iterdir())[:n]:
                shard.add(path, path.name)
    (partition,) = partitions_of(map(Listed, paths), n, str(tmp_path / "listings"))
    settings = ReadSettings(None, {}, (8, 8), True, 10**9, True, sample, 0)
    task = ReadTask(partition, settings, str(tmp_path / "images"))
    whole = ReadTask(partition, settings, str(tmp_path / "whole"))
    read_partition(whole)
    summary = _read_in_pieces(DeadlyEngine(n, *deadly), task)
    table = read_part(task.url)
    assert (summary["n"], summary["n_read"]) == (n, n - len(deadly))
    assert table["filename"].to_pylist() == [f"{number:03d}.png" for number in range(n)]
    lost = [at for at, status in enumerate(table["status"].to_pylist()) if status != "ok"]
    assert lost == list(deadly)
    for name in {"feat", "pixels"}.intersection(table.column_names):
        rows = matrix_of(read_part(whole.url)[name])
        assert rows[0].any()
        np.testing.assert_array_equal(
            np.delete(matrix_of(table[name]), lost, axis=0), np.delete(rows, lost, axis=0)
        )
    assert summary["n_sampled"] == len(read_part(task.sample_url)) - (sample == 1) * len(deadly)
    assert len(list((tmp_path / "images").iterdir())) == (1 if sample == 1 else 2)


def task_of(paths, folder: Path) -> ReadTask:
    """List paths as they are now, as one partition."""
    listed = list(list_images(list(map(str, paths)), ext=["png"]))
    (partition,) = partitions_of(listed, N, str(folder / "listings"))
    settings = ReadSettings(None, {}, (8, 8), True, 10**9, True, 1, 0)
    return ReadTask(partition, settings, str(folder / "images"))


def test_files_that_a_worker_does_not_see_are_an_error_and_no_rows(photos, tmp_path):
    folder = shutil.copytree(photos, tmp_path / "photos")
    paths = sorted(folder.iterdir())[:4]
    with tarfile.open(tmp_path / "photos.tar", "w") as shard:
        shard.add(paths[0], "a.png")
    task, tar = task_of(paths, tmp_path), task_of([tmp_path / "photos.tar"], tmp_path)
    paths[1].unlink()
    assert read_partition(replace(task, folder=str(tmp_path / "one")))["n_read"] == 3
    for path in (paths[0], *paths[2:], tmp_path / "photos.tar"):
        path.unlink()
    for one in (task, tar):
        with pytest.raises(ImageReadError, match="sees none of .* files? that had been listed"):
            read_partition(one)
        assert part_summary(one.url) is None
    shutil.rmtree(tmp_path / "listings")
    with pytest.raises(ImageReadError, match="cannot read .*listings.* Give a dirpath that all"):
        read_partition(task)


@pytest.mark.parametrize("kind", ["empty", "cut off", "no tar file"])
def test_a_tar_file_that_holds_nothing_is_a_row_with_the_reason(photos, tmp_path, kind):
    path = tmp_path / "photos.tar"
    with tarfile.open(path, "w") as shard:
        for name in [] if kind == "empty" else ["000.png", "001.png"]:
            shard.add(photos / name, name)
    if kind == "cut off":
        path.write_bytes(path.read_bytes()[:1000])
    elif kind == "no tar file":
        path.write_bytes(b"nothing" * 1000)
    task = task_of([path], tmp_path)
    assert read_partition(task)["n_read"] == 0
    (row,) = read_part(task.url).to_pylist()
    assert (row["pathname"], row["status"]) == (str(path), "skipped")
    assert row["reason"].startswith("a tar file without" if kind == "empty" else "no tar file that")


def descendants(pid: int) -> list:
    import psutil

    return psutil.Process(pid).children(recursive=True)


@pytest.mark.torture
@pytest.mark.parametrize("whole_group", [False, True])
def test_an_interruption_ends_all_processes(photos, tmp_path, whole_group):
    words = [script(tmp_path), "local", str(photos), str(tmp_path)]
    options = {"stderr": subprocess.PIPE, "start_new_session": True}
    with process(*words, **options) as started:
        wait_for(lambda: made(tmp_path) or started.poll() is not None)
        workers = descendants(started.pid)
        begun = time.monotonic()
        (os.killpg if whole_group else os.kill)(started.pid, signal.SIGINT)
        _, said = started.communicate(timeout=20)
        print("ended after", time.monotonic() - begun)
        assert b"KeyboardInterrupt" in said
        assert len(workers) >= 2
        wait_for(lambda: not any(worker.is_running() for worker in workers), 5)


@pytest.mark.torture
def test_a_client_that_is_killed_leaves_no_worker_of_its_own(photos, tmp_path):
    with process(script(tmp_path), "local", str(photos), str(tmp_path)) as started:
        wait_for(lambda: made(tmp_path) or started.poll() is not None)
        workers = descendants(started.pid)
        started.kill()
    assert len(workers) >= 2
    wait_for(lambda: not any(worker.is_running() for worker in workers), 10)


@pytest.mark.torture
def test_a_script_that_workers_would_run_again_is_told_how_to_begin(photos, tmp_path):
    words = [script(tmp_path, guard=False), "local", str(photos), str(tmp_path)]
    with process(*words, stderr=subprocess.PIPE) as started:
        _, said = started.communicate(timeout=120)
    assert started.returncode == 1
    last = said.decode().strip().splitlines()[-1]
    assert "EngineError: The workers did not start" in last
    assert "below a line \"if __name__ == '__main__':\"" in last


def test_workers_that_take_long_to_end_are_no_error_once_all_is_done(monkeypatch):
    class Slow(distributed.LocalCluster):
        def __exit__(self, *raised):
            super().__exit__(*raised)
            raise asyncio.TimeoutError

    monkeypatch.setattr(distributed, "LocalCluster", Slow)
    with _engine.open_engine("local", 1) as engine:
        assert list(engine.map(abs, [-3])) == [(-3, 3)]
    with pytest.raises(asyncio.TimeoutError), _engine.open_engine("local", 1):
        raise asyncio.TimeoutError

"""How the engine scales: 1 and 2 workers beside no engine, and up to ten million rows.

``python benchmarks/engine.py`` writes a section of ``docs/performance.md``. Features are a
seeded mixture in Parquet files, so that the true groups are known; images are the test images of
CIFAR-10, twice, where ``CLUSTIMAGE_TEST_DATA`` has them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

N_COLUMNS, N_GROUPS = 32, 20
ROWS_PER_FILE, ROWS_PER_GROUP = 500_000, 50_000
SECONDS_BETWEEN_LOOKS = 0.2


def write_mixture(folder: Path, n: int) -> None:
    """Write features of a seeded mixture, and the group of each row, file by file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    centres = (rng.normal(size=(N_GROUPS, N_COLUMNS)) * 3).astype("f4")
    (folder / "features").mkdir()
    (folder / "truth").mkdir()
    for number, start in enumerate(range(0, n, ROWS_PER_FILE)):
        size = min(ROWS_PER_FILE, n - start)
        truth = rng.integers(0, N_GROUPS, size)
        rows = centres[truth] + rng.standard_normal((size, N_COLUMNS), dtype=np.float32)
        column = pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), N_COLUMNS)
        table, path = pa.table({"feat": column}), folder / "features" / f"{number:03d}.parquet"
        pq.write_table(table, path, row_group_size=ROWS_PER_GROUP, compression="NONE")
        np.save(folder / "truth" / f"{number:03d}.npy", truth.astype("i1"))


def agreement(dataset: str, truth: Path) -> float:
    """Return the adjusted Rand index of the labels of a data set, read part by part."""
    import pyarrow.parquet as pq
    from sklearn.metrics.cluster import pair_confusion_matrix  # noqa: F401

    table = np.zeros((N_GROUPS, 100), dtype=np.int64)
    groups = (np.load(path) for path in sorted(truth.iterdir()))
    left = np.zeros(0, dtype="i1")
    for path in sorted(Path(dataset).iterdir()):
        labels = pq.read_table(path, columns=["label"])["label"].to_numpy()
        while len(left) < len(labels):
            left = np.concatenate([left, next(groups)])
        np.add.at(table, (left[: len(labels)], labels), 1)
        left = left[len(labels) :]
    pairs = [(counts * (counts - 1) // 2).sum() for counts in (table, table.sum(0), table.sum(1))]
    n = int(table.sum())
    expected = pairs[1] * pairs[2] / (n * (n - 1) / 2)
    return float((pairs[0] - expected) / ((pairs[1] + pairs[2]) / 2 - expected))


class Peak:
    """The most memory that this process and each of its workers take, looked at now and then."""

    def __init__(self) -> None:
        self.client = self.worker = 0
        self._done = threading.Event()

    def __enter__(self) -> Peak:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        import psutil

        own = psutil.Process()
        while not self._done.wait(SECONDS_BETWEEN_LOOKS):
            try:
                self.client = max(self.client, own.memory_info().rss)
                children = own.children(recursive=True)
                sizes = [child.memory_info().rss for child in children]
                self.worker = max([self.worker, *sizes])
            except psutil.Error:
                continue


def run_once(kind: str, n: int, workers: int, folder: str) -> dict[str, float]:
    """Run one case in this process, and return what it took."""
    from clustimage import Clustimage

    options = {"embedding": None, "verbose": "warning"}
    if workers:
        work = tempfile.mkdtemp(dir=folder)
        options |= {"engine": "local", "n_jobs": workers, "dirpath": work}
    else:
        options |= {"n_jobs": 1}
    start = time.perf_counter()
    with Peak() as peak:
        if kind == "features":
            model = Clustimage(method="precomputed", **options)
            model.fit_transform(features=f"{folder}/features", cluster_space="high", n_clusters=20)
        else:
            paths = sorted(map(str, Path(folder, "images").rglob("*.png")))[:n]
            model = Clustimage(method=kind, dim=(32, 32), **options)
            model.fit_transform(paths, n_clusters=10, micro_clusters=4000)
    found = {
        "seconds": time.perf_counter() - start,
        "client_mb": peak.client / 1e6,
        "worker_mb": peak.worker / 1e6,
    }
    if kind == "features":
        found["ari"] = agreement(model.dataset_, Path(folder, "truth"))
    return found


def in_process(*case: object) -> dict[str, float]:
    """Run one case in a process of its own."""
    words = [sys.executable, __file__, "--one", *map(str, case)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=4, metavar=("KIND", "N", "WORKERS", "FOLDER"))
    parser.add_argument("--rows", type=int, nargs="*", default=[100_000, 1_000_000, 10_000_000])
    arguments = parser.parse_args()
    if arguments.one:
        kind, n, workers, folder = arguments.one
        print(json.dumps(run_once(kind, int(n), int(workers), folder)))
        return
    for n in arguments.rows:
        with tempfile.TemporaryDirectory() as folder:
            write_mixture(Path(folder), n)
            for workers in (1, 2):
                print(n, workers, in_process("features", n, workers, folder), flush=True)


if __name__ == "__main__":
    main()

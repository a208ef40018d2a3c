"""How the engine scales: its workers beside no engine, and up to ten million rows of features.

Images are the test images of CIFAR-10, each also mirrored, where ``CLUSTIMAGE_TEST_DATA`` has them.
Features are a seeded mixture in Parquet files, so that the true groups are known. Each case runs
in a process of its own, and its workers in theirs. Writes its part of ``docs/performance.md``.

    python benchmarks/engine.py                       # about half an hour on two cores
    python benchmarks/engine.py --rows 1000000        # rows of features, to choose
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
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from _markdown import table, write_section
from _measure import ROOT

START = "<!-- written by benchmarks/engine.py: start -->"
END = "<!-- written by benchmarks/engine.py: end -->"
N_COLUMNS, N_GROUPS = 32, 20
ROWS_PER_FILE, ROWS_PER_GROUP = 500_000, 50_000
ROWS_WITH_ONE_WORKER = 1_000_000  # of more only two are measured, as it takes long
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

    counts = np.zeros((N_GROUPS, 100), dtype=np.int64)
    groups = (np.load(path) for path in sorted(truth.iterdir()))
    left = np.zeros(0, dtype="i1")
    for path in sorted(Path(dataset).iterdir()):
        labels = pq.read_table(path, columns=["label"])["label"].to_numpy()
        while len(left) < len(labels):
            left = np.concatenate([left, next(groups)])
        np.add.at(counts, (left[: len(labels)], labels), 1)
        left = left[len(labels) :]
    pairs = [float((one * (one - 1) // 2).sum()) for one in (counts, counts.sum(0), counts.sum(1))]
    n = float(counts.sum())
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


def run_once(kind: str, n: int, workers: int, jobs: int, folder: str) -> dict[str, float]:
    """Run one case in this process, and return what it took; no `workers` is no engine."""
    from clustimage import Clustimage

    options: dict[str, Any] = {"embedding": None, "verbose": "warning", "n_jobs": jobs}
    if workers:
        options |= {"engine": "local", "dirpath": tempfile.mkdtemp(dir=folder)}
        options["n_jobs"] = workers
    start = time.perf_counter()
    with Peak() as peak:
        if kind == "features":
            model = Clustimage(method="precomputed", **options)
            model.fit_transform(features=f"{folder}/features", cluster_space="high")
        else:
            model = Clustimage(method=kind, dim=(64, 64), **options)
            model.fit_transform(f"{folder}/images", n_clusters=10, micro_clusters=4000)
    found = {
        "seconds": time.perf_counter() - start,
        "client": peak.client / 1e6,
        "worker": peak.worker / 1e6,
    }
    if kind == "features":
        found["ari"] = agreement(model.dataset_, Path(folder, "truth"))
        query = np.zeros((1, N_COLUMNS), np.float32)
        start = time.perf_counter()
        model.find(features=query, k=10, alpha=None)
        found["find"] = time.perf_counter() - start
    else:
        found["labels"] = model.labels_.tolist()
    return found


def in_process(*case: object) -> dict[str, Any]:
    """Run one case in a process of its own."""
    words = [sys.executable, __file__, "--one", *map(str, case)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(*case[:4], {name: value for name, value in found.items() if name != "labels"}, flush=True)
    return found


def write_images(folder: Path) -> int:
    """Write the test images of CIFAR-10 and their mirror images; return how many."""
    from PIL import Image, ImageOps

    lent = Path(os.environ.get("CLUSTIMAGE_TEST_DATA", ROOT.parent / "shared"))
    archive = lent / "data" / "cifar10_test.zip"
    if not archive.is_file():
        return 0
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder / "images")
    paths = sorted((folder / "images").rglob("*.jpg"))
    for path in paths:
        ImageOps.mirror(Image.open(path)).save(path.with_suffix(".png"))
    return 2 * len(paths)


def image_rows(folder: Path) -> list[list[object]]:
    """Return a row of the table of images for each way to run them."""
    n = write_images(folder)
    if not n:
        print("There are no images: CIFAR-10 is not where CLUSTIMAGE_TEST_DATA is.")
        return []
    cases = {
        "no engine, 1 thread": (0, 1),
        "1 worker": (1, 1),
        "no engine, 2 threads": (0, 2),
        "2 workers": (2, 2),
    }
    found = {words: in_process("hog", n, *case, folder) for words, case in cases.items()}
    first = found["no engine, 1 thread"]
    return [
        [
            words,
            f"{one['seconds']:.0f}",
            f"{first['seconds'] / one['seconds']:.2f}",
            f"{one['client']:,.0f}",
            f"{one['worker']:,.0f}" if cases[words][0] else "",
            "yes" if one["labels"] == first["labels"] else "**no**",
        ]
        for words, one in found.items()
    ]


def feature_rows(n: int, folder: Path) -> list[list[object]]:
    """Return rows of the table of features, for 1 and for 2 workers."""
    write_mixture(folder, n)
    rows: list[list[object]] = []
    for workers in (1, 2) if n <= ROWS_WITH_ONE_WORKER else (2,):
        one = in_process("features", n, workers, 1, folder)
        parts = -(-n // (2 * ROWS_PER_GROUP))
        rows.append(
            [
                f"{n:,}",
                workers,
                f"{one['seconds']:.0f}",
                f"{1000 * one['seconds'] / parts:,.0f}",
                f"{one['client']:,.0f}",
                f"{one['worker']:,.0f}",
                f"{one['ari']:.4f}",
                f"{one['find']:.1f}",
            ]
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--one", nargs=5, metavar=("KIND", "N", "WORKERS", "JOBS", "FOLDER"))
    parser.add_argument("--rows", type=int, nargs="*", default=[100_000, 1_000_000, 10_000_000])
    arguments = parser.parse_args()
    if arguments.one:
        kind, n, workers, jobs, folder = arguments.one
        print(json.dumps(run_once(kind, int(n), int(workers), int(jobs), folder)))
        return
    with tempfile.TemporaryDirectory() as folder:
        images = image_rows(Path(folder))
    features: list[list[object]] = []
    for n in arguments.rows:
        with tempfile.TemporaryDirectory() as folder:
            features += feature_rows(n, Path(folder))
    memory = ["this process, MB:", "a worker, MB:"]
    columns = ["rows:", "workers:", "seconds:", "ms a part:", *memory, "ARI:", "find, seconds:"]
    lines = [
        "",
        "`hog` at 64 × 64 pixels on 20,000 images of CIFAR-10 (each also mirrored), ten clusters:",
        "",
        *table(["", "seconds:", "speed-up:", *memory, "same labels"], images),
        "",
        f"A seeded mixture of {N_GROUPS} groups, {N_COLUMNS} columns, as Parquet; seconds from "
        "Parquet to the labels of all rows, with a search for the number of clusters:",
        "",
        *table(columns, features),
        "",
    ]
    write_section(ROOT / "docs" / "performance.md", START, END, lines)


if __name__ == "__main__":
    main()

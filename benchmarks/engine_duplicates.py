"""How the candidates for duplicates among very many images are found on an engine.

    python benchmarks/engine_duplicates.py --hashes 1000000  # time, memory and share found
    python benchmarks/engine_duplicates.py --photos 150      # share of the edits of photos found

Hashes are random and have planted pairs, some bits of which differ. For photos, the edits of
``duplicates.py`` are compared with their originals: how many of the pairs that are near, which are
candidates on one machine, are candidates by bands as wide as those of so many images.
"""

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import numpy as np
import pyarrow as pa
from _datasets import TEST_DATA
from duplicates import EDITS, ORIGINAL, THERE_TWICE, make_versions

from clustimage import set_logger
from clustimage._model.duplicates import DISTANCES, HASHED_SIZE
from clustimage.distributed import open_engine
from clustimage.distributed._partitions import Partition
from clustimage.distributed._parts import matrix_column, read_part, write_part
from clustimage.distributed._run import ReadParts
from clustimage.distributed.duplicates._duplicate_candidates import ROW_BITS
from clustimage.distributed.duplicates._duplicate_run import Search
from clustimage.duplicates import (
    N_BANDS,
    BandMembers,
    Wanted,
    band_width,
    hash_images,
    pack_signs,
    pairs_in_band,
)
from clustimage.duplicates._hash_pairs import are_near
from clustimage.duplicates._hashes import turned_signs
from clustimage.images import load_images

N_PLANTED = 1_000
BITS_APART = (4, 8, 12, 16, 20)
IMAGES_PER_PART = 20_000


@dataclass(frozen=True)
class MadePart:
    """What stands for a task that has read a part."""

    url: str
    partition: Partition
    settings: None = None


def make_parts(n: int, folder: Path) -> tuple[ReadParts, np.ndarray]:
    """Write parts with random hashes; return them, and the planted pairs by their bits apart."""
    rng = np.random.default_rng(0)
    whole, inner = rng.choice(np.array([-1, 1], np.int8), (2, n, 128))
    first = np.arange(N_PLANTED)
    second = n - 1 - first
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        whole[other] = turned_signs(whole[one], int(rng.integers(8)))
        n_bits = BITS_APART[one % len(BITS_APART)]
        whole[other, rng.choice(128, n_bits, replace=False)] *= -1
    tasks, summaries = [], []
    for number, start in enumerate(range(0, n, IMAGES_PER_PART)):
        some = slice(start, min(start + IMAGES_PER_PART, n))
        m = some.stop - some.start
        table = pa.table(
            {
                "status": ["ok"] * m,
                "digest": [rng.bytes(16) for _ in range(m)],
                "file": np.arange(some.start, some.stop),
                "is_link": np.zeros(m, bool),
                "whole": matrix_column(pack_signs(whole[some])),
                "inner": matrix_column(pack_signs(inner[some])),
            }
        )
        url = str(folder / f"{number}.parquet")
        write_part(url, table, {"n": m})
        tasks.append(MadePart(url, Partition(number, str(number), m, "")))
        summaries.append({"n": m})
    return ReadParts(tasks, summaries), np.stack([first, second])


def number_of(rows: np.ndarray) -> np.ndarray:
    return ((rows // IMAGES_PER_PART) << ROW_BITS) + rows % IMAGES_PER_PART


def measure_hashes(n: int, n_jobs: int) -> None:
    """Print time, memory and the share of planted pairs that are found."""
    with tempfile.TemporaryDirectory() as name, open_engine("local", n_jobs) as engine:
        parts, planted = make_parts(n, Path(name))
        start = time.perf_counter()
        wanted = Wanted(DISTANCES["normal"], 0.6)
        search = Search(engine, parts, wanted, f"{name}/work")
        files = search.candidates(search.equal_files())
        seconds = time.perf_counter() - start
        tables = [read_part(task.url) for task in files]
        found = {
            pair
            for table in tables
            for pair in zip(*(table[side].to_pylist() for side in table.column_names), strict=True)
        }
    pairs = list(zip(*number_of(planted).tolist(), strict=True))
    is_found = np.array([pair in found for pair in pairs])
    shares = [
        f"{n_bits} bits {is_found[i :: len(BITS_APART)].mean():.3f}"
        for i, n_bits in enumerate(BITS_APART)
    ]
    worker, own = (getrusage(who).ru_maxrss / 2**20 for who in (RUSAGE_CHILDREN, RUSAGE_SELF))
    print(
        f"{n:,} hashes, {band_width(n)} bits in {N_BANDS} bands: {seconds:.0f} s with {n_jobs} "
        f"workers, at most {worker:.2f} GiB in one; {len(found - set(pairs)):,} other candidates; "
        f"planted pairs found: {', '.join(shares)} (this process with the hashes: {own:.2f} GiB)"
    )


def measure_photos(n_photos: int) -> None:
    """Print the share of edits that are found, by how many images there would be."""
    photos = sorted((TEST_DATA / "data" / "corel1k").rglob("*.jpg"))
    photos = [path for path in photos if path.stem not in THERE_TWICE]
    chosen = np.random.default_rng(0).choice(len(photos), n_photos, replace=False)
    with tempfile.TemporaryDirectory() as name:
        make_versions(Path(name), [photos[i] for i in sorted(chosen)])
        paths = sorted(map(str, Path(name).iterdir()))
        hashes = hash_images(load_images(paths, dim=HASHED_SIZE, grayscale=True).pixels)
    words = [Path(path).stem.split(" ", 1) for path in paths]
    original = {number: row for row, (number, edit) in enumerate(words) if edit == ORIGINAL}
    second = np.array([row for row, (_, edit) in enumerate(words) if edit != ORIGINAL])
    first = np.array([original[words[row][0]] for row in second])
    edits = np.array([words[row][1] for row in second])
    near = are_near(hashes, first, second, DISTANCES["normal"])
    first, second, edits = first[near], second[near], edits[near]
    packed = [pack_signs(hashes.whole), pack_signs(hashes.inner)]
    here = np.ones(len(paths), bool)
    members = BandMembers(np.arange(len(paths)), *packed, here, here)
    pairs = np.sort(np.stack([first, second]), axis=0).T.tolist()
    for n in (10**4, 10**5, 10**6, 10**7, 10**8):
        candidates: set[tuple[int, int]] = set()
        for band in range(N_BANDS):
            some = pairs_in_band(members, band, band_width(n), DISTANCES["normal"])
            candidates |= set(zip(*some.tolist(), strict=True))
        found = np.array([tuple(pair) in candidates for pair in pairs])
        print(f"{n:,} images, {band_width(n)} bits: {found.mean():.3f} of what is near")
        for edit in EDITS:
            print(f"    {edit}: {found[edits == edit].mean():.3f}")


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hashes", type=int, metavar="N")
    parser.add_argument("--photos", type=int, metavar="N")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    set_logger("warning")
    if arguments.hashes:
        measure_hashes(arguments.hashes, arguments.jobs)
    if arguments.photos:
        measure_photos(arguments.photos)


if __name__ == "__main__":
    main()

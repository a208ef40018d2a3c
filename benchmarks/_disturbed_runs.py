"""Runs that are disturbed: killed, four at a time, on a disk that is full, over odd folders.

Each function tries something `count` times and returns a row of the page on reliability.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Row = tuple[str, int, str]
STAGES = ("pca", "hog", "cnn", "faces", "duplicates")
PATIENCE = 300  # seconds after which a process counts as one that hangs

RUN = """
import hashlib, sys
from pathlib import Path
from clustimage import Clustimage
stage, photos, place = sys.argv[1:]
options = {"verbose": "silent", "embedding": "pca", "dirpath": place, "n_jobs": 2}
made = hashlib.sha256()
if stage == "duplicates":
    table = Clustimage(**options).duplicates(photos)
    made.update(table[["group", "pathname", "kind", "keep"]].to_csv().encode())
elif stage == "faces":
    found = Clustimage(**options).extract_faces(photos)
    for path in sorted(path for row in found["pathnames_face"] for path in row):
        made.update(path.encode() + Path(path).read_bytes())
else:
    cl = Clustimage(method=stage, grayscale=stage == "hog", dim=(64, 64), **options)
    results = cl.fit_transform(photos, n_clusters=6)
    for key in ("labels", "feat", "xycoord"):
        made.update(results[key].tobytes())
    cl.save(Path(place, "model"), overwrite=True)
    Clustimage.load(Path(place, "model"))
print(made.hexdigest())
"""


def start(*words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-W", "ignore", "-c", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def answer(process: subprocess.Popen[bytes]) -> str:
    """Return the last line that a process prints; its error where it fails."""
    out, errors = process.communicate(timeout=PATIENCE)
    if process.returncode:
        return f"failed: {errors.decode(errors='replace')[-300:]}"
    return out.decode().splitlines()[-1]


def photos(folder: str) -> Path:
    """Return a folder of photos: faces among them, and copies."""
    from clustimage import import_example

    top = Path(import_example("photos", dirpath=folder))
    for path in sorted(top.glob("astronaut/*.jpg"))[:5]:
        shutil.copy(path, path.with_name(f"copy of {path.name}"))
    return top


def left_in(place: Path) -> dict[str, bytes]:
    """Return what a run has left, but for the cache, whose bytes depend on the order of writes."""
    files = (path for path in place.rglob("*") if path.is_file() and ".sqlite" not in path.name)
    return {str(path.relative_to(place)): path.read_bytes() for path in files}


def stage_kills(count: int) -> Row:
    """Kill runs with a cache at random moments; run again, and compare with a run in peace."""
    rng = random.Random(0)
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        top = str(photos(folder))
        for stage in STAGES:
            place = Path(folder, stage)
            begun = time.monotonic()
            expected = answer(start(RUN, stage, top, str(place)))
            lasts, files = time.monotonic() - begun, set(left_in(place))
            assert not expected.startswith("failed"), expected
            for _ in range(max(1, count // len(STAGES))):
                shutil.rmtree(place)
                process = start(RUN, stage, top, str(place))
                time.sleep(lasts * rng.uniform(0.2, 1.0))
                process.send_signal(signal.SIGKILL)
                process.communicate()
                outcomes["killed"] += process.returncode == -signal.SIGKILL
                again = answer(start(RUN, stage, top, str(place)))
                outcomes["other results"] += again != expected
                more = set(left_in(place)) - files
                outcomes["files left over"] += len(more)
                if again != expected or more:
                    print(f"{stage}: {again}, left over: {sorted(more)}", file=sys.stderr)
    words = f"run again: {outcomes['other results']} other results, "
    words += f"{outcomes['files left over']} files left over"
    what = "kills within PCA, HOG, a network, faces and duplicates, with a cache"
    return what, outcomes["killed"], words


def side_by_side(count: int) -> Row:
    """Let four processes work on one folder with one cache at the same time."""
    others = 0
    with tempfile.TemporaryDirectory() as folder:
        top = str(photos(folder))
        for turn in range(count):
            stage = STAGES[turn % len(STAGES)]
            expected = answer(start(RUN, stage, top, str(Path(folder, "alone", stage))))
            assert not expected.startswith("failed"), expected
            # Crops are named in the digest, so that they are made in the same folder again.
            shutil.rmtree(Path(folder, "alone", stage))
            place = str(Path(folder, "alone", stage))
            said = [answer(one) for one in [start(RUN, stage, top, place) for _ in range(4)]]
            others += sum(one != expected for one in said)
            for one in set(said) - {expected}:
                print(f"{stage}: {one}", file=sys.stderr)
    what = "four processes on one folder with one cache at the same time"
    return what, count, f"{others} other results than alone"


# --- a full disk ----------------------------------------------------------------------------------

WRITE = """
import json, resource, sys
from pathlib import Path
from clustimage import Clustimage
from clustimage.export import write_csv
photos, place, limit = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
options = {"verbose": "silent", "embedding": "pca", "dim": (32, 32), "dirpath": place / "cache"}
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
cl = Clustimage(**options)
cl.fit_transform(photos, n_clusters=6)
outcomes = {}
for name, write in {
    "model": lambda: cl.save(place / "model"),
    "report": lambda: cl.report(place / "report.html"),
    "table": lambda: write_csv(cl.to_frame(), place / "table.csv"),
    "folders": lambda: cl.to_dirs(place / "folders", action="copy"),
}.items():
    try:
        write()
        outcomes[name] = "written"
    except OSError:
        outcomes[name] = "refused"
print(json.dumps(outcomes))
"""


def full_disks(count: int) -> Row:
    """Let files end at a size, from a few bytes to more than is written."""
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        top = photos(folder)
        whole = Path(folder, "whole")
        whole.mkdir()
        answer(start(WRITE, str(top), str(whole), "0"))
        largest = max(len(content) for content in left_in(whole).values())
        for turn, limit in enumerate(np.geomspace(100, 2 * largest, count).astype(int)):
            place = Path(folder, str(turn))
            place.mkdir()
            said = answer(start(WRITE, str(top), str(place), str(limit)))
            if said.startswith("failed"):
                outcomes["failed"] += 1
                print(f"{limit}: {said}", file=sys.stderr)
                continue
            outcomes.update(json.loads(said).values())
            halves = half_written(place, whole)
            outcomes["half written"] += len(halves)
            if halves:
                print(f"{limit}: {sorted(halves)}", file=sys.stderr)
            shutil.rmtree(place)
    words = f"{outcomes['written']} files and folders written, "
    words += f"{outcomes['refused']} refused, {outcomes['half written']} half written, "
    words += f"{outcomes['failed']} failed"
    return "disks that are full after some bytes of each file", count, words


def half_written(place: Path, whole: Path) -> list[str]:
    """Return the files that are shorter than those of a run that had the space, or no such file."""
    there, before = left_in(place), left_in(whole)
    sizes = {name: len(content) for name, content in before.items()}
    # A page and a model hold times and paths, which differ by some bytes.
    return [name for name, content in there.items() if len(content) < 0.9 * sizes.get(name, 10**9)]


# --- odd folders ----------------------------------------------------------------------------------

LIST = """
import json, sys
from clustimage import Clustimage
cl = Clustimage(verbose="silent", embedding=None, dim=(16, 16), n_jobs=2)
cl.import_data(sys.argv[1])
status = cl.import_status
read = status["status"] == "ok"
print(json.dumps({
    "kept": int(status["pathname"][read].str.contains("/kept").sum()),
    "without": int((status["reason"][~read] == "").sum()),
}))
"""
N_KEPT = 6
DEEP = 120  # folders in one another, of names of 50 characters: longer than a path may be


def make_odd(top: Path) -> None:
    """Make a folder with photos, and with what else can be in a folder."""
    pixels = np.random.default_rng(0).integers(0, 256, (N_KEPT, 24, 24, 3), dtype=np.uint8)
    for i in range(N_KEPT):
        Image.fromarray(pixels[i]).save(top / f"kept{i}.png")
    content = (top / "kept0.png").read_bytes()
    Path(os.fsdecode(os.fsencode(top) + b"/caf\xe9\xff.png")).write_bytes(content)
    (top / "two\nlines.png").write_bytes(content)
    (top / "round").mkdir()
    (top / "round" / "and round").symlink_to(top, target_is_directory=True)
    (top / "itself.png").symlink_to(top / "itself.png")
    (top / "nowhere.png").symlink_to(top / "nothing.png")
    (top / "folder.png").mkdir()
    (top / "empty.png").touch()
    os.mkfifo(top / "pipe.png")
    with socket.socket(socket.AF_UNIX) as server, suppress(OSError):
        server.bind(str(top / "socket.png"))
    for name, device in (("zero.png", (1, 5)), ("random.png", (1, 9))):
        with suppress(OSError):
            os.mknod(top / name, 0o020666, os.makedev(*device))
    (top / "closed").mkdir()
    (top / "closed" / "inside.png").write_bytes(content)
    (top / "closed").chmod(0)
    (top / "secret.png").write_bytes(content)
    (top / "secret.png").chmod(0)
    at = os.open(top, os.O_RDONLY)
    for _ in range(DEEP):
        os.mkdir("d" * 50, dir_fd=at)
        below = os.open("d" * 50, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)


@contextmanager
def coming_and_going(top: Path) -> Iterator[None]:
    """Make files and folders and remove them, as long as the block lasts."""
    content, over = (top / "kept0.png").read_bytes(), threading.Event()

    def work() -> None:
        while not over.is_set():
            for i in range(20):
                (top / f"here{i}").mkdir()
                (top / f"here{i}" / "a.png").write_bytes(content)
            for i in range(20):
                shutil.rmtree(top / f"here{i}")

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def odd_folders(count: int) -> Row:
    """Read a folder of photos with links in a circle, devices, and files that vanish."""
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        top = Path(folder, "odd")
        top.mkdir()
        make_odd(top)
        for _ in range(count):
            with coming_and_going(top):
                said = answer(start(LIST, str(top)))
            if said.startswith("failed"):
                outcomes["failed"] += 1
                print(said, file=sys.stderr)
            else:
                found: dict[str, Any] = json.loads(said)
                outcomes["all"] += found["kept"] == N_KEPT
                outcomes["without"] += found["without"]
        (top / "closed").chmod(0o755)
    what = "a folder of links in a circle, pipes, devices, closed and vanishing files"
    words = f"all photos read {outcomes['all']} times, {outcomes['failed']} failed, "
    return what, count, words + f"{outcomes['without']} files skipped without a reason"

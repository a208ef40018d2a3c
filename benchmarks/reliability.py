"""Files, models and servers that were made to harm; interruptions: what comes of them, counted.

Writes the table of ``docs/reliability.md``. Everything is seeded.

    python benchmarks/reliability.py                  # all rows, and the page (minutes)
    python benchmarks/reliability.py --only models --count 200 --print
"""

import argparse
import copy
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from _disturbed_runs import full_disks, odd_folders, side_by_side, stage_kills
from _markdown import table, write_section
from _measure import ROOT
from PIL import Image

sys.path.append(str(ROOT / "tests" / "images" / "reading"))
from _large_pictures import LARGE_PICTURES  # noqa: E402

START = "<!-- written by benchmarks/reliability.py: start -->"
END = "<!-- written by benchmarks/reliability.py: end -->"
BATCH = 100  # files that one process reads
FORMATS = (
    "JPEG",
    "PNG",
    "WEBP",
    "TIFF",
    "GIF",
    "BMP",
    "PPM",
    "ICO",
    "JPEG2000",
    "TGA",
    "SGI",
    "PCX",
)

Row = tuple[str, int, str]  # what was tried, how often, what came of it


# --- files ----------------------------------------------------------------------------------------

READ = """
import json, sys, time
from clustimage import Clustimage, ClustimageError
cl = Clustimage(verbose="silent", dim=(32, 32), n_jobs=1)
start = time.monotonic()
try:
    cl.import_data(sys.argv[1])
    status = cl.import_status
except ClustimageError as error:
    print(json.dumps({"read": 0, "skipped": int(sys.argv[2]), "without": 0}))
else:
    given = status[status["is_input"]] if "is_input" in status else status
    skipped = given[given["status"] != "ok"]
    print(json.dumps({"read": int((given["status"] == "ok").sum()), "skipped": len(skipped),
                      "without": int((skipped["reason"] == "").sum())}))
"""


def picture(format: str, rng: np.random.Generator) -> bytes:
    """Return a photo of some mode as a file of a format."""
    pixels = rng.integers(0, 256, (rng.integers(8, 60), rng.integers(8, 60), 3), dtype=np.uint8)
    image = Image.fromarray(np.repeat(np.repeat(pixels, 2, axis=0), 2, axis=1))
    mode = rng.choice(["RGB", "L", "P"]) if format in ("PNG", "TIFF", "GIF", "BMP") else "RGB"
    exif = Image.Exif()
    exif[0x0110], exif[0x0132] = "a camera", "2020:01:02 03:04:05"
    options = {"exif": exif} if format in ("JPEG", "PNG", "WEBP", "TIFF") else {}
    file = io.BytesIO()
    image.convert(mode).save(file, format, **options)
    return file.getvalue()


def changed_bytes(content: bytes, rng: random.Random) -> bytes:
    """Return a file with bytes that are others, gone or there twice, or without its end."""
    data = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 5, 20])):
        at, length = rng.randrange(len(data)), rng.choice([1, 1, 2, 4, 16])
        kind = rng.choice(["flip", "set", "large", "gone", "twice", "cut"])
        if kind == "flip":
            data[at] ^= 1 << rng.randrange(8)
        elif kind == "set":
            data[at] = rng.choice([0, 1, 127, 128, 255])
        elif kind == "large":
            data[at : at + 4] = rng.choice(
                [b"\xff\xff\xff\x7f", b"\x7f\xff\xff\xff", b"\0\0\0\x80"]
            )
        elif kind == "gone":
            del data[at : at + length]
        elif kind == "twice":
            data[at:at] = data[at : at + length]
        else:
            del data[max(1, at) :]
        if not data:
            return b"\0"
    return bytes(data)


def files(count: int) -> Row:
    made, rng = np.random.default_rng(0), random.Random(0)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for first in range(0, count, BATCH):
            batch = Path(folder, str(first))
            batch.mkdir()
            n = min(BATCH, count - first)
            for i in range(n):
                format = FORMATS[(first + i) % len(FORMATS)]
                content = changed_bytes(picture(format, made), rng)
                (batch / f"{i:03d}.{format[:4].lower()}").write_bytes(content)
            for path in batch.glob("*.jpeg2000"):
                path.rename(path.with_suffix(".jp2"))
            counts.update(said(READ, str(batch), str(n)))
    words = f"{counts['read']:,} read, {counts['skipped']:,} skipped with a reason"
    return "image files of twelve formats, changed at random", count, words + crashes(counts)


def said(code: str, *words: str, **options: Any) -> dict[str, int]:
    """Return the JSON that a program has printed; where it has crashed ``{"crashed": 1}``."""
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, **options)
    try:
        return dict(json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, ValueError):
        print(done.stderr.decode(errors="replace")[-2000:], file=sys.stderr)
        return {"crashed": 1}


def crashes(counts: Counter[str]) -> str:
    return f", {counts['crashed']} crashes, {counts['without']} without a reason"


# --- saved models ---------------------------------------------------------------------------------

VALUES: list[Any] = [
    *(None, True, -1, 0, 3, 10**9, 10**30, 1.5, "x", "", [], {}, [1, 2]),
    {"kind": "float", "value": "nan"},
    {"kind": "tuple", "items": []},
    {"kind": "dict", "items": {"a": 1}},
]


def nodes_in(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    items: Any = node.items() if isinstance(node, dict) else ()
    items = enumerate(node[:4]) if isinstance(node, list) else items
    for key, item in items:
        yield from nodes_in(item, (*at, key))


def node_at(node: Any, keys: tuple[Any, ...]) -> Any:
    for key in keys:
        node = node[key]
    return node


def changed_model(model: dict[str, Any], rng: random.Random) -> tuple[dict[str, Any], str]:
    """Return a model of which one value is gone, doubled, another one or that of elsewhere."""
    model = copy.deepcopy(model)
    where = [keys for keys in nodes_in(model["state"]) if keys]
    keys = rng.choice(where)
    holder, last = node_at(model["state"], keys[:-1]), keys[-1]
    kind = rng.choice(["other", "gone", "doubled", "from elsewhere", "number"])
    if kind == "gone":
        del holder[last]
    elif kind == "doubled" and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[last]))
    elif kind == "from elsewhere":
        holder[last] = copy.deepcopy(node_at(model["state"], rng.choice(where)))
    elif kind == "number" and isinstance(holder[last], int | float):
        holder[last] = rng.choice([-1, 0, 1, holder[last] + 1, holder[last] * 2, 10**12])
    else:
        holder[last] = rng.choice(VALUES)
    return model, f"{kind}: {keys}"


def models(count: int) -> Row:
    from clustimage import Clustimage, ClustimageError, ModelFileError, import_example, set_logger

    set_logger("silent")
    rng, counts = random.Random(0), Counter()
    with tempfile.TemporaryDirectory() as folder:
        photos = import_example("shapes", dirpath=folder)[:60]
        for method in ("pca", "phash"):
            cl = Clustimage(method=method, embedding="pca", dim=(32, 32), verbose="silent")
            cl.fit_transform(photos, n_clusters=4)
            len(cl.metadata)
            cl.rename({0: "round"})
            cl.move([1], to=2)
            cl.cluster_table()
            cl.find(photos[3], k=3)
            saved = Path(cl.save(Path(folder, f"{method}.clustimage")))
            with zipfile.ZipFile(saved) as container:
                members = {name: container.read(name) for name in container.namelist()}
            model = json.loads(members["model.json"])
            path = Path(folder, "changed.clustimage")
            for _ in range(count // 2):
                other, what = changed_model(model, rng)
                with zipfile.ZipFile(path, "w") as container:
                    for name, content in members.items():
                        new = json.dumps(other) if name == "model.json" else content
                        container.writestr(name, new)
                try:
                    back = Clustimage.load(path)
                except ModelFileError as refused:
                    counts["refused" if str(path) in str(refused) else "other errors"] += 1
                    continue
                except Exception as error:  # noqa: BLE001
                    counts["other errors"] += 1
                    print(f"{what}: load: {error!r}", file=sys.stderr)
                    continue
                try:
                    use(back, photos, Path(folder, "again.clustimage"))
                    counts["work"] += 1
                except Exception as error:  # noqa: BLE001
                    # A setting that is allowed may lead to an error that says so.
                    allowed = isinstance(error, ClustimageError) and "'given'" in what
                    counts["work" if allowed else "other errors"] += 1
                    if not allowed:
                        print(f"{what}: used: {error!r}", file=sys.stderr)
    words = (
        f"{counts['refused']:,} refused by a sentence that names the file, {counts['work']:,} work"
    )
    words += f", {counts['other errors']} other errors, when they are loaded or used"
    return "saved models, one value changed at random", count // 2 * 2, words


def use(cl: Any, photos: list[str], again: Path) -> None:
    """Ask a model that was loaded for everything that rests on what was saved."""
    cl.to_frame()
    cl.summary()
    cl.find(photos[5], k=3)
    cl.find(photos[5])
    cl.predict(photos[7])
    str(cl.verdict)
    len(cl.levels)
    cl.save(again, overwrite=True)


# --- memory ---------------------------------------------------------------------------------------

PEAK = """
import json, resource, sys
from clustimage import Clustimage, ClustimageError
cl = Clustimage(verbose="silent", max_memory="500MB", n_jobs=int(sys.argv[2]))
try:
    cl.import_data(sys.argv[1])
except ClustimageError:
    pass
print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
"""


def bombs(count: int) -> Row:
    """Small files of large pictures, or that say so: some of all kinds that the tests have."""
    names = random.Random(0).sample(sorted(LARGE_PICTURES), count)
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            Path(folder, name).write_bytes(LARGE_PICTURES[name]())
        peaks = [said(PEAK, folder, jobs)["peak"] * 1024 for jobs in ("1", "4")]
    words = " and ".join(f"{peak / 1e6:,.0f} MB" for peak in peaks)
    what = 'small files that are or say they are large, one of each kind, `max_memory="500MB"`'
    return what, count, f"peak of the process with one and with four threads: {words}"


# --- servers --------------------------------------------------------------------------------------

ANSWERS = (b"", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nA: ", b"HTTP/1.1 200 OK\r\n\r\n")
FETCH = """
import json, sys, time
from clustimage import wget, DownloadError
start = time.monotonic()
try:
    wget(sys.argv[1], sys.argv[2], deadline=2)
except DownloadError:
    print(json.dumps({"refused": 1, "ms": int(1000 * (time.monotonic() - start))}))
"""


def servers(count: int) -> Row:
    """Servers that send a byte now and then, for ever."""
    took = []
    with tempfile.TemporaryDirectory() as folder:
        for start in ANSWERS:
            server = socket.create_server(("127.0.0.1", 0))
            threading.Thread(target=drip, args=(server, start), daemon=True).start()
            url = f"http://127.0.0.1:{server.getsockname()[1]}/a.zip"
            answer = said(
                FETCH, url, str(Path(folder, "a.zip")), env={**os.environ, "no_proxy": "*"}
            )
            took.append(answer.get("ms", 10**6))
            server.close()
        left = len(list(Path(folder).iterdir()))
    words = f"each ends within {max(took) / 1000:.1f} s; {left} files left behind"
    return "servers that send a byte every 50 ms for ever, `deadline=2`", len(ANSWERS), words


def drip(server: socket.socket, start: bytes) -> None:
    connection, _ = server.accept()
    try:
        connection.sendall(start)
        while True:
            time.sleep(0.05)
            connection.sendall(b"1")
    except OSError:
        pass


# --- interruptions --------------------------------------------------------------------------------

SETUP = """
import numpy as np
from clustimage import Clustimage, import_example
import sys, tempfile
from pathlib import Path
def model(**options):
    return Clustimage(**{"verbose": "silent", "embedding": None, **options})
def rows(n):
    cl = model(method="precomputed")
    cl.extract_feat(features=np.random.default_rng(0).normal(size=(n, 50)).astype("float32"))
    return cl
def pixels(n):
    return np.random.default_rng(0).integers(0, 256, (n, 96, 96, 3), dtype=np.uint8)
def paths(name):
    return [str(path) for path in Path(import_example(name)).rglob("*.*")]
def begin():
    print("now", flush=True)
"""
MOMENTS = {
    "reading": "photos = paths('photos') * 60; cl = model(); begin()\ncl.import_data(photos)",
    "HOG": "cl = model(method='hog'); cl.import_data(pixels(6000)); begin()\ncl.extract_feat()",
    "PCA": "cl = model(); cl.import_data(pixels(4000)); begin()\ncl.extract_feat()",
    "t-SNE": "cl = rows(3000); cl.set_params(embedding='tsne'); begin()\ncl.embedding()",
    "the tree": "cl = rows(9000); begin()\ncl.cluster()",
    "the verdict": "cl = rows(4000); cl.cluster(n_clusters=9); begin()\ncl.verdict",
    "duplicates": "photos = paths('photos'); begin()\nmodel().duplicates(photos)",
    "the report": "cl = model(embedding='pca'); cl.fit(pixels(3000), n_clusters=9); begin()\n"
    "cl.report(tempfile.mkdtemp() + '/report.html')",
}


def interruptions(count: int) -> Row:
    """Press Ctrl-C in eight moments."""
    took = {}
    for name, code in MOMENTS.items():
        words = [sys.executable, "-c", SETUP + code]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.7)
            ended = process.poll() is not None
            start = time.monotonic()
            process.send_signal(signal.SIGINT)
            process.communicate()
            took[name] = float("nan") if ended else time.monotonic() - start
    words = ", ".join(f"{name} {seconds:.1f}" for name, seconds in took.items())
    return "Ctrl-C; seconds until the program has ended", len(took), words


# --- kills ----------------------------------------------------------------------------------------


def kills(count: int) -> Row:
    """Kill the removal of copies, undo it, compare the folder byte for byte."""
    script = str(ROOT / "benchmarks" / "removal_kills.py")
    done = subprocess.run(
        [sys.executable, script, "--kills", str(count)], capture_output=True, text=True, check=False
    )
    print(done.stdout[-600:], done.stderr[-600:], file=sys.stderr)
    words = "no photo lost, all given back byte for byte" if done.returncode == 0 else "FAILED"
    return "kills while copies are removed, then undone", count, words


PARTS: dict[str, tuple[Callable[[int], Row], int]] = {
    "files": (files, 5000),
    "models": (models, 2500),
    "bombs": (bombs, len(LARGE_PICTURES)),
    "servers": (servers, len(ANSWERS)),
    "interruptions": (interruptions, len(MOMENTS)),
    "kills": (kills, 100),
    "stage-kills": (stage_kills, 20),
    "side-by-side": (side_by_side, 4),
    "full-disks": (full_disks, 10),
    "odd-folders": (odd_folders, 5),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=PARTS, help="one row")
    parser.add_argument("--count", type=int, help="how often, instead of as often as on the page")
    parser.add_argument("--print", action="store_true", help="write no page")
    options = parser.parse_args()
    # In the background Ctrl-C is ignored, also by what is started there.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    lines = []
    for name, (run, count) in PARTS.items():
        if options.only in (None, name):
            what, how_often, came = run(options.count or count)
            print(f"{name}: {how_often:,}: {came}", flush=True)
            lines.append([what, f"{how_often:,}", came, f"`--only {name}`"])
    if not options.print and options.only is None:
        written = table(["what", "times:", "what came of it", "again"], lines)
        write_section(ROOT / "docs" / "reliability.md", START, END, ["", *written, ""])


if __name__ == "__main__":
    main()

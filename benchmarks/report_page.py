"""How large the page of a report is, how long it takes to make it, and how quickly it is seen.

Cuts tiles out of photos, clusters them, writes the page, opens it in Chromium without a window
and zooms. The making is compared with the bare encoding of the small pictures in the same run.
Writes the table of ``docs/report.rst``.

    python benchmarks/report_page.py
    python benchmarks/report_page.py --counts 1000 --print
"""

import argparse
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from _datasets import find_data
from _markdown import put_between
from _measure import ROOT, describe_machine
from PIL import Image

from clustimage import Clustimage
from clustimage._model.report_data import report_of
from clustimage.report import Report, write_page
from clustimage.report._page import page_order
from clustimage.report._sprites import choose_side, encode_sheets

PAGE = ROOT / "docs" / "report.rst"
START, END = ".. measured\n", ".. end of what was measured\n"
N_JOBS = 2
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
VIEW = {"width": 1400, "height": 900}
ZOOM_STEPS = 24
REPEATS = 3

# Megabytes of the page, seconds of the first view; of a zoom step 0.1 s, of the making 1.3.
GOALS = {10_000: (11.0, 3.0), 60_000: (22.0, 3.0)}
MAX_ZOOM_STEP, MAX_RATIO = 0.1, 1.3

ZOOM = """
async ([x, y, delta]) => {
  const canvas = document.getElementById("map-canvas");
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  const start = performance.now();
  const place = { clientX: x, clientY: y, cancelable: true };
  canvas.dispatchEvent(new WheelEvent("wheel", { ...place, deltaY: delta }));
  await frame();  // the map has been drawn before this one
  await new Promise((done) => { setTimeout(done); });
  return (performance.now() - start) / 1000;
}
"""


def make_tiles(n: int, side: int) -> np.ndarray:
    """Return seeded crops of photos, `(n, side, side, 3)`."""
    photos = [
        np.asarray(Image.open(path).convert("RGB"))
        for path in sorted(find_data("corel1k").rglob("*.[jp][pn]g"))
    ]
    rng = np.random.default_rng(0)
    tiles = np.empty((n, side, side, 3), dtype=np.uint8)
    for i, tile in enumerate(tiles):
        photo = photos[i % len(photos)]
        cut = int(min(photo.shape[:2]) * rng.uniform(0.4, 1))
        top, left = (rng.integers(0, length - cut + 1) for length in photo.shape[:2])
        part = photo[top : top + cut, left : left + cut]
        tile[:] = cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA)
    return tiles


def make_model(n: int) -> Clustimage:
    """Return a model of tiles, by the colours of their parts, with a map by t-SNE."""
    tiles = make_tiles(n, choose_side(n, 64, has_files=True))
    features = np.stack([cv2.resize(tile, (4, 4), interpolation=cv2.INTER_AREA) for tile in tiles])
    model = Clustimage(embedding="tsne", dim=tiles.shape[1:3], n_jobs=N_JOBS, verbose="error")
    rows = features.reshape(n, -1).astype(np.float32) / 255
    model.fit_transform(tiles, features=rows, cluster="kmeans", n_clusters=30)
    return model


def seconds(run: Callable[[], Any]) -> float:
    """Return the processor time of all threads, which another program does not lengthen."""
    start = time.process_time()
    run()
    return time.process_time() - start


def encode_alone(report: Report) -> None:
    """Encode the small pictures, and do nothing else."""
    pixels = report.pixels
    assert pixels is not None
    order, _ = page_order(report)
    for _ in encode_sheets(pixels, order, pixels.shape[1], n_jobs=N_JOBS):
        pass


def peak() -> float:
    """Return the most memory that this process has had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def open_browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


def measure_view(page_path: Path) -> tuple[float, list[float]]:
    """Return the seconds until all of the first view is drawn, and of each zoom step."""
    with open_browser() as browser:
        page = browser.new_page(viewport=VIEW)
        start = time.perf_counter()
        page.goto(page_path.as_uri())
        page.wait_for_selector("#map-canvas[data-state='still']")
        page.wait_for_selector(".tile")
        first = time.perf_counter() - start
        box = page.locator("#map-canvas").bounding_box()
        middle = [box["x"] + box["width"] * 0.45, box["y"] + box["height"] * 0.5]
        steps = []
        for delta in [-120] * ZOOM_STEPS + [120] * ZOOM_STEPS:
            steps.append(page.evaluate(ZOOM, [*middle, delta]))
    return first, steps


def measure(n: int) -> dict[str, float]:
    """Return what was measured on a page of so many images."""
    model = make_model(n)
    _ = model.verdict  # is a step of its own
    whole = 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        report = report_of(model)
        before = peak()
        bare, making = [], []
        for _ in range(REPEATS):
            making.append(seconds(lambda: write_page(report, path, overwrite=True, n_jobs=N_JOBS)))
            bare.append(seconds(lambda: encode_alone(report)))
        grown = peak() - before
        whole = seconds(lambda: model.report(path, overwrite=True))
        size = path.stat().st_size / 1e6
        views = [measure_view(path) for _ in range(REPEATS)]
    # The shortest of some times is that of the page, not of what else the machine does.
    steps = np.min([some for _, some in views], axis=0)
    return {
        "images": n,
        "side": report.pixels.shape[1],
        "size": size,
        "bare": min(bare),
        "making": min(making),
        "whole": whole,
        "grown": grown,
        "first": min(first for first, _ in views),
        "step": float(np.median(steps)),
        "slowest": float(np.quantile(steps, 0.95)),
    }


def lines_of(found: list[dict[str, float]]) -> list[str]:
    """Return the table as reStructuredText."""
    rows = [("images", *(f"{one['images']:,}" for one in found))]
    words: dict[str, Callable[[dict[str, float]], str]] = {
        "side of a picture": lambda one: f"{one['side']} px",
        "size of the page": lambda one: f"{one['size']:.1f} MB",
        "processor time of writing it": lambda one: f"{one['making']:.1f} s",
        "× encoding the pictures alone": lambda one: f"{one['making'] / one['bare']:.2f}",
        "the same with neighbours, copies": lambda one: f"{one['whole']:.1f} s",
        "memory more than before": lambda one: f"{one['grown']:.0f} MB",
        "first view": lambda one: f"{one['first']:.1f} s",
        "a zoom step, median": lambda one: f"{one['step'] * 1000:.0f} ms",
        "a zoom step, 95 of 100 are below": lambda one: f"{one['slowest'] * 1000:.0f} ms",
    }
    rows += [(title, *(write(one) for one in found)) for title, write in words.items()]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    rule = " ".join("=" * width for width in widths)
    text = [" ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    return [
        f"Tiles cut out of photos, {describe_machine()}, Chromium without a window:",
        "",
        rule,
        text[0].rstrip(),
        rule,
        *(line.rstrip() for line in text[1:]),
        rule,
        "",
    ]


def missed(one: dict[str, float]) -> list[str]:
    """Return which goals were missed."""
    size, first = GOALS.get(int(one["images"]), (np.inf, np.inf))
    goals = {
        "size": (one["size"], size),
        "first view": (one["first"], first),
        "zoom step": (one["slowest"], MAX_ZOOM_STEP),
        "writing": (one["making"] / one["bare"], MAX_RATIO),
    }
    return [f"{name}: {was:.2f}, goal {most}" for name, (was, most) in goals.items() if was > most]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--counts", type=int, nargs="+", default=list(GOALS))
    parser.add_argument("--print", action="store_true", help="print the table, write no page")
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", str(N_JOBS))
    found = [measure(n) for n in arguments.counts]
    lines = lines_of(found)
    print("\n".join(lines))
    for one in found:
        for words in missed(one):
            print(f"Missed with {one['images']:,} images: {words}")
    if not arguments.print:
        text = put_between(PAGE.read_text("utf-8"), START, END, ["", *lines])
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

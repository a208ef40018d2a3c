"""Make the pictures of the README: ``MPLBACKEND=Agg python docs/make_images.py``.

The photos come from ``import_example("photos")``: variants of pictures that scikit-image
carries, which are in the public domain or CC0. Running it again gives the same files. The picture
of the report page needs playwright and Chromium, as the tests do.
"""

from __future__ import annotations

import shutil
import tempfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
from PIL import Image

from clustimage import Clustimage, import_example

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = Path(__file__).resolve().parent / "images"


def save(fig: Figure, name: str, width: int = 900, colors: int = 256) -> None:
    """Write a figure as a PNG of so many pixels in width, with a palette to keep it small."""
    memory = BytesIO()
    fig.savefig(memory, format="png", dpi=width / fig.get_size_inches()[0])
    plt.close(fig)
    with Image.open(memory) as picture:
        small = picture.convert("RGB").quantize(colors, dither=Image.Dither.FLOYDSTEINBERG)
    path = FOLDER / name
    small.save(path, optimize=True)
    print(f"{path}: {small.width} x {small.height}, {path.stat().st_size / 1024:.0f} KB")


def save_page(cl: Clustimage, name: str) -> None:
    """Write what a browser shows of the report, as a WebP."""
    from playwright.sync_api import sync_playwright

    browsers = ("chromium-headless-shell", "chromium", "chromium-browser")
    found = next(filter(None, map(shutil.which, browsers)))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_path = Path(cl.report(f"{folder}/report.html"))
        browser = playwright.chromium.launch(executable_path=found)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(page_path.as_uri())
        page.wait_for_selector("#map-canvas[data-state='still']")
        memory = BytesIO(page.screenshot())
        browser.close()
    path = FOLDER / name
    with Image.open(memory) as picture:
        picture.convert("RGB").save(path, quality=85, method=6)
        print(f"{path}: {picture.width} x {picture.height}, {path.stat().st_size / 1024:.0f} KB")


def main() -> None:
    """Cluster the example photos and draw."""
    FOLDER.mkdir(exist_ok=True)
    folder = import_example("photos")
    cl = Clustimage(verbose="warning")
    cl.fit_transform(folder)
    save_page(cl, "report.webp")
    save(cl.plot_unique(img_mean=False)[0], "unique.png")
    save(cl.clusteval.plot()[0], "scores.png", colors=64)
    cl.find(cl.results["pathnames"][0], k=11, alpha=None)
    save(cl.plot_find()[0], "find.png")


if __name__ == "__main__":
    main()

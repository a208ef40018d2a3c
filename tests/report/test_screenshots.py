"""Each view of the page looks as in the picture that is kept of it.

Texts are left out, since fonts differ between machines. A view that was changed on purpose gets a
new picture: delete the old one, run the test, and look at what it has written.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

FOLDER = Path(__file__).with_name("screenshots")
DAY = 86400.0
TOWNS = np.array([[43.77, 11.25], [48.86, 2.35], [52.52, 13.40], [40.44, -3.72], [55.68, 12.57]])
SIZE = 240, 160
COLORS = (200, 90, 60), (60, 130, 200), (90, 170, 80), (220, 190, 90), (120, 120, 120)
MAX_DIFFERENCE = 40  # of 255, of the same pixel in both
MAX_SHARE = 0.02  # of the pixels that differ by more

WITHOUT_WORDS = """
() => {
  const { store } = window.clustimage;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("*, ::placeholder { color: transparent !important; }");
  document.adoptedStyleSheets = [sheet];
  store.set({ clusters: store.state.clusters.map((cluster) => ({ ...cluster, name: "" })) });
}
"""

# What is done to see each view, the part of the page that it is, and how the page is opened.
VIEWS = {
    "map": ({}, "#map", {}),
    "zoomed": ({"cluster": 3}, "#map", {}),
    "places": ({"layout": "places"}, "#map", {}),
    "time": ({"layout": "time"}, "#map", {}),
    "gallery": ({}, "#gallery", {}),
    "similar": ({"like": 3}, "#gallery", {}),
    "detail": ({"opened": 3}, "#detail", {}),
    "dark": ({"cluster": 2}, "body", {"color_scheme": "dark"}),
    "narrow": ({"view": "gallery"}, "body", {"viewport": {"width": 390, "height": 700}}),
}


def pictures(n):
    """Make `n` pictures of one of five colours, with a disc that moves."""
    down, right = np.mgrid[0:32, 0:32]
    rng = np.random.default_rng(0)
    made = np.empty((n, 32, 32, 3), dtype=np.uint8)
    for i, picture in enumerate(made):
        picture[:] = COLORS[i % 5]
        y, x = rng.uniform(8, 24, 2)
        picture[(down - y) ** 2 + (right - x) ** 2 < 60] = (245, 240, 230)
    return made


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_looks_as_it_did(report_page, make_report, name):
    state, part, opened = VIEWS[name]
    n = 120
    report = make_report(
        n,
        5,
        pixels=pictures(n),
        sizes=np.array([[400.0, 300.0], [300.0, 400.0], [300.0, 300.0]])[np.arange(n) % 3],
        locations=TOWNS[np.arange(n) % 5] + np.random.default_rng(1).normal(0, 0.4, (n, 2)),
        timestamps=DAY * (np.arange(n) % 5 * 40.0 + np.arange(n) / 4),
    )
    view = report_page(report, device_scale_factor=1, **opened)
    view.page.evaluate(WITHOUT_WORDS)
    view.set(state)
    if name == "zoomed":
        view.page.get_by_role("button", name="Zoom to the selection or the cluster").click()
    view.page.wait_for_selector("#map-canvas[data-state='still']", state="attached")
    shot = Image.open(io.BytesIO(view.page.locator(part).screenshot())).convert("RGB")
    found = shot.resize(SIZE, Image.Resampling.BOX)
    path = FOLDER / f"{name}.png"
    if not path.exists():
        found.save(path, optimize=True)
        pytest.fail(f"there was no picture to compare with; it is now in {path}")
    kept = np.asarray(Image.open(path).convert("RGB")).astype(int)
    difference = np.abs(kept - np.asarray(found)).max(axis=2)
    assert (difference > MAX_DIFFERENCE).mean() <= MAX_SHARE

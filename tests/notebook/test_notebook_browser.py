"""The pages of a notebook in a real browser: pictures are drawn, names of files do nothing."""

from __future__ import annotations

import numpy as np
from PIL import Image

from clustimage import Clustimage

NASTY = "'\"><img src=x onerror=alert(1)>.png"


def test_pictures_are_drawn_and_nothing_is_run(tmp_path, browser):
    rng = np.random.default_rng(0)
    for i in range(12):
        name = NASTY if i == 0 else f"{i}.png"
        pixels = rng.integers(0, 80, (40, 60, 3)) + 80 * (i % 3)
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / name)
    cl = Clustimage(dim=(40, 40), embedding="pca", verbose="error").fit(tmp_path, n_clusters=3)
    found = cl.find(tmp_path / NASTY, k=3, alpha=None)
    parts = (cl, found, cl.unique(), cl.results, cl.to_frame(thumbnails=True))
    page = "".join(part._repr_html_() for part in parts)
    errors = []
    context = browser.new_context(offline=True, viewport={"width": 700, "height": 800})
    view = context.new_page()
    view.on("dialog", lambda dialog: errors.append("a dialog was opened"))
    view.on("pageerror", lambda error: errors.append(str(error)))
    view.set_content(f"<body style='background:#111;color:#ddd'>{page}</body>")
    drawn = view.evaluate("[...document.images].map(one => [one.naturalWidth, one.width])")
    color = view.evaluate("getComputedStyle(document.querySelector('td')).color")
    context.close()
    assert errors == []
    assert len(drawn) == page.count("<img") == 12 + 4 + 6 + 12
    assert all(pixels > 0 and shown == 84 for pixels, shown in drawn[:16])
    assert color == "rgb(221, 221, 221)"  # that of the page, in a dark theme too

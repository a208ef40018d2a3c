"""Pages of made images, opened in a real browser without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clustimage.report import Report, summarize, write_page

COLORS = ("#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f", "#edc948", "#b07aa1", "#9c755f")
DAY = 86400.0


@dataclass
class View:
    """A page in the browser, what it asked for, and what went wrong in it."""

    page: Any
    asked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def count(self, selector: str) -> int:
        return self.page.locator(selector).count()

    def state(self, expression: str) -> Any:
        """Return what the page's script says of ``state``, as JSON holds it."""
        return self.page.evaluate(f"(({{ state }}) => {expression})(window.clustimage.store)")

    def wait(self, expression: str) -> None:
        """Wait until an expression over ``state`` is true."""
        self.page.wait_for_function(
            f"() => (({{ state }}) => {expression})(window.clustimage.store)"
        )

    def set(self, changes: dict[str, Any]) -> None:
        self.page.evaluate("changes => window.clustimage.store.set(changes)", changes)

    def tile(self, image: int) -> Any:
        return self.page.locator(f".tile[data-image='{image}']")

    def tiles(self) -> list[int]:
        """Return the images whose tiles are in the page, as they follow one another."""
        return self.page.locator(".tile").evaluate_all(
            "tiles => tiles.map(tile => Number(tile.dataset.image))"
        )

    def downloaded(self, click: Callable[[], None]) -> tuple[str, str]:
        """Return name and text of the file that a click downloads."""
        with self.page.expect_download() as found:
            click()
        text = Path(found.value.path()).read_bytes().decode("utf-8")
        return found.value.suggested_filename, text


@pytest.fixture
def report_page(browser: Any, tmp_path: Path) -> Iterator[Callable[..., View]]:
    """Open the page of a report, or a file, offline; at the end nothing may have gone wrong."""
    views: list[View] = []

    def open_page(report: Report | Path, *, script: str = "", **settings: Any) -> View:
        if isinstance(report, Report):
            path = tmp_path / f"page{len(views)}.html"
            write_page(report, path, n_jobs=1)
        else:
            path = report
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **settings}
        )
        context.set_default_timeout(20_000)
        context.set_offline(True)
        if script:
            context.add_init_script(script)
        view = View(context.new_page())
        views.append(view)
        view.page.on("request", lambda request: view.asked.append(request.url))
        view.page.on("pageerror", lambda error: view.errors.append(str(error)))
        view.page.on("dialog", lambda dialog: view.errors.append("a dialog was opened"))
        view.page.on(
            "console",
            lambda said: view.errors.append(said.text) if said.type in ("error", "warning") else 0,
        )
        view.page.goto(path.as_uri())
        view.page.wait_for_selector("html[data-ready]")
        return view

    yield open_page
    for view in views:
        assert view.errors == []
        elsewhere = [url for url in view.asked if not url.startswith(("file:", "data:", "blob:"))]
        assert elsewhere == []
        view.page.context.close()


@pytest.fixture(scope="session")
def make_report() -> Callable[..., Report]:
    """Return a function that makes a report of n images in a few clusters, without a model."""

    def make(n: int = 24, n_clusters: int = 3, side: int = 16, **more: Any) -> Report:
        rng = np.random.default_rng(0)
        labels = np.arange(n) % n_clusters
        angle = 2 * np.pi * labels / n_clusters
        xycoord = np.stack([np.cos(angle), np.sin(angle)], axis=1) * 5 + rng.normal(size=(n, 2))
        distance = (np.arange(n) // n_clusters / max(n, 1) + 0.1).astype(np.float32)
        pixels = np.zeros((n, side, side, 3), dtype=np.uint8)
        pixels[..., 0] = (labels * 70 + 40)[:, None, None]
        pixels[..., 1] = (np.arange(n) * 7 % 256)[:, None, None]
        pixels[:, : side // 2, : side // 2, 2] = 255
        clusters = [
            {
                "label": label,
                "name": f"cluster {label}",
                "color": COLORS[label % len(COLORS)],
                "count": int((labels == label).sum()),
                "unique": label,
                "spread": float(distance[labels == label].mean()),
            }
            for label in range(n_clusters)
        ]
        names = [f"photo {i}.jpg" for i in range(n)]
        # Neighbours are the next images of the same cluster, around in a ring.
        steps = np.arange(1, 5) * n_clusters
        neighbors = (np.arange(n)[:, None] + steps) % n if n > 4 * n_clusters else None
        settings: dict[str, Any] = {
            "summary": summarize(
                n_images=n,
                skipped=[],
                n_unassigned=0,
                clusters=[{"label": label} for label in range(n_clusters)],
                settings={"method": "pca", "cluster": "agglomerative"},
                scores=None,
                verdict=None,
                repeat={"python": "cl.fit_transform('photos')", "command": None},
            ),
            # Not absolute: the page does not know where the originals are, and asks for none.
            "pathnames": [f"photos/{name}" for name in names],
            "filenames": names,
            "labels": labels,
            "distance": distance,
            "clusters": clusters,
            "xycoord": xycoord,
            "pixels": pixels,
            "sizes": np.tile([400.0, 300.0], (n, 1)),
            "neighbors": neighbors,
        }
        return Report(**{**settings, **more})

    return make


@pytest.fixture(scope="session")
def check_access() -> Callable[[Any], None]:
    """Return a function that lets axe-core look at a page: nothing serious may be found."""
    axe = pytest.importorskip(
        "axe_playwright_python.base", reason="axe-playwright-python is not installed"
    )

    def check(page: Any) -> None:
        page.evaluate(axe.AXE_SCRIPT)
        found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        serious = [
            (rule["id"], node["target"], node["failureSummary"])
            for rule in found["violations"]
            if rule["impact"] in ("serious", "critical")
            for node in rule["nodes"]
        ]
        assert serious == []

    return check

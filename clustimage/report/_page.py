"""One HTML page out of the assets, the data and the sheets: everything inside."""

from __future__ import annotations

import base64
import html
import json
from pathlib import Path

from clustimage._core.files import replacing
from clustimage._version import __version__
from clustimage.plotting._html import fill_template, inert, read_asset, source_hash
from clustimage.plotting.geomap._geomap_page import world_element
from clustimage.report._payload import make_payload, page_order
from clustimage.report._report import Report
from clustimage.report._sprites import COLUMNS_PER_SHEET, default_side, encode_sheets

__all__ = ["SCRIPTS", "page_script", "write_page"]

SCRIPTS = (
    *("data", "store", "dom", "sprites", "dialogs", "layout"),
    *("map_layouts", "map_camera", "map_levels", "map_colors", "map_dots", "map_labels"),
    *("map_ground", "map_tools", "map_input", "legend", "map"),
    *("gallery_order", "gallery_layout", "gallery", "detail", "search", "selection"),
    *("corrections", "corrections_panel", "timeline", "overview", "main"),
)


STYLES = ("page.css", "map.css")


def page_script() -> str:
    """Return the script of the page: its files, one after another in one function."""
    parts = "\n".join(
        [
            read_asset("clustimage.plotting.geomap", "world.js"),
            *(read_asset("clustimage.report", f"js/{name}.js") for name in SCRIPTS),
        ]
    )
    return f'(() => {{\n"use strict";\n{parts}\n}})();'


def write_page(
    report: Report, target: Path, *, thumbnail: int | None = None, n_jobs: int | None = -1
) -> None:
    """Write the page of a report to a file, whole or not at all."""
    with replacing(target) as file:
        file.write(make_page(report, target, thumbnail=thumbnail, n_jobs=n_jobs))


def make_page(
    report: Report,
    target: Path | None,
    *,
    thumbnail: int | None = None,
    n_jobs: int | None = -1,
) -> bytes:
    """Return the page of a report as UTF-8; see `write_page`."""
    order, positions = page_order(report)
    payload = make_payload(report, order, positions, target)
    side = thumbnail or default_side(len(order))
    sheets = []
    if report.pixels is not None:
        sheets = encode_sheets(report.pixels, order, side, n_jobs=n_jobs)
    payload["sprites"] = {"side": side, "columns": COLUMNS_PER_SHEET, "n": len(sheets)}
    style = "\n".join(read_asset("clustimage.report", name) for name in STYLES)
    script = page_script()
    policy = (
        f"default-src 'none'; script-src {source_hash(script)}; style-src {source_hash(style)}; "
        "img-src 'self' data: blob: file:; base-uri 'none'; form-action 'none'"
    )
    texts = "\n".join(
        f'<script type="text/plain" id="sheet-{i}">{base64.b64encode(sheet).decode("ascii")}'
        "</script>"
        for i, sheet in enumerate(sheets)
    )
    if report.locations is not None:
        texts += "\n" + world_element()
    values = {
        "policy": policy,
        "version": __version__,
        "title": html.escape(report.summary["title"]),
        "style": style,
        "script": script,
        "data": inert(json.dumps(payload, separators=(",", ":"), allow_nan=False)),
        "sheets": texts,
    }
    page = fill_template(read_asset("clustimage.report", "page.html"), values)
    return page.encode("utf-8", "replace")

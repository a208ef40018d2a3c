"""One HTML page out of the assets, the data and the sheets: everything inside."""

from __future__ import annotations

import base64
import html
import io
import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from clustimage._core.errors import InvalidParameterError
from clustimage._core.files import replacing
from clustimage._core.outputs import is_marked, mark_folder
from clustimage._core.parameters import setting
from clustimage._core.validation import check_int
from clustimage._version import __version__
from clustimage.plotting._html import fill_template, inert, read_asset, source_hash
from clustimage.plotting.geomap._geomap_page import world_element
from clustimage.report._payload import make_payload, page_order
from clustimage.report._report_content import Report
from clustimage.report._sprites import (
    COLUMNS_PER_SHEET,
    MAX_IMAGES_IN_PAGE,
    choose_side,
    encode_sheets,
    n_sheets,
)

__all__ = ["SCRIPTS", "STYLES", "check_thumbnail", "page_script", "page_text", "write_page"]

# In the order in which they are joined.
SCRIPTS = (
    *("data", "store", "dom", "sheets", "sprites", "dialogs", "layout"),
    *("map_layouts", "map_camera", "map_levels", "map_colors", "map_dots", "map_labels"),
    *("map_ground", "map_tools", "map_input", "legend", "map"),
    *("gallery_order", "gallery_layout", "gallery", "detail", "search", "selection"),
    *("corrections", "corrections_panel", "timeline", "scores", "overview"),
    *("embed", "main"),
)
STYLES = ("page", "overview", "map")
SHEETS = "{{sheets}}"


def page_script() -> str:
    """Return the script of the page: its files, one after another in one function."""
    files = [read_asset("clustimage.report", f"js/{name}.js") for name in SCRIPTS]
    parts = "\n".join([read_asset("clustimage.plotting.geomap", "world.js"), *files])
    return f'(() => {{\n"use strict";\n{parts}\n}})();'


def page_style() -> str:
    """Return the style sheet of the page: its files, one after another."""
    return "\n".join(read_asset("clustimage.report", f"{name}.css") for name in STYLES)


def check_thumbnail(thumbnail: object) -> int | None:
    """Return the side of the small pictures that was asked for; None is the default.

    Raises
    ------
    InvalidParameterError
        If it is not a whole number from 16 to 256.
    """
    return None if thumbnail is None else check_int("thumbnail", thumbnail, low=16, high=256)


def write_page(
    report: Report,
    target: Path,
    *,
    overwrite: bool = False,
    thumbnail: int | None = None,
    n_jobs: int | None = -1,
) -> None:
    """Write the page of a report to a file, whole or not at all.

    Of more than 60,000 images the small pictures lie in a folder beside the page, which is
    named after it: ``page_files`` of ``page.html``. Both are written, or neither.

    Parameters
    ----------
    report : Report
        What it shows.
    target : Path
        The file.
    overwrite : bool, default=False
        Replace the folder that an earlier page has left.
    thumbnail : int, optional
        Side of the small pictures in pixels; default 64 for up to 10,000 images, else 32.
    n_jobs : int, default=-1
        Threads that encode the small pictures.

    Raises
    ------
    InvalidParameterError
        If the folder beside the page holds something else, or an earlier page's pictures and
        `overwrite` is false.
    """
    thumbnail = check_thumbnail(thumbnail)
    folder = target.with_name(f"{target.stem[:80]}_files")
    beside = report.pixels is not None and len(report.labels) > MAX_IMAGES_IN_PAGE
    if beside and folder.exists() and not (overwrite and is_marked(folder)):
        raise InvalidParameterError(
            f"The small pictures of so many images go into {folder}, which exists already. "
            + (
                f"Give {setting('overwrite', True)} to replace it, or another path."
                if is_marked(folder)
                else "clustimage has not made it. Give another path."
            )
        )
    if not beside:
        with replacing(target) as file:
            _write(file, report, target, None, thumbnail, n_jobs)
        if overwrite and is_marked(folder):
            shutil.rmtree(folder)  # of the page that was replaced
        return
    part = folder.with_name(f".{folder.name}.part")
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir()
        mark_folder(part)
        with replacing(target) as file:
            _write(file, report, target, (part, folder.name), thumbnail, n_jobs)
            file.flush()
            if folder.exists():
                folder.rename(old)
            part.rename(folder)
    except BaseException:
        if old.exists():
            if folder.exists():
                shutil.rmtree(folder, ignore_errors=True)
            old.rename(folder)
        raise
    finally:
        with suppress(OSError):
            shutil.rmtree(part)
    shutil.rmtree(old, ignore_errors=True)


def page_text(report: Report, *, thumbnail: int | None = None, n_jobs: int | None = -1) -> str:
    """Return the page of a report as one text, whose originals are not linked."""
    memory = io.BytesIO()
    _write(memory, report, None, None, check_thumbnail(thumbnail), n_jobs)
    return memory.getvalue().decode("utf-8")


def _write(
    file: IO[bytes],
    report: Report,
    target: Path | None,
    folder: tuple[Path, str] | None,
    thumbnail: int | None,
    n_jobs: int | None,
) -> None:
    """Write the page piece by piece: of the sheets only a few are held at a time."""
    order, positions = page_order(report)
    payload = make_payload(report, order, positions, target)
    side = 0
    if report.pixels is not None:
        held = max(report.pixels.shape[1:3])
        side = thumbnail or choose_side(len(order), held, has_files=report.read is not None)
    payload["sprites"] = {
        "side": side,
        "columns": COLUMNS_PER_SHEET,
        "n": n_sheets(len(order)) if side else 0,
        "folder": None if folder is None else folder[1],
    }
    before, after = _around(report, payload)
    file.write(before)
    for i, sheet in enumerate(_sheets(report, order, side, n_jobs) if side else ()):
        if folder is not None:
            (folder[0] / f"sheet-{i}.webp").write_bytes(sheet)
            continue
        file.write(f'<script type="text/plain" id="sheet-{i}">'.encode())
        file.write(base64.b64encode(sheet))
        file.write(b"</script>\n")
    if report.locations is not None:
        file.write(world_element().encode())
    file.write(after)


def _sheets(report: Report, order: np.ndarray, side: int, n_jobs: int | None) -> Iterator[bytes]:
    """Yield the sheets, from the pixels that are held where these are large enough."""
    assert report.pixels is not None
    enough = min(report.pixels.shape[1:3]) >= side
    read = None
    if not enough and report.read is not None:
        given = report.read

        def read(i: int) -> np.ndarray | None:
            return given(i, side)

    return encode_sheets(report.pixels, order, side, read=read, n_jobs=n_jobs)


def _around(report: Report, payload: dict[str, Any]) -> tuple[bytes, bytes]:
    """Return what comes before the sheets in the page, and what comes after them."""
    style, script = page_style(), page_script()
    policy = (
        f"default-src 'none'; script-src {source_hash(script)}; style-src {source_hash(style)}; "
        "img-src 'self' data: blob: file:; base-uri 'none'; form-action 'none'"
    )
    values = {
        "policy": policy,
        "version": __version__,
        "title": html.escape(report.summary["title"]),
        "style": style,
        "script": script,
        "data": inert(json.dumps(payload, separators=(",", ":"), allow_nan=False)),
    }
    before, after = read_asset("clustimage.report", "page.html").split(SHEETS)
    return (fill_template(before, values).encode(), fill_template(after, values).encode())

"""The data of a page: every per-image list in the order of the sheets."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import numpy as np

from clustimage.plotting.geomap._geomap_data import in_one_piece
from clustimage.report._columns import encode_column, map_order, map_positions
from clustimage.report._report import Report
from clustimage.report._sprites import to_webp

__all__ = ["make_payload", "page_order"]


def page_order(report: Report) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the images in the order of the page, and their positions on the map, in that order.

    Without a map they come cluster by cluster, the nearest to the centre first.
    """
    if report.xycoord is None:
        return np.lexsort((np.nan_to_num(report.distance, nan=np.inf), report.labels)), None
    positions = map_positions(report.xycoord)
    order = map_order(positions)
    return order, positions[order]


def make_payload(
    report: Report, order: np.ndarray, positions: np.ndarray | None, page: Path | None
) -> dict[str, Any]:
    """Return what the script of the page reads, without the sheets."""
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    columns: dict[str, np.ndarray] = {
        "row": order,
        "label": report.labels[order],
        "distance": report.distance[order].astype(np.float32),
    }
    if positions is not None:
        columns["x"], columns["y"] = positions[:, 0], positions[:, 1]
    if report.sizes is not None and len(report.sizes):
        columns["width"], columns["height"] = np.nan_to_num(report.sizes[order]).T.astype(int)
    if report.neighbors is not None:
        columns["neighbors"] = place[report.neighbors[order]].ravel()
    if report.confidence is not None:
        columns["confidence"] = report.confidence[order].astype(np.float32)
    if report.runner_up is not None:
        columns["runnerUp"] = report.runner_up[order]
    if report.timestamps is not None:
        columns["time"] = report.timestamps[order].astype(np.float64)
    if report.locations is not None:
        columns["lat"], columns["lon"] = report.locations[order].T.astype(np.float32)
    west = -180.0
    if report.locations is not None:
        located = report.locations[np.isfinite(report.locations).all(axis=1)]
        west = in_one_piece(located[:, 1])[1]
    folders, folder_of, root = _folders([str(report.pathnames[i]) for i in order])
    columns["folder"] = folder_of
    clusters = [
        {**cluster, "unique": int(place[cluster["unique"]]) if cluster["unique"] >= 0 else -1}
        for cluster in report.clusters
    ]
    if report.means is not None:
        for cluster, mean in zip(clusters, report.means, strict=True):
            picture = mean[..., 0] if mean.ndim == 3 and mean.shape[2] == 1 else mean
            cluster["mean"] = base64.b64encode(to_webp(np.ascontiguousarray(picture))).decode()
    return {
        "version": 1,
        "n": len(order),
        "summary": report.summary,
        "columns": {name: encode_column(values) for name, values in columns.items()},
        "neighborCount": 0 if report.neighbors is None else report.neighbors.shape[1],
        "names": [_text(report.filenames[i]) for i in order],
        "folders": [_text(folder) for folder in folders],
        "root": _text(root),
        "base": _relative(root, page),
        "clusters": clusters,
        "west": west,
        "metadata": {name: [values[i] for i in order] for name, values in report.metadata.items()},
    }


def _folders(pathnames: list[str]) -> tuple[list[str], np.ndarray, str]:
    """Return folders below a root, which of them each path is in, and the root."""
    parents = [str(Path(path).parent) for path in pathnames]
    absolute = [parent for parent in set(parents) if Path(parent).is_absolute()]
    try:
        root = os.path.commonpath(absolute) if len(absolute) == len(set(parents)) else ""
    except ValueError:  # on several drives
        root = ""
    names = [os.path.relpath(parent, root) if root else parent for parent in parents]
    folders, which = np.unique(np.array(names, dtype=object), return_inverse=True)
    return folders.tolist(), which, root


def _relative(root: str, page: Path | None) -> str | None:
    """Return the way from the page to the images, by which a browser finds them; None for none."""
    if page is None or not root:
        return None
    try:
        return _text(Path(os.path.relpath(root, page.parent)).as_posix())
    except ValueError:  # on another drive
        return None


def _text(name: str) -> str:
    """Return a name that can be written as UTF-8."""
    return str(name).encode("utf-8", "backslashreplace").decode("utf-8")

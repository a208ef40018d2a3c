"""The data of a page: every per-image list in the order of the sheets."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import numpy as np

from clustimage.images.reading._listing import encodable
from clustimage.plotting.geomap._geomap_data import in_one_piece
from clustimage.report._binary_columns import encode_column, map_order, map_positions
from clustimage.report._report_content import Report
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
    columns = _columns(report, order, place)
    if positions is not None:
        columns["x"], columns["y"] = positions[:, 0], positions[:, 1]
    folders, columns["folder"], root = _folders([str(report.pathnames[i]) for i in order])
    photos, columns["photo"], columns["face"] = _photos(report, order, page)
    if not photos:
        del columns["photo"], columns["face"]
    clusters = [
        {**cluster, "unique": int(place[cluster["unique"]]) if cluster["unique"] >= 0 else -1}
        for cluster in report.clusters
    ]
    for cluster in clusters:
        mean = report.means.get(cluster["label"])
        if mean is not None and cluster["count"] > 1:
            cluster["mean"] = _picture(mean)
    return {
        "version": 1,
        "n": len(order),
        "summary": report.summary,
        "columns": {name: encode_column(values) for name, values in columns.items()},
        "west": _west(report.locations),
        "neighborCount": 0 if report.neighbors is None else report.neighbors.shape[1],
        "names": [encodable(str(report.filenames[i])) for i in order],
        "folders": [encodable(folder) for folder in folders],
        "root": encodable(root),
        "separator": os.sep,
        "base": _relative(root, page),
        "files": _other_names(report, order),
        "addresses": _addresses(report, order, root, page),
        "clusters": clusters,
        "photos": photos,
        "found": [_found(query, place) for query in report.found],
        "metadata": {name: _words(values, order) for name, values in report.metadata.items()},
        "clustering": report.clustering,
        "digests": None if report.digests is None else [report.digests[i] for i in order],
    }


def _columns(report: Report, order: np.ndarray, place: np.ndarray) -> dict[str, np.ndarray]:
    columns: dict[str, np.ndarray] = {
        "row": order,
        "label": report.labels[order],
        "distance": report.distance[order].astype(np.float32),
    }
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
    if report.copies is not None:
        columns["copies"] = report.copies[order]
    return columns


def _west(locations: np.ndarray | None) -> float:
    """Return the longitude at the left end of the map of places."""
    if locations is None:
        return -180.0
    return in_one_piece(locations[np.isfinite(locations).all(axis=1), 1])[1]


def _picture(image: np.ndarray) -> str:
    gray = image.ndim == 3 and image.shape[2] == 1
    webp = to_webp(np.ascontiguousarray(image[..., 0] if gray else image))
    return base64.b64encode(webp).decode("ascii")


def _words(values: Sequence[Any], order: np.ndarray) -> dict[str, Any]:
    """Return a column of words as the different ones and which of them each image has."""
    known: dict[Any, int] = {None: 0}
    which = np.array([known.setdefault(values[i], len(known)) for i in order], dtype=np.int64)
    return {"values": list(known), "index": encode_column(which)}


def _found(query: dict[str, Any], place: np.ndarray) -> dict[str, Any]:
    picture = query["picture"]
    return {
        "name": encodable(query["name"]),
        "path": encodable(query["path"]),
        "picture": None if picture is None else _picture(picture),
        "images": place[np.asarray(query["images"], dtype=np.int64)].tolist(),
        "distance": [float(value) for value in query["distance"]],
        "probability": [
            float(value) if np.isfinite(value) else None for value in query["probability"]
        ],
    }


def _photos(
    report: Report, order: np.ndarray, page: Path | None
) -> tuple[list[dict[str, Any]], np.ndarray, np.ndarray]:
    """Return the photos that faces are from, which of them each image is from, and its number."""
    links = [report.links[i] if report.links else None for i in order]
    numbers: dict[str, int] = {}
    photo = np.array(
        [-1 if link is None else numbers.setdefault(link[0], len(numbers)) for link in links],
        dtype=np.int64,
    )
    face = np.array([-1 if link is None else link[1] for link in links], dtype=np.int64)
    photos = [
        {
            "name": encodable(Path(path).name),
            "path": encodable(path),
            "address": _address(path, page),
        }
        for path in numbers
    ]
    return photos, photo, face


def _folders(pathnames: list[str]) -> tuple[list[str], np.ndarray, str]:
    """Return folders below a root, which of them each path is in, and the root."""
    parents = [os.path.dirname(path) for path in pathnames]  # noqa: PTH120 - of 200,000 paths
    different = set(parents)
    absolute = [parent for parent in different if os.path.isabs(parent)]  # noqa: PTH117
    try:
        root = os.path.commonpath(absolute) if len(absolute) == len(different) else ""
    except ValueError:  # on several drives, or no image
        root = ""
    names = {parent: os.path.relpath(parent, root) if root else parent for parent in different}
    folders, which = np.unique([names[parent] or "." for parent in parents], return_inverse=True)
    return folders.tolist(), which, root


def _relative(root: str, page: Path | None) -> str | None:
    """Return the way from the page to the images, by which a browser finds them; None for none."""
    if page is None or not root:
        return None
    try:
        return encodable(Path(os.path.relpath(root, page.parent)).as_posix())
    except ValueError:  # on another drive
        return None


def _other_names(report: Report, order: np.ndarray) -> dict[int, str]:
    """Return the names of files that differ from what the images are called, as of downloads."""
    names = (os.path.basename(str(report.pathnames[i])) for i in order)  # noqa: PTH119
    return {
        position: encodable(name)
        for position, (i, name) in enumerate(zip(order, names, strict=True))
        if name != str(report.filenames[i])
    }


def _addresses(
    report: Report, order: np.ndarray, root: str, page: Path | None
) -> dict[int, str | None]:
    """Return the addresses of images whose paths cannot be written as they are in the page."""
    if page is None or not root:
        return {}
    paths = [str(report.pathnames[i]) for i in order]
    return {
        position: _address(path, page)
        for position, path in enumerate(paths)
        if encodable(path) != path
    }


def _address(path: str, page: Path | None) -> str | None:
    """Return a path as an address relative to the page; None where there is no way to it."""
    if page is None or not os.path.isabs(path):  # noqa: PTH117
        return None
    try:
        relative = Path(os.path.relpath(path, page.parent)).as_posix()
    except ValueError:  # on another drive
        return None
    return quote_from_bytes(os.fsencode(relative))

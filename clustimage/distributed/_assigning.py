"""The task that assigns the rows of a part to the clusters of the sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clustimage._distances.pairs import distances
from clustimage.distributed._parts import DamagedPartError, part_summary, write_part
from clustimage.distributed._rows import RowPart, read_rows
from clustimage.distributed._shared import read_shared
from clustimage.similarity import predict_labels

__all__ = ["AssignTask", "Clusters", "assign_rows"]

N_NEIGHBOURS = 3  # of the sample, between which an image lies on the map
MAX_REASONS = 3  # that a summary has


@dataclass(frozen=True)
class Clusters:
    """What the sample says about all others.

    Attributes
    ----------
    rows : ndarray of float32, shape (r, d)
        Centres of micro-clusters, or images of the sample.
    labels : ndarray of int64, shape (r,)
        The cluster of each.
    xycoord : ndarray of float32, shape (r, 2)
        Their positions on the map.
    radius : ndarray of float64, shape (k,)
        How far clusters extend, where the sample has images in none; else empty.
    centres : ndarray of float64, shape (k, d)
        Means of the clusters.
    known_part, known_row : ndarray of int64, shape (s,)
        Where the images of the sample are.
    known_labels, known_xycoord : ndarray of shape (s,) and (s, 2)
        What they have.
    metric : str
        Of distances.
    """

    rows: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    xycoord: npt.NDArray[np.float32]
    radius: npt.NDArray[np.float64]
    centres: npt.NDArray[np.float64]
    known_part: npt.NDArray[np.int64]
    known_row: npt.NDArray[np.int64]
    known_labels: npt.NDArray[np.int64]
    known_xycoord: npt.NDArray[np.float32]
    metric: str


@dataclass(frozen=True)
class AssignTask:
    """Rows of a part that are to be assigned.

    Attributes
    ----------
    part : RowPart
        Where their features are.
    clusters : str
        URL of the clusters.
    folder : str
        Where the part of the result goes.
    """

    part: RowPart
    clusters: str
    folder: str

    @property
    def url(self) -> str:
        """Where the result is."""
        return f"{self.folder}/part-{self.part.number:06d}.parquet"


def assign_rows(task: AssignTask) -> dict[str, Any] | DamagedPartError:
    """Write labels, positions and distances of the rows of a part, unless they are there.

    Returns
    -------
    dict
        The summary: ``n`` and ``n_read``, ``sizes``, how many images each label has, ``unique``,
        for each label the least distance to the centre of the cluster and the image that has it,
        and ``skipped``. Or what is wrong with the part that is read.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    known = part_summary(task.url)
    if known is not None:
        return known
    clusters = Clusters(**read_shared(task.clusters))
    try:
        rows = read_rows(task.part)
    except DamagedPartError as exc:
        return exc
    labels, xycoord, distance = _assigned(rows.feat, clusters, task.part.number)
    names = rows.table["pathname"].filter(pa.array(rows.read))
    sizes, unique = {}, {}
    for label in np.unique(labels).tolist():
        members = np.flatnonzero(labels == label)
        sizes[str(label)] = len(members)
        if label >= 0:
            nearest = members[distance[members].argmin()]
            unique[str(label)] = [float(distance[nearest]), names[int(nearest)].as_py()]
    table = rows.table
    read = pa.array(rows.read)
    table = pa.table(
        {
            "pathname": table["pathname"],
            "filename": table["filename"],
            "label": _spread(labels.astype(np.int32), rows.read),
            "x": _spread(xycoord[:, 0], rows.read),
            "y": _spread(xycoord[:, 1], rows.read),
            "distance_to_center": _spread(distance, rows.read),
            "status": table["status"],
            "reason": table["reason"],
        }
    )
    skipped = table.filter(pc.invert(read)).slice(0, MAX_REASONS)
    reasons = skipped.select(["pathname", "reason"]).to_pylist()
    summary = {
        "n": len(table),
        "n_read": len(labels),
        "sizes": sizes,
        "unique": unique,
        "skipped": [list(row.values()) for row in reasons],
    }
    write_part(task.url, table, summary)
    return summary


def _spread(values: np.ndarray, read: np.ndarray) -> Any:
    """Return a column with a value for each input, missing for what was skipped."""
    import pyarrow as pa

    out = np.zeros(len(read), values.dtype)
    out[read] = values
    return pa.array(out, mask=~read)


def _assigned(
    feat: npt.NDArray[np.float32], clusters: Clusters, number: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Return labels, positions and distances to the centre; those of the sample as they are."""
    if not len(feat):
        return np.zeros(0, np.int64), np.zeros((0, 2), np.float32), np.zeros(0)
    here = clusters.known_part == number
    rows = clusters.known_row[here]
    if len(rows) < len(feat):
        labels, xycoord = _by_nearest(feat, clusters)
    else:
        labels, xycoord = np.zeros(len(feat), np.int64), np.zeros((len(feat), 2), np.float32)
    labels[rows], xycoord[rows] = clusters.known_labels[here], clusters.known_xycoord[here]
    distance = np.full(len(feat), np.nan)
    for label in np.unique(labels[labels >= 0]):
        members = labels == label
        centre = clusters.centres[label][np.newaxis]
        distance[members] = distances(centre, feat[members], clusters.metric)[0]
    return labels, xycoord, distance


def _by_nearest(
    feat: npt.NDArray[np.float32], clusters: Clusters
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return labels and positions by the nearest rows of the sample, or micro-clusters of it."""
    from sklearn.neighbors import NearestNeighbors

    count = min(N_NEIGHBOURS, len(clusters.rows))
    search = NearestNeighbors(n_neighbors=count, algorithm="brute", metric=clusters.metric)
    away, at = search.fit(clusters.rows).kneighbors(feat)
    if len(clusters.radius):
        labels = predict_labels(
            clusters.rows, clusters.labels, feat, metric=clusters.metric, radius=clusters.radius
        )
    else:
        labels = clusters.labels[at[:, 0]]
    weights = 1 / np.maximum(away, np.finfo(np.float32).eps * (1 + away.max()))
    weights /= weights.sum(axis=1, keepdims=True)
    xycoord = (clusters.xycoord[at] * weights[..., np.newaxis]).sum(axis=1, dtype=np.float64)
    return labels, xycoord.astype(np.float32)

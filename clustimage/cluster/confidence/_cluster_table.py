"""A row per cluster: how tight, how far from the next, how stable, and what to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._distances.nearest import nearest
from clustimage._distances.pairs import distances
from clustimage.cluster.confidence._per_image import image_confidence
from clustimage.cluster.confidence._separation import is_parted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["describe_clusters"]

# Below this mean Jaccard similarity a cluster should not be trusted (Hennig 2007).
STABLE = 0.6
# Both halves of a cluster that may be split have as many images.
MIN_HALF = 5


def describe_clusters(
    rows: np.ndarray,
    labels: np.ndarray,
    *,
    metric: str = "euclidean",
    jaccard: np.ndarray | None = None,
    random_state: int | None = 0,
) -> pd.DataFrame:
    """Return a row per cluster.

    Parameters
    ----------
    rows : ndarray of float, shape (n, d)
        Features.
    labels : ndarray of int, shape (n,)
        Names from 0 up; negative ones are unclustered.
    metric : str, default="euclidean"
        One of `METRICS`.
    jaccard : ndarray of float, shape (k,), optional
        Mean Jaccard similarity of each cluster with those of subsamples, see `Resampling`.
    random_state : int, default=0
        Seed of k-means, which halves clusters.

    Returns
    -------
    DataFrame
        `label`; `size`; `cohesion`, the mean distance to the centre; `separation`, the distance
        to the nearest other centre, and `nearest`, its label; `confidence`, the mean over its
        images; `stability`; `merge_with`, the nearest cluster where there is no gap to it and
        the cluster is not stable (below 0.6), else missing; `split`, whether there is a gap
        between its two halves; `images`, the indices of those that speak for it: the two
        images of both clusters that are nearest to each other, or one in the middle of each
        half.
    """
    import pandas as pd

    names = np.unique(labels[labels >= 0])
    members = [np.flatnonzero(labels == name) for name in names]
    centres = [rows[some].mean(axis=0, dtype=np.float64) for some in members]
    confidence = image_confidence(rows, labels, metric)[0]
    table: list[dict[str, Any]] = []
    for a, name in enumerate(names.tolist()):
        own, others = members[a], [b for b in range(len(names)) if b != a]
        row: dict[str, Any] = {
            "label": name,
            "size": len(own),
            "cohesion": float(distances(rows[own], centres[a][None], metric).mean()),
            "separation": np.nan,
            "nearest": None,
            "confidence": float(confidence[own].mean()),
            "stability": np.nan if jaccard is None else float(jaccard[a]),
            "merge_with": None,
            "split": False,
            "images": (),
        }
        if others:
            apart = distances(centres[a][None], np.stack([centres[b] for b in others]), metric)[0]
            b = others[int(apart.argmin())]
            row.update(separation=float(apart.min()), nearest=int(names[b]))
            stable = row["stability"] >= STABLE
            if not stable and not is_parted(rows[own], rows[members[b]]):
                row["merge_with"] = int(names[b])
                row["images"] = _nearest_pair(rows, own, members[b], metric)
        halves = None if row["merge_with"] is not None else _halves(rows, own, random_state)
        if halves is not None:
            row["split"] = True
            row["images"] = tuple(_in_the_middle(rows, half, metric) for half in halves)
        table.append(row)
    frame = pd.DataFrame(table, columns=COLUMNS)
    return frame.astype({"nearest": "Int64", "merge_with": "Int64"})


COLUMNS = [
    "label",
    "size",
    "cohesion",
    "separation",
    "nearest",
    "confidence",
    "stability",
    "merge_with",
    "split",
    "images",
]


def _halves(
    rows: np.ndarray, own: np.ndarray, random_state: int | None
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return two halves of a cluster where a gap is between them, else None."""
    from sklearn.cluster import KMeans

    if len(own) < 2 * MIN_HALF or not np.ptp(rows[own], axis=0).any():
        return None
    side = KMeans(2, n_init=3, random_state=random_state).fit_predict(rows[own])
    one, other = own[side == 0], own[side == 1]
    if min(len(one), len(other)) < MIN_HALF or not is_parted(rows[one], rows[other]):
        return None
    return one, other


def _in_the_middle(rows: np.ndarray, some: np.ndarray, metric: str) -> int:
    centre = rows[some].mean(axis=0, dtype=np.float64)
    return int(some[distances(centre[None], rows[some], metric)[0].argmin()])


def _nearest_pair(
    rows: np.ndarray, some: np.ndarray, others: np.ndarray, metric: str
) -> tuple[int, int]:
    """Return the image of each of two clusters that are nearest to each other."""
    index, distance = nearest(rows[some], rows[others], metric)
    at = int(distance.argmin())
    return int(some[at]), int(others[index[at]])
